package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/rotation"
)

func parseRoster(t *testing.T, text string) *rotation.Roster {
	t.Helper()
	r, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return r
}

const planPeople = `
people:
  - {id: ada, name: Ada Okafor, slack: U01ADA}
  - {id: bob, name: Bob Lind, slack: U01BOB}
  - {id: cleo, name: Cleo Marsh, slack: U01CLEO}
rotations:
`

// The stretches of a plan against the two schedules asked hour by hour, over the
// night in which the clocks change.
func TestDutyChangesAgainstEveryHour(t *testing.T) {
	before := parseRoster(t, planPeople+`
  - id: stays
    time_zone: Europe/Berlin
    layers: [{id: weekly, people: [ada, bob], start: 2026-03-02T09:00, every: {weeks: 1}}]
  - id: goes
    time_zone: Europe/Berlin
    layers: [{id: daily, people: [ada, null], start: 2026-03-02T09:00, every: {days: 1}}]
  - id: same
    time_zone: Europe/Berlin
    layers: [{id: daily, people: [ada, bob], start: 2026-03-02T09:00, every: {days: 1}}]
`)
	after := parseRoster(t, planPeople+`
  - id: stays
    time_zone: Europe/London
    layers: [{id: weekly, people: [ada, bob, cleo], start: 2026-03-02T09:00, every: {days: 5}}]
    overrides: [{set: [], start: 2026-03-20T00:00:00Z, end: 2026-03-21T00:00:00Z}]
  - id: same
    time_zone: Europe/Berlin
    layers: [{id: daily, people: [ada, bob], start: 2026-03-02T09:00, every: {days: 1}}]
  - id: comes
    time_zone: Europe/Berlin
    layers: [{id: daily, people: [cleo], start: 2026-03-25T09:00, every: {days: 1}}]
`)
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 40)
	got := dutyChanges(before, after, from, to)
	for _, id := range []string{"stays", "goes", "same", "comes"} {
		var stretches []dutyChange
		for _, d := range got {
			if d.Rotation == id {
				stretches = append(stretches, d)
			}
		}
		for at := from; at.Before(to); at = at.Add(time.Hour) {
			was, is := peopleAt(before, id, at), peopleAt(after, id, at)
			i := slices.IndexFunc(stretches, func(d dutyChange) bool { return !at.Before(d.Start) && at.Before(d.End) })
			if differ := !slices.Equal(was, is); differ != (i >= 0) {
				t.Fatalf("dutyChanges, %s at %s: before %q, after %q, in the plan %t", id, at, was, is, i >= 0)
			}
			if i >= 0 && (!slices.Equal(stretches[i].Before, was) || !slices.Equal(stretches[i].After, is)) {
				t.Fatalf("dutyChanges, %s at %s: got %q → %q, want %q → %q", id, at, stretches[i].Before, stretches[i].After, was, is)
			}
		}
		for i := 1; i < len(stretches); i++ {
			a, b := stretches[i-1], stretches[i]
			if b.Start.Before(a.End) || b.Start.Equal(a.End) && slices.Equal(a.Before, b.Before) && slices.Equal(a.After, b.After) {
				t.Errorf("dutyChanges, %s: stretches overlap or are not the longest: %v, %v", id, a, b)
			}
		}
	}
}

func peopleAt(r *rotation.Roster, id string, at time.Time) []string {
	if x, ok := r.Rotation(id); ok {
		return x.People(at)
	}
	return nil
}

func TestChanges(t *testing.T) {
	const base = `
people:
  - {id: ada, name: Ada Okafor, slack: U01ADA, time_zone: Europe/Berlin, rules: {high: [{via: slack, after: 0s}]}}
  - {id: bob, name: Bob Lind, slack: U01BOB}
teams: [{id: payments, name: Payments, members: [ada, bob]}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada], acknowledge_timeout: 30m}]
`
	for name, tt := range map[string]struct {
		after string
		want  []string
	}{
		"nothing": {base, nil},
		"everything": {`
people:
  - {id: ada, name: Ada Okafor, slack: U01ADA, phone: "+4915112345678", rules: {high: [{via: slack, after: 1m}]}}
  - {id: cleo, name: Cleo Marsh, slack: U01CLEO}
teams: [{id: payments, name: Payments, members: [cleo, ada]}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada, team:payments], acknowledge_timeout: 1h, repeat: 1}]
defaults: {policy: p}
`, []string{
			"~ person ada: time_zone no longer Europe/Berlin; phone +4915112345678; rules",
			"+ person cleo",
			"- person bob",
			"~ team payments: members ada, bob → cleo, ada",
			"~ policy p: repeat 0 → 1; last_resort person:ada → person:ada, team:payments; acknowledge_timeout 30m0s → 1h0m0s",
			"~ defaults: policy p",
		}},
		"order": {`
people:
  - {id: bob, name: Bob Lind, slack: U01BOB}
  - {id: ada, name: Ada Okafor, slack: U01ADA, time_zone: Europe/Berlin, rules: {high: [{via: slack, after: 0s}]}}
teams: [{id: payments, name: Payments, members: [ada, bob]}]
policies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada], acknowledge_timeout: 30m}]
`, []string{"~ order"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range changes(parseRoster(t, base), parseRoster(t, tt.after)) {
				got = append(got, c.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}
