package importer

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// fetchUsers is what to do where users came without their contacts.
const fetchUsers = "export /users with include[]=contact_methods and include[]=notification_rules"

// pdBuild makes a roster of PagerDuty's entities.
type pdBuild struct {
	*building
	users     []entity[pdUser]
	gone      map[string]string // people and schedules that are not in the roster: why
	schedules map[string]bool
	overrides map[string][]pdEntry // by schedule
	fetched   map[string]bool      // schedules whose overrides are in the export
}

func buildPagerDuty(b *building) {
	p := &pdBuild{building: b, users: all[pdUser](b, "user"), gone: map[string]string{}, schedules: map[string]bool{},
		overrides: map[string][]pdEntry{}, fetched: map[string]bool{}}
	for _, u := range p.users {
		p.user(u)
	}
	p.makeTeams()
	p.makeSchedules()
	p.makePolicies()
	p.makeServices()
	p.rest()
}

// user carries one person over.
func (p *pdBuild) user(u entity[pdUser]) {
	name := cmp.Or(strings.TrimSpace(u.v.Name), u.v.Email)
	entry := "user " + clean(name)
	if u.v.DeletedAt != nil {
		p.gone[u.id] = "deleted"
		p.leftOut(entry, "deleted; what would be their turn is nobody's", "")
		return
	}
	s := someone{source: u.id, entry: entry, name: name, email: u.v.Email, zone: u.v.TimeZone}
	contacts := map[string]pdContact{}
	for _, c := range u.v.ContactMethods {
		contacts[c.ID] = c
		what := c.method() + " contact " + quote(c.Label)
		switch {
		case c.bare():
			continue
		case c.Blacklisted:
			p.leftOut(entry, what+" is blacklisted", "remove it from the block list there, or add it by hand")
		case c.Enabled != nil && !*c.Enabled:
			p.leftOut(entry, what+" is disabled", "enable it there, or add it by hand")
		case c.method() == "phone" || c.method() == "sms":
			if n, ok := p.phone(entry, c); ok {
				s.numbers = append(s.numbers, n)
			}
		}
	}
	if slices.ContainsFunc(u.v.ContactMethods, pdContact.bare) {
		p.leftOut(entry, "their contact methods are in the export as references only, so there is no phone and no rule", fetchUsers)
	}
	p.rules(&s, u, contacts)
	p.person(s)
}

func (p *pdBuild) phone(entry string, c pdContact) (string, bool) {
	n, ok := phone(string(c.CountryCode), string(c.Address))
	if !ok {
		p.lookAt(entry, "a phone number is not in international form, left out", "add phone")
	}
	return n, ok
}

// rules are how a person is paged, by urgency.
func (p *pdBuild) rules(s *someone, u entity[pdUser], contacts map[string]pdContact) {
	for _, r := range u.v.NotificationRules {
		if r.Delay == nil {
			s.noRule = "their notification rules are in the export as references only"
			p.leftOut(s.entry, s.noRule, fetchUsers)
			continue
		}
		if r.Type != "" && !strings.HasPrefix(r.Type, "assignment") {
			p.leftOut(s.entry, "notification rule "+clean(r.Type)+" is not about being paged", "")
			continue
		}
		after := time.Duration(max(0, min(*r.Delay, 1e6))) * time.Minute
		c, known := contacts[r.Contact.ID]
		if !known {
			c = r.Contact
		}
		x := reach{after: after}
		rule := "the " + clean(r.Urgency) + " urgency rule after " + minutes(after) + " by " + clean(c.method())
		ok := true
		switch x.via = map[string]string{"phone": "voice", "sms": "sms", "push_notification": "push", "email": "email"}[c.method()]; {
		case x.via == "":
			p.leftOut(s.entry, rule+" has no counterpart", "add a rule by hand")
			continue
		case known && (c.Blacklisted || c.Enabled != nil && !*c.Enabled):
			p.leftOut(s.entry, rule+": its contact is disabled or blacklisted", "add the rule by hand once it works")
			continue
		case (x.via == "voice" || x.via == "sms") && known && !c.bare():
			x.number, ok = p.phone(s.entry, c)
		case x.via == "email" && known && !c.bare() && !strings.EqualFold(string(c.Address), u.v.Email):
			p.differs("", s.entry, rule+" goes to another mail address than their own", "see that they read the one in the roster")
		}
		switch {
		case !ok: // has been reported
		case r.Urgency == "low":
			s.low = append(s.low, x)
		default:
			s.high = append(s.high, x)
		}
	}
	for _, list := range [][]reach{s.high, s.low} {
		slices.SortStableFunc(list, func(a, b reach) int { return cmp.Compare(a.after, b.after) })
	}
}

// whom is the person in the roster whom a reference names; empty, and why, where there
// is none.
func (p *pdBuild) whom(r pdRef) (id, why string) {
	switch {
	case p.people[r.ID] != "":
		return p.people[r.ID], ""
	case p.gone[r.ID] != "":
		return "", p.gone[r.ID]
	case r.DeletedAt != nil:
		return "", "deleted"
	}
	return "", "not in the export"
}

// called is a reference in words; where it has an ID alone, the name of what that is.
func (p *pdBuild) called(r pdRef) string {
	for _, kind := range []string{"user", "schedule", "escalation policy", "team"} {
		if h := p.shelf(kind).held[r.ID]; h != nil && r.Summary == "" && r.Name == "" {
			r.Name = cmp.Or(text(h.value, "name"), text(h.value, "summary"), text(h.value, "email"))
		}
	}
	return r.words()
}

func (p *pdBuild) makeTeams() {
	members := map[string][]string{}
	roles := false
	exported := p.shelf("team").held
	for _, u := range p.users {
		id := p.people[u.id]
		roles = roles || u.v.Role != ""
		for _, t := range u.v.Teams {
			if exported[t.ID] == nil {
				p.lookAt("team "+t.words(), "it has members and is not in the export", "export /teams too")
			}
			if id != "" && !slices.Contains(members[t.ID], id) {
				members[t.ID] = append(members[t.ID], id)
			}
		}
	}
	teams := map[string]bool{}
	for _, id := range p.shelf("team").order {
		teams[id] = true
	}
	for _, m := range all[struct{ User pdRef }](p.building, "member") {
		team, ok := about(m.file, known(teams))
		if id, _ := p.whom(m.v.User); ok && id != "" && !slices.Contains(members[team], id) {
			members[team] = append(members[team], id)
		}
	}
	for _, t := range all[pdTeam](p.building, "team") {
		entry := "team " + clean(t.v.Name)
		p.team(t.id, entry, t.v.Name, members[t.id])
		if t.v.Parent != nil {
			p.missing("team "+p.teams[t.id], entry, "it is a part of team "+p.called(*t.v.Parent)+", and teams have no parents here", "")
		}
	}
	if roles {
		p.leftOut("roles", "the roles of users and of members of teams have no counterpart", "say in the configuration who may do what")
	}
}

// firstTeam is the team of an entry: the first that is in the roster. Others are
// reported.
func (p *pdBuild) firstTeam(at, entry string, teams []pdRef) string {
	first := ""
	var further []string
	for _, t := range teams {
		switch id := p.teams[t.ID]; {
		case id == "":
			p.lookAt(entry, "its team "+t.words()+" is not in the export", "export /teams too, or add team")
		case first == "":
			first = id
		default:
			further = append(further, p.called(t))
		}
	}
	if len(further) > 0 {
		p.differs(at, entry, "has one team here; there further teams: "+andWords(further), "see that it is the right one")
	}
	return first
}
