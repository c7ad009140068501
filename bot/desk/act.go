package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Verb says what an [Act] does.
type Verb string

// The verbs, in the words that people use.
const (
	Acknowledge     Verb = "ack"
	Investigate     Verb = "investigate"
	Mitigating      Verb = "mitigating"
	Mitigate        Verb = "mitigate"
	Resolve         Verb = "resolve"
	Close           Verb = "close"
	Reopen          Verb = "reopen"
	Cancel          Verb = "cancel"
	Merge           Verb = "duplicate"
	Note            Verb = "note"
	SetSeverity     Verb = "sev"
	Rename          Verb = "rename"
	Reroute         Verb = "service"
	TakeRole        Verb = "role"
	Repeat          Verb = "same"   // post the last update again
	Publish         Verb = "public" // words for the public
	Object          Verb = "object"
	SetImpact       Verb = "impact"
	Hide            Verb = "hide"
	Retime          Verb = "retime"
	NearMiss        Verb = "near-miss"
	FalseAlarm      Verb = "false-alarm"
	Relate          Verb = "related"
	Accept          Verb = "accept"            // that a promise was missed
	NoFollowUps     Verb = "no-follow-ups"     // none is needed
	Review          Verb = "postmortem-owner"  // writes the post-mortem
	Waive           Verb = "postmortem-waived" // nobody does
	Reply           Verb = "postmortem-answer" // to a question of the post-mortem
	ToReview        Verb = "postmortem-review" // others are asked to read it
	PublishDocument Verb = "postmortem-publish"
	Real            Verb = "real"    // a drill is none
	Drill           Verb = "drill"   // what nobody has answered is a drill
	WantChannel     Verb = "channel" // of an incident that has none because of its alert
)

// Act is something that somebody does to an incident. Beside Verb and Text it
// carries what its verb needs: Severity for SetSeverity, Note for Note, Service
// for Reroute, Role and Person for TakeRole, Into for Merge.
type Act struct {
	Verb     Verb
	Text     string
	Note     incident.NoteKind
	Severity incident.Severity
	Service  string
	Role     incident.Role
	Person   incident.Actor   // empty: the caller
	People   []incident.Actor // of a role, in the place of Person
	Pressed  bool             // TakeRole: by a button that stands in front of everybody
	Into     int
	Entry    int            // Object: which decision, 0 the latest; Hide, Retime: the number of the entry
	When     string         // Retime: as it was typed
	Zone     *time.Location // Retime: of whoever typed it; nil: the business's
	How      incident.How   // Mitigate, and Resolve of what was not: what made it stop; empty: as Text says
	Back     bool           // Investigate: only of what is mitigated, which is back
	Undo     string         // Mitigate: how what made it stop is undone
	Impact   Impact         // SetImpact
	Question string         // Reply: the ID of the question

	Fit func(incident.Incident, *Act) error // of a form: fits the act to the incident as it is by now, or refuses; nil: as it is
}

// Do carries out an act on incident n. A refusal is an *incident.Refusal.
func (d *Desk) Do(ctx context.Context, c Caller, n int, a Act) (Answer, error) {
	var past around
	if a.Verb == PublishDocument || a.Verb == Reply {
		i, err := d.asked(ctx, c, n)
		if err == nil {
			past, err = d.around(ctx, i)
		}
		if err != nil {
			return Answer{}, err
		}
	}
	return d.act(ctx, c, n, func(w *work) error {
		w.past = past
		return w.do(a)
	})
}

// asked returns the incident that somebody wants to do something to, if they may see it: what of
// it cannot be read would tell of it.
func (d *Desk) asked(ctx context.Context, c Caller, n int) (i incident.Incident, err error) {
	viewer := incident.Bot
	if c.Actor.Human() {
		viewer = c.Actor
	}
	err = d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		i, err = d.visible(tx, viewer, n)
		return err
	})
	return i, err
}

func (w *work) do(a Act) error {
	if err := w.may(w.deed(a)); err != nil {
		return err
	}
	if a.Fit != nil {
		if err := a.Fit(w.inc, &a); err != nil {
			return err
		}
	}
	before := w.inc
	change, err := w.decide(a)
	if err != nil {
		return err
	}
	if err := w.apply(change); err != nil || w.refused != nil {
		return err
	}
	if w.inc.Service != before.Service {
		if err := w.bookmark(); err != nil {
			return err
		}
	}
	w.askHow(a.Verb)
	if a.Verb == Merge {
		if err := w.joined(a.Into, a.Text, before); err != nil {
			return err
		}
	}
	if a.Verb == WantChannel || w.secondPerson() {
		if err := w.wantChannel(); err != nil {
			return err
		}
	}
	if err := w.tryAgain(); err != nil {
		return err
	}
	return w.progress(a.Verb)
}

// secondPerson reports whether somebody joins who is not the one who has acknowledged:
// two people need a place to talk.
func (w *work) secondPerson() bool {
	by := w.caller.Actor
	return w.inc.NoChannel && w.inc.Status.Active() && by.Human() && w.inc.AcknowledgedBy != "" && w.inc.AcknowledgedBy != by
}

// decide asks the incident what follows from the act.
func (w *work) decide(a Act) (incident.Change, error) {
	i, by, now := w.inc, w.caller.Actor, w.Now
	switch a.Verb {
	case Acknowledge:
		return w.acknowledge()
	case Real:
		return i.Real(by, now)
	case Drill:
		return i.Drill(by, now)
	case WantChannel:
		if !i.NoChannel {
			return incident.Change{}, refusal("", "%s has its channel already, or it is being made.", i.Name())
		}
		return i.Record(now, incident.Event{Kind: incident.KindRemark, Text: incident.Capital(w.whoActs()) + " wants a channel."}), nil
	case Investigate:
		if a.Back {
			return i.Back(by, a.Text, now)
		}
		return i.Investigate(by, a.Text, now)
	case Mitigating:
		return i.Mitigating(by, a.Text, now)
	case Mitigate:
		return i.MitigateBy(by, w.mitigation(&a), now)
	case Resolve:
		return w.resolve(a)
	case Close:
		return w.close(a)
	case Accept, NoFollowUps, Review, Waive:
		return w.conclude(a)
	case Reply:
		return w.answer(a)
	case ToReview:
		return i.ToReview(a.Text, by, now)
	case PublishDocument:
		return w.publish(a)
	case Reopen:
		return i.Reopen(by, a.Text, now)
	case Cancel:
		return i.Cancel(by, a.Text, now)
	case Merge:
		into, err := w.takes(a.Into)
		if err != nil {
			return incident.Change{}, err
		}
		return i.Merge(into, a.Text, by, now)
	case NearMiss:
		return i.EndAs(incident.NearMiss, a.Text, by, now)
	case FalseAlarm:
		return i.EndAs(incident.FalseAlarm, a.Text, by, now)
	case Relate:
		return w.relate(a)
	case Note:
		return i.Note(a.Note, a.Text, by, now)
	case SetImpact:
		return w.setImpact(a)
	case Object, Hide, Retime:
		return w.amend(a)
	case SetSeverity:
		return i.SetSeverity(a.Severity, a.Text, by, now)
	case Rename:
		return i.Rename(a.Text, by, now)
	case Reroute:
		id, ok := w.who.FindService(a.Service)
		if !ok {
			return incident.Change{}, w.who.NoService(a.Service)
		}
		return i.Reroute(id, a.Text, by, now)
	case Repeat:
		last, err := lastUpdate(w.Tx.Tx, i.Number)
		if err != nil {
			return incident.Change{}, err
		}
		return i.Repeat(last, by, now)
	case Publish:
		return i.Publish(a.Text, by, now)
	case TakeRole:
		return w.takeRole(a)
	default:
		return incident.Change{}, fmt.Errorf("act %q on %s: no such verb", a.Verb, i.Name())
	}
}

// owner returns the team that runs the incident's service, or "".
func (w *work) owner() string {
	if s, ok := w.service(w.inc.Service); ok {
		return s.Team
	}
	return ""
}

// takes returns the incident n, and refuses one that cannot have another as its part: one that the
// caller cannot see, or one that is over, since nobody works on it any more.
func (w *work) takes(n int) (incident.Incident, error) {
	other, err := w.d.visible(w.Tx.Tx, w.caller.Actor, n)
	switch {
	case err != nil:
	case other.Status == incident.Merged:
		err = refusal("Name that one.", "%s is itself a part of %s.", other.Name(), other.Whole())
	case !other.Status.Active():
		err = refusal("Reopen it first, or resolve this one.", "%s is %s.", other.Name(), other.Status)
	}
	return other, err
}

// takesAlerts shows the alerts of a new part, and takes the offer to resolve the whole
// back where one of them fires.
func (w *work) takesAlerts(part incident.Incident) error {
	if part.Alert == "" {
		return nil
	}
	if !w.artifacts.ChannelGivenUp {
		if err := w.Refresh(w.inc.Number, ledger.Alerts); err != nil {
			return err
		}
	}
	if part.AlertOver || !w.inc.AlertOver {
		return nil
	}
	title := part.Title
	if part.Private && !w.inc.Private {
		title = ""
	}
	if err := w.apply(w.inc.AlertFires(incident.Fires{Title: title, Withdraw: true}, part.DeclaredBy, w.Now)); err != nil {
		return err
	}
	return w.refreshPrompts()
}

// nextNumber counts up from 1 without holes, but where a copy of the store was put back:
// the number is taken in the transaction that opens the incident, or not at all.
func (w *work) nextNumber() (int, error) {
	// Whatever begins comes by here, in one transaction after the other: what began just before
	// is the last, unless its transaction failed.
	last := w.d.numbered
	if !w.Changed(incidentKey(last)) {
		var err error
		if last, err = w.d.lastNumber(w.Tx.Tx); err != nil {
			return 0, err
		}
	}
	w.d.numbered = last + 1
	w.Begins(last + 1)
	return last + 1, nil
}

// InChannel returns the number of the incident whose channel it is.
func (d *Desk) InChannel(ctx context.Context, channel string) (n int, ok bool, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		r, err := storage.Load[numberRecord](tx, channelKey(channel))
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		n, ok = r.Incident, err == nil
		return err
	})
	return n, ok, err
}
