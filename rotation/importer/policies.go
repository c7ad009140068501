package importer

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// lastWait is that of a last step of which the source says nothing.
const lastWait = 10 * time.Minute

// policy writes an escalation. A step that tells nobody any more goes away together
// with its wait; a policy without any step is left out, and then it is false.
// Findings at "policy #SOURCE" are those of the policy.
func (b *building) policy(source, entry, name string, p rotation.Policy) (string, bool) {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s rotation.Step) bool { return len(s.Notify) == 0 })
	if len(p.Steps) == 0 {
		b.leftOut(entry, "no step with anybody is left", "write a policy by hand if it is needed, and name it in the services")
		return "", false
	}
	for i := range p.Steps {
		if p.Steps[i].Wait <= 0 {
			p.Steps[i].Wait = lastWait
		}
	}
	p.ID = b.id("policy", name)
	p.LastResort = b.LastResort
	b.policies[source] = p.ID
	b.aliases["policy #"+source] = "policy " + p.ID
	b.roster.Policies = append(b.roster.Policies, p)
	return p.ID, true
}

// tell adds a target to a list that does not have it yet.
func tell(list []rotation.Target, kind rotation.TargetKind, ids ...string) []rotation.Target {
	for _, id := range ids {
		if t := (rotation.Target{Kind: kind, ID: id}); !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// service writes what a team runs.
func (b *building) service(entry, name, team, policy string) {
	s := rotation.Service{ID: b.id("service", name), Kind: "service", Team: team, Policy: policy}
	s.Name = b.name("service "+s.ID, entry, name)
	if s.Name == "" {
		s.Name = s.ID
	}
	b.roster.Services = append(b.roster.Services, s)
}
