package rotation

import (
	"math/bits"
	"slices"
	"time"
)

// windows is when a layer holds, in wall-clock arithmetic.
type windows struct {
	list []window
	skip []int64 // day numbers, sorted
	only []int64 // day numbers, sorted
	wide int64   // the longest span in days
}

// window is a [Window] with its days as a bit set, Sunday lowest.
type window struct {
	days     uint8
	from, to int64 // seconds after midnight of the first and of the last date
	span     int64
	skipped  []int64 // the days of skip (or of only) on which this window begins
}

const everyDay = 1<<7 - 1

func newWindows(l *Layer) windows {
	list := l.Windows
	if len(list) == 0 && len(l.SkipDates)+len(l.OnlyDates) > 0 {
		list = []Window{{}}
	}
	w := windows{skip: dayNumbers(l.SkipDates), only: dayNumbers(l.OnlyDates)}
	for _, x := range list {
		c := window{from: int64(x.From) * minute, to: int64(x.To) * minute, span: int64(x.Span)}
		if c.to <= c.from && c.span == 0 {
			c.span = 1
		}
		for _, d := range x.Days {
			c.days |= 1 << d
		}
		if len(x.Days) == 0 {
			c.days = everyDay
		}
		dates := w.skip
		if len(w.only) > 0 {
			dates = w.only
		}
		for _, d := range dates {
			if c.onWeekday(d) && (len(w.only) == 0 || !contains(w.skip, d)) {
				c.skipped = append(c.skipped, d)
			}
		}
		w.list = append(w.list, c)
		w.wide = max(w.wide, c.span)
	}
	return w
}

// dayNumbers are days since 1970-01-01; dates that cannot be read are left out,
// [Parse] having refused them.
func dayNumbers(dates []string) []int64 {
	var days []int64
	for _, s := range dates {
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			days = append(days, floorDiv(t.Unix(), day))
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

func contains(sorted []int64, x int64) bool {
	_, found := slices.BinarySearch(sorted, x)
	return found
}

// weekday of a day number; 1970-01-01 was a Thursday.
func weekday(d int64) int64 { return floorMod(d+4, 7) }

func (w *window) onWeekday(d int64) bool { return w.days&(1<<weekday(d)) != 0 }

func (w *window) begin(d int64) int64 { return d*day + w.from }
func (w *window) end(d int64) int64   { return (d+w.span)*day + w.to }

// begins reports whether window i begins on the date d.
func (w *windows) begins(i int, d int64) bool {
	if len(w.only) > 0 && !contains(w.only, d) {
		return false
	}
	return w.list[i].onWeekday(d) && !contains(w.skip, d)
}

// open reports whether a window holds at the high mark.
func (w *windows) open(high int64) bool {
	if len(w.list) == 0 {
		return true
	}
	today := floorDiv(high, day)
	for i := range w.list {
		x := &w.list[i]
		for d := today - x.span; d <= today; d++ {
			if x.begin(d) <= high && high < x.end(d) && w.begins(i, d) {
				return true
			}
		}
	}
	return false
}

// next is the wall clock of the earliest edge after high, or forever.
func (w *windows) next(high int64) int64 {
	best := int64(forever)
	today := floorDiv(high, day)
	for i := range w.list {
		x := &w.list[i]
		for d := today - x.span; d <= today; d++ {
			if e := x.end(d); e > high && e < best && w.begins(i, d) {
				best = e
			}
		}
		best = min(best, w.nextBegin(i, high))
	}
	return best
}

// nextBegin is the wall clock at which window i next begins after high. Without
// dates a week is enough; each skipped date may cost another.
func (w *windows) nextBegin(i int, high int64) int64 {
	x := &w.list[i]
	d := floorDiv(high-x.from, day) + 1
	if len(w.only) > 0 {
		k, _ := slices.BinarySearch(x.skipped, d)
		if k == len(x.skipped) {
			return forever
		}
		return x.begin(x.skipped[k])
	}
	for last := d + 7*int64(len(x.skipped)+1); d < last; d++ {
		if w.begins(i, d) {
			return x.begin(d)
		}
	}
	return forever
}

// began counts the windows that began by high and had not ended at the anchor:
// the first is number 1. Whole weeks times windows a week, less skipped dates.
func (w *windows) began(anchor, high int64) int64 {
	var n int64
	for i := range w.list {
		x := &w.list[i]
		n += w.beginsThrough(i, floorDiv(high-x.from, day)) - w.beginsThrough(i, floorDiv(anchor-x.from, day))
		today := floorDiv(anchor, day)
		for d := today - x.span; d <= today; d++ {
			if x.begin(d) <= anchor && anchor < x.end(d) && w.begins(i, d) {
				n++
			}
		}
	}
	return n
}

// beginsThrough counts the dates up to and including d, from a fixed Sunday on,
// on which window i begins.
func (w *windows) beginsThrough(i int, d int64) int64 {
	x := &w.list[i]
	k, _ := slices.BinarySearch(x.skipped, d+1)
	listed := int64(k)
	if len(w.only) > 0 {
		return listed
	}
	weeks, rest := floorDiv(d+4, 7), weekday(d)
	partial := x.days & (1<<(rest+1) - 1)
	return weeks*int64(bits.OnesCount8(x.days)) + int64(bits.OnesCount8(partial)) - listed
}
