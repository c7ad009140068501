package desk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// world answers the escalation's questions from the roster that holds.
func (w *work) world() escalation.World {
	r := w.who.roster
	return escalation.World{
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
		Awake:   func(person string, at time.Time) time.Time { return escalation.Daytime().Next(r.Location(person), at) },
		Reports: func(via string) bool { return slices.Contains(w.d.opt.Reports, via) },
	}
}

// ways returns every way a person can be reached by, the most direct first. Who
// is known to Slack only by mail address is looked up when they are paged.
func (w *work) ways(person string) []string {
	p, ok := w.who.roster.Person(person)
	if !ok {
		return nil
	}
	var ways []string
	if w.who.slack(person) != "" || p.Email != "" {
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
func (w *work) rules(person string, u escalation.Urgency) []rotation.Rule {
	p, ok := w.who.roster.Person(person)
	if !ok {
		return nil
	}
	rules := p.Rules.High
	if u == escalation.Low {
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
