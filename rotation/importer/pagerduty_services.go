package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func (p *pdBuild) makePolicies() {
	list := all[pdPolicy](p.building, "escalation policy")
	for _, e := range list {
		p.policyOf(e)
	}
	if len(list) > 0 {
		p.differs("", "escalation policies", "there an escalation reassigns, and nobody is asked when nobody is on call; here the rules of whoever was told first go on, and the last resort is told", "")
	}
}

func (p *pdBuild) policyOf(e entity[pdPolicy]) {
	name := cmp.Or(e.v.Name, e.v.Summary)
	entry, at := "escalation policy "+clean(name), "policy #"+e.id
	x := rotation.Policy{Repeat: max(0, e.v.Loops)}
	for i, r := range e.v.Rules {
		step := rotation.Step{Wait: time.Duration(max(0, min(r.Delay, 1e6))) * time.Minute}
		for _, t := range r.Targets {
			rule := fmt.Sprintf("step %d told %s", i+1, p.called(t))
			switch kind := strings.TrimSuffix(t.Type, "_reference"); kind {
			case "user":
				if id, why := p.whom(t); id != "" {
					step.Notify = tell(step.Notify, rotation.TargetPerson, id)
				} else {
					p.missing(at, entry, rule+", who is "+why, "name somebody else")
				}
			case "schedule":
				if id := p.rotations[t.ID]; id != "" {
					step.Notify = tell(step.Notify, rotation.TargetRotation, id)
				} else {
					p.missing(at, entry, rule+", a schedule that is "+cmp.Or(p.gone[t.ID], "not in the export"), "name another")
				}
			default:
				p.missing(at, entry, rule+", a target of type "+quote(kind)+", which has no counterpart", "name somebody else")
			}
		}
		if strings.Contains(r.Strategy.Type, "round_robin") {
			step.RoundRobin = true
			p.differs(at, entry, fmt.Sprintf("step %d is round robin; here that is one of the people on call for each incident, in turn", i+1), "see that it is right")
		}
		x.Steps = append(x.Steps, step)
	}
	if e.v.Handoff != "" {
		p.missing(at, entry, "on_call_handoff_notifications ("+clean(e.v.Handoff)+") has no counterpart", "teams are told of hand-overs in their channel")
	}
	p.policy(e.id, entry, name, x)
}

// variant is what a service says and a policy has here.
type variant struct {
	acknowledge time.Duration
	support     string // the support hours in words; empty: none
}

// made is a policy, or a copy of one, with what its services say.
type made struct {
	variant
	id string
}

func (p *pdBuild) makeServices() {
	policies := map[string][]made{}
	for _, s := range all[pdService](p.building, "service") {
		entry := "service " + clean(s.v.Name)
		if s.v.Status == "disabled" {
			p.leftOut(entry, "disabled", "")
			continue
		}
		source := s.v.Policy.ID
		base := p.policies[source]
		if base == "" {
			p.leftOut(entry, "its escalation policy "+p.called(s.v.Policy)+" is not in the roster, so nobody would be paged", "add it with another policy")
			continue
		}
		v, hours := p.variant(entry, s.v)
		id := ""
		for _, m := range policies[source] {
			if m.variant == v {
				id = m.id
			}
		}
		if id == "" {
			id = p.vary(entry, s.v.Name, base, len(policies[source]) == 0, v, hours)
			policies[source] = append(policies[source], made{v, id})
		}
		before := len(p.roster.Services)
		p.service(entry, s.v.Name, "", id)
		service := &p.roster.Services[before]
		service.Team = p.firstTeam("service "+service.ID, entry, s.v.Teams)
		p.features(entry, "service "+service.ID, s.v)
	}
}

// vary gives a policy what a service says, or makes a copy that has it.
func (p *pdBuild) vary(entry, service, base string, first bool, v variant, hours *rotation.Coverage) string {
	i := slices.IndexFunc(p.roster.Policies, func(x rotation.Policy) bool { return x.ID == base })
	if !first {
		x := p.roster.Policies[i]
		x.ID = p.id("policy", base+"-"+service)
		x.Steps = slices.Clone(x.Steps)
		p.roster.Policies = append(p.roster.Policies, x)
		i = len(p.roster.Policies) - 1
		p.differs("policy "+x.ID, entry, "its acknowledgement timeout or its support hours are not those of other services of policy "+base+"; it has a copy, "+x.ID, "change both when one changes")
	}
	p.roster.Policies[i].AcknowledgeTimeout, p.roster.Policies[i].SupportHours = v.acknowledge, hours
	return p.roster.Policies[i].ID
}

// variant is what a service says that a policy has here.
func (p *pdBuild) variant(entry string, s pdService) (variant, *rotation.Coverage) {
	var v variant
	if s.Acknowledge != nil && *s.Acknowledge > 0 {
		v.acknowledge = time.Duration(min(*s.Acknowledge, 1e8)) * time.Second
	}
	if s.Urgency.Type != "use_support_hours" {
		return v, nil
	}
	hours, ok := supportHours(s)
	switch {
	case !ok:
		p.leftOut(entry, "its support hours cannot be read, or have a zone that is unknown", "add support_hours to its policy")
		return v, nil
	case s.Urgency.Outside.Urgency == "high":
		p.leftOut(entry, "its support hours have high urgency outside, which has no counterpart", "see that its severities are right")
		return v, nil
	}
	p.differs("", entry, "its support hours are those of its policy; outside them, what is urgent is told by its severity, not by a rule of the service", "see that its severities are right")
	v.support = fmt.Sprintf("%+v", *hours)
	return v, hours
}

func supportHours(s pdService) (*rotation.Coverage, bool) {
	h := s.SupportHours
	if h == nil || len(h.Days) == 0 {
		return nil, false
	}
	name, _, ok := zone(h.TimeZone)
	start, err := time.Parse(time.TimeOnly, h.Start)
	end, err2 := time.Parse(time.TimeOnly, h.End)
	if !ok || err != nil || err2 != nil {
		return nil, false
	}
	c := &rotation.Coverage{TimeZone: name, From: start.Format("15:04"), To: end.Format("15:04")}
	if c.From == c.To {
		c.From, c.To = "00:00", "24:00"
	}
	for _, d := range h.Days {
		if d < 1 || d > 7 {
			return nil, false
		}
		if w := time.Weekday(d % 7); !slices.Contains(c.Days, w) {
			c.Days = append(c.Days, w)
		}
	}
	return c, true
}

// features names what else a service has.
func (p *pdBuild) features(entry, at string, s pdService) {
	none := func(set bool, what, mend string) {
		if set {
			p.missing(at, entry, what+" has no counterpart", mend)
		}
	}
	switch {
	case s.Urgency.Urgency == "severity_based" || s.Urgency.During.Urgency == "severity_based":
		p.differs(at, entry, "its urgency is severity_based; here the severity of the incident always says it", "see that its senders say how bad it is")
	case s.Urgency.Type == "constant" && s.Urgency.Urgency == "low":
		p.differs(at, entry, "its urgency is always low; here the severity of the incident says it", "give its alerts severity sev4")
	}
	none(s.AutoResolve != nil && *s.AutoResolve > 0, "auto_resolve_timeout", "people resolve incidents; see alerts: over")
	none(given(s.Grouping) || given(s.GroupingParameters), "alert grouping (alert_grouping)", "see alerts: group")
	none(paused(s.AutoPause), "auto-pause (auto_pause_notifications_parameters)", "see routes with does: count")
	none(len(s.ScheduledActions) > 0, "scheduled_actions", "see support_hours")
	none(given(s.ResponsePlay), "its response play (response_play)", "")
	if s.Status == "maintenance" {
		p.lookAt(entry, "in maintenance there", "announce it here with stormbell maintenance")
	}
	for _, i := range s.Integrations {
		p.integration(entry, strings.TrimPrefix(at, "service "), i)
	}
}

// integration says what to write into a sender.
func (p *pdBuild) integration(service, id string, i pdRef) {
	kind := strings.TrimSuffix(strings.TrimSuffix(i.Type, "_reference"), "_inbound_integration")
	entry := service + ", integration " + i.words() + " (" + clean(kind) + ")"
	x := sender{entry: entry, name: i.words(), service: id}
	switch {
	case strings.Contains(kind, "email"):
		p.mail(entry)
		return
	case kind == "events_api_v2":
		x.today, x.path, x.shows = "https://events.pagerduty.com/v2/enqueue", "/v2/enqueue", asRoutingKey
	case kind == "generic_events_api" || kind == "nagios":
		x.today, x.path, x.shows = "https://events.pagerduty.com/generic/2010-04-15/create_event.json", "/generic/2010-04-15/create_event.json", asServiceKey
	default:
		x.path, x.shows = vendor(i.words() + " " + kind)
	}
	p.move(x)
}

// given reports whether a setting says something.
func given(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != "" && v != "none"
	case map[string]any:
		return v["type"] != nil || v["id"] != nil
	}
	return true
}

func paused(v any) bool {
	m, _ := v.(map[string]any)
	enabled, _ := m["enabled"].(bool)
	return enabled
}

// rest names everything that has no counterpart.
func (p *pdBuild) rest() {
	for _, kind := range []string{"event orchestration", "ruleset"} {
		for _, x := range all[pdNamed](p.building, kind) {
			p.leftOut(kind+" "+clean(cmp.Or(x.v.Name, x.v.Summary, x.id)), "has no counterpart", "see whether alerts: routes say enough")
		}
	}
	for _, kind := range []string{"business service", "response play", "maintenance window"} {
		for _, x := range all[pdNamed](p.building, kind) {
			p.leftOut(kind+" "+clean(cmp.Or(x.v.Name, x.v.Description, x.v.Summary, x.id)), "has no counterpart", "")
		}
	}
}
