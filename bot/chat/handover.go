package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// couldMost is how many people the form of a hand-over names.
const couldMost = 12

// Somebody is taken to be awake within these hours on their own clock.
const (
	awakeFrom  = 8
	awakeUntil = 22
)

// candidate is somebody to whom command could be handed, as far as the roster knows them.
type candidate struct {
	name     string
	level    rotation.Level // empty: the roster does not say
	clock    string         // on their own clock; empty: the roster has no zone of theirs
	awake    bool
	commands string // the incident that they command already; empty: none
}

// order puts whom to ask first: who is free, awake and trained; a junior is trained least.
func (c candidate) order() int {
	n := 0
	if c.commands != "" {
		n += 8
	}
	if c.clock != "" && !c.awake {
		n += 4
	}
	switch c.level {
	case rotation.Junior:
		n += 2
	case "":
		n++
	}
	return n
}

func (c candidate) line() string {
	var facts []string
	if c.level != "" {
		facts = append(facts, string(c.level))
	}
	switch {
	case c.clock == "":
	case c.awake:
		facts = append(facts, c.clock+" there")
	default:
		facts = append(facts, c.clock+" there: night")
	}
	if c.commands != "" {
		facts = append(facts, "commands "+c.commands+" already")
	}
	if len(facts) == 0 {
		return "• " + esc(c.name)
	}
	return "• " + esc(c.name) + " (" + strings.Join(facts, ", ") + ")"
}

// couldCommand lists those of the team that owns an incident, and those who belong to it,
// but for who has command and who only shadows. Commands says who commands what already.
func couldCommand(b desk.Brief, r *rotation.Roster, commands map[incident.Actor]string, now time.Time) string {
	var people []string
	for _, a := range b.Belongs {
		if kind, id := a.Split(); kind == "person" {
			people = append(people, id)
		}
	}
	people = append(people, b.Team.Members...)
	slices.Sort(people)
	var list []candidate
	for _, id := range slices.Compact(people) {
		p, ok := r.Person(id)
		if who := incident.Person(id); !ok || b.Incident.Holder(incident.Commander) == who || b.Incident.Has(incident.Shadow, who) {
			continue
		}
		c := candidate{name: cmp.Or(p.Name, p.ID), level: p.Level, commands: commands[incident.Person(id)]}
		if p.TimeZone != "" {
			there := now.In(r.Location(id))
			c.clock, c.awake = there.Format("15:04"), there.Hour() >= awakeFrom && there.Hour() < awakeUntil
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.order(), y.order()), strings.Compare(x.name, y.name))
	})
	if !slices.ContainsFunc(list, func(c candidate) bool { return c.level != "" || c.clock != "" || c.commands != "" }) {
		return "" // it would say nothing that the choice of a user does not
	}
	lines := []string{"*Who could take it*, as far as the roster knows"}
	for _, c := range list[:min(len(list), couldMost)] {
		lines = append(lines, c.line())
	}
	if more := len(list) - couldMost; more > 0 {
		lines = append(lines, fmt.Sprintf("• and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// commanding says of who commands an open incident which that is, as far as somebody may
// see it, but for incident n.
func (s *Slack) commanding(ctx context.Context, who incident.Actor, n int) map[incident.Actor]string {
	list, err := s.desk.Active(ctx, who)
	if err != nil {
		s.log.Warn().Str("error", err.Error()).Msg("who commands what could not be read")
	}
	has := map[incident.Actor]string{}
	for _, i := range list {
		if holder := i.Holder(incident.Commander); i.Number != n && holder != "" && i.Status.Hurting() {
			has[holder] = i.Name()
		}
	}
	return has
}
