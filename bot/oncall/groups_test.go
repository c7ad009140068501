package oncall

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stormbell/stormbell/incident"
)

// TestGroups holds who belongs into a team's user group: whoever is paged first,
// or anybody on call where no policy asks the team's rotations first.
func TestGroups(t *testing.T) {
	const rotations = `
people: [{id: ada, slack: U0ADA}, {id: bob, slack: U0BOB}, {id: cleo, name: Cleo}, {id: dan, slack: U0DAN}]
teams:
  - {id: a, members: [ada], slack_group: "@a-oncall"}
  - {id: b, members: [bob]}
rotations:
  - {id: first, team: a, time_zone: UTC, layers: [{id: w, people: [[bob, ada]], start: 1999-12-27T09:00, every: {weeks: 1}}]}
  - {id: also, team: a, time_zone: UTC, layers: [{id: w, people: [[ada, cleo]], start: 1999-12-27T09:00, every: {weeks: 1}}], shadows: [{person: dan, start: 1999-12-27T09:00:00Z, end: 2001-01-01T00:00:00Z}]}
  - {id: second, team: a, time_zone: UTC, layers: [{id: w, people: [dan], start: 1999-12-27T09:00, every: {weeks: 1}}]}
`
	for _, tt := range []struct {
		name, policies string
		want           Group
	}{
		{"first rungs", "policies: [{id: p, steps: [{notify: [rotation:first], wait: 5m}, {notify: [rotation:second], wait: 5m}], last_resort: [person:ada]}, {id: q, steps: [{notify: [rotation:also, person:dan], wait: 5m}], last_resort: [person:ada]}]",
			Group{Team: "a", Handle: "a-oncall", Members: []string{"U0ADA", "U0BOB"}, Unlinked: []string{"cleo"}}},
		{"no policy prompts", "", Group{Team: "a", Handle: "a-oncall", Members: []string{"U0ADA", "U0BOB", "U0DAN"}, Unlinked: []string{"cleo"}}},
		{"asked second only", "policies: [{id: p, steps: [{notify: [person:bob], wait: 5m}, {notify: [rotation:second], wait: 5m}], last_resort: [person:ada]}]",
			Group{Team: "a", Handle: "a-oncall", Members: []string{"U0ADA", "U0BOB", "U0DAN"}, Unlinked: []string{"cleo"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := opened(t)
				if err := d.ApplyRoster(t.Context(), parsed(t, rotations+tt.policies), incident.Bot, "test"); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]Group{tt.want}, d.Groups(), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("Groups() (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestGroupSaysOnce looks at a group again and again: each trouble is told once,
// and again only after it had ended.
func TestGroupSaysOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := opened(t)
		if err := d.ApplyRoster(t.Context(), parsed(t, weekly(1)), incident.Bot, "test"); err != nil {
			t.Fatal(err)
		}
		ticked(t, d)
		d.led.Take()
		good := Group{Team: "a", Handle: "a-oncall", Members: []string{"U0ADA"}}
		empty := Group{Team: "a", Handle: "a-oncall"}
		alone := Group{Team: "a", Handle: "a-oncall", Unlinked: []string{"cleo"}, Members: []string{"U0ADA"}}
		for n, step := range []struct {
			seen GroupSeen
			told int
		}{
			{GroupSeen{Group: good, Missing: true}, 1}, {GroupSeen{Group: good, Missing: true}, 0},
			{GroupSeen{Group: good, After: good.Members}, 0}, {GroupSeen{Group: good, Missing: true}, 1},
			{GroupSeen{Group: empty, Before: good.Members, After: good.Members}, 1}, {GroupSeen{Group: empty, Before: good.Members, After: good.Members}, 0},
			{GroupSeen{Group: good, Before: good.Members, After: good.Members}, 0}, {GroupSeen{Group: empty, Before: good.Members, After: good.Members}, 1},
			{GroupSeen{Group: alone, Before: good.Members, After: good.Members}, 1}, {GroupSeen{Group: alone, Before: good.Members, After: good.Members}, 0},
			{GroupSeen{Group: alone, Before: []string{"U0EVE"}, After: good.Members}, 1}, {GroupSeen{Group: alone, Before: []string{"U0EVE"}, After: good.Members}, 0},
		} {
			if err := d.GroupSeen(t.Context(), step.seen); err != nil {
				t.Fatal(err)
			}
			if got := noticeKinds(t, d)[NoticeGroup]; got != step.told {
				t.Errorf("look %d, %+v: %d notices, want %d", n, step.seen, got, step.told)
			}
		}
	})
}
