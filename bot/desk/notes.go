package desk

import (
	"context"
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// notedKinds are the kinds of events that the message about notes is made of.
var notedKinds = []incident.Kind{incident.KindNote, incident.KindObjection, incident.KindHidden, incident.KindRetimed, incident.KindWithdrawn}

// noted reads what concerns the notes of an incident, in order. Of ten thousand events
// most are none, and reading them is most of the work.
func noted(tx *storage.Tx, n int) ([]incident.Event, error) {
	var events []incident.Event
	for key, value := range tx.Scan(eventPrefix(n)) {
		if !slices.Contains(notedKinds, kindIn(value)) {
			continue
		}
		e, err := readEvent(key, value)
		if err != nil {
			return nil, err
		}
		if e.IsNoted() || e.Edits() {
			events = append(events, e)
		}
	}
	return events, nil
}

// Noted returns what concerns the notes of incident n, in order.
func (d *Desk) Noted(ctx context.Context, n int) (events []incident.Event, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		events, err = noted(tx, n)
		return err
	})
	return events, err
}

// Noted are the entries that belong on the messages about notes, in the order in which
// they were entered. What a late channel is told of at its start is not told again.
func (t Task) Noted() []incident.Entry {
	list := slices.DeleteFunc(incident.Entries(t.Timeline), func(n incident.Entry) bool { return !n.IsNoted() || n.Seq <= t.Artifacts.Told })
	slices.SortFunc(list, func(a, b incident.Entry) int { return a.Seq - b.Seq })
	return list
}

// notesWaited has a new channel told what was noted before it stood.
func (w *work) notesWaited() error {
	events, err := noted(w.Tx.Tx, w.inc.Number)
	if err != nil || !slices.ContainsFunc(events, func(e incident.Event) bool { return e.IsNoted() && e.Seq > w.artifacts.Told }) {
		return err
	}
	return w.refresh(ledger.Notes)
}

// notesStand records the messages about what was noted.
func (w *work) notesStand(o Outcome) error {
	if w.artifacts.Notes = o.Notes; o.Rest {
		return w.refresh(ledger.Notes)
	}
	return nil
}

// amend decides what somebody says of entries of the timeline.
func (w *work) amend(a Act) (incident.Change, error) {
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return incident.Change{}, err
	}
	i, by, entries := w.inc, w.caller.Actor, incident.Entries(events)
	switch a.Verb {
	case Object:
		return i.Object(entries, a.Entry, a.Text, by, w.Now)
	case Hide:
		return i.Hide(entries, a.Entry, a.Text, by, w.Now)
	}
	near := w.Now
	for _, n := range entries {
		if n.Seq == a.Entry {
			near = n.At
		}
	}
	at, err := w.typed(a.When, near, a.Zone)
	if a.Entry > 0 && (err != nil || at.IsZero()) {
		return incident.Change{}, refusal("Use the hour and the minute of a time that has been, as in 14:05, or with the day, as in 2026-11-29 14:05.",
			"“%s” is no time that entry %d can have.", a.When, a.Entry)
	}
	return i.Retime(entries, a.Entry, at, a.Text, by, w.Now)
}
