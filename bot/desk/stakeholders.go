package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// stakeholdersMost is how many are told of one update: what one transaction can hold.
const stakeholdersMost = 30

// informed has the service's stakeholders told of an update. Of a private incident and
// of a drill they hear nothing, and words for the public are not for them.
func (w *work) informed(c incident.Change) error {
	if w.inc.Private || w.inc.Test {
		return nil
	}
	s, ok := w.service(w.inc.Service)
	if !ok || len(s.Stakeholders) == 0 {
		return nil
	}
	for _, e := range c.Events {
		if e.Kind != incident.KindNote || e.Note != incident.Update {
			continue
		}
		for _, j := range w.interested(s.Stakeholders) {
			j.Kind, j.Seq = ledger.Inform, e.Seq
			if err := w.job(j); err != nil {
				return err
			}
		}
	}
	return nil
}

// superseded reports whether what a job tells a stakeholder is late and of no use any
// more: a later word waits for them, or it says that it hurts, and that is over.
func superseded(tx *storage.Tx, j ledger.Job, now time.Time) (bool, error) {
	if j.Kind != ledger.Inform || !late(j, now) {
		return false, nil
	}
	i, err := loadIncident(tx, j.Incident)
	if err != nil {
		return false, err
	}
	useful := func(x ledger.Job) bool {
		if i.Status.Hurting() {
			return true
		}
		e, err := loadEvent(tx, x.Incident, x.Seq)
		return err == nil && e.Kind == incident.KindNote
	}
	if !useful(j) {
		return true, nil
	}
	for key, value := range tx.Scan(ledger.OutboxPrefix(j.Incident)) {
		var x ledger.Job
		if err := json.Unmarshal(value, &x); err != nil {
			return false, fmt.Errorf("read %s: %v", key, err)
		}
		if x.Kind == j.Kind && x.Person == j.Person && x.Target == j.Target && x.Seq > j.Seq && useful(x) {
			return true, nil
		}
	}
	return false, nil
}

// interested are the people and the channels that stakeholders stand for, as jobs.
func (w *work) interested(targets []rotation.Target) []ledger.Job {
	var list []ledger.Job
	var people []rotation.Target
	for _, t := range targets {
		if t.Kind == rotation.TargetChannel {
			list = append(list, ledger.Job{Target: t.ID})
		} else {
			people = append(people, t)
		}
	}
	for _, id := range w.who.Targeted(people, w.Now) {
		list = append(list, ledger.Job{Person: string(incident.Person(id))})
	}
	return slices.Clip(list[:min(len(list), stakeholdersMost)])
}
