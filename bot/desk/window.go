package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// windowRecord is what has left and what waits for one person and one way.
type windowRecord struct {
	V      int               `json:"v"`
	Window escalation.Window `json:"window"`
	Recent []time.Time       `json:"recent,omitempty"` // when messages left, as far back as escalation.Recent
}

func windowKey(person, via string) string { return "window/" + person + "/" + via }

func wayPrefix(person, via string) string { return "way/" + person + "/" + via + "/" }

func wayKey(j Job) string {
	_, person := j.Person.Split()
	return wayPrefix(person, j.Via) + number(j.Incident) + "/" + number(j.Number)
}

// at returns the record as it is at now: bundles whose time has come have left.
func (r windowRecord) at(via string, now time.Time) windowRecord {
	for {
		due, ok := r.Window.Due()
		if !ok || due.After(now) {
			break
		}
		r = r.recent(due)
		r.Window, _ = r.Window.Flush(due, escalation.Throttle(via, len(r.Recent)))
		r.Recent = append(r.Recent, due)
	}
	return r.recent(now)
}

// recent forgets what left too long ago to count.
func (r windowRecord) recent(now time.Time) windowRecord {
	r.Recent = slices.DeleteFunc(slices.Clone(r.Recent), func(t time.Time) bool { return now.Sub(t) > escalation.Recent })
	return r
}

func (w *work) window(person, via string) (windowRecord, error) {
	r, err := storage.Load[windowRecord](w.tx, windowKey(person, via))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return r, err
	}
	r.V = 1
	return r.at(via, w.now), nil
}

// hold decides when a page by another way than Slack leaves: the first to a
// person at once, those that follow together with others. In Slack none waits.
func (w *work) hold(j *Job) error {
	if j.Kind != JobPage {
		return nil
	}
	if !j.ByWay() {
		return w.gather(j)
	}
	_, person := j.Person.Split()
	r, err := w.window(person, j.Via)
	if err != nil {
		return err
	}
	next, leaves := r.Window.Add(w.inc.Name(), w.now, escalation.Throttle(j.Via, len(r.Recent)))
	r.Window = next
	if len(leaves) > 0 {
		r.Recent = append(r.Recent, w.now)
	} else {
		j.NotBefore = next.Until
		if w.held == nil {
			w.held = map[string]time.Time{}
		}
		w.held[j.Send] = next.Until
	}
	if err := storage.Save(w.tx, windowKey(person, j.Via), r); err != nil {
		return err
	}
	return w.tx.Put(wayKey(*j), nil)
}

// heldBack tells a page which of its sends wait for a bundle.
func (w *work) heldBack(p escalation.Page) escalation.Page {
	for send, until := range w.held {
		p = p.Held(send, until)
	}
	return p
}

// takenBack undoes hold for a page that is not to leave any more.
func (w *work) takenBack(j Job) error {
	if j.Kind != JobPage || !j.ByWay() {
		return nil
	}
	_, person := j.Person.Split()
	r, err := w.window(person, j.Via)
	if err != nil {
		return err
	}
	r.Window = r.Window.Drop(w.inc.Name())
	if err := storage.Save(w.tx, windowKey(person, j.Via), r); err != nil {
		return err
	}
	return w.unlist(j)
}

// takeBack makes the pages of the ladder void that have not left yet. Those that
// wait for a bundle leave it at once, as far as one transaction holds them; the
// others are dropped when their turn comes.
func (w *work) takeBack() error {
	w.papers.TakenBack = w.papers.Jobs
	held := 0
	for key, value := range w.tx.Scan("outbox/" + number(w.inc.Number) + "/") {
		var j Job
		if err := json.Unmarshal(value, &j); err != nil {
			return fmt.Errorf("read %s: %v", key, err)
		}
		if !j.isPage() || !j.void(w.inc, w.papers) || !j.NotBefore.After(w.now) {
			continue
		}
		if held++; held > heldMost {
			break
		}
		if err := errors.Join(w.tx.Delete(key), w.takenBack(j)); err != nil {
			return err
		}
	}
	return nil
}

// heldMost is how many waiting pages are taken out of their bundles at once:
// each is three changes of the transaction.
const heldMost = 15

// unlist takes a page off the list of what waits for its person and way.
func (w *work) unlist(j Job) error {
	if j.Kind != JobPage || !j.ByWay() {
		return nil
	}
	return w.tx.Delete(wayKey(j))
}

// Paged is one page of a message, with the incident that it is about.
type Paged struct {
	Job   Job
	Brief Brief
}

// Bundle returns the pages that leave together with j: those to the same
// person by the same way that may leave at now, at most one for an incident, in
// the order of the incidents. It is empty when j has left already, and a Retry
// when it was taken back meanwhile, so that it is looked at again.
func (d *Desk) Bundle(ctx context.Context, j Job, now time.Time) ([]Paged, error) {
	var jobs []Job
	left, found := false, false
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		_, person := j.Person.Split()
		if _, err := tx.Get(wayKey(j)); err != nil {
			if left = errors.Is(err, storage.ErrNotFound); left {
				return nil
			}
			return err
		}
		for key := range tx.Scan(wayPrefix(person, j.Via)) {
			other, err := waitingJob(tx, key)
			if errors.Is(err, storage.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if void, err := isVoid(tx, other); err != nil || void {
				if err != nil {
					return err
				}
				continue
			}
			found = found || other.Key() == j.Key()
			if !other.NotBefore.After(now) || other.Key() == j.Key() {
				jobs = append(jobs, other)
			}
		}
		return nil
	})
	if err != nil || left {
		return nil, err
	}
	if !found {
		return nil, &Retry{Cause: errors.New("taken back meanwhile")}
	}
	list := make([]Paged, 0, len(jobs))
	for _, other := range jobs {
		b, err := d.Brief(ctx, other.Incident)
		if err != nil {
			return nil, err
		}
		list = append(list, Paged{Job: other, Brief: b})
	}
	return list, nil
}

// InOneMessage says in what company a page is sent; nothing when it is alone. A
// private incident is not named, since others read it.
func InOneMessage(list []Brief) string {
	var names []string
	others := false
	for _, b := range list {
		switch name := b.Incident.Name(); {
		case b.Incident.Private || len(names) == 8:
			others = true
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	if others {
		names = append(names, "others")
	}
	if len(names) < 2 {
		return ""
	}
	return "in one message about " + strings.Join(names, ", ")
}

// isVoid reports whether a job was taken back.
func isVoid(tx *storage.Tx, j Job) (bool, error) {
	i, err := loadIncident(tx, j.Incident)
	if err != nil {
		return false, err
	}
	p, err := loadPapers(tx, j.Incident)
	return j.void(i, p), err
}

// waitingJob loads the job that a key of the index points to.
func waitingJob(tx *storage.Tx, key string) (Job, error) {
	parts := strings.Split(key, "/")
	value, err := tx.Get("outbox/" + strings.Join(parts[len(parts)-2:], "/"))
	if err != nil {
		return Job{}, err
	}
	var j Job
	if err := json.Unmarshal(value, &j); err != nil {
		return Job{}, fmt.Errorf("read %s: %v", key, err)
	}
	return j, nil
}

// Person returns who is in the roster under an actor's ID.
func (d *Desk) Person(a incident.Actor) (id string, ok bool) {
	kind, id := a.Split()
	_, ok = d.Roster().Person(id)
	return id, ok && kind == "person"
}
