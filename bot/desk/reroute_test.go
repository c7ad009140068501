package desk

import (
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// TestS24RerouteKeepsTheNoteAndAsksTheOwner moves an incident to the service it belongs
// to: its owner is paged, the first person's page asks no longer, also where it had not
// left yet, and what they noted stays.
func TestS24RerouteKeepsTheNoteAndAsksTheOwner(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev1})
		if pages := x.pages(); !slices.Contains(pages, "ada by slack") {
			t.Fatalf("paged %v, want ada", pages)
		}
		x.tick(time.Minute)
		x.act(ada, 1, Act{Verb: Note, Text: "pages are fine behind the gateway"})
		x.act(ada, 1, Act{Verb: Reroute, Service: "Edge gateway", Text: "not ours"})
		refreshed := false
		for _, j := range x.deliver() {
			refreshed = refreshed || j.Kind == ledger.Prompts
		}
		if !refreshed {
			t.Error("the messages that asked were not refreshed")
		}
		if pages := x.pages(); !slices.Contains(pages, "bob by slack") || slices.Contains(pages, "cleo by slack") {
			t.Errorf("paged %v, want bob, who owns it", pages)
		}
		x.tick(4*time.Minute + 30*time.Second)
		if pages := x.pages(); slices.ContainsFunc(pages, func(p string) bool { return p == "cleo by slack" || p == "ada by slack" }) {
			t.Errorf("paged %v: the first policy goes on", pages)
		}
		i, events := x.folds(1)
		if i.Service != "edge" || i.Acked() {
			t.Errorf("it is of %s, acknowledged: %t", i.Service, i.Acked())
		}
		notes := slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindNote && e.By == ada })
		moves := slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindService && e.Text == "not ours" })
		if !notes || !moves {
			t.Errorf("the note stays: %t, the move is counted: %t", notes, moves)
		}
	})
}
