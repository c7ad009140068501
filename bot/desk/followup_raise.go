package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// wokenRecord is when people were disturbed at night or on a weekend because of a
// service, in the last two weeks.
type wokenRecord struct {
	V  int                     `json:"v"`
	Of []incident.Interruption `json:"of"`
}

func wokenKey(service string) string { return "woken/" + service }
func raiseName(n int) string         { return "raise/" + ledger.Number(n) }

// disturbance is somebody paged at night or on a weekend, by their own clock.
type disturbance struct {
	service string
	incident.Interruption
}

// disturbances returns those of an incident since from. Private incidents have none, since
// everybody reads the reason.
func (d *Desk) disturbances(tx *storage.Tx, i incident.Incident, from time.Time) ([]disturbance, error) {
	if i.Test || i.Private || i.Service == "" {
		return nil, nil
	}
	events, err := timeline(tx, i.Number)
	if err != nil {
		return nil, err
	}
	var list []disturbance
	who := d.oncall.Current()
	for _, e := range events {
		if e.Kind == incident.KindPaged && e.Person.Human() && !e.At.Before(from) && incident.OffHours(e.At, zoneIn(who, e.Person, d.opt.Zone)) {
			list = append(list, disturbance{i.Service, incident.Interruption{Incident: i.Number, At: e.At}})
		}
	}
	return list, nil
}

// disturbed notes of each service when people were disturbed because of it. The second
// time within two weeks makes its open permanent fixes matter more.
func (d *Desk) disturbed(ctx context.Context, list []disturbance, now time.Time) error {
	slices.SortStableFunc(list, func(a, b disturbance) int { return cmp.Or(cmp.Compare(a.service, b.service), a.At.Compare(b.At)) })
	for len(list) > 0 {
		service, n := list[0].service, 0
		for n < len(list) && list[n].service == service {
			n++
		}
		err := d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error { return disturbedBy(t, service, list[:n]) })
		if err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// disturbedBy is [Desk.disturbed] for one service; a list in the order of time.
func disturbedBy(t *ledger.Tx, service string, list []disturbance) error {
	r, _, err := ledger.Load[wokenRecord](t.Tx, wokenKey(service))
	if err != nil {
		return err
	}
	news := false
	for _, x := range list {
		of, changed := incident.Disturbed(r.Of, x.Interruption)
		r.Of, news = of, news || changed
	}
	if !news {
		return nil
	}
	r.V = 1
	if err := t.Save(wokenKey(service), r); err != nil || incident.RaisedBy(r.Of, t.Now) == "" {
		return err
	}
	return eachOpen(t.Tx, func(n, _ int, f followUpRecord) error {
		if f.Kind != incident.PermanentFix || f.Service != service || f.Unlisted || f.Raised {
			return nil
		}
		return t.Wake(raiseName(n), t.Now)
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
