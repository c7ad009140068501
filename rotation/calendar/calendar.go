// Package calendar draws who is on call: as bars in a terminal, as an image, and as a
// page. Its noun is the [Chart], which is laid out once and drawn in three ways.
//
// It is a function of a roster, a period and a time zone. It knows neither the time nor
// files, and says nothing by colour alone.
package calendar

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Kind is why somebody stands in a [Bar].
type Kind string

// The kinds of bars.
const (
	Turn     Kind = ""         // it is their turn
	Override Kind = "override" // somebody was put there
	Swap     Kind = "swap"     // shifts were swapped
	Gap      Kind = "nobody"   // nobody is on call
)

// Chart is who is on call over some weeks, on the clock of one zone.
type Chart struct {
	Zone *time.Location
	Days []time.Time // the midnights between which the days lie, in order; one more than days
	Rows []Row
}

// Row is one rotation.
type Row struct {
	Rotation string
	Team     string // its name; may be empty
	Bars     []Bar  // in order; without holes, unless it compares
}

// Bar is a stretch of time with the same people.
type Bar struct {
	Start, End time.Time
	People     []Person // empty where nobody is
	Kind       Kind
}

// Person is how somebody is called, and the ID that they have in the roster.
type Person struct{ ID, Name string }

// Options say what a chart shows.
type Options struct {
	Rotations []*rotation.Rotation // in this order
	From      time.Time            // some instant of the first day
	Weeks     int                  // from 1
	Zone      *time.Location       // of the reader
}

// New lays out who is on call. Days are those of the reader's clock: one on which the
// clocks are changed has 23 or 25 hours.
func New(r *rotation.Roster, o Options) Chart {
	c := Chart{Zone: o.Zone}
	const day = 24 * 60 * 60
	local := rotation.LocalOf(o.From, o.Zone)
	first := local - (local%day+day)%day
	for n := range 7*o.Weeks + 1 {
		c.Days = append(c.Days, rotation.Instant(o.Zone, first+rotation.Local(n*day)))
	}
	from, to := c.Days[0], c.Days[len(c.Days)-1]
	for _, x := range o.Rotations {
		row := Row{Rotation: x.ID}
		if t, ok := r.Team(x.Team); ok {
			row.Team = cmp.Or(t.Name, t.ID)
		}
		for _, s := range x.Final(from, to) {
			row.Bars = append(row.Bars, bars(r, x, s)...)
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

// bars are a segment, apart where an override or a swap begins or ends in it: they show
// also where they put somebody there whose turn it is next to it.
func bars(r *rotation.Roster, x *rotation.Rotation, s rotation.Segment) []Bar {
	var list []Bar
	edges := edgesIn(x, s)
	for n := 0; n+1 < len(edges); n++ {
		b := Bar{Start: edges[n], End: edges[n+1], Kind: kindAt(x, s, edges[n])}
		if last := len(list) - 1; last >= 0 && list[last].Kind == b.Kind {
			list[last].End = b.End
			continue
		}
		for _, id := range s.People {
			p := Person{ID: id, Name: id}
			if known, ok := r.Person(id); ok && known.Name != "" {
				p.Name = known.Name
			}
			b.People = append(b.People, p)
		}
		list = append(list, b)
	}
	return list
}

// edgesIn are the ends of a segment and the instants in it at which something that stands
// above the layers begins or ends, in order.
func edgesIn(x *rotation.Rotation, s rotation.Segment) []time.Time {
	edges := []time.Time{s.Start, s.End}
	add := func(list ...time.Time) {
		for _, t := range list {
			if t.After(s.Start) && t.Before(s.End) {
				edges = append(edges, t)
			}
		}
	}
	for _, o := range x.Overrides {
		add(o.Start, o.End)
	}
	for _, w := range x.Swaps {
		add(w.Start, w.End, w.BackStart, w.BackEnd, w.CancelledAt)
	}
	slices.SortFunc(edges, time.Time.Compare)
	return slices.CompactFunc(edges, time.Time.Equal)
}

func kindAt(x *rotation.Rotation, s rotation.Segment, t time.Time) Kind {
	if s.Gap() {
		return Gap
	}
	switch x.At(t).By {
	case "override":
		return Override
	case "swap":
		return Swap
	default:
		return Turn
	}
}

// names are who is on call, by name or by ID.
func (b Bar) names(called func(Person) string) string {
	if len(b.People) == 0 {
		return string(Gap)
	}
	var list []string
	for _, p := range b.People {
		list = append(list, called(p))
	}
	return strings.Join(list, ", ")
}

// week is a part of a chart: the days from one number to another.
type week struct{ from, to int }

func (c Chart) weeks() []week {
	var list []week
	for n := 0; n+1 < len(c.Days); n += 7 {
		list = append(list, week{n, min(n+7, len(c.Days)-1)})
	}
	return list
}

// within returns the bars of a row in a week, cut to it.
func (c Chart) within(r Row, w week) []Bar {
	from, to := c.Days[w.from], c.Days[w.to]
	var list []Bar
	for _, b := range r.Bars {
		if !b.Start.Before(to) || !b.End.After(from) {
			continue
		}
		if b.Start.Before(from) {
			b.Start = from
		}
		if b.End.After(to) {
			b.End = to
		}
		list = append(list, b)
	}
	return list
}

// place is where an instant lies in a week in which each day has width: a day is as wide
// as any other, however many hours it has.
func (c Chart) place(w week, t time.Time, width int) int {
	for d := w.from; d < w.to; d++ {
		if t.Before(c.Days[d+1]) {
			long := c.Days[d+1].Sub(c.Days[d])
			return (d-w.from)*width + int(int64(t.Sub(c.Days[d]))*int64(width)/int64(long))
		}
	}
	return (w.to - w.from) * width
}

// Gaps returns how many stretches of the chart have nobody.
func (c Chart) Gaps() int {
	n := 0
	for _, r := range c.Rows {
		for _, b := range r.Bars {
			if b.Kind == Gap {
				n++
			}
		}
	}
	return n
}

// has reports whether there is a bar of that kind.
func (c Chart) has(k Kind) bool {
	return slices.ContainsFunc(c.Rows, func(r Row) bool { return slices.ContainsFunc(r.Bars, func(b Bar) bool { return b.Kind == k }) })
}

// changed names the day on which the clocks of the reader are changed, for each in the chart.
func (c Chart) changed() []string {
	var list []string
	for n := 0; n+1 < len(c.Days); n++ {
		if hours := c.Days[n+1].Sub(c.Days[n]).Hours(); hours != 24 {
			list = append(list, c.Days[n].In(c.Zone).Format("Mon 2 Jan"))
		}
	}
	return list
}
