package rotation

import (
	"math/bits"
	"slices"
)

// duty is one place on call: who holds it now, and through link everybody it
// passed through since the schedule gave it out.
type duty struct {
	holder int32
	link   int32
}

// link is a step back in the history of a duty.
type link struct {
	who, prev int32
}

// cause says what last decided who is on call.
type cause uint8

const (
	byNobody cause = iota
	byLayer
	byOverride
	bySwap
)

// state is who is on call at one instant. It can be resolved again and again.
type state struct {
	duties []duty
	links  []link
	cause  cause
	layer  int // index into compiled.layers; meaningful for byLayer
	seq    int // of the override or swap; meaningful for the others
}

// buffers hold the state of an ordinary question in one piece of memory; a larger
// one grows beyond them.
type buffers struct {
	duties [8]duty
	links  [16]link
}

func (b *buffers) state() state { return state{duties: b.duties[:0], links: b.links[:0]} }

// resolve fills s with who is on call at t: the layers of the highest priority
// that has somebody, then overrides and swaps in the order of their creation.
func (c *compiled) resolve(s *state, t int64) {
	s.duties, s.links = s.duties[:0], s.links[:0]
	s.cause = byNobody
	for i := 0; i < len(c.layers); {
		j := i
		for ; j < len(c.layers) && c.layers[j].priority == c.layers[i].priority; j++ {
			c.fill(s, j, t)
		}
		if len(s.duties) > 0 {
			break
		}
		s.cause = byNobody
		i = j
	}
	s.applyActive(&c.covers, t, 0)
}

// fill adds the people of layer i at t.
func (c *compiled) fill(s *state, i int, t int64) {
	l := &c.layers[i]
	first := len(s.duties)
	slot, index, v := l.slot(t)
	if len(slot) > 0 {
		c.place(s, v, index, t)
	}
	if len(s.duties) > first && s.cause == byNobody {
		s.cause, s.layer = byLayer, i
	}
	s.applyActive(&l.covers, t, first)
}

// slot is the turn of the layer at t; nil before the start, after the end, while
// the windows are closed and in an off turn.
func (l *clayer) slot(t int64) ([]int32, int, *version) {
	v := l.version(t)
	if t >= l.until {
		return nil, 0, v
	}
	high := l.zone.high(t)
	n := v.cad.turn(l, t, high)
	if n < 0 || len(v.slots) == 0 || !l.windows.open(high) {
		return nil, 0, v
	}
	i := int(v.index(n))
	return v.slots[i], i, v
}

func (l *clayer) version(t int64) *version {
	i := len(l.versions) - 1
	for i > 0 && l.versions[i].at > t {
		i--
	}
	return &l.versions[i]
}

// place gives slot i of v its duties. With absences skipped, those who are there
// keep the turn; if none is, the next slot with somebody available covers for
// them, and stands in for the absent so that an override for them still finds
// the duty.
func (c *compiled) place(s *state, v *version, i int, t int64) {
	if len(c.away.list) == 0 {
		for _, p := range v.slots[i] {
			s.add(p, -1)
		}
		return
	}
	var buf [8]int32
	away := buf[:0]
	c.away.active(t, func(v *cover) { away = append(away, v.who[0]) })
	absent := func(p int32) bool { return slices.Contains(away, p) }
	owners, before := v.slots[i], len(s.duties)
	for k := range v.slots {
		for m, p := range v.slots[(i+k)%len(v.slots)] {
			if absent(p) {
				continue
			}
			prev := int32(-1)
			if k > 0 {
				prev = s.push(owners[min(m, len(owners)-1)], -1)
			}
			s.add(p, prev)
		}
		if len(s.duties) > before {
			return
		}
	}
}

// push adds a link and returns its index.
func (s *state) push(who, prev int32) int32 {
	s.links = append(s.links, link{who: who, prev: prev})
	return int32(len(s.links) - 1)
}

// add gives p a duty whose earlier holders end at link prev.
func (s *state) add(p, prev int32) {
	s.duties = append(s.duties, duty{holder: p, link: s.push(p, prev)})
}

// passed reports whether d is, or ever was, p's.
func (s *state) passed(d duty, p int32) bool {
	for i := d.link; i >= 0; i = s.links[i].prev {
		if s.links[i].who == p {
			return true
		}
	}
	return false
}

// holds reports whether p holds one of the duties from first on.
func (s *state) holds(p int32, first int) bool {
	for _, d := range s.duties[first:] {
		if d.holder == p {
			return true
		}
	}
	return false
}

// applyActive lets what holds at t act on the duties from first on, in the order of
// creation. It is [covers.active] without a call through a function value, which is
// a good part of what an override costs.
func (s *state) applyActive(c *covers, t int64, first int) {
	if len(c.list) == 0 {
		return
	}
	var buf fewMarks
	for word, marks := range c.marks(t, buf[:]) {
		for ; marks != 0; marks &= marks - 1 {
			s.apply(&c.list[word*64+bits.TrailingZeros64(marks)], first)
		}
	}
}

// apply lets v act on the duties from first on.
func (s *state) apply(v *cover, first int) {
	changed := false
	switch v.kind {
	case coverReplace:
		changed = s.replace(v, first)
	case coverAdd:
		for _, p := range v.who {
			if !s.holds(p, first) {
				s.add(p, -1)
				changed = true
			}
		}
	case coverRemove:
		kept := s.duties[:first]
		for _, d := range s.duties[first:] {
			if !slices.Contains(v.who, d.holder) {
				kept = append(kept, d)
			}
		}
		changed = len(kept) < len(s.duties)
		s.duties = kept
	case coverSet:
		s.duties = s.duties[:first]
		for _, p := range v.who {
			s.add(p, -1)
		}
		changed = true
	}
	if !changed {
		return
	}
	s.cause, s.seq = byOverride, v.order/2
	if v.swap {
		s.cause = bySwap
	}
}

func (s *state) replace(v *cover, first int) bool {
	changed := false
	for i := first; i < len(s.duties); i++ {
		d := &s.duties[i]
		if d.holder == v.by || !s.passed(*d, v.who[0]) {
			continue
		}
		changed = true
		d.holder = v.by
		if !s.passed(*d, v.by) { // or a duty that goes to and fro would have as many links as overrides
			d.link = s.push(v.by, d.link)
		}
	}
	return changed
}

// people appends the holders to buf, sorted and each once.
func (s *state) people(buf []int32) []int32 {
	for _, d := range s.duties {
		buf = insert(buf, d.holder)
	}
	return buf
}

// insert puts p into sorted unless it is there.
func insert(sorted []int32, p int32) []int32 {
	i, found := slices.BinarySearch(sorted, p)
	if found {
		return sorted
	}
	return slices.Insert(sorted, i, p)
}

// watching appends who shadows the people on call at t, sorted. Nobody shadows
// himself, a shadow of somebody who was replaced rests, and in a gap there is
// nobody to shadow.
func (c *compiled) watching(people []int32, t int64, buf []int32) []int32 {
	if len(people) == 0 {
		return buf
	}
	c.shadow.active(t, func(v *cover) {
		follows := v.by < 0 || slices.Contains(people, v.by)
		if follows && !slices.Contains(people, v.who[0]) {
			buf = insert(buf, v.who[0])
		}
	})
	return buf
}
