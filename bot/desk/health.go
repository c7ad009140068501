package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// overdue is how long an escalation may be due without being looked at before the
// escalations count as stuck.
const overdue = 2 * time.Minute

// CheckEscalations returns an error when an escalation that looks for somebody has
// no wake-up to come, or when one lies in the past and nothing has come of it. It
// looks at open incidents only.
func (d *Desk) CheckEscalations(ctx context.Context, now time.Time) error {
	if name, since, ok := d.ledger.Overdue("escalation/", now); ok && now.Sub(since) > overdue {
		return d.ledger.View(ctx, func(tx *storage.Tx) error {
			return stuck(tx, ledger.LastNumber(name), "has been due since "+incident.Clock(since, now, d.opt.Zone))
		})
	}
	return d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("open/") {
			n := ledger.LastNumber(key)
			r, _, err := ledger.Load[escalationRecord](tx, escalationKey(n))
			if err != nil {
				return err
			}
			if r.Page.State != escalation.Triggered || r.Page.Urgency == escalation.Low {
				continue
			}
			if _, planned, err := ledger.DueIn(tx, escalationName(n)); err != nil || !planned {
				return stuck(tx, n, "has no wake-up to come")
			}
		}
		return nil
	})
}

// stuck says what is wrong with the escalation of an incident. Anybody who reaches
// the address of health reads it, so a private one is not named.
func stuck(tx *storage.Tx, n int, how string) error {
	i, err := loadIncident(tx, n)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if i.Private {
		return fmt.Errorf("an escalation %s", how)
	}
	return fmt.Errorf("the escalation of %s %s", incident.Name(n), how)
}

// CheckRead reports whether the store answers.
func (d *Desk) CheckRead(ctx context.Context) error { return d.ledger.CheckRead(ctx) }

// CheckWrite reports whether the store takes a write.
func (d *Desk) CheckWrite(ctx context.Context) error { return d.ledger.CheckWrite(ctx) }
