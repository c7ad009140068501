package importer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// grafanaStep is one line of an escalation chain.
type grafanaStep struct {
	Chain     string `json:"escalation_chain_id"`
	Position  int
	Type      string
	Important bool
	Duration  float64
	Schedule  string   `json:"notify_on_call_from_schedule"`
	Persons   []string `json:"persons_to_notify"`
	Next      []string `json:"persons_to_notify_next_each_time"`
	Team      string   `json:"team_to_notify"`
	Group     string   `json:"group_to_notify"`
	From      string   `json:"notify_if_time_from"`
	To        string   `json:"notify_if_time_to"`
}

// afterAtOnce is the wait of a step after which the next one comes at once but cannot
// be one with it.
const afterAtOnce = time.Second

func (g *onGrafana) policies() {
	for _, u := range all[struct {
		Slack struct{ Name, Handle string }
	}](g.building, "group") {
		g.groups[u.id] = cmp.Or(u.v.Slack.Handle, u.v.Slack.Name)
	}
	steps := map[string][]grafanaStep{}
	for _, s := range all[grafanaStep](g.building, "step") {
		steps[s.v.Chain] = append(steps[s.v.Chain], s.v)
	}
	for _, c := range all[grafanaNamed](g.building, "chain") {
		g.chains[c.id] = c.v.Name
		list := steps[c.id]
		slices.SortStableFunc(list, func(a, b grafanaStep) int { return cmp.Compare(a.Position, b.Position) })
		entry := "escalation chain " + clean(c.v.Name)
		x := grafanaChain{onGrafana: g, entry: entry}
		for _, s := range list {
			x.step(s)
		}
		x.finish()
		if id, ok := g.policy(c.id, entry, c.v.Name, rotation.Policy{Steps: x.steps, Repeat: x.repeat}); ok {
			x.importance(id, list)
		}
	}
}

// grafanaChain is an escalation chain that is being read from its beginning.
type grafanaChain struct {
	*onGrafana
	entry  string
	steps  []rotation.Step
	waited bool               // a wait came after the last step
	hours  *rotation.Coverage // of the next step
	repeat int
}

func (c *grafanaChain) step(s grafanaStep) {
	switch s.Type {
	case "wait":
		c.wait(time.Duration(s.Duration * float64(time.Second)))
	case "notify_on_call_from_schedule":
		id := c.rotations[s.Schedule]
		if id == "" {
			c.leftOut(c.entry, "the step "+s.Type+": the schedule "+clean(cmp.Or(c.schedulesThere[s.Schedule], s.Schedule))+" was left out", "name somebody else")
			c.tell(nil, false)
			return
		}
		c.tell([]rotation.Target{{Kind: rotation.TargetRotation, ID: id}}, false)
	case "notify_persons":
		c.tell(c.targets(s, s.Persons), false)
	case "notify_person_next_each_time":
		c.tell(c.targets(s, s.Next), true)
	case "notify_team_members":
		id := c.teams[s.Team]
		if id == "" {
			c.leftOut(c.entry, "the step "+s.Type+": the team "+clean(s.Team)+" is not in the export", "name somebody else")
			c.tell(nil, false)
			return
		}
		c.tell([]rotation.Target{{Kind: rotation.TargetTeam, ID: id}}, false)
	case "notify_if_time_from_to":
		c.only(s.From, s.To)
	case "repeat_escalation":
		c.repeat = 5
	default:
		what := "the step " + clean(s.Type) + " has no counterpart"
		if name := c.groups[s.Group]; s.Group != "" {
			what = "the step " + clean(s.Type) + " (" + clean(cmp.Or(name, s.Group)) + ") has no counterpart"
		}
		c.leftOut(c.entry, what, "see whether it is needed")
		if s.Type == "notify_whole_channel" || s.Type == "notify_user_group" {
			c.tell(nil, false)
		}
	}
}

// targets are the people of a step who are in the roster.
func (c *grafanaChain) targets(s grafanaStep, users []string) []rotation.Target {
	for _, u := range users {
		if c.building.people[u] == "" {
			c.leftOut(c.entry, "the step "+s.Type+": the user "+clean(u)+" is not in the export", "name somebody else")
		}
	}
	return tell(nil, rotation.TargetPerson, c.building.persons(users)...)
}

func (c *grafanaChain) wait(d time.Duration) {
	if len(c.steps) == 0 {
		c.differs("", c.entry, "it begins with a wait of "+rotation.DurationText(d)+"; here the first step goes out at once", "see whether that is too early")
		return
	}
	c.steps[len(c.steps)-1].Wait += d
	c.waited = true
}

// tell adds targets to the last step, where nothing lies between, or begins another one.
func (c *grafanaChain) tell(targets []rotation.Target, roundRobin bool) {
	n := len(c.steps)
	if n > 0 && !c.waited && !c.steps[n-1].RoundRobin && c.hours == nil && !roundRobin {
		for _, t := range targets {
			c.steps[n-1].Notify = tell(c.steps[n-1].Notify, t.Kind, t.ID)
		}
		return
	}
	if n > 0 && !c.waited {
		c.steps[n-1].Wait = afterAtOnce
	}
	s := rotation.Step{Notify: targets, RoundRobin: roundRobin}
	if c.hours != nil {
		s.Hours, s.Outside = c.hours, rotation.OutsideWait
		if n == 0 {
			c.lookAt(c.entry, "it begins with notify_if_time_from_to, so outside "+c.hours.From+" to "+c.hours.To+" UTC nobody is told until then", "put a step without hours before it")
		}
	}
	c.steps, c.hours, c.waited = append(c.steps, s), nil, false
}

// everyDay is the whole week.
var everyDay = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// only gives the next step hours, for which it waits: the chain is held there.
func (c *grafanaChain) only(from, to string) {
	from, ok := clockOf(from)
	to, fine := clockOf(to)
	if !ok || !fine || from == to {
		c.leftOut(c.entry, "the step notify_if_time_from_to, whose times cannot be read", "add hours to the next step")
		return
	}
	c.hours = &rotation.Coverage{Days: everyDay, From: from, To: to, TimeZone: "UTC"}
}

// clockOf is HH:MM of a time of the day such as 09:00:00Z.
func clockOf(s string) (string, bool) {
	t, err := time.Parse("15:04:05", strings.TrimSuffix(s, "Z"))
	if err != nil {
		t, err = time.Parse("15:04", strings.TrimSuffix(s, "Z"))
	}
	return t.Format("15:04"), err == nil
}

// finish looks at how the chain ends.
func (c *grafanaChain) finish() {
	n := len(c.steps)
	if n > 0 && c.repeat > 0 && c.steps[n-1].Wait == 0 {
		c.differs("", c.entry, "it repeats at once; here the last step waits "+rotation.DurationText(lastWait)+" first", "set its wait")
	}
}

// importance says that the urgency of the incident chooses the rules, not the step.
func (c *grafanaChain) importance(id string, list []grafanaStep) {
	plain, important := false, false
	for _, s := range list {
		if strings.HasPrefix(s.Type, "notify_") && s.Type != "notify_if_time_from_to" {
			important = important || s.Important
			plain = plain || !s.Important
		}
	}
	if !important {
		return
	}
	what := "its steps are important, which chose the rules of a person"
	if plain {
		what = "some of its steps are important, which chose the rules of a person"
	}
	c.differs("policy "+id, c.entry, what+"; here the urgency of the incident does", "see the rules of the people")
}
