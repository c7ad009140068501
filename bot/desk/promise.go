package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

const promisePrefix = "promise/"

func promiseKey(n int) string             { return promisePrefix + ledger.Number(n) }
func remindedKey(a incident.Actor) string { return "reminded/" + string(a) }

// promiseRecord is what is due of an incident, and who was reminded of it.
type promiseRecord struct {
	V        int               `json:"v"`
	Promises incident.Promises `json:"promises,omitzero"`
	Reminder Reminder          `json:"reminder,omitzero"`
	Last     time.Time         `json:"last,omitzero"`  // everything up to then was reminded of
	Until    time.Time         `json:"until,omitzero"` // nobody is reminded before; the time runs on
	Waits    time.Time         `json:"waits,omitzero"` // since when the reminder is due and has no room
	Hands    time.Time         `json:"hands,omitzero"` // when it was asked whether more people are wanted
	Silent   time.Time         `json:"silent,omitzero"`
	Tired    time.Time         `json:"tired,omitzero"` // since when the commander led who was offered to hand over
	Kept     time.Time         `json:"kept,omitzero"`  // when it was planned what is due next
	Base     time.Time         `json:"base,omitzero"`  // when what a clock wrote that was ahead counts as having happened
}

// Reminder is the message by which somebody is reminded that an update is due. There is
// at most one of an incident.
type Reminder struct {
	Person  incident.Actor `json:"person,omitempty"`
	Role    incident.Role  `json:"role,omitempty"`   // by which Person posts updates
	Number  int            `json:"number,omitempty"` // counts up; a press on an earlier one does nothing
	Open    bool           `json:"open,omitempty"`
	Rung    []time.Time    `json:"rung,omitempty"`   // when Person was reminded, the last few
	Posted  []time.Time    `json:"posted,omitempty"` // when these stood where Person reads them, the last few
	Message ledger.Message `json:"message,omitzero"`
	Draft   string         `json:"draft,omitempty"`  // as it was shown
	Before  string         `json:"before,omitempty"` // the text of the last update; empty: there was none
	Asked   time.Time      `json:"asked,omitzero"`   // as of when Draft was made
	Until   time.Time      `json:"until,omitzero"`   // put off until then
}

// remindedRecord is when somebody was reminded lately, of whichever incident.
type remindedRecord struct {
	V       int         `json:"v"`
	At      []time.Time `json:"at"`
	Fair    time.Time   `json:"fair,omitzero"`    // when one went ahead of something worse last
	Morning time.Time   `json:"morning,omitzero"` // when they were told last what waits for them after incidents
}

// workingHours count where no agreement says which hours do.
func workingHours(zone *time.Location) *rotation.Coverage {
	return &rotation.Coverage{Days: []time.Weekday{1, 2, 3, 4, 5}, From: "09:00", To: "17:00", TimeZone: zone.String()}
}

// terms are what is promised about incidents of a service: what its agreement says, and
// of updates the usual steps where it says nothing. Of sev3 and sev4 only working hours
// count, so that nobody is reminded at night of what waits for the morning.
func terms(who *oncall.Directory, service string, zone *time.Location) incident.Terms {
	agreed := map[incident.Severity]rotation.Promise{}
	var hours incident.Hours
	if s, ok := who.Roster.Service(service); ok {
		if a, ok := who.Roster.Agreement(s.Agreement); ok {
			if a.Coverage != nil {
				hours = a.Coverage
			}
			for name, p := range a.Targets {
				if sev, ok := incident.ParseSeverity(name); ok {
					agreed[sev] = p
				}
			}
		}
	}
	return func(sev incident.Severity) incident.Targets {
		t := incident.Targets{Hours: hours}
		t.First, t.Update = incident.UpdateTargets(sev)
		p := agreed[sev]
		t.Acknowledge, t.Restore = p.Acknowledge, p.Restore
		if p.Update > 0 {
			t.Update, t.First = p.Update, min(p.Update, cmpOr(t.First, p.Update))
			if p.Update > t.First {
				t.FirstAgreed = p.Update
			}
		}
		if hours == nil && sev >= incident.Sev3 {
			t.Hours = workingHours(zone)
		}
		return t
	}
}

func cmpOr(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func (w *work) terms() incident.Terms { return terms(w.who, w.inc.Service, w.d.opt.Zone) }

// moves are the kinds of events after which other things are due, or others are asked.
var moves = []incident.Kind{
	incident.KindDeclared, incident.KindAcknowledged, incident.KindInvestigate, incident.KindMitigating, incident.KindMitigated,
	incident.KindResolved, incident.KindClosed, incident.KindReopened, incident.KindCancelled, incident.KindMerged,
	incident.KindSeverity, incident.KindService, incident.KindRole, incident.KindRoleLeft, incident.KindOffered,
	incident.KindOfferEnded, incident.KindGivenBack, incident.KindMissed, incident.KindWatchMore,
	incident.KindImpact,
}

// movesPromises notes that a change concerns what is due. Of what an alert has just opened
// it is looked at with the first step of its escalation, or the first thing that somebody
// does: that spares each alert a record.
func (w *work) movesPromises(c incident.Change) {
	for _, e := range c.Events {
		switch {
		case e.Kind == incident.KindDeclared && e.Alert != "":
		case slices.Contains(moves, e.Kind), e.Kind == incident.KindNote && e.Note == incident.Update:
			w.reckoned = true
		}
	}
}

// reckon works out anew what is due, once for all changes of a transaction.
func (w *work) reckon() error {
	if !w.reckoned || w.inc.Number == 0 || w.artifacts.Drill {
		return nil
	}
	w.reckoned = false
	r, known, err := ledger.Load[promiseRecord](w.Tx.Tx, promiseKey(w.inc.Number))
	if err != nil || !known && !w.inc.Status.Active() {
		return err
	}
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return err
	}
	was := r.Promises
	r.Base = time.Time{}
	if aheadAny(events, w.Now) {
		r.Base = w.Now
	}
	events = r.asOf(events, w.Now)
	r.Promises = incident.PromisesOf(events, w.terms())
	if next, _ := r.Promises.Next(); known || next.Runs() {
		if before, _ := was.Next(); before != next {
			if err := w.refresh(ledger.Topic, ledger.Card); err != nil {
				return err
			}
		}
	}
	if err := w.settleReminder(&r); err != nil {
		return err
	}
	return w.keepPromises(r, events)
}

// keepPromises stores what is due, and plans when it is looked at.
func (w *work) keepPromises(r promiseRecord, events []incident.Event) error {
	name, key := promiseKey(w.inc.Number), promiseKey(w.inc.Number)
	if !w.inc.Status.Active() {
		return errors.Join(w.Sleep(name), w.Delete(key))
	}
	r.V, r.Kept = 1, w.Now
	at := w.nextLook(r, r.asOf(events, w.Now))
	if at.IsZero() {
		return errors.Join(w.Sleep(name), w.Save(key, r))
	}
	due, planned, err := w.Due(name)
	if err != nil {
		return err
	}
	if !planned || !due.Equal(at) {
		if err := w.Wake(name, at); err != nil {
			return err
		}
	}
	return w.Save(key, r)
}

// nextLook is the earliest instant at which something of an incident is due; zero: never.
func (w *work) nextLook(r promiseRecord, events []incident.Event) time.Time {
	var at time.Time
	for _, x := range []time.Time{w.nextDue(r), w.nextReminder(r), w.inc.Offer.Until, w.handsDue(r, events), w.silentDue(r, events), w.watchDue(events), w.tiredDue(r, events)} {
		if !x.IsZero() && (at.IsZero() || x.Before(at)) {
			at = x
		}
	}
	return at
}

func (w *work) nextDue(r promiseRecord) time.Time {
	next, _ := r.Promises.Next()
	return next.Due
}

// nextReminder is when somebody is reminded of an update; zero: nobody is.
func (w *work) nextReminder(r promiseRecord) time.Time {
	return r.nextReminder(w.inc, w.terms()(w.inc.Severity))
}

func (r promiseRecord) nextReminder(i incident.Incident, t incident.Targets) time.Time {
	if i.Informs() == "" || !i.Status.Hurting() {
		return time.Time{}
	}
	at := r.Promises.Update.Reminder(t, r.Last)
	if !at.IsZero() && at.Before(r.Until) {
		return r.Until
	}
	return at
}

// tickPromises does what is due of one incident.
func (d *Desk) tickPromises(ctx context.Context, name string, now time.Time) error {
	_, err := d.actAt(ctx, byBot, now, ledger.LastNumber(name), func(w *work) error {
		if err := w.Sleep(name); err != nil { // it is planned anew, maybe for this very instant
			return err
		}
		r, known, err := ledger.Load[promiseRecord](w.Tx.Tx, promiseKey(w.inc.Number))
		if err != nil || !known || !w.inc.Status.Active() {
			return err
		}
		if err := w.lapseOffer(); err != nil {
			return err
		}
		events, err := w.tellMissed(&r)
		if err != nil {
			return err
		}
		if err := w.remind(&r, events); err != nil {
			return err
		}
		if err := errors.Join(w.offerHands(&r, events), w.commandSilent(&r, events), w.offerRest(&r, events), w.watchOver(events)); err != nil {
			return err
		}
		w.reckoned = false
		return w.keepPromises(r, events)
	})
	return err
}

// tellMissed records each promise that has passed, and tells it in the channel in one line.
// It returns the timeline.
func (w *work) tellMissed(r *promiseRecord) ([]incident.Event, error) {
	for _, d := range r.Promises.Due(w.Now) {
		change := w.inc.Record(w.Now, incident.Event{Kind: incident.KindMissed, Promise: d.Promise, Due: d.Due, Assumed: d.Early})
		change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events},
			incident.Effect{Kind: incident.RefreshCard}, incident.Effect{Kind: incident.RefreshTopic})
		if err := w.apply(change); err != nil {
			return nil, err
		}
	}
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return nil, err
	}
	events = r.asOf(events, w.Now)
	r.Promises = incident.PromisesOf(events, w.terms())
	return events, nil
}

// promises reads what is due of an incident.
func promises(tx *storage.Tx, n int) (promiseRecord, error) {
	r, _, err := ledger.Load[promiseRecord](tx, promiseKey(n))
	return r, err
}
