package importer

import (
	"cmp"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// grafana is Grafana OnCall: answers of its public API.
var grafana = system{
	name:      "grafana-oncall",
	signs:     []string{"rolling_users", "start_rotation_from_user_index", "on_call_now", "escalation_chain_id", "is_phone_number_verified", "swap_start", "default_route"},
	users:     "/api/v1/users/",
	schedules: "/api/v1/schedules/",
	take:      takeGrafana,
	build:     buildGrafana,
}

// grafanaKinds are what an answer can hold, by the keys that only it has; the first
// that fits counts.
var grafanaKinds = []struct {
	kind string
	keys []string
}{
	{"schedule", []string{"id", "on_call_now"}},
	{"shift", []string{"id", "type", "start", "duration"}},
	{"step", []string{"id", "escalation_chain_id", "position", "type"}},
	{"route", []string{"id", "integration_id", "position"}},
	{"integration", []string{"id", "default_route"}},
	{"swap", []string{"id", "swap_start", "swap_end"}},
	{"rendered", []string{"user_pk", "shift_start", "shift_end"}},
	{"rule", []string{"id", "user_id", "position", "type"}},
	{"user", []string{"id", "username", "email"}},
	{"webhook", []string{"id", "trigger_type"}},
	{"team", []string{"id", "grafana_id", "name"}},
	{"team", []string{"id", "name", "avatar_url"}},
	{"group", []string{"id", "slack", "type"}},
	{"chain", []string{"id", "name", "team_id"}},
}

func takeGrafana(r *reading, d *document) bool {
	m := d.object()
	list, isList := m["results"].([]any)
	_, paged := m["next"]
	switch {
	case isList && paged:
	case m != nil:
		list = []any{m}
	default:
		list, _ = d.value.([]any)
	}
	kind := ""
	for _, x := range list {
		e, _ := x.(map[string]any)
		if e == nil {
			continue
		}
		if k := grafanaKind(e); k != "" && (k != "chain" || m == nil || isList) {
			kind = k
			if k == "rendered" {
				e["schedule"] = renderedOf(d.file)
			}
			r.put(k, text(e, "id"), d.file, e)
		}
	}
	if isList && paged && kind != "" {
		p := page{file: d.file, kind: kind, have: len(list), total: number(m, "count"), at: -1}
		if n := number(m, "current_page_number"); n > 0 {
			p.at = n
		}
		if m["next"] != nil {
			p.next = max(p.at, 0) + 1
		}
		if kind == "shift" || kind == "rendered" { // a shift of two schedules is listed, and counted, twice
			p.total = 0
		}
		r.pages = append(r.pages, p)
	}
	return kind != "" || isList && paged && len(list) == 0
}

func grafanaKind(e map[string]any) string {
	for _, k := range grafanaKinds {
		if has(e, k.keys...) {
			return k.kind
		}
	}
	return ""
}

// renderedOf is the schedule that a file of rendered shifts is about: final_shifts-ID.json,
// or ID.json in a folder final_shifts, the number of a page after it.
func renderedOf(file string) string {
	name := stem(file)
	id, ok := strings.CutPrefix(name, "final_shifts-")
	if !ok && path.Base(path.Dir(strings.ReplaceAll(file, `\`, "/"))) != "final_shifts" {
		return ""
	}
	id, _, _ = strings.Cut(id, "-")
	return id
}

// Forms of what the API answers.
type (
	grafanaUser struct {
		Username, Email, Timezone string
		Slack                     []struct {
			UserID string `json:"user_id"`
		}
		Teams []string
	}
	grafanaRule struct {
		User      string `json:"user_id"`
		Position  int
		Important bool
		Type      string
		Duration  float64
	}
	grafanaNamed struct{ Name string }
	grafanaRoute struct {
		Integration string `json:"integration_id"`
		Chain       string `json:"escalation_chain_id"`
		Position    int
		Last        bool   `json:"is_the_last_route"`
		Regex       string `json:"routing_regex"`
		Type        string `json:"routing_type"`
	}
	grafanaIntegration struct {
		Name, Type   string
		Team         string `json:"team_id"`
		DefaultRoute struct {
			Chain string `json:"escalation_chain_id"`
		} `json:"default_route"`
		Templates   any
		Maintenance string `json:"maintenance_mode"`
		Heartbeat   any
	}
)

// onGrafana is a roster that is being made of Grafana OnCall's answers.
type onGrafana struct {
	*building
	shifts         []entity[grafanaShift]
	schedulesThere map[string]string // names by ID; likewise the next two
	groups         map[string]string
	chains         map[string]string
}

func buildGrafana(b *building) {
	g := &onGrafana{building: b, schedulesThere: map[string]string{}, groups: map[string]string{}, chains: map[string]string{}}
	g.persons()
	g.allTeams()
	g.shifts = all[grafanaShift](b, "shift")
	g.schedules()
	g.policies()
	g.integrations()
	for _, w := range all[grafanaNamed](b, "webhook") {
		b.leftOut("outgoing webhook "+clean(w.v.Name), "no counterpart", "see whether it is needed")
	}
}

func (g *onGrafana) persons() {
	rules := map[string][]grafanaRule{}
	for _, r := range all[grafanaRule](g.building, "rule") {
		rules[r.v.User] = append(rules[r.v.User], r.v)
	}
	for _, u := range all[grafanaUser](g.building, "user") {
		s := someone{source: u.id, entry: "user " + clean(u.v.Username), name: u.v.Username, email: u.v.Email, zone: u.v.Timezone}
		if len(u.v.Slack) > 0 {
			s.slack = u.v.Slack[0].UserID
		}
		if s.slack == "" {
			g.lookAt(s.entry, "no Slack link; the bot looks the mail address up", "see that it is the one they have in Slack")
		}
		list := rules[u.id]
		slices.SortStableFunc(list, func(a, b grafanaRule) int { return cmp.Compare(a.Position, b.Position) })
		urgent, plain := g.reaches(s.entry, list, true), g.reaches(s.entry, list, false)
		s.high, s.low = urgent, plain
		if len(urgent) == 0 {
			s.high, s.low = plain, nil
		}
		g.person(s)
	}
}

// grafanaVias are the ways to reach somebody that the roster has, too.
var grafanaVias = map[string]string{"notify_by_slack": "slack", "notify_by_sms": "sms", "notify_by_phone_call": "voice",
	"notify_by_mobile_app": "push", "notify_by_mobile_app_critical": "push", "notify_by_email": "email"}

// reaches are a person's rules of one kind, the important ones or the others. Waits are
// rules of their own there, and add up.
func (g *onGrafana) reaches(entry string, rules []grafanaRule, important bool) []reach {
	var list []reach
	var after time.Duration
	for _, r := range rules {
		if r.Important != important {
			continue
		}
		if r.Type == "wait" {
			after += time.Duration(r.Duration * float64(time.Second))
			continue
		}
		via, ok := grafanaVias[r.Type]
		if !ok {
			g.leftOut(entry, "the rule "+clean(r.Type)+" has no counterpart; its wait stays", "see that another rule reaches them")
			continue
		}
		if via == "sms" || via == "voice" {
			g.lookAt(entry, "a rule is "+clean(r.Type)+", and the export has no phone numbers", "add phone")
		}
		list = append(list, reach{via: via, after: after})
	}
	return list
}

func (g *onGrafana) allTeams() {
	users := all[grafanaUser](g.building, "user")
	for _, t := range all[grafanaNamed](g.building, "team") {
		var members []string
		for _, u := range users {
			if slices.Contains(u.v.Teams, t.id) {
				members = append(members, u.id)
			}
		}
		g.team(t.id, "team "+clean(t.v.Name), t.v.Name, g.building.persons(members))
	}
}

// newAddresses are where senders of a type send instead.
var newAddresses = map[string]string{"alertmanager": "/v1/alertmanager", "grafana_alerting": "/v1/grafana", "grafana": "/v1/grafana", "amazon_sns": "/v1/sns",
	"datadog": "/v1/datadog", "sentry": "/v1/sentry", "sentry_platform": "/v1/sentry", "newrelic": "/v1/newrelic", "pagerduty": "/v2/enqueue"}

func (g *onGrafana) integrations() {
	integrations := all[grafanaIntegration](g.building, "integration")
	for _, i := range integrations {
		entry := "integration " + clean(i.v.Name)
		chain := i.v.DefaultRoute.Chain
		policy := g.building.policies[chain]
		switch {
		case chain == "":
			g.leftOut(entry, "its default route has no escalation chain, so it pages nobody there, and a service here would", "write a service with a policy if somebody should be")
		case policy == "":
			g.leftOut(entry, "the escalation chain of its default route was left out", "write a service with a policy")
		default:
			g.service(entry, i.v.Name, g.teams[i.v.Team], policy)
		}
		address := cmp.Or(newAddresses[i.v.Type], "/v1/webhook/NAME")
		g.lookAt(entry, "the sender ("+clean(i.v.Type)+") still sends there", "point it to "+address)
		if i.v.Maintenance != "" {
			g.leftOut(entry, "it is in maintenance ("+clean(i.v.Maintenance)+")", "use stormbell maintenance")
		}
		if said(i.v.Templates) {
			g.leftOut(entry, "its templates", "see how alerts read here with stormbell alert test")
		}
		if said(i.v.Heartbeat) {
			g.leftOut(entry, "its heartbeat", "add one under heartbeats")
		}
	}
	for _, r := range all[grafanaRoute](g.building, "route") {
		if r.v.Last {
			continue
		}
		name := r.v.Integration
		for _, i := range integrations {
			if i.id == r.v.Integration {
				name = i.v.Name
			}
		}
		chain := cmp.Or(g.chains[r.v.Chain], "no escalation chain")
		g.leftOut("integration "+clean(name), "the route "+quote(r.v.Regex)+" ("+cmp.Or(clean(r.v.Type), "regex")+") to "+clean(chain), "add a route under alerts")
	}
}

// said reports whether anything stands in a value.
func said(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		for _, x := range v {
			if said(x) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(v, said)
	case json.Number:
		return v != "0"
	}
	return true
}

// host is the host of an address, whose path may be a secret.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "an address"
	}
	return clean(u.Hostname())
}

// grafanaLocal is a time without an offset.
func grafanaLocal(s string) (rotation.Local, bool) {
	s = strings.TrimSuffix(s, "Z")
	if head, _, ok := strings.Cut(s, "."); ok {
		s = head
	}
	l, err := rotation.ParseLocal(s)
	return l, err == nil && utc(l).Year() >= 1900 && utc(l).Year() < endOfTime.Year()
}

// endOfTime stands for what is never: a roster has no later years.
var endOfTime = time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC)
