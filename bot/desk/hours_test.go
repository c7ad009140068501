package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// hoursRoster is a company with support hours on Saturdays, the day with which a
// bubble begins, and with a step that waits for them.
const hoursRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}
  - {id: dan, name: Dan Ray, slack: U0DAN}
teams:
  - {id: payments, name: Payments, members: [ada, bob], slack_group: payments-oncall}
rotations:
  - {id: day, team: payments, time_zone: UTC, layers: [{id: l, people: [ada], start: 1999-12-01T00:00, every: {weeks: 1}}]}
  - {id: night, team: payments, time_zone: UTC, layers: [{id: l, people: [bob], start: 1999-12-01T00:00, every: {weeks: 1}}]}
policies:
  - id: payments
    support_hours: {days: [sat], from: "09:00", to: "17:00", time_zone: UTC}
    steps:
      - {notify: [person:ada], wait: 5m}
      - {notify: [person:bob], wait: 5m}
    last_resort: [channel:incidents]
  - id: waits
    steps:
      - {notify: [person:ada], wait: 5m}
      - {notify: [person:bob], wait: 5m, hours: {days: [sat], from: "09:00", to: "17:00", time_zone: UTC}, outside: wait}
      - {notify: [person:cleo], wait: 5m}
    last_resort: [channel:incidents]
  - id: parts
    steps:
      - {notify: [rotation:day], wait: 5m, hours: {days: [sat], from: "09:00", to: "17:00", time_zone: UTC}}
      - {notify: [rotation:night], wait: 5m, hours: {days: [sat], from: "00:00", to: "06:00", time_zone: UTC}}
    last_resort: [person:dan]
services:
  - {id: checkout, name: Checkout, policy: payments}
  - {id: search, name: Search, policy: waits}
  - {id: parts, name: Parts, policy: parts}
defaults: {service: checkout, policy: payments}
`

// why is the explanation of an incident, with times of day.
func (x *fixture) why(n int) string {
	x.t.Helper()
	e, err := x.Why(background(), incident.Bot, n)
	if err != nil {
		x.t.Fatal(err)
	}
	return strings.Join(x.WhyWords(e, Words{Time: func(t time.Time) string { return t.UTC().Format("15:04") }}), "\n")
}

// TestSupportHours pages a sev2 at midnight: in the morning by low rules, and up
// the ladder when the support hours begin.
func TestSupportHours(t *testing.T) {
	withRoster(t, hoursRoster, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev2})
		x.tick(8 * time.Hour)
		x.pagesAre("at eight")
		if got := x.why(1); !strings.Contains(got, "urgency low, high from 09:00, when the support hours begin") || !strings.Contains(got, "Ada Okafor is asleep and is paged at 08:30") {
			t.Errorf("why at eight:\n%s", got)
		}
		x.tick(45 * time.Minute)
		x.pagesAre("awake", "ada by push", "ada by slack")
		x.tick(16 * time.Minute)
		x.pagesAre("the hours have begun", "ada by push", "ada by slack")
		x.tick(5 * time.Minute)
		x.pagesAre("the ladder goes on", "bob by push", "bob by slack")
		_, events := x.folds(1)
		said := texts(events)
		for _, want := range []string{
			"Outside the support hours of payments: it is not urgent before Sat 1 Jan 09:00 (UTC).",
			"Support hours have begun, so it is urgent now. Step 1: Ada Okafor as person:ada",
		} {
			if !strings.Contains(said, want) || want[0] == 'S' && !strings.Contains(x.why(1), want) {
				t.Errorf("the timeline, or why, does not say %q:%s\n%s", want, said, x.why(1))
			}
		}
	})
}

// TestSupportHoursHoldNothingBack tries what must page at night all the same.
func TestSupportHoursHoldNothingBack(t *testing.T) {
	withRoster(t, hoursRoster, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev1})
		x.pagesAre("sev1", "ada by push", "ada by slack")
		x.declare(incident.Declaration{})
		x.pagesAre("nobody has said how bad it is", "ada by push", "ada by slack")
		x.declare(incident.Declaration{Severity: incident.Sev2})
		x.pagesAre("sev2")
		x.act(eve, 3, Act{Verb: SetSeverity, Severity: incident.Sev1})
		x.pagesAre("raised to sev1", "ada by push", "ada by slack")
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.act(ada, 2, Act{Verb: Acknowledge})
		x.act(ada, 3, Act{Verb: Acknowledge})
		x.pages()

		x.tick(10 * time.Hour)
		x.pages() // of somebody else, since nothing was heard from the commander of a sev1
		x.declare(incident.Declaration{Severity: incident.Sev2})
		x.pagesAre("sev2 within the hours", "ada by push", "ada by slack")
		x.tick(time.Minute)
		x.act(ada, 4, Act{Verb: Resolve})
		x.tick(10 * time.Hour)
		x.act(eve, 4, Act{Verb: Reopen, Text: "it is back"})
		x.pagesAre("reopened outside of them")
	})
}

// TestSeverityOutsideSupportHours changes the severity at night.
func TestSeverityOutsideSupportHours(t *testing.T) {
	withRoster(t, hoursRoster, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev3})
		x.declare(incident.Declaration{Severity: incident.Sev2})
		x.declare(incident.Declaration{Severity: incident.Sev4})
		x.act(eve, 1, Act{Verb: SetSeverity, Severity: incident.Sev2})
		x.act(eve, 2, Act{Verb: SetSeverity, Severity: incident.Sev3})
		x.act(eve, 3, Act{Verb: SetSeverity, Severity: incident.Sev2})
		x.pagesAre("changed at night")
		for n, want := range map[int]string{1: "high from 09:00, when", 2: "urgency low; now triggered", 3: "high from 09:00, when"} {
			if got := x.why(n); !strings.Contains(got, want) {
				t.Errorf("why INC-%d does not say %q:\n%s", n, want, got)
			}
		}
		x.tick(8*time.Hour + 45*time.Minute)
		x.pages()
		x.tick(20 * time.Minute)
		x.pagesAre("two have become urgent, and one must not", "ada by push", "ada by push", "ada by slack", "ada by slack", "bob by push", "bob by push", "bob by slack", "bob by slack")
	})
}

// TestStepWaits waits for the hours of a step over a restart, and not for whoever
// escalates.
func TestStepWaits(t *testing.T) {
	withRoster(t, hoursRoster, func(x *fixture) {
		x.declare(incident.Declaration{Service: "search", Severity: incident.Sev1})
		x.tick(5 * time.Minute)
		x.pages()
		_, events := x.folds(1)
		if want := "Step 2 waits for its hours, which begin Sat 1 Jan 09:00 (UTC)"; !strings.Contains(texts(events), want) || !strings.Contains(x.why(1), want) {
			t.Errorf("the timeline does not say %q:%s\n%s", want, texts(events), x.why(1))
		}
		if want := "person:bob is paged at 09:00, when the hours of the step begin"; !strings.Contains(x.why(1), want) {
			t.Errorf("why does not say %q:\n%s", want, x.why(1))
		}
		x.tick(time.Hour)
		x.reopen()
		x.tick(8 * time.Hour)
		x.pagesAre("the hours have begun", "bob by push", "bob by slack", "cleo by push", "cleo by slack")
		if got := x.why(1); !strings.Contains(got, "The hours of the step have begun. Step 2: Bob Stone as person:bob") {
			t.Errorf("why does not say that the hours have begun:\n%s", got)
		}

		x.tick(12 * time.Hour)
		x.declare(incident.Declaration{Service: "search", Severity: incident.Sev1})
		x.tick(10 * time.Minute)
		x.pages()
		if _, err := x.Escalate(background(), Caller{Actor: eve}, 2); err != nil {
			t.Fatal(err)
		}
		x.pagesAre("escalated while a step waits", "cleo by push", "cleo by slack")
		x.declare(incident.Declaration{Service: "search", Severity: incident.Sev1})
		x.act(ada, 3, Act{Verb: Acknowledge})
		x.pages()
		if _, err := x.Escalate(background(), Caller{Actor: ada}, 3); err != nil {
			t.Fatal(err)
		}
		x.pagesAre("more help outside the hours of the next step", "cleo by push", "cleo by slack")
	})
}

// TestStepsOfParts has a step for the day and one for the night, and hours that
// belong to nobody.
func TestStepsOfParts(t *testing.T) {
	withRoster(t, hoursRoster, func(x *fixture) {
		group := func() []string { return x.people.Groups()[0].Members }
		if got := group(); !slices.Equal(got, []string{"U0BOB"}) {
			t.Errorf("the user group at midnight is %v, want who would be paged first", got)
		}
		x.declare(incident.Declaration{Service: "parts", Severity: incident.Sev1})
		x.pagesAre("at midnight", "bob by push", "bob by slack")
		if got := x.why(1); !strings.Contains(got, "rotation:day was not paged: outside the hours of the step") {
			t.Errorf("why does not say that the first step was passed:\n%s", got)
		}
		if _, err := x.Page(background(), Caller{Actor: eve}, 1, Call{Target: "parts"}); err != nil {
			t.Fatal(err)
		}
		x.pagesAre("a service by hand at midnight", "bob by push", "bob by slack")
		x.act(bob, 1, Act{Verb: Resolve})
		x.tick(7 * time.Hour)
		x.pages()
		x.declare(incident.Declaration{Service: "parts", Severity: incident.Sev1})
		x.pagesAre("at seven the last resort is told at once", "dan by push", "dan by slack")
		x.act(bob, 2, Act{Verb: Resolve})
		x.tick(3 * time.Hour)
		x.pages()
		if got := group(); !slices.Equal(got, []string{"U0ADA"}) {
			t.Errorf("the user group at ten is %v, want who would be paged first", got)
		}
	})
}
