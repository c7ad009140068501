package desk

import (
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Moved is one move of an incident to another service. The pages that were decided
// before it ask nothing any more.
type Moved struct {
	Job     int              `json:"job"` // the number of the last job before it
	Service string           `json:"service"`
	By      incident.Actor   `json:"by"`
	Through incident.Through `json:"through,omitempty"`
	Reason  string           `json:"reason,omitempty"`
}

// movesMost is how many moves are kept: pages of before the first of them say no more
// than that somebody else is on it, or nobody.
const movesMost = 8

// moves remembers that the incident is given from one service to another.
func (w *work) moves(e incident.Event) {
	if e.Kind != incident.KindService || w.inc.Service == "" {
		return
	}
	list := w.artifacts.Moved[max(0, len(w.artifacts.Moved)-movesMost+1):]
	w.artifacts.Moved = append(list[:len(list):len(list)],
		Moved{Job: w.artifacts.Jobs, Service: e.Service, By: e.By, Through: e.Through, Reason: e.Text})
}

// MovedSince returns the first move of the incident after a page was decided with job
// number job; false where there was none. A page that somebody sent by hand asks for
// help, whosever the incident is.
func (a Artifacts) MovedSince(p Prompt) (Moved, bool) {
	if p.Job == 0 || p.Why != "" || p.Seq > 0 {
		return Moved{}, false
	}
	return a.movedSince(p.Job)
}

func (a Artifacts) movedSince(job int) (Moved, bool) {
	for _, m := range a.Moved {
		if job > 0 && job <= m.Job {
			return m, true
		}
	}
	return Moved{}, false
}

// MovedSince is [Artifacts.MovedSince] of a page in a message about several incidents.
func (t Digest) MovedSince(b Brief) (Moved, bool) {
	latest := 0 // somebody may be asked again, for what came back to them
	for _, p := range t.Pages {
		if p.Incident == b.Incident.Number {
			latest = max(latest, p.Job)
		}
	}
	return b.Artifacts.movedSince(latest)
}

// stepSoon is how many events after a move the step stands at most that asks the owner.
const stepSoon = 8

// calledAfter returns who was asked with the first step after an event.
func calledAfter(tx *storage.Tx, e incident.Event, n int) ([]incident.Actor, error) {
	for key, value := range tx.ScanFrom(eventPrefix(n), eventKey(n, e.Seq+1)) {
		if ledger.LastNumber(key) > e.Seq+stepSoon {
			break
		}
		next, err := readEvent(key, value)
		if err != nil || next.Kind == incident.KindStep && len(next.Calls) > 0 {
			return next.Calls, err
		}
	}
	return nil, nil
}
