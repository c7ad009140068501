// Package alerts takes in what senders report, alert by alert, and decides with
// incident/alert whose each is, what it does, and to which incident it belongs.
//
// Its nouns are [Alerts], the room, and [Alert], what is kept of one alert. A sender
// groups for its own sake; here alerts are grouped for the people who are asked.
// Every alert, the incidents that it concerns and the jobs that follow are committed
// together, by way of [desk.Within].
package alerts

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
)

// Options are what the room is told once, at its start.
type Options struct {
	Zone *time.Location // of the business, for times in words; nil: UTC
}

// Alerts takes alerts in. Its methods may be called concurrently.
type Alerts struct {
	ledger *ledger.Ledger
	oncall *oncall.Roster
	desk   *desk.Desk
	opt    Options

	mappings  sync.Map // of the roster, by name, ready to read with
	quiet     atomic.Pointer[quietNow]
	reloading sync.Mutex // held while quiet is read anew
	beats     beats
	line      line
	lately    lately
	seen      seen
	began     [beganMost]began // by number; touched in transactions that write
	groups    ledger.Recent[groupRecord]
	earlier   atomic.Bool // there may be alerts as an earlier version recorded them
}

// Open returns the room of alerts over l, for the people of a roster and the incidents
// of a desk.
func Open(ctx context.Context, l *ledger.Ledger, people *oncall.Roster, d *desk.Desk, opt Options) (*Alerts, error) {
	a := &Alerts{ledger: l, oncall: people, desk: d, opt: opt}
	if opt.Zone == nil {
		a.opt.Zone = time.UTC
	}
	l.Handle("quiet/", a.tickQuiet)
	l.Handle("alerts", a.tidy)
	l.WhenClockSet(a.clockSet)
	l.Handle(string(Silence)+"/", a.tickHeld)
	l.Handle(string(Maintenance)+"/", a.tickHeld)
	l.Handle(rosterWake, a.tickRoster)
	people.Follow(func(tx *ledger.Tx, _, _ *oncall.Directory) error { return tx.Wake(rosterWake, tx.Now) })
	return a, cmp.Or(a.settle(ctx), a.mendAhead(ctx), a.reloadQuiet(ctx), a.openBeats(ctx), a.startTidying(ctx), a.startRoster(ctx))
}

// quietLeftOut is how many numbers of silences and of maintenances are left out when a
// copy of the store is put to work.
const quietLeftOut = 100

// settle leaves out numbers where the store is a copy.
func (a *Alerts) settle(ctx context.Context) error {
	if copied, _ := a.ledger.Copied(); !copied {
		return nil
	}
	return a.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		return cmp.Or(ledger.LeaveOut(t.Tx, "silences", quietLeftOut), ledger.LeaveOut(t.Tx, "maintenances", quietLeftOut))
	})
}
