package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
)

// shareFor is how long the record of a refreshed artifact waits for others of the
// same incident. Nothing waits for it but the next refresh of the same artifact;
// after a crash in between the artifact is refreshed once more.
const shareFor = 500 * time.Millisecond

// shared is what was refreshed and is not recorded yet: a new incident refreshes
// half a dozen things at once, and they are one commit.
type shared struct {
	mu      sync.Mutex
	batches map[int]*batch // by incident
}

// batch is the records of one commit.
type batch struct {
	results []desk.Result
	done    chan struct{}
	err     error // read after done
}

// share records a result together with others of its incident, and returns when
// that is durable.
func (o *Outbox) share(r desk.Result) error {
	s, n := &o.refreshed, r.Job.Incident
	s.mu.Lock()
	b := s.batches[n]
	if b == nil {
		b = &batch{done: make(chan struct{})}
		if s.batches == nil {
			s.batches = map[int]*batch{}
		}
		s.batches[n] = b
		o.under.Go(func() { o.flush(n) })
	}
	b.results = append(b.results, r)
	s.mu.Unlock()
	<-b.done
	return b.err
}

// flush records a batch after a while, or at once when the program stops.
func (o *Outbox) flush(n int) {
	timer := time.NewTimer(shareFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-o.finishing:
	}
	o.refreshed.mu.Lock()
	b := o.refreshed.batches[n]
	delete(o.refreshed.batches, n)
	o.refreshed.mu.Unlock()
	defer close(b.done)
	ctx, cancel := context.WithTimeout(context.Background(), recordWithin)
	defer cancel()
	b.err = o.opt.Desk.Done(ctx, b.results...)
}
