package escalation

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestRecord holds the stored form of a page: what one version wrote every
// later one reads.
func TestRecord(t *testing.T) {
	o, w := twoSteps()
	o.Policy.AcknowledgeTimeout = 30 * time.Minute
	o.Policy.Steps[1].RoundRobin = true
	w.Ways = func(string) []string { return []string{"slack", "push", "voice"} }
	w.Reports = func(via string) bool { return via == "voice" }
	p, _ := New(o).Step(w, at(0))
	p, out := p.Step(w, at(310))
	p = p.Accepted(out.Notifications[0].Key, at(310))
	p, err := p.Ack("ada", at(320))
	if err != nil {
		t.Fatal(err)
	}
	p, out = p.Step(w, at(320+1800))
	p = p.Delivered(out.Notifications[0].Key)
	if len(p.Rings) != 2 || len(p.Turns) != 1 {
		t.Fatalf("the page is not rich enough to be an example: %+v", p)
	}

	storedAs(t, "testdata/record.json", p)
}

// storedAs holds an escalation to its stored form, and returns what that reads as.
func storedAs(t *testing.T, path string, p Escalation) Escalation {
	t.Helper()
	golden(t, path, p)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var stored Escalation
	if err := json.Unmarshal(b, &stored); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(stored, p) {
		t.Errorf("%s (-escalation +stored):\n%s", path, cmp.Diff(p, stored))
	}
	return stored
}

// TestRecordOfHours holds the stored form of a page that waits for hours.
func TestRecordOfHours(t *testing.T) {
	o, w := twoSteps()
	o.Policy.SupportHours = hours("mon,tue/09:00-17:00/Europe/Berlin")
	o.Policy.SupportHours.Holidays = []string{"2026-12-25"}
	o.Policy.Steps[0].Hours, o.Policy.Steps[0].Outside = hours("fri/22:00-06:00/UTC"), rotation.OutsideWait
	o.Urgency, o.RaiseAt = UrgencyAt(o.Policy, incident.Sev2, origin)
	p, _ := New(o).Step(w, origin)

	stored := storedAs(t, "testdata/record_hours.json", p)
	due, ok := stored.Due()
	if want := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC); !ok || !due.Equal(want) || stored.Cause != StepHours || stored.Wake.Weekday() != time.Friday {
		t.Errorf("due at %v, the step at %v because of %q; want the support hours at %v, and the step on Friday", due, stored.Wake, stored.Cause, want)
	}
}

func TestPolicyIsCopied(t *testing.T) {
	o, w := twoSteps()
	o.Policy.SupportHours, o.Policy.Steps[0].Hours = hours("mon/00:00-24:00/UTC"), hours("mon/00:00-24:00/UTC")
	p := New(o)
	for _, c := range []*rotation.Coverage{o.Policy.SupportHours, o.Policy.Steps[0].Hours} {
		c.Days[0], c.From = time.Friday, "12:00"
	}
	for _, c := range []*rotation.Coverage{p.Policy.SupportHours, p.Policy.Steps[0].Hours} {
		if c.Days[0] != time.Monday || c.From != "00:00" {
			t.Errorf("after the roster was edited an open page has the hours %+v", c)
		}
	}
	o.Policy.Steps[0].Notify[0] = rotation.Target{Kind: rotation.TargetPerson, ID: "eve"}
	o.Policy.LastResort[0] = rotation.Target{Kind: rotation.TargetPerson, ID: "eve"}
	o.Policy.Steps[0].Wait = 0
	_, out := p.Step(w, origin)
	if got := out.Log[0].People[0].Person; got != "ada" || p.Policy.LastResort[0].ID != "incidents" || p.Policy.Steps[0].Wait == 0 {
		t.Errorf("after the roster was edited an open page pages %q by %+v", got, p.Policy)
	}
}

// TestManyPeople checks that a step too large for one call comes out whole.
func TestManyPeople(t *testing.T) {
	var team []string
	for i := range 200 {
		team = append(team, string(rune('a'+i%26))+string(rune('0'+i/26)))
	}
	w := World{Team: func(string, time.Time) []string { return team }, Ways: func(string) []string { return []string{"push"} }}
	p := New(Open{ID: "INC-1", Now: origin, Policy: rotation.Policy{Steps: []rotation.Step{
		{Notify: parseTargets([]string{"team:all"}), Wait: time.Minute}}}})
	p, out := settle(p, w, origin, nil)
	if due, _ := p.Due(); len(out.Notifications) != len(team) || !due.Equal(at(60)) {
		t.Errorf("%d people: %d sends, due at %v, want all and %v", len(team), len(out.Notifications), due, at(60))
	}
}

// TestProgressOutOfOrder checks that news of something earlier does not shorten
// the time that later progress has given.
func TestProgressOutOfOrder(t *testing.T) {
	o, _ := twoSteps()
	o.Policy.AcknowledgeTimeout = 10 * time.Minute
	p, err := New(o).Ack("ada", at(0))
	if err != nil {
		t.Fatal(err)
	}
	p = p.Progress(at(300)).Progress(at(100))
	if due, _ := p.Due(); !due.Equal(at(900)) {
		t.Errorf("progress at 300 s and then word of 100 s: due at %v, want %v", due, at(900))
	}
}

func TestZeroWorld(t *testing.T) {
	o, _ := twoSteps()
	p, out := New(o).Step(World{}, origin)
	if due, ok := p.Due(); !ok || !due.Equal(at(60)) || len(out.Notifications) != 2 {
		t.Errorf("with an empty world: due %v %v, sends %+v, want the two channels and another look in a minute", due, ok, out.Notifications)
	}
}

func BenchmarkStep(b *testing.B) {
	o, w := twoSteps()
	p := New(o)
	b.ReportAllocs()
	for b.Loop() {
		if _, out := p.Step(w, origin); len(out.Notifications) != 2 {
			b.Fatalf("%d sends, want 2", len(out.Notifications))
		}
	}
}

func BenchmarkDue1000(b *testing.B) {
	o, w := twoSteps()
	pages := make([]Escalation, 1000)
	for i := range pages {
		o.Now = at(i)
		pages[i], _ = New(o).Step(w, o.Now)
	}
	b.ReportAllocs()
	for b.Loop() {
		first := time.Time{}
		for i := range pages {
			if at, ok := pages[i].Due(); ok {
				first = earlier(first, at)
			}
		}
		if !first.Equal(at(20)) {
			b.Fatalf("first due at %v, want %v", first, at(20))
		}
	}
}
