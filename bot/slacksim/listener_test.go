package slacksim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
)

func connected(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l := NewListener()
	var g errgroup.Group
	g.Go(func() (err error) { far, err = l.Accept(); return err })
	near, err := l.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// TestBothSidesMayWriteFirst is what net.Pipe cannot do.
func TestBothSidesMayWriteFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connected(t)
		for _, c := range []net.Conn{near, far} {
			if _, err := c.Write(bytes.Repeat([]byte("x"), pipeBuffer)); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []net.Conn{near, far} {
			if n, err := io.ReadFull(c, make([]byte, pipeBuffer)); err != nil {
				t.Errorf("read %d bytes: %v", n, err)
			}
		}
	})
}

func TestWriterWaitsForRoomAndOrderStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connected(t)
		sent := make([]byte, 3*pipeBuffer+17)
		for i := range sent {
			sent[i] = byte(i * 7)
		}
		done := make(chan error, 1)
		go func() { _, err := near.Write(sent); near.Close(); done <- err }()
		synctest.Wait()
		got, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("read %d bytes, %v; want the %d sent", len(got), err, len(sent))
		}
		if err := <-done; err != nil {
			t.Errorf("write: %v", err)
		}
	})
}

func TestDeadlinesOfTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connected(t)
		start := time.Now()
		near.SetReadDeadline(start.Add(time.Second))
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("read = %v after %v, want a timeout after 1s", err, time.Since(start))
		}
		near.SetReadDeadline(time.Time{})
		go far.Write([]byte("x"))
		if _, err := near.Read(make([]byte, 1)); err != nil {
			t.Errorf("read after the deadline was lifted: %v", err)
		}
		near.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := near.Write(make([]byte, pipeBuffer+1)); n != pipeBuffer || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write into a full buffer = %d, %v", n, err)
		}
		read := make(chan error, 1)
		go func() { _, err := near.Read(make([]byte, 1)); read <- err }()
		synctest.Wait()
		near.SetReadDeadline(time.Unix(1, 0)) // how net/http wakes a reader
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a waiting reader got %v from a deadline in the past", err)
		}
	})
}

func TestClosingAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connected(t)
		near.Write([]byte("last words"))
		near.SetDeadline(time.Now().Add(time.Hour))
		near.Close()
		if b, err := io.ReadAll(far); string(b) != "last words" || err != nil {
			t.Errorf("the peer read %q, %v; want what was written and the end", b, err)
		}
		if _, err := far.Write([]byte("x")); err == nil {
			t.Error("writing to a closed peer succeeded")
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("reading a closed connection = %v", err)
		}
		if _, err := near.Write([]byte("x")); err == nil {
			t.Error("writing to a closed connection succeeded")
		}
	})
}

func TestClosedListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewListener()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := l.Dial(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial with nobody accepting = %v", err)
		}
		l.Close()
		l.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept = %v", err)
		}
		if _, err := l.Dial(context.Background()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Dial = %v", err)
		}
	})
}
