package dispatch

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
)

// TestLaneWaitsByTheRunningClock: what a lane waits for does not move when
// the wall clock is set.
func TestLaneWaitsByTheRunningClock(t *testing.T) {
	o, now := NewOutbox(Options{}), time.Now() // no time passes; in a bubble there is one clock only
	l := &lane{key: "x", waiting: []ledger.Job{{Kind: ledger.Alarm, Created: now.Round(0), NotBefore: now.Round(0).Add(time.Minute)}}}
	o.place(context.Background(), l, now)
	if l.state != isLater || l.at.Sub(now) != time.Minute || !strings.Contains(l.at.String(), "m=+") {
		t.Errorf("the lane is in state %d until %s, want it to wait a minute by the clock that nobody can set", l.state, l.at)
	}
}

// TestMarkHandedOnLate: transactions that share a commit hand their marks on in any order.
// One refresh stands for all that wait, so that the highest of their numbers is what was
// refreshed, also when the mark of a lower one came while the first try was under way.
func TestMarkHandedOnLate(t *testing.T) {
	mark := func(n int) ledger.Job { return ledger.Job{Incident: 4, Kind: ledger.Announce, Number: n} }
	l := &lane{key: "x"}
	l.insert(mark(33))
	l.under = l.next()
	l.insert(mark(31))
	l.under = nil // the try was in vain
	jobs := l.next()
	if last := jobs[len(jobs)-1]; len(jobs) != 2 || last.Number != 33 {
		t.Errorf("the next try is for %+v, want both marks, and the last with the number 33", jobs)
	}
}
