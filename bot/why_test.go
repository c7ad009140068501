package bot

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// TestWhy asks why people were paged, in the middle of a night on which a way
// failed and somebody had no phone.
func TestWhy(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		p.status["sms"] = "undelivered"
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(30 * time.Second)
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(150 * time.Second)
		r.command("bob", "general", "ack INC-1")
		r.pass(5 * time.Second)
		words := func(n int) string {
			x, err := r.desk.Why(r.t.Context(), incident.Bot, n)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(r.desk.WhyWords(x, desk.Words{Time: func(t time.Time) string { return t.UTC().Format("15:04:05") }}), "\n")
		}
		got := words(1)
		for _, want := range []string{
			"Policy bobs, urgency high; now acknowledged.",
			"Step 1: Bob Stone as person:bob",
			"Bob Stone by sms (sms at once), as person:bob: failed after",
			"not delivered",
			"Bob Stone by voice (voice, earlier because another contact method failed)",
			"answered",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("why INC-1 does not say %q:\n%s", want, got)
			}
		}
		got = words(2)
		for _, want := range []string{"Ada Okafor by slack (slack at once), as person:ada: accepted", "Ada Okafor by push (push after 2m)", "next: Ada Okafor by sms"} {
			if !strings.Contains(got, want) {
				t.Errorf("why INC-2 does not say %q:\n%s", want, got)
			}
		}
		seen, err := r.sim.As("eve").Command("general", "/oncall", "why INC-1")
		if times := regexp.MustCompile(`(^|[^\^0-9])\d{9,}`).FindString(string(seen.Blocks)); times != "" || !strings.Contains(string(seen.Blocks), `\u003c!date^`) {
			t.Errorf("/oncall why INC-1 shows a time as %q: %s", times, seen.Blocks)
		}
		if err != nil || !strings.Contains(string(seen.Blocks)+seen.Text, "earlier because another contact method failed") {
			t.Errorf("/oncall why INC-1 = %+v, %v, want the reasons", seen, err)
		}
		if seen, _ := r.sim.As("eve").Command("general", "/oncall", "why"); !strings.Contains(seen.Text, "why INC-1") {
			t.Errorf("/oncall why = %q, want an example", seen.Text)
		}
	})
}
