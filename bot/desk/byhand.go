package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
)

// byHandMost is how many messages one page by hand sends: what one transaction
// can hold, and more people than can work on one thing.
const byHandMost = 30

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
			if who, err = w.who.meant(call.Target, w.now); err != nil {
				return err
			}
		}
		return w.pageByHand(who, call.Text)
	})
}

func (w *work) pageByHand(people []incident.Actor, text string) error {
	if !w.inc.Status.Active() {
		return refusal("Reopen it first, with a reason.", "%s is %s.", w.inc.Name(), w.inc.Status)
	}
	why := "Asked for by " + w.who.display(w.caller.Actor)
	if text = incident.CleanText(text); text != "" {
		why += ": " + text
	}
	var names []string
	event := incident.Event{Kind: incident.KindRemark}
	left := byHandMost
	for _, a := range people {
		ways := w.byHand(a)
		if left -= len(ways); len(ways) == 0 || left < 0 {
			continue
		}
		for _, via := range ways {
			if err := w.job(Job{Kind: JobPage, Person: a, Via: via, Reason: "by hand", Text: why}); err != nil {
				return err
			}
		}
		event.Calls, names = append(event.Calls, a), append(names, w.who.display(a))
	}
	if len(names) == 0 {
		return refusal("Add `slack` or `email` in the roster.", "Nobody knows how to reach %s.", w.who.display(people[0]))
	}
	event.Text = "Asked for more help: " + strings.Join(names, ", ") + "."
	w.notes = append(w.notes, strings.Join(names, ", "))
	return w.apply(w.inc.Record(w.now, event))
}

// byHand returns the ways by which somebody is paged by hand: those that their
// own rules use at once, or else all.
func (w *work) byHand(a incident.Actor) []string {
	kind, id := a.Split()
	if kind == "slack" {
		return []string{"slack"}
	}
	ways := w.ways(id)
	p, ok := w.who.roster.Person(id)
	if kind != "person" || !ok {
		return nil
	}
	var first []string
	for _, r := range p.Rules.High {
		if r.After == 0 && slices.Contains(ways, r.Via) {
			first = append(first, r.Via)
		}
	}
	if len(first) > 0 {
		return first
	}
	return ways
}

// Named returns the person of the roster with that ID or name.
func (d *Desk) Named(word string) (incident.Actor, error) {
	w := d.people.Load()
	if p, ok := w.findPerson(word); ok {
		return incident.Person(p), nil
	}
	var known []string
	for _, p := range w.roster.People {
		known = append(known, p.ID)
	}
	next := "Name a person with @."
	if near := incident.Nearest(word, known); near != "" {
		next = fmt.Sprintf("Did you mean %s?", near)
	}
	return "", refusal(next, "There is no person %q in the roster.", word)
}

// meant returns whom a word stands for.
func (w *directory) meant(word string, now time.Time) ([]incident.Actor, error) {
	name := strings.TrimPrefix(strings.TrimSpace(word), "@")
	if p, ok := w.findPerson(name); ok {
		return []incident.Actor{incident.Person(p)}, nil
	}
	var ids []string
	if id, ok := w.findService(name); ok {
		if p, ok := w.roster.PolicyOf(id); ok {
			first, _ := p.First(now)
			ids = w.targeted(first.Notify, now)
		}
	} else if t, ok := w.findTeam(name); ok {
		ids = w.onCall(t, now)
	} else {
		return nil, w.nobody(name)
	}
	if len(ids) == 0 {
		return nil, refusal("Name a person, as in: page @ada.", "Nobody is on call for %s.", name)
	}
	var who []incident.Actor
	for _, id := range ids {
		who = append(who, incident.Person(id))
	}
	return who, nil
}

// targeted returns the people that targets come to, each once.
func (w *directory) targeted(targets []rotation.Target, now time.Time) []string {
	var ids []string
	for _, t := range targets {
		switch t.Kind {
		case rotation.TargetPerson:
			ids = append(ids, t.ID)
		case rotation.TargetRotation:
			if r, ok := w.roster.Rotation(t.ID); ok {
				ids = append(ids, r.People(now)...)
			}
		case rotation.TargetTeam:
			if team, ok := w.roster.Team(t.ID); ok {
				ids = append(ids, team.Members...)
			}
		}
	}
	return distinct(ids)
}

// onCall returns who is on call for any rotation of the team; all of the team
// when it has no rotation or nobody is.
func (w *directory) onCall(t *rotation.Team, now time.Time) []string {
	var ids []string
	for _, r := range w.roster.RotationsOf(t.ID) {
		ids = append(ids, r.People(now)...)
	}
	if len(ids) == 0 {
		ids = t.Members
	}
	return distinct(ids)
}

func distinct(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// findPerson finds a person by ID or name, without regard to case.
func (w *directory) findPerson(s string) (string, bool) {
	for _, p := range w.roster.People {
		if strings.EqualFold(p.ID, s) || strings.EqualFold(p.Name, s) {
			return p.ID, true
		}
	}
	return "", false
}

// findTeam finds a team by ID or name, without regard to case.
func (w *directory) findTeam(s string) (*rotation.Team, bool) {
	for n := range w.roster.Teams {
		if t := &w.roster.Teams[n]; strings.EqualFold(t.ID, s) || strings.EqualFold(t.Name, s) {
			return t, true
		}
	}
	return nil, false
}

// nobody says in words that a word stands for nobody, and what is near it.
func (w *directory) nobody(s string) error {
	var known []string
	for _, p := range w.roster.People {
		known = append(known, p.ID)
	}
	for _, t := range w.roster.Teams {
		known = append(known, t.ID)
	}
	for _, v := range w.roster.Services {
		known = append(known, v.ID)
	}
	next := "Name a person with @, a team or a service."
	if near := incident.Nearest(s, known); near != "" {
		next = fmt.Sprintf("Did you mean %s?", near)
	}
	return refusal(next, "There is no person, team or service %q.", s)
}

// moreHelp pages by hand those whom the ladder would ask next, or, at its end,
// the last resort. Steps outside their hours are passed, as for anybody who
// escalates. Whoever has acknowledged keeps it: asking for more hands is not
// giving it back.
func (w *work) moreHelp(p escalation.Page) error {
	next := p.Policy.LastResort
	for _, step := range p.Policy.Steps[min(p.Rung, len(p.Policy.Steps)):] {
		if step.Hours.Holds(w.now) {
			next = step.Notify
			break
		}
	}
	var who []incident.Actor
	for _, id := range w.who.targeted(next, w.now) {
		if a := incident.Person(id); a != w.inc.AcknowledgedBy && !slices.Contains(who, a) {
			who = append(who, a)
		}
	}
	if len(who) == 0 {
		return refusal("Name somebody, as in: page @ada.", "The next step of the ladder has nobody else.")
	}
	return w.pageByHand(who, "")
}
