package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// lookEvery is how often the wall clock is looked at at least: timers do not notice
// when it jumps, or when the machine has slept.
const lookEvery = 10 * time.Second

// Run wakes what is due, at its time, until ctx ends. It sleeps until the earliest
// wake-up and is woken when that changes. What fails is told to complain and tried
// again: with a full disk, what is durable already still goes out.
func (l *Ledger) Run(ctx context.Context, complain func(error)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.Changed():
		case <-timer.C:
		}
		tick := context.WithValue(ctx, tickOf{}, l.lookAtClock(ctx))
		if err := l.clockFailed(); err != nil {
			complain(err)
		}
		// Without its monotonic part, or a clock that was set would not show.
		err := l.Tick(tick, l.now())
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case errors.Is(err, storage.ErrLost), errors.Is(err, storage.ErrUnknown):
			return err
		case err != nil:
			complain(err)
		}
		wait := lookEvery
		if at, ok := l.Next(); ok {
			wait = min(wait, max(at.Sub(l.now()), 0))
		}
		timer.Reset(wait)
	}
}
