package escalation

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// World is what a page asks about people. A nil function answers with nobody,
// nothing, turn 0 and always awake. The answers may be cut or sorted freely by
// whoever gives them; a page keeps copies.
type World struct {
	// OnCall returns who is on call for a rotation, shadows left out.
	OnCall func(rotation string, at time.Time) []string
	// Team returns the people that a step means by a team.
	Team func(team string, at time.Time) []string
	// Rules returns a person's rules for an urgency.
	Rules func(person string, u Urgency) []rotation.Rule
	// Can reports whether a way can reach the person at all. A rule with one that
	// cannot is passed over as if it were not there. Nil: every way can.
	Can func(person, via string) bool
	// Ways returns every verified way to reach a person, best first. A person
	// with neither rules nor ways is nobody: so is one who has left (P16).
	Ways func(person string) []string
	// Turn draws the next number for a round-robin step (from 1) of a policy
	// and moves the counter on. It is called at most once for a page and step.
	Turn func(policy string, step int) int
	// Awake returns the first instant from at on at which a page of low urgency
	// may reach the person.
	Awake func(person string, at time.Time) time.Time
	// Reports tells whether a way says when it has delivered.
	Reports func(via string) bool
}

// FromRoster answers from a roster, for whoever knows by which ways a person can
// be reached, best first. Turn and Reports are left to add.
func FromRoster(r *rotation.Roster, ways func(person string) []string) World {
	return World{
		OnCall: func(id string, at time.Time) []string {
			if x, ok := r.Rotation(id); ok {
				return x.People(at)
			}
			return nil
		},
		Team: func(id string, _ time.Time) []string {
			if t, ok := r.Team(id); ok {
				return t.Members
			}
			return nil
		},
		Rules: func(person string, u Urgency) []rotation.Rule {
			p, ok := r.Person(person)
			switch {
			case !ok:
				return nil
			case u == Low:
				return p.Rules.Low
			}
			return p.Rules.High
		},
		Can:   func(person, via string) bool { return slices.Contains(ways(person), via) },
		Ways:  ways,
		Awake: func(person string, at time.Time) time.Time { return rotation.Daytime().Next(r.Location(person), at) },
	}
}

// find is whom and what a list of targets comes to at one instant.
type find struct {
	people   []candidate
	channels []string
	skipped  []Skipped
	sought   bool // people were looked for, found or not
}

// candidate is one person and the targets that name them.
type candidate struct {
	person  string
	targets []string
}

// look resolves targets at an instant to distinct people who can be reached
// and distinct channels, both in the order of the list (P1).
func (w *World) look(targets []rotation.Target, at time.Time, u Urgency) find {
	var f find
	for _, target := range targets {
		if target.Kind == rotation.TargetChannel {
			if !slices.Contains(f.channels, target.ID) {
				f.channels = append(f.channels, target.ID)
			}
			continue
		}
		f.sought = true
		people := w.people(target, at)
		if len(people) == 0 {
			f.skipped = append(f.skipped, Skipped{Target: target.String(), Why: NobodyOnCall})
		}
		for _, person := range people {
			if !w.reachable(person, u) { // P16
				f.skipped = append(f.skipped, Skipped{Target: target.String(), Person: person, Why: NoWay})
				continue
			}
			f.add(person, target.String())
		}
	}
	return f
}

// add names a person once, with every target that means them.
func (f *find) add(person, target string) {
	i := slices.IndexFunc(f.people, func(c candidate) bool { return c.person == person })
	if i < 0 {
		f.people = append(f.people, candidate{person: person, targets: []string{target}})
		return
	}
	if !slices.Contains(f.people[i].targets, target) {
		f.people[i].targets = append(f.people[i].targets, target)
	}
}

// choose leaves the one of at least one whose turn it is (P14).
func (f *find) choose(turn int) {
	n := len(f.people)
	chosen := (turn%n + n) % n
	for i, c := range f.people {
		if i != chosen {
			f.skipped = append(f.skipped, Skipped{Target: c.targets[0], Person: c.person, Why: NotTheirTurn})
		}
	}
	f.people = f.people[chosen : chosen+1]
}

func (w *World) people(t rotation.Target, at time.Time) []string {
	switch {
	case t.Kind == rotation.TargetPerson && t.ID != "":
		return []string{t.ID}
	case t.Kind == rotation.TargetRotation && w.OnCall != nil:
		return w.OnCall(t.ID, at)
	case t.Kind == rotation.TargetTeam && w.Team != nil:
		return w.Team(t.ID, at)
	}
	return nil
}

func (w *World) rules(person string, u Urgency) []rotation.Rule {
	if w.Rules == nil {
		return nil
	}
	rules := slices.Clone(w.Rules(person, u))
	return slices.DeleteFunc(rules, func(r rotation.Rule) bool { return !w.can(person, r.Via) })
}

func (w *World) can(person, via string) bool { return w.Can == nil || w.Can(person, via) }

func (w *World) ways(person string) []string {
	if w.Ways == nil {
		return nil
	}
	return slices.Clone(w.Ways(person))
}

func (w *World) reachable(person string, u Urgency) bool {
	return len(w.rules(person, u)) > 0 || w.Ways != nil && len(w.Ways(person)) > 0
}

func (w *World) turn(policy string, step int) int {
	if w.Turn == nil {
		return 0
	}
	return w.Turn(policy, step)
}

// awake returns when a page may reach the person: high urgency at once, low
// urgency not in the person's quiet hours.
func (w *World) awake(person string, u Urgency, at time.Time) time.Time {
	if u != Low || w.Awake == nil {
		return at
	}
	if morning := instant(w.Awake(person, at)); morning.After(at) {
		return morning
	}
	return at
}
