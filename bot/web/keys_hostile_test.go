package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// hears reads the answer that a connection gets.
func hears(t *testing.T, conn net.Conn) (int, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// TestRevokedMeanwhile revokes a key while a body that was sent with it arrives: nothing
// of it is stored, wherever the key is.
func TestRevokedMeanwhile(t *testing.T) {
	for _, c := range []struct{ name, head, first, rest string }{
		{"key in the header", "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n", `{"title":`, `"late"}`},
		{"key in the body", "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\n", `{"routing_key":"KEY","event_action":"trigger","payload":`, `{"summary":"late","source":"x","severity":"error"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				secret, err := w.keys.Add(t.Context(), "ada", "leaked", "")
				if err != nil {
					t.Fatal(err)
				}
				conn := w.serve(t)()
				defer conn.Close()
				first := strings.ReplaceAll(c.first, "KEY", secret)
				begins(conn, strings.ReplaceAll(c.head, "KEY", secret)+"Content-Length: "+strconv.Itoa(len(first)+len(c.rest))+"\r\n\r\n"+first)
				if err := w.keys.Revoke(t.Context(), "ada", "leaked"); err != nil {
					t.Fatal(err)
				}
				begins(conn, c.rest)
				if status, text := hears(t, conn); status != http.StatusUnauthorized {
					t.Errorf("a body whose key was revoked while it came = %d %s; want 401", status, text)
				}
				if list, err := w.desk.Active(t.Context(), ""); err != nil || len(list) > 0 {
					t.Errorf("it opened %v, %v; want nothing", list, err)
				}
			})
		})
	}
}

// TestOneKeyTakesHalfThePlaces lets senders with one key send their bodies without end: the rest of
// the places is there for others.
func TestOneKeyTakesHalfThePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, stored, func(o *Options) { o.Most = 4 })
		dial := w.serve(t)
		slow := strings.Replace(endless, "%KEY%", senderKey, 1)
		for range 2 {
			conn := dial()
			defer conn.Close()
			begins(conn, slow)
		}
		third := dial()
		defer third.Close()
		begins(third, slow)
		if status, text := hears(t, third); status != http.StatusTooManyRequests || !strings.Contains(text, "at once") {
			t.Errorf("a third slow body with one key, of four places = %d %s; want 429", status, text)
		}
		other := dial()
		defer other.Close()
		begins(other, strings.Replace(alerted, senderKey, "another-key", 1))
		if status, text := hears(t, other); status != http.StatusAccepted {
			t.Errorf("an alert with another key = %d %s; want 202", status, text)
		}
	})
}
