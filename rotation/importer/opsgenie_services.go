package importer

import (
	"cmp"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func (o *ogBuild) makeServices() {
	policies := map[string]string{} // by team
	for _, t := range o.teamList {
		policies[t.id] = o.teamPolicy(t)
	}
	for _, s := range all[ogNamed](o.building, "service") {
		entry := "service " + clean(s.v.Name)
		team := o.teams[s.v.TeamID]
		switch policy := policies[s.v.TeamID]; {
		case team == "":
			o.leftOut(entry, "its team is not in the export", "export teams too")
		case policy == "":
			o.leftOut(entry, "nobody would be paged: the routing of its team leads to no policy", "add it with a policy by hand")
		default:
			o.service(entry, s.v.Name, team, policy)
		}
	}
}

// teamPolicy is the policy that the default routing rule of a team leads to; empty for
// none. Every other routing rule is reported.
func (o *ogBuild) teamPolicy(t entity[ogTeam]) string {
	entry := "team " + clean(t.v.Name)
	if len(o.routing[t.id]) == 0 {
		o.lookAt(entry, "its routing rules are not in the export", "fetch /v2/teams/ID/routing-rules as well")
	}
	for _, r := range o.routing[t.id] {
		if r.v.IsDefault {
			continue
		}
		what := "routing rule " + quote(r.v.Name) + " (" + r.v.Criteria.words()
		if r.v.TimeRestriction.restricts() {
			what += ", with a time restriction"
		}
		what += ") led to " + strings.TrimSpace(clean(r.v.Notify.Type)+" "+o.called(r.v.Notify))
		o.missing("team "+o.teams[t.id], entry, what, "write alerts: routes, or give the alerts another service")
	}
	notify := o.defaultRouting(t.id)
	switch strings.ToLower(notify.Type) {
	case "escalation":
		if id := o.policies[notify.ID]; id != "" {
			return id
		}
		o.missing("team "+o.teams[t.id], entry, "its default routing rule leads to escalation "+o.called(notify)+", which is "+o.why(notify), "name a policy in its services")
	case "schedule":
		id, why := o.scheduleOf(notify)
		if id == "" {
			o.missing("team "+o.teams[t.id], entry, "its default routing rule leads to schedule "+o.called(notify)+", which is "+why, "name a policy in its services")
			break
		}
		p := rotation.Policy{Steps: []rotation.Step{{Notify: tell(nil, rotation.TargetRotation, id)}}}
		policy, _ := o.policy("team "+t.id, entry, t.v.Name, p)
		o.differs("policy "+policy, entry, "its default routing rule leads to schedule "+o.called(notify)+"; that is a policy with one step", "add a second step")
		return policy
	case "none":
		o.missing("team "+o.teams[t.id], entry, "its default routing rule leads to nobody (none)", "write a policy if its services should page")
	}
	return ""
}

func (o *ogBuild) why(r ogRef) string {
	if o.shelf("escalation").held[r.ID] != nil {
		return "left out"
	}
	return "not in the export"
}

// integrations say of each sender what to write into it.
func (o *ogBuild) integrations() {
	for _, i := range all[ogNamed](o.building, "integration") {
		entry := "integration " + clean(i.v.Name) + " (" + clean(i.v.Type) + ")"
		kind := strings.ToLower(i.v.Type)
		x := sender{entry: entry, name: i.v.Name, service: o.onlyService(o.teams[cmp.Or(i.v.TeamID, i.v.OwnerTeam.ID)])}
		switch {
		case i.v.Enabled != nil && !*i.v.Enabled:
			o.leftOut(entry, "disabled", "")
			continue
		case strings.Contains(kind, "email"):
			o.mail(entry)
			continue
		case kind == "api" || kind == "prometheus": // Alertmanager calls the same API
			x.today, x.path, x.shows = "Opsgenie's Alert API, /v2/alerts", "/v2/alerts", asGenieKey
		default:
			x.path, x.shows = vendor(i.v.Type + " " + i.v.Name)
		}
		o.move(x)
	}
}

// heartbeats are watched for under the same names.
func (o *ogBuild) heartbeats() {
	units := map[string]time.Duration{"minutes": time.Minute, "hours": time.Hour, "days": day}
	for _, x := range all[ogNamed](o.building, "heartbeat") {
		entry := "heartbeat " + clean(x.v.Name)
		unit, ok := units[strings.ToLower(x.v.IntervalUnit)]
		switch {
		case x.v.Enabled != nil && !*x.v.Enabled:
			o.leftOut(entry, "disabled", "")
			continue
		case !ok || x.v.Interval <= 0 || x.v.Interval > 1000:
			o.leftOut(entry, "its interval cannot be read", "add it to heartbeats")
			continue
		case slug(x.v.Name) == "":
			o.leftOut(entry, "its name cannot be one here", "add it to heartbeats")
			continue
		}
		h := rotation.Heartbeat{Name: o.id("heartbeat", x.v.Name), Every: time.Duration(x.v.Interval) * unit, Grace: time.Minute,
			Service: o.onlyService(o.teams[cmp.Or(x.v.TeamID, x.v.OwnerTeam.ID)]), Severity: map[string]string{"P1": "sev1", "P2": "sev2", "P3": "sev3", "P4": "sev4", "P5": "sev4"}[x.v.AlertPriority]}
		o.heartbeat(entry, h, "/v2/heartbeats/"+clean(x.v.Name)+"/ping", "/v2/heartbeats/"+h.Name+"/ping")
	}
}

// rest names everything that has no counterpart.
func (o *ogBuild) rest() {
	o.integrations()
	o.heartbeats()
	for _, p := range all[ogNamed](o.building, "policy") {
		o.leftOut(strings.TrimSpace(clean(p.v.Type)+" policy ")+" "+clean(p.v.Name), "has no counterpart", "see whether alerts: routes and group say enough")
	}
	for _, m := range all[ogNamed](o.building, "maintenance") {
		o.leftOut("maintenance "+cmp.Or(clean(m.v.Description), m.id), "not carried over", "announce it here with stormbell maintenance")
	}
	for _, c := range all[ogNamed](o.building, "custom role") {
		o.leftOut("custom role "+clean(c.v.Name), "has no counterpart", "")
	}
}
