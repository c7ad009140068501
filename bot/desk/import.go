package desk

import (
	"context"
	"fmt"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/storage"
)

// Import stores an incident that happened elsewhere or earlier, as its whole
// timeline. Nothing of it reaches anybody, but what is left to do after it is listed and
// reminded of as any follow-up is. Its number must be the next one, so that numbers
// stay without holes, and it must have ended: an import that pages people would be a
// surprise.
func (d *Desk) Import(ctx context.Context, n int, events []incident.Event) error {
	i, err := incident.Fold(n, events)
	if err != nil {
		return err
	}
	if i.Status.Active() {
		return refusal("Import it once it has ended.", "%s is %s.", i.Name(), i.Status)
	}
	documents, err := d.publishedOf(ctx, n, events)
	if err != nil {
		return err
	}
	if i, err = incident.Fold(n, events); err != nil { // with the sums of what was published
		return err
	}
	// A timeline can be longer than a transaction; the record of the incident,
	// which makes it exist, comes last.
	const most = storage.MaxChanges / 2
	for from := 0; from < len(events); from += most {
		part := events[from:min(from+most, len(events))]
		err := d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
			for _, e := range part {
				if err := saveEvent(t.Tx, n, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		next, err := w.nextNumber()
		if err != nil {
			return err
		}
		if next != n {
			return fmt.Errorf("import %s: the next number is %d", i.Name(), next)
		}
		d.past.note(i)
		if err := saveIncident(t.Tx, i); err != nil {
			return err
		}
		for _, r := range documents {
			if err := w.Save(documentKey(n, r.Version), r); err != nil {
				return err
			}
		}
		return w.index(incident.Incident{}, i)
	})
}

// publishedOf makes the documents that a timeline says were published, as they were then,
// and sets their sums in it.
func (d *Desk) publishedOf(ctx context.Context, n int, events []incident.Event) ([]documentRecord, error) {
	var list []documentRecord
	for k := range events {
		e := &events[k]
		if e.Kind != incident.KindPublished {
			continue
		}
		i, err := incident.Fold(n, events[:k])
		if err != nil {
			return nil, err
		}
		var past around // the roster is the one that holds: what held before it is not known
		err = d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
			past.alike, err = d.alikeTo(tx, incident.Bot, i, alikeMost)
			return err
		})
		if err != nil {
			return nil, err
		}
		doc := postmortem.New(i, events[:k], documentContext(d.oncall.Current(), past, i, d.opt.Zone)).Publish(e.Count, e.Text, e.At).In(d.form(i))
		r, err := freeze(doc)
		if err != nil {
			return nil, err
		}
		e.Sum = r.Sum
		list = append(list, r)
	}
	return list, nil
}
