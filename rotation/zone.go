package rotation

import (
	"math"
	"time"
)

const (
	forever = math.MaxInt64
	never   = math.MinInt64

	// pad is wider than any change of offset that ever happened (24 h and a
	// little, for zones that crossed the date line) plus the widest offset.
	pad = 4 * day

	// Rotations are asked about these years; others are computed one by one.
	tableFrom = 946684800  // 2000-01-01
	tableTo   = 2840140800 // 2060-01-01
)

// span is a stretch of constant offset. Peak is the highest second that the
// wall clock shows in this span or any earlier one, so it never falls from one
// span to the next and can be searched.
type span struct {
	from int64
	off  int64
	peak int64
}

// table is the offsets of one zone over a range of instants.
type table struct {
	spans  []span
	lo, hi int64
}

// zone is a location with its table. It is immutable and shared by all
// rotations of a roster.
type zone struct {
	loc *time.Location
	tab *table
}

func newZone(loc *time.Location) *zone {
	return &zone{loc: loc, tab: newTable(loc, tableFrom, tableTo)}
}

// newTable reads the spans of loc that meet [lo, hi).
func newTable(loc *time.Location, lo, hi int64) *table {
	tab := &table{lo: lo, hi: hi}
	peak := int64(never)
	for t := lo; t < hi; {
		_, off := time.Unix(t, 0).In(loc).Zone()
		end := spanEnd(loc, t)
		last := len(tab.spans) - 1
		peak = max(peak, min(end, hi)-1+int64(off))
		if last >= 0 && tab.spans[last].off == int64(off) {
			tab.spans[last].peak = peak
		} else {
			tab.spans = append(tab.spans, span{from: t, off: int64(off), peak: peak})
		}
		if end == forever {
			tab.hi = forever
		}
		t = end
	}
	return tab
}

// spanEnd is the next instant after t at which the offset of loc may change.
// ZoneBounds cuts at new year where a rule generates the changes, and on the
// last day of a leap year it returns an end before t; a day's step is safe
// because rules change the clocks at most twice a year.
func spanEnd(loc *time.Location, t int64) int64 {
	_, end := time.Unix(t, 0).In(loc).ZoneBounds()
	if end.IsZero() {
		return forever
	}
	if u := end.Unix(); u > t {
		return u
	}
	return t + day - floorMod(t, day)
}

// tableAround is a table that is right for the wall-clock time or instant x.
func tableAround(loc *time.Location, x int64) *table {
	return newTable(loc, x-2*pad, x+2*pad)
}

// at returns the zone's table where it covers x, and a small one elsewhere.
func (z *zone) at(x int64) *table {
	if x >= z.tab.lo+pad && x < z.tab.hi-pad {
		return z.tab
	}
	return tableAround(z.loc, x)
}

// place is [Place] by the zone's table.
func (z *zone) place(l Local) Moment { return placeIn(z.at(int64(l)), l) }

// high is the highest wall-clock second shown at or before t: the wall clock
// itself, except in a second pass, where it stays at the end of the first. A
// generated boundary L has passed exactly if high(t) >= L.
func (z *zone) high(t int64) int64 { return z.at(t).high(t) }

// first is the first instant at which the wall clock shows l or later.
func (z *zone) first(l int64) int64 { return z.at(l).first(l) }

func (t *table) index(u int64) int {
	lo, hi := 0, len(t.spans)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if t.spans[mid].from <= u {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

func (t *table) offset(u int64) int64 { return t.spans[t.index(u)].off }

func (t *table) high(u int64) int64 {
	i := t.index(u)
	wall := u + t.spans[i].off
	if i > 0 {
		return max(wall, t.spans[i-1].peak)
	}
	return wall
}

func (t *table) first(l int64) int64 {
	lo, hi := 0, len(t.spans)-1
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if t.spans[mid].peak >= l {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return max(t.spans[lo].from, l-t.spans[lo].off)
}

// occurrences lists the instants at which the wall clock shows exactly l.
func (t *table) occurrences(l int64) []int64 {
	var at []int64
	for i, s := range t.spans {
		u := l - s.off
		end := int64(forever)
		if i+1 < len(t.spans) {
			end = t.spans[i+1].from
		}
		if u >= s.from && u < end {
			at = append(at, u)
		}
	}
	return at
}
