package rotation

import (
	"slices"
	"strings"
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
	loc, err := loadZone(c.TimeZone)
	if err != nil {
		return to.Sub(from) // no clock is better than one that stands still
	}
	opens, closes := c.edges()
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
		sum += max(0, earlier(end, to).Sub(later(start, from)))
	}
}

// Next returns the first instant from at on that lies within the coverage: at
// itself while it holds, else when it next begins, and false when that is never.
// Edges follow [Instant], as in [Coverage.Counted]: hours that begin in an hour
// that the clocks skip begin when they have jumped, and hours that are skipped as
// a whole do not begin that day. A nil Coverage always holds.
func (c *Coverage) Next(at time.Time) (time.Time, bool) {
	if c == nil {
		return at, true
	}
	loc, err := loadZone(c.TimeZone)
	if err != nil {
		return at, true // likewise: hours that nobody can read must silence nobody
	}
	opens, closes := c.edges()
	local := LocalOf(at, loc)
	today := local - Local(floorMod(int64(local), int64(localDay)))
	// Each holiday may cost a week, and so may a clock change and a day that a zone
	// left out.
	last := today + 7*localDay*Local(len(c.Holidays)+3)
	for date := today - localDay; date <= last; date += localDay { // yesterday's may still last
		if !c.holds(date) {
			continue
		}
		start, end := Instant(loc, date+opens), Instant(loc, date+closes)
		switch {
		case !start.Before(end): // the clocks skip all of it
		case at.Before(start):
			return start, true
		case at.Before(end):
			return at, true
		}
	}
	return time.Time{}, false
}

// Holds reports whether an instant lies within the coverage.
func (c *Coverage) Holds(at time.Time) bool {
	next, ok := c.Next(at)
	return ok && next.Equal(at)
}

// Show returns an instant in words as the clock of the coverage's zone shows it,
// with the zone: "Mon 2 Mar 09:00 (Europe/Berlin)".
func (c *Coverage) Show(at time.Time) string {
	name, loc := "UTC", time.UTC
	if c != nil && c.TimeZone != "" {
		if l, err := loadZone(c.TimeZone); err == nil {
			name, loc = c.TimeZone, l
		}
	}
	return at.In(loc).Format("Mon 2 Jan 15:04") + " (" + name + ")"
}

// Words say the coverage as people do: "Monday to Friday from 08:00 to 18:00
// (Europe/Berlin), not on holidays"; empty for nil, which is around the clock.
func (c *Coverage) Words() string {
	if c == nil {
		return ""
	}
	s := weekdayWords(c.Days) + " from " + c.From + " to " + c.To
	if c.TimeZone != "" {
		s += " (" + c.TimeZone + ")"
	}
	if len(c.Holidays) > 0 {
		s += ", not on holidays"
	}
	return s
}

// weekdayWords say days of the week, several in a row as from the first to the last.
func weekdayWords(days []time.Weekday) string {
	held := map[time.Weekday]bool{}
	for _, d := range days {
		held[d] = true
	}
	var runs []string
	for n := 0; n < 7; n++ { // the week begins on Monday
		first := time.Weekday((n + 1) % 7)
		if !held[first] {
			continue
		}
		last := first
		for n < 6 && held[time.Weekday((n+2)%7)] {
			n++
			last = time.Weekday((n + 1) % 7)
		}
		if first == last {
			runs = append(runs, first.String())
		} else {
			runs = append(runs, first.String()+" to "+last.String())
		}
	}
	if len(runs) == 0 {
		return "every day"
	}
	return strings.Join(runs, " and ")
}

// Clone returns a coverage that shares nothing with c; nil for nil.
func (c *Coverage) Clone() *Coverage {
	if c == nil {
		return nil
	}
	d := *c
	d.Days, d.Holidays = slices.Clone(c.Days), slices.Clone(c.Holidays)
	return &d
}

// First returns the step with which a page that is opened at an instant begins:
// the first that its hours do not pass, or the first of all where they pass every
// one; false for a policy without steps.
func (p *Policy) First(at time.Time) (Step, bool) {
	if len(p.Steps) == 0 {
		return Step{}, false
	}
	for _, s := range p.Steps {
		if s.Outside == OutsideWait || s.Hours.Holds(at) {
			return s, true
		}
	}
	return p.Steps[0], true
}

// edges is the wall clock at which a day's part begins and ends, as seconds after
// that day's midnight.
func (c *Coverage) edges() (opens, closes Local) {
	opens, closes = clockSeconds(c.From), clockSeconds(c.To)
	if closes <= opens { // until the next day
		closes += localDay
	}
	return opens, closes
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
