package importer

import (
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/rotation"
)

// someone is a person as the export has them.
type someone struct {
	source    string // the ID there
	entry     string // as the report names them, as in "user Ada Okafor"
	name      string
	email     string
	zone      string
	noZones   bool // the system has no zones of persons, so none is missing
	slack     string
	high, low []reach  // how they are paged
	numbers   []string // of contacts that work, in their order
	noRule    string   // why no rule for urgent pages is left, if there is something to say
}

// reach is one way to reach a person.
type reach struct {
	via    string
	after  time.Duration
	number string // that a sms or a call goes to, in international form
}

// slackForm is that of a member ID of Slack, as a roster has it.
var slackForm = pattern.New(`^[UW][A-Z0-9]{1,20}$`)

var emailForm = pattern.New(`^[^\s@,;:<>]+@[^\s@,;:<>]+$`)

// person writes somebody, and returns the ID in the roster.
func (b *building) person(s someone) string {
	base := s.name
	if local, _, ok := strings.Cut(s.email, "@"); ok && slug(local) != "" {
		base = local
	}
	p := rotation.Person{ID: b.id("person", base), Slack: b.slack(s)}
	at := "person " + p.ID
	p.Name = b.name(at, s.entry, s.name)
	if p.Name == "" {
		p.Name = p.ID
	}
	b.address(&p, s)
	b.personZone(&p, s)
	p.Phone = b.number(at, s)
	p.Rules = rotation.Rules{High: rulesOf(s.high), Low: rulesOf(s.low)}
	if len(s.high) == 0 {
		why := s.noRule
		if why == "" {
			why = "no rule for urgent pages"
		}
		b.differs(at, s.entry, why+"; every known way is tried at once", "add rules: high where some should wait")
	}
	if first, taken := b.names[p.Name]; taken {
		b.lookAt(s.entry, "has the name of another person ("+first+"); this one is "+p.ID, "see that both are meant")
	} else {
		b.names[p.Name] = p.ID
	}
	b.people[s.source] = p.ID
	b.roster.People = append(b.roster.People, p)
	return p.ID
}

// slack is the member ID in Slack, if it is one and nobody else's.
func (b *building) slack(s someone) string {
	id := strings.TrimSpace(s.slack)
	if id == "" {
		return ""
	}
	if !slackForm.MatchString(id) {
		b.lookAt(s.entry, "the Slack user is no member ID of Slack, left out", "add slack, the member ID of their profile")
		return ""
	}
	for _, p := range b.roster.People {
		if p.Slack == id {
			b.lookAt(s.entry, "has the Slack user of "+p.ID+" as well, left out", "see whether they are one person")
			return ""
		}
	}
	return id
}

// address sets the mail address, if it is one.
func (b *building) address(p *rotation.Person, s someone) {
	if s.email == "" {
		if p.Slack == "" {
			b.lookAt(s.entry, "no mail address, so nobody to look up in Slack", "add slack or email")
		}
		return
	}
	if !emailForm.MatchString(s.email) || strings.IndexFunc(s.email, unseen) >= 0 {
		b.lookAt(s.entry, "the mail address is none, left out", "add slack or email")
		return
	}
	p.Email = s.email
	mail := strings.ToLower(s.email)
	if first, taken := b.mails[mail]; taken {
		b.lookAt(s.entry, "has the mail address of "+first+" as well", "see whether they are one person")
		return
	}
	b.mails[mail] = p.ID
}

func (b *building) personZone(p *rotation.Person, s someone) {
	name, _, ok := zone(s.zone)
	switch {
	case ok:
		p.TimeZone = name
	case s.zone != "":
		b.lookAt(s.entry, "unknown zone "+quote(s.zone)+", left out; their time zone is UTC", "add time_zone")
	case !s.noZones:
		b.lookAt(s.entry, "no time zone, so it is UTC", "add time_zone")
	}
}

// number is the one phone number of a person: that of the earliest rule that uses one,
// else of the first contact that works.
func (b *building) number(at string, s someone) string {
	var numbers []string
	note := func(n string) {
		if n != "" && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	for _, list := range [][]reach{s.high, s.low} {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b reach) int { return int(a.after - b.after) })
		for _, r := range list {
			note(r.number)
		}
	}
	for _, n := range s.numbers {
		note(n)
	}
	if len(numbers) == 0 {
		return ""
	}
	if len(numbers) > 1 {
		b.differs(at, s.entry, plural(len(numbers), "phone number")+", and a person has one phone here: that of the earliest rule; the rules of the others ring it too", "see that it is the right one")
	}
	return numbers[0]
}

func rulesOf(list []reach) []rotation.Rule {
	var rules []rotation.Rule
	for _, r := range list {
		rule := rotation.Rule{Via: r.via, After: r.after}
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// persons are the IDs in the roster of some people, without those who are not in it.
func (b *building) persons(sources []string) []string {
	var list []string
	for _, s := range sources {
		if id := b.people[s]; id != "" && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// team writes a team with those of its members who are in the roster.
func (b *building) team(source, entry, name string, members []string) {
	t := rotation.Team{ID: b.id("team", name)}
	t.Name = b.name("team "+t.ID, entry, name)
	if t.Name == "" {
		t.Name = t.ID
	}
	t.Members = members
	b.teams[source] = t.ID
	b.roster.Teams = append(b.roster.Teams, t)
}
