package slacksim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is one thing that goes wrong on purpose. A fault for Web API calls
// names a Method, a fault of the connection a Socket; the others stand alone.
// One fault may not do both.
type Fault struct {
	Method     string        // API method, or * for all
	Status     int           // HTTP status instead of an answer; 429 with RetryAfter, 5xx with an HTML page
	Error      string        // Slack's error code instead of an answer
	RetryAfter int           // seconds, with 429
	HTML       bool          // a maintenance page instead of JSON, whatever the status
	Latency    time.Duration // before anything else happens
	Reset      bool          // the connection is cut instead of an answer
	After      bool          // the call is performed, then its answer is lost
	Times      int           // how many calls; 0 is until cleared

	// Socket acts on every open connection at once: warning,
	// refresh_requested, link_disabled, too_many_websockets, cut, silent.
	Socket    string
	Redeliver string // envelope ID: delivered once more, unchanged
	LoseAcks  int    // so many acknowledgements are lost on the way
	Down      bool   // nothing answers and nothing is connected, until cleared
}

// socketFaults are what can be done to connections.
var socketFaults = []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets", "cut", "silent"}

const htmlOutage = "<!DOCTYPE html><html><head><title>Server Error | Slack</title></head>" +
	"<body><h1>Something went wrong</h1><p>We are looking into it.</p></body></html>"

// Fault puts f in force, or for socket faults and redelivery does it at once.
func (w *Workspace) Fault(f Fault) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.changed()
	switch {
	case f.Down:
		w.goDown()
	case f.LoseAcks > 0:
		w.loseAcks += f.LoseAcks
	case f.Redeliver != "":
		return w.again(f.Redeliver)
	case f.Socket != "":
		return w.socketFault(f.Socket)
	case f.Method == "":
		return fmt.Errorf("fault: name a method (or *), a socket fault, redeliver, lose_acks or down")
	case f.Status == 0 && f.Error == "" && f.Latency == 0 && !f.Reset && !f.After && !f.HTML:
		return fmt.Errorf("fault for %s: say what goes wrong: status, error, html, latency, reset or after", f.Method)
	default:
		w.faults = append(w.faults, &f)
	}
	return nil
}

// ClearFaults ends every standing fault; silent connections speak again, and
// what they lost stays lost.
func (w *Workspace) ClearFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults, w.loseAcks, w.down = nil, 0, false
	for _, c := range w.conns {
		c.silent = false
	}
	w.changed()
}

// goDown makes everything refuse. Cutting is done by the readers' own
// goroutines ending, not under the lock.
func (w *Workspace) goDown() {
	w.down = true
	for _, c := range w.conns {
		c.cut()
	}
}

func (w *Workspace) socketFault(kind string) error {
	if !slices.Contains(socketFaults, kind) {
		return fmt.Errorf("fault: socket %q is none of %s", kind, strings.Join(socketFaults, ", "))
	}
	for _, c := range w.conns {
		switch kind {
		case "warning":
			c.disconnect("warning", false)
			w.agenda.after(warningAhead, func() { c.disconnect("refresh_requested", true) })
		case "refresh_requested", "link_disabled", "too_many_websockets":
			c.disconnect(kind, true)
		case "cut":
			c.dying = true
			c.cut()
		case "silent":
			c.silent = true
		}
	}
	return nil
}

// hits is what the faults in force do to one call.
type hits struct {
	latency time.Duration
	hit     *Fault
}

// faultFor finds what goes wrong with a call of the method now, and counts it.
// Latencies of several faults do not add up, the longest counts; of the faults
// that spoil the answer the oldest does.
func (w *Workspace) faultFor(method string) hits {
	w.mu.Lock()
	defer w.mu.Unlock()
	var h hits
	kept := w.faults[:0:0]
	for _, f := range w.faults {
		if f.Method != "*" && f.Method != method {
			kept = append(kept, f)
			continue
		}
		spoils := f.Status != 0 || f.Error != "" || f.Reset || f.After || f.HTML
		if spoils && h.hit != nil {
			kept = append(kept, f)
			continue
		}
		h.latency = max(h.latency, f.Latency)
		if spoils {
			h.hit = f
		}
		if f.Times > 0 {
			f.Times--
			if f.Times == 0 {
				continue
			}
		}
		kept = append(kept, f)
	}
	w.faults = kept
	return h
}

// verdict is the spoiled answer.
func (f *Fault) verdict() verdict {
	v := verdict{status: http.StatusOK, header: http.Header{}}
	if f.Status != 0 {
		v.status = f.Status
	}
	switch {
	case f.Reset:
		v.cut = true
	case f.HTML, f.Status >= 500 && f.Error == "":
		v.html = htmlOutage
	case f.Status == http.StatusTooManyRequests:
		v.header.Set("Retry-After", itoa(max(f.RetryAfter, 1)))
		code := f.Error
		if code == "" {
			code = "ratelimited"
		}
		return v.refuse(fail(code))
	default:
		code := f.Error
		if code == "" {
			code = "fatal_error"
		}
		return v.refuse(fail(code))
	}
	return v
}

// describe says what the fault does, for the record.
func (f *Fault) describe() string {
	var parts []string
	if f.Status != 0 {
		parts = append(parts, "status "+itoa(f.Status))
	}
	if f.Error != "" {
		parts = append(parts, "error "+f.Error)
	}
	if f.Reset {
		parts = append(parts, "reset")
	}
	if f.After {
		parts = append(parts, "performed, answer lost")
	}
	if f.HTML {
		parts = append(parts, "html")
	}
	return strings.Join(parts, ", ")
}
