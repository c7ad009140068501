package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// goalert is GoAlert: answers of its GraphQL API.
var goalert = system{
	name:      "goalert",
	signs:     []string{"nextHandoffTimes", "activeUserIndex", "weekdayFilter", "contactMethodID", "userOverrides", "escalationPolicyID"},
	users:     "the query users",
	schedules: "the query schedules",
	take:      takeGoAlert,
	build:     buildGoAlert,
}

// goalertKinds are the lists of an answer.
var goalertKinds = map[string]string{"users": "user", "rotations": "rotation", "schedules": "schedule", "userOverrides": "override",
	"escalationPolicies": "policy", "services": "service"}

func takeGoAlert(r *reading, d *document) bool {
	m := d.object()
	if data := block(m, "data"); data != nil {
		m = data
	}
	found := false
	for key, kind := range goalertKinds {
		list := block(m, key)
		nodes, ok := list["nodes"].([]any)
		if !ok {
			continue
		}
		found = true
		for _, n := range nodes {
			if e, _ := n.(map[string]any); e != nil {
				r.put(kind, text(e, "id"), d.file, e)
			}
		}
		p := page{file: d.file, kind: kind, have: len(nodes), at: -1}
		if more, _ := block(list, "pageInfo")["hasNextPage"].(bool); more {
			p.next = 1
		}
		r.pages = append(r.pages, p)
	}
	return found
}

// Forms of what the API answers.
type (
	goalertMethod struct {
		ID, Type, Name, Value string
		Disabled, Pending     bool
		Dest                  struct {
			Type string
			Args map[string]string
		}
	}
	goalertUser struct {
		Name, Email string
		Methods     []goalertMethod `json:"contactMethods"`
		Rules       []struct {
			Delay  int    `json:"delayMinutes"`
			Method string `json:"contactMethodID"`
		} `json:"notificationRules"`
		Calendars []struct{ Name string } `json:"calendarSubscriptions"`
	}
	goalertTarget  struct{ ID, Type, Name string }
	goalertService struct {
		Name        string
		Policy      string `json:"escalationPolicyID"`
		Maintenance string `json:"maintenanceExpiresAt"`
		Labels      []struct{ Key string }
		Keys        []struct{ Type, Name string } `json:"integrationKeys"`
		Monitors    []struct {
			Name    string
			Timeout int `json:"timeoutMinutes"`
		} `json:"heartbeatMonitors"`
	}
)

// onGoAlert is a roster that is being made of GoAlert's answers.
type onGoAlert struct {
	*building
	turns map[string]*goalertTurns // by the ID of the rotation there
}

func buildGoAlert(b *building) {
	g := &onGoAlert{building: b, turns: map[string]*goalertTurns{}}
	for _, u := range all[goalertUser](b, "user") {
		g.user(u)
	}
	if len(b.roster.People) > 0 {
		b.lookAt("users", "there is no time zone of a person, so it is UTC", "add time_zone to the people who have quiet hours")
	}
	for _, r := range all[goalertRotation](b, "rotation") {
		g.turns[r.id] = g.turnsOf(r.v)
	}
	for _, s := range all[goalertSchedule](b, "schedule") {
		g.schedule(s)
	}
	g.overrides()
	for _, s := range all[goalertSchedule](b, "schedule") {
		g.temporary(s)
		g.shifts(s)
	}
	g.policies()
	for _, s := range all[goalertService](b, "service") {
		g.one(s)
	}
}

// goalertVias are the contact methods that the roster has, too, by their newer names as
// well.
var goalertVias = map[string]string{"SMS": "sms", "builtin-twilio-sms": "sms", "VOICE": "voice", "builtin-twilio-voice": "voice", "EMAIL": "email",
	"builtin-smtp-email": "email", "SLACK_DM": "slack", "builtin-slack-dm": "slack"}

func (m goalertMethod) via() string {
	if via, ok := goalertVias[m.Type]; ok {
		return via
	}
	return goalertVias[m.Dest.Type]
}

func (g *onGoAlert) user(u entity[goalertUser]) {
	s := someone{source: u.id, entry: "user " + clean(u.v.Name), name: u.v.Name, email: u.v.Email, noZones: true}
	methods := map[string]goalertMethod{}
	for i := range u.v.Methods {
		m := &u.v.Methods[i]
		m.Value = cmp.Or(m.Value, m.Dest.Args["phone_number"], m.Dest.Args["email_address"], m.Dest.Args["slack_user_id"])
	}
	gone := map[string]bool{}
	for _, m := range u.v.Methods {
		if g.method(&s, m) {
			methods[m.ID] = m
		} else {
			gone[m.ID] = true
		}
	}
	lost := 0
	for _, r := range u.v.Rules {
		m, ok := methods[r.Method]
		if !ok {
			lost++
			continue
		}
		to := reach{via: m.via(), after: time.Duration(r.Delay) * time.Minute}
		if to.via == "sms" || to.via == "voice" {
			to.number, _ = phone("", m.Value)
		}
		s.high = append(s.high, to)
	}
	if lost > 0 {
		g.leftOut(s.entry, plural(lost, "rule")+" through a contact method that was left out", "see that enough is left")
	}
	slices.SortStableFunc(s.high, func(a, b reach) int { return int(a.after - b.after) })
	g.person(s)
	for _, c := range u.v.Calendars {
		g.leftOut(s.entry, "the calendar subscription "+quote(c.Name), "take the new address from /oncall")
	}
}

// method notes a contact method, and reports whether it can be used. Its value is not
// said where it is none of what the roster has.
func (g *onGoAlert) method(s *someone, m goalertMethod) bool {
	name := "the contact method " + quote(m.Name)
	via := m.via()
	switch {
	case via == "":
		g.leftOut(s.entry, name+" ("+clean(strings.ToLower(m.Type))+") has no counterpart", "see that another one reaches them")
		return false
	case m.Disabled:
		g.leftOut(s.entry, name+" is disabled", "see whether it works again")
		return false
	case m.Pending:
		g.leftOut(s.entry, name+" is not verified (pending)", "see whether it is theirs")
		return false
	}
	switch via {
	case "slack":
		switch s.slack {
		case "", m.Value:
			s.slack = m.Value
		default:
			g.differs("", s.entry, "several Slack users; the first one is taken", "see that it is the right one")
		}
	case "email":
		if !strings.EqualFold(m.Value, s.email) {
			g.differs("", s.entry, name+" is another mail address than the person's own, which is used here", "see that mail reaches them there")
		}
	default:
		number, ok := phone("", m.Value)
		if !ok {
			g.leftOut(s.entry, name+" is not a number in international form", "add phone")
			return false
		}
		s.numbers = append(s.numbers, number)
	}
	return true
}

// senders are where the keys of a type send instead.
var senders = map[string]string{"prometheusAlertmanager": "/v1/alertmanager", "grafana": "/v1/grafana", "generic": "/v1/events", "site24x7": "/v1/webhook/NAME"}

// one makes a service.
func (g *onGoAlert) one(s entity[goalertService]) {
	entry := "service " + clean(s.v.Name)
	if policy := g.building.policies[s.v.Policy]; policy != "" {
		g.service(entry, s.v.Name, "", policy)
		g.lookAt(entry, "no team, since there are none", "add team")
	} else {
		g.leftOut(entry, "its escalation policy was left out", "write it by hand, with a policy")
	}
	for _, k := range s.v.Keys {
		address := senders[k.Type]
		if address == "" {
			address = "/v1/webhook/NAME"
		}
		g.leftOut(entry, "the integration key "+quote(k.Name)+" ("+clean(k.Type)+")", "make one with stormbell key add, and point the sender to "+address)
	}
	for _, m := range s.v.Monitors {
		g.leftOut(entry, fmt.Sprintf("the heartbeat monitor %s (%d minutes)", quote(m.Name), m.Timeout), "add it under heartbeats")
	}
	for _, l := range s.v.Labels {
		g.leftOut(entry, "the label "+quote(l.Key), "see whether something needs it")
	}
	if until, ok := instant(s.v.Maintenance); ok && until.After(g.At) {
		g.leftOut(entry, "it is in maintenance until "+instantWords(until), "use stormbell maintenance")
	}
}
