package desk

import (
	"bytes"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// TestRefold: states that an earlier version has computed are computed anew, once, also if
// the program ends after each step of it; what is of this version already is left alone.
func TestRefold(t *testing.T) {
	inBubble(t, func(x *fixture) {
		const many = 45
		for range many {
			x.declare(incident.Declaration{Severity: incident.Sev3})
			time.Sleep(time.Minute)
		}
		x.act(eve, 2, Act{Verb: Merge, Into: 1})
		x.reopen()
		finish := func() (steps int) {
			for ; steps < 100; steps++ {
				var due time.Time
				planned := false
				err := x.db.View(background(), func(tx *storage.Tx) (err error) {
					due, planned, err = ledger.DueIn(tx, foldedName)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if !planned {
					return steps
				}
				time.Sleep(max(0, time.Until(due)))
				if err := x.led.Tick(background(), time.Now()); err != nil {
					t.Fatal(err)
				}
				x.reopen()
			}
			return steps
		}
		if steps := finish(); steps == 0 {
			t.Error("a store without the mark is taken for one of this version")
		}
		if steps := finish(); steps > 0 {
			t.Errorf("it is done again, in %d steps", steps)
		}
		// As earlier versions left it.
		err := x.led.Update(background(), ledger.Request{}, func(tx *ledger.Tx) error {
			for n := 1; n <= many; n++ {
				b, err := tx.Get(incidentKey(n))
				if err != nil {
					return err
				}
				if err := tx.Put(incidentKey(n), bytes.Replace(b, []byte(`"severity":3`), []byte(`"severity":4`), 1)); err != nil {
					return err
				}
			}
			if err := tx.Delete(partPrefix(1) + ledger.Number(2)); err != nil {
				return err
			}
			return tx.Delete(foldedKey)
		})
		if err != nil {
			t.Fatal(err)
		}
		x.reopen()
		if steps := finish(); steps < many/refoldMost {
			t.Errorf("it took %d steps, want it done some at a time", steps)
		}
		if i, err := x.Show(background(), incident.Bot, many); err != nil || i.Incident.Severity != incident.Sev3 {
			t.Errorf("INC-%d is %+v, %v; want it sev3", many, i, err)
		}
	})
}
