package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// TestReadBackCutShort: a process that is killed while it plans what to read back leaves
// some of it planned. The next one, which hears Slack only later, has all of it read until
// then: what was written in between is missed by nobody.
func TestReadBackCutShort(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "search is slow", Severity: incident.Sev2})
		x.channelStands()
		x.deliver()
		since := time.Now()
		x.tick(10 * time.Minute)
		x.deliver()
		until := time.Now()
		for range 2 { // planned, and then killed; the second time planned again in the same process
			if _, _, err := x.ReadBack(x.t.Context(), since, until); err != nil {
				t.Fatal(err)
			}
		}
		if list := x.waitingOf(ledger.ReadBack); len(list) != 1 || !list[0].Until.Equal(until) {
			t.Fatalf("planned: %+v, want it once", list)
		}
		x.reopen()
		x.tick(time.Hour)
		later := time.Now()
		if _, _, err := x.ReadBack(x.t.Context(), since, later); err != nil {
			t.Fatal(err)
		}
		list := x.waitingOf(ledger.ReadBack)
		if last := list[len(list)-1]; !last.Until.Equal(later) || !last.Since.Equal(since) {
			t.Errorf("planned: %+v, want it read until %v", list, later)
		}
	})
}
