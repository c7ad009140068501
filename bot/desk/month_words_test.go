package desk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
)

// TestRegularMessagesOfTheDemonstration reads what the demonstration's company is told of
// its months and weeks, and the summaries of its incidents, word for word.
func TestRegularMessagesOfTheDemonstration(t *testing.T) {
	withRoster(t, string(configs.DemoRoster()), func(x *fixture) {
		x.spoilt = true // nobody was paged by this program
		var past []struct {
			Number int              `json:"number"`
			Events []incident.Event `json:"events"`
		}
		if err := json.Unmarshal(configs.DemoIncidents(), &past); err != nil {
			t.Fatal(err)
		}
		for _, p := range past {
			if err := x.Import(background(), p.Number, p.Events); err != nil {
				t.Fatal(err)
			}
		}
		x.opt.Zone = business
		month := func(m time.Month) string {
			of, err := x.monthOf(background(), "gold", time.Date(2026, m, 1, 0, 0, 0, 0, business))
			if err != nil {
				t.Fatal(err)
			}
			return of.Words() + "\n" + of.AltWords()
		}
		for _, c := range []struct{ got, want string }{
			{month(time.August), "\nDurations and promises of gold, August 2026. detect no figure yet. first ack no figure yet. mitigate no figure yet. impact no figure yet. resolve no figure yet. no promise was due"},
			{month(time.November), `Agreement gold, November 2026: 1 incident. 1 of 1 incident kept every promise; acknowledged in time: 1 of 1, updated: 1 of 1, restored: 1 of 1.
Left out: near miss 1 (INC-12), merged 1 (INC-11).
Time to the mitigation (declared → first mitigated): 27 min (1 figure); against the month before: no clear change.
Time to the end of the impact (impact began → impact over, without the time in between): 3 h 17 min (1 figure); against the month before: no clear change.
First seen by: customers 1.
Durations and promises of gold, November 2026. detect 2 h 45 min (1 figure). first ack 3 min (1 figure). mitigate 27 min (1 figure). impact 3 h 17 min (1 figure). resolve 21 h 15 min (1 figure). 1 of 1 incident kept every promise; acknowledged in time: 1 of 1, updated: 1 of 1, restored: 1 of 1`},
		} {
			if c.got != c.want {
				t.Errorf("a month is\n%s\nwant\n%s", c.got, c.want)
			}
		}
		if got := month(time.September); !strings.Contains(got, "15, 33 min (2 figures); there is no figure of the month before.") || !strings.Contains(got, "follow-ups INC-2-F2, INC-2-F3.") {
			t.Errorf("September is\n%s", got)
		}
		w, err := x.weekOf(background(), "storefront", time.Date(2026, 10, 12, 0, 0, 0, 0, business))
		if want := "Last week on call: 3 interrupts, 3 at night (Storefront web). 1 permanent fix is open, for 2 days."; err != nil || w.Words() != want {
			t.Errorf("a week is %q, %v; want %q", w.Words(), err, want)
		}
		for n, want := range map[int]string{
			5:  "This version goes to \\#stakeholders-shop, \\#stakeholders-finance.",
			7:  "| Related | INC-6 |",
			8:  "On 14 October 2026 it looked as if the function “card” of Payments gave errors. It was a false alarm: no customer was affected.",
			10: "| Like it | INC-2, Card payments fail for one network; it was mitigated by a workaround |",
			12: "On 17 November 2026 there was a near miss with the function “card” of Payments (“Near miss: callback certificate ends in 26 hours”): no customer was affected.",
		} {
			d, err := x.Postmortem(background(), "admin:cli", n, business)
			if text := d.Markdown(); err != nil || !strings.Contains(text, want) || (n == 8 || n == 12) && strings.Contains(text, "Customers saw") {
				t.Errorf("INC-%d, %v:\n%.1200s\nwant %s", n, err, text, want)
			}
		}
	})
}
