package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// peer is a bare WebSocket client that keeps what it hears.
type peer struct {
	r    *rig
	ws   *websocket.Conn
	done chan struct{}

	mu     sync.Mutex
	pinged []time.Time
	heard  []map[string]any
	end    error
}

// frames, pings and ended are what the peer has heard once all is at rest.
func (p *peer) frames() []map[string]any {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

func (p *peer) pings() []time.Time {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.pinged)
}

func (p *peer) ended() error {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}

// read keeps what comes until the connection ends.
func (p *peer) read() {
	defer close(p.done)
	for {
		_, data, err := p.ws.ReadMessage()
		var f map[string]any
		if err == nil {
			err = json.Unmarshal(data, &f)
		}
		p.mu.Lock()
		if err != nil {
			p.end = err
			p.mu.Unlock()
			return
		}
		p.heard = append(p.heard, f)
		p.mu.Unlock()
	}
}

func (r *rig) dialer() *websocket.Dialer {
	// The buffer holds any message whole: the library sends a larger one in pieces.
	return &websocket.Dialer{WriteBufferSize: 64 << 10, NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.l.Dial(ctx) }}
}

func (r *rig) ticketURL() string {
	r.t.Helper()
	o := r.callAs(r.w.AppToken(), "apps.connections.open", nil)
	url, _ := o["url"].(string)
	if url == "" {
		r.t.Fatalf("apps.connections.open = %v", o)
	}
	return url
}

// connect opens one more connection and reads it until it ends.
func (r *rig) connect() *peer {
	r.t.Helper()
	return r.connectTo(r.ticketURL())
}

func (r *rig) connectTo(url string) *peer {
	r.t.Helper()
	ws, _, err := r.dialer().Dial(url, http.Header{"Origin": {"https://api.slack.com"}})
	if err != nil {
		r.t.Fatalf("dial %s: %v", url, err)
	}
	p := &peer{r: r, ws: ws, done: make(chan struct{})}
	pong := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		p.mu.Lock()
		p.pinged = append(p.pinged, time.Now())
		p.mu.Unlock()
		return pong(data)
	})
	go p.read()
	r.stop = append(r.stop, func() { ws.Close(); <-p.done })
	synctest.Wait()
	return p
}

// kinds lists the types of the frames so far; disconnects with their reason.
func (p *peer) kinds() []string {
	var out []string
	for _, f := range p.frames() {
		kind := fmt.Sprint(f["type"])
		if kind == "disconnect" {
			kind += ":" + fmt.Sprint(f["reason"])
		}
		out = append(out, kind)
	}
	return out
}

func (p *peer) last() map[string]any {
	frames := p.frames()
	if len(frames) == 0 {
		p.r.t.Fatal("no frame came")
	}
	return frames[len(frames)-1]
}

func (p *peer) ack(f map[string]any, payload any) {
	p.r.t.Helper()
	o := object{"envelope_id": f["envelope_id"]}
	if payload != nil {
		o["payload"] = payload
	}
	if err := p.ws.WriteMessage(websocket.TextMessage, mustJSON(o)); err != nil {
		p.r.t.Fatalf("ack: %v", err)
	}
}

// raw writes one frame by hand: its first byte, a mask of zeros, a short body.
func (p *peer) raw(first byte, body string) {
	p.r.t.Helper()
	frame := append([]byte{first, 0x80 | byte(len(body)), 0, 0, 0, 0}, body...)
	if _, err := p.ws.NetConn().Write(frame); err != nil {
		p.r.t.Fatalf("raw frame: %v", err)
	}
}

// verdicts lists the judgements on frames from the app.
func (r *rig) verdicts() []string {
	synctest.Wait()
	var out []string
	for _, c := range r.w.Calls(0) {
		if c.Kind == "frame_in" {
			out = append(out, c.Verdict)
		}
	}
	return out
}

// command runs a command in the background; the channel gives what was seen.
func (r *rig) command(user string) chan Seen {
	out := make(chan Seen, 1)
	go func() {
		seen, err := r.w.As(user).Command("general", "/incident", "x")
		if err != nil {
			seen.Error = err.Error()
		}
		out <- seen
	}()
	synctest.Wait()
	return out
}
