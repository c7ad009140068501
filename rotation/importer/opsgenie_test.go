package importer

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func ogAnswer(t *testing.T, name string, data any) File {
	t.Helper()
	return pdFile(t, name, obj{"data": data, "took": 0.1, "requestId": "r"})
}

func ogUser1(id, mail string) obj {
	return obj{"id": id, "username": mail, "fullName": mail, "timeZone": "Europe/Berlin", "blocked": false}
}

// ogBasics are two people, a team of both and a schedule.
func ogBasics(t *testing.T, teamMore, scheduleMore obj) []File {
	schedule := obj{"id": "S1", "name": "Primary", "timezone": "Europe/Berlin", "enabled": true, "rotations": []obj{{"id": "R1", "name": "Weekly", "startDate": "2026-01-05T08:00:00Z", "type": "weekly",
		"participants": []obj{{"type": "user", "id": "U1"}, {"type": "user", "id": "U2"}}}}}
	for k, v := range scheduleMore {
		schedule[k] = v
	}
	team := obj{"id": "T1", "name": "Platform", "members": []obj{{"user": obj{"id": "U1"}, "role": "admin"}, {"user": obj{"id": "U2"}, "role": "user"}}}
	for k, v := range teamMore {
		team[k] = v
	}
	return []File{ogAnswer(t, "users.json", []obj{ogUser1("U1", "ada@shop.example"), ogUser1("U2", "bob@shop.example")}),
		ogAnswer(t, "team-T1.json", team), ogAnswer(t, "schedules.json", []obj{schedule})}
}

func importOpsgenie(t *testing.T, files []File) *Result {
	t.Helper()
	result, err := Import("opsgenie", files, Options{At: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestOpsgenieContacts finds out by the name of a file whose contacts it holds.
func TestOpsgenieContacts(t *testing.T) {
	files := append(ogBasics(t, nil, nil),
		ogAnswer(t, "contacts-U2.json", []obj{{"id": "C1", "method": "sms", "to": "49-15110000001", "status": obj{"enabled": false}}, {"id": "C2", "method": "voice", "to": "49-15110000002", "status": obj{"enabled": true}}}),
		ogAnswer(t, "contacts.json", []obj{{"id": "C3", "method": "sms", "to": "49-15110000003"}}),
		ogAnswer(t, "rules/U1/N1.json", obj{"id": "N1", "name": "New", "actionType": "create-alert", "order": 1, "criteria": obj{"type": "match-all"}, "steps": []obj{
			{"contact": obj{"method": "voice", "to": "49-15110000004"}, "sendAfter": obj{"timeAmount": 2, "timeUnit": "minutes"}}, {"contact": obj{"method": "mobile", "to": "x"}, "sendAfter": obj{"timeAmount": 30, "timeUnit": "seconds"}}}}))
	result := importOpsgenie(t, files)
	ada, _ := result.Roster.Person("ada")
	bob, _ := result.Roster.Person("bob")
	if bob.Phone != "+4915110000002" || ada.Phone != "+4915110000004" {
		t.Errorf("phones %q and %q", ada.Phone, bob.Phone)
	}
	if want := []rotation.Rule{{Via: "push", After: 30 * time.Second}, {Via: "voice", After: 2 * time.Minute}}; len(ada.Rules.High) != 2 || ada.Rules.High[0] != want[0] || ada.Rules.High[1] != want[1] {
		t.Errorf("rules %v, want %v", ada.Rules.High, want)
	}
	text := strings.Join(result.Report.Lines(), "\n")
	if !strings.Contains(text, "left out: file contacts.json: does not say whose contacts it holds") || strings.Contains(text, "15110000001") {
		t.Error(text)
	}
}

// TestOpsgenieRouting follows the routing of a team: to a schedule for its services, and
// to whomever an escalation that tells the team leads.
func TestOpsgenieRouting(t *testing.T) {
	files := append(ogBasics(t, nil, nil),
		ogAnswer(t, "routing-rules-T1.json", []obj{{"id": "Q1", "name": "Default", "isDefault": true, "notify": obj{"type": "schedule", "id": "S1", "name": "Primary"}}}),
		ogAnswer(t, "services.json", []obj{{"id": "V1", "name": "Checkout", "teamId": "T1"}, {"id": "V2", "name": "Stray", "teamId": "T9"}}),
		ogAnswer(t, "escalations.json", []obj{{"id": "E1", "name": "Ladder", "rules": []obj{
			{"notifyType": "users", "delay": obj{"timeAmount": 1, "timeUnit": "hours"}, "recipient": obj{"type": "team", "id": "T1"}},
			{"notifyType": "default", "delay": obj{"timeAmount": 0}, "recipient": obj{"type": "team", "id": "T1"}},
			{"notifyType": "previous", "delay": obj{"timeAmount": 7, "timeUnit": "minutes"}, "recipient": obj{"type": "schedule", "id": "S1"}}}}}))
	result := importOpsgenie(t, files)
	for _, want := range []string{
		"- {notify: [rotation:primary], wait: 7m}\n      - {notify: [rotation:primary-previous], wait: 53m}\n      - {notify: [person:bob], wait: 10m}\n",
		"  - id: platform\n    steps:\n      - {notify: [rotation:primary], wait: 10m}\n",
		"    name: Checkout\n    kind: service\n    team: platform\n    policy: platform\n",
		"- id: primary-previous\n    time_zone: Europe/Berlin\n    layers:\n      - id: weekly\n        people: [bob, ada]\n",
	} {
		if !strings.Contains(string(result.Text), want) {
			t.Errorf("the roster has not\n%s\nin\n%s", want, result.Text)
		}
	}
	if text := strings.Join(result.Report.Lines(), "\n"); !strings.Contains(text, "left out: service Stray: its team is not in the export") {
		t.Error(text)
	}
}

// TestOpsgenieTimeline compares a schedule with its timeline.
func TestOpsgenieTimeline(t *testing.T) {
	period := func(start, end, user string) obj {
		return obj{"startDate": start, "endDate": end, "type": "default", "recipient": obj{"type": "user", "id": user}}
	}
	timeline := obj{"_parent": obj{"id": "S1"}, "finalTimeline": obj{"rotations": []obj{{"periods": []obj{
		period("2026-12-07T08:00:00Z", "2026-12-14T08:00:00Z", "U1"), period("2026-12-14T08:00:00Z", "2026-12-21T08:00:00Z", "U1"), period("2026-12-21T08:00:00Z", "2026-12-28T08:00:00Z", "U1")}}}}}
	result := importOpsgenie(t, append(ogBasics(t, nil, nil), ogAnswer(t, "timeline-S1.json", timeline)))
	text := strings.Join(result.Report.Lines(), "\n")
	if result.Report.Checked != (Checked{1, 0}) || !strings.Contains(text, "schedule Primary: from 2026-12-14T08:00Z to 2026-12-21T08:00Z the source renders ada, and the roster has bob") {
		t.Errorf("%+v\n%s", result.Report.Checked, text)
	}
}

// TestOpsgeniePages refuses a list of which a page is missing.
func TestOpsgeniePages(t *testing.T) {
	page := func(name, id string, paging obj) File {
		return pdFile(t, name, obj{"data": []obj{ogUser1(id, id+"@shop.example")}, "totalCount": 3, "paging": paging, "requestId": "r"})
	}
	address := func(offset string) string { return "https://api.opsgenie.com/v2/users?limit=1&offset=" + offset }
	first := page("a.json", "U1", obj{"next": address("1")})
	middle := page("b.json", "U2", obj{"next": address("2"), "prev": address("0")})
	last := page("c.json", "U3", obj{"prev": address("1")})
	schedules := ogBasics(t, nil, nil)[2]
	for _, test := range []struct {
		name  string
		files []File
		want  string
	}{
		{"all", []File{last, first, middle, schedules}, ""},
		{"without the last", []File{first, middle, schedules}, "b.json: holds 1 of 3 users; export the other pages too"},
		{"without the middle", []File{first, last, schedules}, "a.json: holds 1 of 3 users; export the other pages too"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Import("opsgenie", test.files, Options{At: time.Now()})
			have := ""
			if err != nil {
				have = err.Error()
			}
			if have != test.want {
				t.Errorf("have %q, want %q", have, test.want)
			}
		})
	}
}

// TestOpsgenieEmptyRestriction: a restriction that says nothing is none, and loses
// nobody's turns.
func TestOpsgenieEmptyRestriction(t *testing.T) {
	for name, restriction := range map[string]any{"null": nil, "no hours": obj{"type": "time-of-day"}, "an empty list": obj{"type": "weekday-and-time-of-day", "restrictions": []obj{}}} {
		t.Run(name, func(t *testing.T) {
			result := importOpsgenie(t, ogBasics(t, nil, obj{"rotations": []obj{{"id": "R1", "name": "Weekly", "startDate": "2026-01-05T08:00:00Z", "type": "weekly", "timeRestriction": restriction,
				"participants": []obj{{"type": "user", "id": "U1"}}}}}))
			r, ok := result.Roster.Rotation("primary")
			if !ok || len(r.Layers) != 1 || len(r.Layers[0].Windows) != 0 {
				t.Errorf("have %+v\n%s", r, strings.Join(result.Report.Lines(), "\n"))
			}
		})
	}
}

// TestOpsgenieBlockedByMail: a reference to somebody who is blocked may have the mail
// address alone.
func TestOpsgenieBlockedByMail(t *testing.T) {
	blocked := ogUser1("U3", "Cleo@shop.example")
	blocked["blocked"], blocked["fullName"] = true, "Cleo Vance"
	files := append(ogBasics(t, nil, obj{"rotations": []obj{{"id": "R1", "name": "Weekly", "startDate": "2026-01-05T08:00:00Z", "type": "weekly",
		"participants": []obj{{"type": "user", "id": "U1"}, {"type": "user", "username": "cleo@shop.example"}}}}}), ogAnswer(t, "more.json", []obj{blocked}))
	result := importOpsgenie(t, files)
	if want := "the turn of cleo@shop.example (Cleo Vance), who is blocked, is nobody's"; !strings.Contains(strings.Join(result.Report.Lines(), "\n"), want) {
		t.Errorf("the report has not %q:\n%s", want, strings.Join(result.Report.Lines(), "\n"))
	}
}

// TestOpsgenieLostSchedule names the schedule that a step led to, and why it is gone;
// one that is named without its ID is found.
func TestOpsgenieLostSchedule(t *testing.T) {
	off := obj{"id": "S2", "name": "Old Nights", "timezone": "Europe/Berlin", "enabled": false, "rotations": []obj{}}
	files := append(ogBasics(t, nil, nil), ogAnswer(t, "off.json", off),
		ogAnswer(t, "routing-rules-T1.json", []obj{{"id": "Q1", "isDefault": true, "notify": obj{"type": "schedule", "id": "S2", "name": "Old Nights"}}}),
		ogAnswer(t, "escalations.json", []obj{{"id": "E1", "name": "Ladder", "rules": []obj{
			{"notifyType": "default", "delay": obj{"timeAmount": 0}, "recipient": obj{"type": "schedule", "name": "Primary"}},
			{"notifyType": "default", "delay": obj{"timeAmount": 5}, "recipient": obj{"type": "team", "id": "T1", "name": "Platform"}}}}}))
	result := importOpsgenie(t, files)
	if p, ok := result.Roster.Policy("ladder"); !ok || p.Steps[0].Notify[0].ID != "primary" {
		t.Errorf("have %+v", p)
	}
	want := "left out: escalation Ladder: the rule after 5 minutes told team Platform, whose routing leads to nobody in the roster (schedule Old Nights, which is disabled)"
	if text := strings.Join(result.Report.Lines(), "\n"); !strings.Contains(text, want) {
		t.Error(text)
	}
}

// TestOpsgenieOverrideByName limits an override to a rotation that is named without its
// ID.
func TestOpsgenieOverrideByName(t *testing.T) {
	files := append(ogBasics(t, nil, nil), ogAnswer(t, "overrides-S1.json", []obj{{"alias": "a", "user": obj{"type": "user", "id": "U2"}, "startDate": "2026-12-08T00:00:00Z", "endDate": "2026-12-10T00:00:00Z",
		"rotations": []obj{{"name": "Weekly"}}}}))
	r, _ := importOpsgenie(t, files).Roster.Rotation("primary")
	if len(r.Overrides) != 1 || r.Overrides[0].Layer != "weekly" {
		t.Errorf("have %+v", r.Overrides)
	}
}

// TestOpsgenieNamesOfIDs names a team of which only the ID stands.
func TestOpsgenieNamesOfIDs(t *testing.T) {
	files := append(ogBasics(t, nil, nil), ogAnswer(t, "escalations.json", []obj{{"id": "E1", "name": "Ladder", "rules": []obj{
		{"notifyType": "random", "delay": obj{"timeAmount": 0}, "recipient": obj{"type": "team", "id": "T1"}},
		{"notifyType": "next", "delay": obj{"timeAmount": 5}, "recipient": obj{"type": "schedule", "id": "S1"}}}}}))
	text := strings.Join(importOpsgenie(t, files).Report.Lines(), "\n")
	for _, want := range []string{"a random member of team Platform", "who is next in Primary"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has not %q:\n%s", want, text)
		}
	}
}

// TestOpsgenieOverrideOfLostSchedule says that an override goes with its schedule.
func TestOpsgenieOverrideOfLostSchedule(t *testing.T) {
	files := append(ogBasics(t, nil, obj{"enabled": false}), ogAnswer(t, "overrides-S1.json", []obj{{"alias": "a", "user": obj{"type": "user", "id": "U2"}, "startDate": "2026-12-08T00:00:00Z", "endDate": "2026-12-10T00:00:00Z"}}))
	want := "left out: schedule Primary: the override from 2026-12-08T00:00Z, since the schedule is disabled"
	if text := strings.Join(importOpsgenie(t, files).Report.Lines(), "\n"); !strings.Contains(text, want) {
		t.Error(text)
	}
}
