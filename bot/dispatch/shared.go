package dispatch

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
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
	err     error // read after done, like results
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
	switch mistake := (*ledger.PanicError)(nil); {
	case b.err == nil, errors.Is(b.err, storage.ErrLost), errors.Is(b.err, storage.ErrUnknown):
		return b.err
	case len(b.results) == 1 && !errors.As(b.err, &mistake):
		return b.err
	}
	// Alone, so that what is wrong with one holds up no other; a mistake in the
	// program is met again here, where the job is set aside.
	ctx, cancel := context.WithTimeout(context.Background(), recordWithin)
	defer cancel()
	return o.opt.Desk.Done(ctx, r)
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
	b.err = o.recordAll(b.results)
}

// recordAll records results in one commit. A mistake in the program is an error.
func (o *Outbox) recordAll(results []desk.Result) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &ledger.PanicError{What: "recording what was refreshed", Value: v, Stack: debug.Stack()}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), recordWithin)
	defer cancel()
	return o.opt.Desk.Done(ctx, results...)
}
