package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ogBuild makes a roster of Opsgenie's entities.
type ogBuild struct {
	*building
	users     map[string]bool
	gone      map[string]string // people and schedules that are not in the roster: why
	fullNames map[string]string // of those people
	contacts  map[string][]ogContact
	rules     map[string][]entity[ogRule]
	teamList  []entity[ogTeam]
	routing   map[string][]entity[ogRouting] // by team
	schedules []entity[ogSchedule]
	layers    map[string][]string // a rotation there, as "SCHEDULE/ROTATION": its layer here
}

func buildOpsgenie(b *building) {
	o := &ogBuild{building: b, users: map[string]bool{}, gone: map[string]string{}, fullNames: map[string]string{}, contacts: map[string][]ogContact{}, rules: map[string][]entity[ogRule]{},
		routing: map[string][]entity[ogRouting]{}, layers: map[string][]string{}}
	for _, id := range b.shelf("user").order {
		o.users[id] = true
	}
	o.collectContacts()
	o.collectRules()
	for _, u := range all[ogUser](b, "user") {
		o.user(u)
	}
	o.makeTeams()
	o.makeSchedules()
	o.makeEscalations()
	o.makeServices()
	o.forwardings()
	o.timelines()
	o.rest()
}

func known(set map[string]bool) func(string) bool { return func(id string) bool { return set[id] } }

// collectContacts finds out whose the lists of contacts are.
func (o *ogBuild) collectContacts() {
	for _, c := range all[ogContact](o.building, "contact") {
		id, ok := about(c.file, known(o.users))
		if !ok {
			o.leftOut("file "+clean(c.file), "does not say whose contacts it holds", "call it contacts-USERID.json")
			continue
		}
		o.contacts[id] = append(o.contacts[id], c.v)
	}
}

func (o *ogBuild) collectRules() {
	for _, r := range all[ogRule](o.building, "notification rule") {
		id := r.v.User
		if id == "" {
			var ok bool
			if id, ok = about(r.file, known(o.users)); !ok {
				o.leftOut("file "+clean(r.file), "does not say whose notification rule it holds", "call it notification-rule-USERID-RULEID.json")
				continue
			}
		}
		o.rules[id] = append(o.rules[id], r)
	}
	for _, list := range o.rules {
		slices.SortStableFunc(list, func(a, b entity[ogRule]) int { return cmp.Compare(a.v.Order, b.v.Order) })
	}
}

// user carries one person over.
func (o *ogBuild) user(u entity[ogUser]) {
	name := cmp.Or(strings.TrimSpace(u.v.FullName), u.v.Username)
	entry := "user " + clean(name)
	if u.v.Blocked {
		for _, key := range []string{u.id, strings.ToLower(u.v.Username)} { // references have one or the other
			o.gone[key], o.fullNames[key] = "blocked", clean(name)
		}
		o.leftOut(entry, "blocked; what would be their turn is nobody's", "unblock them there, or add them by hand")
		return
	}
	s := someone{source: u.id, entry: entry, name: name, email: u.v.Username, zone: u.v.TimeZone}
	contacts := append(u.v.UserContacts, o.contacts[u.id]...)
	off := map[string]bool{}
	for _, c := range contacts {
		what := c.method() + " contact"
		if c.disabled() {
			off[c.method()+" "+c.To] = true
			o.leftOut(entry, what+" is disabled", "enable it there, or add it by hand")
			continue
		}
		if c.method() == "sms" || c.method() == "voice" {
			if n, ok := o.phone(entry, c.To); ok {
				s.numbers = append(s.numbers, n)
			}
		}
	}
	s.high, s.low, s.noRule = o.notification(entry, u, off)
	o.person(s)
	o.describe(entry, "person "+o.people[u.id], u.id)
}

// phone reads a number as Opsgenie writes it: the country code, a dash, the number.
func (o *ogBuild) phone(entry, to string) (string, bool) {
	country, number, cut := strings.Cut(strings.TrimSpace(to), "-")
	if !cut {
		country, number = "", to
	}
	s, ok := phone(country, number)
	if !ok {
		o.lookAt(entry, "a phone number is not in international form, left out", "add phone")
	}
	return s, ok
}

// paging are the rules of a person that are about being paged, and are enabled.
func (o *ogBuild) paging(user string) []entity[ogRule] {
	return slices.DeleteFunc(slices.Clone(o.rules[user]), func(r entity[ogRule]) bool {
		return r.v.ActionType != "create-alert" || r.v.Enabled != nil && !*r.v.Enabled
	})
}

// notification is what the first and the second rule about being paged become, and why
// there is no first one.
func (o *ogBuild) notification(entry string, u entity[ogUser], off map[string]bool) (high, low []reach, why string) {
	list := o.paging(u.id)
	for i, r := range list {
		switch i {
		case 0:
			high = o.steps(entry, u, r, off)
		case 1:
			low = o.steps(entry, u, r, off)
		}
	}
	switch {
	case len(o.rules[u.id]) == 0:
		why = "no notification rule is in the export"
	case len(list) == 0:
		why = "no notification rule for a new alert is enabled"
	case len(high) == 0:
		why = "notification rule " + quote(list[0].v.Name) + " has no step that is left"
	}
	return high, low, why
}

// steps are the ways that a rule tries.
func (o *ogBuild) steps(entry string, u entity[ogUser], r entity[ogRule], off map[string]bool) []reach {
	rule := "notification rule " + quote(r.v.Name)
	if r.v.Steps == nil {
		o.leftOut(entry, rule+" is in the export without its steps", "fetch /v2/users/ID/notification-rules/RULEID as well")
	}
	var list []reach
	for _, s := range r.v.Steps {
		after := s.SendAfter.duration()
		step := fmt.Sprintf("%s, step %s after %s", rule, clean(s.Contact.Method), minutes(after))
		via, ok := map[string]string{"mobile": "push", "sms": "sms", "voice": "voice", "email": "email"}[s.Contact.Method]
		switch {
		case s.Enabled != nil && !*s.Enabled:
			o.leftOut(entry, step+" is disabled", "add it to rules by hand if it is wanted")
			continue
		case off[s.Contact.Method+" "+s.Contact.To]:
			o.leftOut(entry, step+": its contact is disabled", "enable it there, or add the rule by hand")
			continue
		case !ok:
			o.leftOut(entry, step+" has no counterpart", "add a rule by hand")
			continue
		}
		x := reach{via: via, after: after}
		if via == "sms" || via == "voice" {
			if x.number, ok = o.phone(entry, s.Contact.To); !ok {
				continue
			}
		}
		if via == "email" && !strings.EqualFold(s.Contact.To, u.v.Username) {
			o.differs("", entry, step+" goes to another mail address than their own", "see that they read the one in the roster")
		}
		list = append(list, x)
	}
	slices.SortStableFunc(list, func(a, b reach) int { return cmp.Compare(a.after, b.after) })
	return list
}

// describe says what became of each notification rule.
func (o *ogBuild) describe(entry, at, user string) {
	paging := o.paging(user)
	for _, r := range o.rules[user] {
		rule := "notification rule " + quote(r.v.Name)
		i := slices.IndexFunc(paging, func(p entity[ogRule]) bool { return p.id == r.id })
		switch {
		case r.v.ActionType != "create-alert":
			o.leftOut(entry, rule+" ("+clean(r.v.ActionType)+") is not about being paged", "")
			continue
		case i < 0:
			o.leftOut(entry, rule+" is disabled", "")
			continue
		case i > 1:
			o.leftOut(entry, rule+" ("+r.v.Criteria.words()+"): there are two lists of rules, by urgency, and it is the "+nth(i+1), "see whether rules say enough")
			continue
		}
		o.became(entry, at, []string{"rules.high", "rules.low"}[i], r.v, len(paging) > 1)
	}
}

// became says which list a rule is now, and what of it is lost.
func (o *ogBuild) became(entry, at, list string, r ogRule, several bool) {
	var lost []string
	if !r.Criteria.all() {
		lost = append(lost, "its criteria, "+r.Criteria.words())
	}
	if r.TimeRestriction.restricts() {
		lost = append(lost, "its time restriction, so it holds around the clock")
	}
	if r.Repeat.Enabled {
		lost = append(lost, "its repeat")
	}
	what := "notification rule " + quote(r.Name) + " became " + list
	switch {
	case len(lost) > 0:
		o.differs(at, entry, what+" without "+strings.Join(lost, ", and without "), "see that it is right: which list holds is the incident's urgency here")
	case several:
		o.differs(at, entry, what, "see that it is right: which list holds is the incident's urgency here")
	}
}

func nth(n int) string {
	if n == 3 {
		return "third"
	}
	return fmt.Sprintf("%dth", n)
}

// duration is minutes where nothing else is said.
func (t ogTime) duration() time.Duration {
	n, err := t.TimeAmount.Float64()
	if err != nil || n < 0 {
		return 0
	}
	unit := time.Minute
	switch strings.ToLower(t.TimeUnit) {
	case "seconds":
		unit = time.Second
	case "hours":
		unit = time.Hour
	case "days":
		unit = day
	}
	return time.Duration(min(n, 1e6) * float64(unit))
}

func minutes(d time.Duration) string {
	if d%time.Minute != 0 {
		return d.String()
	}
	return plural(int(d/time.Minute), "minute")
}

// whom is the person in the roster whom a reference names; empty, and why, where there
// is none.
func (o *ogBuild) whom(r ogRef) (id, why string) {
	if id = o.people[r.ID]; id != "" {
		return id, ""
	}
	if why = o.gone[r.ID]; why != "" {
		return "", why
	}
	if id = o.mails[strings.ToLower(r.Username)]; id != "" && r.Username != "" {
		return id, ""
	}
	if why = o.gone[strings.ToLower(r.Username)]; why != "" && r.Username != "" {
		return "", why
	}
	return "", "not in the export"
}

// called is a reference in words, with the name of somebody who is blocked; where it
// has an ID alone, the name of what that is.
func (o *ogBuild) called(r ogRef) string {
	for _, kind := range []string{"team", "schedule", "escalation"} {
		if h := o.shelf(kind).held[r.ID]; h != nil && r.Name == "" && r.Username == "" {
			r.Name = text(h.value, "name")
		}
	}
	if name := cmp.Or(o.fullNames[r.ID], o.fullNames[strings.ToLower(r.Username)]); name != "" && name != r.words() {
		return r.words() + " (" + name + ")"
	}
	return r.words()
}

func (o *ogBuild) makeTeams() {
	o.teamList = all[ogTeam](o.building, "team")
	for _, t := range o.teamList {
		entry := "team " + clean(t.v.Name)
		if t.v.Members == nil {
			o.lookAt(entry, "its members are not in the export", "fetch /v2/teams/ID as well")
		}
		var members []string
		for _, m := range t.v.Members {
			id, why := o.whom(m.User)
			if id == "" {
				o.leftOut(entry, "member "+o.called(m.User)+" is "+why, "")
			} else if !slices.Contains(members, id) {
				members = append(members, id)
			}
		}
		o.team(t.id, entry, t.v.Name, members)
	}
}

// members are those of a team who are in the roster and whose role is one of some;
// any role where none is given.
func (o *ogBuild) members(team string, roles ...string) []string {
	var list []string
	for _, t := range o.teamList {
		if t.id != team {
			continue
		}
		for _, m := range t.v.Members {
			if id, _ := o.whom(m.User); id != "" && !slices.Contains(list, id) && (len(roles) == 0 || slices.Contains(roles, strings.ToLower(m.Role))) {
				list = append(list, id)
			}
		}
	}
	return list
}
