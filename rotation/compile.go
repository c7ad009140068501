package rotation

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// compiled is a rotation prepared for questions: names are numbers in the order
// of the alphabet, local times are integers, instants are Unix seconds. It is
// immutable.
type compiled struct {
	names  []string
	layers []clayer // highest priority first, then as written
	covers covers   // overrides and swaps that act on the result
	away   covers   // absences, when they are skipped
	shadow covers
	edges  []int64 // every instant named by an override, swap, absence or shadow
}

// clayer is a [Layer] prepared for questions.
type clayer struct {
	id       string
	priority int
	zone     *zone
	windows  windows
	until    int64
	versions []version // by at; the first is from the beginning of time
	covers   covers    // overrides limited to this layer
}

// version is the list and cadence of a layer from an instant on.
type version struct {
	at     int64
	slots  [][]int32 // an empty slot is an off turn
	cad    cadence
	offset int64 // turn n belongs to slots[(n+offset) mod len]
}

// coverKind says what a cover does. Absences and shadows are covers too, so that
// one search finds whatever is active at an instant.
type coverKind uint8

const (
	coverReplace coverKind = iota
	coverAdd
	coverRemove
	coverSet
	coverAway
	coverShadow
)

// cover is something that holds during [from, to).
type cover struct {
	from, to int64
	order    int // of creation: twice the number, one more for the second half of a trade
	kind     coverKind
	swap     bool
	who      []int32 // replace, away, shadow: exactly one
	by       int32   // replace: the stand-in; shadow: whom, or -1
}

// covers are in the order of their creation. The spans say when each holds, sorted
// by from, and reach[i] is the latest end among the first i+1 of them.
type covers struct {
	list  []cover
	spans []coverSpan
	reach []int64
}

// coverSpan is when list[at] holds.
type coverSpan struct {
	from, to int64
	at       uint32
}

func newCovers(list []cover) covers {
	list = slices.DeleteFunc(list, func(c cover) bool { return c.to <= c.from })
	slices.SortStableFunc(list, func(a, b cover) int { return cmp.Compare(a.order, b.order) })
	c := covers{list: list, spans: make([]coverSpan, len(list)), reach: make([]int64, len(list))}
	for i := range list {
		c.spans[i] = coverSpan{from: list[i].from, to: list[i].to, at: uint32(i)}
	}
	slices.SortStableFunc(c.spans, func(a, b coverSpan) int { return cmp.Compare(a.from, b.from) })
	reach := int64(never)
	for i, x := range c.spans {
		reach = max(reach, x.to)
		c.reach[i] = reach
	}
	return c
}

// marks is a bit for each cover that holds at t, in the order of creation: so they
// need neither memory nor sorting, however many hold at once. It is in buf where that
// is large enough, and nil where none holds.
func (c *covers) marks(t int64, buf []uint64) []uint64 {
	lo, hi := 0, len(c.spans)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if c.spans[mid].from <= t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || c.reach[lo-1] <= t {
		return nil
	}
	if words := (len(c.list) + 63) / 64; words <= len(buf) {
		buf = buf[:words]
	} else {
		buf = make([]uint64, words)
	}
	// What began by t, latest first, until no earlier one can reach t.
	for i := lo - 1; i >= 0 && c.reach[i] > t; i-- {
		if x := &c.spans[i]; x.to > t {
			buf[x.at/64] |= 1 << (x.at % 64)
		}
	}
	return buf
}

// fewMarks are enough for a thousand overrides.
type fewMarks [16]uint64

// active calls f with what holds at t, in the order of creation.
func (c *covers) active(t int64, f func(*cover)) {
	var buf fewMarks
	for word, marks := range c.marks(t, buf[:]) {
		for ; marks != 0; marks &= marks - 1 {
			f(&c.list[word*64+bits.TrailingZeros64(marks)])
		}
	}
}

// atlas is the zones of a roster by name, each loaded once. It is filled while a
// roster is built and only read afterwards.
type atlas map[string]*zone

// zone returns the zone called name; an empty name is UTC.
func (a atlas) zone(name string) (*zone, error) {
	if z, ok := a[name]; ok {
		return z, nil
	}
	loc, err := loadZone(name)
	if err != nil {
		return nil, err
	}
	a[name] = newZone(loc)
	return a[name], nil
}

// loadZone is time.LoadLocation without the names that mean another zone on another
// machine, or none: the machine's own, the rules of its C library, and the copies
// that count leap seconds.
func loadZone(name string) (*time.Location, error) {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "Local", "localtime", "posixrules", "posix", "right", "Factory":
		return nil, fmt.Errorf("time zone %s: not an IANA name", name)
	}
	return time.LoadLocation(name)
}

// compile prepares r. It fails only on a time zone that does not exist.
func compile(r *Rotation, zones atlas) (*compiled, error) {
	c := &compiled{names: r.names()}
	for i := range r.Layers {
		l, err := c.layer(r, i, zones)
		if err != nil {
			return nil, fmt.Errorf("rotation %s: layer %s: %w", r.ID, r.Layers[i].ID, err)
		}
		c.layers = append(c.layers, l)
	}
	slices.SortStableFunc(c.layers, func(a, b clayer) int { return cmp.Compare(b.priority, a.priority) })
	c.covers = newCovers(append(c.overrides(r, ""), c.swaps(r)...))
	c.away = newCovers(c.absences(r))
	c.shadow = newCovers(c.shadows(r))
	c.edges = c.allEdges()
	return c, nil
}

// names lists everybody the rotation mentions, sorted.
func (r *Rotation) names() []string {
	var names []string
	add := func(slots []Slot) {
		for _, s := range slots {
			names = append(names, s...)
		}
	}
	for i := range r.Layers {
		add(r.Layers[i].People)
		for _, e := range r.Layers[i].Edits {
			add(e.People)
		}
	}
	for _, o := range r.Overrides {
		names = append(names, o.People...)
		names = append(names, o.Person, o.By)
	}
	for _, s := range r.Swaps {
		names = append(names, s.Person, s.With)
	}
	for _, a := range r.TimeOff {
		names = append(names, a.Person)
	}
	for _, s := range r.Shadows {
		names = append(names, s.Person, s.Of)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 0 && names[0] == "" {
		names = names[1:]
	}
	return names
}

// number of a name; -1 for the empty one.
func (c *compiled) number(name string) int32 {
	i, ok := slices.BinarySearch(c.names, name)
	if !ok {
		return -1
	}
	return int32(i)
}

func (c *compiled) numbers(names []string) []int32 {
	n := make([]int32, len(names))
	for i, s := range names {
		n[i] = c.number(s)
	}
	return n
}

func (c *compiled) slots(people []Slot) [][]int32 {
	s := make([][]int32, len(people))
	for i, p := range people {
		s[i] = c.numbers(p)
	}
	return s
}

func (c *compiled) layer(r *Rotation, i int, zones atlas) (clayer, error) {
	x := &r.Layers[i]
	name := x.TimeZone
	if name == "" {
		name = r.TimeZone
	}
	z, err := zones.zone(name)
	if err != nil {
		return clayer{}, err
	}
	l := clayer{id: x.ID, priority: x.Priority, zone: z, windows: newWindows(x), until: forever}
	if !x.Until.IsZero() {
		l.until = x.Until.Unix()
	}
	l.covers = newCovers(c.overrides(r, x.ID))
	l.versions = c.versions(&l, x)
	return l, nil
}

var coverKinds = [...]struct {
	kind OverrideKind
	is   coverKind
}{{Replace, coverReplace}, {Add, coverAdd}, {Remove, coverRemove}, {Set, coverSet}}

// overrides are the covers of the rotation's overrides whose scope is layer.
func (c *compiled) overrides(r *Rotation, layer string) []cover {
	var list []cover
	for _, o := range r.Overrides {
		if o.Layer != layer {
			continue
		}
		v := cover{from: o.Start.Unix(), to: o.End.Unix(), order: 2 * o.Seq, by: -1, who: c.numbers(o.People)}
		for _, k := range coverKinds {
			if k.kind == o.Kind {
				v.kind = k.is
			}
		}
		if o.Kind == Replace {
			v.who, v.by = []int32{c.number(o.Person)}, c.number(o.By)
		}
		list = append(list, v)
	}
	return list
}

// swaps are the covers of the swaps that were agreed in time: one replace, or
// two for a trade.
func (c *compiled) swaps(r *Rotation) []cover {
	var list []cover
	for _, s := range r.Swaps {
		until, ok := s.Counts()
		if !ok {
			continue
		}
		cut := func(t time.Time) int64 {
			if !until.IsZero() && until.Before(t) {
				return until.Unix()
			}
			return t.Unix()
		}
		a, b := c.number(s.Person), c.number(s.With)
		list = append(list, cover{from: s.Start.Unix(), to: cut(s.End), order: 2 * s.Seq, swap: true, who: []int32{a}, by: b})
		if !s.BackStart.IsZero() {
			list = append(list, cover{from: s.BackStart.Unix(), to: cut(s.BackEnd), order: 2*s.Seq + 1, swap: true, who: []int32{b}, by: a})
		}
	}
	return list
}

func (c *compiled) absences(r *Rotation) []cover {
	if r.TimeOffPolicy != TimeOffSkip {
		return nil
	}
	var list []cover
	for _, a := range r.TimeOff {
		list = append(list, cover{from: a.Start.Unix(), to: a.End.Unix(), kind: coverAway, who: []int32{c.number(a.Person)}, by: -1})
	}
	return list
}

func (c *compiled) shadows(r *Rotation) []cover {
	var list []cover
	for _, s := range r.Shadows {
		list = append(list, cover{from: s.Start.Unix(), to: s.End.Unix(), kind: coverShadow, who: []int32{c.number(s.Person)}, by: c.number(s.Of)})
	}
	return list
}

func (c *compiled) allEdges() []int64 {
	n := len(c.covers.list) + len(c.away.list) + len(c.shadow.list)
	for i := range c.layers {
		n += len(c.layers[i].covers.list)
	}
	edges := make([]int64, 0, 2*n)
	add := func(v covers) {
		for i := range v.list {
			edges = append(edges, v.list[i].from, v.list[i].to)
		}
	}
	add(c.covers)
	add(c.away)
	add(c.shadow)
	for i := range c.layers {
		add(c.layers[i].covers)
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}
