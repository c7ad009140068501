package rotation

import (
	"slices"
	"time"
)

// index is the lookups of a roster by ID. It is built once and only read
// afterwards.
type index struct {
	zones      atlas
	people     map[string]int
	slack      map[string]int
	teams      map[string]int
	rotations  map[string]int
	policies   map[string]int
	services   map[string]int
	agreements map[string]int
	warnings   Problems
	problems   Problems
}

func positions[T any](list []T, key func(*T) string) map[string]int {
	m := make(map[string]int, len(list))
	for i := range list {
		if k := key(&list[i]); k != "" {
			m[k] = i
		}
	}
	return m
}

// build numbers the overrides and swaps that carry no number, indexes r and
// compiles its rotations. It fails only on a zone that does not exist.
func (r *Roster) build(zones atlas) error {
	r.index = &index{
		zones:      zones,
		people:     positions(r.People, func(p *Person) string { return p.ID }),
		slack:      positions(r.People, func(p *Person) string { return p.Slack }),
		teams:      positions(r.Teams, func(t *Team) string { return t.ID }),
		rotations:  positions(r.Rotations, func(x *Rotation) string { return x.ID }),
		policies:   positions(r.Policies, func(p *Policy) string { return p.ID }),
		services:   positions(r.Services, func(s *Service) string { return s.ID }),
		agreements: positions(r.Agreements, func(a *Agreement) string { return a.ID }),
	}
	for i := range r.People {
		if _, err := zones.zone(r.People[i].TimeZone); err != nil {
			return err
		}
	}
	for i := range r.Rotations {
		if err := r.Rotations[i].build(zones); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rotation) build(zones atlas) error {
	r.number()
	c, err := compile(r, zones)
	r.built = c
	return err
}

// number gives a creation order to overrides and swaps that came without one:
// swaps first, being agreed ahead, so that an override, the later and more urgent
// act, wins over them; each in the order of its list.
func (r *Rotation) number() {
	if !slices.ContainsFunc(r.Swaps, func(s Swap) bool { return s.Seq == 0 }) &&
		!slices.ContainsFunc(r.Overrides, func(o Override) bool { return o.Seq == 0 }) {
		return
	}
	n := r.lastSeq()
	for i := range r.Swaps {
		if r.Swaps[i].Seq == 0 {
			n++
			r.Swaps[i].Seq = n
		}
	}
	for i := range r.Overrides {
		if r.Overrides[i].Seq == 0 {
			n++
			r.Overrides[i].Seq = n
		}
	}
}

// lastSeq is the highest creation number in use.
func (r *Rotation) lastSeq() int {
	n := 0
	for _, s := range r.Swaps {
		n = max(n, s.Seq)
	}
	for _, o := range r.Overrides {
		n = max(n, o.Seq)
	}
	return n
}

// find looks id up in list, by the index where there is one.
func find[T any](list []T, ids map[string]int, id string, key func(*T) string) (*T, bool) {
	if id == "" {
		return nil, false
	}
	if ids != nil {
		i, ok := ids[id]
		if !ok {
			return nil, false
		}
		return &list[i], true
	}
	for i := range list {
		if key(&list[i]) == id {
			return &list[i], true
		}
	}
	return nil, false
}

// lookups is the index, or an empty one for a roster written as a literal, whose
// lookups then search.
func (r *Roster) lookups() index {
	if r.index == nil {
		return index{}
	}
	return *r.index
}

// Person returns the person with this ID.
func (r *Roster) Person(id string) (*Person, bool) {
	return find(r.People, r.lookups().people, id, func(p *Person) string { return p.ID })
}

// PersonBySlack returns the person with this Slack user ID.
func (r *Roster) PersonBySlack(slackID string) (*Person, bool) {
	return find(r.People, r.lookups().slack, slackID, func(p *Person) string { return p.Slack })
}

// Team returns the team with this ID.
func (r *Roster) Team(id string) (*Team, bool) {
	return find(r.Teams, r.lookups().teams, id, func(t *Team) string { return t.ID })
}

// Rotation returns the rotation with this ID.
func (r *Roster) Rotation(id string) (*Rotation, bool) {
	return find(r.Rotations, r.lookups().rotations, id, func(x *Rotation) string { return x.ID })
}

// Policy returns the policy with this ID.
func (r *Roster) Policy(id string) (*Policy, bool) {
	return find(r.Policies, r.lookups().policies, id, func(p *Policy) string { return p.ID })
}

// Service returns the service with this ID.
func (r *Roster) Service(id string) (*Service, bool) {
	return find(r.Services, r.lookups().services, id, func(s *Service) string { return s.ID })
}

// Agreement returns the agreement with this ID.
func (r *Roster) Agreement(id string) (*Agreement, bool) {
	return find(r.Agreements, r.lookups().agreements, id, func(a *Agreement) string { return a.ID })
}

// PolicyOf returns the policy that an incident of the service follows: its own,
// else the one named like its team, else the default. An unknown or empty
// service has the default policy, so that no incident is left without one.
func (r *Roster) PolicyOf(service string) (*Policy, bool) {
	if s, ok := r.Service(service); ok {
		if p, ok := r.Policy(s.Policy); ok {
			return p, true
		}
		if p, ok := r.Policy(s.Team); ok {
			return p, true
		}
	}
	return r.Policy(r.Defaults.Policy)
}

// TeamOf returns the team that owns the service.
func (r *Roster) TeamOf(service string) (*Team, bool) {
	s, ok := r.Service(service)
	if !ok {
		return nil, false
	}
	return r.Team(s.Team)
}

// TeamsOf returns the teams that person is a member of, in the roster's order.
func (r *Roster) TeamsOf(person string) []*Team {
	var teams []*Team
	for i := range r.Teams {
		if slices.Contains(r.Teams[i].Members, person) {
			teams = append(teams, &r.Teams[i])
		}
	}
	return teams
}

// RotationsOf returns the rotations of a team, in the roster's order.
func (r *Roster) RotationsOf(team string) []*Rotation {
	var list []*Rotation
	for i := range r.Rotations {
		if r.Rotations[i].Team == team {
			list = append(list, &r.Rotations[i])
		}
	}
	return list
}

// Location returns the person's time zone; UTC for somebody unknown.
func (r *Roster) Location(person string) *time.Location {
	p, ok := r.Person(person)
	if !ok {
		return time.UTC
	}
	if z, ok := r.lookups().zones[p.TimeZone]; ok {
		return z.loc
	}
	loc, err := loadZone(p.TimeZone)
	if err != nil {
		return time.UTC
	}
	return loc
}
