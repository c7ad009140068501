package chat

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestEndingOfWhatHitNobody: the list before the end says the same of the impact as the card, and of
// follow-ups that none is needed.
func TestEndingOfWhatHitNobody(t *testing.T) {
	ada := incident.Person("ada")
	c, err := incident.Declare(1, incident.Declaration{Title: "card payments fail", Severity: incident.Sev1}, ada, noon)
	do := func(next incident.Change, wrong error) {
		t.Helper()
		if c, err = next, wrong; err != nil {
			t.Fatal(err)
		}
	}
	do(c, err)
	do(c.Incident.SetImpact(incident.ImpactSaid{None: true}, ada, noon.Add(time.Minute)))
	do(c.Incident.MitigateBy(ada, incident.Mitigation{How: incident.Fix}, noon.Add(2*time.Minute)))
	if s := people.said(c.Incident, c.Events[len(c.Events)-1]); strings.Contains(s, "Customers have been fine") {
		t.Errorf("the channel is told: %s", s)
	}
	do(c.Incident.Resolve(ada, "", noon.Add(3*time.Minute)))
	e := desk.Ending{Brief: desk.Brief{Incident: c.Incident}, Record: incident.Record{NoFollowUps: "it was a probe"}}
	e.Gaps = c.Incident.Missing(e.Record)
	lines := endingLines(e)
	for _, want := range []string{":white_check_mark: Nobody was hit", ":white_check_mark: Follow-ups: none is needed", ":white_large_square: Nobody writes the post-mortem"} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in %q", want, lines)
		}
	}
}

// TestHandOverOfWhatHitsNobody: a mitigated incident that is worked on again, and of which somebody says
// that nobody is hit, has its hand-over all the same; and its last line, whatever was written above it.
func TestHandOverOfWhatHitsNobody(t *testing.T) {
	b, events := subject(t, strings.Repeat("🔥", 4000), false)
	calm, _, left := relieved(t, b, events)
	for range 9 {
		left.Temporary, left.Undo = append(left.Temporary, left.Temporary[0]), append(left.Undo, left.Undo[0])
	}
	calm.Incident.Status, calm.Incident.Impact = incident.Investigating, nil
	m := reliefMessage(calm, left, people)
	sound(t, "relief", m)
	if text := textsOf(t, m); !strings.Contains(text, "*Watching:*") || !strings.Contains(text, "and 6 more") {
		t.Errorf("the hand-over ends with %s", text[max(0, len(text)-300):])
	}
}

// TestCloseFormAsksForAllThatIsMissing: each gap has a field, or the command for it.
func TestCloseFormAsksForAllThatIsMissing(t *testing.T) {
	i := incident.Incident{Number: 7, Title: "card payments fail", Status: incident.Resolved, Severity: incident.Sev1, Highest: incident.Sev1,
		Impact: []incident.Interval{{Start: noon}}, Resolved: noon.Add(time.Hour),
		FollowUps: []incident.FollowUp{{ID: "INC-7-F1", Title: "load the roots"}, {ID: "INC-7-F2", Title: "done", State: incident.Done}}}
	e := desk.Ending{Brief: desk.Brief{Incident: i}, Record: incident.Record{Missed: []incident.Promise{incident.PromiseAck}, Public: noon, Interested: true}}
	e.Gaps = i.Missing(e.Record)
	for _, teams := range [][]rotation.Team{nil, {{ID: "payments", Name: "Payments"}}} {
		v := closeForm(e, teams, "", formState{Incident: 7})
		have := map[string]bool{}
		for _, b := range v.Blocks.BlockSet {
			have[b.ID()] = true
		}
		for _, want := range []string{inputUntil, inputHow, inputPublic, inputReviewer, inputDue + " INC-7-F1", inputAccept, inputTask, inputUpdate, inputAnyway} {
			if !have[want] {
				t.Errorf("%d teams: nothing asks for %s", len(teams), want)
			}
		}
		if have[inputTeam+" INC-7-F1"] != (len(teams) > 0) || have[inputTeam+" INC-7-F2"] {
			t.Errorf("%d teams: the form has %v", len(teams), have)
		}
	}
}
