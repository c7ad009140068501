package alerts

import (
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage/storagetest"
)

var update = flag.Bool("update", false, "write the golden files that are missing; those that exist are never changed")

// TestRecords reads every type of record as an earlier version wrote it.
func TestRecords(t *testing.T) {
	storagetest.Records(t, *update, nil,
		Alert{}, tallyRecord{}, groupRecord{}, changeRecord{}, earlierRecord{}, countRecord{}, keyRecord{}, keyUseRecord{}, quietRecord{}, beatRecord{}, upRecord{})
}

// TestEarlierRecord: an alert that an earlier version recorded is known, also after it was
// looked which alerts may be forgotten; and it is looked for no more once there is none.
func TestEarlierRecord(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.take("am", firing("a"))
		if r.earlier.Load() {
			t.Error("a store without alerts is looked through for those of an earlier version")
		}
		r.odd = true // the incident is of this version, and counts its alerts
		err := r.ledger.Update(r.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error {
			e := earlierRecord{V: 1, Incident: 1, Last: tx.Now}
			e.Known.Open, e.Known.Fired = true, 3
			return errors.Join(tx.Save(earlierKey("old"), e), tx.Save(earlierKey("older"), e))
		})
		if err != nil {
			t.Fatal(err)
		}
		r.reopen()
		comes := func(id string) {
			in := firing(id)
			in.Service = "edge"
			if taken := r.take("am", in)[0]; taken.Incident != 1 {
				t.Errorf("the alert %s is of incident %d, want 1", id, taken.Incident)
			}
		}
		comes("older")
		r.pass(25 * time.Hour)
		comes("old")
		if !r.earlier.Load() {
			t.Error("alerts of an earlier version are not looked for, and there was one")
		}
		r.pass(25 * time.Hour)
		if r.earlier.Load() {
			t.Error("alerts of an earlier version are looked for, and there is none")
		}
	})
}
