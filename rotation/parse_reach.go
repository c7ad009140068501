package rotation

import (
	"slices"
	"strings"
)

// told is a list of targets, to be looked at once everybody is known.
type told struct {
	at         *place
	line       int
	targets    []Target
	lastResort bool
}

// checkReach refuses a last resort that reaches nobody, and warns of one that
// perhaps does not, of steps that name nobody and of rules without an address. The
// last resort is what is left when everything else found nobody, so it is the one
// list that has to hold.
func (r *reader) checkReach(o *object, x *Roster) {
	people := positions(x.People, func(p *Person) string { return p.ID })
	teams := positions(x.Teams, func(t *Team) string { return t.ID })
	for _, t := range r.told {
		f := findTold(t.targets, x, people, teams)
		switch {
		case f.unknown || len(t.targets) == 0 || f.sure:
			// what is unknown or missing has been reported as such
		case len(f.faceless) > 0:
			if t.lastResort {
				r.warn(t.line, t.at, "the last resort may reach nobody: the roster has no slack, email or phone of "+andWords(f.faceless),
					"add one, or add a channel or somebody who has one")
			}
		case !t.lastResort:
			if len(f.empty) == len(t.targets) {
				r.warn(t.line, t.at, "tells nobody: "+f.why(), "add members to the team, or name somebody else")
			}
		case len(f.empty) == 0:
			r.problem(t.line, t.at, "last_resort names only rotations, which may have nobody on call", "add a person, a team or a channel")
		default:
			r.problem(t.line, t.at, "last_resort reaches nobody: "+f.why(), "add a person, a channel, or members to the team")
		}
	}
	for i := range x.People {
		r.checkRules(&x.People[i], o.keys["people"].list[i])
	}
}

// foundTold is what a list of targets comes to.
type foundTold struct {
	unknown  bool     // a target is not in the roster
	sure     bool     // somebody has an address, or it is a channel
	faceless []string // people without an address
	empty    []string // teams without members
	rotation bool
}

func findTold(targets []Target, x *Roster, people, teams map[string]int) (f foundTold) {
	person := func(id string) {
		i, known := people[id]
		switch {
		case !known:
			f.unknown = true
		case x.People[i].addressed():
			f.sure = true
		case !slices.Contains(f.faceless, id):
			f.faceless = append(f.faceless, id)
		}
	}
	for _, t := range targets {
		switch t.Kind {
		case TargetChannel:
			f.sure = true
		case TargetPerson:
			person(t.ID)
		case TargetRotation:
			f.rotation = true
		case TargetTeam:
			i, known := teams[t.ID]
			switch {
			case !known:
				f.unknown = true
			case len(x.Teams[i].Members) == 0:
				f.empty = append(f.empty, t.String())
			default:
				for _, id := range x.Teams[i].Members {
					person(id)
				}
			}
		}
	}
	return f
}

// why is why nobody was found.
func (f foundTold) why() string {
	verb := " has no members"
	if len(f.empty) > 1 {
		verb = " have no members"
	}
	s := andWords(f.empty) + verb
	if f.rotation {
		s += ", and a rotation may have nobody on call"
	}
	return s
}

// checkRules warns of the ways that a person's rules name and that cannot work for
// want of an address: the bot passes over them.
func (r *reader) checkRules(p *Person, n *node) {
	var vias []string
	for _, rule := range slices.Concat(p.Rules.High, p.Rules.Low) {
		if !p.HasAddress(rule.Via) && !slices.Contains(vias, rule.Via) {
			vias = append(vias, rule.Via)
		}
	}
	need := map[string]string{"slack": "slack or email", "sms": "phone", "voice": "phone", "email": "email"}
	for _, via := range vias {
		r.warn(n.line, &place{word: "person", id: p.ID}, "has a rule with via: "+via+", and no "+need[via]+" for it, so the rule is passed over",
			"add "+need[via]+", or take the rule out")
	}
}

// andWords joins words as a sentence does.
func andWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
