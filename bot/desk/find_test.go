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
