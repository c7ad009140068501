package desk

import (
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// TestFindIsCutByWhatIsSeen holds that a private incident counts neither for the
// limit nor for whether there is more.
func TestFindIsCutByWhatIsSeen(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "keys leaked", Private: true, Service: "edge"})
		x.declare(incident.Declaration{Title: "checkout is slow"})
		x.declare(incident.Declaration{Title: "more keys leaked", Private: true})
		list, more, err := x.Find(background(), mal, Query{Limit: 1})
		if err != nil || len(list) != 1 || list[0].Number != 2 || more {
			t.Errorf("Find() = %v, %t, %v; want INC-2 and no more", list, more, err)
		}
		if list, more, _ := x.Find(background(), eve, Query{Limit: 2}); len(list) != 2 || !more {
			t.Errorf("whoever declared them sees %d and more %t; want 2, and one more", len(list), more)
		}
		// A service that has left the roster is known by its incidents, to those who see them.
		x.apply(`
people: [{id: ada, slack: U0ADA}]
policies: [{id: payments, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}]
services: [{id: checkout, kind: product}]
defaults: {service: checkout, policy: payments}
`)
		if list, _, err := x.Find(background(), eve, Query{Service: "edge"}); err != nil || len(list) != 1 {
			t.Errorf("incidents of a service that is no more: %v, %v; want INC-1", list, err)
		}
		_, _, err = x.Find(background(), mal, Query{Service: "edge"})
		refused(t, err, `There is no service "edge"`)
	})
}

// TestSearch holds what a search looks at: what an incident is called and about as of
// now, over everything that the store holds, also after a restart.
func TestSearch(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "Card payments fail", Service: "edge"})
		x.declare(incident.Declaration{Title: "Keys leaked with card data", Private: true})
		x.declare(incident.Declaration{Title: "Search is slow", Function: "Finding goods"})
		x.act(eve, 1, Act{Verb: Resolve})
		looks := func(viewer incident.Actor, q Query, want string, total int) {
			t.Helper()
			f, err := x.Search(background(), viewer, q)
			got := ""
			for _, i := range f.Incidents {
				got += " " + i.Name()
			}
			if err != nil || got != want || f.Total != total {
				t.Errorf("Search(%s, %+v) = %s of %d, %v; want %s of %d", viewer, q, got, f.Total, err, want, total)
			}
		}
		all := func(words string) Query { return Query{All: true, Search: words} }
		for range 2 {
			looks(mal, all("card"), " INC-1", 1)
			looks(mal, all("leaked"), "", 0) // private
			looks(eve, all("CARD"), " INC-2 INC-1", 2)
			looks(incident.Bot, Query{All: true, Limit: 1}, " INC-3", 3)
			looks(incident.Bot, Query{All: true, Limit: 1, Before: 3}, " INC-2", 3)
			looks(mal, all("goods"), " INC-3", 1)            // the function
			looks(mal, all("gateway payments"), " INC-1", 1) // the name of the service
			looks(mal, Query{Search: "card"}, "", 0)         // it is over
			looks(mal, Query{Statuses: []incident.Status{incident.Resolved}}, " INC-1", 1)
			looks(eve, Query{All: true, Concerns: eve}, " INC-3 INC-2 INC-1", 3)
			looks(mal, Query{All: true, Concerns: eve}, " INC-3 INC-1", 2)
			looks(bob, Query{All: true, Concerns: bob}, " INC-1", 1) // he was paged
			x.reopen()
		}
		for words, want := range map[string]int{
			"card payments since the deployment": 1, // two of the words
			"edge payments of yesterday":         1, // a word, and the service
			"card deployment":                    0, // one word is not enough
			"card":                               0, // it is found
			"keys leaked card data deployment":   0, // private, and not over
		} {
			f, err := x.Search(background(), eve, all(words))
			if err != nil || len(f.Alike) != want || want > 0 && f.Alike[0].Number != 1 {
				t.Errorf("Search(%q) finds %v to be like it, %v; want %d", words, f.Alike, err, want)
			}
		}
		x.act(eve, 1, Act{Verb: Note, Text: "provider Quux answers 500"})
		x.act(eve, 2, Act{Verb: Note, Text: "provider Quux was told"})
		x.act(eve, 3, Act{Verb: Note, Note: incident.Decision, Text: "Take it from the Replica of Quux"})
		for range 2 {
			looks(mal, all("quux 500"), " INC-1", 1)
			looks(mal, all("quux"), " INC-3 INC-1", 2) // the private one is none of his
			looks(eve, all("quux told"), " INC-2", 1)
			looks(mal, Query{Search: "replica"}, " INC-3", 1) // among what is open
			x.reopen()
			if err := x.Warm(background()); err != nil {
				t.Fatal(err)
			}
		}
		_, events := x.folds(3)
		for _, e := range events {
			if e.Note == incident.Decision {
				x.act(eve, 3, Act{Verb: Hide, Entry: e.Seq, Text: "a name"})
			}
		}
		looks(mal, all("replica"), "", 0)
		x.act(eve, 3, Act{Verb: Note, Text: "the index is cold"})
		looks(mal, all("cold"), " INC-3", 1)
		looks(mal, all("replica"), "", 0)
		x.act(eve, 3, Act{Verb: Rename, Text: "Zebra crossing is slow"})
		looks(mal, all("zebra"), " INC-3", 1)
		looks(mal, all("search is"), "", 0)
		x.act(eve, 3, Act{Verb: Merge, Into: 2})
		looks(mal, Query{All: true, Statuses: []incident.Status{incident.Merged}}, " INC-3", 1)
	})
}
