package desk

import (
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
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
		if w.who.Slack(id) != "" {
			list = append(list, ledger.Job{Person: string(incident.Person(id))})
		}
	}
	return slices.Clip(list[:min(len(list), stakeholdersMost)])
}
