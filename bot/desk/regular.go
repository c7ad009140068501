package desk

import (
	"context"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/rotation"
)

// nextFor is when something that goes by the roster is due next; zero: never.
type nextFor func(r *rotation.Roster, now time.Time) time.Time

// startRegular plans a wake-up as the roster has it, and anew whenever another one holds.
func (d *Desk) startRegular(ctx context.Context, name string, next nextFor) error {
	d.oncall.Follow(func(t *ledger.Tx, _, changed *oncall.Directory) error {
		return planNext(t, name, next(changed.Roster, t.Now))
	})
	return d.startRegularAgain(ctx, name, next)
}

// startRegularAgain plans it where it is not, or for later than it can be due next.
func (d *Desk) startRegularAgain(ctx context.Context, name string, next nextFor) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		at := next(d.oncall.Current().Roster, t.Now)
		if at.IsZero() {
			return nil
		}
		return t.WakeRegularly(name, at, regularMost)
	})
}

// regularMost is the longest time between two instants of what goes by the roster: a month.
const regularMost = 33 * 24 * time.Hour

// planRegular plans it anew when it was looked at.
func (d *Desk) planRegular(ctx context.Context, name string, next nextFor, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		return planNext(t, name, next(d.oncall.Current().Roster, now))
	})
}

func planNext(t *ledger.Tx, name string, at time.Time) error {
	if at.IsZero() {
		return t.Sleep(name)
	}
	return t.Wake(name, at)
}
