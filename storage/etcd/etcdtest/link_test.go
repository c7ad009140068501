package etcdtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/etcd"
)

// link is a way to a member that can be slow, or hold back whatever comes.
type link struct {
	net.Listener
	to    string
	delay atomic.Int64 // nanoseconds, each way; negative: nothing comes through

	mu    sync.Mutex
	conns []net.Conn
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{Listener: listener, to: to}
	t.Cleanup(func() {
		l.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, c := range l.conns {
			c.Close()
		}
	})
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", l.to)
			if err != nil {
				near.Close()
				continue
			}
			l.mu.Lock()
			l.conns = append(l.conns, near, far)
			l.mu.Unlock()
			go l.carry(near, far)
			go l.carry(far, near)
		}
	}()
	return l
}

// piece is what came at a time.
type piece struct {
	at   time.Time
	data []byte
}

// carry carries what comes one way, each piece when its time has come.
func (l *link) carry(from, to net.Conn) {
	pieces := make(chan piece, 1000)
	go func() {
		defer to.Close()
		for p := range pieces {
			for {
				d := time.Duration(l.delay.Load())
				if d >= 0 && time.Since(p.at) >= d {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			if _, err := to.Write(p.data); err != nil {
				return
			}
		}
	}()
	defer close(pieces)
	for {
		buf := make([]byte, 32<<10)
		n, err := from.Read(buf)
		if n > 0 {
			pieces <- piece{time.Now(), buf[:n]}
		}
		if errors.Is(err, io.EOF) || err != nil {
			return
		}
	}
}

// TestSlowLink: over a slow network commits take longer and the writer stays the writer. When
// nothing comes through for longer than the lease it writes nothing any more, also not by what
// was on its way and arrives after all; what it was told to be stored is there for the next one.
func TestSlowLink(t *testing.T) {
	t.Parallel()
	c := start(t, 3)
	o := options(c)
	o.Lease = 4 * time.Second
	near := o
	near.Endpoints = nil
	var links []*link
	for _, endpoint := range c.Endpoints {
		l := newLink(t, endpoint)
		links = append(links, l)
		near.Endpoints = append(near.Endpoints, l.Addr().String())
	}
	every := func(d time.Duration) {
		for _, l := range links {
			l.delay.Store(int64(d))
		}
	}
	e, err := etcd.Open(ctx, near)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			e.Close()
		}
	}()
	o.Address = "two:2"
	s := standBy(t, o)
	<-s.told
	acknowledged := 0
	add := func() error {
		err := e.Commit(ctx, put(fmt.Sprintf("n/%06d", acknowledged), "v"))
		if err == nil {
			acknowledged++
		}
		return err
	}
	every(200 * time.Millisecond)
	began := time.Now()
	for range 10 {
		if err := add(); err != nil {
			t.Fatalf("Commit() over a slow link = %v", err)
		}
	}
	t.Logf("ten commits over a link with 400 ms there and back took %v", time.Since(began))
	select {
	case <-e.Lost():
		t.Fatal("the writer was lost by a slow link")
	case <-s.opened:
		t.Fatal("there are two writers")
	default:
	}

	every(-1)
	err = add()
	if !errors.Is(err, storage.ErrUnknown) && !errors.Is(err, storage.ErrLost) {
		t.Errorf("Commit() over a link that is cut = %v, want that the outcome is not known", err)
	}
	next, took := s.writer(t, o.Lease+slack)
	t.Logf("cut off: the next writer came after %v", took)
	for n := range acknowledged {
		if get(t, next, fmt.Sprintf("n/%06d", n)) == "" {
			t.Errorf("record %d was acknowledged and is not there", n)
		}
	}
	before := count(t, next)
	every(0) // what was on its way arrives
	time.Sleep(time.Second)
	if err := add(); !errors.Is(err, storage.ErrUnknown) && !errors.Is(err, storage.ErrLost) {
		t.Errorf("Commit() of the old writer over the mended link = %v, want a refusal", err)
	}
	if after := count(t, next); after != before {
		t.Errorf("the old writer wrote %d records after the next one had begun", after-before)
	}
	closed = true
	_ = e.Close() // it may have nothing to give back
}
