package escalation

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestRehearseVectors holds the rehearsal to the same cases as the engine.
func TestRehearseVectors(t *testing.T) {
	for _, v := range loadVectors(t) {
		if len(v.ProviderDown) > 0 {
			continue // in a rehearsal every message arrives
		}
		t.Run(v.ID, func(t *testing.T) {
			o := Open{ID: v.ID, Policy: v.policy(), Now: origin}
			got, err := Rehearse(o, v.world(), time.Duration(v.UntilS)*time.Second, v.rehearsed(&o))
			if err != nil {
				t.Fatal(err)
			}
			var sent, steps []row
			for _, s := range got.Sent {
				sent = append(sent, row(fmt.Sprint([]any{time.Duration(s.After).Seconds(), s.Person, s.Via})))
			}
			for _, e := range got.Steps {
				steps = append(steps, stepRows([]Entry{e.Entry})...)
			}
			if diff := cmp.Diff(v.Expect.Sent, sent); diff != "" {
				t.Errorf("%s\nsent (-want +got):\n%s", v.Note, diff)
			}
			if diff := cmp.Diff(v.Expect.Steps, steps); diff != "" {
				t.Errorf("%s\nsteps (-want +got):\n%s", v.Note, diff)
			}
			if got.State != v.Expect.State {
				t.Errorf("%s\nstate %q, want %q", v.Note, got.State, v.Expect.State)
			}
		})
	}
}

// rehearsed returns the events of a case as they would be typed.
func (v *vector) rehearsed(o *Open) []Event {
	var events []Event
	for _, e := range v.Events {
		after := time.Duration(e.AtS) * time.Second
		switch e.Type {
		case "trigger":
			o.Urgency = e.Urgency
		case "urgency":
			events = append(events, Event{After: after, Do: "raise"})
		default:
			events = append(events, Event{After: after, Do: e.Type, Person: e.By + e.To, For: time.Duration(e.ForS) * time.Second})
		}
	}
	return events
}

func twoSteps() (Open, World) {
	o := Open{ID: "INC-1", Now: origin, Policy: rotation.Policy{ID: "payments", Repeat: 1,
		Steps: []rotation.Step{
			{Notify: parseTargets([]string{"rotation:primary", "channel:payments"}), Wait: 5 * time.Minute},
			{Notify: parseTargets([]string{"person:cleo", "person:bob"}), Wait: 10 * time.Minute},
		},
		LastResort: parseTargets([]string{"channel:incidents"})}}
	w := World{
		OnCall: func(string, time.Time) []string { return []string{"ada"} },
		Rules: func(person string, u Urgency) []rotation.Rule {
			return []rotation.Rule{{Via: "push"}, {Via: "voice", After: 2 * time.Minute}}
		},
	}
	return o, w
}

func TestRehearseJSON(t *testing.T) {
	o, w := twoSteps()
	events := []Event{must(ParseEvent("20m=ack:bob"))(t), must(ParseEvent("16m=reassign:bob"))(t)}
	r, err := Rehearse(o, w, time.Hour, events)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/rehearsal.json", r)
}

func TestRehearseEmptyListsAreLists(t *testing.T) {
	o, w := twoSteps()
	r, err := Rehearse(o, w, 0, []Event{{Do: "resolve"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if want := `{"sent":[],"steps":[],"state":"resolved"}`; err != nil || string(b) != want {
		t.Errorf("resolved at once: %s, %v, want %s", b, err, want)
	}
}

// TestRehearseHours rehearses a Monday before the support hours begin.
func TestRehearseHours(t *testing.T) {
	o, w := twoSteps()
	o.Policy.Repeat = 0
	o.Policy.SupportHours = hours("mon/05:00-17:00/Europe/Berlin") // an hour after the start
	o.Policy.Steps[1].Hours, o.Policy.Steps[1].Outside = hours("mon/06:00-17:00/Europe/Berlin"), rotation.OutsideWait
	o.Policy.Steps = append(o.Policy.Steps, rotation.Step{Wait: time.Minute, Notify: parseTargets([]string{"person:dan"}), Hours: hours("sun/06:00-17:00/UTC")})
	o.Urgency, o.RaiseAt = UrgencyAt(o.Policy, incident.Sev2, o.Now)
	r, err := Rehearse(o, w, 3*time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []RehearsedHours{
		{What: RehearsedLow, Until: at(3600), Hours: o.Policy.SupportHours},
		{After: Elapsed(time.Hour), What: RehearsedUrgent},
		{After: Elapsed(65 * time.Minute), What: RehearsedWait, Pass: 1, Step: 2, Until: at(7200), Hours: o.Policy.Steps[1].Hours},
		{After: Elapsed(130 * time.Minute), What: RehearsedSkip, Pass: 1, Step: 3},
	}
	if diff := cmp.Diff(want, r.Hours); diff != "" || r.State != Exhausted {
		t.Errorf("at the end %s; hours (-want +got):\n%s", r.State, diff)
	}
}

func TestRehearseRefuses(t *testing.T) {
	o, w := twoSteps()
	forever := o
	forever.Policy.Repeat = -1
	tests := []struct {
		name  string
		open  Open
		time  time.Duration
		event string
		want  string
	}{
		{"after the end", o, time.Minute, "2m=ack:ada", "event 2m0s=ack:ada: after the end of the rehearsal at 1m0s"},
		{"not possible then", o, time.Hour, "2m=unack", "event 2m0s=unack: Nobody has acknowledged it, so there is nothing to take back."},
		{"too long", forever, 10 * 365 * 24 * time.Hour, "0s=progress",
			"rehearse payments: more than 10000 messages and steps in "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Rehearse(tt.open, w, tt.time, []Event{must(ParseEvent(tt.event))(t)})
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("Rehearse(…, %v, %s) = %v, want %s", tt.time, tt.event, err, tt.want)
			}
		})
	}
}

func TestParseEvent(t *testing.T) {
	tests := []struct {
		in   string
		want Event
		err  string
	}{
		{in: "2m=ack:ada", want: Event{After: 2 * time.Minute, Do: "ack", Person: "ada"}},
		{in: "0s=ack", want: Event{Do: "ack"}},
		{in: " 90s = ACK : ada ", want: Event{After: 90 * time.Second, Do: "ack", Person: "ada"}},
		{in: "1h=snooze:15m", want: Event{After: time.Hour, Do: "snooze", For: 15 * time.Minute}},
		{in: "1s=reassign:a=b:c", want: Event{After: time.Second, Do: "reassign", Person: "a=b:c"}},
		{in: "1s=unack", want: Event{After: time.Second, Do: "unack"}},
		{in: "1s=resolve", want: Event{After: time.Second, Do: "resolve"}},
		{in: "1s=progress", want: Event{After: time.Second, Do: "progress"}},
		{in: "1s=raise", want: Event{After: time.Second, Do: "raise"}},
		{in: "1s=escalate", want: Event{After: time.Second, Do: "escalate"}},
		{in: "", err: `event "": no = in it; write when and what, as in 2m=ack:ada`},
		{in: "ack:ada", err: `event "ack:ada": no = in it; write when and what, as in 2m=ack:ada`},
		{in: "120=ack:ada", err: `event "120=ack:ada": "120" is not a time after the start; write it as in 90s or 2m`},
		{in: "-1s=ack:ada", err: `event "-1s=ack:ada": "-1s" is not a time after the start; write it as in 90s or 2m`},
		{in: "1s=ack:", err: `event "1s=ack:": it names nobody; write ack:PERSON`},
		{in: "1s=reassign", err: `event "1s=reassign": it names nobody; write reassign:PERSON`},
		{in: "1s=snooze", err: `event "1s=snooze": "" is not how long to snooze; write it as in snooze:15m`},
		{in: "1s=snooze:-5m", err: `event "1s=snooze:-5m": "-5m" is not how long to snooze; write it as in snooze:15m`},
		{in: "1s=resolve:ada", err: `event "1s=resolve:ada": nothing may follow resolve`},
		{in: "1s=dance", err: `event "1s=dance": no event is called "dance"; there are ack:PERSON, unack, resolve, snooze:DURATION, reassign:PERSON, progress, raise, escalate`},
	}
	for _, tt := range tests {
		got, err := ParseEvent(tt.in)
		switch {
		case tt.err != "" && (err == nil || err.Error() != tt.err):
			t.Errorf("ParseEvent(%q) error\n%v, want\n%s", tt.in, err, tt.err)
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("ParseEvent(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{"2m=ack:ada", "0s=ack", "1h=snooze:15m", "1s=reassign:a=b:c", "=", "1s=ack:\x00", "9223372036s=raise", "1s=snooze:1ns"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		e, err := ParseEvent(in)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "event ") {
				t.Errorf("ParseEvent(%q) error %q: want one line that begins with event", in, err)
			}
			return
		}
		if again, err := ParseEvent(e.String()); err != nil || again != e {
			t.Errorf("ParseEvent(%q) = %+v, written %q, read again %+v, %v", in, e, e, again, err)
		}
		if _, err := e.apply(New(Open{Now: origin}), origin); err != nil && strings.Contains(err.Error(), "no event") {
			t.Errorf("ParseEvent(%q) = %+v, which cannot be applied: %v", in, e, err)
		}
	})
}

// golden compares v, as indented JSON, with a file.
func golden(t *testing.T, file string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
