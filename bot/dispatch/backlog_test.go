package dispatch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
)

// TestBacklog: what waits is told by priority, as of when it could have left. What is
// to wait for its time is not late, however long ago it was decided.
func TestBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		var got [Priorities]Backlog
		o := NewOutbox(Options{Waiting: func(all [Priorities]Backlog) { got = all }})
		o.stands[1] = true // the channel
		o.add([]ledger.Job{
			{Incident: 1, Number: 1, Kind: ledger.Notify, Person: "person:ada", Via: "push", Created: now.Add(-time.Hour), NotBefore: now.Add(-time.Minute)},
			{Incident: 2, Number: 1, Kind: ledger.Notify, Person: "person:ada", Via: "push", Created: now.Add(-time.Hour), NotBefore: now.Add(time.Minute)},
			{Incident: 1, Number: 2, Kind: ledger.Say, Created: now.Add(-2 * time.Minute)},
			{Incident: 1, Number: 3, Kind: ledger.Postmortem, Created: now.Add(-time.Second)}, // in the lane of what is said
			{Incident: 1, Number: 4, Kind: ledger.Alarm, Created: now},
		}, now)
		o.tellWaiting()
		want := [Priorities]Backlog{
			0: {Jobs: 2, Oldest: now.Add(-time.Minute)},
			2: {Jobs: 1, Oldest: now.Add(-2 * time.Minute)},
			3: {Jobs: 2, Oldest: now.Add(-time.Second)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what waits (-want +got):\n%s", diff)
		}
	})
}
