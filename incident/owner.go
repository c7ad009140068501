package incident

import (
	"fmt"
	"time"
)

// ownerDays is how many days there are to find the owner of a service.
const ownerDays = 14

// FindOwner opens the follow-up for a service that nobody owns: whoever was paged for
// it now did not build it.
func (i Incident) FindOwner(service string, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.add(Event{Kind: KindFollowUp, FollowUp: &FollowUp{
		ID:    fmt.Sprintf("%s-F%d", i.Name(), len(i.FollowUps)+1),
		Kind:  "process",
		Title: "Find an owner for " + service,
		Due:   now.AddDate(0, 0, ownerDays),
	}})
	return c.change()
}
