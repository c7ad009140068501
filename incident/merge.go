package incident

import (
	"slices"
	"time"
)

// Part is what an incident brings along when it becomes a part of another one.
type Part struct {
	Incident        // as it was before
	Reason   string // why the two are one; may be empty
	Notes    []Event
}

// TakeIn says that another incident is a part of this one now: its people belong
// here, its notes are here too, with who wrote them and when, and what it hurt is
// counted here, once. A part that is worse makes this one as bad, and whoever has
// acknowledged the part is on this one, where nobody is.
func (i Incident) TakeIn(p Part, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindPartJoined, Into: p.Number, Text: CleanText(p.Reason),
		People: slices.Clone(p.Involved), Calls: slices.Clone(p.Called), Impact: until(p.Impact, now)}))
	for _, note := range p.Notes {
		author := begin(c.i, note.By, now)
		author.add(Event{Kind: KindNote, Note: note.Note, Text: note.Text, From: p.Number, Noted: first(note.Noted, note.At)})
		c.i, c.events = author.i, append(c.events, author.events...)
	}
	// First, so that nobody is paged because it is worse for what somebody is on.
	if p.Acked() && p.AcknowledgedBy.Human() && !c.i.Acked() {
		taker := begin(c.i, p.AcknowledgedBy, now)
		taker.take()
		c.i, c.events, c.effects = taker.i, append(c.events, taker.events...), append(c.effects, taker.effects...)
	}
	if p.Severity < i.Severity && !p.Test {
		c.say(c.add(Event{Kind: KindSeverity, Severity: p.Severity, Text: "As bad as " + p.Name() + ", which is a part of it."}))
		c.do(RaisePaging)
	}
	c.do(Invite)
	c.refresh()
	return c.change()
}

// until ends an interval that lasts: from then on the whole counts.
func until(list []Interval, now time.Time) []Interval {
	list = slices.Clone(list)
	if n := len(list); n > 0 && list[n-1].End.IsZero() {
		list[n-1].End = now
	}
	return list
}

// union is when there was impact by either of two lists, so that nothing is counted
// twice. Only the last interval can last still.
func union(a, b []Interval) []Interval {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y Interval) int { return x.Start.Compare(y.Start) })
	var list []Interval
	for _, v := range all {
		n := len(list) - 1
		switch {
		case n < 0 || !list[n].End.IsZero() && v.Start.After(list[n].End):
			list = append(list, v)
		case list[n].End.IsZero(): // it lasts, so it has all that follows
		case v.End.IsZero() || v.End.After(list[n].End):
			list[n].End = v.End
		}
	}
	return list
}
