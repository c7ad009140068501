package chat

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
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
	for _, want := range []string{":white_check_mark: Impact: Nobody was hit", ":white_check_mark: Follow-ups: none is needed"} {
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
