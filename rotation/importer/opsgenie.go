package importer

import (
	"encoding/json"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// opsgenie is Opsgenie: answers of its API, and the folder of its backup tool.
var opsgenie = system{
	name:      "opsgenie",
	signs:     []string{"userContacts", "notificationRuleList", "teamRoutingRules", "finalTimeline", "notifyType", "requestId"},
	users:     "/v2/users",
	schedules: "/v2/schedules?expand=rotation",
	take:      takeOpsgenie,
	build:     buildOpsgenie,
}

// takeOpsgenie puts an answer of the API, or a file of the backup tool, on the shelves.
func takeOpsgenie(r *reading, d *document) bool {
	m := d.object()
	if m == nil {
		return takeOpsgenieList(r, d, d.value)
	}
	data, answer := m["data"]
	if !answer {
		return takeOpsgenieEntity(r, d, m)
	}
	if beats := block(m, "data")["heartbeats"]; beats != nil {
		data = beats
	}
	if !takeOpsgenieList(r, d, data) {
		x, _ := data.(map[string]any)
		return x != nil && takeOpsgenieEntity(r, d, x)
	}
	list, _ := data.([]any)
	if kind := kindOfList(list); kind != "" {
		r.pages = append(r.pages, opsgeniePage(m, page{file: d.file, kind: kind, have: len(list)}))
	}
	return true
}

// takeOpsgenieList takes a list of entities. An empty one is taken as well: it says
// that there are none.
func takeOpsgenieList(r *reading, d *document, v any) bool {
	list, ok := v.([]any)
	if !ok {
		return false
	}
	if len(list) == 0 {
		if !has(d.object(), "requestId") && !strings.Contains(d.file, "overrides") {
			return false
		}
		if strings.Contains(strings.ToLower(d.file), "override") {
			r.put("override list", d.file, d.file, map[string]any{})
		}
		return true
	}
	taken := false
	for _, x := range list {
		if m, ok := x.(map[string]any); ok && takeOpsgenieEntity(r, d, m) {
			taken = true
		}
	}
	return taken
}

func kindOfList(list []any) string {
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			return opsgenieKind(m)
		}
	}
	return ""
}

// opsgeniePage reads what an answer says about the list that it is a part of.
func opsgeniePage(m map[string]any, p page) page {
	p.total, p.at = number(m, "totalCount"), -1
	paging := block(m, "paging")
	if offset, limit, ok := offsetOf(text(paging, "next")); ok {
		p.next, p.at = offset, offset-limit
	} else if offset, limit, ok := offsetOf(text(paging, "prev")); ok {
		p.at = offset + limit
	}
	return p
}

func offsetOf(address string) (offset, limit int, ok bool) {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return 0, 0, false
	}
	offset, err = strconv.Atoi(u.Query().Get("offset"))
	limit, _ = strconv.Atoi(u.Query().Get("limit"))
	return offset, limit, err == nil
}

// takeOpsgenieEntity takes one entity, bare or as the backup tool wraps it up.
func takeOpsgenieEntity(r *reading, d *document, m map[string]any) bool {
	owned := func(kind, owner, key string, list any) {
		entities, _ := list.([]any)
		for _, x := range entities {
			if e, ok := x.(map[string]any); ok {
				e[key] = owner
				r.put(kind, text(e, "id"), d.file, e)
			}
		}
	}
	switch user, team := block(m, "user"), block(m, "team"); {
	case user != nil && has(user, "username") && !has(m, "alias"):
		r.put("user", text(user, "id"), d.file, user)
		owned("notification rule", text(user, "id"), "_user", m["notificationRuleList"])
		return true
	case team != nil && (has(m, "teamRoutingRules") || has(m, "teamRoles") || has(team, "members")):
		r.put("team", text(team, "id"), d.file, team)
		owned("routing rule", text(team, "id"), "_team", m["teamRoutingRules"])
		return true
	case block(m, "schedule") != nil && opsgenieKind(block(m, "schedule")) == "schedule":
		m = block(m, "schedule")
	case block(m, "integration") != nil && has(block(m, "integration"), "type"):
		m = block(m, "integration")
		r.put("integration", text(m, "id"), d.file, m)
		return true
	case block(m, "policy") != nil:
		m = block(m, "policy")
		r.put("policy", text(m, "id"), d.file, m)
		return true
	}
	kind := opsgenieKind(m)
	switch folder := path.Base(path.Dir(d.file)); {
	case kind == "" && folder == "orders" && has(m, "id"):
		return true // of policies, which are not carried over
	case folder == "policies" && has(m, "id", "name") && kind != "escalation":
		kind = "policy"
	}
	id := text(m, "id")
	switch kind {
	case "":
		return false
	case "override":
		id = d.file + " " + text(m, "alias") + " " + text(m, "startDate")
		r.put("override list", d.file, d.file, map[string]any{})
	case "timeline":
		id = d.file
	case "heartbeat":
		id = text(m, "name")
	}
	r.put(kind, id, d.file, m)
	return true
}

// opsgenieKind tells by its keys what an entity is.
func opsgenieKind(m map[string]any) string {
	typed, _ := m["type"].(string)
	switch {
	case has(m, "userContacts"), has(m, "username", "fullName"), has(m, "username", "timeZone"), has(m, "username", "blocked"):
		return "user"
	case has(m, "actionType"):
		return "notification rule"
	case has(m, "method", "to"):
		return "contact"
	case has(m, "fromUser", "toUser"):
		return "forwarding"
	case has(m, "finalTimeline"), has(m, "baseTimeline"):
		return "timeline"
	case has(m, "startDate", "endDate", "user"):
		return "override"
	case has(m, "isDefault", "notify"), has(m, "criteria", "notify"):
		return "routing rule"
	case has(m, "time") && (has(m, "rules") || has(m, "status")):
		return "maintenance"
	case has(m, "name", "timezone"), has(m, "name", "rotations") && !has(m, "time_zone"):
		return "schedule"
	case isEscalation(m):
		return "escalation"
	case has(m, "extendedRole"), has(m, "grantedRights"):
		return "custom role"
	case has(m, "interval", "intervalUnit"):
		return "heartbeat"
	case has(m, "members"):
		return "team"
	case typed == "alert" || typed == "notification":
		return "policy"
	case typed != "" && has(m, "name", "id"):
		return "integration"
	case has(m, "id", "name", "teamId"):
		return "service"
	case has(m, "id", "name") && (has(m, "description") || has(m, "links")) && !has(m, "enabled"):
		return "team"
	}
	return ""
}

func isEscalation(m map[string]any) bool {
	rules, ok := m["rules"].([]any)
	if !ok || !has(m, "name") {
		return false
	}
	for _, x := range rules {
		if rule, _ := x.(map[string]any); has(rule, "recipient") || has(rule, "notifyType") || has(rule, "condition") {
			return true
		}
	}
	return len(rules) == 0 && has(m, "ownerTeam")
}

var uuids = pattern.New(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

// about is the ID, among those that are known, that the name of a file says it is
// about: contacts-USERID.json, or overrides/SCHEDULEID.json.
func about(file string, known func(string) bool) (string, bool) {
	for _, id := range uuids.FindAllString(file, -1) {
		if known(id) {
			return id, true
		}
	}
	parts := strings.Split(strings.ReplaceAll(file, `\`, "/"), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		word := stem(parts[i])
		if known(word) {
			return word, true
		}
		fields := strings.Split(word, "-")
		for from := range fields { // the longest part of the name that is an ID
			for to := len(fields); to > from; to-- {
				if id := strings.Join(fields[from:to], "-"); known(id) {
					return id, true
				}
			}
		}
	}
	return "", false
}

// Forms of the entities, with the keys that count.

type ogRef struct {
	Type, ID, Name, Username string
}

func (r ogRef) words() string {
	switch {
	case r.Username != "":
		return clean(r.Username)
	case r.Name != "":
		return clean(r.Name)
	}
	return clean(r.ID)
}

type ogTime struct {
	TimeAmount json.Number
	TimeUnit   string
}

type ogUser struct {
	Username, FullName, TimeZone string
	Blocked                      bool
	UserContacts                 []ogContact
}

type ogContact struct {
	To, ContactMethod, Method string
	Enabled                   *bool
	Status                    struct{ Enabled *bool }
}

func (c ogContact) method() string {
	if c.ContactMethod != "" {
		return c.ContactMethod
	}
	return c.Method
}

func (c ogContact) disabled() bool {
	return c.Enabled != nil && !*c.Enabled || c.Status.Enabled != nil && !*c.Status.Enabled
}

type ogRule struct {
	User             string `json:"_user"`
	Name, ActionType string
	Order            int
	Enabled          *bool
	Criteria         ogCriteria
	TimeRestriction  *ogRestriction
	Repeat           struct{ Enabled bool }
	Steps            []struct {
		Contact   struct{ Method, To string }
		SendAfter ogTime
		Enabled   *bool
	}
}

type ogCriteria struct {
	Type       string
	Conditions []struct {
		Field, Key, Operation, ExpectedValue string
		Not                                  bool
	}
}

func (c ogCriteria) all() bool { return c.Type == "" || c.Type == "match-all" }

// words say what an alert must be, as Opsgenie does.
func (c ogCriteria) words() string {
	if c.all() {
		return "every alert"
	}
	var list []string
	for _, x := range c.Conditions {
		not := ""
		if x.Not {
			not = "not "
		}
		list = append(list, clean(strings.Join(strings.Fields(x.Field+" "+x.Key+" "+not+x.Operation+" "+x.ExpectedValue), " ")))
	}
	return clean(c.Type) + " (" + strings.Join(list, ", ") + ")"
}

type ogRestriction struct {
	Type         string
	Restriction  *ogHours
	Restrictions []ogHours
}

type ogHours struct {
	StartDay, EndDay                     string
	StartHour, StartMin, EndHour, EndMin int
}

type ogTeam struct {
	Name    string
	Members []struct {
		User ogRef
		Role string
	}
}

type ogRouting struct {
	Team            string `json:"_team"`
	Parent          ogRef  `json:"_parent"`
	Name            string
	IsDefault       bool
	Order           int
	Criteria        ogCriteria
	TimeRestriction *ogRestriction
	Notify          ogRef
}

type ogSchedule struct {
	Name, Timezone string
	Enabled        *bool
	OwnerTeam      ogRef
	Rotations      []ogRotation
}

type ogRotation struct {
	ID, Name, StartDate, EndDate, Type string
	Length                             int
	Participants                       []ogRef
	TimeRestriction                    *ogRestriction
}

type ogOverride struct {
	Parent             ogRef `json:"_parent"`
	Alias              string
	User               ogRef
	StartDate, EndDate string
	Rotations          []ogRef
}

type ogForwarding struct {
	FromUser, ToUser   ogRef
	StartDate, EndDate string
}

type ogEscalation struct {
	Name      string
	OwnerTeam ogRef
	Rules     []ogEscalationRule
	Repeat    *struct {
		WaitInterval, Count                      int
		ResetRecipientStates, CloseAlertAfterAll bool
	}
}

type ogEscalationRule struct {
	Condition, NotifyType string
	Delay                 ogTime
	Recipient             ogRef
}

type ogTimeline struct {
	Parent        ogRef `json:"_parent"`
	FinalTimeline struct {
		Rotations []struct {
			Periods []struct {
				StartDate, EndDate, Type string
				Recipient                ogRef
				FlattenedRecipients      []ogRef
			}
		}
	}
}

type ogNamed struct {
	Name, Description, Type, TeamID string
	Enabled                         *bool
	OwnerTeam                       ogRef
	Interval                        int
	IntervalUnit, AlertPriority     string
}
