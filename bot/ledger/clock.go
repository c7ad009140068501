package ledger

import (
	"context"
	"errors"
	"sync"
	"time"
)

// slack is how far the wall clock may go beside the one that is never set before
// it counts as set. What the time service corrects little by little stays below.
const slack = 2 * time.Second

// AheadBy is how far an instant that has passed may lie after now before the clock that wrote
// it counts as one that was ahead. What is less delays nothing that matters.
const AheadBy = time.Minute

// clock compares the wall clock with the one that nobody can set, which stands
// still only while the machine sleeps.
type clock struct {
	mu   sync.Mutex // held while a setting is dealt with
	wall time.Time  // both clocks at the last look; zero: there was none
	ran  time.Time
	told []func(ctx context.Context, by time.Duration) error

	sets   int   // how often it was set
	failed error // what could not be done about it, until somebody is told
}

// errClockSet is the error of a transaction as of a tick's instant that was read
// before the clock was set. The wake-up is looked at again a second later.
var errClockSet = errors.New("the clock was set meanwhile")

// WhenClockSet registers who is told that the wall clock was set in the running
// process, and by how much: backward if it is negative, forward also when the
// machine has slept. No other transaction of the ledger runs before f has
// returned, so f finds every record as it was written by the old time. It is
// called before the ledger runs.
func (l *Ledger) WhenClockSet(f func(ctx context.Context, by time.Duration) error) {
	l.clock.mu.Lock()
	defer l.clock.mu.Unlock()
	l.clock.told = append(l.clock.told, f)
}

// settling marks the context of what is done about a clock that was set.
type settling struct{}

// tickOf marks the context of a tick with how often the clock had been set before
// its instant was read.
type tickOf struct{}

// lookAtClock tells those concerned if the wall clock was set since the last look,
// and returns how often it was set so far. What they cannot do is not tried again:
// by then other transactions have written by the new time.
func (l *Ledger) lookAtClock(ctx context.Context) (sets int) {
	c := &l.clock
	if ctx.Value(settling{}) != nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, ran := l.now(), time.Now()
	by := wall.Sub(c.wall) - ran.Sub(c.ran)
	first := c.wall.IsZero()
	c.wall, c.ran = wall, ran
	if first || by.Abs() <= slack {
		return c.sets
	}
	c.sets++
	// It is done even if whoever noticed gives up.
	ctx = context.WithValue(context.WithoutCancel(ctx), settling{}, true)
	for _, f := range c.told {
		c.failed = errors.Join(c.failed, f(ctx, by.Round(time.Millisecond)))
	}
	signal(l.agenda.changed)
	return c.sets
}

// outOfDate reports whether ctx belongs to a tick whose instant was read before the
// clock was last set.
func outOfDate(ctx context.Context, sets int) bool {
	then, ticks := ctx.Value(tickOf{}).(int)
	return ticks && then != sets && ctx.Value(settling{}) == nil
}

// clockFailed returns what could not be done about a clock that was set, once.
func (l *Ledger) clockFailed() error {
	l.clock.mu.Lock()
	defer l.clock.mu.Unlock()
	err := l.clock.failed
	l.clock.failed = nil
	return err
}

// Now reads the wall clock, as records hold it.
func (l *Ledger) Now() time.Time { return l.now() }

// now reads the wall clock, as records hold it.
func (l *Ledger) now() time.Time {
	if l.Wall != nil {
		return l.Wall().UTC().Round(0)
	}
	return Instant()
}
