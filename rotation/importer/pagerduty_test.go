package importer

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// pdFile is an answer of PagerDuty.
func pdFile(t *testing.T, name string, answer any) File {
	t.Helper()
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return File{Name: name, Data: data}
}

type obj = map[string]any

// pdPeople are Ada and Bob.
func pdPeople(t *testing.T) File {
	return pdFile(t, "users.json", obj{"users": []obj{
		{"id": "PADA", "name": "Ada", "email": "ada@shop.example", "time_zone": "Pacific Time (US & Canada)"},
		{"id": "PBOB", "name": "Bob", "email": "bob@shop.example", "time_zone": "US/Pacific-New"}}})
}

// pdWeekly is a schedule of weekly turns in Berlin, with what is rendered of it.
func pdWeekly(entries []obj) obj {
	s := obj{"id": "PS", "type": "schedule", "name": "Primary", "time_zone": "Europe/Berlin", "teams": []obj{}, "schedule_layers": []obj{{
		"id": "PL", "name": "Layer 1", "start": "2026-01-05T09:00:00+01:00", "rotation_virtual_start": "2026-01-05T09:00:00+01:00", "rotation_turn_length_seconds": 604800,
		"users": []obj{{"user": obj{"id": "PADA"}}, {"user": obj{"id": "PBOB"}}}}}}
	if entries != nil {
		s["final_schedule"] = obj{"rendered_schedule_entries": entries}
	}
	return obj{"schedule": s}
}

// TestRenderedTurns: where the answer shows how turns behave when the clocks change,
// that decides.
func TestRenderedTurns(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		clock rotation.Clock
	}{{"keep their wall clock", ""}, {"are of elapsed time", rotation.ElapsedClock}} {
		t.Run(test.name, func(t *testing.T) {
			source := rotation.Rotation{TimeZone: "Europe/Berlin", Layers: []rotation.Layer{{ID: "l", People: []rotation.Slot{{"PADA"}, {"PBOB"}}, Clock: test.clock,
				Start: rotation.LocalOf(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), time.FixedZone("", 3600)), Every: rotation.Cadence{Unit: rotation.Weeks, Length: 1}}}}
			var entries []obj
			for _, s := range source.Final(at.AddDate(0, 3, 0), at.AddDate(0, 6, 0)) {
				entries = append(entries, obj{"start": s.Start, "end": s.End, "user": obj{"id": s.People[0]}})
			}
			result, err := Import("pagerduty", []File{pdPeople(t), pdFile(t, "s.json", pdWeekly(entries))}, Options{At: at})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := result.Roster.Rotation("primary")
			checked := result.Report.Checked
			if r.Layers[0].Clock != test.clock || checked.Stretches != len(entries) || checked.Equal != checked.Stretches {
				t.Errorf("clock %q, %s", r.Layers[0].Clock, checked)
			}
			if said := strings.Contains(strings.Join(result.Report.Lines(), "\n"), "clock: elapsed"); said != (test.clock != "") {
				t.Errorf("the report says so: %t", said)
			}
		})
	}
}

// TestRenderedDiffers: what is not as the source renders it is printed, with both names,
// the first five.
func TestRenderedDiffers(t *testing.T) {
	start := time.Date(2026, 12, 7, 8, 0, 0, 0, time.UTC)
	var entries []obj
	for i := range 8 { // the other way round
		entries = append(entries, obj{"start": start.Add(time.Duration(i) * 7 * day), "end": start.Add(time.Duration(i+1) * 7 * day), "user": obj{"id": []string{"PBOB", "PADA"}[i%2]}})
	}
	result, err := Import("pagerduty", []File{pdPeople(t), pdFile(t, "s.json", pdWeekly(entries))}, Options{At: start.AddDate(0, 0, -6)})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(result.Report.Lines(), "\n")
	for want, n := range map[string]int{"the source renders ada, and the roster has bob": 2, "the source renders bob, and the roster has ada": 3, "3 more stretches": 1, ": 0 of 8 stretches are equal": 1} {
		if strings.Count(text, want) != n {
			t.Errorf("%q does not stand %d times in\n%s", want, n, text)
		}
	}
}

// TestZonesOfPeople: names of Rails are translated, others are reported.
func TestZonesOfPeople(t *testing.T) {
	result, err := Import("pagerduty", []File{pdPeople(t), pdFile(t, "s.json", pdWeekly(nil))}, Options{At: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if ada, _ := result.Roster.Person("ada"); ada.TimeZone != "America/Los_Angeles" {
		t.Errorf("ada's zone is %q", ada.TimeZone)
	}
	if text := strings.Join(result.Report.Lines(), "\n"); !strings.Contains(text, `look at: user Bob: unknown zone "US/Pacific-New", left out`) {
		t.Error(text)
	}
}

// TestReferencesAndWhole: a list without its includes and the answer about one user say
// the same of different length. The app's contact has no address that anybody may know.
func TestReferencesAndWhole(t *testing.T) {
	user := func(contact, rule obj) obj {
		return obj{"id": "PADA", "name": "Ada", "email": "ada@shop.example", "time_zone": "Europe/Berlin", "contact_methods": []obj{contact}, "notification_rules": []obj{rule}}
	}
	list := pdFile(t, "users.json", obj{"users": []obj{user(obj{"id": "C", "type": "push_notification_contact_method_reference", "summary": "Phone"}, obj{"id": "N", "type": "assignment_notification_rule_reference"})}})
	whole := pdFile(t, "user.json", obj{"user": user(obj{"id": "C", "type": "push_notification_contact_method", "summary": "Phone"},
		obj{"id": "N", "type": "assignment_notification_rule", "urgency": "high", "start_delay_in_minutes": 3, "contact_method": obj{"id": "C", "type": "push_notification_contact_method_reference"}})})
	for _, files := range [][]File{{list, whole}, {whole, list}} {
		result, err := Import("pagerduty", append(files, pdFile(t, "s.json", pdWeekly(nil))), Options{At: hostileAt})
		if err != nil {
			t.Fatal(err)
		}
		ada, _ := result.Roster.Person("ada")
		if len(ada.Rules.High) != 1 || ada.Rules.High[0] != (rotation.Rule{Via: "push", After: 3 * time.Minute}) {
			t.Errorf("rules %+v", ada.Rules)
		}
		if text := strings.Join(result.Report.Lines(), "\n"); strings.Contains(text, "references only") {
			t.Error(text)
		}
	}
}

// TestNamesOfIDs names people, schedules and policies of which only the ID stands.
func TestNamesOfIDs(t *testing.T) {
	schedule := pdWeekly(nil)
	schedule["schedule"].(obj)["schedule_layers"].([]obj)[0]["users"] = []obj{{"user": obj{"id": "PADA"}}, {"user": obj{"id": "PDEL"}}}
	gone := pdFile(t, "more.json", obj{"schedules": []obj{{"id": "PV", "type": "schedule_v3", "name": "Fair Weeks", "time_zone": "UTC"}},
		"escalation_policies": []obj{{"id": "PE", "name": "Ladder", "escalation_rules": []obj{{"targets": []obj{{"id": "PV", "type": "schedule_reference"}}}}}},
		"services":            []obj{{"id": "PX", "name": "Shop", "status": "active", "escalation_policy": obj{"id": "PE"}}}, "users": []obj{{"id": "PDEL", "name": "Dora Lind", "email": "dora@shop.example", "deleted_at": "2026-01-01T00:00:00Z"}}})
	result, err := Import("pagerduty", []File{pdPeople(t), gone, pdFile(t, "s.json", schedule)}, Options{At: hostileAt})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(result.Report.Lines(), "\n")
	for _, want := range []string{"the turn of Dora Lind, who is deleted, is nobody's", "step 1 told Fair Weeks, a schedule that is left out", "service Shop: its escalation policy Ladder is not in the roster"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has not %q:\n%s", want, text)
		}
	}
}

// TestOverridesOfEndedLayers keeps what is still to come of a schedule whose layers have
// all ended, and leaves it out where nothing is.
func TestOverridesOfEndedLayers(t *testing.T) {
	schedule := pdWeekly(nil)
	schedule["schedule"].(obj)["schedule_layers"].([]obj)[0]["end"] = "2026-11-01T00:00:00Z"
	start := time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)
	overrides := pdFile(t, "overrides-PS.json", obj{"overrides": []obj{{"id": "PO", "start": start, "end": start.Add(48 * time.Hour), "user": obj{"id": "PBOB"}}}})
	r, ok := carries(t, "pagerduty", []File{pdPeople(t), pdFile(t, "s.json", schedule), overrides}).Roster.Rotation("primary")
	if !ok {
		t.Fatal("the schedule is not in the roster")
	}
	if have := r.Final(start, start.Add(72*time.Hour)); len(have) != 2 || len(have[0].People) != 1 || have[0].People[0] != "bob" || len(have[1].People) != 0 {
		t.Errorf("have %+v", have)
	}
	if r, ok := carries(t, "pagerduty", []File{pdPeople(t), pdFile(t, "s.json", schedule)}).Roster.Rotation("primary"); ok {
		t.Errorf("without overrides: have %+v", r)
	}
}

// TestPagerDutyOverridesOfLostSchedule says that what is still to come goes with its
// schedule, and nothing of what is over.
func TestPagerDutyOverridesOfLostSchedule(t *testing.T) {
	schedule := pdWeekly(nil)
	schedule["schedule"].(obj)["time_zone"] = "Mars/Olympus"
	start := time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)
	overrides := pdFile(t, "overrides-PS.json", obj{"overrides": []obj{
		{"id": "P1", "start": start, "end": start.Add(48 * time.Hour), "user": obj{"id": "PBOB"}},
		{"id": "P2", "start": start.AddDate(-1, 0, 0), "end": start.AddDate(-1, 0, 1), "user": obj{"id": "PBOB"}}}})
	other := pdWeekly(nil)
	other["schedule"].(obj)["id"], other["schedule"].(obj)["name"] = "PX", "Secondary"
	result := carries(t, "pagerduty", []File{pdPeople(t), pdFile(t, "s.json", schedule), pdFile(t, "x.json", other), overrides})
	want := "left out: schedule Primary: the override from 2026-12-08T00:00Z, since the schedule is left out"
	if text := strings.Join(result.Report.Lines(), "\n"); strings.Count(text, "the override from") != 1 || !strings.Contains(text, want) {
		t.Error(text)
	}
}
