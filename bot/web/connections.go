package web

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// maxConnections is how many connections are kept where the process may open
// files without end: many times what the senders of a company need.
const maxConnections = 1024

// allowedConnections returns how many connections may be open at once in a
// process that may open so many files: half of them, so that the other half is
// there for pages, for Slack and for the store. files is 0 where nobody says.
func allowedConnections(files uint64) int {
	if files == 0 || files > 2*maxConnections {
		return maxConnections
	}
	return max(1, int(files/2))
}

// newcomerWait is how long a new connection has to show a key before it can be closed
// for another one. While all are that new nobody else is let in: a sender whose
// request is under way must not lose its place to those who come and go faster.
const newcomerWait = 250 * time.Millisecond

// connections keeps the number of open connections within a limit. Whoever has
// shown a key goes before whoever has not: when one too many comes, the one that
// has been without for longest is closed. Where there is none, it is the one of
// a known sender that has not been used for longest, and only if all are being
// served to known senders the new one.
type connections struct {
	limit int
	log   zerolog.Logger

	mu        sync.Mutex
	open      map[net.Conn]*place
	strangers *list.List // connections that have shown no key, by the order in which they began to wait for it
	idle      *list.List // those of known senders that are not used at present, likewise
	reported  time.Time
}

// place is where a connection stands in the order in which they are spared.
type place struct {
	known bool // it has shown a key
	came  time.Time
	at    *list.Element // of a list; nil: it is being served
	in    *list.List
}

func newConnections(limit int, log zerolog.Logger) *connections {
	return &connections{limit: limit, log: log, open: map[net.Conn]*place{}, strangers: list.New(), idle: list.New()}
}

// watch is told of each change of a connection; see [http.Server.ConnState].
func (c *connections) watch(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open[conn] = &place{came: time.Now()}
		if len(c.open) > c.limit {
			c.letNewcomersSpeak()
			c.makeRoom(conn)
		}
		c.wait(conn)
	case http.StateIdle:
		c.wait(conn)
	case http.StateClosed, http.StateHijacked:
		c.remove(conn)
	}
}

// letNewcomersSpeak waits until a stranger's time is over, or there is room. The
// server lets nobody else in meanwhile. The caller holds mu, which is free meanwhile.
func (c *connections) letNewcomersSpeak() {
	for len(c.open) > c.limit {
		first := c.strangers.Front()
		if first == nil {
			return
		}
		left := newcomerWait - time.Since(c.open[first.Value.(net.Conn)].came)
		if left <= 0 {
			return
		}
		c.mu.Unlock()
		time.Sleep(min(left, 10*time.Millisecond)) // one of them may go by itself
		c.mu.Lock()
	}
}

// wait notes that a connection waits for a request from now on.
func (c *connections) wait(conn net.Conn) {
	p := c.open[conn]
	if p == nil {
		return // it had to go
	}
	p.leave()
	if p.in = c.strangers; p.known {
		p.in = c.idle
	}
	p.at = p.in.PushBack(conn)
}

func (p *place) leave() {
	if p.at != nil {
		p.in.Remove(p.at)
		p.at = nil
	}
}

func (c *connections) remove(conn net.Conn) {
	if p := c.open[conn]; p != nil {
		p.leave()
		delete(c.open, conn)
	}
}

// connectionKey is under which a request knows its connection.
type connectionKey struct{}

// withConnection gives requests their connection; see [http.Server.ConnContext].
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// letIn notes that a request has shown a key that holds: its connection stays
// until it is answered, and afterwards goes after those of strangers.
func (c *connections) letIn(r *http.Request) {
	conn, ok := r.Context().Value(connectionKey{}).(net.Conn)
	if !ok {
		return // it came over none of ours
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.open[conn]; p != nil {
		p.known = true
		p.leave()
	}
}

// makeRoom closes the connection that can best be spared, or else the new one.
func (c *connections) makeRoom(latest net.Conn) {
	if len(c.open) <= c.limit {
		return
	}
	spared := latest
	if first := c.strangers.Front(); first != nil {
		spared = first.Value.(net.Conn)
	} else if first := c.idle.Front(); first != nil {
		spared = first.Value.(net.Conn)
	}
	c.remove(spared)
	_ = spared.Close() // it is given up, whatever that says
	if now := time.Now(); now.Sub(c.reported) > time.Minute {
		c.reported = now
		c.log.Warn().Int("connections", c.limit).Msg("more connections than may be open at once: those that wait longest without a key are closed")
	}
}
