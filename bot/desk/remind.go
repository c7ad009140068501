package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

// remind reminds whoever can post an update that it is due, if it is time for that and
// the hour of that person has room for it.
func (w *work) remind(r *promiseRecord, events []incident.Event) error {
	at := w.nextReminder(*r)
	if at.IsZero() || at.After(w.Now) {
		return nil
	}
	who := w.inc.Informs()
	last := time.Time{}
	if n := len(r.Reminder.Rung); n > 0 && r.Reminder.Open {
		last = r.Reminder.Rung[n-1]
	}
	rings := !r.Until.IsZero() || r.Promises.Update.Rings(last, w.Now)
	fairly := false
	if rings {
		room, err := w.roomFor(who)
		if err != nil {
			return err
		}
		if r.Waits.IsZero() {
			r.Waits = w.Now
		}
		if room.After(w.Now) {
			r.Until = w.terms()(w.inc.Severity).From(room) // what waits for working hours is not heard after them
			return nil
		}
		var own bool
		if own, fairly, err = w.goesNow(who, r.Waits); err != nil || !own {
			r.Until = w.Now.Add(yieldFor)
			return err
		}
	}
	r.Last, r.Until, r.Waits = w.Now, time.Time{}, time.Time{}
	return w.sendReminder(r, ringing{who, rings, fairly}, events)
}

// yieldFor is how long a reminder lets another one go first.
const yieldFor = time.Second

// goesNow reports whether this reminder of somebody is the one that goes at this instant: when
// an hour has room for one more, it is not chance that says of what. fairly means that it
// goes ahead of something worse.
func (w *work) goesNow(who incident.Actor, since time.Time) (own, fairly bool, err error) {
	rung, _, err := ledger.Load[remindedRecord](w.Tx.Tx, remindedKey(who))
	if err != nil {
		return false, false, err
	}
	waiting := []incident.Waiting{{Severity: w.inc.Severity, Since: since}}
	for key, value := range w.Scan(promisePrefix) {
		n := ledger.LastNumber(key)
		if n == w.inc.Number {
			continue
		}
		var r promiseRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return false, false, fmt.Errorf("read %s: %v", key, err)
		}
		i, err := loadIncident(w.Tx.Tx, n)
		if err != nil {
			return false, false, err
		}
		if i.Informs() != who {
			continue
		}
		at := r.nextReminder(i, terms(w.who, i.Service, w.d.opt.Zone)(i.Severity))
		if at.IsZero() || at.After(w.Now.Add(yieldFor)) { // whoever yields just now waits, too
			continue
		}
		if r.Waits.IsZero() {
			r.Waits = w.Now
		}
		waiting = append(waiting, incident.Waiting{Severity: i.Severity, Since: r.Waits})
	}
	n, fairly := incident.NextOf(waiting, w.Now.Sub(rung.Fair) >= incident.FairAfter, w.Now)
	return n == 0, fairly, w.Err()
}

// roomFor returns when somebody may be reminded again, whichever incident it is about.
func (w *work) roomFor(who incident.Actor) (time.Time, error) {
	rung, _, err := ledger.Load[remindedRecord](w.Tx.Tx, remindedKey(who))
	return incident.Room(rung.At, w.Now), err
}

// ringing is how somebody is reminded: heard, and ahead of something worse.
type ringing struct {
	who          incident.Actor
	heard, ahead bool
}

// sendReminder has the reminder written anew, so that it is heard, or brought up to date.
func (w *work) sendReminder(r *promiseRecord, how ringing, events []incident.Event) error {
	m, who := &r.Reminder, how.who
	if m.Person != who {
		m.Rung, m.Posted = nil, nil
	}
	m.Person, m.Open, m.Until = who, true, time.Time{}
	_, m.Role = w.inc.InformsAs()
	m.Draft = w.inc.Draft(w.draftName(), w.terms()(w.inc.Severity).Update, w.Now)
	m.Before, m.Asked = "", w.Now
	for _, e := range events {
		if e.Kind == incident.KindNote && e.Note == incident.Update {
			m.Before = e.Text
		}
	}
	if !how.heard {
		return w.editReminder(m)
	}
	m.Number++
	m.Rung = append(slices.Clip(m.Rung[max(0, len(m.Rung)-2):]), w.Now)
	rung, _, err := ledger.Load[remindedRecord](w.Tx.Tx, remindedKey(who))
	if err != nil {
		return err
	}
	rung.V, rung.At = 1, append(slices.Clip(rung.At[max(0, len(rung.At)-incident.RemindersMost+1):]), w.Now)
	if how.ahead {
		rung.Fair = w.Now
	}
	if err := errors.Join(w.Save(remindedKey(who), rung), w.nagHere(report.Nags{About: report.AboutUpdate, Role: m.Role, Sent: 1})); err != nil {
		return err
	}
	return w.job(ledger.Job{Kind: ledger.Nag, Person: string(who), Pass: m.Number, Message: m.Message})
}

func (w *work) draftName() string {
	if s, ok := w.service(w.inc.Service); ok {
		return s.Name
	}
	return ""
}

func (w *work) editReminder(m *Reminder) error {
	if m.Message.TS == "" { // it is on its way, and shows what holds when it goes
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.Nag, Person: string(m.Person), Message: m.Message})
}

// settleReminder closes the reminder as soon as it is of no more use: the update is
// posted, nobody waits any more, or somebody else can act now. That one is reminded in
// the place of the former, if the hour has room.
func (w *work) settleReminder(r *promiseRecord) error {
	m := &r.Reminder
	who := w.inc.Informs()
	hurting := w.inc.Status.Hurting() && !w.inc.ImpactNone()
	switch {
	case !m.Open:
		return nil
	case !hurting || r.Promises.Updated.After(m.Asked):
		followed := report.Nags{About: report.AboutUpdate, Role: m.Role, Over: 1}
		if r.Promises.Updated.After(m.Asked) {
			followed.Over, followed.Answered = 0, 1
		}
		if err := w.nagHere(followed); err != nil {
			return err
		}
		r.Until, r.Waits = time.Time{}, time.Time{}
		return w.closeReminder(m, "done")
	case who != m.Person:
		if err := errors.Join(w.nagHere(report.Nags{About: report.AboutUpdate, Role: m.Role, Moved: 1}), w.closeReminder(m, "free")); err != nil {
			return err
		}
		r.Until, r.Last, r.Waits = time.Time{}, time.Time{}, time.Time{} // the new holder hears at once how it stands
		return nil
	default:
		return nil
	}
}

// closeReminder has the message say that nothing is asked any more.
func (w *work) closeReminder(m *Reminder, why string) error {
	m.Open, m.Draft, m.Until = false, "", time.Time{}
	at := m.Message
	m.Message = ledger.Message{}
	if at.TS == "" {
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.Nag, Person: string(m.Person), Target: why, Message: at})
}

// reminded records where the reminder stands. One that is of no more use by now says so
// at once.
func (w *work) reminded(j ledger.Job, o Outcome) error {
	for _, m := range o.More { // they could not be removed
		if err := w.job(ledger.Job{Kind: ledger.Nag, Person: j.Person, Target: "done", Message: m}); err != nil {
			return err
		}
	}
	if j.Pass == 0 || o.Message.TS == "" {
		return nil
	}
	r, known, err := ledger.Load[promiseRecord](w.Tx.Tx, promiseKey(w.inc.Number))
	if err != nil {
		return err
	}
	if !known || !r.Reminder.Open || r.Reminder.Number != j.Pass {
		why := "done"
		if known && r.Reminder.Person != incident.Actor(j.Person) {
			why = "free"
		}
		return w.job(ledger.Job{Kind: ledger.Nag, Person: j.Person, Target: why, Message: o.Message})
	}
	m := &r.Reminder
	m.Message, m.Posted = o.Message, append(slices.Clip(m.Posted[max(0, len(m.Posted)-2):]), w.Now)
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return err
	}
	return w.keepPromises(r, events)
}

// PutOff has nobody reminded of an update for a while. The promise stands, and its time
// runs on.
func (d *Desk) PutOff(ctx context.Context, c Caller, n, number int, length time.Duration) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		r, err := w.openReminder(number)
		if err != nil {
			return err
		}
		r.Until = w.Now.Add(length)
		r.Reminder.Until = r.Until
		if err := errors.Join(w.nagHere(report.Nags{About: report.AboutUpdate, Role: r.Reminder.Role, PutOff: 1}), w.editReminder(&r.Reminder)); err != nil {
			return err
		}
		events, err := timeline(w.Tx.Tx, n)
		if err != nil {
			return err
		}
		return w.keepPromises(r, events)
	})
}

// PostDraft posts the draft that a reminder shows.
func (d *Desk) PostDraft(ctx context.Context, c Caller, n, number int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		r, err := w.openReminder(number)
		if err != nil {
			return err
		}
		return w.do(Act{Verb: Note, Note: incident.Update, Text: r.Reminder.Draft})
	})
}

// openReminder returns what a press on the reminder of that number is about.
func (w *work) openReminder(number int) (promiseRecord, error) {
	r, err := promises(w.Tx.Tx, w.inc.Number)
	if err == nil && (!r.Reminder.Open || r.Reminder.Number != number) {
		err = refusal("", "This reminder of %s is over: an update was posted since, or somebody else was asked.", w.inc.Name())
	}
	return r, err
}

// lastUpdate is the text of the latest update for stakeholders; empty: there was none.
func lastUpdate(tx *storage.Tx, n int) (string, error) {
	events, err := timeline(tx, n)
	for _, e := range slices.Backward(incident.Readable(events)) {
		if e.Kind == incident.KindNote && e.Note == incident.Update {
			return e.Text, nil
		}
	}
	return "", err
}

// handsAfter is after how long without a note it is asked whether more people are wanted.
const handsAfter = 15 * time.Minute

// handsDue is when it is asked, once, whether a second pair of eyes is wanted; zero: not.
func (w *work) handsDue(r promiseRecord, events []incident.Event) time.Time {
	if !r.Hands.IsZero() || !w.inc.Acked() || !w.inc.Status.Hurting() || w.inc.Severity > incident.Sev2 {
		return time.Time{}
	}
	at := incident.Worked(events)
	if at.IsZero() {
		return at
	}
	return at.Add(handsAfter)
}

// offerHands asks whoever responds whether more people are wanted.
func (w *work) offerHands(r *promiseRecord, events []incident.Event) error {
	at := w.handsDue(*r, events)
	if at.IsZero() || at.After(w.Now) {
		return nil
	}
	r.Hands = w.Now
	who := w.inc.Holder(incident.Responder)
	if !who.Human() {
		who = w.inc.AcknowledgedBy
	}
	return errors.Join(w.tell(who, ledger.TellHands, 0), w.nagHere(report.Nags{About: report.AboutHands, Role: incident.Responder, Sent: 1}))
}

// tell has somebody told something by a direct message; word says what.
func (w *work) tell(who incident.Actor, word string, seq int) error {
	if !who.Human() {
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.Tell, Person: string(who), Target: word, Seq: seq})
}

// A commander is silent who was not heard of for this long, after that many reminders
// that they could read.
const (
	silentAfter     = 15 * time.Minute
	silentReminders = 2
)

// silentDue is when the commander of a sev1 counts as silent; zero: not.
func (w *work) silentDue(r promiseRecord, events []incident.Event) time.Time {
	who := w.inc.Holder(incident.Commander)
	m := r.Reminder
	if w.inc.Severity != incident.Sev1 || !m.Open || m.Person != who || who == "" {
		return time.Time{}
	}
	heard := incident.Heard(events, who)
	if r.Silent.After(heard) {
		return time.Time{}
	}
	var since []time.Time
	for _, at := range m.Posted { // one that never left is no question
		if at.After(heard) {
			since = append(since, at)
		}
	}
	if len(since) < silentReminders {
		return time.Time{}
	}
	at := heard.Add(silentAfter)
	if second := since[silentReminders-1]; second.After(at) {
		return second
	}
	return at
}

// commandSilent pages the secondary and offers command to those who are there. It never
// moves command.
func (w *work) commandSilent(r *promiseRecord, events []incident.Event) error {
	at := w.silentDue(*r, events)
	if at.IsZero() || at.After(w.Now) {
		return nil
	}
	r.Silent = w.Now
	change := w.inc.Record(w.Now, incident.Event{Kind: incident.KindSilent, Person: w.inc.Holder(incident.Commander)})
	change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
	if err := w.apply(change); err != nil {
		return err
	}
	var page escalation.Escalation
	rec, err := w.escalation()
	if err != nil {
		return err
	}
	if page = rec.Page; rec.V == 0 {
		page.Policy = w.policy()
	}
	if err := w.moreHelp(page); err != nil && !isRefusal(err) { // nobody else is named: those present are asked all the same
		return err
	}
	return nil
}

// loadReminder reads what a reminder says.
func (t *Task) loadReminder(tx *storage.Tx) error {
	r, err := promises(tx, t.Job.Incident)
	if err != nil {
		return err
	}
	t.Reminder, t.Late, t.Due = r.Reminder, r.Promises.Update.Late, r.Promises.Update.Due
	if t.Late {
		t.Due = r.Promises.Update.Missed
	}
	return nil
}

// Stands reports whether the reminder that the job writes is of use still: it was neither
// replaced nor closed before it left.
func (t Task) Stands() bool {
	current := t.Reminder.Open && t.Reminder.Person == incident.Actor(t.Job.Person)
	return current && (t.Job.Pass == 0 || t.Job.Pass == t.Reminder.Number)
}

// loadTelling reads the event that somebody is told of, and the timeline where a brief is
// written from it.
func (t *Task) loadTelling(tx *storage.Tx) (err error) {
	if t.Job.Seq > 0 {
		if t.Event, err = loadEvent(tx, t.Job.Incident, t.Job.Seq); err != nil {
			return err
		}
	}
	if t.Job.Target != ledger.TellBrief {
		return nil
	}
	r, err := promises(tx, t.Job.Incident)
	if err != nil {
		return err
	}
	t.Due = r.Promises.Update.Due
	t.Timeline, err = timeline(tx, t.Job.Incident)
	return err
}
