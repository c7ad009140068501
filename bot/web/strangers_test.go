package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident/alert"
)

// pagerEvent is an event of PagerDuty with its key at the end, padded to about size
// bytes.
func pagerEvent(key string, size int) string {
	return `{"event_action":"trigger","dedup_key":"k","payload":{"summary":"x","source":"y","severity":"error","custom_details":{"pad":"` +
		strings.Repeat("p", max(0, size-150)) + `"}},"routing_key":"` + key + `"}`
}

// quick is an intake that stores nothing.
type quick struct {
	Intake
	taken atomic.Int64
}

func (q *quick) Take(_ context.Context, _ alerts.Key, b alert.Body) ([]alerts.Taken, error) {
	q.taken.Add(int64(len(b.Alerts)))
	var list []alerts.Taken
	for _, a := range b.Alerts {
		list = append(list, alerts.Taken{Key: a.Key, Incident: 1, Result: alert.Joined, Does: "incident"})
	}
	return list, nil
}

func (q *quick) Beat(context.Context, alerts.Key, string) (bool, error) { return true, nil }

func (q *quick) Mapping(string) (*alert.Compiled, bool) { return nil, false }

// costs runs f and returns the bytes that were made meanwhile.
func costs(f func()) (made uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestStrangersCostLittle sends large bodies with a wrong key, all at once: they cost
// next to nothing, wherever the key is.
func TestStrangersCostLittle(t *testing.T) {
	zeros := "[0" + strings.Repeat(",0", 520_000) + "]"
	w := newWorld(t, stored)
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"key first", `{"routing_key":"wrong","payload":` + zeros + `}`, 401},
		{"key last", `{"payload":` + zeros + `,"routing_key":"wrong"}`, 413},
		{"no key", `{"payload":` + zeros + `}`, 413},
		{"key in the header", `{"payload":` + zeros + `}`, 401},
		{"half as large, key last", `{"payload":` + zeros[:500_001] + `],"routing_key":"wrong"}`, 401},
	} {
		made := costs(func() {
			var all sync.WaitGroup
			for range 24 {
				all.Go(func() {
					r := post("/v2/enqueue", c.body)
					if c.name == "key in the header" {
						r = r.with("Authorization", "Bearer wrong")
					}
					// At most as many are thrown out as do not fit at once.
					if resp, answer := w.send(t, r); resp.StatusCode != c.status && resp.StatusCode != 503 {
						t.Errorf("%s: 1 MB with a wrong key = %d %.200s; want %d", c.name, resp.StatusCode, answer, c.status)
					}
				})
			}
			all.Wait()
		})
		if made > 32<<20 {
			t.Errorf("%s: 24 bodies of 1 MB with a wrong key made %d bytes, want at most %d", c.name, made, 32<<20)
		}
		t.Logf("%s: 24 bodies of %d bytes made %d kB", c.name, len(c.body), made>>10)
	}
	if w.strangers.held != 0 || len(w.strangers.all) != 0 {
		t.Errorf("afterwards %d strangers hold %d bytes", len(w.strangers.all), w.strangers.held)
	}
}

// stored makes an intake that stores nothing, for tests of what comes before.
func stored(o *Options) { o.Intake = &quick{} }

// TestBodiesCostLittle holds that a body with a key costs no more than four times its
// size, and is forgotten.
func TestBodiesCostLittle(t *testing.T) {
	w := newWorld(t, stored)
	zeros := "[0" + strings.Repeat(",0", 4_000_000) + "]"
	for _, c := range []struct {
		name    string
		r       request
		chunked bool
	}{
		{"many zeros", post("/v1/alertmanager", `{"zeros":`+zeros+`,"alerts":[{"status":"firing","labels":{"alertname":"x"},"fingerprint":"a"}]}`).sender(), false},
		{"many zeros, in chunks", post("/v1/alertmanager", `{"zeros":`+zeros+`,"alerts":[{"status":"firing","labels":{"alertname":"x"},"fingerprint":"a"}]}`).sender(), true},
		{"a long text", post("/v1/events", `{"title":"x","dedup_key":"a","details":{"log":"`+strings.Repeat("x", 8<<20)+`"}}`).sender(), false},
	} {
		made := costs(func() {
			if c.chunked {
				q, _ := http.NewRequestWithContext(t.Context(), "POST", c.r.path, io.MultiReader(strings.NewReader(c.r.body)))
				q.Header = c.r.header
				q.ContentLength = -1
				if status := w.status(q); status != 202 {
					t.Errorf("%s = %d, want 202", c.name, status)
				}
				return
			}
			w.want(t, c.r, 202, nil)
		})
		if most := uint64(4*len(c.r.body) + 1<<20); made > most {
			t.Errorf("%s: a body of %d bytes made %d, want at most %d", c.name, len(c.r.body), made, most)
		}
		t.Logf("%s: a body of %d kB made %d kB", c.name, len(c.r.body)>>10, made>>10)
	}
	w.allowances.Range(func(name, a any) bool {
		if held := a.(*allowance).held.Load(); held != 0 {
			t.Errorf("the key %v holds %d bytes afterwards", name, held)
		}
		return true
	})
}

// TestOneKeyFillsItsOwnShare holds that much at once with one key is told to come
// again, and that another key's sender does not notice.
func TestOneKeyFillsItsOwnShare(t *testing.T) {
	w := newWorld(t, stored)
	w.allowed("prometheus").held.Store(maxHeld)
	resp, answer := w.send(t, post("/v1/events", `{"title":"x"}`).sender())
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(answer, "Too much at once") {
		t.Errorf("an event of a key whose share is full = %d %s; want 503 with Retry-After", resp.StatusCode, answer)
	}
	w.want(t, post("/v1/events?key=another-key", `{"title":"x"}`), 202, nil)
	w.allowed("prometheus").held.Store(0)
	w.want(t, post("/v1/events", `{"title":"x"}`).sender(), 202, nil)
}

// TestStrangersAreThrownOut fills the strangers' memory with slow ones: a sender with
// a key in its body is let in at once all the same, and so is a large one.
func TestStrangersAreThrownOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, stored)
		dial := w.serve(t)
		var crowd []net.Conn
		const each = 200_000 // a room of 256 KiB
		for range 80 {       // 20 MiB
			conn := dial()
			defer conn.Close()
			crowd = append(crowd, conn)
			go fmt.Fprintf(conn, "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n%s", pagerEvent("wrong", 2*each)[:each])
			synctest.Wait()
			time.Sleep(10 * time.Millisecond)
		}
		w.strangers.mu.Lock()
		held, many := w.strangers.held, len(w.strangers.all)
		w.strangers.mu.Unlock()
		if held > maxStrangers || held < maxStrangers-256<<10 || many < 60 {
			t.Errorf("%d strangers hold %d bytes, want nearly %d", many, held, maxStrangers)
		}
		answered := make([]string, len(crowd))
		for n, conn := range crowd {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			b := make([]byte, 12)
			_, _ = io.ReadFull(conn, b)
			answered[n] = string(b)
		}
		thrown := strings.Count(strings.Join(answered, ","), "HTTP/1.1 503")
		if thrown != len(crowd)-many || answered[0] != "HTTP/1.1 503" || answered[len(crowd)-1] == "HTTP/1.1 503" {
			t.Errorf("%d of %d are thrown out, %d stay; want the oldest ones thrown out", thrown, len(crowd), many)
		}
		began := time.Now()
		for _, size := range []int{200, 60_000, 500_000} {
			conn := dial()
			defer conn.Close()
			body := pagerEvent(senderKey, size)
			if got := asks(conn, fmt.Sprintf("POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)); got != 202 {
				t.Errorf("an event of %d bytes with a key, while strangers fill the memory, is answered %d, want 202", size, got)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("events with a key waited %v for strangers", took)
		}
		time.Sleep(strangerWait)
		synctest.Wait()
		for _, conn := range crowd {
			conn.Close()
		}
		time.Sleep(time.Second) // net/http waits before it closes
		if w.strangers.held != 0 || len(w.strangers.all) != 0 {
			t.Errorf("after %v %d strangers hold %d bytes", strangerWait, len(w.strangers.all), w.strangers.held)
		}
	})
}

// TestSlowStrangers holds how long somebody may take to show a key, and that whoever
// has shown it may take longer.
func TestSlowStrangers(t *testing.T) {
	begin := "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
	for _, c := range []struct {
		name, sends string
		after       time.Duration
		want        string
	}{
		{"nothing of a body", begin, strangerWait, "HTTP/1.1 408"},
		{"half a body without a key", begin + `{"payload":{`, strangerWait, "HTTP/1.1 408"},
		{"half a body with a wrong key", begin + `{"routing_key":"wrong",`, 0, "HTTP/1.1 401"},
		{"half a body with a key", begin + `{"routing_key":"` + senderKey + `",`, bodyWait, "HTTP/1.1 408"},
		{"no JSON", begin + `routing_key=` + senderKey, 0, "HTTP/1.1 400"},
		{"packed", strings.Replace(begin, "\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n", 1), strangerWait, "HTTP/1.1 408"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, stored)
			conn := w.serve(t)()
			defer conn.Close()
			began := time.Now()
			go io.WriteString(conn, c.sends)
			b := make([]byte, 12)
			_, err := io.ReadFull(conn, b)
			if took := time.Since(began); string(b) != c.want || took != c.after || err != nil {
				t.Errorf("%s is answered %q after %v (%v), want %q after %v", c.name, b, took, err, c.want, c.after)
			}
			conn.Close()
			time.Sleep(time.Second)
			synctest.Wait()
			if w.strangers.held != 0 {
				t.Errorf("%s: %d bytes are held afterwards", c.name, w.strangers.held)
			}
		})
	}
}

// TestNoByteBeforeTheKey holds that nothing of a body is read before its key is known
// where it is beside the body.
func TestNoByteBeforeTheKey(t *testing.T) {
	w := newWorld(t, withRoom(t, &room{}))
	for _, route := range Routes() {
		if !strings.Contains(route.Who, "integration key") {
			continue
		}
		path := strings.NewReplacer("{name}", "zabbix", "{id}", "a").Replace(route.Path)
		body := &touchy{}
		q, _ := http.NewRequestWithContext(t.Context(), route.Method, path, body)
		q.Header.Set("Authorization", "Bearer wrong")
		if status := w.status(q); status != 401 || body.read {
			t.Errorf("%s %s with a wrong key = %d, body read: %v; want 401 and nothing read", route.Method, path, status, body.read)
		}
	}
}

// touchy knows whether it was read.
type touchy struct{ read bool }

func (b *touchy) Read([]byte) (int, error) { b.read = true; return 0, io.EOF }

// TestPacked sends bodies that are packed.
func TestPacked(t *testing.T) {
	pack := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, text)
		z.Close()
		return b.String()
	}
	bomb := pack(`{"title":"x","pad":"` + strings.Repeat("0", MaxBody) + `"}`)
	deep := pack(`{"pad":"` + strings.Repeat("0", 10*maxStranger) + `","routing_key":"` + senderKey + `"}`)
	event := `{"title":"x","dedup_key":"k"}`
	w := newWorld(t, stored)
	for _, c := range []struct {
		name   string
		r      request
		status int
	}{
		{"an event", post("/v1/events", pack(event)).sender(), 202},
		{"in several parts", post("/v1/events", pack(event[:9])+pack(event[9:])).sender(), 202},
		{"the key inside", post("/v2/enqueue", pack(pagerEvent(senderKey, 100_000))), 202},
		{"a wrong key inside", post("/v2/enqueue", pack(pagerEvent("wrong", 100_000))), 401},
		{"no key for too long", post("/v2/enqueue", deep), 413},
		{"a bomb", post("/v1/events", bomb).sender(), 413},
		{"a bomb without a key", post("/v1/events", bomb), 401},
		{"ended early", post("/v1/events", pack(event)[:20]).sender(), 400},
		{"garbage after it", post("/v1/events", pack(event)+"garbage").sender(), 400},
		{"nothing", post("/v1/events", "").sender(), 400},
		{"nothing of a stranger", post("/v2/enqueue", ""), 400},
	} {
		made := costs(func() {
			if resp, answer := w.send(t, c.r.with("Content-Encoding", "gzip")); resp.StatusCode != c.status {
				t.Errorf("%s = %d %.200s; want %d", c.name, resp.StatusCode, answer, c.status)
			}
		})
		if made > 40<<20 || c.status == 401 && made > 2<<20 {
			t.Errorf("%s, %d bytes, made %d", c.name, len(c.r.body), made)
		}
	}
}

// TestHostileRequests says over a socket what no sender means.
func TestHostileRequests(t *testing.T) {
	w := newWorld(t, stored)
	server := w.listen(t)
	auth := "Host: x\r\nAuthorization: Bearer " + senderKey + "\r\n"
	good := `{"title":"x"}`
	for _, c := range []struct {
		name, sends string
		want        int
	}{
		{"another method", "DELETE /v1/events HTTP/1.1\r\n" + auth + "\r\n", 405},
		{"GET of an address for alerts", "GET /v2/enqueue HTTP/1.1\r\n" + auth + "\r\n", 405},
		{"no method of HTTP", "FIRE /v1/events HTTP/1.1\r\n" + auth + "\r\n", 405},
		{"a type that is none", "POST /v1/events HTTP/1.1\r\n" + auth + "Content-Type: \x7f;;=\r\nContent-Length: 13\r\n\r\n" + good, 400},
		{"an image", "POST /v1/datadog HTTP/1.1\r\n" + auth + "Content-Type: image/png\r\nContent-Length: 13\r\n\r\n" + good, 202},
		{"a huge header", "POST /v1/events HTTP/1.1\r\n" + auth + "X: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
		{"many headers", "POST /v1/events HTTP/1.1\r\n" + auth + strings.Repeat("X: y\r\n", 10_000) + "\r\n", 431},
		{"a huge key", "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + strings.Repeat("x", 20<<10) + "\r\nContent-Length: 13\r\n\r\n" + good, 401},
		{"chunks without a length", "POST /v1/events HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + good + "\r\n0\r\n\r\n", 202},
		{"chunks that are none", "POST /v1/events HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
		{"two lengths", "POST /v1/events HTTP/1.1\r\n" + auth + "Content-Length: 13\r\nContent-Length: 14\r\n\r\n" + good, 400},
		{"a length below nothing", "POST /v1/events HTTP/1.1\r\n" + auth + "Content-Length: -1\r\n\r\n", 400},
		{"a length beyond all", "POST /v1/events HTTP/1.1\r\n" + auth + "Content-Length: 999999999999\r\n\r\n", 413},
		{"a length beyond numbers", "POST /v1/events HTTP/1.1\r\n" + auth + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
		{"no host", "POST /v1/events HTTP/1.1\r\n\r\n", 400},
		{"not HTTP", "\x16\x03\x01\x02\x00\r\n\r\n", 400},
		{"an address with escapes", "POST /v1/%65vents?key=%73ender-key-for-tests HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n" + good, 202},
		{"an address that goes up", "POST /v1/../v1/events HTTP/1.1\r\n" + auth + "Content-Length: 13\r\n\r\n" + good, 307},
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if got := asks(conn, c.sends); got != c.want {
			t.Errorf("%s is answered %d, want %d", c.name, got, c.want)
		}
		conn.Close()
	}
	// A body that ends before it is complete.
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST /v1/events HTTP/1.1\r\n"+auth+"Content-Length: 100\r\n\r\n{")
	_ = conn.(*net.TCPConn).CloseWrite()
	if answer, _ := io.ReadAll(conn); !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), "ended before its time") {
		t.Errorf("half a body is answered %q, want 400", answer)
	}
}

// TestManyStrangersOverSockets holds connections of strangers, who come again as soon
// as they are thrown out: a sender with a key notices nothing, whether it keeps its
// connection or not.
func TestManyStrangersOverSockets(t *testing.T) {
	w := newWorld(t, stored, quietly, func(o *Options) { o.Most = 800 })
	server := w.listen(t)
	address := server.Listener.Addr().String()
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	var opened atomic.Int64
	for n := range 1000 {
		crowd.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				conn, err := net.Dial("tcp", address)
				if err != nil {
					time.Sleep(time.Millisecond) // the machine has no more of them
					continue
				}
				opened.Add(1)
				_, _ = io.WriteString(conn, strangerOpening(n))
				_ = conn.SetReadDeadline(time.Now().Add(time.Second)) // as long as the test waits for them at its end
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
				time.Sleep(250 * time.Millisecond) // the test measures places, not who of them gets the processor
			}
		})
	}
	for opened.Load() < 1000 {
		time.Sleep(time.Millisecond)
	}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	body := pagerEvent(senderKey, 2000)
	for n := range 6 {
		for name, client := range map[string]*http.Client{"that keeps its connection": server.Client(), "with a new connection": fresh} {
			path, text := "/v1/events", `{"title":"x","dedup_key":"`+strconv.Itoa(n)+`"}`
			if n%2 == 0 {
				path, text = "/v2/enqueue", body
			}
			q, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+path, strings.NewReader(text))
			if n%2 == 1 {
				q.Header.Set("Authorization", "Bearer "+senderKey)
			}
			resp, err := client.Do(q)
			if err != nil {
				t.Errorf("request %d of a sender %s: %v", n, name, err)
				continue
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 202 {
				t.Errorf("request %d of a sender %s = %d, want 202", n, name, resp.StatusCode)
			}
		}
	}
	close(stop)
	crowd.Wait()
	t.Logf("strangers opened %d connections meanwhile", opened.Load())
}

// strangerOpening is what one of many strangers sends before it falls silent.
func strangerOpening(n int) string {
	switch n % 5 {
	case 0:
		return ""
	case 1:
		return "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthor"
	case 2:
		return "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\nContent-Length: 100000\r\n\r\n{"
	case 3:
		return "POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + pagerEvent("wrong", 20_000)[:16_000]
	default:
		return "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	}
}

// TestWrongKeysAtSpeed holds that wrong keys make nothing that stays, and little in
// the log.
func TestWrongKeysAtSpeed(t *testing.T) {
	w := newWorld(t, stored)
	before := strings.Count(w.log.String(), "\n")
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 2000 {
				q, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/events", strings.NewReader("{}"))
				q.Header.Set("Authorization", "Bearer wrong-"+strconv.Itoa(i))
				q.RemoteAddr = "192.0.2." + strconv.Itoa(n) + ":" + strconv.Itoa(1000+i)
				if status := w.status(q); status != 401 {
					t.Errorf("a wrong key = %d, want 401", status)
				}
			}
		})
	}
	all.Wait()
	if got := strings.Count(w.log.String(), `"status":401`); got < 1 || got > 16 { // a minute may begin meanwhile
		t.Errorf("16,000 wrong keys from 8 addresses are %d lines in the log, want at most one a minute for each", got-before)
	}
	many := 0
	w.allowances.Range(func(any, any) bool { many++; return true })
	if many != 0 || w.strangers.held != 0 {
		t.Errorf("wrong keys left %d allowances and %d bytes", many, w.strangers.held)
	}
}

func TestQuiet(t *testing.T) {
	q := newQuiet()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	from := func(address string) *http.Request { return &http.Request{RemoteAddr: address} }
	for _, c := range []struct {
		address string
		at      time.Duration
		want    bool
	}{
		{"192.0.2.1:1", 0, true}, {"192.0.2.1:2", time.Second, false}, {"192.0.2.1:1", time.Minute, true},
		{"[2001:db8::1]:1", 0, true}, {"[2001:db8::2]:1", 0, false}, {"memory", 0, true}, {"memory", 0, false},
	} {
		if c.want && c.at == 0 {
			q = newQuiet() // one address in 128 shares the place of another one
		}
		if got := q.lets(from(c.address), now.Add(c.at)); got != c.want {
			t.Errorf("lets(%s) after %v = %v, want %v", c.address, c.at, got, c.want)
		}
	}
	written := 0
	for n := range 10_000 {
		if q.lets(from(fmt.Sprintf("10.0.%d.%d:1", n/250, n%250)), now.Add(2*time.Minute)) {
			written++
		}
	}
	if written > 128 {
		t.Errorf("10,000 addresses write %d lines in a minute, want at most 128", written)
	}
	if got := testing.AllocsPerRun(100, func() { q.lets(from("192.0.2.1:1"), now) }); got > 1 {
		t.Errorf("a line that is not written makes %v allocations", got)
	}
}

// TestAlertStorm sends 60 alerts over each of 64 connections at once.
func TestAlertStorm(t *testing.T) {
	room := &quick{}
	w := newWorld(t, quietly, func(o *Options) { o.Intake = room })
	server := w.listen(t)
	var all sync.WaitGroup
	var taken atomic.Int64
	for n := range 64 {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range 60 {
				q, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/v2/enqueue", strings.NewReader(pagerEvent(senderKey, 500+i)))
				if n%2 == 0 {
					q, _ = http.NewRequestWithContext(t.Context(), "POST", server.URL+"/v1/events", strings.NewReader(fmt.Sprintf(`{"title":"x","dedup_key":"%d-%d"}`, n, i)))
					q.Header.Set("Authorization", "Bearer "+senderKey)
				}
				resp, err := client.Do(q)
				if err != nil {
					t.Errorf("alert %d of %d: %v", i, n, err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode == 202 {
					taken.Add(1)
				}
			}
		})
	}
	all.Wait()
	if taken.Load() != 64*60 || room.taken.Load() != 64*60 {
		t.Errorf("of %d alerts %d were answered 202 and %d taken", 64*60, taken.Load(), room.taken.Load())
	}
	if held := w.allowed("prometheus").held.Load(); held != 0 || w.strangers.held != 0 {
		t.Errorf("afterwards %d and %d bytes are held", held, w.strangers.held)
	}
}
