package importer

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

const (
	minutesOfDay = 24 * 60
	day          = 24 * time.Hour
)

// window is a local time from a minute of the day on, for so many minutes.
func window(days []time.Weekday, from, length int) rotation.Window {
	w := rotation.Window{Days: days, From: from}
	end := from + length
	w.Span, w.To = end/minutesOfDay, end%minutesOfDay
	if w.To == 0 && w.Span > 0 { // 24:00 of the day before
		w.To, w.Span = minutesOfDay, w.Span-1
	}
	if w.Span == 1 && w.To <= w.From { // the next time it comes
		w.Span = 0
	}
	return w
}

// joined is windows with those of equal hours made one, with all their days.
func joined(list []rotation.Window) []rotation.Window {
	var out []rotation.Window
	for _, w := range list {
		i := slices.IndexFunc(out, func(x rotation.Window) bool {
			return x.From == w.From && x.To == w.To && x.Span == w.Span && len(x.Days) > 0 && len(w.Days) > 0
		})
		if i < 0 {
			w.Days = slices.Clone(w.Days)
			out = append(out, w)
			continue
		}
		for _, d := range w.Days {
			if !slices.Contains(out[i].Days, d) {
				out[i].Days = append(out[i].Days, d)
			}
		}
	}
	for i := range out {
		slices.SortFunc(out[i].Days, func(a, b time.Weekday) int { return (int(a)+6)%7 - (int(b)+6)%7 })
	}
	return out
}

// begin gives a layer of r its start: turns are counted from one instant, the layer
// holds from another. Where that still lies ahead, in the middle of a turn, the list is
// turned so that the right person comes first, and nobody is on call in the layer
// before it holds. The layer must have its list and its cadence.
func begin(r *rotation.Rotation, l *rotation.Layer, loc *time.Location, counted, holds, at time.Time) {
	l.Start = rotation.LocalOf(counted, loc)
	if holds.Before(counted) && counted.After(at) {
		backUp(l, loc, holds)
		counted = rotation.Instant(loc, l.Start)
	}
	if !holds.After(counted) || !holds.After(at) || len(l.People) == 0 {
		return
	}
	turn, ok := turnAt(*l, loc, holds)
	if !ok {
		return
	}
	n := int(turn.Slot % int64(len(l.People)))
	l.People = slices.Concat(l.People[n:], l.People[:n])
	l.Start = rotation.LocalOf(turn.Start, loc)
	if turn.Start.Before(holds) {
		r.Overrides = append(r.Overrides, rotation.Override{Kind: rotation.Set, Layer: l.ID, Start: turn.Start, End: holds})
	}
}

// since is where a layer without turns begins: before anything that is asked.
func (b *building) since(loc *time.Location) rotation.Local {
	l := rotation.LocalOf(b.At.AddDate(0, 0, -8), loc)
	return l - (l%localDay+localDay)%localDay
}

// emptyLayer is the layer of a schedule that only overrides fill.
func (b *building) emptyLayer(loc *time.Location) rotation.Layer {
	return rotation.Layer{ID: "nobody", People: []rotation.Slot{nil}, Start: b.since(loc), Every: rotation.Cadence{Unit: rotation.Weeks, Length: 1}}
}

// backUp moves the start of a layer by whole rounds of its list to where it already
// holds.
func backUp(l *rotation.Layer, loc *time.Location, holds time.Time) {
	round := rotation.Local(turnSeconds(l.Every) * int64(len(l.People)))
	if round <= 0 {
		return
	}
	want := rotation.LocalOf(holds, loc)
	l.Start -= (l.Start - want + round - 1) / round * round
}

// turnSeconds is how long a turn is on the clock; 0 where it is not always the same.
func turnSeconds(c rotation.Cadence) int64 {
	switch c.Unit {
	case rotation.Hours:
		return int64(c.Length) * 3600
	case rotation.Days:
		return int64(c.Length) * 86400
	case rotation.Weeks:
		return int64(c.Length) * 7 * 86400
	}
	return 0
}

// sensible reports whether a roster can have turns of such a length.
func sensible(c rotation.Cadence) bool {
	const century = 100 * 365 * 86400
	switch c.Unit {
	case rotation.Months:
		return c.Length >= 1 && c.Length <= 1200
	case rotation.Windows:
		return c.Length >= 1 && c.Length <= 36500
	}
	return c.Length >= 1 && c.Length <= century/3600 && turnSeconds(c) <= century
}

// turnAt is the turn of a layer that runs at an instant.
func turnAt(l rotation.Layer, loc *time.Location, t time.Time) (rotation.Turn, bool) {
	if l.Every.Unit != rotation.Windows {
		l.Windows, l.SkipDates, l.OnlyDates = nil, nil, nil
	}
	l.Until = time.Time{}
	probe := rotation.Rotation{TimeZone: loc.String(), Layers: []rotation.Layer{l}}
	length := time.Duration(turnSeconds(l.Every)) * time.Second
	switch l.Every.Unit {
	case rotation.Months:
		length = time.Duration(l.Every.Length) * 31 * day
	case rotation.Windows:
		length = time.Duration(l.Every.Length) * 8 * day
	}
	turns := probe.Turns(l.ID, t.Add(-length-3*day), t.Add(time.Second))
	for _, turn := range slices.Backward(turns) {
		if !turn.Start.After(t) {
			return turn, true
		}
	}
	return rotation.Turn{}, false
}
