package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const planBase = `
people:
  - {id: ada, name: Ada, slack: U01}
  - {id: bob, name: Bob, slack: U02, level: junior}
  - {id: cleo, name: Cleo, slack: U03}
  - {id: dan, name: Dan}
teams: [{id: payments, members: [ada, bob, cleo, dan]}]
rotations:
  - id: primary
    time_zone: Europe/Berlin
    layers:
      - {id: weekly, people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}}
policies:
  - {id: payments, steps: [{notify: [rotation:primary], wait: 5m}], last_resort: [person:ada]}
`

func at(t testing.TB, s string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestPlan(t *testing.T) {
	now := "2026-03-04T12:00:00Z"
	for _, c := range []struct{ name, from, to, want string }{
		{"the same", "", "", "nothing would change"},
		{"an override", "policies:", "    overrides:\n      - {replace: {person: ada, by: cleo}, start: 2026-03-05T08:00:00Z, end: 2026-03-06T08:00:00Z}\npolicies:", `
rotation primary would be changed
from Thu 5 Mar 09:00 to Fri 6 Mar 09:00 Cleo instead of Ada in primary`},
		{"a removal leaves a gap", "policies:", "    overrides:\n      - {remove: [ada], start: 2026-03-05T08:00:00Z, end: 2026-03-06T08:00:00Z}\npolicies:", `
rotation primary would be changed
from Thu 5 Mar 09:00 to Fri 6 Mar 09:00 nobody instead of Ada in primary
new gap: nobody is on call in primary from Thu 5 Mar 09:00 to Fri 6 Mar 09:00`},
		{"another list", "people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}", "people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}, edits: [{at: 2026-03-10T12:00:00Z, people: [ada, cleo]}]", `
rotation primary would be changed
from Tue 10 Mar 13:00 to Mon 16 Mar 09:00 Ada instead of Bob in primary
from Mon 16 Mar 09:00 to Mon 23 Mar 09:00 Cleo instead of Ada in primary
from Mon 23 Mar 09:00 to Mon 30 Mar 09:00 Ada instead of Bob in primary
from Mon 30 Mar 09:00 to Mon 6 Apr 09:00 Cleo instead of Ada in primary
from Mon 6 Apr 09:00 to Mon 13 Apr 09:00 Ada instead of Bob in primary
and 8 more changes in primary within 90 days`},
		{"an end", "every: {weeks: 1}", "every: {weeks: 1}, until: 2026-12-31T23:00:00Z", `
rotation primary would be changed
new gap: nobody is on call in primary from Fri 1 Jan 2027 00:00 on`},
		{"a new rotation", "policies:", "  - id: office\n    time_zone: UTC\n    layers: [{id: l, people: [cleo], start: 2026-03-01T00:00, every: {days: 1}, windows: [{from: \"09:00\", to: \"17:00\"}]}]\npolicies:", `
rotation office would be added
new gap: nobody is on call in office from Wed 4 Mar 17:00 to Thu 5 Mar 09:00
new gap: nobody is on call in office from Thu 5 Mar 17:00 to Fri 6 Mar 09:00
new gap: nobody is on call in office from Fri 6 Mar 17:00 to Sat 7 Mar 09:00
new gap: nobody is on call in office from Sat 7 Mar 17:00 to Sun 8 Mar 09:00
new gap: nobody is on call in office from Sun 8 Mar 17:00 to Mon 9 Mar 09:00
and 391 more new gaps in office within 13 months, 6256 h in all`},
		{"support hours", "wait: 5m}], last_resort", `wait: 5m}], support_hours: {days: [mon], from: "09:00", to: "17:00", time_zone: Europe/Berlin}, last_resort`, "policy payments would be changed"},
		{"hours of a step", "wait: 5m}]", `wait: 5m, hours: {days: [mon], from: "09:00", to: "17:00", time_zone: Europe/Berlin}}]`, "policy payments would be changed"},
		{"people and policies", "{id: dan, name: Dan}", "{id: eve, name: Eve}", `
person eve would be added
person dan would be removed
team payments would be changed`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(planBase, c.from, c.to, 1)
			text = strings.Replace(text, "cleo, dan]", map[bool]string{true: "cleo, eve]", false: "cleo, dan]"}[strings.Contains(text, "id: eve")], 1)
			p := Plan(mustParse(t, planBase), mustParse(t, text), at(t, now))
			got := strings.Join(p.Lines(), "\n")
			if diff := cmp.Diff(strings.TrimSpace(c.want), got); diff != "" {
				t.Errorf("Plan(...).Lines(): -want +got\n%s", diff)
			}
		})
	}
}

func TestPlanFromNothing(t *testing.T) {
	p := Plan(&Roster{}, mustParse(t, planBase), at(t, "2026-03-04T12:00:00Z"))
	if p.Empty() || len(p.Entries) != 7 || len(p.Shifts) != 0 || len(p.Gaps) != 0 {
		t.Errorf("Plan from an empty roster = %d entries, %d shifts, %d gaps, want 7, 0, 0: %v", len(p.Entries), len(p.Shifts), len(p.Gaps), p.Lines())
	}
}

func TestFindings(t *testing.T) {
	r := mustParse(t, planBase+`
  - {id: other, steps: [{notify: [team:payments], wait: 5m}], last_resort: [person:ada]}
`)
	extra := `
  - id: nights
    time_zone: America/New_York
    layers:
      - {id: night, people: [ada, [bob]], start: 2026-03-01T02:30, every: {days: 1}}
      - {id: tired, people: [cleo], start: 2026-03-01T00:00, every: {hours: 5}, priority: -1}
      - {id: fold, people: [cleo], start: 2026-03-01T00:00, every: {days: 1}, priority: -1, windows: [{from: "01:15", to: "01:45"}]}
    time_off: [{person: ada, start: 2026-03-03T00:00:00Z, end: 2026-03-05T00:00:00Z}]
`
	r = mustParse(t, strings.Replace(string(r.Export()), "\npolicies:", extra+"\npolicies:", 1))
	var got []string
	for _, f := range r.Findings(at(t, "2026-02-28T00:00:00Z"), at(t, "2026-12-31T00:00:00Z")) {
		got = append(got, string(f.Kind)+": "+f.String())
	}
	want := strings.TrimSpace(`
unused: rotation nights: no policy asks it, so it pages nobody; add rotation:nights to a step of a policy
gap: rotation nights: nobody is on call from Fri 27 Feb 19:00 to Sun 1 Mar 00:00
clock change: rotation nights, layer night: Sun 8 Mar 02:30 does not exist in America/New_York; the hand-over is at 03:00
clock change: rotation nights, layer fold: Sun 1 Nov 01:15 happens twice in America/New_York; the hand-over is at the first
clock change: rotation nights, layer fold: Sun 1 Nov 01:45 happens twice in America/New_York; the hand-over is at the first
away: rotation nights: Ada is away but on call from Tue 3 Mar 02:30 to Wed 4 Mar 02:30; swap or override it
elapsed: rotation nights, layer tired: turns of 5 h hand over at another time of day each time
juniors: policy payments: from Sat 28 Feb 01:00 it asks juniors alone: Bob; pair them with somebody senior, or ask one in another step
unreachable: person dan: Dan can be on call but has no way to be reached; add slack, email or phone`)
	if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
		t.Errorf("Findings: -want +got\n%s", diff)
	}
}
