package alerts

import (
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// clockSet mends what was planned while the clock was ahead.
func (a *Alerts) clockSet(ctx context.Context, by time.Duration) error {
	err := a.startTidying(ctx)
	if by < 0 {
		err = errors.Join(err, a.mendAhead(ctx))
	}
	return err
}

// mendAhead has silences and maintenance that were made while the clock was ahead begin and
// end as long from now as was wished: what they hold back would be held for as long as it was
// ahead. It has incidents whose alerts are over looked at in time.
func (a *Alerts) mendAhead(ctx context.Context) error {
	made := func(r quietRecord) bool {
		return !r.Roster && r.Done.IsZero() && r.Made.After(a.ledger.Now().Add(ledger.AheadBy))
	}
	wanted := false
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		list, err := loadQuiet(tx)
		for _, r := range list {
			wanted = wanted || made(r)
		}
		return err
	})
	if err == nil && wanted {
		err = a.ledger.Update(ctx, ledger.Request{}, func(tx *ledger.Tx) error { return a.mendQuiet(ctx, tx, made) })
	}
	calm := max(alert.Calm, a.oncall.Current().Roster.AlertRules().Over.After)
	names := a.ledger.PlannedAfter("quiet/", a.ledger.Now().Add(calm+ledger.AheadBy))
	return errors.Join(err, ledger.Share(len(names), func(i int) error {
		return a.ledger.Update(ctx, ledger.Request{}, func(tx *ledger.Tx) error { return tx.Wake(names[i], tx.Now.Add(calm)) })
	}))
}

// mendAtOnce is of how many silences one transaction takes care; nobody has more.
const mendAtOnce = 40

func (a *Alerts) mendQuiet(ctx context.Context, tx *ledger.Tx, made func(quietRecord) bool) error {
	list, err := loadQuiet(tx.Tx)
	if err != nil {
		return err
	}
	a.changedQuiet(ctx, tx)
	left := mendAtOnce
	for _, r := range list {
		if !made(r) || left == 0 {
			continue
		}
		left--
		by := tx.Now.Sub(r.Made)
		for _, t := range []*time.Time{&r.Made, &r.From, &r.Until} {
			*t = t.Add(by)
		}
		if err := errors.Join(tx.Save(r.key(), r), tx.Wake(r.key(), tx.Now)); err != nil {
			return err
		}
	}
	return nil
}
