package chat

import (
	"testing"

	"github.com/stormbell/stormbell/incident/postmortem"
)

// TestOffersOf: whoever is asked what made them look there reads where that was, and what
// was written with a decision does not run into who decided it.
func TestOffersOf(t *testing.T) {
	t.Parallel()
	doc := postmortem.Document{Sections: []postmortem.Section{
		{ID: "notes", List: []postmortem.Item{{Lead: "what", Text: "01:54 UTC, commander\nNo approvals"}, {Lead: "where", Text: "01:59 UTC, commander\nHandshake with <A>"}}},
		{ID: "decisions", List: []postmortem.Item{{Lead: "02:06 UTC", Text: "commander\nRoute to B\nOptions: route to B"}}, Questions: []postmortem.Question{{ID: "screen"}}},
		{ID: "lessons", Questions: []postmortem.Question{{ID: "first_week"}, {ID: postmortem.Cue}}},
	}}
	for id, want := range map[string]string{
		postmortem.Cue: "• where 01:59 UTC, commander: Handshake with &lt;A&gt;",
		"first_week":   "",
		"screen":       "• 02:06 UTC commander: Route to B; Options: route to B",
	} {
		if got := offersOf(doc, id); got != want {
			t.Errorf("above %s stands %q, want %q", id, got, want)
		}
	}
}
