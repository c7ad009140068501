package slacksim

import (
	"slices"
	"time"
)

// agenda is the workspace's list of things to do later, on the workspace's
// own clock, and the one goroutine that does them. Its fields are guarded by
// the workspace's mutex.
type agenda struct {
	w     *Workspace
	items []*appointment // sorted by due
	wake  chan struct{}
}

// appointment is something to do at a time. do runs under the workspace's
// mutex and must not block.
type appointment struct {
	due  time.Time // real time: what Advance skips is subtracted from it
	real bool      // not moved by Advance
	do   func()
}

func newAgenda(w *Workspace) *agenda {
	return &agenda{w: w, wake: make(chan struct{}, 1)}
}

// after plans do for d from now on the workspace's clock.
func (a *agenda) after(d time.Duration, do func()) *appointment {
	return a.add(&appointment{due: time.Now().Add(d), do: do})
}

// afterReal plans do for d from now in real time, whatever Advance does: the
// time that an app has to answer.
func (a *agenda) afterReal(d time.Duration, do func()) *appointment {
	return a.add(&appointment{due: time.Now().Add(d), real: true, do: do})
}

func (a *agenda) add(x *appointment) *appointment {
	// Stable: what was planned first for the same instant happens first.
	i, _ := slices.BinarySearchFunc(a.items, x, func(have, want *appointment) int {
		if have.due.After(want.due) {
			return 1
		}
		return -1
	})
	a.items = slices.Insert(a.items, i, x)
	a.poke()
	return x
}

// cancel forgets x; a nil or already done x is fine.
func (a *agenda) cancel(x *appointment) {
	if i := slices.Index(a.items, x); x != nil && i >= 0 {
		a.items = slices.Delete(a.items, i, i+1)
	}
}

// shift lets d pass at once.
func (a *agenda) shift(d time.Duration) {
	for _, x := range a.items {
		if !x.real {
			x.due = x.due.Add(-d)
		}
	}
	slices.SortStableFunc(a.items, func(x, y *appointment) int { return x.due.Compare(y.due) })
	a.poke()
}

func (a *agenda) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run does what is due until the workspace closes.
func (a *agenda) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(a.step())
		select {
		case <-a.w.done:
			return
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// step does everything that is due and says how long to sleep.
func (a *agenda) step() time.Duration {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	for len(a.items) > 0 && !a.w.closed {
		x := a.items[0]
		if wait := time.Until(x.due); wait > 0 {
			return wait
		}
		a.items = slices.Delete(a.items, 0, 1)
		x.do()
	}
	return time.Hour
}
