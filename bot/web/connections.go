package web

import (
	"context"
	"math"
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

// connections keeps the number of open connections within a limit. Whoever has
// shown a key goes before whoever has not: when one too many comes, the one that
// has been without for longest is closed, and only if all are being served to
// known senders the new one.
type connections struct {
	limit int
	log   zerolog.Logger

	mu       sync.Mutex
	count    uint64
	open     map[net.Conn]bool
	spare    map[net.Conn]uint64 // those whose present request has shown no key, by the order in which they began to wait for it
	reported time.Time
}

func newConnections(limit int, log zerolog.Logger) *connections {
	return &connections{limit: limit, log: log, open: map[net.Conn]bool{}, spare: map[net.Conn]uint64{}}
}

// watch is told of each change of a connection; see [http.Server.ConnState].
func (c *connections) watch(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open[conn] = true
		if len(c.open) > c.limit {
			c.makeRoom(conn)
		}
		c.wait(conn)
	case http.StateIdle:
		c.wait(conn)
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
		delete(c.spare, conn)
	}
}

// wait notes that a connection waits for a request from now on.
func (c *connections) wait(conn net.Conn) {
	if !c.open[conn] {
		return // it had to go
	}
	c.count++
	c.spare[conn] = c.count
}

// connectionKey is under which a request knows its connection.
type connectionKey struct{}

// withConnection gives requests their connection; see [http.Server.ConnContext].
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// letIn notes that a request has shown a key that holds: its connection stays
// until it is answered.
func (c *connections) letIn(r *http.Request) {
	conn, ok := r.Context().Value(connectionKey{}).(net.Conn)
	if !ok {
		return // it came over none of ours
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.spare, conn)
}

// makeRoom closes the connection that can best be spared, or else the new one.
func (c *connections) makeRoom(latest net.Conn) {
	oldest, since := latest, uint64(math.MaxUint64)
	for conn, n := range c.spare {
		if n < since {
			oldest, since = conn, n
		}
	}
	delete(c.open, oldest)
	delete(c.spare, oldest)
	_ = oldest.Close() // it is given up, whatever that says
	if now := time.Now(); now.Sub(c.reported) > time.Minute {
		c.reported = now
		c.log.Warn().Int("connections", c.limit).Msg("more connections than may be open at once: those that wait longest without a key are closed")
	}
}
