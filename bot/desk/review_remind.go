package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

const (
	reviewPrefix = "review/"  // of the records, by incident
	reviewsName  = "reviews/" // of the wake-ups, by whoever is asked
)

func reviewKey(n int) string { return reviewPrefix + ledger.Number(n) }

// reviewRecord is a post-mortem that is required and not published yet, with whom it waits
// for.
type reviewRecord struct {
	V        int                          `json:"v"`
	Since    time.Time                    `json:"since"` // when the incident was resolved
	Draft    time.Time                    `json:"draft,omitzero"`
	Publish  time.Time                    `json:"publish,omitzero"`
	Writer   incident.Actor               `json:"writer,omitempty"`   // who writes it, or is asked whether they do
	Knowing  []incident.Actor             `json:"knowing,omitempty"`  // who could know an answer, besides
	Reminded map[incident.Actor]time.Time `json:"reminded,omitempty"` // when each was asked last
}

// next is when somebody is asked next; zero: never. Whoever could know an answer is asked
// once; whoever writes the document is reminded until it is published.
func (r reviewRecord) next(who incident.Actor, zone *time.Location) time.Time {
	switch {
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
	if waits = waits && over && !w.inc.Test; waits {
		if doc, err = w.draft(); err != nil {
			return err
		}
		waits = doc.Due.Required
	}
	if !waits {
		if !known {
			return nil
		}
		return w.Delete(key)
	}
	r.V, r.Since, r.Draft, r.Publish = 1, w.inc.Resolved, doc.Due.Draft, doc.Due.Publish
	r.Writer = cmp.Or(w.inc.Reviewer, w.inc.Tends())
	r.Knowing = slices.DeleteFunc(doc.Knowing(), func(a incident.Actor) bool { return a == r.Writer })
	if err := w.Save(key, r); err != nil {
		return err
	}
	for _, who := range r.asks() {
		if err := w.planReview(who, r.next(who, w.zoneOf(who))); err != nil {
			return err
		}
	}
	return nil
}

// planReview sees to it that somebody is looked at in time.
func (w *work) planReview(who incident.Actor, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	due, planned, err := w.Due(reviewsName + string(who))
	if err != nil || planned && !at.Before(due) {
		return err
	}
	return w.Wake(reviewsName+string(who), at)
}

// tickReviews asks somebody, with one message, for what all post-mortems want of them.
func (d *Desk) tickReviews(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		return w.askReviews(incident.Actor(strings.TrimPrefix(name, reviewsName)))
	})
}

func (w *work) askReviews(who incident.Actor) error {
	name, zone := reviewsName+string(who), w.zoneOf(who)
	if err := w.Sleep(name); err != nil {
		return err
	}
	if w.who.SlackOf(who) == "" {
		return w.passReviews(who)
	}
	if at := incident.AskIdleAt(w.Now, zone); at.After(w.Now) { // the bot was away when it was due
		return w.planReview(who, at)
	}
	if rests, err := w.rests(who); err != nil || rests {
		return errors.Join(err, w.planReview(who, tomorrow(w.Now, zone)))
	}
	var next time.Time
	told := false
	waiting, err := reviewsOf(w.Tx.Tx, who)
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(waiting)) {
		r := waiting[n]
		at := r.next(who, zone)
		if !at.IsZero() && !at.After(w.Now) {
			if r.Reminded == nil {
				r.Reminded = map[incident.Actor]time.Time{}
			}
			r.Reminded[who], told = w.Now, true
			if err := w.Save(reviewKey(n), r); err != nil {
				return err
			}
			at = r.next(who, zone)
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if told {
		if _, err := w.AddApart(ledger.Job{Kind: ledger.Reviews, Person: string(who)}); err != nil {
			return err
		}
		if err := w.nag(report.Nags{About: report.AboutReviews, Sent: 1}); err != nil {
			return err
		}
	}
	return w.planReview(who, next)
}

// passReviews asks whoever was there last, or leads the owning team, to write what
// somebody was to write who is not in Slack any more.
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
		next := i.Tends()
		if t, ok := w.who.Roster.TeamOf(i.Service); ok && w.who.SlackOf(next) == "" {
			next = incident.Person(t.Lead)
		}
		if r.Writer != who || w.who.SlackOf(next) == "" || !w.d.sees(i, next) {
			continue
		}
		r.Writer = next
		if err := errors.Join(w.Save(reviewKey(n), r), w.planReview(next, r.next(next, w.zoneOf(next)))); err != nil {
			return err
		}
	}
	return nil
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
		if w.Questions = w.Document.For(who, w.Writes || w.Proposed); w.Writes || w.Proposed || len(w.Questions) > 0 {
			list = append(list, w)
		}
	}
	return list, nil
}

// notAsked has somebody asked the next morning whom a message could not reach.
func (w *work) notAsked(j ledger.Job) error {
	who := incident.Actor(j.Person)
	waiting, err := reviewsOf(w.Tx.Tx, who)
	if err != nil {
		return err
	}
	for n, r := range waiting {
		if !r.Reminded[who].Equal(j.Created) {
			continue
		}
		delete(r.Reminded, who)
		if err := w.Save(reviewKey(n), r); err != nil {
			return err
		}
	}
	return w.planReview(who, tomorrow(w.Now, w.zoneOf(who)))
}
