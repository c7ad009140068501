package importer

import (
	"cmp"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// monthsAhead is how far the days of shifts of months are written out.
const monthsAhead = 37

// months are the layers of a shift of months. A month is not always as long as the
// shift: where it is not, the days are written out one by one.
func (r *recurring) months(at time.Time) (list []part, why string) {
	if len(r.days) > 0 {
		return []part{{layer: r.layer(rotation.Months, 1, spread(r.groups, 1, r.interval), r.window(r.days, r.length))}}, ""
	}
	if utc(r.counted).Day() > 28 {
		why = "months without its day are left out there; here the last day is taken"
	}
	length, turns := 1, spread(r.groups, 1, r.interval)
	if r.length > 31*localDay {
		length, turns = r.interval, r.groups
	}
	d := r.monthDays(at, length)
	if d.fits {
		return []part{{layer: r.layer(rotation.Months, length, turns)}}, why
	}
	whole, rest := r.window(nil, localDay), r.window(nil, r.length%localDay)
	add := func(turns []rotation.Slot, w rotation.Window, dates, free []string, after rotation.Local) {
		l := r.layer(rotation.Months, length, turns, w)
		switch {
		case len(dates) == 0:
			return
		case free != nil && len(free) < len(dates):
			l.SkipDates = free
		default:
			l.OnlyDates = dates
		}
		list = append(list, part{l, after})
	}
	add(turns, whole, d.whole, d.free, 0)
	add(turns, rest, d.rest, nil, 0)
	add(turned(turns, 1), whole, d.wholeLate, nil, 28*localDay)
	add(turned(turns, 1), rest, d.restLate, nil, 28*localDay)
	return list, cmp.Or(why, "a month is not always as long as it; the days are written out until "+d.until)
}

// monthDays are the dates on which a shift of months holds for a day or for the rest of
// its length: in its turn, or late, when the next one has begun.
type monthDays struct {
	whole, rest         []string
	wholeLate, restLate []string
	free                []string // days of a turn on which it does not hold any more
	fits                bool     // each turn is as long as the shift
	until               string
}

func (r *recurring) monthDays(at time.Time, length int) monthDays {
	turn := func(k int) rotation.Local { return addMonths(r.counted, k*length) }
	d := monthDays{fits: true}
	k := 0
	for turn(k+2) < rotation.LocalOf(at, r.loc) {
		k++
	}
	for last := k + monthsAhead/length + 1; k < last; k++ {
		begin, next := turn(k), turn(k+1)
		d.fits = d.fits && next-begin == r.length
		d.until = utc(next).Format(time.DateOnly)
		for l := begin; l < max(next, begin+r.length); l += localDay {
			date := utc(l).Format(time.DateOnly)
			left := begin + r.length - l
			switch {
			case left <= 0:
				d.free = append(d.free, date)
			case left < localDay && l < next:
				d.rest = append(d.rest, date)
				d.free = append(d.free, date)
			case left < localDay:
				d.restLate = append(d.restLate, date)
			case l < next:
				d.whole = append(d.whole, date)
			default:
				d.wholeLate = append(d.wholeLate, date)
			}
		}
	}
	return d
}
