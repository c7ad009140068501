package postmortem

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
)

// story is a timeline whose events stand at minutes after three in the afternoon.
func story(minutes []int, events ...incident.Event) (incident.Incident, []incident.Event) {
	start := time.Date(2026, 11, 29, 15, 0, 0, 0, time.UTC)
	for n := range events {
		events[n].Seq, events[n].At = n+1, start.Add(time.Duration(minutes[n])*time.Minute)
	}
	i, err := incident.Fold(1, events)
	if err != nil {
		panic(err)
	}
	return i, events
}

// TestMeasures names each duration by its two events: an answer counts from the first
// page, and what is stable from the mitigation that held.
func TestMeasures(t *testing.T) {
	declared := incident.Event{Kind: incident.KindDeclared, By: "person:ada", Severity: incident.Sev3}
	paged := incident.Event{Kind: incident.KindPaged, By: incident.Bot, Person: "person:bob"}
	acked := incident.Event{Kind: incident.KindAcknowledged, By: "person:bob"}
	mitigated := incident.Event{Kind: incident.KindMitigated, By: "person:bob", How: incident.Restart}
	reopened := incident.Event{Kind: incident.KindReopened, By: "person:bob", Text: "it is back"}
	resolved := incident.Event{Kind: incident.KindResolved, By: "person:bob"}
	unsaid := incident.Event{Kind: incident.KindResolved, By: "person:bob", How: incident.Fix, Assumed: true}
	tests := []struct {
		name                             string
		at                               []int
		events                           []incident.Event
		acked, mitigated, stable, resolv string
	}{
		{"a page that waited for the morning", []int{0, 910, 920}, []incident.Event{declared, paged, acked}, "10 min", "", "", ""},
		{"nobody was paged", []int{0, 7}, []incident.Event{declared, acked}, "7 min", "", "", ""},
		{"acknowledged before the page went out", []int{0, 7, 8}, []incident.Event{declared, acked, paged}, "7 min", "", "", ""},
		{"paged again later", []int{0, 1, 9, 11}, []incident.Event{declared, paged, paged, acked}, "10 min", "", "", ""},
		{"a sender's acknowledgement is nobody's", []int{0, 1, 2}, []incident.Event{declared, paged, {Kind: incident.KindAcknowledged, By: "alert:mon"}}, "", "", "", ""},
		{"it held", []int{0, 1, 30, 50}, []incident.Event{declared, acked, mitigated, resolved}, "1 min", "30 min", "30 min", "50 min"},
		{"it did not hold", []int{0, 1, 30, 40, 55}, []incident.Event{declared, acked, mitigated, reopened, mitigated}, "1 min", "30 min", "55 min", ""},
		{"it is back", []int{0, 1, 30, 40}, []incident.Event{declared, acked, mitigated, reopened}, "1 min", "30 min", "", ""},
		{"resolved, how was asked afterwards", []int{0, 1, 30}, []incident.Event{declared, acked, unsaid}, "1 min", "30 min", "30 min", "30 min"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i, events := story(tt.at, append([]incident.Event{}, tt.events...)...)
			var got []string
			for _, m := range New(i, events, Context{}).Measures[1:] {
				if m.Missing != "" {
					got = append(got, "")
					continue
				}
				got = append(got, m.Took.String())
			}
			if diff := cmp.Diff([]string{tt.acked, tt.mitigated, tt.stable, tt.resolv}, got); diff != "" {
				t.Errorf("acknowledged, mitigated, stable, resolved (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRolesAsTheyWereHeld ends a role when somebody gives it up, and lets two people
// shadow at once.
func TestRolesAsTheyWereHeld(t *testing.T) {
	shadow := func(who incident.Actor) incident.Event {
		return incident.Event{Kind: incident.KindRole, By: who, Person: who, Role: incident.Shadow, Also: true}
	}
	i, events := story([]int{0, 1, 2, 3, 4, 5},
		incident.Event{Kind: incident.KindDeclared, By: "person:ada", Severity: incident.Sev1},
		incident.Event{Kind: incident.KindRole, By: "person:ada", Person: "person:ada", Role: incident.Commander},
		shadow("person:bob"), shadow("person:cleo"),
		incident.Event{Kind: incident.KindRoleLeft, By: "person:bob", Person: "person:bob", Role: incident.Shadow},
		incident.Event{Kind: incident.KindRoleLeft, By: "person:ada", Person: "person:ada", Role: incident.Commander})
	var got []string
	for _, r := range New(i, events, Context{}).Roles {
		until := "the end"
		if !r.Until.IsZero() {
			until = r.Until.Format("15:04")
		}
		got = append(got, string(r.Role)+" from "+r.From.Format("15:04")+" until "+until)
	}
	want := []string{"commander from 15:01 until 15:05", "shadow from 15:02 until 15:04", "shadow from 15:03 until the end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

// TestAnswerWhileSomebodyIsOnIt: whoever is paged as a second person answers by
// acknowledging as well or by taking a role, and not by a role that somebody else gives
// them.
func TestAnswerWhileSomebodyIsOnIt(t *testing.T) {
	responder := func(by incident.Actor) incident.Event {
		return incident.Event{Kind: incident.KindRole, By: by, Person: "person:bob", Role: incident.Responder}
	}
	too := func(by incident.Actor) incident.Event {
		return incident.Event{Kind: incident.KindAnsweredToo, By: by}
	}
	for _, tt := range []struct {
		then incident.Event
		want string
	}{{responder("person:bob"), "3 min"}, {responder("person:ada"), "0 s"}, {too("person:bob"), "3 min"}, {too("person:cleo"), "0 s"}} {
		i, events := story([]int{0, 1, 2, 5},
			incident.Event{Kind: incident.KindDeclared, By: "person:ada", Severity: incident.Sev1},
			incident.Event{Kind: incident.KindAcknowledged, By: "person:ada"},
			incident.Event{Kind: incident.KindPaged, By: incident.Bot, Person: "person:bob"}, tt.then)
		if got := New(i, events, Context{}).Pages[0].Delay.String(); got != tt.want {
			t.Errorf("%s by %s: answered after %s, want %s", tt.then.Kind, tt.then.By, got, tt.want)
		}
	}
}
