package desk

import (
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
)

// shadowsMost is how many shadows one look at an escalation tells: what it asks for
// must fit into the transaction.
const shadowsMost = 8

// tellShadows has those who shadow the people that a step pages be told of it: after
// the pages, by Slack alone, and with no part in what follows. They are nobody's
// substitute, so whoever has no Slack user is not told. Of a private incident they
// hear nothing.
func (w *work) tellShadows(log []escalation.Entry) error {
	if w.inc.Private || w.inc.Test {
		return nil
	}
	told := 0
	for _, e := range log {
		for _, s := range shadows(w.who.Roster, e) {
			if w.who.Slack(s.person) == "" || told == shadowsMost {
				continue
			}
			told++
			j := ledger.Job{Kind: ledger.Shadow, Person: string(incident.Person(s.person)), Target: strings.Join(s.of, ",")}
			if s.from.After(w.Now) { // neither is woken for it
				j.NotBefore = s.from
			}
			if err := w.job(j); err != nil {
				return err
			}
		}
	}
	return nil
}

// shadowed is somebody who is to be told that others are paged, and when the first
// of these gets something.
type shadowed struct {
	person string
	of     []string
	from   time.Time
}

// shadows returns who shadows the people whom a step pages because they are on call,
// in the order of the step. Nobody is who is paged themselves.
func shadows(roster *rotation.Roster, e escalation.Entry) []shadowed {
	var list []shadowed
	for _, c := range e.People {
		for _, target := range c.Targets {
			id, ok := strings.CutPrefix(target, string(rotation.TargetRotation)+":")
			rot, found := roster.Rotation(id)
			if !ok || !found || len(rot.Shadows) == 0 {
				continue
			}
			for _, person := range rot.At(e.At).Shadows {
				paged := slices.ContainsFunc(e.People, func(c escalation.Called) bool { return c.Person == person })
				if paged || !watches(rot, person, c.Person, e.At) {
					continue
				}
				i := slices.IndexFunc(list, func(s shadowed) bool { return s.person == person })
				if i < 0 {
					list = append(list, shadowed{person: person, from: c.From})
					i = len(list) - 1
				}
				if s := &list[i]; !slices.Contains(s.of, c.Person) {
					s.of = append(s.of, c.Person)
				}
				if c.From.Before(list[i].from) {
					list[i].from = c.From
				}
			}
		}
	}
	return list
}

// watches reports whether one of the shadows of a rotation is somebody's.
func watches(rot *rotation.Rotation, person, of string, at time.Time) bool {
	return slices.ContainsFunc(rot.Shadows, func(s rotation.Shadow) bool {
		return s.Person == person && (s.Of == "" || s.Of == of) && !at.Before(s.Start) && at.Before(s.End)
	})
}
