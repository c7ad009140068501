package desk

import (
	"context"
	"errors"
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// takeRole gives a role to somebody, or to several people.
func (w *work) takeRole(a Act) (incident.Change, error) {
	by := w.caller.Actor
	if a.Pressed && a.Role == incident.Commander {
		if w.shadowsOnly(by) {
			return incident.Change{}, refusal("To take command all the same: role commander.", "You shadow on this rota, and a shadow does not take command by a button.")
		}
		return w.inc.PressCommand(by, w.Now)
	}
	people := a.People
	switch {
	case len(people) > 0:
	case a.Person != "":
		people = []incident.Actor{a.Person}
	default:
		people = []incident.Actor{by}
	}
	for _, who := range people {
		if err := w.mayBeNamed(who); err != nil {
			return incident.Change{}, err
		}
	}
	return w.inc.TakeRoles(a.Role, people, by, w.Now)
}

// shadowsOnly reports whether somebody is at present a shadow on some rota and on call
// on none.
func (w *work) shadowsOnly(a incident.Actor) bool {
	kind, id := a.Split()
	if kind != "person" {
		return false
	}
	shadows := false
	for n := range w.who.Roster.Rotations {
		rota := &w.who.Roster.Rotations[n]
		if slices.Contains(rota.People(w.Now), id) {
			return false
		}
		shadows = shadows || slices.Contains(rota.At(w.Now).Shadows, id)
	}
	return shadows
}

func isRefusal(err error) bool { return errors.As(err, new(*incident.Refusal)) }

// AcceptOffer takes the command that was offered with event seq, if the offer stands and
// was made to the caller.
func (d *Desk) AcceptOffer(ctx context.Context, c Caller, n, seq int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		change, err := w.inc.AcceptOffer(seq, w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		return w.apply(change)
	})
}

// DeclineOffer says no to it. Command stays where it is.
func (d *Desk) DeclineOffer(ctx context.Context, c Caller, n, seq int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		offer := w.inc.Offer
		change, err := w.inc.DeclineOffer(seq, w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		return errors.Join(w.apply(change), w.tell(offer.By, ledger.TellOffer, change.Incident.Events))
	})
}

// lapseOffer ends an offer that nobody answered, and tells whoever made it.
func (w *work) lapseOffer() error {
	offer := w.inc.Offer
	if !offer.Open() || w.Now.Before(offer.Until) && !ahead(offer.Until, w.Now.Add(incident.OfferFor)) {
		return nil
	}
	change := w.inc.LapseOffer(w.Now)
	return errors.Join(w.apply(change), w.tell(offer.By, ledger.TellOffer, change.Incident.Events))
}

// DropRole takes a role from everybody who has it.
func (d *Desk) DropRole(ctx context.Context, c Caller, n int, r incident.Role) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		change, err := w.inc.DropRole(r, w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		return w.apply(change)
	})
}

// briefed has those who take a role, or are asked to, told what it asks of them.
func (w *work) briefed(c incident.Change) error {
	for _, e := range c.Events {
		var err error
		switch {
		case e.Kind == incident.KindOffered && !e.Due.IsZero():
			err = w.tell(e.Person, ledger.TellBrief, e.Seq)
		case e.Kind == incident.KindRole && e.Person.Human() && w.inc.Status.Hurting() && !w.artifacts.Drill:
			err = w.checklist(c, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checklist has somebody told what their role asks of them. Whoever has it only because
// they acknowledged first has no time to read now.
func (w *work) checklist(c incident.Change, e incident.Event) error {
	for _, other := range c.Events {
		if other.Kind == incident.KindAcknowledged {
			return nil
		}
	}
	return w.tell(e.Person, ledger.TellChecklist, e.Seq)
}
