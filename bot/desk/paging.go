package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/page"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// startPaging opens the escalation of the incident's service, replacing one
// that is open. Severity 4 wakes nobody. A test pages only whoever declared it.
func (w *work) startPaging() error {
	urgency := page.UrgencyOf(w.inc.Severity)
	if urgency == page.None {
		return w.savePage(nil)
	}
	p := page.New(page.Open{ID: w.inc.Name(), Policy: w.policy(), Urgency: urgency, Now: w.now})
	return w.step(p)
}

// policy returns the escalation policy of the incident. With no roster at all
// the announcement channel is told: nobody on call never means nobody told.
func (w *work) policy() rotation.Policy {
	announce := rotation.Target{Kind: rotation.TargetChannel, ID: w.d.opt.AnnounceChannel}
	if w.inc.Test {
		kind, id := w.inc.DeclaredBy.Split()
		if kind == "person" {
			self := []rotation.Target{{Kind: rotation.TargetPerson, ID: id}}
			return rotation.Policy{ID: "test", Steps: []rotation.Step{{Notify: self, Wait: 10 * time.Minute}}, LastResort: self}
		}
		return rotation.Policy{ID: "test", LastResort: []rotation.Target{announce}}
	}
	id := w.who.roster.Defaults.Policy
	if s, ok := w.service(w.inc.Service); ok && s.Policy != "" {
		id = s.Policy
	}
	if p, ok := w.who.roster.Policy(id); ok {
		return *p
	}
	return rotation.Policy{ID: "none", LastResort: []rotation.Target{announce}}
}

// stopPaging ends the escalation when the incident is over, and silences it
// when somebody took it. Pages that have not left are taken back in the same
// transaction.
func (w *work) stopPaging() error {
	if err := w.takeBackPages(); err != nil {
		return err
	}
	r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !w.inc.Status.Active() {
		return w.keepPage(r, r.Page.Resolve())
	}
	_, id := w.inc.AcknowledgedBy.Split()
	p, err := r.Page.Ack(id, w.now)
	if err != nil {
		return err
	}
	return w.keepPage(r, p)
}

func (w *work) takeBackPages() error {
	for key, value := range w.tx.Scan("outbox/" + number(w.inc.Number) + "/") {
		var j Job
		if err := json.Unmarshal(value, &j); err != nil {
			return fmt.Errorf("read %s: %v", key, err)
		}
		if j.Kind == JobPage || j.Kind == JobPageChannel {
			if err := errors.Join(w.tx.Delete(key), w.takenBack(j)); err != nil {
				return err
			}
		}
	}
	w.jobs = slices.DeleteFunc(w.jobs, func(j Job) bool { return j.Kind == JobPage || j.Kind == JobPageChannel })
	return nil
}

// raisePaging makes a quiet escalation an urgent one.
func (w *work) raisePaging() error {
	r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
	if errors.Is(err, storage.ErrNotFound) {
		return w.startPaging()
	}
	if err != nil {
		return err
	}
	if page.UrgencyOf(w.inc.Severity) != page.High {
		return nil
	}
	return w.stepFrom(r, r.Page.Raise(w.now))
}

// progress tells the escalation that the incident moves (P9), so that whoever
// is on it is not asked whether they still are.
func (w *work) progress(v Verb) error {
	switch v {
	case Note, Investigate, Mitigating, Mitigate, TakeRole, SetSeverity:
	default:
		return nil
	}
	r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil || r.Page.State != page.Acknowledged {
		return err
	}
	return w.keepPage(r, r.Page.Progress(w.now))
}

// Escalate asks the next ones now, without waiting for the step to end.
func (d *Desk) Escalate(ctx context.Context, c Caller, n int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		r, err := storage.Load[pageRecord](w.tx, pageKey(n))
		if errors.Is(err, storage.ErrNotFound) {
			return refusal("Raise the severity first.", "%s pages nobody: it is %s.", w.inc.Name(), w.inc.Severity)
		}
		if err != nil {
			return err
		}
		p, err := r.Page.Escalate(w.now)
		if err != nil {
			return err
		}
		if err := w.remark("Escalated by hand."); err != nil {
			return err
		}
		return w.stepFrom(r, p)
	})
}

// pageAccepted and pageRefused tell the escalation what became of a send.
func (w *work) pageAccepted(j Job) error {
	return w.receipt(j, func(p page.Page) page.Page { return p.Accepted(j.Send, w.now) })
}

func (w *work) pageRefused(j Job) error {
	return w.receipt(j, func(p page.Page) page.Page { return p.Failed(j.Send, w.now) })
}

func (w *work) receipt(_ Job, f func(page.Page) page.Page) error {
	r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.stepFrom(r, f(r.Page))
}

// step runs a page that replaces whatever was there.
func (w *work) step(p page.Page) error {
	r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return w.stepFrom(r, p)
}

// stepFrom does what is due of p, and stores it in the place of r.
func (w *work) stepFrom(r pageRecord, p page.Page) error {
	p, out := p.Step(w.world(), w.now)
	if err := w.outcome(out); err != nil {
		return err
	}
	return w.keepPage(r, p)
}

// savePage stores p, or forgets the page of the incident when it is nil.
func (w *work) savePage(p *page.Page) error {
	r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if p == nil {
		resolved := r.Page.Resolve()
		p = &resolved
	}
	return w.keepPage(r, *p)
}

// keepPage stores p in the place of r, with the key that wakes the pager.
func (w *work) keepPage(r pageRecord, p page.Page) error {
	what := "page/" + number(w.inc.Number)
	p = w.heldBack(p)
	at, ok := p.Due()
	if !ok {
		at = time.Time{}
	}
	if !r.Due.Equal(at) {
		if !r.Due.IsZero() {
			if err := w.tx.Delete(dueKey(r.Due, what)); err != nil {
				return err
			}
		}
		if ok {
			if err := w.tx.Put(dueKey(at, what), nil); err != nil {
				return err
			}
		}
		w.due = true
	}
	return storage.Save(w.tx, pageKey(w.inc.Number), pageRecord{V: 1, Page: p, Due: at})
}

// outcome makes jobs of what the escalation sends, and events of what it says.
func (w *work) outcome(out page.Outcome) error {
	for _, e := range out.Log {
		if e.Again {
			continue
		}
		kind := incident.KindStep
		if e.Kind == page.RanOut {
			kind = incident.KindExhausted
		}
		change := w.inc.Record(w.now, incident.Event{Kind: kind, Pass: e.Pass, Step: e.Step, Text: inWords(e)})
		if kind == incident.KindExhausted {
			change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
		}
		if err := w.apply(change); err != nil {
			return err
		}
	}
	for _, s := range out.Sends {
		j := Job{Kind: JobPage, Person: incident.Person(s.Person), Via: s.Via, Send: s.Key,
			Pass: s.Pass, Step: s.Step, Resort: s.LastResort, Reason: reason(s)}
		if s.Channel != "" {
			j.Kind, j.Person, j.Target = JobPageChannel, "", s.Channel
		}
		if err := w.job(j); err != nil {
			return err
		}
		if s.Person != "" {
			if err := w.job(Job{Kind: JobInvite}); err != nil {
				return err
			}
		}
	}
	return nil
}

// reason says in words why a message was sent, for "why was I paged?".
func reason(s page.Send) string {
	words := strings.Join(s.Targets, ", ")
	switch s.Reason {
	case page.ByFailure:
		words += "; an earlier way failed"
	case page.ByDefault:
		words += "; no personal rules"
	}
	if s.LastResort {
		words = strings.TrimPrefix("last resort: "+words, ": ")
	}
	if s.Late >= time.Second {
		words += fmt.Sprintf("; late by %s", s.Late.Round(time.Second))
	}
	return words
}

// inWords says what the escalation did.
func inWords(e page.Entry) string {
	var b strings.Builder
	switch e.Kind {
	case page.RanOut:
		b.WriteString("The ladder has run out with no answer. The last resort is told; nobody is paged any more.")
	case page.Nobody:
		b.WriteString("Nobody can be reached. The last resort is told; looking again every minute.")
	case page.Unconfirmed:
		fmt.Fprintf(&b, "The page to %s by %s was not confirmed.", e.Person, e.Via)
	default:
		fmt.Fprintf(&b, "Step %d", e.Step)
		if e.Pass > 1 {
			fmt.Fprintf(&b, " (round %d)", e.Pass)
		}
		for n, c := range e.People {
			b.WriteString([]string{": ", ", "}[min(n, 1)] + c.Person)
			if len(c.Targets) > 0 {
				b.WriteString(" as " + strings.Join(c.Targets, ", "))
			}
		}
	}
	for n, s := range e.Skipped {
		b.WriteString([]string{". Not paged: ", ", "}[min(n, 1)])
		who := s.Target
		if s.Person != "" {
			who = s.Person
		}
		b.WriteString(who + " (" + strings.ReplaceAll(string(s.Why), "_", " ") + ")")
	}
	if e.Late >= time.Second {
		fmt.Fprintf(&b, ". Late by %s", e.Late.Round(time.Second))
	}
	return b.String()
}

// world answers the escalation's questions from the roster that holds.
func (w *work) world() page.World {
	r := w.who.roster
	return page.World{
		OnCall: func(id string, at time.Time) []string {
			if rot, ok := r.Rotation(id); ok {
				return rot.People(at)
			}
			return nil
		},
		Team: func(id string, _ time.Time) []string {
			if t, ok := r.Team(id); ok {
				return t.Members
			}
			return nil
		},
		Rules:   w.rules,
		Ways:    w.ways,
		Turn:    w.turn,
		Awake:   func(person string, at time.Time) time.Time { return page.Daytime().Next(r.Location(person), at) },
		Reports: func(via string) bool { return slices.Contains(w.d.opt.Reports, via) },
	}
}

// ways returns every way a person can be reached by, the most direct first.
func (w *work) ways(person string) []string {
	p, ok := w.who.roster.Person(person)
	if !ok {
		return nil
	}
	var ways []string
	if w.who.slack(person) != "" {
		ways = append(ways, "slack")
	}
	for _, via := range w.d.opt.Vias {
		switch {
		case (via == "sms" || via == "voice") && p.Phone == "", via == "email" && p.Email == "":
		default:
			ways = append(ways, via)
		}
	}
	return ways
}

// rules returns the person's rules that can be carried out here.
func (w *work) rules(person string, u page.Urgency) []rotation.Rule {
	p, ok := w.who.roster.Person(person)
	if !ok {
		return nil
	}
	rules := p.Rules.High
	if u == page.Low {
		rules = p.Rules.Low
	}
	ways := w.ways(person)
	return slices.DeleteFunc(slices.Clone(rules), func(r rotation.Rule) bool { return !slices.Contains(ways, r.Via) })
}

// turn draws the next number of a round-robin step.
func (w *work) turn(policy string, step int) int {
	key := fmt.Sprintf("turn/%s/%s", policy, number(step))
	r, err := storage.Load[turnRecord](w.tx, key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return 0 // the transaction fails by itself
	}
	mine := r.Count
	r.V, r.Count = 1, mine+1
	_ = storage.Save(w.tx, key, r) // likewise
	return mine
}

// DueReady delivers a value when the earliest due instant may have changed.
func (d *Desk) DueReady() <-chan struct{} { return d.dueReady }

// NextDue returns the earliest instant at which something is due.
func (d *Desk) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	err = d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("due/") {
			at, ok = dueAt(key)
			return nil
		}
		return nil
	})
	return at, ok, err
}

func dueAt(key string) (time.Time, bool) {
	stamp, _, _ := strings.Cut(strings.TrimPrefix(key, "due/"), "/")
	at, err := time.Parse(dueForm, stamp)
	return at.UTC(), err == nil
}

// Tick does everything that is due at or before now, each in a transaction of
// its own, the earliest first.
func (d *Desk) Tick(ctx context.Context, now time.Time) error {
	for {
		key, ok, err := d.firstDue(ctx, now)
		if err != nil || !ok {
			return err
		}
		switch {
		case strings.HasSuffix(key, "/sweep"):
			err = d.sweep(ctx, key, now)
		case strings.Contains(key, "/roster/"):
			err = d.tickRoster(ctx, key, now)
		case strings.Contains(key, "/grant/"):
			err = d.forgetGrant(ctx, key)
		default:
			err = d.tickPage(ctx, key)
		}
		if err != nil {
			return err
		}
	}
}

func (d *Desk) firstDue(ctx context.Context, now time.Time) (due string, ok bool, err error) {
	err = d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("due/") {
			if at, valid := dueAt(key); valid && !at.After(now) {
				due, ok = key, true
			}
			return nil
		}
		return nil
	})
	return due, ok, err
}

func (d *Desk) tickPage(ctx context.Context, key string) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, lastNumber(key), func(w *work) error {
		r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if at, _ := dueAt(key); !r.Due.Equal(at) {
			return w.tx.Delete(key) // the page has moved on
		}
		return w.stepFrom(r, r.Page)
	})
	return err
}

// Resume shifts escalations by the time in which nothing could be sent, so that
// a ladder whose waits passed while the program was away is climbed step by
// step and not in one instant. It is called once, before the first Tick.
func (d *Desk) Resume(ctx context.Context, now time.Time) error {
	var open []string
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("due/") {
			at, ok := dueAt(key)
			if ok && !at.Before(now) {
				break
			}
			if strings.Contains(key, "/page/") {
				open = append(open, key)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range open {
		_, err := d.act(ctx, Caller{Actor: incident.Bot}, lastNumber(key), func(w *work) error {
			r, err := storage.Load[pageRecord](w.tx, pageKey(w.inc.Number))
			if err != nil {
				return err
			}
			p, late := r.Page.Resume(now)
			if late >= time.Minute {
				text := "Nothing could be sent for " + late.Round(time.Second).String() + "; paging goes on from here."
				if err := w.remark(text); err != nil {
					return err
				}
			}
			return w.keepPage(r, p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// PagePerson pages somebody by hand, whoever is on it already.
func (d *Desk) PagePerson(ctx context.Context, c Caller, n int, who incident.Actor, text string) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		if !w.inc.Status.Active() {
			return refusal("Reopen it first.", "%s is %s.", w.inc.Name(), w.inc.Status)
		}
		if w.who.slackOf(who) == "" {
			return refusal("Add them to the roster.", "Nobody knows how to reach %s.", who)
		}
		reason := "by hand"
		if text = incident.CleanText(text); text != "" {
			reason += ": " + text
		}
		if err := w.remark("Asked for more help: " + d.DisplayName(who) + "."); err != nil {
			return err
		}
		return w.job(Job{Kind: JobPage, Person: who, Via: "slack", Reason: reason})
	})
}
