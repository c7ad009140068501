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
func (r Role) Shared() bool { return r == Responder || r == Shadow }

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

// TakeRole gives a role to somebody, see [Incident.TakeRoles].
func (i Incident) TakeRole(r Role, who, by Actor, now time.Time) (Change, error) {
	return i.TakeRoles(r, []Actor{who}, by, now)
}

// TakeRoles gives a role to people. Command moves only by the hand of whoever takes it:
// for anybody else it is offered, and stays where it is until they accept. A newer offer
// ends an older one.
func (i Incident) TakeRoles(r Role, people []Actor, by Actor, now time.Time) (Change, error) {
	if i.Status == Merged || i.Status == Cancelled || i.Status == Closed {
		return Change{}, i.over("its roles stay as they were")
	}
	if len(people) > 1 && !r.Shared() {
		return Change{}, Refuse("Name one of them.", "Only one person can be %s of %s.", r, i.Name())
	}
	c := begin(i, by, now)
	for _, who := range people {
		if i.Has(r, who) {
			continue
		}
		if r == Commander && who != by {
			if err := c.offer(who); err != nil {
				return Change{}, err
			}
			continue
		}
		c.say(c.add(Event{Kind: KindRole, Role: r, Person: who, Also: r == Shadow}))
	}
	if len(c.events) == 0 {
		return Change{}, i.holdsAlready(r, people[0])
	}
	c.do(Invite, CloseAsks, RefreshCard)
	if r == Commander {
		c.do(RefreshTopic)
	}
	return c.change(), nil
}

func (i Incident) holdsAlready(r Role, who Actor) error {
	rf := Refuse("", "{who} is already %s of %s, since {when}.", r, i.Name())
	for _, h := range i.Roles {
		if h.Role == r && h.Who == who {
			rf.Who, rf.When = who, h.From
		}
	}
	return rf
}

// offer asks somebody to take command.
func (b *building) offer(who Actor) error {
	o := b.i.Offer
	switch {
	case !b.i.Status.Active():
		return b.i.over("there is no command to hand over")
	case o.Open() && o.Person == who:
		rf := Refuse("Until they answer, nothing changes.", "{who} was already asked to take command of %s; the offer stands until {when}.", b.i.Name())
		rf.Who, rf.When = who, o.Until
		return rf
	case b.i.Has(Shadow, who):
		rf := Refuse("Ask somebody else, or have them leave it: role shadow none.", "{who} shadows in %s, and a shadow does not take command.", b.i.Name())
		rf.Who = who
		return rf
	case o.Open():
		b.add(Event{Kind: KindOfferEnded, Role: Commander, Person: o.Person, Reason: OfferReplaced})
	}
	b.say(b.add(Event{Kind: KindOffered, Role: Commander, Person: who, Due: b.now.Add(OfferFor)}))
	return nil
}

// justMoved is how long after command has moved a button that was pressed meanwhile does
// not move it on.
const justMoved = 10 * time.Second

// PressCommand is [Incident.TakeRole] of command by a button, which stands in front of
// everybody: a shadow does not take command that way, and nobody takes it from somebody
// who has got it while the button was being pressed.
func (i Incident) PressCommand(by Actor, now time.Time) (Change, error) {
	for _, h := range i.Roles {
		if h.Role == Commander && h.Who != by && now.Sub(h.From) < justMoved && h.Who != i.AcknowledgedBy {
			rf := Refuse("If you still want it, press again.", "{who} has just taken command of %s.", i.Name())
			rf.Who = h.Who
			return Change{}, rf
		}
	}
	if i.Has(Shadow, by) {
		return Change{}, Refuse("To work on it: role shadow none, and then role commander.", "You shadow in %s, and a shadow does not take command.", i.Name())
	}
	return i.TakeRole(Commander, by, by, now)
}

// answers refuses an answer to an offer that does not stand, or was made to others.
func (i Incident) answers(seq int, by Actor) error {
	o := i.Offer
	switch {
	case i.Holder(Commander) == by:
		return Refuse("", "You have command of %s already.", i.Name())
	case !o.Open():
		return Refuse("To take command all the same: role commander.", "This offer is over: command of %s stayed where it was.", i.Name())
	case o.Seq != seq:
		rf := Refuse("", "This offer is over: {who} was asked to take command of %s since.", i.Name())
		if o.Person == by {
			rf = Refuse("", "This offer is over: you were asked anew, with another message.")
		}
		rf.Who = o.Person
		return rf
	case o.Person != by:
		rf := Refuse("To take command yourself: role commander.", "{who} was asked to take command, not you.")
		rf.Who = o.Person
		return rf
	}
	return nil
}

// StillOffers reports whether the command that an event offered can be taken yet.
func (i Incident) StillOffers(e Event) bool {
	return e.Role == Commander && i.Holder(Commander) != e.Person && (e.Due.IsZero() || i.Offer.Seq == e.Seq)
}

// AcceptOffer moves command to whoever was asked, at one instant.
func (i Incident) AcceptOffer(seq int, by Actor, now time.Time) (Change, error) {
	if err := i.answers(seq, by); err != nil {
		return Change{}, err
	}
	if !now.Before(i.Offer.Until) {
		return Change{}, Refuse("To take command all the same: role commander.", "This offer of command of %s has lapsed.", i.Name())
	}
	return i.TakeRole(Commander, by, by, now)
}

// DeclineOffer says no to it: command stays where it is.
func (i Incident) DeclineOffer(seq int, by Actor, now time.Time) (Change, error) {
	if err := i.answers(seq, by); err != nil {
		return Change{}, err
	}
	return i.endOffer(OfferDeclined, by, now), nil
}

// LapseOffer ends an offer that nobody answered in time.
func (i Incident) LapseOffer(now time.Time) Change { return i.endOffer(OfferLapsed, Bot, now) }

func (i Incident) endOffer(why string, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.add(Event{Kind: KindOfferEnded, Role: i.Offer.Role, Person: i.Offer.Person, Reason: why})
	c.do(CloseAsks)
	return c.change()
}

// DropRole takes a role from everybody who has it.
func (i Incident) DropRole(r Role, by Actor, now time.Time) (Change, error) {
	holders := i.Holders(r)
	if len(holders) == 0 {
		return Change{}, Refuse("", "Nobody is %s of %s.", r, i.Name())
	}
	c := begin(i, by, now)
	for _, who := range holders {
		c.say(c.add(Event{Kind: KindRoleLeft, Role: r, Person: who}))
	}
	c.do(CloseAsks, RefreshCard)
	if r == Commander {
		c.do(RefreshTopic)
	}
	return c.change(), nil
}
