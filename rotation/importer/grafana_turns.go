package importer

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// align finds where turns are counted from.
func (r *recurring) align() {
	r.counted = r.start
	if len(r.days) == 0 {
		return
	}
	first := r.days[0]
	week := max(0, slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, r.v.WeekStart))
	place := func(d time.Weekday) int { return (int(d) - week + 7) % 7 }
	for _, d := range r.days {
		if place(d) < place(first) {
			first = d
		}
	}
	today := weekdayOf(r.start)
	if r.rolling && !slices.Contains(r.days, today) { // it begins on the first day of the list that comes
		r.start += rotation.Local((int(first)-int(today)+7)%7) * localDay
		today = first
	}
	r.counted = r.start
	switch {
	case r.unit == localWeek:
		r.counted += rotation.Local(place(first)-place(today)) * localDay
	case r.unit == 0:
		r.counted -= rotation.Local(utc(r.start).Day()-1) * localDay
	case r.rolling:
		r.perWindow = true
	}
}

func utc(l rotation.Local) time.Time { return time.Unix(int64(l), 0).UTC() }

func weekdayOf(l rotation.Local) time.Weekday { return utc(l).Weekday() }

// nth is where a turn begins.
func (r *recurring) nth(k int) rotation.Local {
	switch {
	case r.unit == 0:
		return addMonths(r.counted, k*r.interval)
	case r.perWindow:
		return r.named(k * r.interval)
	}
	return r.counted + rotation.Local(k*r.interval)*r.unit
}

// addMonths counts months, and stays in the month where it has no such day.
func addMonths(l rotation.Local, n int) rotation.Local {
	t := utc(l)
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return rotation.Local(first.AddDate(0, 0, min(t.Day(), last)-1).Unix())
}

// named is where the day comes that is the nth of those with a name.
func (r *recurring) named(n int) rotation.Local {
	week := rotation.Local(n/len(r.days)) * localWeek
	left := n % len(r.days)
	for l := r.counted; ; l += localDay {
		if slices.Contains(r.days, weekdayOf(l)) {
			if left == 0 {
				return l + week
			}
			left--
		}
	}
}

// occurrences are where those of a turn begin.
func (r *recurring) occurrences(k int) []rotation.Local {
	begin := r.nth(k)
	if len(r.days) == 0 {
		return []rotation.Local{begin}
	}
	end := begin + r.unit
	switch {
	case r.unit == 0:
		end = addMonths(begin, 1)
	case r.perWindow:
		end = r.nth(k + 1)
	}
	var list []rotation.Local
	for l := begin; l < end; l += localDay {
		if slices.Contains(r.days, weekdayOf(l)) && l >= r.start {
			list = append(list, l)
		}
	}
	return list
}

// held reports whether an occurrence that begins there is held at all.
func (r *recurring) held(l rotation.Local) bool {
	switch {
	case !r.rolling || r.perWindow:
		return l >= r.start
	case r.web:
		return l+r.length > r.rotates
	}
	return l >= r.rotates
}

// turnLength is how long a turn is at least.
func (r *recurring) turnLength() rotation.Local {
	if r.unit == 0 {
		return rotation.Local(r.interval) * 28 * localDay
	}
	return rotation.Local(r.interval) * r.unit
}

// bounds are from when a shift holds until when.
type bounds struct {
	first, last int       // turns of which something is held; last only with an end
	holds, ends time.Time // a zero end never comes
	ever        bool      // something is held at all
}

// bounds finds them. The last occurrence that begins by `until` goes on to its end, but
// the first of a group is cut there.
func (r *recurring) bounds() bounds {
	k := max(0, int((r.rotates-r.counted)/r.turnLength())-2)
	if r.unit == 0 || r.perWindow {
		k = 0
	}
	var first rotation.Local
	for found := false; !found; k++ {
		for _, l := range r.occurrences(k) {
			if r.held(l) {
				first, found = l, true
				break
			}
		}
	}
	x := bounds{first: k - 1, holds: rotation.Instant(r.loc, first), ever: true}
	until, ok := grafanaLocal(r.v.Until)
	if !ok {
		return x
	}
	x.ever = false
	limit := time.Unix(int64(until), 0).UTC()
	for n := max(x.first, r.turnsBy(until)); ; n++ {
		for i, l := range r.occurrences(n) {
			if rotation.Instant(r.loc, l).After(limit) {
				return x
			}
			if !r.held(l) {
				continue
			}
			end := rotation.Instant(r.loc, l+r.length)
			if i == 0 && n-x.first < len(r.groups) {
				end = earlier(end, limit)
			}
			x.ever, x.last, x.ends = true, n, later(x.ends, end)
		}
	}
}

// turnsBy is a turn before those that run at a time, and not much before them.
func (r *recurring) turnsBy(l rotation.Local) int {
	long := r.turnLength()
	switch {
	case r.unit == 0:
		long = rotation.Local(r.interval) * 31 * localDay
	case r.perWindow:
		long = rotation.Local(r.interval) * localWeek
	}
	return int((l-2*localDay-r.counted-r.length)/long) - 3 // two days are more than any zone is away from UTC
}

// sane reports whether its numbers are those of a shift: lists and layers are made as
// long as they say.
func (r *recurring) sane() bool {
	const most = 2000
	turn := r.turnLength()
	return r.interval <= 1000 && len(r.groups)*r.interval <= most && r.length <= 5*turn+localWeek && r.turnLength() < 3660*localDay
}

// over is when a part of the shift is over: its last turn must not give way to one that
// is not held any more.
func (r *recurring) over(x bounds, p part) time.Time {
	if x.ends.IsZero() {
		return x.ends
	}
	next := r.nth(x.last+1) + p.after
	if r.unit == 0 && p.after > 0 {
		next = r.nth(x.last + 2)
	}
	return earlier(x.ends, rotation.Instant(r.loc, next))
}
