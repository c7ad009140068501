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
