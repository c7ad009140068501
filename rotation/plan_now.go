package rotation

import (
	"slices"
	"strings"
	"time"
)

// NowChange is a rotation in which other people would be on call at once.
type NowChange struct {
	Rotation      string
	Before, After []string
	Keep          []Keep // what to write instead, so that those before stay; none where nothing does it
}

// Keep is a layer of the new roster, written so that nobody is moved: its list and
// cadence as they were, and what is new as an edit.
type Keep struct {
	Layer string
	Keys  []string // which of its keys to write otherwise
	YAML  string   // those keys
}

// nowChange says who would be on call at once in a rotation that both rosters have.
func (p *PlanReport) nowChange(a, b *Rotation) {
	before, after := a.People(p.now), b.People(p.now)
	if slices.Equal(before, after) {
		return
	}
	p.Now = append(p.Now, NowChange{Rotation: b.ID, Before: before, After: after, Keep: p.keep(a, b, before)})
}

// keep looks for edits under which the people before stay on call. Whose turn it is
// is counted from the start of a layer, so another list or another cadence there
// moves everybody; as an edit it does not. An offer is made only if it holds.
func (p *PlanReport) keep(a, b *Rotation, before []string) []Keep {
	for _, rollout := range []Rollout{RolloutNow, RolloutNextHandoff} {
		x := *b
		x.Layers, x.built = slices.Clone(b.Layers), nil
		var list []Keep
		for i := range x.Layers {
			k := slices.IndexFunc(a.Layers, func(l Layer) bool { return l.ID == x.Layers[i].ID })
			if k < 0 || a.Layers[k].counted(p.now) == b.Layers[i].counted(p.now) {
				continue
			}
			x.Layers[i] = p.asEdit(&a.Layers[k], b, i, rollout)
			list = append(list, x.Layers[i].keep(&b.Layers[i]))
		}
		if len(list) > 0 && slices.Equal(x.People(p.now), before) && p.knows(&x) {
			return list
		}
	}
	return nil
}

// counted is what decides whose turn it is at now: the list, the cadence and the
// edits so far, as text.
func (l *Layer) counted(now time.Time) string {
	text := slotsText(l.People) + l.Start.String() + cadenceText(l.Every)
	for _, e := range l.past(now) {
		text += editText(&e)
	}
	return text
}

// past is the edits up to now, in order.
func (l *Layer) past(now time.Time) []Edit {
	list := slices.DeleteFunc(slices.Clone(l.Edits), func(e Edit) bool { return e.At.After(now) })
	slices.SortStableFunc(list, func(a, b Edit) int { return a.At.Compare(b.At) })
	return list
}

// cadenceAt is the cadence that was last written for now.
func (l *Layer) cadenceAt(now time.Time) (Local, Cadence) {
	start, every := l.Start, l.Every
	for _, e := range l.past(now) {
		if e.Every.Length > 0 {
			start, every = e.Start, e.Every
		}
	}
	return start, every
}

// asEdit is the layer old of b's name with b's changes as an edit from now on.
func (p *PlanReport) asEdit(old *Layer, b *Rotation, i int, rollout Rollout) Layer {
	l := b.Layers[i]
	e := Edit{At: p.now.UTC(), Rollout: rollout, People: []Slot{}}
	c := b.compiled()
	at := slices.IndexFunc(c.layers, func(x clayer) bool { return x.id == l.ID })
	for _, s := range c.layers[at].version(p.now.Unix()).slots {
		e.People = append(e.People, c.strings(s))
	}
	start, every := l.cadenceAt(p.now)
	if s, v := old.cadenceAt(p.now); s != start || v != every {
		e.Start, e.Every = start, every
	}
	ahead := slices.DeleteFunc(slices.Clone(l.Edits), func(e Edit) bool { return !e.At.After(p.now) })
	l.People, l.Start, l.Every, l.Edits = p.those(old.People), old.Start, old.Every, nil
	for _, past := range old.past(p.now) {
		if past.People != nil {
			past.People = p.those(past.People)
		}
		l.Edits = append(l.Edits, past)
	}
	l.Edits = slices.Concat(l.Edits, []Edit{e}, ahead)
	return l
}

// those are the slots without whoever the new roster does not have: turns in the
// past that a roster cannot name any more.
func (p *PlanReport) those(slots []Slot) []Slot {
	list := make([]Slot, 0, len(slots))
	for _, s := range slots {
		list = append(list, slices.DeleteFunc(slices.Clone(s), func(id string) bool {
			_, known := p.new.Person(id)
			return !known
		}))
	}
	return list
}

// knows reports whether the new roster has everybody whom x names.
func (p *PlanReport) knows(x *Rotation) bool {
	return !slices.ContainsFunc(x.names(), func(id string) bool { _, known := p.new.Person(id); return !known })
}

// keep is what to write of l where the roster says written.
func (l *Layer) keep(written *Layer) Keep {
	var b strings.Builder
	k := Keep{Layer: l.ID}
	key := func(key, value, other string) {
		if value != other {
			k.Keys = append(k.Keys, key)
			b.WriteString(key + ": " + value + "\n")
		}
	}
	key("people", slotsText(l.People), slotsText(written.People))
	key("start", l.Start.String(), written.Start.String())
	key("every", cadenceText(l.Every), cadenceText(written.Every))
	k.Keys = append(k.Keys, "edits")
	b.WriteString("edits:\n")
	for i := range l.Edits {
		text := editText(&l.Edits[i])
		if l.Edits[i].Rollout == RolloutNow {
			text = strings.TrimSuffix(text, "}") + ", rollout: now}"
		}
		b.WriteString("  - " + text + "\n")
	}
	k.YAML = b.String()
	return k
}

// nowLines say first who is on call at once, and then how to keep who is.
func (p PlanReport) nowLines() []string {
	var lines, offers []string
	for _, n := range p.Now {
		lines = append(lines, "on call now in "+n.Rotation+": "+p.new.namesText(n.After)+" instead of "+p.old.namesText(n.Before))
		for _, k := range n.Keep {
			offers = append(offers, "to keep "+p.old.namesText(n.Before)+" on call in "+n.Rotation+", write this in layer "+k.Layer+" as its "+andWords(k.Keys)+":")
			for line := range strings.Lines(k.YAML) {
				offers = append(offers, "        "+strings.TrimSuffix(line, "\n"))
			}
		}
	}
	return append(lines, offers...)
}
