package desk

import (
	"context"
	"errors"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

const numbersKey = "numbers"

// numbersRecord is which numbers of incidents may have been given by a store of which
// this one is a copy. There is none where that never was so.
type numbersRecord struct {
	V     int `json:"v"`
	After int `json:"after"` // the next incident has a higher one
	Times int `json:"times"` // how often a copy was put to work

	// Unsure is set until it was seen in Slack that none is higher.
	Unsure bool `json:"unsure,omitempty"`
}

// incidentsLeftOut is how many numbers are left out when a copy is put to work, at
// least; the first that is given is a round one, so that it is seen where the break is.
const incidentsLeftOut = 100

// settle leaves out numbers where the store is a copy: what was declared after it was
// made has them.
func (d *Desk) settle(ctx context.Context) error {
	if copied, after := d.ledger.Copied(); copied {
		err := d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
			last, err := d.lastNumber(t.Tx)
			if err != nil {
				return err
			}
			r, _, err := ledger.Load[numbersRecord](t.Tx, numbersKey)
			if err != nil {
				return err
			}
			r.V, r.Times, r.Unsure = 1, r.Times+1, true
			r.After = (max(last, after)/incidentsLeftOut+2)*incidentsLeftOut - 1
			return t.Save(numbersKey, r)
		})
		if err != nil {
			return err
		}
	}
	return d.ledger.View(ctx, func(tx *storage.Tx) error {
		r, _, err := ledger.Load[numbersRecord](tx, numbersKey)
		d.settled.Store(int64(r.Times))
		return err
	})
}

// lastNumber is the highest number that an incident may have; 0: there is none.
func (d *Desk) lastNumber(tx *storage.Tx) (int, error) {
	key, _, err := tx.Last("incident/")
	if errors.Is(err, storage.ErrNotFound) {
		key, err = "", nil
	}
	if err != nil {
		return 0, err
	}
	r, _, err := ledger.Load[numbersRecord](tx, numbersKey)
	return max(ledger.LastNumber(key), r.After, d.ledger.HighestDamaged()), err
}

// NumbersUnsure reports whether incidents may have been declared of which this store does
// not know, since it is a copy, see [Desk.NumbersSeen].
func (d *Desk) NumbersUnsure(ctx context.Context) (unsure bool, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		r, _, err := ledger.Load[numbersRecord](tx, numbersKey)
		unsure = r.Unsure
		return err
	})
	return unsure, err
}

// NumbersSeen records the highest number of an incident that stands in Slack; 0: none
// does. Later ones have higher numbers.
func (d *Desk) NumbersSeen(ctx context.Context, highest int) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		r, _, err := ledger.Load[numbersRecord](t.Tx, numbersKey)
		if err != nil {
			return err
		}
		r.V, r.After, r.Unsure = 1, max(r.After, highest), false
		d.numbered = 0
		return t.Save(numbersKey, r)
	})
}
