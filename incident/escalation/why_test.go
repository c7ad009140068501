package escalation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestExplain reads a night from its timeline.
func TestExplain(t *testing.T) {
	start := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	ada, bob := incident.Person("ada"), incident.Person("bob")
	skipped := []incident.Skipped{{Target: "rotation:second", Why: string(NobodyOnCall)}}
	paged := func(s int, who incident.Actor, via, rule string) incident.Event {
		return incident.Event{At: at(s), Kind: incident.KindPaged, Person: who, Via: via, Pass: 1, Step: 1, Rule: rule, Reason: "rotation:first; late by 3s"}
	}
	events := []incident.Event{
		{At: at(0), Kind: incident.KindStep, Pass: 1, Step: 1, Text: "Step 1: Ada", Calls: []incident.Actor{ada}, Skipped: skipped},
		paged(1, ada, "slack", "slack at once"),
		{At: at(2), Kind: incident.KindPageFailed, Person: ada, Via: "push", Pass: 1, Step: 1, Text: "no such topic"},
		paged(3, ada, "sms", "sms after 5m"),
		{At: at(9), Kind: incident.KindReceipt, Person: ada, Via: "sms", Reason: "delivered"},
		{At: at(20), Kind: incident.KindStep, Person: ada, Via: "voice", Pass: 1, Step: 1, Text: "The page to Ada by voice was not confirmed"},
		{At: at(30), Kind: incident.KindPaged, Person: bob, Via: "slack", Reason: "by hand"},
		{At: at(40), Kind: incident.KindAcknowledged, By: ada},
	}
	p := Escalation{Policy: rotation.Policy{ID: "pay"}, Urgency: High, State: Acknowledged}
	got := Explain(incident.Incident{Number: 4, Title: "x", Severity: incident.Sev1, Service: "shop"}, events, p)
	want := Explanation{Incident: "INC-4", Title: "x", Severity: "sev1", Service: "shop", Policy: "pay", Urgency: High, State: Acknowledged,
		Steps: []ExplainedStep{
			{At: at(0), Pass: 1, Step: 1, Words: "Step 1: Ada", People: []incident.Actor{ada}, Skipped: skipped, Pages: []ExplainedPage{
				{At: at(1), Person: ada, Via: "slack", Rule: "slack at once", Because: "rotation:first", Result: ResultAccepted},
				{At: at(2), Person: ada, Via: "push", Result: ResultFailed, Cause: "no such topic"},
				{At: at(3), Person: ada, Via: "sms", Rule: "sms after 5m", Because: "rotation:first", Result: ResultAnswered, ResultAt: at(40)},
				{At: at(20), Person: ada, Via: "voice", Result: ResultUnconfirmed},
			}},
			{At: at(30), Words: "Manual page.", Pages: []ExplainedPage{{At: at(30), Person: bob, Via: "slack", Because: "by hand", Result: ResultAccepted}}},
			{At: at(40), Words: "Acknowledged.", People: []incident.Actor{ada}},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Explain() (-want +got):\n%s", diff)
	}
}
