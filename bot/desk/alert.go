package desk

import (
	"errors"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// Within is what alerts do to incidents, in a transaction that they have begun
// themselves: their records and the incidents' are committed together. An incident
// is loaded once, whatever is done to it; [Within.Close] stores what is left.
type Within struct {
	d      *Desk
	tx     *ledger.Tx
	caller Caller
	loaded map[int]*work

	exhausted map[int]bool // see [Within.Exhausted]
}

// Within begins what a caller does to incidents in a transaction.
func (d *Desk) Within(tx *ledger.Tx, c Caller) *Within {
	return &Within{d: d, tx: tx, caller: c, loaded: map[int]*work{}, exhausted: map[int]bool{}}
}

// Close stores what belongs to the incidents that were touched. It must be the last
// call.
func (x *Within) Close() error {
	for _, w := range x.loaded {
		if err := w.saveArtifacts(); err != nil {
			return err
		}
	}
	return nil
}

func (x *Within) work() *work {
	return &work{Tx: x.tx, d: x.d, who: x.d.oncall.Current(), caller: x.caller}
}

// load returns the act on incident n.
func (x *Within) load(n int) (*work, error) {
	if w, ok := x.loaded[n]; ok {
		return w, nil
	}
	w := x.work()
	if err := w.open(n); err != nil {
		return nil, err
	}
	x.loaded[n] = w
	return w, nil
}

// mergedMost is how often an incident can have been merged into the next one: a circle
// cannot be made, yet must not hang.
const mergedMost = 10

// Whole returns the incident, or the one that it is a part of: an alert whose
// incident was merged belongs to the other one.
func (x *Within) Whole(n int) (i incident.Incident, err error) {
	for range mergedMost {
		w, err := x.load(n)
		if err != nil {
			return incident.Incident{}, err
		}
		i = w.inc
		if n = i.MergedInto; n == 0 {
			break
		}
	}
	return i, nil
}

// Whole is [Within.Whole] for whoever only reads: of the incident's records it reads
// but the one.
func (d *Desk) Whole(tx *storage.Tx, n int) (incident.Incident, error) {
	var r incidentRecord
	for range mergedMost {
		now, ok, err := d.recent.Load(tx, incidentKey(n))
		switch {
		case err != nil:
			return now.Incident, err
		case !ok:
			return now.Incident, noSuch(n)
		}
		if r, n = now, now.MergedInto; n == 0 {
			break
		}
	}
	return r.Incident, nil
}

// indexPart keeps the keys by which the parts of an incident are found.
func (w *work) indexPart(old, new incident.Incident) error {
	if old.MergedInto > 0 {
		if err := w.Delete(partPrefix(old.MergedInto) + ledger.Number(old.Number)); err != nil {
			return err
		}
	}
	if new.MergedInto > 0 {
		return w.Put(partPrefix(new.MergedInto)+ledger.Number(new.Number), nil)
	}
	return nil
}

// Parts returns the incidents that are a part of incident n, with their own parts.
func (d *Desk) Parts(tx *storage.Tx, n int) ([]incident.Incident, error) {
	list, todo := []incident.Incident(nil), []int{n}
	for ; len(todo) > 0; todo = todo[1:] {
		for key := range tx.Scan(partPrefix(todo[0])) {
			part, err := loadIncident(tx, ledger.LastNumber(key))
			if err != nil {
				return nil, err
			}
			list, todo = append(list, part), append(todo, part.Number)
		}
	}
	return list, nil
}

// Exhausted reports whether nobody had answered any step of the escalation of incident
// n when the transaction first asked.
func (x *Within) Exhausted(n int) (bool, error) {
	was, ok := x.exhausted[n]
	if ok {
		return was, nil
	}
	was, err := x.d.Exhausted(x.tx.Tx, n)
	x.exhausted[n] = was
	return was, err
}

// Exhausted reports whether nobody has answered any step of the escalation of incident n.
func (d *Desk) Exhausted(tx *storage.Tx, n int) (bool, error) {
	r, _, err := d.climbing.Load(tx, escalationKey(n))
	return r.Page.State == escalation.Exhausted, err
}

// Declare opens an incident.
func (x *Within) Declare(decl incident.Declaration, notes ...string) (incident.Incident, error) {
	w := x.work()
	w.notes = notes
	if err := w.declare(decl); err != nil {
		return incident.Incident{}, err
	}
	x.loaded[w.inc.Number] = w
	return w.inc, nil
}

// Joining is what alerts that fire do to the open incident to which they belong.
type Joining struct {
	Title    string            // of the alert that is spoken of: the worst, or the newest
	Alerts   int               // how many the incident has now, with those that are over
	Again    int               // of an alert that was there before: how often it has fired now; 0: it is new
	Told     bool              // it stands in the timeline
	Ask      string            // why somebody is asked, in words; empty: nobody is because of it
	Raise    incident.Severity // 0: the severity stays
	Withdraw bool              // it is not over any more
	Channel  bool              // it wants a channel, if the incident has none so far
}

// Join records that alerts fire, and asks somebody where that is called for.
func (x *Within) Join(n int, j Joining) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	if err := w.apply(w.inc.AlertFires(incident.Fires{Title: j.Title, Alerts: j.Alerts, Again: j.Again, Ask: j.Ask,
		Withdraw: j.Withdraw, Told: j.Told}, w.caller.Actor, w.Now)); err != nil {
		return err
	}
	if j.Raise != 0 && j.Raise < w.inc.Severity {
		change, err := w.inc.SetSeverity(j.Raise, "an alert fired with it", w.caller.Actor, w.Now)
		if err != nil {
			return err
		}
		if err := w.apply(change); err != nil {
			return err
		}
	}
	if j.Channel {
		if err := w.wantChannel(); err != nil {
			return err
		}
	}
	if j.Withdraw { // the offer to resolve it is one of the prompts
		if err := w.refreshPrompts(); err != nil {
			return err
		}
	}
	if j.Ask == "" {
		return nil
	}
	return w.askAgain(j.Ask + ": " + j.Title)
}

// askAgain asks whoever is on it; where nobody is, the escalation begins again,
// unless it is under way.
func (w *work) askAgain(why string) error {
	if w.inc.Acked() {
		if methods := w.manualMethods(w.inc.AcknowledgedBy); len(methods) > 0 {
			return w.pageBecause(w.inc.AcknowledgedBy, methods, why)
		}
		// The sender has acknowledged it, or somebody whom nothing reaches.
		return w.lapse(why + ".")
	}
	r, err := w.escalation()
	if err != nil {
		return err
	}
	if r.open() && r.Page.State != escalation.Exhausted {
		return nil
	}
	return w.startEscalation()
}

// pageBecause pages somebody who is on the incident already.
func (w *work) pageBecause(who incident.Actor, methods []string, why string) error {
	for _, via := range methods {
		if err := w.job(ledger.Job{Kind: ledger.Notify, Person: string(who), Via: via, Reason: "alert", Text: why}); err != nil {
			return err
		}
	}
	text := "Paging " + w.who.DisplayName(who) + " again."
	return w.apply(w.inc.Record(w.Now, incident.Event{Kind: incident.KindRemark, Text: text, Calls: []incident.Actor{who}}))
}

// lapse says that the acknowledgement does not hold any more, and looks for somebody.
func (w *work) lapse(why string) error {
	if err := w.apply(w.inc.Lapse(w.caller.Actor, why, w.Now)); err != nil {
		return err
	}
	return w.startEscalation()
}

// Clear records that all alerts of an incident are over; offer says that people are
// asked to resolve it.
func (x *Within) Clear(n int, text string, offer bool) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	return w.apply(w.inc.AlertCleared(text, offer, w.caller.Actor, w.Now))
}

// Reopen opens an incident again because an alert of that title fires, for the again-th
// time; why says so in words.
func (x *Within) Reopen(n int, title, why string, again int) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	over := w.inc.AlertOver
	if err := w.do(Act{Verb: Reopen, Text: why}); err != nil || !over {
		return err
	}
	if err := w.apply(w.inc.AlertFires(incident.Fires{Title: title, Again: again, Withdraw: true}, w.caller.Actor, w.Now)); err != nil {
		return err
	}
	return w.refreshPrompts()
}

// Resolve resolves an incident whose alerts are all over, where the roster says so.
func (x *Within) Resolve(n int, text string) error {
	w, err := x.load(n)
	if err != nil || !w.inc.Status.Active() {
		return err
	}
	return w.do(Act{Verb: Resolve, Text: text})
}

// Acknowledge records that the sender says somebody is on it.
func (x *Within) Acknowledge(n int) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	return w.do(Act{Verb: Acknowledge})
}

// Note records what a sender has to say.
func (x *Within) Note(n int, text string) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	return w.do(Act{Verb: Note, Text: text})
}

// Remark records what the program has to say; told says that the channel hears it.
func (x *Within) Remark(n int, text string, told bool) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	if told {
		change := w.inc.Record(w.Now, incident.Event{Kind: incident.KindRemark, Text: text})
		change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
		return w.apply(change)
	}
	return w.remark(text)
}

// Related tells the channel of an incident that another one began in the same
// minute, which may be the same.
func (x *Within) Related(n int, others ...incident.Incident) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	for _, o := range others {
		text := fmt.Sprintf("%s (%s) began at the same time: %s", o.Name(), w.who.ServiceName(o.Service), o.Title)
		change := w.inc.Record(w.Now, incident.Event{Kind: incident.KindRelated, Into: o.Number, Text: text})
		change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
		if err := w.apply(change); err != nil {
			return err
		}
	}
	return nil
}

// OpenOf returns the open incidents of a service that everybody may see.
func (x *Within) OpenOf(service string) ([]int, error) {
	var list []int
	for key := range x.tx.Scan("open/") {
		n := ledger.LastNumber(key)
		i, err := loadIncident(x.tx.Tx, n)
		if err != nil {
			return nil, err
		}
		if i.Service == service && !i.Private && !i.Test {
			list = append(list, n)
		}
	}
	return list, nil
}

// Refresh has the message about the alerts of an incident made, or brought up to date,
// after wait if that is longer than such a message waits anyway: the first one does not
// wait. It waits for the channel, too, unless there will be none.
func (x *Within) Refresh(n int, wait time.Duration) error {
	w, err := x.load(n)
	if err != nil || w.artifacts.ChannelGivenUp {
		return err
	}
	if w.artifacts.Alerts.TS == "" {
		wait = 0
	}
	return w.RefreshAfter(wait, n, ledger.Alerts)
}

// RefreshCard has the card brought up to date.
func (x *Within) RefreshCard(n int) error {
	w, err := x.load(n)
	if err != nil {
		return err
	}
	return w.refresh(ledger.Card)
}

// wantChannel opens the channel of an incident that has none because of its alert.
func (w *work) wantChannel() error {
	if !w.inc.NoChannel || !w.artifacts.ChannelGivenUp {
		return nil
	}
	w.artifacts.ChannelGivenUp = false
	return errors.Join(w.openChannel(), w.Refresh(w.inc.Number, ledger.Invite, ledger.Alerts))
}
