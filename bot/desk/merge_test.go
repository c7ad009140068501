package desk

import (
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestS12MergeBringsAllAlong merges an incident into another one that began later: the
// reason, the people, the notes with who wrote them and when, and who is on it come
// along, and what both hurt is counted once.
func TestS12MergeBringsAllAlong(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "Customers pay twice", Severity: incident.Sev1})
		x.pages()
		x.tick(time.Minute)
		x.act(mal, 1, Act{Verb: Note, Text: "what: two orders of one basket"})
		noted := time.Now()
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.tick(9 * time.Minute)
		x.declare(incident.Declaration{Title: "Payments retried", Severity: incident.Sev2, Service: "edge"})
		x.pages()
		x.tick(time.Minute)
		x.act(ada, 1, Act{Verb: Merge, Into: 2, Text: "the retries are why"})

		part, events := x.folds(1)
		if last := events[len(events)-1]; last.Kind != incident.KindMerged || last.Text != "the retries are why" {
			t.Errorf("the part says %+v, want the reason", last)
		}
		if d := part.Hurting(time.Now()); d != 0 {
			t.Errorf("the part hurts for %s, want it counted in the whole", d)
		}
		whole, events := x.folds(2)
		for _, who := range []incident.Actor{eve, ada, mal, bob} {
			if !slices.Contains(whole.Involved, who) {
				t.Errorf("involved are %v, want %s among them", whole.Involved, who)
			}
		}
		if whole.AcknowledgedBy != ada || whole.Severity != incident.Sev1 {
			t.Errorf("the whole is %s and %q is on it, want sev1 and ada", whole.Severity, whole.AcknowledgedBy)
		}
		x.tick(time.Minute)
		if d := whole.Hurting(time.Now()); d != 12*time.Minute {
			t.Errorf("the whole hurts for %s, want the 12 minutes since the part was declared, once", d)
		}
		var lines []string
		for _, e := range events {
			if e.Kind == incident.KindPartJoined || e.Kind == incident.KindNote {
				lines = append(lines, incident.Wording{}.Line(e))
			}
			if e.Kind == incident.KindNote && (e.By != mal || !e.Noted.Equal(noted)) {
				t.Errorf("the note is by %s of %s, want mal's of %s", e.By, e.Noted, noted)
			}
		}
		want := []string{"INC-1 is a part of this incident now: the retries are why", "U0MAL noted (what) in INC-1: two orders of one basket"}
		if !slices.Equal(lines, want) {
			t.Errorf("the whole says %q, want %q", lines, want)
		}
		x.tick(time.Hour)
		if pages := x.pages(); slices.Contains(pages, "cleo by slack") {
			t.Errorf("paged %v, though ada is on it", pages)
		}
	})
}

// TestMergePagesNobodyForWhatSomebodyIsOn merges a worse incident that somebody is on into
// a quiet one: it is as bad from then on, and nobody is to be paged for it, so its timeline
// names nobody who is.
func TestMergePagesNobodyForWhatSomebodyIsOn(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "A report is late", Severity: incident.Sev3})
		x.declare(incident.Declaration{Title: "Payments retried", Severity: incident.Sev1})
		x.act(ada, 2, Act{Verb: Acknowledge})
		x.pages()
		_, events := x.folds(1)
		before := len(events)
		x.act(ada, 2, Act{Verb: Merge, Into: 1, Text: "the retries are why"})
		whole, events := x.folds(1)
		if whole.Severity != incident.Sev1 || whole.AcknowledgedBy != ada {
			t.Fatalf("the whole is %s and %q is on it, want sev1 and ada", whole.Severity, whole.AcknowledgedBy)
		}
		for _, e := range events[before:] {
			if e.Kind == incident.KindStep {
				t.Errorf("its timeline says %q and pages %v, though ada is on it", e.Text, e.Calls)
			}
		}
		x.tick(time.Minute)
		if pages := x.pages(); len(pages) > 0 {
			t.Errorf("paged %v, though ada is on it", pages)
		}
	})
}

// TestMergeLooksOn merges one for which somebody is looked for into one for which
// nobody is: the search goes on for the whole.
func TestMergeLooksOn(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "Customers pay twice", Severity: incident.Sev1})
		x.declare(incident.Declaration{Title: "Payments retried", Severity: incident.Sev4})
		x.pages()
		x.act(eve, 1, Act{Verb: Merge, Into: 2})
		if pages := x.pages(); !slices.Contains(pages, "ada by slack") {
			t.Errorf("paged for the whole: %v, want ada", pages)
		}
		x.act(ada, 2, Act{Verb: Acknowledge})
		x.folds(2)
	})
}

// TestMergeIntoPrivateLetsNobodyIn holds that merging a public incident into a private
// one does not show it to those who worked on the public one.
func TestMergeIntoPrivateLetsNobodyIn(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.declare(incident.Declaration{Title: "Search is slow"})
		x.act(mal, 2, Act{Verb: Note, Text: "slow since noon"})
		x.act(mal, 2, Act{Verb: Acknowledge})
		x.act(eve, 2, Act{Verb: Merge, Into: 1, Text: "the leak"})
		_, err := x.Show(background(), mal, 1)
		refused(t, err, "There is no INC-1")
		x.folds(1)
	})
}
