package rotation

import (
	"slices"
	"time"
)

// Counted returns how much of the time from from to to lies within the
// coverage: on its days, between its hours, not on its holidays, all on the
// wall clock of its zone. Both edges of a day follow [Instant], so the day of a
// clock change counts what it really has. A nil Coverage counts everything. A
// coverage that came out of [Parse] has hours and a zone that can be read.
func (c *Coverage) Counted(from, to time.Time) time.Duration {
	if !from.Before(to) {
		return 0
	}
	if c == nil {
		return to.Sub(from)
	}
	loc, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return to.Sub(from) // no clock is better than one that stands still
	}
	opens, closes := clockSeconds(c.From), clockSeconds(c.To)
	if closes <= opens { // until the next day
		closes += localDay
	}
	var sum time.Duration
	first := LocalOf(from, loc)
	// The night before may still be open.
	for date := first - first%localDay - localDay; ; date += localDay {
		start := Instant(loc, date+opens)
		if !start.Before(to) {
			return sum
		}
		if !c.holds(date) {
			continue
		}
		end := Instant(loc, date+closes)
		sum += max(0, earliest(end, to).Sub(latest(start, from)))
	}
}

// holds reports whether the date is one of the coverage's days.
func (c *Coverage) holds(date Local) bool {
	day := date.utc()
	return slices.Contains(c.Days, day.Weekday()) && !slices.Contains(c.Holidays, day.Format(time.DateOnly))
}

const localDay Local = 24 * 60 * 60

// clockSeconds reads HH:MM, which Parse has found good; 24:00 is the day's end.
func clockSeconds(s string) Local {
	if len(s) != 5 {
		return 0
	}
	digit := func(n int) Local { return Local(s[n] - '0') }
	return (digit(0)*10+digit(1))*3600 + (digit(3)*10+digit(4))*60
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
