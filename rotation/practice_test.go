package rotation

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestS08EveryKindOfService has a rota, an agreement and a runbook for a product, a
// service and infrastructure alike.
func TestS08EveryKindOfService(t *testing.T) {
	for _, kind := range []string{"product", "service", "infrastructure"} {
		r := mustParse(t, fmt.Sprintf(`
people: [{id: ada, name: Ada, slack: U0ADA}]
teams: [{id: core, name: Core, members: [ada], lead: ada}]
rotations:
  - {id: primary, team: core, time_zone: UTC, layers: [{id: weekly, people: [ada], start: 2026-01-05T10:00, every: {weeks: 1}}]}
policies: [{id: core, steps: [{notify: [rotation:primary], wait: 5m}], last_resort: [channel:incidents]}]
agreements: [{id: gold, kind: sla, targets: {sev1: {acknowledge: 5m, update: 30m, restore: 1h}}}]
services:
  - {id: db, name: Database, kind: %s, team: core, policy: core, agreement: gold, runbook: {url: "https://docs.example/db"}}
`, kind))
		s, ok := r.Service("db")
		if !ok || string(s.Kind) != kind || s.Policy != "core" || s.Agreement != "gold" || s.Runbook.URL == "" {
			t.Errorf("a %s is read as %+v", kind, s)
		}
	}
	if _, err := Parse("roster.yaml", []byte("services: [{id: db, name: Database, kind: thing}]")); err == nil {
		t.Error("a kind that is none is taken")
	}
}

// TestS09WeeksOfPeopleAndTeams rotates people, whole teams, and one person alone, for
// twelve weeks over each clock change: no gap, no overlap, and the hand-over stays at 10:00
// on the wall clock.
func TestS09WeeksOfPeopleAndTeams(t *testing.T) {
	const rotations = `
people: [{id: ada, name: Ada}, {id: bob, name: Bob}, {id: cleo, name: Cleo}, {id: dan, name: Dan}]
teams: [{id: one, name: One, members: [ada, bob]}, {id: two, name: Two, members: [cleo, dan]}]
rotations:
  - {id: people, team: one, time_zone: Europe/Berlin, layers: [{id: w, people: [ada, bob], start: 2026-01-05T10:00, every: {weeks: 1}}]}
  - {id: teams, team: one, time_zone: Europe/Berlin, layers: [{id: w, people: [[ada, bob], [cleo, dan]], start: 2026-01-05T10:00, every: {weeks: 1}}]}
  - {id: alone, team: one, time_zone: Europe/Berlin, layers: [{id: w, people: [ada], start: 2026-01-05T10:00, every: {weeks: 1}}]}
`
	r := mustParse(t, rotations)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []time.Time{
		time.Date(2026, 2, 23, 10, 0, 0, 0, berlin), // to 18 May, over 29 March
		time.Date(2026, 9, 7, 10, 0, 0, 0, berlin),  // to 30 November, over 25 October
	} {
		to := from.AddDate(0, 0, 84)
		for _, tt := range []struct {
			id   string
			each int // people on call at once
			most int // segments
		}{{"people", 1, 12}, {"teams", 2, 12}, {"alone", 1, 1}} {
			x, _ := r.Rotation(tt.id)
			list, end := x.Final(from, to), from
			for _, s := range list {
				local := s.Start.In(berlin)
				if !s.Start.Equal(end) || len(s.People) != tt.each || local.Weekday() != time.Monday || local.Hour() != 10 || local.Minute() != 0 {
					t.Errorf("%s: %s to %s: %v; the one before ends %s", tt.id, local, s.End.In(berlin), s.People, end.In(berlin))
				}
				end = s.End
			}
			if !end.Equal(to) || len(list) != tt.most {
				t.Errorf("%s from %s: %d segments until %s, want %d until %s", tt.id, from, len(list), end.In(berlin), tt.most, to)
			}
		}
	}
}

// TestS10OneAnswerAtEveryMinute asks who is on call at every minute of eight weeks by the
// example roster: the same people as the shifts of the calendar, or a gap that is listed.
func TestS10OneAnswerAtEveryMinute(t *testing.T) {
	text, err := os.ReadFile("../configs/roster.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := mustParse(t, string(text))
	from := time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC) // over 25 October
	to := from.AddDate(0, 0, 56)
	if len(r.Rotations) == 0 {
		t.Fatal("the example has no rotation")
	}
	for _, x := range r.Rotations {
		list, gaps := x.Final(from, to), x.Gaps(from, to)
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			now := x.People(at)
			k := slices.IndexFunc(list, func(s Segment) bool { return !at.Before(s.Start) && at.Before(s.End) })
			if k < 0 || !slices.Equal(now, list[k].People) {
				t.Fatalf("%s at %s: %v, and by the shifts %v", x.ID, at, now, list)
			}
			gap := slices.ContainsFunc(gaps, func(s Segment) bool { return !at.Before(s.Start) && at.Before(s.End) })
			if gap != (len(now) == 0) {
				t.Fatalf("%s at %s: %v on call, and a gap is listed: %t", x.ID, at, now, gap)
			}
			list = list[k:]
		}
	}
}

// TestS27JuniorsAreNotAlone finds the turn of two juniors as primary and as secondary, with
// the reason; one of them beside somebody senior is none.
func TestS27JuniorsAreNotAlone(t *testing.T) {
	const rota = `
people: [{id: ada, name: Ada, level: senior, slack: U0ADA}, {id: jim, name: Jim, level: junior, slack: U0JIM}, {id: kay, name: Kay, level: junior, slack: U0KAY}]
teams: [{id: core, name: Core, members: [ada, jim, kay], lead: ada}]
rotations:
  - {id: primary, team: core, time_zone: UTC, layers: [{id: w, people: [jim], start: 2026-01-05T10:00, every: {weeks: 1}}]}
  - {id: secondary, team: core, time_zone: UTC, layers: [{id: w, people: [%s], start: 2026-01-05T10:00, every: {weeks: 1}}]}
policies: [{id: core, steps: [{notify: [rotation:primary], wait: 5m}, {notify: [rotation:secondary], wait: 5m}], last_resort: [channel:incidents]}]
`
	for second, want := range map[string]bool{"kay": true, "ada": false} {
		found := false
		for _, f := range mustParse(t, fmt.Sprintf(rota, second)).Findings(at(t, "2026-01-06T00:00:00Z"), at(t, "2026-02-06T00:00:00Z")) {
			found = found || f.Kind == FindJuniors && strings.Contains(f.String(), "Jim") && (second != "kay" || strings.Contains(f.String(), "Kay"))
		}
		if found != want {
			t.Errorf("with %s as secondary the pair of juniors is found: %t", second, found)
		}
	}
}
