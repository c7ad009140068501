package web

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHostileBodies sends what nobody means well with. Each is either refused
// with words or taken without harm, and nothing of it reaches the log.
func TestHostileBodies(t *testing.T) {
	deep := func(open, end string) string { return strings.Repeat(open, 1_000_000) + strings.Repeat(end, 1_000_000) }
	short := func(open string) string { return `{"title":"x","details":` + strings.Repeat(open, 200_000) }
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 10<<20))
	z.Close()
	tests := []struct {
		name, body string
		status     int
	}{
		{"17 MB", `{"title":"` + strings.Repeat("SECRET", 17<<20/6) + `"}`, 413},
		{"10 MB", `{"title":"` + strings.Repeat("SECRET", 10<<20/6) + `"}`, 202},
		{"lists in lists, a million deep", deep("[", "]"), 400},
		{"lists in lists, as deep as fits", short("["), 400},
		{"objects in objects, as deep as fits", short(`{"a":`), 400},
		{"a gzip bomb that says nothing of it", bomb.String(), 400},
		{"not UTF-8", "{\"title\":\"SECRET \xff\xfe\"}", 202},
		{"half a surrogate", `{"title":"SECRET \ud800"}`, 202},
		{"zero bytes", "\x00\x00\x00", 400},
		{"a name twice", `{"title":"a","title":"b SECRET","dedup_key":"twice"}`, 202},
		{"4,000 emoji", `{"title":"` + strings.Repeat("🔥", 4000) + `"}`, 202},
		{"a mention of everybody", `{"title":"<!channel> <@U01ADA> SECRET"}`, 202},
		{"direction marks", `{"title":"\u202eSECRET\u2066"}`, 202},
		{"terminal escapes", `{"title":"\u001b]0;SECRET\u0007\u001b[31mred"}`, 202},
		{"markup", `{"title":"<script>alert('SECRET')</script>","links":["javascript:alert(1)"]}`, 202},
		{"a huge number", `{"title":"x","details":{"n":1` + strings.Repeat("0", 100_000) + `}}`, 202},
		{"a blank title", `{"title":"\u200b \u202e"}`, 400},
		{"nothing but direction marks", `{"title":"\u202e\u2066"}`, 400},
		{"a very long key", `{"title":"x","dedup_key":"` + strings.Repeat("k", 100_000) + `"}`, 202},
		{"a very long service", `{"title":"x","service":"` + strings.Repeat("s", 100_000) + `"}`, 202},
		{"1,000 long details", `{"title":"x","details":{` + manyFields(1000, 900) + `}}`, 202},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp, body := w.send(t, post("/v1/events", test.body).sender().with("Content-Type", "application/json"))
			if resp.StatusCode != test.status {
				t.Errorf("POST /v1/events %.80q = %d %.300s; want %d", test.body, resp.StatusCode, body, test.status)
			}
			if len(body) > 4096 {
				t.Errorf("POST /v1/events %.80q is answered with %d bytes", test.body, len(body))
			}
		})
	}
	if log := w.log.String(); strings.Contains(log, "SECRET") || strings.Contains(log, senderKey) {
		t.Errorf("the log has a body or a key: %s", log)
	}
	list := w.want(t, get("/v1/incidents?limit=1000").admin(), 200, nil)
	for _, never := range []string{"\\u202e", "\u202e", "\\u001b", "\\u2066"} {
		if strings.Contains(list, never) {
			t.Errorf("an incident's title holds %s: %s", never, list)
		}
	}
}

func manyFields(n, size int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `%s"f%d":"%s"`, []string{"", ","}[min(i, 1)], i, strings.Repeat("x", size))
	}
	return b.String()
}

// TestNoSecretIsLogged calls every route with secrets where they belong and
// where they do not, and looks for them in the log.
func TestNoSecretIsLogged(t *testing.T) {
	w := newWorld(t)
	for _, r := range []request{
		post("/v1/events?key="+senderKey, `{"title":"BODY"}`),
		post("/v1/events?key=wrong-KEY", `{"title":"BODY"}`),
		post("/v1/"+senderKey, "BODY"),
		post("/v2/enqueue", `{"routing_key":"`+senderKey+`","event_action":"BODY"}`),
		post("/v2/enqueue", `{"routing_key":"wrong-KEY","event_action":"trigger","payload":{"summary":"BODY"}}`),
		post("/v1/incidents", `{"title":"BODY"}`).admin(),
		post("/v1/incidents/INC-1/note", `{"text":"BODY"}`).admin().with("Idempotency-Key", "KEY"),
		post("/v1/incidents/INC-1/BODY", ``).admin(),
		get("/v1/incidents?token=" + adminToken),
		get("/v1/incidents").with("Authorization", "Bearer wrong-KEY"),
	} {
		_, body := w.send(t, r)
		for _, secret := range []string{senderKey, adminToken, "wrong-KEY"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s is answered with a secret: %s", r.method, body)
			}
		}
	}
	for _, secret := range []string{senderKey, adminToken, "KEY", "BODY"} {
		if log := w.log.String(); strings.Contains(log, secret) {
			t.Errorf("the log has %s: %s", secret, log)
		}
	}
	if metrics := w.want(t, get("/metrics"), 200, nil); strings.Contains(metrics, "BODY") || strings.Contains(metrics, senderKey) {
		t.Errorf("the metrics have a body or a key")
	}
}

// serve runs the server on a listener in memory, so that a bubble's time passes
// while it reads.
func (w *world) serve(t *testing.T) (dial func() net.Conn) {
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	hs := w.NewHTTPServer()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		hs.Serve(l)
	}()
	t.Cleanup(func() {
		hs.Close()
		<-ended
	})
	return func() net.Conn {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		return ours
	}
}

// pipes is a listener in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.done); return nil }

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// TestSlowSenders holds that a sender which dawdles is told so or cut off, and
// holds no connection for ever.
func TestSlowSenders(t *testing.T) {
	head := "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + senderKey + "\r\nContent-Length: 100\r\n\r\n"
	tests := []struct {
		name, sends string
		most        time.Duration
		want        string // begins the answer
	}{
		{"a header without an end", "POST /v1/events HTTP/1.1\r\nHost:", 6 * time.Second, ""},
		{"a body without an end", head + `{"title":`, 16 * time.Second, "HTTP/1.1 408 "},
		{"nothing at all", "", 6 * time.Second, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := newWorld(t).serve(t)()
				defer conn.Close()
				began := time.Now()
				io.WriteString(conn, test.sends)
				answer, _ := io.ReadAll(conn)
				if took := time.Since(began); took > test.most {
					t.Errorf("sending %q and then nothing held the connection for %v, want at most %v", test.sends, took, test.most)
				}
				if !strings.HasPrefix(string(answer), test.want) {
					t.Errorf("sending %q and then nothing is answered %q, want %q", test.sends, answer, test.want)
				}
			})
		})
	}
}

// TestLargeBodyOverTheWire sends 32 MB without saying so: it is answered, and
// what is left is not read to its end.
func TestLargeBodyOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newWorld(t).serve(t)()
		defer conn.Close()
		sent := 0
		go func() {
			io.WriteString(conn, "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+senderKey+"\r\nTransfer-Encoding: chunked\r\n\r\n")
			chunk := "10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n"
			for sent < 32<<20 {
				n, err := io.WriteString(conn, chunk)
				if sent += n; err != nil {
					return
				}
			}
		}()
		answer, _ := io.ReadAll(conn)
		if !strings.HasPrefix(string(answer), "HTTP/1.1 413 ") || !strings.Contains(string(answer), "Connection: close") {
			t.Errorf("32 MB in chunks are answered %q; want 413 and the end of the connection", answer)
		}
		synctest.Wait()
		if sent > MaxBody+1<<20 {
			t.Errorf("%d bytes of 32 MB were read, want about %d", sent, MaxBody)
		}
	})
}

// TestGivesUp holds that a sender who hangs up while waiting for the store is
// not taken for one who was answered.
func TestGivesUp(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "/v1/events", strings.NewReader(`{"title":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+senderKey)
	if status := w.status(q); status/100 == 2 {
		t.Errorf("a request that was given up is answered %d", status)
	}
}

// FuzzBodies holds that no body is a server's error, and that every answer is
// JSON.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `{"title":"x","severity":1,"private":true}`, `{"title":"x","severity":{"a":[]}}`, `{"text":"x","kind":"what","into":"INC-1"}`,
		`{"routing_key":"` + senderKey + `","event_action":"trigger","payload":{"summary":"x","custom_details":[1]}}`,
		`{"severity":"\u0000","as":"\ud800","role":"commander","person":"ada"}`, "{\"title\":\"\xff\"}",
	} {
		f.Add(body)
	}
	w := newWorld(f, withRoom(f, &room{}))
	f.Fuzz(func(t *testing.T, body string) {
		for _, r := range []request{
			post("/v1/events", body).sender(), post("/v1/alertmanager", body).sender(), post("/v1/sns", body).sender(), post("/v2/enqueue", body),
			post("/v1/datadog", body).sender(), post("/v1/sentry", body).sender(), post("/v1/azure", body).sender(), post("/v1/gcp", body).sender(),
			post("/v1/newrelic", body).sender(), post("/v1/webhook/zabbix", body).sender(), post("/v2/change/enqueue", body),
			post("/generic/2010-04-15/create_event.json", body), post("/v2/alerts", body).sender(), post("/v2/alerts/a/close", body).sender(),
			post("/v2/alerts/a/notes", body).sender(), post("/v1/events", body).sender().with("Content-Encoding", "gzip"), post("/v1/keys", body).admin(),
			post("/v1/incidents", body).admin(), post("/v1/incidents/INC-1/note", body).admin(), post("/v1/incidents/INC-1/role", body).admin(),
		} {
			resp, answer := w.send(t, r)
			if resp.StatusCode >= 500 || !json.Valid([]byte(answer)) {
				t.Errorf("%s %s %q = %d %s; want JSON and no 5xx", r.method, r.path, body, resp.StatusCode, answer)
			}
		}
	})
}

// TestSlowHeaderLeavesTheBodyItsTime holds that a megabyte of a body may take as long as it
// may, counted from the header's end, however long the header took, on a new connection and
// on one that was used before.
func TestSlowHeaderLeavesTheBodyItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := newWorld(t, stored).serve(t)()
		defer conn.Close()
		in := bufio.NewReader(conn)
		const body = `{"title":"p99 above 3 s","dedup_key":"a"}`
		for n := range 3 {
			parts := []string{"POST /v1/events HTTP/1.1\r\nHost: x\r\n",
				"Authorization: Bearer " + senderKey + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body[:n*5], body[n*5:]}
			for k, after := range []time.Duration{time.Duration(n) * 30 * time.Second, 4 * time.Second, bodyWait - time.Second} {
				time.Sleep(after)
				io.WriteString(conn, parts[k])
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("request %d: %v", n, err)
			}
			answer, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusAccepted {
				t.Errorf("request %d is answered %d %s", n, resp.StatusCode, answer)
			}
		}
	})
}
