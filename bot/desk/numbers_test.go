package desk

import (
	"testing"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// TestCopyLeavesOutNumbers: a store that is a copy gives no number that the other one may
// have given since, of incidents or of jobs, and does so once.
func TestCopyLeavesOutNumbers(t *testing.T) {
	for _, tt := range []struct{ after, want, seen int }{{0, 200, 0}, {99, 200, 250}, {100, 300, 300}, {431, 600, 1}} {
		inBubble(t, func(x *fixture) {
			x.declare(incident.Declaration{Severity: incident.Sev1})
			before := 0
			for _, j := range x.led.Take() {
				before = max(before, j.Number)
			}
			if err := ledger.MarkCopy(background(), x.db, tt.after); err != nil {
				t.Fatal(err)
			}
			if err := x.db.Close(); err != nil {
				t.Fatal(err)
			}
			x.open()
			if err := x.led.Settle(background()); err != nil {
				t.Fatal(err)
			}
			if unsure, err := x.NumbersUnsure(background()); !unsure || err != nil {
				t.Errorf("NumbersUnsure() = %v, %v; want that Slack is asked", unsure, err)
			}
			if i := x.declare(incident.Declaration{Severity: incident.Sev4}); i.Number != tt.want {
				t.Errorf("after %d: INC-%d is declared, want INC-%d", tt.after, i.Number, tt.want)
			}
			x.led.Take()
			x.act(eve, 1, Act{Verb: Resolve, How: "rollback"})
			for _, j := range x.led.Take() {
				if !j.Kind.Row().Marked && j.Incident == 1 && j.Number <= before+ledger.JobsLeftOut {
					t.Errorf("INC-1 had jobs up to %d, and has the job %d after the copy was put back", before, j.Number)
				}
			}
			if err := x.NumbersSeen(background(), tt.seen); err != nil {
				t.Fatal(err)
			}
			if err := x.db.Close(); err != nil {
				t.Fatal(err)
			}
			x.open() // which is no copy any more
			if unsure, err := x.NumbersUnsure(background()); unsure || err != nil {
				t.Errorf("NumbersUnsure() later = %v, %v", unsure, err)
			}
			if i := x.declare(incident.Declaration{Severity: incident.Sev3}); i.Number != max(tt.want, tt.seen)+1 {
				t.Errorf("after %d, with INC-%d in Slack: INC-%d is declared then", tt.after, tt.seen, i.Number)
			}
		})
	}
}
