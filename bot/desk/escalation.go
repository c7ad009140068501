package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
)

// startEscalation opens the escalation of the incident's service, in the place of
// one that is open, whose pages are taken back. Severity 4 wakes nobody. A drill
// pages only whoever declared it.
func (w *work) startEscalation() error {
	if err := w.takeBack(); err != nil {
		return err
	}
	r, err := w.escalation()
	if err != nil {
		return err
	}
	policy := w.policy()
	urgency, raise := escalation.UrgencyAt(policy, w.inc.Said(), w.Now)
	if urgency == escalation.None && w.inc.NoChannel { // that it asks somebody is all that it does
		urgency = escalation.Low
	}
	if urgency == escalation.None {
		return w.keepEscalation(r, r.Page.Resolve())
	}
	if kind, _ := w.inc.DeclaredBy.Split(); w.inc.Test && kind != "person" { // nobody whom a policy could name
		if err := w.keepEscalation(r, r.Page.Resolve()); err != nil || kind != "slack" {
			return err
		}
		return w.job(ledger.Job{Kind: ledger.Notify, Person: string(w.inc.DeclaredBy), Via: "slack", Reason: "test"})
	}
	// The events so far make the name unique: keys of what is sent must never be
	// those of an earlier escalation, whose pages may still be on their way.
	id := fmt.Sprintf("%s/%d", w.inc.Name(), w.inc.Events)
	p := escalation.New(escalation.Open{ID: id, Policy: policy, Urgency: urgency, Now: w.Now, RaiseAt: raise})
	if err := w.quiet(p); err != nil {
		return err
	}
	return w.step(r, p)
}

// quiet says that an escalation is quiet because of the support hours, and until
// when; not while somebody is on it.
func (w *work) quiet(p escalation.Escalation) error {
	if p.RaiseAt.IsZero() || p.State == escalation.Acknowledged {
		return nil
	}
	text := fmt.Sprintf("Outside the support hours of %s: it is not urgent before %s.", p.Policy.ID, p.Policy.SupportHours.Show(p.RaiseAt))
	change := w.inc.Record(w.Now, incident.Event{Kind: incident.KindRemark, Text: text})
	change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
	return w.apply(change)
}

// escalation loads the escalation; the zero record when there never was one.
func (w *work) escalation() (escalationRecord, error) {
	key := escalationKey(w.inc.Number)
	if !w.MayHave(w.inc.Number, key) {
		return escalationRecord{}, nil
	}
	r, _, err := ledger.Load[escalationRecord](w.Tx.Tx, key)
	return r, err
}

// open reports whether the escalation goes on.
func (r escalationRecord) open() bool { return r.V > 0 && r.Page.State != escalation.Resolved }

// policy returns the escalation policy of the incident. A private one asks people.
func (w *work) policy() rotation.Policy {
	if w.inc.Private {
		return w.discreet(w.anyPolicy())
	}
	return w.anyPolicy()
}

// discreet puts people in the place of channels, which others read: whoever owns
// the service, where nobody else is named. Channels stay in the last resort, where
// they are told only that somebody is needed: that must never be nobody.
func (w *work) discreet(p rotation.Policy) rotation.Policy {
	people := func(targets []rotation.Target) []rotation.Target {
		named := slices.DeleteFunc(slices.Clone(targets), func(t rotation.Target) bool { return t.Kind == rotation.TargetChannel })
		owner, ok := w.who.Roster.TeamOf(w.inc.Service)
		switch {
		case len(named) > 0 || !ok:
			return named
		case owner.Lead != "":
			return []rotation.Target{{Kind: rotation.TargetPerson, ID: owner.Lead}}
		default:
			return []rotation.Target{{Kind: rotation.TargetTeam, ID: owner.ID}}
		}
	}
	p.Steps = slices.Clone(p.Steps)
	for n := range p.Steps {
		p.Steps[n].Notify = people(p.Steps[n].Notify)
	}
	resort := people(p.LastResort)
	for _, t := range p.LastResort {
		if t.Kind == rotation.TargetChannel {
			resort = append(resort, t)
		}
	}
	p.LastResort = resort
	return p
}

// anyPolicy returns the escalation policy as the roster has it. With no roster at all
// the announcement channel is told: nobody on call never means nobody told.
func (w *work) anyPolicy() rotation.Policy {
	announce := []rotation.Target{{Kind: rotation.TargetChannel, ID: w.d.opt.AnnounceChannel}}
	if w.inc.Test {
		_, id := w.inc.DeclaredBy.Split()
		self := []rotation.Target{{Kind: rotation.TargetPerson, ID: id}}
		return rotation.Policy{ID: "test", Steps: []rotation.Step{{Notify: self, Wait: 10 * time.Minute}}, LastResort: self}
	}
	if p, ok := w.who.Roster.PolicyOf(w.inc.Service); ok {
		return *p
	}
	return rotation.Policy{ID: "none", LastResort: announce}
}

// stopEscalation ends the escalation when the incident is over, and silences it
// when somebody took it. Its pages that have not left are void from now on.
func (w *work) stopEscalation() error {
	if err := w.takeBack(); err != nil {
		return err
	}
	r, err := w.escalation()
	if err != nil || !r.open() {
		return err
	}
	if !w.inc.Status.Active() {
		return w.keepEscalation(r, r.Page.Resolve())
	}
	_, id := w.inc.AcknowledgedBy.Split()
	p, err := r.Page.Ack(id, w.Now)
	if err != nil {
		return err
	}
	return w.keepEscalation(r, p)
}

// raiseEscalation makes a quiet escalation an urgent one, at once or when support
// hours begin, and starts one where the severity asked for none.
func (w *work) raiseEscalation() error {
	r, err := w.escalation()
	switch {
	case err != nil:
		return err
	case !r.open() && w.inc.Acked():
		return nil // somebody is on it
	case !r.open():
		return w.startEscalation()
	}
	return w.urge(r)
}

// lowerEscalation leaves a quiet escalation quiet when support hours begin, if that is
// what the lower severity asks for. What is urgent stays urgent.
func (w *work) lowerEscalation() error {
	r, err := w.escalation()
	if err != nil || !r.open() {
		return err
	}
	return w.urge(r)
}

// urge gives the escalation the urgency that the severity asks for now.
func (w *work) urge(r escalationRecord) error {
	urgency, raise := escalation.UrgencyAt(r.Page.Policy, w.inc.Said(), w.Now)
	p := r.Page.Urge(urgency, raise, w.Now)
	if !p.RaiseAt.Equal(r.Page.RaiseAt) {
		if err := w.quiet(p); err != nil {
			return err
		}
	}
	return w.step(r, p)
}

// progress tells the escalation that the incident moves (P9), so that whoever
// is on it is not asked whether they still are. While it is mitigated nobody is: that
// is what the watch is for.
func (w *work) progress(v Verb) error {
	switch v {
	case Note, Investigate, Mitigating, Mitigate, Reopen, TakeRole, SetSeverity, Repeat, Publish:
	default:
		return nil
	}
	r, err := w.escalation()
	if err != nil || !r.open() || r.Page.State != escalation.Acknowledged {
		return err
	}
	p := r.Page.Progress(w.Now)
	if w.inc.Status == incident.Mitigated {
		p = p.Rest()
	}
	return w.keepEscalation(r, p)
}

// escalatedWithin is how long a further wish to escalate is the same one, whoever has it:
// a double tap, or two people with the same thought. Whom the first one asked has had no
// time to answer, and the step after them may be the whole team.
const escalatedWithin = 10 * time.Second

// Escalate asks the next ones now, without waiting for the step to end. It is
// how somebody who is on it asks for more people; whoever answers is on it then.
// What was asked for just before is a twin, and pages nobody.
func (d *Desk) Escalate(ctx context.Context, c Caller, n int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		if !w.inc.Status.Active() {
			return refusal("Reopen it first, with a reason.", "%s is %s.", w.inc.Name(), w.inc.Status)
		}
		r, err := w.escalation()
		if err != nil {
			return err
		}
		if !r.open() && escalation.UrgencyOf(w.inc.Severity) == escalation.None {
			return refusal("Raise the severity first.", "%s is %s, for which nobody is paged.", w.inc.Name(), w.inc.Severity)
		}
		if w.inc.Test {
			return refusal("If it is real: This is real, on its card. Or name somebody, as in: page @ada.", "%s is a drill, which pages only whoever declared it.", w.inc.Name())
		}
		what := "escalate/" + w.inc.Name()
		if _, w.twin, err = w.SeenAs(what, escalatedWithin); err != nil || w.twin {
			return err
		}
		if err := w.RememberAs(what, w.inc.Number); err != nil {
			return err
		}
		if w.inc.Acked() {
			return w.moreHelp(r.Page)
		}
		text := incident.Capital(w.whoActs()) + " escalated."
		if err := w.apply(w.inc.Record(w.Now, incident.Event{Kind: incident.KindRemark, Text: text})); err != nil {
			return err
		}
		if !r.open() {
			return w.startEscalation()
		}
		p, err := r.Page.Escalate(w.Now)
		if err != nil {
			return err
		}
		return w.step(r, p)
	})
}

// receipts tells the escalation what became of sends. What follows from it is
// due at once and done by the pager, in a transaction of its own.
func (w *work) receipts(jobs []ledger.Job, refused bool) error {
	r, err := w.escalation()
	if err != nil || !r.open() {
		return err
	}
	p := r.Page
	for _, j := range jobs {
		switch {
		case j.Send == "":
		case refused:
			p = p.Failed(j.Send, w.Now)
		default:
			p = p.Accepted(j.Send, w.Now)
		}
	}
	return w.keepEscalation(r, p)
}

// step does what is due of p, and stores it in the place of r.
func (w *work) step(r escalationRecord, p escalation.Escalation) error {
	p, out := p.Step(w.world(), w.Now)
	if err := w.outcome(p, out); err != nil {
		return err
	}
	return w.keepEscalation(r, p)
}

// keepEscalation stores p in the place of r, and plans when it is looked at.
func (w *work) keepEscalation(r escalationRecord, p escalation.Escalation) error {
	if r.V == 0 && p.ID == "" {
		return nil // there never was one
	}
	p = w.heldBack(p)
	at, ok := p.Due()
	if err := w.wakeEscalation(at, ok); err != nil {
		return err
	}
	return w.Save(escalationKey(w.inc.Number), escalationRecord{V: 1, Page: p, Kept: w.Now})
}

// outcome makes jobs of what the escalation sends, and events of what it says.
func (w *work) outcome(p escalation.Escalation, out escalation.Outcome) error {
	for _, e := range out.Log {
		if err := w.logged(e); err != nil {
			return err
		}
	}
	w.hurried = !p.Wake.IsZero() && p.Wake.Sub(w.Now) < escalation.DigestFor
	for _, s := range out.Notifications {
		j := ledger.Job{Kind: ledger.Notify, Person: string(incident.Person(s.Person)), Via: s.Via, Send: s.Key,
			Pass: s.Pass, Step: s.Step, Resort: s.LastResort, Reason: reason(s), Rule: rule(s)}
		if s.Channel != "" {
			j.Kind, j.Person, j.Target = ledger.NotifyChannel, "", s.Channel
		}
		if err := w.job(j); err != nil {
			return err
		}
	}
	return w.tellShadows(out.Log)
}

// logged makes an event of what the escalation says.
func (w *work) logged(e escalation.Entry) error {
	if e.Again {
		return nil
	}
	if (e.Cause == escalation.NoProgress || e.Cause == escalation.SnoozeOver) && w.inc.Acked() {
		quiet := w.inc.Name() + " was acknowledged, but nothing has happened since. Paging again."
		if e.Cause == escalation.SnoozeOver {
			quiet = "The snooze is over. Paging again."
		}
		if err := w.apply(w.inc.Lapse(incident.Bot, quiet, w.Now)); err != nil {
			return err
		}
	}
	event := incident.Event{Kind: incident.KindStep, Pass: e.Pass, Step: e.Step, Text: inWords(w.who, e), Skipped: w.skipped(e)}
	for _, c := range e.People {
		event.Calls = append(event.Calls, incident.Person(c.Person))
	}
	if e.Kind == escalation.Unconfirmed {
		event.Person, event.Via = incident.Person(e.Person), e.Via
	}
	// The channel hears that nobody answered, and who is asked now or not before
	// some time; not that the first ones were: the card says so.
	again := e.Kind == escalation.Ran && e.Cause == escalation.Unanswered && len(e.People) > 0 || e.Kind == escalation.Waits
	if e.Kind == escalation.RanOut {
		event.Kind = incident.KindExhausted
	} else if !again {
		return w.apply(w.inc.Record(w.Now, event))
	}
	change := w.inc.Record(w.Now, event)
	change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
	return w.apply(change)
}

// reason says in words why a message was sent, for "why was I paged?".
func reason(s escalation.Notification) string {
	words := strings.Join(s.Targets, ", ")
	switch s.Reason {
	case escalation.ByFailure:
		words += "; another contact method failed"
	case escalation.ByDefault:
		words += "; no notification rules"
	}
	if s.LastResort {
		words = strings.TrimPrefix("last resort: "+words, ": ")
	}
	if s.Late >= time.Second {
		words += fmt.Sprintf("; %s late", s.Late.Round(time.Second))
	}
	return words
}

// inWords says what the escalation did.
func inWords(w *oncall.Directory, e escalation.Entry) string {
	var b strings.Builder
	switch e.Kind {
	case escalation.RanOut:
		b.WriteString("Nobody answered any step. The last resort is told; nobody is paged any more")
	case escalation.Nobody:
		again := "looking again every minute"
		if e.Until.Sub(e.At) > time.Minute {
			again = "the next step waits for its hours"
		}
		b.WriteString("Nobody can be reached. The last resort is told; " + again)
	case escalation.Unconfirmed:
		fmt.Fprintf(&b, "The notification to %s by %s was not confirmed", w.Name(e.Person), e.Via)
	default:
		stepWords(w, &b, e)
	}
	for n, s := range e.Skipped {
		if e.Kind == escalation.Waits {
			break // it says so itself
		}
		b.WriteString([]string{". Not paged: ", ", "}[min(n, 1)])
		who := s.Target
		if s.Person != "" {
			who = w.Name(s.Person)
		}
		b.WriteString(who + " (" + strings.ReplaceAll(string(s.Why), "_", " ") + ")")
	}
	if e.Late >= time.Second {
		fmt.Fprintf(&b, ". %s late", e.Late.Round(time.Second))
	}
	return b.String()
}

// stepWords says that a step starts or waits, and why, as far as the clock has a
// part in it.
func stepWords(w *oncall.Directory, b *strings.Builder, e escalation.Entry) {
	switch e.Cause {
	case escalation.HoursBegan:
		b.WriteString("Support hours have begun, so it is urgent now. ")
	case escalation.StepHours:
		b.WriteString("The hours of the step have begun. ")
	}
	if e.Step == 0 { // somebody was named, and not by the policy
		b.WriteString("Paging only")
		for n, c := range e.People {
			b.WriteString([]string{" ", ", "}[min(n, 1)] + w.Name(c.Person))
		}
		return
	}
	fmt.Fprintf(b, "Step %d", e.Step)
	if e.Pass > 1 {
		fmt.Fprintf(b, " (round %d)", e.Pass)
	}
	if e.Kind == escalation.Waits {
		b.WriteString(" waits for its hours, which begin " + e.Hours.Show(e.Until))
	}
	for n, c := range e.People {
		b.WriteString([]string{": ", ", "}[min(n, 1)] + w.Name(c.Person))
		if len(c.Targets) > 0 {
			b.WriteString(" as " + strings.Join(c.Targets, ", "))
		}
	}
}
