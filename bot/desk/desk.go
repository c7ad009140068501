// Package desk is what people, alerts and timers can do to incidents: one
// method for each, one transaction each. It is the only writer of records;
// keys and record shapes live here and nowhere else.
//
// Its nouns are [Desk], [Caller], [Act] and [Job]. An act loads what is
// concerned, asks the pure packages what follows, and commits the new state,
// the timeline and the [Job]s for the outside world together. It never calls
// Slack, a provider or anything else that can be slow: jobs are carried out by
// whoever takes them with [Desk.Take], and the outcome is brought back with
// [Desk.Done].
package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Options are what the desk is told once, at its start.
type Options struct {
	AnnounceChannel string         // where incidents are announced; name or ID
	Zone            *time.Location // where the business is; nil: UTC
	Vias            []string       // the ways pages can leave, besides slack
	Reports         []string       // those of them that say when they have delivered
	Weekly          Weekly         // when everybody on call is paged as a test
	Push            Push           // where pages by push go
}

// Desk decides and records. Its methods may be called concurrently.
type Desk struct {
	db     *storage.DB
	opt    Options
	people atomic.Pointer[directory]
	topics []byte // the key from which topics for push are made; set by Open

	refused  atomic.Bool               // the store refused the commit of an act, and has not been seen to work since
	applying sync.Mutex                // held while a roster is being applied
	watch    watch                     // the next hand-overs; locked after applying
	before   atomic.Pointer[directory] // an earlier roster, as a cache

	mu    sync.Mutex
	fresh []Job // committed and not yet taken
	due   bool  // the due queue has changed since the last look

	jobsReady chan struct{} // holds a token while fresh is not empty
	dueReady  chan struct{} // holds a token while due is set
}

// Open returns a desk over db, with the roster and the links of people that
// were stored last.
func Open(ctx context.Context, db *storage.DB, opt Options) (*Desk, error) {
	d := &Desk{db: db, opt: opt, jobsReady: make(chan struct{}, 1), dueReady: make(chan struct{}, 1)}
	if opt.AnnounceChannel == "" {
		d.opt.AnnounceChannel = "incidents"
	}
	if err := errors.Join(d.loadDirectory(ctx), d.loadTopics(ctx)); err != nil {
		return nil, err
	}
	now := instant()
	return d, errors.Join(d.startSweeping(ctx, now), d.startRoster(ctx, now), d.startWeekly(ctx, now))
}

// Caller says who acts, and how the same request is recognised when it comes
// twice.
type Caller struct {
	Actor    incident.Actor
	Key      string // unique for the request, such as a trigger_id; empty means it cannot come twice
	ReplyURL string // where the caller is answered later (Slack: response_url); may be empty
}

// Answer is what became of an act.
type Answer struct {
	Incident incident.Incident
	Papers   Papers
	Notes    []string // what the caller should know besides, in words
	Repeated bool     // the same request had been carried out before; nothing was done now
}

// instant is the one reading of the clock of an act.
func instant() time.Time { return time.Now().UTC().Round(0) }

// work is one act inside its transaction.
type work struct {
	d      *Desk
	tx     *storage.Tx
	now    time.Time
	who    *directory
	caller Caller

	inc       incident.Incident
	papers    Papers
	found     Papers // as they were loaded
	jobs      []Job
	due       bool
	notes     []string
	noChannel bool                 // what is declared gets none
	held      map[string]time.Time // sends that wait for a bundle, and until when
}

// act runs f in a transaction on incident n, or on none yet when n is 0. A
// request whose key has been seen is not run again: the answer is the incident
// as it stands.
func (d *Desk) act(ctx context.Context, c Caller, n int, f func(*work) error) (Answer, error) {
	var w *work
	var repeated, decided bool
	err := d.db.Update(ctx, func(tx *storage.Tx) (err error) {
		defer func() { decided = err == nil }()
		w = &work{d: d, tx: tx, now: instant(), who: d.people.Load(), caller: c}
		repeated = false
		if earlier, ok, err := w.seen(c.Key); err != nil {
			return err
		} else if ok {
			repeated = true
			return w.open(earlier)
		}
		if n > 0 {
			if err := w.open(n); err != nil {
				return err
			}
		}
		if err := f(w); err != nil {
			return err
		}
		if err := w.remember(c.Key); err != nil {
			return err
		}
		return w.savePapers()
	})
	if err != nil {
		if decided && ctx.Err() == nil { // not the act's fault
			d.refused.Store(true)
		}
		return Answer{}, err
	}
	d.committed(w)
	return Answer{Incident: w.inc, Papers: w.papers, Notes: w.notes, Repeated: repeated}, nil
}

// committed hands on what the transaction decided. Only now may anything leave.
func (d *Desk) committed(w *work) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(w.jobs) > 0 {
		d.fresh = append(d.fresh, w.jobs...)
		signal(d.jobsReady)
	}
	if w.due {
		d.due = true
		signal(d.dueReady)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// open loads the incident and its papers. A private incident exists only for
// those who may see it; the program itself may see all.
func (w *work) open(n int) error {
	inc, err := loadIncident(w.tx, n)
	if errors.Is(err, storage.ErrNotFound) || err == nil && w.caller.Actor.Human() && !maySee(inc, w.caller.Actor) {
		return noSuch(n)
	}
	if err != nil {
		return err
	}
	papers, err := loadPapers(w.tx, n)
	if err != nil {
		return err
	}
	w.inc, w.papers, w.found = inc, papers, papers
	w.papers.Invited = slices.Clip(papers.Invited)
	w.papers.Trouble = maps.Clone(papers.Trouble)
	w.papers.Pings = slices.Clip(papers.Pings)
	return nil
}

func noSuch(n int) error {
	return &incident.Refusal{Why: fmt.Sprintf("There is no %s.", incident.Name(n)), Next: "`list` shows the open ones."}
}

// maySee is the one filter for private incidents.
func maySee(i incident.Incident, who incident.Actor) bool {
	kind, _ := who.Split()
	return kind == "admin" || who == incident.Bot || i.Sees(who)
}

// apply records a change: the events, the state, and what must happen outside.
func (w *work) apply(c incident.Change) error {
	for _, e := range c.Events {
		if err := saveEvent(w.tx, c.Incident.Number, e); err != nil {
			return err
		}
	}
	if err := w.index(w.inc, c.Incident); err != nil {
		return err
	}
	w.inc = c.Incident
	if err := saveIncident(w.tx, w.inc); err != nil {
		return err
	}
	for _, e := range c.Effects {
		if err := w.effect(e); err != nil {
			return err
		}
	}
	return nil
}

// index keeps the keys by which incidents are found.
func (w *work) index(old, new incident.Incident) error {
	if new.Status.Active() != old.Status.Active() || old.Number == 0 {
		if new.Status.Active() {
			if err := w.tx.Put(openKey(new.Number), nil); err != nil {
				return err
			}
		} else if err := w.tx.Delete(openKey(new.Number)); err != nil {
			return err
		}
	}
	if new.Channel != old.Channel {
		return storage.Save(w.tx, channelKey(new.Channel), numberRecord{V: 1, Incident: new.Number})
	}
	return nil
}

// effect turns what the incident decided into jobs, or into a change of its
// escalation.
func (w *work) effect(e incident.Effect) error {
	switch e.Kind {
	case incident.StartPaging:
		return w.startPaging()
	case incident.StopPaging:
		return w.stopPaging()
	case incident.RaisePaging:
		return w.raisePaging()
	case incident.LowerPaging:
		return w.lowerPaging()
	case incident.CloseAsks:
		if err := w.tellPinged(pingsMost); err != nil {
			return err
		}
		return w.job(Job{Kind: JobAsks})
	case incident.OpenChannel:
		if w.noChannel {
			w.papers.ChannelGivenUp, w.papers.Drill = true, true
			return nil
		}
		return w.openChannel()
	case incident.RefreshCard:
		return w.job(Job{Kind: JobCard})
	case incident.RefreshTopic:
		return w.job(Job{Kind: JobTopic, NotBefore: w.now.Add(topicSettles)})
	case incident.RefreshAnnounce:
		return w.announce()
	case incident.Invite:
		return w.job(Job{Kind: JobInvite})
	case incident.Say:
		return w.job(Job{Kind: JobSay, Seq: e.Seq})
	case incident.DraftPostmortem:
		if err := w.job(Job{Kind: JobPostmortem, Seq: w.inc.Events, Person: w.caller.Actor}); err != nil {
			return err
		}
		return w.job(Job{Kind: JobPostmortemFile, Seq: w.inc.Events, Person: w.caller.Actor})
	default:
		return fmt.Errorf("effect %s of %s: nobody carries it out", e.Kind, w.inc.Name())
	}
}

// topicSettles is how long a topic waits for further changes: Slack posts a line in
// the channel for each setting.
const topicSettles = 10 * time.Second

// openChannel asks for everything that stands around a new incident. The name
// of the channel is decided here: a title that changes before the channel stands
// must not lead to a second one.
func (w *work) openChannel() error {
	jobs := []Job{{Kind: JobChannel, Text: w.inc.Title}, {Kind: JobCard}, {Kind: JobTopic}, {Kind: JobPurpose}}
	if w.caller.ReplyURL != "" {
		jobs = append(jobs, Job{Kind: JobAnswer, Person: w.caller.Actor, ReplyURL: w.caller.ReplyURL})
	}
	for _, j := range jobs {
		if err := w.job(j); err != nil {
			return err
		}
	}
	return w.announce()
}

// announce keeps the line for everybody, for an incident that is everybody's.
func (w *work) announce() error {
	if w.inc.Private || w.inc.Test {
		return nil
	}
	return w.job(Job{Kind: JobAnnounce})
}

// refusal builds an error in words for a person.
func refusal(next, format string, args ...any) error {
	return &incident.Refusal{Why: fmt.Sprintf(format, args...), Next: next}
}

// service returns the roster's service with that ID, if there is one.
func (w *work) service(id string) (*rotation.Service, bool) {
	if id == "" {
		return nil, false
	}
	return w.who.roster.Service(id)
}
