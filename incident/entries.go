package incident

import (
	"cmp"
	"slices"
	"time"
)

// Entry is an event as a timeline shows it: with what later events say about it.
type Entry struct {
	Event // At is its own time: that of the marked message, or the one that was set

	Recorded   time.Time // when it was entered
	Set        bool      // its time was set by hand
	Hidden     bool      // it is left out of what is shown
	Decision   int       // which decision it is, counted from 1; 0: none
	Objections []Event   // to the decision, in their order
}

// IsNoted reports whether an event is something that people write down while they work,
// other than for those who wait: it is seen in the channel in one growing message.
func (e Event) IsNoted() bool {
	return e.Kind == KindNote && e.Note != Update || e.Kind == KindObjection
}

// Edits reports whether an event only says something about another entry.
func (e Event) Edits() bool {
	return e.Kind == KindHidden || e.Kind == KindRetimed || e.Kind == KindWithdrawn
}

// Entries reads a timeline as people do: what was hidden or withdrawn is marked as such,
// what has a time of its own stands at that, and decisions are numbered with what was
// objected to them. The entries are in the order of their times; those of one instant in
// the order in which they were entered. Nothing is left out, see [Shown].
func Entries(events []Event) []Entry {
	list := make([]Entry, 0, len(events))
	place := map[int]int{}
	decisions := 0
	for _, e := range events {
		n := Entry{Event: e, Recorded: e.At}
		if !e.Time.IsZero() && !e.Edits() {
			n.At = e.Time
		}
		if e.Decides() {
			decisions++
			n.Decision = decisions
		}
		if of, ok := place[e.Of]; ok && e.Of > 0 {
			about(&list[of], e)
		}
		place[e.Seq] = len(list)
		list = append(list, n)
	}
	for k := range list { // an objection that was hidden is none
		list[k].Objections = slices.DeleteFunc(list[k].Objections, func(o Event) bool { return list[place[o.Seq]].Hidden })
	}
	slices.SortStableFunc(list, func(a, b Entry) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	return list
}

// about changes an entry by what a later event says of it.
func about(n *Entry, e Event) {
	switch e.Kind {
	case KindHidden:
		if e.Reason == wordsOnly {
			n.Text, n.Undo = "", ""
			return
		}
		n.Hidden = true
	case KindWithdrawn:
		n.Hidden = true
	case KindRetimed:
		n.At, n.Set = e.Time, true
	case KindObjection:
		n.Objections = append(n.Objections, e)
	}
}

// Decides reports whether an event is a decision.
func (e Event) Decides() bool { return e.Kind == KindNote && e.Note == Decision }

// Shown leaves out of entries what is hidden, and the events that hide.
func Shown(list []Entry) []Entry {
	shown := make([]Entry, 0, len(list))
	for _, n := range list {
		if !n.Hidden && n.Kind != KindHidden && n.Kind != KindWithdrawn {
			shown = append(shown, n)
		}
	}
	return shown
}

// Unhidden returns the events of a timeline without the words that are hidden in those
// that stay.
func Unhidden(events []Event) []Event {
	hides := func(e Event) bool { return e.Kind == KindHidden && e.Reason == wordsOnly }
	if !slices.ContainsFunc(events, hides) {
		return events
	}
	words := map[int]bool{}
	for _, e := range events {
		words[e.Of] = words[e.Of] || hides(e)
	}
	list := slices.Clone(events)
	for k := range list {
		if words[list[k].Seq] {
			list[k].Text, list[k].Undo = "", ""
		}
	}
	return list
}

// Readable returns the events of a timeline that may be shown, in their order: without
// those that are hidden or withdrawn, and without the words that are hidden.
func Readable(events []Event) []Event {
	gone := map[int]bool{}
	for _, e := range events {
		if e.Kind == KindWithdrawn || e.Kind == KindHidden && e.Reason != wordsOnly {
			gone[e.Of] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(Unhidden(events)), func(e Event) bool { return gone[e.Seq] })
}
