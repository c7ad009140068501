package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
)

// manualMost is how many messages one page by hand sends: what one transaction
// can hold, and more people than can work on one thing.
const manualMost = 30

// Call is a page by hand: for People, or else for whoever Target stands for, which
// is a person by ID or name, a service or a team. Of a service that is the first
// step of its policy, of a team whoever is on call for it, or else all of it.
type Call struct {
	People []incident.Actor
	Target string
	Text   string // what they are wanted for; may be empty
}

// Page pages somebody by hand, whoever is on it already. The answer's notes say
// who it was.
func (d *Desk) Page(ctx context.Context, c Caller, n int, call Call) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		who := call.People
		if len(who) == 0 {
			var err error
			if who, err = w.who.WhoIs(call.Target, w.Now); err != nil {
				return err
			}
		}
		return w.manualPage(who, call)
	})
}

func (w *work) manualPage(people []incident.Actor, call Call) error {
	if !w.inc.Status.Active() {
		return refusal("Reopen it first, with a reason.", "%s is %s.", w.inc.Name(), w.inc.Status)
	}
	why := "Asked for by " + w.whoActs()
	text := incident.CleanText(call.Text)
	if twice, err := w.askedJustBefore(people, text); err != nil || twice {
		for _, a := range people {
			w.notes = append(w.notes, w.who.DisplayName(a))
		}
		w.twin = twice
		return err
	}
	if text != "" {
		why += ": " + text
	}
	var names []string
	var asked []incident.Actor
	left := manualMost
	for _, a := range people {
		methods := w.manualMethods(a)
		if left -= len(methods); len(methods) == 0 || left < 0 {
			continue
		}
		for _, via := range methods {
			if err := w.job(ledger.Job{Kind: ledger.Notify, Person: string(a), Via: via, Reason: "by hand", Text: why}); err != nil {
				return err
			}
		}
		asked, names = append(asked, a), append(names, w.who.DisplayName(a))
	}
	if len(names) == 0 {
		return refusal("Add `slack` or `email` in the roster.", "The roster does not say how to reach %s.", w.who.DisplayName(people[0]))
	}
	w.notes = append(w.notes, strings.Join(names, ", "))
	return w.apply(w.inc.Help(asked, w.meantBy(call.Target), text, w.caller.Actor, w.Now))
}

// askAgain is how soon nobody means it who asks the same people for help in the same words.
const askAgain = 30 * time.Second

// askedJustBefore reports whether the caller has paged the same people in the same words
// just before: a double tap, or a second try with another spelling of the name.
func (w *work) askedJustBefore(people []incident.Actor, text string) (bool, error) {
	return w.justBefore(askAgain, func(e incident.Event) bool {
		return e.Kind == incident.KindHelp && e.Text == text && within(people, e.Calls)
	})
}

// justBefore reports whether the caller did something like it within so long before.
func (w *work) justBefore(d time.Duration, like func(incident.Event) bool) (bool, error) {
	for key, value := range w.ScanBack(eventPrefix(w.inc.Number)) {
		e, err := readEvent(key, value)
		if err != nil {
			return false, err
		}
		if w.Now.Sub(e.At) > d {
			break
		}
		if e.By == w.caller.Actor && like(e) {
			return true, nil
		}
	}
	return false, w.Err()
}

func within(some, all []incident.Actor) bool {
	return !slices.ContainsFunc(some, func(a incident.Actor) bool { return !slices.Contains(all, a) })
}

// meantBy is the name of the team or the service that somebody asks for; empty where
// they ask for people.
func (w *work) meantBy(target string) string {
	if id, ok := w.who.FindService(target); ok && target != "" {
		return w.who.ServiceName(id)
	}
	for _, t := range w.who.Roster.Teams {
		if strings.EqualFold(t.ID, target) || strings.EqualFold(t.Name, target) {
			return t.Name
		}
	}
	return ""
}

// manualMethods returns the contact methods of a manual page: those that their
// own rules use at once, or else all.
func (w *work) manualMethods(a incident.Actor) []string {
	kind, id := a.Split()
	if kind == "slack" {
		return []string{"slack"}
	}
	methods := w.who.Methods(id)
	p, ok := w.who.Roster.Person(id)
	if kind != "person" || !ok {
		return nil
	}
	var first []string
	for _, r := range p.Rules.High {
		if r.After == 0 && slices.Contains(methods, r.Via) {
			first = append(first, r.Via)
		}
	}
	if len(first) > 0 {
		return first
	}
	return methods
}

// moreHelp pages by hand those whom the policy names next, or, at its end,
// the last resort. Steps outside their hours are passed, as for anybody who
// escalates, and those that name only people who have it already. Whoever has
// acknowledged keeps it: asking for more hands is not giving it back.
func (w *work) moreHelp(p escalation.Escalation) error {
	var who []incident.Actor
	add := func(next []rotation.Target) {
		for _, id := range w.who.Targeted(next, w.Now) {
			if a := incident.Person(id); a != w.inc.AcknowledgedBy && a != w.inc.Holder(incident.Commander) && !slices.Contains(who, a) {
				who = append(who, a)
			}
		}
	}
	for _, step := range p.Policy.Steps[min(p.Rung, len(p.Policy.Steps)):] {
		if step.Hours.Holds(w.Now) && len(who) == 0 {
			add(step.Notify)
		}
	}
	if len(who) == 0 {
		add(p.Policy.LastResort)
	}
	if len(who) == 0 {
		return refusal("Name somebody, as in: page @ada.", "The next step of the policy has nobody else.")
	}
	return w.manualPage(who, Call{})
}

// acknowledge says that the caller is on it. Whoever was asked by hand while somebody
// else is on it already answers that, and responds beside them. Whoever was paged by the
// policy is told who is on it; that they answered is recorded.
func (w *work) acknowledge() (incident.Change, error) {
	i, by := w.inc, w.caller.Actor
	change, err := i.Acknowledge(by, w.Now)
	if err == nil || !i.Status.Active() || by == i.AcknowledgedBy {
		return change, err
	}
	events, failed := timeline(w.Tx.Tx, i.Number)
	if failed != nil {
		return change, failed
	}
	if incident.AskedByHand(events, by) && !i.Has(incident.Responder, by) {
		return i.TakeRole(incident.Responder, by, by, w.Now)
	}
	if incident.Unanswered(events, by) {
		w.refused = err
		return i.AcknowledgeToo(by, w.Now), nil
	}
	return change, err
}
