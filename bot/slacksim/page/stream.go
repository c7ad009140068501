package page

import (
	"fmt"
	"net/http"
	"time"
)

const (
	// gather is how long changes are gathered before the page hears of them: an incident's first second changes twenty
	// things, and nobody reads that fast.
	gather = 60 * time.Millisecond
	// heartbeat keeps proxies from closing a quiet stream.
	heartbeat = 15 * time.Second
)

// stream sends "change" whenever the workspace or a phone changed. What changed is in the next view.
func (s *server) stream(rw http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(rw)
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	ctx := r.Context()
	changed := s.workspace.Watch(ctx)
	var rang <-chan struct{}
	if s.opts.Phone != nil && s.opts.Phone.Watch != nil {
		rang = s.opts.Phone.Watch(ctx)
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	line := "retry: 1000\n\nevent: change\ndata: 0\n\n"
	for n := 1; ; n++ {
		if _, err := fmt.Fprint(rw, line); err != nil || rc.Flush() != nil {
			return
		}
		line = fmt.Sprintf("event: change\ndata: %d\n\n", n)
		select {
		case _, open := <-changed:
			if !open {
				return
			}
		case _, open := <-rang:
			if !open {
				rang = nil
			}
		case <-beat.C:
			line = ":\n\n"
			continue
		case <-ctx.Done():
			return
		}
		if !pause(ctx.Done(), gather) {
			return
		}
		drain(changed)
		drain(rang)
	}
}

// pause waits; false means that done came first.
func pause(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}

// drain takes a signal that came meanwhile: the one that is sent next covers it. A closed channel stays closed.
func drain(signal <-chan struct{}) {
	select {
	case <-signal:
	default:
	}
}
