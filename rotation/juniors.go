package rotation

import (
	"slices"
	"time"
)

// juniorFindings lists, for each policy, the juniors of whom one is on call in [from, to)
// with nobody but juniors in the other steps: whoever has less experience needs somebody
// with more behind them. Nobody is named twice.
func (r *Roster) juniorFindings(from, to time.Time) []Finding {
	var list []Finding
	for i := range r.Policies {
		p := &r.Policies[i]
		asked := r.rotationsOf(p)
		if len(asked) == 0 {
			continue
		}
		var found []string
		for _, at := range changesOf(asked, from, to) {
			names := r.onlyJuniors(p, at)
			text := r.namesText(names)
			if len(names) == 0 || slices.Contains(found, text) {
				continue
			}
			found = append(found, text)
			list = append(list, Finding{Kind: FindJuniors, Entry: "policy " + p.ID, At: at, Message: "from " + asked[0].stamp(at, from) + " it asks juniors alone: " + text,
				Hint: "pair them with somebody senior, or ask one in another step"})
		}
	}
	return list
}

// rotationsOf are the rotations that the steps of a policy ask, each once.
func (r *Roster) rotationsOf(p *Policy) []*Rotation {
	var list []*Rotation
	for _, s := range p.Steps {
		for _, t := range s.Notify {
			if x, ok := r.Rotation(t.ID); ok && t.Kind == TargetRotation && !slices.Contains(list, x) {
				list = append(list, x)
			}
		}
	}
	return list
}

// changesOf are the instants in [from, to) from which somebody else is on call in one of
// the rotations, in their order.
func changesOf(rotations []*Rotation, from, to time.Time) []time.Time {
	var list []time.Time
	for _, x := range rotations {
		for _, s := range x.Final(from, to) {
			list = append(list, s.Start)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

// onlyJuniors returns whom the steps of a policy ask at an instant, in their order, when all
// of them are juniors; nobody otherwise.
func (r *Roster) onlyJuniors(p *Policy, at time.Time) []string {
	var names []string
	for _, s := range p.Steps {
		for _, t := range s.Notify {
			for _, id := range r.asks(t, at) {
				if !slices.Contains(names, id) {
					names = append(names, id)
				}
			}
		}
	}
	if !r.juniors(names) {
		return nil
	}
	return names
}

// asks are the people for whom a target stands at an instant.
func (r *Roster) asks(t Target, at time.Time) []string {
	switch t.Kind {
	case TargetPerson:
		return []string{t.ID}
	case TargetRotation:
		if x, ok := r.Rotation(t.ID); ok {
			return x.People(at)
		}
	case TargetTeam:
		if team, ok := r.Team(t.ID); ok {
			return team.Members
		}
	}
	return nil
}

func (r *Roster) juniors(ids []string) bool {
	for _, id := range ids {
		if p, ok := r.Person(id); !ok || p.Level != Junior {
			return false
		}
	}
	return len(ids) > 0
}
