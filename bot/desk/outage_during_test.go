package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestOutageIsInWhatEndedMeanwhile: the timeline of everything that was open at some time
// while Slack was away says so, once, and no other one.
func TestOutageIsInWhatEndedMeanwhile(t *testing.T) {
	withRoster(t, privateRoster, func(x *fixture) {
		var n []int
		for range 4 {
			n = append(n, x.declare(incident.Declaration{Title: "Checkout is slow", Severity: incident.Sev3}).Number)
			x.tick(time.Minute)
		}
		end := func(n int) {
			x.act(ada, n, Act{Verb: Resolve, How: incident.Fix, Text: "it is calm"})
			x.act(ada, n, Act{Verb: Close})
		}
		end(n[0]) // before
		x.tick(time.Minute)
		if err := x.SlackLost(background(), time.Now()); err != nil {
			t.Fatal(err)
		}
		x.tick(10 * time.Minute)
		end(n[1])
		x.act(ada, n[2], Act{Verb: Cancel, Text: "a test"})
		x.tick(10 * time.Minute)
		for range 2 {
			if err := x.SlackBack(background()); err != nil {
				t.Fatal(err)
			}
		}
		for k, want := range []int{0, 1, 1, 1} {
			_, events := x.folds(n[k])
			got := 0
			for _, e := range events {
				if strings.HasPrefix(e.Text, "Slack was not reachable") {
					got++
				}
			}
			if got != want {
				t.Errorf("INC-%d says it %d times, want %d", n[k], got, want)
			}
		}
	})
}
