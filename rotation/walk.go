package rotation

import "slices"

// walker steps through the instants at which who is on call may change. Each
// layer's next edge is computed once and kept until it is passed.
type walker struct {
	c     *compiled
	t     int64
	next  []int64 // by layer
	edges []int64 // the rotation's instants after t
}

func (c *compiled) walk(t int64) *walker {
	w := &walker{c: c, t: t, next: make([]int64, len(c.layers))}
	for i := range c.layers {
		w.next[i] = c.layers[i].next(t)
	}
	k, _ := slices.BinarySearch(c.edges, t+1)
	w.edges = c.edges[k:]
	return w
}

// advance moves to the next instant, or to forever.
func (w *walker) advance() {
	t := int64(forever)
	for _, n := range w.next {
		t = min(t, n)
	}
	if len(w.edges) > 0 {
		t = min(t, w.edges[0])
	}
	w.t = t
	if t == forever {
		return
	}
	for i, n := range w.next {
		if n <= t {
			w.next[i] = w.c.layers[i].next(t)
		}
	}
	for len(w.edges) > 0 && w.edges[0] <= t {
		w.edges = w.edges[1:]
	}
}

// next is the first instant after t at which the layer by itself may change: a
// hand-over, a window's edge, an edit, its start or its end.
func (l *clayer) next(t int64) int64 {
	if t >= l.until {
		return forever
	}
	best := min(l.until, l.nextVersion(t))
	v := l.version(t)
	high := l.zone.high(t)
	n := v.cad.turn(l, t, high)
	if n < 0 {
		return min(best, v.cad.origin)
	}
	if len(v.slots) == 0 {
		return best
	}
	if len(v.slots) > 1 {
		best = min(best, v.cad.begin(l.zone, n+1))
	}
	if len(l.windows.list) > 0 {
		if edge := l.windows.next(high); edge != forever {
			best = min(best, l.zone.first(edge))
		}
	}
	return best
}

// steps bounds a search for a change among people who keep being the same.
const steps = 20_000

// until is the first instant after t at which somebody else than people is on
// call, if there is one within the horizon.
func (c *compiled) until(t int64, people []int32) (int64, bool) {
	var now []int32
	var b buffers
	s := b.state()
	w := c.walk(t)
	for range steps {
		w.advance()
		if w.t == forever || w.t > t+horizon {
			break
		}
		c.resolve(&s, w.t)
		now = s.people(now[:0])
		if !slices.Equal(now, people) {
			return w.t, true
		}
	}
	return 0, false
}

// since is the first instant of the stretch with the same people that contains
// t. It looks back a day, then four times as far and so on, so that a short turn
// does not pay for a long horizon.
func (c *compiled) since(t int64, people []int32) (int64, bool) {
	for back := int64(day); ; back *= 4 {
		back = min(back, horizon)
		if at, ok := c.sinceWithin(t, t-back, people); ok {
			return at, true
		}
		if back == horizon {
			return 0, false
		}
	}
}

func (c *compiled) sinceWithin(t, from int64, people []int32) (int64, bool) {
	var now []int32
	var at int64
	found := false
	other := false
	var b buffers
	s := b.state()
	for w := c.walk(from); w.t <= t; w.advance() {
		c.resolve(&s, w.t)
		now = s.people(now[:0])
		same := slices.Equal(now, people)
		if same && other {
			at, found = w.t, true
		}
		if !same {
			found = false
		}
		other = !same
	}
	return at, found
}
