package desk

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Reached says what a [Milestone] is.
type Reached string

// The milestones.
const (
	WasDeclared     Reached = "declared"
	WasNotified     Reached = "notified"     // the first notification was accepted by Slack or a provider
	WasAcknowledged Reached = "acknowledged" // for the first time
	WasUnanswered   Reached = "unanswered"   // every step of the escalation had its turn, and nobody answered
)

// Milestone is something that happened to an incident and that figures about the
// process are made of. It names no incident.
type Milestone struct {
	Reached  Reached
	Severity incident.Severity // as it was then
	Source   string            // of a declaration, who made it: alert, person, operator or bot
	After    time.Duration     // since the declaration
}

// milestones tells of what change does to the incident before it, once it is
// durable. A private incident is not told of, since figures are read by others than
// those who may see it, and neither is a test, which is no incident. This is the only
// place that decides so.
func (w *work) milestones(before incident.Incident, change incident.Change) error {
	after := change.Incident
	if w.d.opt.Milestone == nil || after.Private || after.Test {
		return nil
	}
	for _, e := range change.Events {
		m := Milestone{Severity: after.Severity, After: e.At.Sub(after.Declared)}
		switch {
		case e.Kind == incident.KindDeclared:
			m.Reached, m.Source = WasDeclared, sourceOf(e.By)
		case e.Kind == incident.KindPaged:
			first, err := w.firstNotified(after.Number, e.Seq)
			if err != nil {
				return err
			}
			if !first {
				continue
			}
			m.Reached = WasNotified
		case e.Kind == incident.KindAcknowledged && before.Acknowledged.IsZero():
			m.Reached = WasAcknowledged
		case e.Kind == incident.KindExhausted:
			m.Reached = WasUnanswered
		default:
			continue
		}
		w.After(func() { w.d.opt.Milestone(m) })
	}
	if !after.Status.Active() {
		n := after.Number // and not all of it
		w.After(func() { w.d.notified.Delete(n) })
	}
	return nil
}

// firstNotified reports whether no event of incident n before seq says that a
// notification was accepted. The timeline knows, and is read once: the process
// remembers the open incidents that are past it.
func (w *work) firstNotified(n, seq int) (bool, error) {
	if _, known := w.d.notified.Load(n); known {
		return false, nil
	}
	w.After(func() { w.d.notified.Store(n, true) })
	for earlier := 1; earlier < seq; earlier++ {
		e, err := loadEvent(w.Tx.Tx, n, earlier)
		if err != nil {
			return false, err
		}
		if e.Kind == incident.KindPaged {
			return false, nil
		}
	}
	return true, nil
}

// sourceOf is who declares, as figures tell it apart.
func sourceOf(by incident.Actor) string {
	switch kind, _ := by.Split(); kind {
	case "alert":
		return "alert"
	case "person", "slack":
		return "person"
	case "admin":
		return "operator"
	default:
		return "bot"
	}
}
