package desk

import (
	"slices"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
)

// broughtNotes is how many notes a part brings along: the latest, and as many as one
// transaction can hold. All of them stay in its own timeline.
const broughtNotes = 40

// joined brings into the other incident what belongs to it now: the people of the
// part, its notes, its alerts, whom it looked for, and the reason. Those who read a
// public incident do not hear of a private part at all, and a private one does not
// let in who worked on a public part.
func (w *work) joined(n int, reason string, before incident.Incident) error {
	other := &work{Tx: w.Tx, d: w.d, who: w.who, caller: w.caller}
	if err := other.open(n); err != nil {
		return err
	}
	if err := other.takesAlerts(w.inc); err != nil {
		return err
	}
	if w.inc.Private {
		if !other.inc.Private {
			return other.saveArtifacts()
		}
		return other.joinedUnnamed()
	}
	part := incident.Part{Incident: before, Reason: reason}
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return err
	}
	part.Notes = slices.DeleteFunc(incident.Readable(events), func(e incident.Event) bool { return e.Kind != incident.KindNote })
	if more := len(part.Notes) - broughtNotes; more > 0 {
		part.Notes = part.Notes[more:]
	}
	if other.inc.Private {
		part.Involved, part.Called = nil, nil
		part.Notes = slices.DeleteFunc(part.Notes, func(e incident.Event) bool { return !other.inc.Concerns(e.By) })
	}
	if other.inc.Private && !other.inc.Concerns(part.AcknowledgedBy) {
		part.AcknowledgedBy = ""
	}
	if err := other.apply(other.inc.TakeIn(part, w.caller.Actor, w.Now)); err != nil {
		return err
	}
	if err := other.looksOn(before); err != nil {
		return err
	}
	return other.saveArtifacts()
}

// joinedUnnamed tells a private incident that another private one is a part of it:
// who sees the one need not see the other.
func (w *work) joinedUnnamed() error {
	event := incident.Event{Kind: incident.KindRemark, Text: "Another private incident is a part of this one now."}
	change := w.inc.Record(w.Now, event)
	change.Effects = append(change.Effects, incident.Effect{Kind: incident.Say, Seq: change.Incident.Events})
	if err := w.apply(change); err != nil {
		return err
	}
	return w.saveArtifacts()
}

// looksOn looks for somebody for the whole where somebody was looked for for the part
// and nobody is for the whole: the part's own escalation has ended with it.
func (w *work) looksOn(part incident.Incident) error {
	if part.Acked() || w.inc.Acked() || part.Exhausted && !w.inc.Exhausted {
		return nil
	}
	r, err := w.escalation()
	if err != nil || r.open() && !w.inc.Exhausted || escalation.UrgencyOf(w.inc.Severity) == escalation.None {
		return err
	}
	return w.startEscalation()
}
