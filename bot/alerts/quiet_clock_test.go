package alerts

import (
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/rotation"
)

// TestSilenceOfAClockAhead: a silence of two hours that was made while the clock was years
// ahead lasts two hours when it is right again, and what it holds back is taken up at its end.
func TestSilenceOfAClockAhead(t *testing.T) {
	t.Parallel()
	for name, restarts := range map[string]bool{"at the start": true, "when it is set back": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, "", func(r *room) {
				const years = 3 * 365 * 24 * time.Hour
				r.ledger.Wall = func() time.Time { return time.Now().Add(years) }
				m := rotation.Matcher{Label: "instance", Value: "db-7"}
				if _, err := r.Silence(r.t.Context(), desk.Caller{Actor: ada}, []rotation.Matcher{m}, time.Time{}, time.Now().Add(years+2*time.Hour), ""); err != nil {
					r.t.Fatal(err)
				}
				r.take("am", labelled("a", "instance", "db-7"))
				if r.held() != 1 {
					r.t.Fatalf("%d alerts are held back", r.held())
				}
				if r.ledger.Wall = nil; restarts {
					r.reopen()
				}
				r.take("am", labelled("b", "instance", "web-1"), labelled("c", "instance", "db-7")) // it is noticed, at the latest
				if r.held() != 2 || !slices.Equal(r.active(), []int{1}) {
					r.t.Errorf("%d alerts are held back, open are %v; want the silence in force", r.held(), r.active())
				}
				r.pass(2*time.Hour + time.Minute)
				if r.held() != 0 || r.quietNamed("s1").Fired != 2 {
					r.t.Errorf("%d alerts are held back still, %d were taken up", r.held(), r.quietNamed("s1").Fired)
				}
			})
		})
	}
}
