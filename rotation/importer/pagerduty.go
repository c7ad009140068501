package importer

import (
	"strings"
	"time"
)

// pagerduty is PagerDuty: answers of its API.
var pagerduty = system{
	name:      "pagerduty",
	signs:     []string{"contact_methods", "schedule_layers", "rotation_turn_length_seconds", "escalation_rules", "incident_urgency_rule", "html_url"},
	users:     "/users?include[]=contact_methods&include[]=notification_rules",
	schedules: "/schedules/ID",
	take:      takePagerDuty,
	build:     buildPagerDuty,
}

// pdKinds are what answers hold, by the key of a list and by that of one entity.
var pdKinds = []struct{ list, one, kind string }{
	{"users", "user", "user"},
	{"teams", "team", "team"},
	{"schedules", "schedule", "schedule"},
	{"escalation_policies", "escalation_policy", "escalation policy"},
	{"services", "service", "service"},
	{"overrides", "override", "override"},
	{"orchestrations", "orchestration", "event orchestration"},
	{"event_orchestrations", "event_orchestration", "event orchestration"},
	{"business_services", "business_service", "business service"},
	{"rulesets", "ruleset", "ruleset"},
	{"response_plays", "response_play", "response play"},
	{"maintenance_windows", "maintenance_window", "maintenance window"},
	{"members", "", "member"},
}

// takePagerDuty puts an answer of the API on the shelves.
func takePagerDuty(r *reading, d *document) bool {
	m := d.object()
	for _, other := range []string{"data", "results", "teamRoutingRules", "teamRoles", "notificationRuleList"} {
		if has(m, other) {
			return false // answers of other systems are wrapped so
		}
	}
	taken := false
	for _, k := range pdKinds {
		if list, ok := m[k.list].([]any); ok && !has(m, "schedule_layers") {
			taken = takePagerDutyList(r, d, k.kind, list) || taken
		}
		if one := block(m, k.one); one != nil && ofPagerDuty(k.kind, one) {
			r.put(k.kind, text(one, "id"), d.file, one)
			taken = true
		}
	}
	if !taken && has(m, "schedule_layers", "id") {
		r.put("schedule", text(m, "id"), d.file, m)
		return true
	}
	return taken
}

func takePagerDutyList(r *reading, d *document, kind string, list []any) bool {
	taken := len(list) == 0
	for _, x := range list {
		m, _ := x.(map[string]any)
		if !ofPagerDuty(kind, m) {
			continue
		}
		taken = true
		id := text(m, "id")
		if kind == "override" || kind == "member" {
			id = d.file + " " + id
		}
		r.put(kind, id, d.file, m)
	}
	if kind == "override" {
		r.put("override list", d.file, d.file, map[string]any{})
		return taken
	}
	m := d.object()
	p := page{file: d.file, kind: kind, have: len(list), total: number(m, "total"), at: number(m, "offset")}
	if more, _ := m["more"].(bool); more {
		if p.next = p.at + max(number(m, "limit"), len(list), 1); !has(m, "offset") {
			p.at = -1
		}
	}
	r.pages = append(r.pages, p)
	return taken
}

// ofPagerDuty reports whether a block can be an entity of the kind: other systems have
// keys of the same names.
func ofPagerDuty(kind string, m map[string]any) bool {
	switch kind {
	case "user":
		return has(m, "id") && (has(m, "email") || has(m, "summary")) && !has(m, "fullName")
	case "schedule":
		return has(m, "id") && (has(m, "time_zone") || has(m, "schedule_layers") || has(m, "summary"))
	case "override":
		return has(m, "start", "end")
	case "member":
		return has(m, "user")
	}
	return has(m, "id") && (has(m, "name") || has(m, "summary") || has(m, "description"))
}

// Forms of the entities, with the keys that count.

type pdRef struct {
	ID, Type, Summary, Name string
	DeletedAt               *string `json:"deleted_at"`
}

func (r pdRef) words() string {
	switch {
	case r.Summary != "":
		return clean(r.Summary)
	case r.Name != "":
		return clean(r.Name)
	}
	return clean(r.ID)
}

type pdUser struct {
	Name, Email, Role string
	TimeZone          string  `json:"time_zone"`
	DeletedAt         *string `json:"deleted_at"`
	Teams             []pdRef
	ContactMethods    []pdContact `json:"contact_methods"`
	NotificationRules []struct {
		Type, Urgency string
		Delay         *int      `json:"start_delay_in_minutes"`
		Contact       pdContact `json:"contact_method"`
	} `json:"notification_rules"`
}

type pdContact struct {
	ID, Type, Label string
	Address         loose
	CountryCode     loose `json:"country_code"`
	Blacklisted     bool
	Enabled         *bool
}

// method is the word for what the contact is, without what all of them have.
func (c pdContact) method() string {
	return strings.TrimSuffix(strings.TrimSuffix(c.Type, "_reference"), "_contact_method")
}

// bare reports whether only a reference to the contact is in the export. The address of
// a telephone's app is nobody's to know.
func (c pdContact) bare() bool {
	return strings.HasSuffix(c.Type, "_reference") || c.Address == "" && c.method() != "push_notification"
}

type pdTeam struct {
	Name   string
	Parent *pdRef
}

type pdSchedule struct {
	Name, Type, Summary string
	TimeZone            string `json:"time_zone"`
	Teams               []pdRef
	Layers              []pdLayer `json:"schedule_layers"`
	Rotations           []any
	Final               *struct {
		Entries []pdEntry `json:"rendered_schedule_entries"`
	} `json:"final_schedule"`
}

type pdEntry struct {
	Start, End string
	User       pdRef
}

type pdLayer struct {
	Name, Start, End string
	VirtualStart     string `json:"rotation_virtual_start"`
	TurnSeconds      int    `json:"rotation_turn_length_seconds"`
	Restrictions     []pdRestriction
	Users            []struct{ User pdRef }
}

type pdRestriction struct {
	Type     string
	Start    string `json:"start_time_of_day"`
	Duration int    `json:"duration_seconds"`
	Day      int    `json:"start_day_of_week"`
}

// over reports whether the layer has ended by an instant.
func (l pdLayer) over(at time.Time) bool {
	end, ok := instant(l.End)
	return ok && !end.After(at)
}

type pdPolicy struct {
	Name, Summary string
	Teams         []pdRef
	Loops         int    `json:"num_loops"`
	Handoff       string `json:"on_call_handoff_notifications"`
	Rules         []struct {
		Delay    int `json:"escalation_delay_in_minutes"`
		Targets  []pdRef
		Strategy struct{ Type string } `json:"escalation_rule_assignment_strategy"`
	} `json:"escalation_rules"`
}

type pdService struct {
	Name, Status string
	Teams        []pdRef
	Policy       pdRef `json:"escalation_policy"`
	Urgency      struct {
		Type, Urgency string
		During        struct{ Urgency string } `json:"during_support_hours"`
		Outside       struct{ Urgency string } `json:"outside_support_hours"`
	} `json:"incident_urgency_rule"`
	SupportHours *struct {
		TimeZone string `json:"time_zone"`
		Days     []int  `json:"days_of_week"`
		Start    string `json:"start_time"`
		End      string `json:"end_time"`
	} `json:"support_hours"`
	Acknowledge *int `json:"acknowledgement_timeout"`
	AutoResolve *int `json:"auto_resolve_timeout"`

	Grouping           any   `json:"alert_grouping"`
	GroupingParameters any   `json:"alert_grouping_parameters"`
	AutoPause          any   `json:"auto_pause_notifications_parameters"`
	ScheduledActions   []any `json:"scheduled_actions"`
	ResponsePlay       any   `json:"response_play"`
	Integrations       []pdRef
	Addons             []pdRef
}

type pdNamed struct {
	Name, Summary, Description string
}
