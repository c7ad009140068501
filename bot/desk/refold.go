package desk

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

const (
	foldedKey  = "folded"
	foldedName = "refold"

	// foldVersion counts up whenever [incident.Fold] makes another state of a timeline
	// than before, or an index comes that incidents of before have no place in.
	foldVersion = 1
)

// foldedRecord is how far the incidents of earlier versions are brought into the form of
// this one.
type foldedRecord struct {
	V       int `json:"v"`
	Version int `json:"version"` // with which all are; 0: of some earlier one
	Upto    int `json:"upto"`    // and those up to this incident with the present one
}

// refoldEvents is how many events one transaction reads, and refoldEvery how long after
// it the next one comes: a start with many incidents must not hold anything up.
const (
	refoldEvents = 1000
	refoldMost   = 20
	refoldEvery  = 20 * time.Millisecond
)

// startRefold plans to compute the state of all incidents anew from their timelines, if
// an earlier version has computed it.
func (d *Desk) startRefold(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		r, _, err := ledger.Load[foldedRecord](t.Tx, foldedKey)
		if err != nil || r.Version >= foldVersion {
			return err
		}
		if last, err := d.lastNumber(t.Tx); err != nil || last == 0 {
			return err // there is nothing of an earlier version
		}
		return t.Wake(foldedName, t.Now)
	})
}

// tickRefold computes some anew. It may be cut short, and goes on where it was.
func (d *Desk) tickRefold(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		r, _, err := ledger.Load[foldedRecord](t.Tx, foldedKey)
		if err != nil {
			return err
		}
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		events, changed := 0, 0
		for key := range t.ScanFrom("incident/", incidentKey(r.Upto+1)) {
			if events >= refoldEvents || changed >= refoldMost {
				r.V = 1
				return cmp.Or(t.Save(foldedKey, r), t.Wake(name, now.Add(refoldEvery)))
			}
			n := ledger.LastNumber(key)
			read, anew, err := w.refold(n)
			if err != nil {
				return err
			}
			r.Upto, events = n, events+read
			if anew {
				changed++
			}
		}
		return cmp.Or(t.Save(foldedKey, foldedRecord{V: 1, Version: foldVersion}), t.Sleep(name))
	})
}

// refold computes the state of incident n anew. A timeline that makes none is left as it
// is, for fsck to tell of.
func (w *work) refold(n int) (events int, changed bool, err error) {
	was, err := loadIncident(w.Tx.Tx, n)
	if err != nil {
		return 0, false, err
	}
	if w.Reachable(eventPrefix(n)) != nil {
		return 0, false, nil // its file is missing: its state stays as it was made
	}
	list, err := timeline(w.Tx.Tx, n)
	if err != nil {
		return 0, false, err
	}
	if was.MergedInto > 0 {
		part := partPrefix(was.MergedInto) + ledger.Number(n)
		if _, err := w.Get(part); err != nil { // of before there was such an index
			if err := w.Put(part, nil); err != nil {
				return 0, false, err
			}
			changed = true
		}
	}
	now, err := incident.Fold(n, list)
	if err != nil || len(list) != was.Events || len(differing(now, was)) == 0 {
		return len(list), changed, nil
	}
	if err := w.index(was, now); err != nil {
		return 0, false, fmt.Errorf("compute %s anew: %w", now.Name(), err)
	}
	w.d.past.note(now)
	return len(list), true, saveIncident(w.Tx.Tx, now)
}
