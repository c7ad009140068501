package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// digestRecord is what has left and what waits for one person and one way.
type digestRecord struct {
	V      int               `json:"v"`
	Window escalation.Digest `json:"window"`
	Recent []time.Time       `json:"recent,omitempty"` // when messages left, as far back as escalation.Recent
}

func methodDigestKey(person, via string) string { return "window/" + person + "/" + via }

func waitingPrefix(person, via string) string { return "way/" + person + "/" + via + "/" }

func waitingKey(j ledger.Job) string {
	_, person := incident.Actor(j.Person).Split()
	return waitingPrefix(person, j.Via) + ledger.Number(j.Incident) + "/" + ledger.Number(j.Number)
}

// at returns the record as it is at now: bundles whose time has come have left. What
// a clock noted that was ahead, and has been set back since, holds nothing up.
func (r digestRecord) at(via string, now time.Time) digestRecord {
	if r.Window.Until.Sub(now) > escalation.Throttle(via, math.MaxInt) {
		r.Window.Until = now
		r.Recent = slices.DeleteFunc(slices.Clone(r.Recent), now.Before)
	}
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
func (r digestRecord) recent(now time.Time) digestRecord {
	r.Recent = slices.DeleteFunc(slices.Clone(r.Recent), func(t time.Time) bool { return now.Sub(t) > escalation.Recent })
	return r
}

func (w *work) window(person, via string) (digestRecord, error) {
	r, _, err := ledger.Load[digestRecord](w.Tx.Tx, methodDigestKey(person, via))
	if err != nil {
		return r, err
	}
	r.V = 1
	return r.at(via, w.Now), nil
}

// hold decides when a page by another way than Slack leaves: the first to a
// person at once, those that follow together with others. In Slack none waits, and
// neither does a page by hand.
func (w *work) hold(j *ledger.Job) error {
	if j.Kind != ledger.Notify {
		return nil
	}
	if !j.ByMethod() {
		return w.placeInSlack(j)
	}
	if j.Text != "" {
		return nil // words of a colleague neither wait nor share a message
	}
	_, person := incident.Actor(j.Person).Split()
	r, err := w.window(person, j.Via)
	if err != nil {
		return err
	}
	next, leaves := r.Window.Add(w.inc.Name(), w.Now, escalation.Throttle(j.Via, len(r.Recent)))
	r.Window = next
	if len(leaves) > 0 {
		r.Recent = append(r.Recent, w.Now)
	} else {
		j.NotBefore = next.Until
		if w.held == nil {
			w.held = map[string]time.Time{}
		}
		w.held[j.Send] = next.Until
	}
	if err := w.Save(methodDigestKey(person, j.Via), r); err != nil {
		return err
	}
	return w.Put(waitingKey(*j), nil)
}

// heldBack tells a page which of its sends wait for a bundle.
func (w *work) heldBack(p escalation.Escalation) escalation.Escalation {
	for send, until := range w.held {
		p = p.Held(send, until)
	}
	return p
}

// takenBack undoes hold for a page that is not to leave any more.
func (w *work) takenBack(j ledger.Job) error {
	if j.Kind != ledger.Notify || !j.ByMethod() || j.Text != "" {
		return nil
	}
	_, person := incident.Actor(j.Person).Split()
	r, err := w.window(person, j.Via)
	if err != nil {
		return err
	}
	r.Window = r.Window.Drop(w.inc.Name())
	if err := w.Save(methodDigestKey(person, j.Via), r); err != nil {
		return err
	}
	return w.unlist(j)
}

// takeBack makes the notifications of the escalation void that have not left yet. Those that
// wait for a bundle leave it at once, as far as one transaction holds them; the
// others are dropped when their turn comes.
func (w *work) takeBack() error {
	w.artifacts.TakenBack = w.artifacts.Jobs
	if w.artifacts.Jobs == 0 {
		return nil // there was none
	}
	held := 0
	for key, value := range w.Scan(ledger.OutboxPrefix(w.inc.Number)) {
		var j ledger.Job
		if err := json.Unmarshal(value, &j); err != nil {
			return fmt.Errorf("read %s: %v", key, err)
		}
		if !j.Asks() || !taken(j, w.inc, w.artifacts) || !j.NotBefore.After(w.Now) {
			continue
		}
		if held++; held > heldMost {
			break
		}
		if err := errors.Join(w.Delete(key), w.takenBack(j)); err != nil {
			return err
		}
	}
	return nil
}

// heldMost is how many waiting pages are taken out of their bundles at once:
// each is three changes of the transaction.
const heldMost = 15

// unlist takes a page off the list of what waits for its person and way.
func (w *work) unlist(j ledger.Job) error {
	if j.Kind != ledger.Notify || !j.ByMethod() {
		return nil
	}
	return w.Delete(waitingKey(j))
}

// Notification is one notification of a message, with the incident that it is
// about.
type Notification struct {
	Job   ledger.Job
	Brief Brief
}

// leaving returns the notifications that leave together with j: those to the same
// person by the same contact method that may leave at now, in the order of their
// incidents.
func leaving(tx *storage.Tx, j ledger.Job, now time.Time) ([]ledger.Job, error) {
	if j.Text != "" {
		return []ledger.Job{j}, nil // a page by hand is a message of its own
	}
	var jobs []ledger.Job
	_, person := incident.Actor(j.Person).Split()
	for key := range tx.Scan(waitingPrefix(person, j.Via)) {
		other, err := waitingJob(tx, key)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if void, err := isVoid(tx, other); err != nil {
			return nil, err
		} else if void {
			continue
		}
		if !other.NotBefore.After(now) || other.Key() == j.Key() {
			jobs = append(jobs, other)
		}
	}
	return jobs, nil
}

// companyNamed is how many incidents the record of a page in a digest names.
const companyNamed = 8

// InOneMessage says in what company a page is sent; nothing when it is alone.
// Private incidents are left out, since others read it.
func InOneMessage(list []Brief) string {
	var names []string
	others := false
	for _, b := range list {
		switch name := b.Incident.Name(); {
		case b.Incident.Private:
		case len(names) == companyNamed:
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
func isVoid(tx *storage.Tx, j ledger.Job) (bool, error) {
	i, err := loadIncident(tx, j.Incident)
	if err != nil {
		return false, err
	}
	p, err := loadArtifacts(tx, j.Incident)
	return taken(j, i, p) || told(tx, j, i, p), err
}

// waitingJob loads the job that a key of the index points to.
func waitingJob(tx *storage.Tx, key string) (ledger.Job, error) {
	parts := strings.Split(key, "/")
	n, number := ledger.LastNumber(parts[len(parts)-2]), ledger.LastNumber(key)
	return storage.Load[ledger.Job](tx, ledger.JobKey(n, number))
}
