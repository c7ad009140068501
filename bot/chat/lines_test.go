package chat

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// TestTypedLinesStayInside: of several lines that somebody typed none looks like a line of
// ours, wherever an event is told.
func TestTypedLinesStayInside(t *testing.T) {
	t.Parallel()
	typed := "fine\nNobody is paged any more."
	b, events := readBy(t, typed)
	for _, kind := range []incident.Kind{incident.KindClosed, incident.KindWaived, incident.KindNoFollowUps, incident.KindReopened, incident.KindInvestigate,
		incident.KindHelp, incident.KindCancelled, incident.KindMerged, incident.KindService, incident.KindFollowUpDropped} {
		e := incident.Event{Kind: kind, By: "person:ada", Text: typed, At: noon, FollowUp: &incident.FollowUp{ID: "INC-42-F1", Title: "x"}}
		events = append(events, e)
	}
	for _, e := range events {
		if !e.By.Human() {
			continue
		}
		for _, text := range []string{people.said(b.Incident, e), people.line(e)} {
			for l := range strings.Lines(text) {
				if strings.HasPrefix(l, "Nobody is paged any more.") {
					t.Errorf("%s: %q", e.Kind, text)
				}
			}
		}
	}
}
