package report

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// weekends counts the weekends that shifts touch, on the clock of zone.
func weekends(zone *time.Location, shifts []rotation.Stretch) int {
	const day = 24 * 3600
	touched := map[int64]bool{}
	for _, s := range shifts {
		first, last := int64(rotation.LocalOf(s.Start, zone))/day, int64(rotation.LocalOf(s.End.Add(-time.Second), zone))/day
		for n := first; n <= last; n++ {
			if w := (n + 4) % 7; w == 0 || w == 6 { // 1 January 1970 was a Thursday
				touched[(n+5)/7] = true // weeks that begin on a Saturday
			}
		}
	}
	return len(touched)
}

// awake is how long pages kept somebody up: from the first page of a night to the last
// thing that they did in any incident before 07:00 on their clock. A night in which they
// did nothing counts for nothing, since nobody knows that they woke.
func awake(zone *time.Location, pages []Page, acts []time.Time) time.Duration {
	first, last := map[int64]time.Time{}, map[int64]time.Time{}
	for _, p := range pages { // in order
		if n, ok := nightOf(zone, p.At); ok && !p.Quiet && first[n].IsZero() {
			first[n] = p.At
		}
	}
	for _, at := range acts {
		if n, ok := nightOf(zone, at); ok && !first[n].IsZero() && at.After(first[n]) {
			last[n] = later(last[n], at)
		}
	}
	var sum time.Duration
	for n, at := range last {
		sum += at.Sub(first[n])
	}
	return sum
}

// nightOf numbers the nights from 22:00 to 07:00 by the day on which they begin.
func nightOf(zone *time.Location, t time.Time) (night int64, ok bool) {
	const hour = 3600
	local := int64(rotation.LocalOf(t, zone))
	night = local / (24 * hour)
	h := local / hour % 24
	if h < 7 {
		night--
	}
	return night, h < 7 || h >= 22
}

// rests looks at the last own acknowledgement of each night.
func rests(d rotation.Desk, pages []Page, shifts []rotation.Stretch) []Rest {
	const hour = 3600
	last := map[int64]time.Time{}
	for _, p := range pages {
		if p.Answered.IsZero() || p.AnsweredBy != p.Person {
			continue
		}
		local := int64(rotation.LocalOf(p.Answered, d.Zone))
		night, h := local/(24*hour), local/hour%24
		if h < 8 {
			night--
		}
		if h >= 8 && h < 22 {
			continue
		}
		last[night] = later(last[night], p.Answered)
	}
	list := []Rest{}
	for _, ack := range last {
		var handoff time.Time
		for _, s := range shifts {
			if s.Start.After(ack) {
				handoff = s.Start
				break
			}
		}
		if rest, short := d.Rest(ack, handoff); short {
			list = append(list, Rest{ack, round(rest.Hours())})
		}
	}
	slices.SortFunc(list, func(a, b Rest) int { return a.Ack.Compare(b.Ack) })
	return list
}
