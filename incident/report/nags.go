package report

import (
	"cmp"
	"slices"

	"github.com/stormbell/stormbell/incident"
)

// What reminders are about.
const (
	AboutUpdate    = "update"       // an update is due
	AboutHands     = "hands"        // 15 minutes without a note: is a second pair of eyes wanted
	AboutRest      = "rest"         // command was held for long: hand it over
	AboutIdle      = "idle"         // nothing happens in it any more
	AboutReviews   = "post-mortems" // what they want of somebody
	AboutFollowUps = "follow-ups"   // what is still to be done
)

// Nags counts how often the bot reminded those with a role of something, and what
// followed. It is for tuning the bot, so no person is in it.
type Nags struct {
	About    string        `json:"about"`
	Role     incident.Role `json:"role,omitempty"`     // empty: reminders that go by no role
	Severity string        `json:"severity,omitempty"` // of the incident; empty: of several
	Sent     int           `json:"sent"`
	Answered int           `json:"answered"` // what it asked for was done
	PutOff   int           `json:"put_off"`  // by a click, to be reminded later
	Moved    int           `json:"moved"`    // the role went to somebody else first
	Over     int           `json:"over"`     // it was needed no more
}

// AddNags adds one count to a list that has each kind once.
func AddNags(list []Nags, n Nags) []Nags {
	k := slices.IndexFunc(list, func(x Nags) bool { return x.About == n.About && x.Role == n.Role && x.Severity == n.Severity })
	if k < 0 {
		list = append(list, n)
		slices.SortFunc(list, func(a, b Nags) int {
			return cmp.Or(cmp.Compare(a.About, b.About), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Severity, b.Severity))
		})
		return list
	}
	x := &list[k]
	x.Sent, x.Answered, x.PutOff, x.Moved, x.Over = x.Sent+n.Sent, x.Answered+n.Answered, x.PutOff+n.PutOff, x.Moved+n.Moved, x.Over+n.Over
	return list
}
