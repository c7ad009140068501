package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// interestedName is the wake-up at which those with an interest are told who did not fit
// into the transaction before.
const interestedName = "stakeholders/"

// interestedMost is how many are told in one transaction, which holds little.
const interestedMost = 30

// informed has the service's stakeholders told of an update. Words for the public are not
// for them.
func (w *work) informed(c incident.Change) error {
	for _, e := range c.Events {
		if e.Kind != incident.KindNote || e.Note != incident.Update {
			continue
		}
		if err := w.tellInterested(e, w.inc.Service, ""); err != nil {
			return err
		}
	}
	return nil
}

// tellInterested has a service's stakeholders told of an event, after one of them: some
// now, and the rest in further transactions. In their order nothing but their names counts,
// so that nobody is told twice or left out where the roster changes in between. Of a private
// incident and of a drill they hear nothing.
func (w *work) tellInterested(e incident.Event, service, after string) error {
	s, ok := w.service(service)
	if !ok || w.inc.Private || w.inc.Test {
		return nil
	}
	list := w.interested(s.Stakeholders)
	slices.SortFunc(list, func(a, b ledger.Job) int { return cmp.Compare(interestedAs(a), interestedAs(b)) })
	list = slices.CompactFunc(list, func(a, b ledger.Job) bool { return interestedAs(a) == interestedAs(b) })
	list = slices.DeleteFunc(list, func(j ledger.Job) bool { return interestedAs(j) <= after })
	for _, j := range list[:min(interestedMost, len(list))] {
		j.Kind, j.Seq = ledger.Inform, e.Seq
		if e.Kind == incident.KindPublished {
			j.Kind, j.Pass = ledger.Published, e.Count
		}
		if err := w.job(j); err != nil {
			return err
		}
	}
	if len(list) <= interestedMost {
		return nil
	}
	return w.Wake(fmt.Sprintf("%s%d/%d/%s/%s", interestedName, w.inc.Number, e.Seq, service, interestedAs(list[interestedMost-1])), w.Now)
}

// interestedAs is whom a job tells, in the order in which they are told.
func interestedAs(j ledger.Job) string {
	if j.Target != "" {
		return "channel:" + j.Target
	}
	return j.Person
}

// tickInterested tells the next of those with an interest.
func (d *Desk) tickInterested(ctx context.Context, name string, now time.Time) error {
	part := strings.SplitN(strings.TrimPrefix(name, interestedName), "/", 4)
	if len(part) < 4 {
		return fmt.Errorf("read wake-up %s: it does not say whom it tells", name)
	}
	n, bad := strconv.Atoi(part[0])
	seq, worse := strconv.Atoi(part[1])
	if err := errors.Join(bad, worse); err != nil {
		return fmt.Errorf("read wake-up %s: %v", name, err)
	}
	_, err := d.actAt(ctx, byBot, now, n, func(w *work) error {
		if err := w.Sleep(name); err != nil {
			return err
		}
		e, err := loadEvent(w.Tx.Tx, n, seq)
		if err != nil {
			return err
		}
		return w.tellInterested(e, part[2], part[3])
	})
	return err
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
	return list
}
