package desk

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/storage"
)

const reviewPrefix = "review/"

func reviewKey(n int) string { return reviewPrefix + ledger.Number(n) }

// reviewRecord is a post-mortem that is required and not published yet, or may have to be
// corrected, with whom it waits for.
type reviewRecord struct {
	V        int                          `json:"v"`
	Since    time.Time                    `json:"since"` // when the incident was resolved
	Draft    time.Time                    `json:"draft,omitzero"`
	Publish  time.Time                    `json:"publish,omitzero"`
	Writer   incident.Actor               `json:"writer,omitempty"`   // who writes it, or is asked whether they do
	Knowing  []incident.Actor             `json:"knowing,omitempty"`  // who could know an answer, besides
	Reminded map[incident.Actor]time.Time `json:"reminded,omitempty"` // when each was asked last
	Corrects bool                         `json:"corrects,omitempty"` // it is published, and it hurt again since: Writer is asked once whether it holds
}

// next is when somebody is asked next; zero: never. Whoever could know an answer is asked
// once; whoever writes the document is reminded until it is published.
func (r reviewRecord) next(who incident.Actor, zone *time.Location) time.Time {
	switch {
	case r.Corrects && !r.Reminded[who].IsZero():
		return time.Time{}
	case who == r.Writer:
		return incident.ReviewAt(r.Since, r.Draft, r.Publish, r.Reminded[who], zone)
	case slices.Contains(r.Knowing, who) && r.Reminded[who].IsZero():
		return incident.ReviewAt(r.Since, time.Time{}, time.Time{}, time.Time{}, zone)
	default:
		return time.Time{}
	}
}

// asks are all whom the record names.
func (r reviewRecord) asks() []incident.Actor {
	list := slices.Clone(r.Knowing)
	if r.Writer != "" && !slices.Contains(list, r.Writer) {
		list = append(list, r.Writer)
	}
	return list
}

// reviewKinds are the kinds of events after which a document waits for somebody else, or
// for nobody any more.
var reviewKinds = []incident.Kind{incident.KindResolved, incident.KindReopened, incident.KindInvestigate, incident.KindMitigating, incident.KindMitigated,
	incident.KindCancelled, incident.KindMerged, incident.KindReviewer, incident.KindWaived, incident.KindAnswered, incident.KindPublished, incident.KindSeverity}

// reviewing keeps the record of the post-mortem after a change.
func (w *work) reviewing(c incident.Change) error {
	if !slices.ContainsFunc(c.Events, func(e incident.Event) bool { return slices.Contains(reviewKinds, e.Kind) }) {
		return nil
	}
	key := reviewKey(w.inc.Number)
	r, known, err := ledger.Load[reviewRecord](w.Tx.Tx, key)
	if err != nil {
		return err
	}
	state := w.inc.PostmortemState()
	waits := state == incident.PostmortemDraft || state == incident.PostmortemInReview
	over := w.inc.Status == incident.Resolved || w.inc.Status == incident.Closed
	var doc postmortem.Document
	r.Corrects = over && !w.inc.Test && state == incident.PostmortemPublished && w.inc.Postmortem.Published.Before(w.inc.Resolved)
	if waits = waits && over && !w.inc.Test; waits {
		if doc, err = w.draft(); err != nil {
			return err
		}
		doc = doc.Reaching(w.inSlack)
		waits = doc.Due.Required
	}
	if !waits && !r.Corrects {
		if !known {
			return nil
		}
		return w.Delete(key)
	}
	r.V, r.Since, r.Draft, r.Publish = 1, w.inc.Resolved, doc.Due.Draft, doc.Due.Publish
	r.Writer = cmp.Or(w.inc.Reviewer, w.inc.Tends())
	r.Knowing = slices.DeleteFunc(doc.Knowing(), func(a incident.Actor) bool { return a == r.Writer })
	r.notAhead(w.Now)
	if err := w.Save(key, r); err != nil {
		return err
	}
	for _, who := range r.asks() {
		if err := w.planMorning(string(who), r.next(who, w.zoneOf(who))); err != nil {
			return err
		}
	}
	return nil
}

// dueReviews are the documents that want something of somebody.
func (m *morning) dueReviews(who incident.Actor) ([]matter, error) {
	var list []matter
	reviews, err := reviewsOf(m.Tx.Tx, who)
	if err != nil {
		return nil, err
	}
	for _, n := range slices.Sorted(maps.Keys(reviews)) {
		r := reviews[n]
		list = append(list, matter{r.next(who, m.zone), r.Reminded[who], func() (time.Time, bool, error) {
			if r.Reminded == nil {
				r.Reminded = map[incident.Actor]time.Time{}
			}
			r.Reminded[who] = m.Now
			return r.next(who, m.zone), true, m.Save(reviewKey(n), r)
		}})
	}
	return list, nil
}

// passReviews asks whoever was there last, or leads the owning team, to write what
// somebody was to write who is not in Slack any more, and whoever writes it what they
// could have known.
func (w *work) passReviews(who incident.Actor) error {
	waiting, err := reviewsOf(w.Tx.Tx, who)
	if err != nil {
		return err
	}
	for n, r := range waiting {
		i, err := loadIncident(w.Tx.Tx, n)
		if err != nil {
			return err
		}
		next := r.Writer
		if r.Writer == who {
			next = w.instead(i)
		}
		r.Knowing = slices.DeleteFunc(r.Knowing, func(a incident.Actor) bool { return a == who || a == next })
		if next == "" {
			continue
		}
		r.Writer = next
		if err := errors.Join(w.Save(reviewKey(n), r), w.planMorning(string(next), r.next(next, w.zoneOf(next)))); err != nil {
			return err
		}
	}
	return nil
}

// instead is who is asked of an incident where somebody who was to be is not in Slack any
// more; empty: nobody is there.
func (w *work) instead(i incident.Incident) incident.Actor {
	all := i.Tending()
	if t, ok := w.who.Roster.TeamOf(i.Service); ok && t.Lead != "" {
		all = append(all, incident.Person(t.Lead))
	}
	for _, a := range all {
		if w.inSlack(a) && w.d.sees(i, a) {
			return a
		}
	}
	return ""
}

// reviewsOf are the documents that wait for somebody, by incident.
func reviewsOf(tx *storage.Tx, who incident.Actor) (map[int]reviewRecord, error) {
	list := map[int]reviewRecord{}
	for key, value := range tx.Scan(reviewPrefix) {
		var r reviewRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		if slices.Contains(r.asks(), who) {
			list[ledger.LastNumber(key)] = r
		}
	}
	return list, tx.Err()
}

// Wanted is what a post-mortem wants of somebody.
type Wanted struct {
	Incident  incident.Incident
	Document  postmortem.Document
	Writes    bool                  // they write it
	Proposed  bool                  // nobody does, and they are asked whether they do
	Corrects  bool                  // they are asked whether what is published needs a correction
	Questions []postmortem.Question // that they are asked
}

// wantedNow is what a job asks for, as it stands: what was answered, or what somebody else
// has taken since, is not among it.
func (d *Desk) wantedNow(tx *storage.Tx, j ledger.Job) ([]Wanted, error) {
	who := incident.Actor(j.Person)
	waiting, err := reviewsOf(tx, who)
	if err != nil {
		return nil, err
	}
	var list []Wanted
	for _, n := range slices.Sorted(maps.Keys(waiting)) {
		if !waiting[n].Reminded[who].Equal(j.Created) {
			continue
		}
		i, err := loadIncident(tx, n)
		if err != nil {
			return nil, err
		}
		if !d.sees(i, who) {
			continue
		}
		events, err := timeline(tx, n)
		if err != nil {
			return nil, err
		}
		w := Wanted{Incident: i, Document: postmortem.New(i, events, documentContext(d.oncall.Current(), around{}, i, d.opt.Zone)),
			Writes: i.Reviewer == who, Proposed: i.Reviewer != who && waiting[n].Writer == who}
		if waiting[n].Corrects {
			list = append(list, Wanted{Incident: i, Document: w.Document, Corrects: true})
			continue
		}
		w.Document = w.Document.Reaching(d.toldInSlack)
		if w.Questions = w.Document.For(who, w.Writes || w.Proposed); w.Writes || w.Proposed || len(w.Questions) > 0 {
			list = append(list, w)
		}
	}
	return list, nil
}

// notAsked takes back that somebody was asked whom a message could not reach.
func (w *work) notAsked(j ledger.Job) error {
	who := incident.Actor(j.Person)
	reviews, err := reviewsOf(w.Tx.Tx, who)
	for n, r := range reviews {
		if !r.Reminded[who].Equal(j.Created) {
			continue
		}
		delete(r.Reminded, who)
		if err := w.Save(reviewKey(n), r); err != nil {
			return err
		}
	}
	return err
}
