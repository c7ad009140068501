package rotation

import (
	"slices"
	"time"
)

// OnCall is who is on call at an instant and for how long.
type OnCall struct {
	People  []string // sorted; empty where nobody is
	Shadows []string // sorted; told with them, never responsible

	// Since and Until are the edges of the longest stretch around the instant
	// with the same People; zero where there is none within 400 days.
	Since, Until time.Time

	// By is what decided it: layer:ID, override or swap; empty where no layer
	// has anybody and nothing else took part.
	By string
}

// Segment is a stretch of the final schedule with the same people; a gap has
// none. By and Shadows are those at its start.
type Segment struct {
	Start, End time.Time
	People     []string
	Shadows    []string
	By         string
}

// Gap reports whether nobody is on call.
func (s Segment) Gap() bool { return len(s.People) == 0 }

// Turn is one turn of a layer, before windows, overrides and absences.
type Turn struct {
	Start, End time.Time // half-open, never empty; a zero End never comes
	Slot       int64     // counted from the layer's start, whatever its list
	People     []string  // in the order of the list
}

// horizon bounds every search for a change.
const horizon = 400 * day

// compiled returns the prepared form of r.
func (r *Rotation) compiled() *compiled {
	if r.built != nil {
		return r.built
	}
	c, err := compile(r, atlas{})
	if err != nil {
		// Only a literal that names an unknown zone gets here; Parse and New
		// refuse one.
		panic(err)
	}
	return c
}

// People returns who is on call at t, sorted; empty where nobody is. It costs
// the same however long ago the rotation began.
func (r *Rotation) People(t time.Time) []string {
	c := r.compiled()
	var b buffers
	s := b.state()
	var buf [8]int32
	c.resolve(&s, t.Unix())
	return c.strings(s.people(buf[:0]))
}

// At returns who is on call at t, who shadows them, since and until when.
func (r *Rotation) At(t time.Time) OnCall {
	c := r.compiled()
	u := t.Unix()
	var b buffers
	s := b.state()
	c.resolve(&s, u)
	people := s.people(nil)
	o := OnCall{People: c.strings(people), Shadows: c.strings(c.watching(people, u, nil)), By: c.cause(&s)}
	if until, ok := c.until(u, people); ok {
		o.Until = unix(until)
	}
	if since, ok := c.since(u, people); ok {
		o.Since = unix(since)
	}
	return o
}

// NextChange returns the next instant after t at which other people are on call,
// and false where there is none within 400 days.
func (r *Rotation) NextChange(t time.Time) (time.Time, bool) {
	c := r.compiled()
	var b buffers
	s := b.state()
	c.resolve(&s, t.Unix())
	at, ok := c.until(t.Unix(), s.people(nil))
	if !ok {
		return time.Time{}, false
	}
	return unix(at), true
}

// Final returns the schedule over [from, to) as it will be acted upon: maximal
// segments of equal people in order, gaps included, cut to the range. It is nil
// where the range is empty.
func (r *Rotation) Final(from, to time.Time) []Segment {
	c := r.compiled()
	end := ceilUnix(to)
	var list []Segment
	var now, last []int32
	var b buffers
	s := b.state()
	for w := c.walk(from.Unix()); w.t < end; w.advance() {
		c.resolve(&s, w.t)
		now = s.people(now[:0])
		if len(list) > 0 && slices.Equal(now, last) {
			continue
		}
		if n := len(list); n > 0 {
			list[n-1].End = unix(w.t)
		}
		list = append(list, Segment{Start: unix(w.t), People: c.strings(now), Shadows: c.strings(c.watching(now, w.t, nil)), By: c.cause(&s)})
		now, last = last, now
	}
	if n := len(list); n > 0 {
		list[0].Start = from.UTC()
		list[n-1].End = to.UTC()
	}
	return list
}

// ceilUnix rounds up, so that a range that ends within a second includes it.
func ceilUnix(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// Gaps returns the segments of [from, to) in which nobody is on call.
func (r *Rotation) Gaps(from, to time.Time) []Segment {
	return slices.DeleteFunc(r.Final(from, to), func(s Segment) bool { return !s.Gap() })
}

// Turns returns the turns of a layer that begin within [from, to), each cut
// where an edit gives it to somebody else. Unknown layers have none.
func (r *Rotation) Turns(layer string, from, to time.Time) []Turn {
	c := r.compiled()
	i := slices.IndexFunc(c.layers, func(l clayer) bool { return l.id == layer })
	if i < 0 {
		return nil
	}
	l := &c.layers[i]
	var list []Turn
	end := min(ceilUnix(to), l.until)
	for t := ceilUnix(from); t < end; {
		v := l.version(t)
		n := v.cad.turn(l, t, l.zone.high(t))
		next := l.turnEnd(t)
		if n >= 0 && l.turnBegan(t, n) {
			turn := Turn{Start: unix(t), Slot: n}
			if next != forever {
				turn.End = unix(next)
			}
			if len(v.slots) > 0 {
				turn.People = c.strings(v.slots[v.index(n)])
			}
			list = append(list, turn)
		}
		t = next
	}
	return list
}

// turnBegan reports whether turn n, which runs at t, began exactly there.
func (l *clayer) turnBegan(t, n int64) bool {
	v, w := l.version(t), l.version(t-1)
	return v != w || w.cad.turn(l, t-1, l.zone.high(t-1)) != n
}

// turnEnd is where the turn that runs at t ends: its hand-over, an edit, or the
// end of the layer.
func (l *clayer) turnEnd(t int64) int64 {
	v := l.version(t)
	end := v.cad.origin
	if t >= end {
		end = (&editing{l: l}).handoff(v, t)
	}
	return min(end, l.nextVersion(t), l.until)
}

func (l *clayer) nextVersion(t int64) int64 {
	for i := range l.versions {
		if l.versions[i].at > t {
			return l.versions[i].at
		}
	}
	return forever
}

// strings turns numbers into names.
func (c *compiled) strings(people []int32) []string {
	names := make([]string, len(people))
	for i, p := range people {
		names[i] = c.names[p]
	}
	return names
}

// cause in the words of OnCall.By.
func (c *compiled) cause(s *state) string {
	switch s.cause {
	case byLayer:
		return "layer:" + c.layers[s.layer].id
	case byOverride:
		return "override"
	case bySwap:
		return "swap"
	}
	return ""
}
