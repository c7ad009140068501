package rotation

import (
	"cmp"
	"slices"
)

// editing replays a layer's edits in order of time. Changes that wait, a list
// for the next hand-over or a cadence for its start, fire between the edits.
type editing struct {
	l       *clayer
	clock   Clock
	out     []version
	list    [][]int32 // waiting list; nil: none waits
	listAt  int64     // the hand-over it waits for; forever: only a new cadence can bring one
	cad     cadence   // waiting cadence
	cadence int64     // when it starts; forever: none waits
}

// versions are the lists and cadences of layer x, the first valid from the
// beginning of time and each later one from its edit on. Nothing before an edit
// depends on it.
func (c *compiled) versions(l *clayer, x *Layer) []version {
	first := version{at: never, slots: c.slots(x.People), cad: newCadence(l, x.Start, x.Every, x.Clock)}
	e := &editing{l: l, clock: x.Clock, out: []version{first}, listAt: forever, cadence: forever}
	edits := slices.Clone(x.Edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.At.Unix(), b.At.Unix()) })
	for _, d := range edits {
		at := d.At.Unix()
		e.fire(at)
		if d.People != nil {
			e.relist(at, c.slots(d.People), d.Rollout)
		}
		if d.Every.Length > 0 {
			e.retime(at, newCadence(l, d.Start, d.Every, x.Clock))
		}
	}
	e.fire(forever - 1)
	return e.out
}

func (e *editing) now() *version { return &e.out[len(e.out)-1] }

// turn is the turn of v that runs at t.
func (e *editing) turn(v *version, t int64) int64 {
	return v.cad.turn(e.l, t, e.l.zone.high(t))
}

// fire applies the waiting changes that are due by t.
func (e *editing) fire(t int64) {
	for min(e.listAt, e.cadence) <= t {
		if e.listAt <= e.cadence {
			e.hand(e.listAt)
			continue
		}
		e.begin()
	}
}

// relist changes the list at t.
func (e *editing) relist(t int64, slots [][]int32, rollout Rollout) {
	v := *e.now()
	e.list, e.listAt = nil, forever
	n := e.turn(&v, t)
	if n < 0 {
		e.push(version{at: t, slots: slots, cad: v.cad})
		return
	}
	if rollout == RolloutNextHandoff {
		e.list, e.listAt = slots, e.handoff(&v, t)
		return
	}
	j, _ := follow(v.slots, v.index(n), slots)
	e.push(version{at: t, slots: slots, cad: v.cad, offset: j - n})
}

// handoff is the instant of the next hand-over of v after t. Turns counted in
// windows hand over where a window begins.
func (e *editing) handoff(v *version, t int64) int64 {
	n := e.turn(v, t)
	if v.cad.unit != Windows {
		return v.cad.begin(e.l.zone, n+1)
	}
	for high := e.l.zone.high(t); ; {
		high = e.l.windows.next(high)
		if high == forever {
			return forever
		}
		if at := e.l.zone.first(high); e.turn(v, at) != n {
			return at
		}
	}
}

// hand puts the waiting list into force at the hand-over at t: the turn that
// begins belongs to whoever follows the person whose turn ends.
func (e *editing) hand(t int64) {
	v, slots := *e.now(), e.list
	e.list, e.listAt = nil, forever
	n := e.turn(&v, t-1)
	j, kept := follow(v.slots, v.index(n), slots)
	if !kept {
		j--
	}
	e.push(version{at: t, slots: slots, cad: v.cad, offset: j - n})
}

// retime changes the cadence at t, or from its start where that is still ahead.
func (e *editing) retime(t int64, cad cadence) {
	v := *e.now()
	e.cadence = forever
	n := e.turn(&v, t)
	if n >= 0 && cad.origin > t {
		e.cad, e.cadence = cad, cad.origin
		return
	}
	w := version{at: t, slots: v.slots, cad: cad}
	m := e.turn(&w, t)
	switch {
	case n >= 0:
		w.offset = v.index(n) - m
	case m > 0:
		w.offset = -m
	}
	e.push(w)
	if e.list != nil {
		e.listAt = e.handoff(&w, t)
	}
}

// begin starts the waiting cadence: the next person starts there. That is a
// hand-over, so a waiting list comes into force with it.
func (e *editing) begin() {
	t := e.cadence
	e.cadence = forever
	if e.list != nil {
		e.hand(t)
	}
	v := *e.now()
	next := v.index(e.turn(&v, t-1)) + 1
	e.push(version{at: t, slots: v.slots, cad: e.cad, offset: next})
}

func (e *editing) push(v version) { e.out = append(e.out, v) }

// index of the slot that holds turn n; 0 where the list is empty.
func (v *version) index(n int64) int64 {
	if len(v.slots) == 0 {
		return 0
	}
	return floorMod(n+v.offset, int64(len(v.slots)))
}

// follow finds where slot i of the old list goes on in the new one: kept if the
// slot, or at least somebody in it, is still listed; otherwise the first slot
// after it in the old order that is; otherwise the head of the new list.
func follow(old [][]int32, i int64, list [][]int32) (j int64, kept bool) {
	if len(old) == 0 || len(list) == 0 {
		return 0, false
	}
	if j, ok := same(old, i, list); ok {
		return j, true
	}
	for s := int64(1); s < int64(len(old)); s++ {
		k := (i + s) % int64(len(old))
		if len(old[k]) == 0 {
			continue
		}
		if j, ok := same(old, k, list); ok {
			return j, false
		}
	}
	return 0, false
}

// same finds slot i of the old list in the new one. Where a slot is listed
// several times, the n-th stays the n-th; where it is not listed at all, the slot
// that shares most people with it counts.
func same(old [][]int32, i int64, list [][]int32) (int64, bool) {
	nth := 0
	for _, s := range old[:i] {
		if shared(s, old[i]) == len(s) && len(s) == len(old[i]) {
			nth++
		}
	}
	found, most, best := int64(-1), 0, int64(-1)
	for j, s := range list {
		n := shared(s, old[i])
		if n == len(s) && n == len(old[i]) && nth >= 0 {
			found = int64(j)
			nth--
		}
		if n > most {
			most, best = n, int64(j)
		}
	}
	if found >= 0 {
		return found, true
	}
	return best, best >= 0
}

// shared counts the people in both slots.
func shared(a, b []int32) int {
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}
