package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// openThrottle delays apps.connections.open, which slack-go calls as fast as it
// can when Slack closes the socket at once (too_many_websockets does): 1 s, then
// twice as long each time up to 60 s, and at once again only after a connection
// has lived for a minute. All connections of the process share it, so that
// together they open at most one a second.
type openThrottle struct {
	next    http.RoundTripper
	observe func(method, result string, took time.Duration) // told of each call; nil: nobody is

	mu    sync.Mutex
	lines map[string]*openLine // by the connection's name
	last  time.Time            // the last call of any of them
}

type openLine struct {
	delay     time.Duration
	opened    time.Time // the last call
	connected time.Time // since when it is connected; zero when it is not
}

const (
	openFirst = time.Second
	openMost  = time.Minute
	openLived = time.Minute
)

// throttled returns a transport for the connection with that name.
func (t *openThrottle) throttled(name string) http.RoundTripper {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines[name] = &openLine{}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/"+openMethod) {
			return t.next.RoundTrip(r)
		}
		if err := pause(r.Context(), t.wait(name, time.Now())); err != nil {
			return nil, err
		}
		start := time.Now()
		resp, err := t.next.RoundTrip(r)
		result := opened(resp, err)
		if t.observe != nil {
			t.observe(openMethod, result, time.Since(start))
		}
		return resp, err
	})
}

const openMethod = "apps.connections.open"

// openedMost is how much of an answer is read to name its outcome; a real one has
// a few hundred bytes.
const openedMost = 16 << 10

// opened names the outcome of asking for a socket in a word. The socket's client
// makes that call itself, so it is read here from the answer, which stays whole.
func opened(resp *http.Response, err error) string {
	switch {
	case err != nil:
		return "no_answer"
	case resp.StatusCode == http.StatusTooManyRequests:
		return "429"
	case resp.StatusCode != http.StatusOK:
		return slack.StatusCodeError{Code: resp.StatusCode, Status: resp.Status}.Error()
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, openedMost))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failing{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), resp.Body}
	var answer slack.SlackResponse
	switch {
	case json.Unmarshal(head, &answer) != nil, !answer.Ok && answer.Error == "":
		return "no_answer" // cut off, or not Slack's
	case !answer.Ok:
		return answer.Error
	}
	return "ok"
}

// failing is a reader of what could not be read.
type failing struct{ err error }

// Read returns the error.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// wait decides how long the connection must wait before it asks again, and
// takes its turn.
func (t *openThrottle) wait(name string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[name]
	at := now
	switch {
	case l.opened.IsZero():
	case !l.connected.IsZero() && now.Sub(l.connected) >= openLived:
		l.delay = 0
	default:
		l.delay = min(max(2*l.delay, openFirst), openMost)
		at = l.opened.Add(l.delay)
	}
	if turn := t.last.Add(openFirst); !t.last.IsZero() && at.Before(turn) {
		at = turn
	}
	if at.Before(now) {
		at = now
	}
	l.opened, l.connected, t.last = at, time.Time{}, at
	return at.Sub(now)
}

func (t *openThrottle) connected(name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines[name].connected = now
}

// heardConn notes when something was last read from a socket, and fails the
// reading of one that is silent. slack-go keeps the pings to itself, so the
// connection is watched below it.
type heardConn struct {
	net.Conn
	silence time.Duration // see [Options]; slack-go looks only once in that time, so that nearly twice as much would pass
	heard   func(time.Time)
}

// Read reads from the connection and notes that it lives.
func (c heardConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard(time.Now())
	}
	return n, err
}
