package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// asks sends a request over a connection and returns the status, or 0 if the
// connection is closed instead.
func asks(conn net.Conn, request string) int {
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // a closed one says so when it is read
	if _, err := io.WriteString(conn, request); err != nil {
		return 0
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// begins sends the beginning of a request, which is read as far as it goes.
func begins(conn net.Conn, text string) {
	go io.WriteString(conn, text)
	synctest.Wait()
}

const (
	health  = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	alerted = "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + senderKey + "\r\nContent-Length: 13\r\n\r\n{\"title\":\"x\"}"
	endless = "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %KEY%\r\nContent-Length: 100\r\n\r\n{"
)

// TestTooManyConnections opens one more than may be open at once.
func TestTooManyConnections(t *testing.T) {
	known, stranger := strings.Replace(endless, "%KEY%", senderKey, 1), strings.Replace(endless, "%KEY%", "wrong", 1)
	other := strings.Replace(endless, "%KEY%", "another-key", 1)
	tests := []struct {
		name   string
		crowd  [3]string // what each of the three that are there has sent; "" is nothing
		newest int       // the status of the fourth
		closed int       // which of the three had to go; -1: none
	}{
		{"none of them has sent anything", [3]string{"", "", ""}, 200, 0},
		{"headers without an end", [3]string{"GET / HTTP/1.1\r\nA:", "GET / HTTP/1.1\r\nA:", "GET / HTTP/1.1\r\nA:"}, 200, 0},
		{"all were answered before", [3]string{health, health, health}, 200, 0},
		{"the first is being served", [3]string{known, "", ""}, 200, 1},
		{"only the last does nothing", [3]string{known, known, ""}, 200, 2},
		{"strangers whose bodies have no end", [3]string{stranger, stranger, stranger}, 200, 0},
		{"strangers after a known sender", [3]string{known, stranger, stranger}, 200, 1},
		{"the first has sent an alert before", [3]string{alerted, "", ""}, 200, 1},
		{"strangers who were answered, and a known sender", [3]string{alerted, health, health}, 200, 1},
		{"all have sent alerts before", [3]string{alerted, alerted, alerted}, 200, 0},
		{"all but one are being served", [3]string{known, alerted, known}, 200, 1},
		{"all are being served", [3]string{known, other, known}, 0, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := newWorld(t, func(o *Options) { o.Most = 3 }).serve(t)
				var crowd [3]net.Conn
				for n, text := range test.crowd {
					crowd[n] = dial()
					defer crowd[n].Close()
					if text == health || text == alerted {
						if got := asks(crowd[n], text); got/100 != 2 {
							t.Fatalf("connection %d is answered %d", n, got)
						}
						synctest.Wait() // it is idle
					} else {
						begins(crowd[n], text)
					}
				}
				newest := dial()
				defer newest.Close()
				if got := asks(newest, health); got != test.newest {
					t.Errorf("the fourth is answered %d, want %d", got, test.newest)
				}
				for n, conn := range crowd {
					_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
					_, err := conn.Read(make([]byte, 1))
					if closed := err == io.EOF; closed != (n == test.closed) {
						t.Errorf("connection %d is closed: %v (%v), want %v", n, closed, err, n == test.closed)
					}
				}
			})
		})
	}
}

// TestNewcomersMaySpeak holds that a connection is not closed for a newer one before
// it had time to show a key, and that the newer one waits no longer than that.
func TestNewcomersMaySpeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := newWorld(t, func(o *Options) { o.Most = 3 }).serve(t)
		first, second, third := dial(), dial(), dial()
		for _, conn := range []net.Conn{first, second, third} {
			defer conn.Close()
		}
		synctest.Wait()
		began := time.Now()
		newest := dial()
		defer newest.Close()
		answered := make(chan time.Duration, 1)
		go func() {
			if got := asks(newest, health); got != 200 {
				t.Errorf("the newest is answered %d, want 200", got)
			}
			answered <- time.Since(began)
		}()
		time.Sleep(newcomerWait - time.Millisecond)
		if got := asks(first, alerted); got != 202 {
			t.Errorf("a newcomer that speaks within its time is answered %d, want 202", got)
		}
		if took := <-answered; took != newcomerWait {
			t.Errorf("the newest was answered after %v, want %v", took, newcomerWait)
		}
		for n, conn := range []net.Conn{first, second, third} {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := conn.Read(make([]byte, 1)); (err == io.EOF) != (n == 1) {
				t.Errorf("connection %d: %v; want the second closed, which has not spoken", n, err)
			}
		}
	})
}

// TestIdleConnectionsEnd holds that nobody keeps a connection for ever.
func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newWorld(t).serve(t)()
		defer conn.Close()
		if got := asks(conn, health); got != 200 {
			t.Fatalf("answered %d", got)
		}
		_ = conn.SetDeadline(time.Time{})
		began := time.Now()
		_, err := io.ReadAll(conn)
		if took := time.Since(began); err != nil || took < time.Minute || took > 90*time.Second {
			t.Errorf("an idle connection ended after %v (%v), want a minute to a minute and a half", took, err)
		}
	})
}

func TestAllowedConnections(t *testing.T) {
	for _, c := range []struct {
		files uint64
		want  int
	}{{0, maxConnections}, {1, 1}, {256, 128}, {1024, 512}, {1 << 20, maxConnections}, {1<<64 - 1, maxConnections}} {
		if got := allowedConnections(c.files); got != c.want {
			t.Errorf("allowedConnections(%d) = %d, want %d", c.files, got, c.want)
		}
	}
}
