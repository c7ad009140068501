package alerts

import (
	"cmp"
	"context"
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// View is the alerts of an incident.
type View struct {
	Tally  alert.Tally
	Storm  bool    // so many come that they are told once a minute
	Alerts []Alert // those that fire before those that are over, the worst first, then the newest
}

// Of returns the alerts of incident n.
func (a *Alerts) Of(ctx context.Context, n int) (View, error) {
	var v View
	now := ledger.Instant()
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		i, err := a.desk.Whole(tx, n)
		if err != nil {
			return err
		}
		r, _, err := a.sum(tx, i)
		if err != nil {
			return err
		}
		v.Tally, v.Storm = r.Tally, now.Before(r.Storm)
		parts, err := a.desk.Parts(tx, i.Number)
		for _, of := range append([]incident.Incident{i}, parts...) {
			if err == nil {
				err = v.add(tx, of)
			}
		}
		return err
	})
	slices.SortStableFunc(v.Alerts, worstFirst)
	return v, err
}

// add adds the alerts that belong to an incident itself.
func (v *View) add(tx *storage.Tx, i incident.Incident) error {
	first, ok, err := loadFirst(tx, i)
	if err != nil {
		return err
	}
	if ok {
		v.Alerts = append(v.Alerts, first)
	}
	prefix := memberPrefix(i.Number)
	for key := range tx.Scan(prefix) {
		m, ok, err := ledger.Load[Alert](tx, "alert/"+key[len(prefix):])
		if err != nil {
			return err
		}
		if ok {
			v.Alerts = append(v.Alerts, m)
		}
	}
	return nil
}

func worstFirst(a, b Alert) int {
	if a.Firing() != b.Firing() {
		if a.Firing() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Severity.Incident(), b.Severity.Incident()), b.Since.Compare(a.Since), cmp.Compare(a.ID, b.ID))
}

// Tally returns how many alerts of incident n fire and are over.
func (a *Alerts) Tally(ctx context.Context, n int) (alert.Tally, error) {
	var r tallyRecord
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		i, err := a.desk.Whole(tx, n)
		if err != nil {
			return err
		}
		r, _, err = a.sum(tx, i)
		return err
	})
	return r.Tally, err
}
