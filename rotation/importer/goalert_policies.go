package importer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// goalertPolicy is an escalation policy.
type goalertPolicy struct {
	Name   string
	Repeat int
	Steps  []goalertStep
}

type goalertStep struct {
	Number   int `json:"stepNumber"`
	Delay    int `json:"delayMinutes"`
	MultiAck bool
	Targets  []goalertTarget
}

func (g *onGoAlert) policies() {
	for _, p := range all[goalertPolicy](g.building, "policy") {
		entry := "escalation policy " + clean(p.v.Name)
		steps := slices.Clone(p.v.Steps)
		slices.SortStableFunc(steps, func(a, b goalertStep) int { return cmp.Compare(a.Number, b.Number) })
		x := rotation.Policy{Repeat: p.v.Repeat}
		for i, s := range steps {
			step := rotation.Step{Wait: time.Duration(max(s.Delay, 1)) * time.Minute}
			for _, t := range s.Targets {
				step.Notify = append(step.Notify, g.target(entry, i+1, t)...)
			}
			if len(step.Notify) == 0 {
				g.leftOut(entry, fmt.Sprintf("step %d has nobody; there it waits %d minutes, here it is skipped", i+1, s.Delay), "see whether the next one comes too early")
			}
			if s.MultiAck {
				g.differs("", entry, fmt.Sprintf("step %d wants the acknowledgement of everybody (multiAck); here the first one counts", i+1), "")
			}
			x.Steps = append(x.Steps, step)
		}
		g.policy(p.id, entry, p.v.Name, x)
	}
}

// target is what a step tells; nothing where it has no counterpart. The address of a
// webhook may be a secret.
func (g *onGoAlert) target(entry string, n int, t goalertTarget) []rotation.Target {
	name := clean(cmp.Or(t.Name, t.ID))
	switch t.Type {
	case "user":
		if id := g.building.people[t.ID]; id != "" {
			return []rotation.Target{{Kind: rotation.TargetPerson, ID: id}}
		}
	case "schedule":
		if id := g.rotations[t.ID]; id != "" {
			return []rotation.Target{{Kind: rotation.TargetRotation, ID: id}}
		}
	case "rotation":
		if id := g.alone(entry, n, t); id != "" {
			return []rotation.Target{{Kind: rotation.TargetRotation, ID: id}}
		}
	case "chanWebhook", "webhook", "builtin-webhook":
		g.leftOut(entry, fmt.Sprintf("step %d tells a webhook, which has no counterpart", n), "see whether it is needed")
		return nil
	default:
		g.leftOut(entry, fmt.Sprintf("step %d tells %s (%s), which has no counterpart", n, name, clean(t.Type)), "see whether it is needed")
		return nil
	}
	g.leftOut(entry, fmt.Sprintf("step %d tells the %s %s, which was left out or is not in the export", n, clean(t.Type), name), "name somebody else")
	return nil
}

// alone makes a rotation that a step tells by itself, without a schedule.
func (g *onGoAlert) alone(entry string, n int, t goalertTarget) string {
	source := "rotation " + t.ID
	if id, ok := g.rotations[source]; ok {
		return id
	}
	turns := g.turns[t.ID]
	if turns == nil || turns.why != "" {
		return ""
	}
	r := rotation.Rotation{ID: g.building.id("rotation", turns.name), TimeZone: turns.zone}
	l := turns.layer(turns.loc)
	l.ID = "turns"
	r.Layers = []rotation.Layer{l}
	g.carried(source, "rotation "+clean(turns.name), r)
	g.lookAt(entry, fmt.Sprintf("step %d tells the rotation %s itself, which is one of its own here; overrides of schedules do not touch it", n, clean(turns.name)), "")
	return r.ID
}
