package importer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func (o *ogBuild) makeEscalations() {
	o.collectRouting()
	list := all[ogEscalation](o.building, "escalation")
	for _, e := range list {
		o.escalation(e, list)
	}
}

// escalation carries one escalation over. Its delays count from the beginning; here a
// step says how long it waits.
func (o *ogBuild) escalation(e entity[ogEscalation], others []entity[ogEscalation]) {
	entry := "escalation " + clean(e.v.Name)
	rules := e.v.Rules
	slices.SortStableFunc(rules, func(a, b ogEscalationRule) int { return cmp.Compare(a.Delay.duration(), b.Delay.duration()) })
	at := "policy #" + e.id
	var p rotation.Policy
	var last time.Duration
	for i, rule := range rules {
		delay := rule.Delay.duration()
		targets, random := o.targets(at, entry, rule.NotifyType, rule.Recipient, delay, others)
		if rule.Condition == "if-not-closed" {
			o.differs(at, entry, "the rule after "+minutes(delay)+" is if-not-closed there; here it ends with an acknowledgement, as every step", "")
		}
		if i > 0 && delay == last {
			step := &p.Steps[len(p.Steps)-1]
			if len(step.Notify) == 0 || len(targets) == 0 {
				step.RoundRobin = step.RoundRobin || random
			} else { // together with others everybody is told
				step.RoundRobin = false
			}
			for _, t := range targets {
				step.Notify = tell(step.Notify, t.Kind, t.ID)
			}
			continue
		}
		if i > 0 {
			p.Steps[len(p.Steps)-1].Wait = delay - last
		} else if delay > 0 {
			o.differs(at, entry, "its first rule waits "+minutes(delay)+"; here the first step goes out at once", "")
		}
		p.Steps = append(p.Steps, rotation.Step{Notify: targets, RoundRobin: random})
		last = delay
	}
	if n := len(p.Steps); n > 0 {
		p.Steps[n-1].Wait = lastWait
	}
	o.repeat(at, entry, e.v, &p)
	o.policy(e.id, entry, e.v.Name, p)
}

func (o *ogBuild) repeat(at, entry string, e ogEscalation, p *rotation.Policy) {
	if e.Repeat == nil || e.Repeat.Count <= 0 {
		return
	}
	p.Repeat = e.Repeat.Count
	if n := len(p.Steps); n > 0 && e.Repeat.WaitInterval > 0 {
		p.Steps[n-1].Wait = time.Duration(e.Repeat.WaitInterval) * time.Minute
	}
	if e.Repeat.CloseAlertAfterAll {
		o.differs(at, entry, "closeAlertAfterAll has no counterpart: after the last round the incident stays open, and the last resort is told", "")
	}
	if e.Repeat.ResetRecipientStates {
		o.differs(at, entry, "resetRecipientStates has no counterpart: an acknowledgement ends the rounds", "")
	}
}

// targets are whom a rule tells, and whether one of them in turn.
func (o *ogBuild) targets(at, entry, notify string, to ogRef, delay time.Duration, others []entity[ogEscalation]) (list []rotation.Target, random bool) {
	rule := "the rule after " + minutes(delay)
	lost := func(why string) {
		o.missing(at, entry, rule+" told "+clean(to.Type)+" "+o.called(to)+", "+why, "name somebody else")
	}
	switch strings.ToLower(to.Type) {
	case "user":
		id, why := o.whom(to)
		if id == "" {
			lost("who is " + why)
			return nil, false
		}
		return tell(nil, rotation.TargetPerson, id), false
	case "schedule":
		id, why := o.scheduleOf(to)
		if id == "" {
			lost("which is " + why)
			return nil, false
		}
		switch strings.ToLower(notify) {
		case "next":
			o.differs(at, entry, rule+" tells who is next in "+o.called(to)+"; here that is a rotation of its own, without overrides", "")
			id = o.shifted(id, 1, "-next")
		case "previous":
			o.differs(at, entry, rule+" tells who was previous in "+o.called(to)+"; here that is a rotation of its own, without overrides", "")
			id = o.shifted(id, -1, "-previous")
		}
		return tell(nil, rotation.TargetRotation, id), false
	case "team":
		return o.teamTargets(at, entry, rule, notify, to, others)
	}
	lost("which has no counterpart")
	return nil, false
}

func (o *ogBuild) teamTargets(at, entry, rule, notify string, to ogRef, others []entity[ogEscalation]) (list []rotation.Target, random bool) {
	var people []string
	switch strings.ToLower(notify) {
	case "users":
		people = o.members(to.ID, "user")
	case "admins":
		people = o.members(to.ID, "admin", "owner")
	case "all":
		people = o.members(to.ID)
	case "random":
		people, random = o.members(to.ID), true
		o.differs(at, entry, rule+" tells a random member of team "+o.called(to)+"; here they take turns (round_robin)", "")
	default:
		return o.routed(at, entry, rule, to, others), false
	}
	if len(people) == 0 {
		o.missing(at, entry, rule+" told "+clean(notify)+" of team "+o.called(to)+", and none of them is in the roster", "name somebody else")
	}
	return tell(nil, rotation.TargetPerson, people...), random
}

// scheduleOf is the rotation of a schedule that a reference names, by its name where it
// has no ID; empty, and why, where there is none.
func (o *ogBuild) scheduleOf(r ogRef) (id, why string) {
	source := r.ID
	for _, s := range o.schedules {
		if source == "" && s.v.Name == r.Name {
			source = s.id
		}
	}
	return o.rotations[source], cmp.Or(o.gone[source], "not in the export")
}

// routed is whom the routing of a team tells first.
func (o *ogBuild) routed(at, entry, rule string, to ogRef, others []entity[ogEscalation]) []rotation.Target {
	notify, lost := o.defaultRouting(to.ID), ""
	switch strings.ToLower(notify.Type) {
	case "schedule":
		id, why := o.scheduleOf(notify)
		if lost = " (schedule " + o.called(notify) + ", which is " + why + ")"; id != "" {
			o.differs(at, entry, rule+" tells team "+o.called(to)+"; here that is "+o.called(notify)+", by its default routing rule", "")
			return tell(nil, rotation.TargetRotation, id)
		}
	case "escalation":
		i := slices.IndexFunc(others, func(e entity[ogEscalation]) bool { return e.id == notify.ID })
		if i < 0 {
			break
		}
		var list []rotation.Target
		for _, x := range firstOf(others[i].v) {
			if x.Type != "team" { // whose routing may come round again
				more, _ := o.targets(at, entry, "", x, 0, nil)
				for _, t := range more {
					list = tell(list, t.Kind, t.ID)
				}
			}
		}
		if len(list) > 0 {
			o.differs(at, entry, rule+" tells team "+o.called(to)+"; here that is whom "+o.called(notify)+" tells first, by its default routing rule", "")
			return list
		}
	}
	o.missing(at, entry, rule+" told team "+o.called(to)+", whose routing leads to nobody in the roster"+lost, "name people or a rotation")
	return nil
}

// firstOf are the recipients of the earliest rules of an escalation.
func firstOf(e ogEscalation) []ogRef {
	var list []ogRef
	first := time.Duration(-1)
	for _, r := range e.Rules {
		d := r.Delay.duration()
		if first < 0 || d < first {
			first, list = d, nil
		}
		if d == first {
			list = append(list, r.Recipient)
		}
	}
	return list
}

// shifted is a rotation with every list turned by so many turns, without overrides.
func (o *ogBuild) shifted(id string, by int, suffix string) string {
	source := id + suffix
	if made := o.rotations[source]; made != "" {
		return made
	}
	was := o.rotation(id)
	r := rotation.Rotation{ID: o.id("rotation", id+suffix), Team: was.Team, TimeZone: was.TimeZone}
	for _, l := range was.Layers {
		n := len(l.People)
		k := ((by % n) + n) % n
		l.People = slices.Concat(l.People[k:], l.People[:k])
		r.Layers = append(r.Layers, l)
	}
	o.rotations[source] = r.ID
	o.roster.Rotations = append(o.roster.Rotations, r)
	return r.ID
}

// collectRouting finds out which team each routing rule is of.
func (o *ogBuild) collectRouting() {
	ids := map[string]bool{}
	for _, t := range o.teamList {
		ids[t.id] = true
	}
	for _, r := range all[ogRouting](o.building, "routing rule") {
		id := cmp.Or(r.v.Team, r.v.Parent.ID)
		if !ids[id] {
			var ok bool
			if id, ok = about(r.file, known(ids)); !ok {
				o.leftOut("file "+clean(r.file), "does not say which team its routing rules are of", "call it routing-rules-TEAMID.json")
				continue
			}
		}
		o.routing[id] = append(o.routing[id], r)
	}
	for _, list := range o.routing {
		slices.SortStableFunc(list, func(a, b entity[ogRouting]) int { return cmp.Compare(a.v.Order, b.v.Order) })
	}
}

// defaultRouting is where everything goes that no other routing rule of a team takes.
func (o *ogBuild) defaultRouting(team string) ogRef {
	for _, r := range o.routing[team] {
		if r.v.IsDefault {
			return r.v.Notify
		}
	}
	return ogRef{}
}
