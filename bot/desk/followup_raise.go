package desk

import (
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// wokenRecord is when people were disturbed at night or on a weekend because of a
// service, in the last two weeks.
type wokenRecord struct {
	V  int                     `json:"v"`
	Of []incident.Interruption `json:"of"`
}

func wokenKey(service string) string { return "woken/" + service }
func raiseName(n int) string         { return "raise/" + ledger.Number(n) }

// disturbed notes that somebody was paged at night or on a weekend, by their own clock.
// The second time within two weeks makes the open permanent fixes of the service matter
// more. Private incidents do not count, since everybody reads the reason.
func (w *work) disturbed(person incident.Actor) error {
	if w.inc.Test || w.inc.Private || w.inc.Service == "" || !person.Human() || !incident.OffHours(w.Now, w.zoneOf(person)) {
		return nil
	}
	r, _, err := ledger.Load[wokenRecord](w.Tx.Tx, wokenKey(w.inc.Service))
	if err != nil {
		return err
	}
	of, changed := incident.Disturbed(r.Of, incident.Interruption{Incident: w.inc.Number, At: w.Now})
	if !changed {
		return nil
	}
	if err := w.Save(wokenKey(w.inc.Service), wokenRecord{V: 1, Of: of}); err != nil {
		return err
	}
	if incident.RaisedBy(of, w.Now) == "" {
		return nil
	}
	return eachOpen(w.Tx.Tx, func(n, _ int, f followUpRecord) error {
		if f.Kind != incident.PermanentFix || f.Service != w.inc.Service || f.Unlisted || f.Raised {
			return nil
		}
		return w.Wake(raiseName(n), w.Now)
	})
}

// raisesNew looks at a permanent fix that is opened after people were disturbed twice.
func (w *work) raisesNew(n int, r followUpRecord) error {
	if r.Kind != incident.PermanentFix || r.Unlisted || r.Raised || r.Service == "" {
		return nil
	}
	woken, _, err := ledger.Load[wokenRecord](w.Tx.Tx, wokenKey(r.Service))
	if err != nil || incident.RaisedBy(woken.Of, w.Now) == "" {
		return err
	}
	return w.Wake(raiseName(n), w.Now)
}

// tickRaise raises the priority of an incident's open permanent fix, once.
func (d *Desk) tickRaise(ctx context.Context, name string, now time.Time) error {
	_, err := d.actAt(ctx, byBot, now, ledger.LastNumber(name), func(w *work) error {
		if err := w.Sleep(name); err != nil {
			return err
		}
		woken, _, err := ledger.Load[wokenRecord](w.Tx.Tx, wokenKey(w.inc.Service))
		why := incident.RaisedBy(woken.Of, w.Now)
		if err != nil || why == "" || w.inc.Test || w.inc.Private {
			return err
		}
		for _, f := range slices.Clone(w.inc.FollowUps) {
			if f.Kind != incident.PermanentFix || !f.Open() || f.Raised != "" {
				continue
			}
			if err := w.apply(w.quietly(w.inc.RaiseFollowUp(f, why, w.Now))); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}
