package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// hoursRoster has support hours on Saturdays, the day with which a bubble begins
// at midnight, and a step that waits for an hour of its own.
const hoursRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, phone: "+4915100000001", rules: {high: [{via: sms}], low: [{via: slack}]}}
  - {id: bob, name: Bob Stone, slack: U0BOB, phone: "+4915100000002", rules: {high: [{via: sms}], low: [{via: slack}]}}
policies:
  - id: payments
    support_hours: {days: [sat], from: "09:00", to: "17:00", time_zone: UTC}
    steps:
      - {notify: [person:ada], wait: 10m}
      - {notify: [person:bob], wait: 10m, hours: {days: [sat], from: "10:00", to: "17:00", time_zone: UTC}, outside: wait}
    last_resort: [channel:incidents]
services:
  - {id: checkout, name: Checkout, kind: product, policy: payments}
defaults: {service: checkout, policy: payments}
`

// TestNightOutsideSupportHours declares a sev2 at night: ada is asked quietly when
// she is awake, loudly when the support hours begin, and bob when his step's hours
// do. Before each of them the bot is killed and started again.
func TestNightOutsideSupportHours(t *testing.T) {
	t.Parallel()
	longLife(t)
	synctest.Test(t, func(t *testing.T) {
		r, p := newRig(t, slacksim.Options{ConnectionLife: 1000 * time.Hour}), newProviders()
		r.roster, r.world = hoursRoster, p
		defer r.close()
		r.start()
		midnight := time.Now().Truncate(24 * time.Hour)
		until := func(clock string) {
			at, err := time.Parse("15:04", clock)
			if err != nil {
				t.Fatal(err)
			}
			r.pass(time.Until(midnight.Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)))
		}
		paged := func(when string, slack, ada, bob int) {
			t.Helper()
			if n := len(r.marked(r.dm("U0ADA"), "page", "INC-1")); n != slack {
				t.Errorf("%s: ada has %d pages in Slack, want %d", when, n, slack)
			}
			if n, m := counts(p, "0001")["sms"], counts(p, "0002")["sms"]; n != ada || m != bob {
				t.Errorf("%s: ada has %d text messages and bob %d, want %d and %d", when, n, m, ada, bob)
			}
		}
		until("01:00")
		r.command("eve", "general", "declare card payments fail sev2")
		until("08:00")
		r.stop()
		paged("at night", 0, 0, 0)
		until("08:15")
		r.start()
		until("08:45")
		r.stop()
		paged("ada is awake", 1, 0, 0)
		until("08:50")
		r.start()
		until("09:05")
		paged("the support hours have begun", 1, 1, 0)
		until("09:15")
		paged("the next step waits", 1, 1, 0)
		r.stop()
		until("09:55")
		r.start()
		until("10:05")
		paged("the hours of the step have begun", 1, 1, 1)

		_, events := r.fold(1)
		var said []string
		for _, e := range events {
			said = append(said, e.Text)
		}
		x, err := r.desk.Why(r.t.Context(), incident.Bot, 1)
		if err != nil {
			t.Fatal(err)
		}
		why := strings.Join(r.desk.WhyWords(x, desk.Words{Time: func(t time.Time) string { return t.UTC().Format("15:04") }}), "\n")
		channel := r.channel("inc-1-card-payments-fail").Messages
		for _, want := range []string{
			"Support hours have begun, so it is urgent now. Step 1: Ada Okafor",
			"Step 2 waits for its hours, which begin Sat 1 Jan 10:00 (UTC)",
			"The hours of the step have begun. Step 2: Bob Stone",
		} {
			if !strings.Contains(strings.Join(said, "\n"), want) || !strings.Contains(why, want) {
				t.Errorf("the timeline, or why, does not say %q:\n%s\n%s", want, strings.Join(said, "\n"), why)
			}
		}
		r.find(channel, "Outside the support hours of payments: it is not urgent before Sat 1 Jan 09:00 (UTC).")
		r.find(channel, "Step 2 waits for its hours, which begin Sat 1 Jan 10:00 (UTC)")
		if seen := r.oncall("eve", "why INC-1"); !strings.Contains(string(seen.Blocks)+seen.Text, "Support hours have begun") {
			t.Errorf("/oncall why INC-1 = %+v, want that the support hours have begun", seen)
		}
	})
}

// TestAwayWhenSupportHoursBegin has nobody at the door at nine: the ladder begins
// when the bot is back, and not all of it at once.
func TestAwayWhenSupportHoursBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, p := newRig(t, slacksim.Options{ConnectionLife: 1000 * time.Hour}), newProviders()
		r.roster, r.world = hoursRoster, p
		defer r.close()
		r.start()
		r.command("eve", "general", "declare card payments fail sev2")
		r.pass(time.Minute)
		r.stop()
		r.pass(18 * time.Hour) // the hours of both have begun and are over
		r.start()
		r.pass(time.Minute)
		if n, m := counts(p, "0001")["sms"], counts(p, "0002")["sms"]; n != 1 || m != 0 {
			t.Errorf("back again: ada has %d text messages and bob %d, want 1 and 0", n, m)
		}
	})
}
