package calendar

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Differs is the kind of a bar in which the other schedule has other people.
const Differs Kind = "differs"

// Compare draws both schedules of each rotation that differs below each other, in the
// weeks in which they do, so that its rows have holes. It shows as many such weeks as
// most says, and returns how many more there are.
func Compare(c rotation.Comparison, zone *time.Location, most int) (chart Chart, more int) {
	chart = Chart{Zone: zone}
	from, to := reach(c)
	if from.IsZero() {
		return chart, 0
	}
	chart.Days = daysOf(from, to, zone)
	weeks := 0
	for _, w := range chart.weeks() {
		found := chart.differing(c, w)
		switch {
		case len(found) == 0:
		case weeks == most:
			more++
		default:
			weeks++
			for _, r := range found {
				chart.add("old "+r.Rotation, chart.side(r, w, func(s rotation.ShiftChange) []string { return s.Before }))
				chart.add("new "+r.Rotation, chart.side(r, w, func(s rotation.ShiftChange) []string { return s.After }))
			}
		}
	}
	return chart, more
}

// reach is from the first change to the last one; zero where there is none.
func reach(c rotation.Comparison) (from, to time.Time) {
	for _, r := range c.Rotations {
		for _, s := range r.Changes() {
			if from.IsZero() || s.Start.Before(from) {
				from = s.Start
			}
			if s.End.After(to) {
				to = s.End
			}
		}
	}
	return from, to
}

// daysOf are whole weeks from the Monday before one instant until another.
func daysOf(from, to time.Time, zone *time.Location) []time.Time {
	const day = 24 * 60 * 60
	local := rotation.LocalOf(from, zone)
	local -= (local%day+day)%day + rotation.Local(int(from.In(zone).Weekday()+6)%7*day)
	days := []time.Time{rotation.Instant(zone, local)}
	for days[len(days)-1].Before(to) {
		for range 7 {
			local += day
			days = append(days, rotation.Instant(zone, local))
		}
	}
	return days
}

// differing are the rotations in which the schedules differ in a week.
func (c Chart) differing(x rotation.Comparison, w week) []rotation.Compared {
	var list []rotation.Compared
	for _, r := range x.Rotations {
		if slices.ContainsFunc(r.Stretches, func(s rotation.ShiftChange) bool { return s.Differs() && c.meets(w, s) }) {
			list = append(list, r)
		}
	}
	return list
}

// meets reports whether some of s lies in the week.
func (c Chart) meets(w week, s rotation.ShiftChange) bool {
	return s.Start.Before(c.Days[w.to]) && s.End.After(c.Days[w.from])
}

// side are the bars of one schedule in a week.
func (c Chart) side(r rotation.Compared, w week, who func(rotation.ShiftChange) []string) []Bar {
	row := Row{}
	for _, s := range r.Stretches {
		if !c.meets(w, s) {
			continue
		}
		b := Bar{Start: s.Start, End: s.End}
		for _, id := range who(s) {
			b.People = append(b.People, Person{ID: id, Name: id})
		}
		switch {
		case s.Differs():
			b.Kind = Differs
		case len(b.People) == 0:
			b.Kind = Gap
		}
		row.Bars = append(row.Bars, b)
	}
	return c.within(row, w)
}

// add puts bars into the row of that name.
func (c *Chart) add(row string, bars []Bar) {
	i := slices.IndexFunc(c.Rows, func(r Row) bool { return r.Rotation == row })
	if i < 0 {
		i = len(c.Rows)
		c.Rows = append(c.Rows, Row{Rotation: row})
	}
	c.Rows[i].Bars = append(c.Rows[i].Bars, bars...)
}
