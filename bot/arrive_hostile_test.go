package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// TestFormsOfWhoeverIsThere opens a form to somebody who types in an incident's channel,
// also where Slack has not said that they are there: typing shows it. Elsewhere, and in
// the channel of another incident, it shows nothing.
func TestFormsOfWhoeverIsThere(t *testing.T) {
	t.Parallel()
	inBubble(t, withMax, func(r *rig) {
		r.command("eve", "general", "declare checkout is down sev1")
		r.command("eve", "general", "declare search is slow sev1")
		r.pass(time.Minute)
		one, two := r.channel("inc-1-checkout-is-down"), r.channel("inc-2-search-is-slow")
		for _, c := range []string{one.ID, two.ID} {
			r.ok(r.sim.As("max").Join(c))
			r.pass(time.Second)
			r.ok(r.desk.Left(r.t.Context(), desk.Visit{Channel: c, User: "U0MAX"}))
		}
		r.command("eve", one.ID, "resolve")
		r.pass(20 * time.Second)
		for _, where := range []string{"general", two.ID} {
			if seen := r.command("max", where, "close INC-1"); !strings.Contains(seen.Text, "To close INC-1 you must be in its channel") {
				t.Errorf("in %s max sees %q, want a refusal", where, seen.Text)
			}
		}
		r.command("max", one.ID, "close")
		v := r.view("U0MAX")
		result := r.submit("max", v, map[string]map[string]any{"how": {"value": "rollback"}, "reviewer": {"value": "U0BOB"}})
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); !result.Closed || i.Status != incident.Closed {
			t.Errorf("max submits %+v, and INC-1 is %s", result, i.Status)
		}
	})
}
