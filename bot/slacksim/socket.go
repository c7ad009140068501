package slacksim

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	writeWait     = 10 * time.Second
	maxFrameBytes = 1 << 20
	debugLife     = 360 * time.Second // what debug_reconnects=true asks for
)

// ticket is one right to connect, given by apps.connections.open.
type ticket struct {
	issued time.Time
}

// frame is something to write to a connection.
type frame struct {
	data     json.RawMessage
	kind     string
	envelope string
	attempt  int
	thenCut  bool // close after writing
}

// conn is one Socket Mode connection. out, dying and silent are guarded by
// the workspace's mutex.
type conn struct {
	id     int
	w      *Workspace
	ws     *websocket.Conn
	base   string // scheme and host that the app reached us under
	sniff  *sniffer
	out    []frame
	wake   chan struct{}
	gone   chan struct{} // closed when the reader ended
	dying  bool          // a disconnect was sent: no new envelopes
	silent bool          // fault: alive on the wire, says nothing
	timers []*appointment
}

// serveLink is the WebSocket end of a ticket.
func (w *Workspace) serveLink(rw http.ResponseWriter, r *http.Request) {
	if code := w.redeem(r); code != "" {
		http.Error(rw, code, http.StatusForbidden)
		return
	}
	sniff := &sniffer{}
	up := websocket.Upgrader{CheckOrigin: appOrigin}
	ws, err := up.Upgrade(hijackable{rw, sniff}, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &conn{w: w, ws: ws, base: baseURL(r), sniff: sniff, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	if !w.enlist(c, r.URL.Query().Get("debug_reconnects") == "true") {
		c.cut()
		return
	}
	defer w.wg.Done()
	w.wg.Go(c.write)
	c.read()
}

// redeem uses up the request's ticket; "" means it was good.
func (w *Workspace) redeem(r *http.Request) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := r.URL.Query().Get("ticket")
	t := w.tickets.at(id)
	w.tickets.drop(id)
	switch {
	case w.closed || w.down:
		return "down"
	case t == nil:
		w.note(Call{Kind: "link", Verdict: "refused: unknown or used ticket"})
		return "invalid_ticket"
	case w.now().Sub(t.issued) > ticketLife:
		w.note(Call{Kind: "link", Verdict: "refused: ticket expired"})
		return "expired_ticket"
	}
	return ""
}

// enlist makes c one of the open connections and greets it, or, over the
// limit, tells it to go. false means the workspace is closing.
func (w *Workspace) enlist(c *conn, debug bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.wg.Add(1)
	w.connSeq++
	c.id = w.connSeq
	w.note(Call{Kind: "link", Conn: c.id, Verdict: "connected"})
	w.conns = append(w.conns, c)
	w.changed()
	if len(w.conns) > maxConnections {
		c.disconnect("too_many_websockets", true)
		return true
	}
	life := w.opts.ConnectionLife
	if debug {
		life = min(life, debugLife)
	}
	c.push(frame{kind: "hello", data: mustJSON(object{
		"type": "hello", "num_connections": len(w.conns),
		"connection_info": object{"app_id": w.appID},
		"debug_info": object{"host": "applink-sim", "build_number": 1,
			"approximate_connection_time": int(life.Seconds())},
	})})
	c.timers = []*appointment{
		w.agenda.after(life-warningAhead, func() { c.disconnect("warning", false) }),
		w.agenda.after(life, func() { c.disconnect("refresh_requested", true) }),
	}
	return true
}

// pick chooses any connection, at random as Slack does; nil when there is none.
func (w *Workspace) pick() *conn {
	var fit []*conn
	for _, c := range w.conns {
		if !c.dying {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 || w.down {
		return nil
	}
	return fit[w.rnd.IntN(len(fit))]
}

// disconnect tells the app to go for the given reason. A warning leaves the
// connection in use; then cuts it when asked to.
func (c *conn) disconnect(reason string, thenCut bool) {
	c.push(frame{kind: "disconnect", thenCut: thenCut, data: mustJSON(object{
		"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-sim"}})})
	if thenCut {
		c.dying = true
	}
}

// push queues a frame; it never blocks. The caller holds the lock.
func (c *conn) push(f frame) {
	c.out = append(c.out, f)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// cut closes the TCP connection under the WebSocket, without a close frame.
func (c *conn) cut() { c.ws.Close() }

// write is the connection's writer: queued frames and pings.
func (c *conn) write() {
	defer c.cut()
	ping := time.NewTicker(c.w.opts.PingInterval)
	defer ping.Stop()
	for {
		select {
		case <-c.gone:
			return
		case <-c.wake:
			if !c.flush() {
				return
			}
		case <-ping.C:
			if !c.ping() {
				return
			}
		}
	}
}

// flush writes what is queued; false ends the connection.
func (c *conn) flush() bool {
	frames := c.take()
	for _, f := range frames {
		c.ws.SetWriteDeadline(time.Now().Add(writeWait))
		if err := c.ws.WriteMessage(websocket.TextMessage, f.data); err != nil {
			return false
		}
		if f.thenCut {
			return false
		}
	}
	return true
}

// take empties the queue into the record; a silent connection loses the frames.
func (c *conn) take() []frame {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	frames := c.out
	c.out = nil
	verdict := ""
	if c.silent {
		verdict = "lost: fault silent"
	}
	for _, f := range frames {
		c.w.note(Call{Kind: "frame_out", Conn: c.id, Method: f.kind, EnvelopeID: f.envelope,
			Attempt: f.attempt, Answer: clipJSON(f.data), Verdict: verdict})
	}
	if c.silent {
		return nil
	}
	return frames
}

func (c *conn) ping() bool {
	c.w.mu.Lock()
	silent := c.silent
	c.w.mu.Unlock()
	if silent {
		return true
	}
	data := []byte("Ping from applink-sim-" + itoa(c.id))
	return c.ws.WriteControl(websocket.PingMessage, data, time.Now().Add(writeWait)) == nil
}

// read takes frames from the app until the connection ends.
func (c *conn) read() {
	defer c.drop()
	c.ws.SetReadLimit(maxFrameBytes)
	pong := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error {
		c.w.mu.Lock()
		silent := c.silent
		c.w.mu.Unlock()
		if silent {
			return nil
		}
		return pong(data)
	})
	for {
		kind, data, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		fragmented := c.sniff.next()
		if kind == websocket.TextMessage {
			c.w.receive(c, data, fragmented)
		}
	}
}

// drop takes the connection off the list. Unacknowledged envelopes stay
// waiting: their three seconds run out.
func (c *conn) drop() {
	c.cut()
	close(c.gone)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if i := slices.Index(c.w.conns, c); i >= 0 {
		c.w.conns = slices.Delete(c.w.conns, i, i+1)
	}
	for _, t := range c.timers {
		c.w.agenda.cancel(t)
	}
	c.w.note(Call{Kind: "link", Conn: c.id, Verdict: "closed"})
	c.w.changed()
}

// appOrigin lets programs in and no web page: Slack's own clients send no
// Origin or the API's.
func appOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "https://api.slack.com"
}

// baseURL is the scheme and host that the request came to.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// socketURL is where a ticket from this request's answer is good.
func socketURL(r *http.Request, ticket, app string) string {
	return "ws" + strings.TrimPrefix(baseURL(r), "http") + "/link/?ticket=" + ticket + "&app_id=" + app
}

// hijackable hands the upgrader a connection whose frames are watched.
type hijackable struct {
	http.ResponseWriter
	s *sniffer
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.s.Conn = nc
	return h.s, rw, nil
}
