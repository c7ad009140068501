package desk

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// TestWhatIsSharedIsNotChanged: incidents share their slices with those who have read them
// before. Acts and readers at the same time change nothing of what others hold.
func TestWhatIsSharedIsNotChanged(t *testing.T) {
	t.Parallel()
	inBubble(t, func(x *fixture) {
		for _, title := range []string{"Checkout is slow", "Search is down"} {
			if _, err := x.Declare(background(), Caller{Actor: ada}, incident.Declaration{Title: title}); err != nil {
				t.Fatal(err)
			}
		}
		type kept struct {
			of   incident.Incident
			text string
		}
		var mu sync.Mutex
		var held []kept
		keep := func(i incident.Incident) {
			text, err := json.Marshal(i)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			held = append(held, kept{i, string(text)})
		}
		people := []incident.Actor{ada, bob, mal}
		roles := []incident.Role{incident.Responder, incident.Commander, incident.Communicator}
		together(12, func(k int) {
			for n := range 6 {
				if k%3 == 0 {
					err := x.ledger.View(background(), func(tx *storage.Tx) error {
						i, err := x.Whole(tx, 1)
						keep(i)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					continue
				}
				who, other := people[(k+n)%3], people[n%3]
				acts := []Act{{Verb: TakeRole, Role: roles[n%3], Person: other}, {Verb: Note, Text: fmt.Sprint("seen ", k, n)}, {Verb: Relate, Into: 2},
					{Verb: Mitigate, How: incident.Rollback, Text: "rolled back"}, {Verb: Investigate, Text: "it is back"}, {Verb: Acknowledge}}
				if a, err := x.Do(background(), Caller{Actor: who}, 1, acts[(k+n)%len(acts)]); err == nil {
					keep(a.Incident)
				}
			}
		})
		if len(held) < 20 {
			t.Fatalf("only %d were held", len(held))
		}
		for _, h := range held {
			if now, _ := json.Marshal(h.of); string(now) != h.text {
				t.Fatalf("an incident that somebody holds was changed:\n%s\n%s", h.text, now)
			}
		}
	})
}
