package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
)

// TestJobsOfANewerVersion are set aside with their reason, and the operators are told
// once; everything else goes on.
func TestJobsOfANewerVersion(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		n := x.declare()
		x.run(time.Minute)
		err := x.led.Update(x.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error {
			for k := range 3 {
				if err := tx.Add(ledger.Job{Incident: n, Number: 900 + k, Kind: "hologram"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		x.run(time.Minute)
		if keys := x.keys("outbox/"); len(keys) > 0 {
			t.Errorf("still tried: %v", keys)
		}
		if keys := x.keys("setaside/"); len(keys) != 3 || !strings.HasPrefix(keys[0], "setaside/") {
			t.Errorf("kept: %v, want the three jobs", keys)
		}
		alarms := 0
		for _, k := range x.kinds() {
			if k == ledger.Alarm {
				alarms++
			}
		}
		if alarms != 1 {
			t.Errorf("the operators were told %d times, want once", alarms)
		}
	})
}
