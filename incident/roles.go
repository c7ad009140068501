package incident

import (
	"slices"
	"time"
)

// OfferFor is how long an offer of command stands.
const OfferFor = 5 * time.Minute

// Why an offer ended without being accepted. The words are in the store.
const (
	OfferDeclined = "declined"
	OfferLapsed   = "lapsed"
	OfferReplaced = "replaced"
)

// Offer is a role that somebody was asked to take and has not answered yet. The zero
// value says that there is none.
type Offer struct {
	Seq    int       `json:"seq"` // of the event, which is the offer's name
	Role   Role      `json:"role"`
	Person Actor     `json:"person"` // who is asked
	By     Actor     `json:"by"`     // who asked
	Until  time.Time `json:"until"`  // when it lapses
}

// Open reports whether somebody is asked.
func (o Offer) Open() bool { return o.Seq > 0 }

// offer notes an offer. Those of versions that let them stand for ever are not noted:
// they were never answered but by taking the role.
func (i *Incident) offer(e Event) {
	if !e.Due.IsZero() {
		i.Offer = Offer{Seq: e.Seq, Role: e.Role, Person: e.Person, By: e.By, Until: e.Due}
	}
}

// offerOver ends the offer that an event is about.
func (i *Incident) offerOver(e Event) {
	if i.Offer.Role == e.Role {
		i.Offer = Offer{}
	}
}

func (i *Incident) drop(r Role, who Actor) {
	i.Roles = slices.DeleteFunc(slices.Clone(i.Roles), func(h Holding) bool { return h.Role == r && h.Who == who })
}

// Shared reports whether several people may hold the role at once.
func (r Role) Shared() bool { return r != Commander }

// Holders returns everybody who holds the role, first come first.
func (i Incident) Holders(r Role) []Actor {
	var list []Actor
	for _, h := range i.Roles {
		if h.Role == r && h.Who != "" {
			list = append(list, h.Who)
		}
	}
	return list
}

// Has reports whether somebody holds the role.
func (i Incident) Has(r Role, who Actor) bool { return slices.Contains(i.Holders(r), who) }
