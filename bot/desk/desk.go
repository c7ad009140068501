// Package desk is what people, alerts and timers can do to incidents: one
// method for each, one transaction each.
//
// Its nouns are [Desk], [Act], [Task] and [Outcome]. An act loads what is
// concerned, asks the pure packages what follows, and commits the new state, the
// timeline and the jobs for the outside world together. It never calls Slack, a
// provider or anything else that can be slow: whoever carries a job out asks for
// it with [Desk.Begin], which brings everything that is needed in one read, and
// says what came of it with [Desk.Done].
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

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Options are what the desk is told once, at its start.
type Options struct {
	AnnounceChannel string         // where incidents are announced; name or ID
	Zone            *time.Location // where the business is; nil: UTC
	Reports         []string       // the contact methods that say when they have delivered
	Weekly          Weekly         // when everybody on call gets a drill
	Push            Push           // where pushes go
	Files           Files          // how much of what people mark is kept
	Access          Access         // who may do what, where that is not the default
	Trackers        []Tracker      // where follow-ups can be opened as issues
	Forms           []Form         // of the post-mortem; the first that fits an incident is used

	Shelf        Shelf         // where what is archived lies; nil: nothing is archived
	ArchiveAfter time.Duration // how long after its end an incident is; 0: never, but what is archived is read

	// Milestone is told of what happens to incidents, for figures; see [Milestone].
	// It is called when that is durable and must be quick. May be nil.
	Milestone func(Milestone)
}

// Desk decides and records. Its methods may be called concurrently.
type Desk struct {
	// Failures are told of by a reference, in Slack and over HTTP.
	Failures Failures

	ledger    *ledger.Ledger
	oncall    *oncall.Roster
	opt       Options
	opened    time.Time // when the process began
	topics    []byte    // the key from which topics for push are made; set by Open
	newer     sync.Map  // the kinds of jobs of a newer version of which the operators were told
	past      past      // what incidents are compared by
	recent    ledger.Recent[incidentRecord]
	digests   ledger.Recent[Digest]            // messages in Slack that grow
	growing   ledger.Recent[slackDigestRecord] // and how they do
	numbered  int                              // the number that was given last; touched in transactions that write
	climbing  ledger.Recent[escalationRecord]  // of incidents that alerts join
	notified  sync.Map                         // open incidents, by number, of which somebody was told; see firstNotified
	slack     workspace                        // what Slack says about its people
	archiving archiving
	settled   atomic.Int64            // how often a copy of the store was put to work
	hearing   atomic.Pointer[hearing] // nil: it is not recorded yet until when Slack is heard
}

// Open returns a desk that writes into l, for the people of a roster.
func Open(ctx context.Context, l *ledger.Ledger, people *oncall.Roster, opt Options) (*Desk, error) {
	d := &Desk{ledger: l, oncall: people, opt: opt, opened: ledger.Instant()}
	d.archiving.wake = make(chan struct{}, 1)
	if opt.Zone == nil {
		d.opt.Zone = time.UTC
	}
	if opt.AnnounceChannel == "" {
		d.opt.AnnounceChannel = "incidents"
	}
	if err := errors.Join(d.settle(ctx), d.loadTopics(ctx), d.loadWorkspace(ctx)); err != nil {
		return nil, err
	}
	l.Handle("escalation/", d.tickEscalation)
	l.Handle("promise/", d.tickPromises)
	l.Handle("weekly", d.tickWeekly)
	l.Handle("drill/", d.tickDrill)
	l.Handle("tryout/", d.forgetTestPage)
	l.Handle("grant/", d.forgetGrant)
	l.Handle("tidy", d.tidy)
	for _, name := range append(morningNamesBefore, morningName) {
		l.Handle(name, d.tickMorning)
	}
	l.Handle("raise/", d.tickRaise)
	l.Handle(interestedName, d.tickInterested)
	l.Handle(nightsName, d.tickNights)
	l.Handle(nightName, d.tickNight)
	l.Handle(weekName, d.tickWeek)
	l.Handle(monthName, d.tickMonth)
	l.Handle(exportsPrefix, d.tickExports)
	l.Handle(foldedName, d.tickRefold)
	l.Handle(archiveName, d.tickArchive)
	l.WhenClockSet(d.clockSet)
	l.Along(d.keepHeard)
	return d, errors.Join(d.startWeekly(ctx), d.startTidying(ctx), d.startNights(ctx), d.fillFollowUps(ctx), d.startExports(ctx), d.startWeek(ctx), d.startMonth(ctx), d.startRefold(ctx), d.startArchiving(ctx), d.mendAhead(ctx))
}

// Caller says who acts, and how the same request is recognised when it comes
// twice.
type Caller = oncall.Caller

// byBot is the program acting by itself.
var byBot = Caller{Actor: incident.Bot}

// Answer is what became of an act.
type Answer struct {
	Incident  incident.Incident
	Artifacts Artifacts
	Notes     []string // what the caller should know besides, in words
	Repeated  bool     // the same request had been carried out before; nothing was done now
	Twin      bool     // Repeated, since the same thing had been asked for just before
}

// work is one act inside its transaction.
type work struct {
	*ledger.Tx
	d      *Desk
	who    *oncall.Directory
	caller Caller

	inc       incident.Incident
	artifacts Artifacts
	found     Artifacts // as they were loaded
	notes     []string
	noChannel bool                 // what is declared gets none
	reckoned  bool                 // what is due is to be worked out anew
	twin      bool                 // what is asked for was asked for just before
	hurried   bool                 // the next step of the escalation comes within a minute
	held      map[string]time.Time // notifications that wait for a digest, and until when
	refused   error                // what was recorded is all that came of the act, and why
	past      around               // of the incident, where people read the document
}

// act runs f in a transaction on incident n, or on none yet when n is 0. A
// request whose key has been seen is not run again: the answer is the incident
// as it stands.
func (d *Desk) act(ctx context.Context, c Caller, n int, f func(*work) error) (Answer, error) {
	return d.actAt(ctx, c, time.Time{}, n, f)
}

// actAt is act as of the instant of a tick.
func (d *Desk) actAt(ctx context.Context, c Caller, at time.Time, n int, f func(*work) error) (Answer, error) {
	var w *work
	var repeated bool
	err := d.ledger.Update(ctx, c.Request(at), func(t *ledger.Tx) error {
		w, repeated = &work{Tx: t, d: d, who: d.oncall.Current(), caller: c}, false
		earlier, seen, err := t.Seen()
		switch {
		case err != nil:
			return err
		case seen && earlier == 0:
			repeated = true // it concerned no incident
			return nil
		case seen:
			repeated = true
			return w.open(earlier)
		}
		if n > 0 {
			if err := w.open(n); err != nil {
				return err
			}
			w.arrive()
		}
		if err := w.may(incident.DoWork); err != nil {
			return err
		}
		if err := f(w); err != nil {
			return err
		}
		if w.refused != nil { // not remembered: asked again, it is refused again
			return w.saveArtifacts()
		}
		return errors.Join(t.Remember(w.inc.Number), w.saveArtifacts())
	})
	if err == nil && !repeated {
		err = w.refused
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{Incident: w.inc, Artifacts: w.artifacts, Notes: w.notes, Repeated: repeated || w.twin, Twin: w.twin}, nil
}

// open loads the incident and its artifacts. A private incident exists only for
// those who may see it; the program itself may see all.
func (w *work) open(n int) error {
	r, ok, err := w.d.recent.Load(w.Tx.Tx, incidentKey(n))
	if err != nil {
		return err
	}
	inc := r.Incident
	if !ok || w.caller.Actor.Human() && !w.d.sees(inc, w.caller.Actor) {
		return noSuch(n)
	}
	artifacts, err := loadArtifacts(w.Tx.Tx, n)
	if err != nil {
		return err
	}
	w.inc, w.artifacts, w.found = inc, artifacts, artifacts
	w.artifacts.Invited = slices.Clip(artifacts.Invited)
	w.artifacts.Present = slices.Clip(artifacts.Present)
	w.artifacts.Trouble = maps.Clone(artifacts.Trouble)
	w.artifacts.Pings = slices.Clip(artifacts.Pings)
	return nil
}

func noSuch(n int) error {
	return &incident.Refusal{Why: fmt.Sprintf("There is no %s.", incident.Name(n)), Next: "`list` shows the open ones."}
}

// apply records a change: the events, the state, and what must happen outside.
func (w *work) apply(c incident.Change) error {
	for _, e := range c.Events {
		if e.By == w.caller.Actor {
			e.Through = w.caller.Through
		}
		w.moves(e)
		if err := saveEvent(w.Tx.Tx, c.Incident.Number, e); err != nil {
			return err
		}
	}
	if err := w.index(w.inc, c.Incident); err != nil {
		return err
	}
	if err := w.milestones(w.inc, c); err != nil {
		return err
	}
	before := w.inc
	w.inc = c.Incident
	w.d.past.note(w.inc)
	if err := w.d.recent.Save(w.Tx, incidentKey(w.inc.Number), incidentRecord{V: 1, Incident: w.inc}); err != nil {
		return err
	}
	w.movesPromises(c)
	if err := errors.Join(w.relieved(c), w.fixesMoved(c)); err != nil {
		return err
	}
	for _, e := range c.Effects {
		if err := w.effect(e); err != nil {
			return err
		}
	}
	return errors.Join(w.stirred(c), w.informed(c), w.toldAgain(before, c), w.briefed(c), w.exports(c), w.spread(c), w.cued(before, c), w.reviewing(c))
}

// whoActs names the caller, and says how they act if not in person.
func (w *work) whoActs() string {
	return w.caller.Through.After(w.who.DisplayName(w.caller.Actor))
}

// index keeps the keys by which incidents are found.
func (w *work) index(old, new incident.Incident) error {
	if new.Status.Active() != old.Status.Active() || old.Number == 0 {
		if new.Status.Active() {
			if err := w.Put(openKey(new.Number), nil); err != nil {
				return err
			}
		} else if err := w.Delete(openKey(new.Number)); err != nil {
			return err
		}
	}
	if err := errors.Join(w.indexFollowUps(old, new), w.indexExports(old, new)); err != nil {
		return err
	}
	if new.MergedInto != old.MergedInto {
		if err := w.indexPart(old, new); err != nil {
			return err
		}
	}
	if new.Channel != old.Channel {
		return w.Save(channelKey(new.Channel), numberRecord{V: 1, Incident: new.Number})
	}
	return nil
}

// effect turns what the incident decided into jobs, or into a change of its
// escalation.
func (w *work) effect(e incident.Effect) error {
	switch e.Kind {
	case incident.StartPaging:
		return w.startEscalation()
	case incident.StopPaging:
		return w.stopEscalation()
	case incident.RaisePaging:
		return w.raiseEscalation()
	case incident.LowerPaging:
		return w.lowerEscalation()
	case incident.CloseAsks:
		return errors.Join(w.tellPinged(pingsMost), w.refreshPrompts())
	case incident.OpenChannel:
		if w.noChannel {
			w.artifacts.ChannelGivenUp, w.artifacts.Drill = true, true
			return nil
		}
		return w.openChannel()
	case incident.RefreshCard:
		return w.refresh(ledger.Card)
	case incident.RefreshTopic:
		return w.refresh(ledger.Topic)
	case incident.RefreshAnnounce:
		return w.announce()
	case incident.RefreshNotes:
		return w.refresh(ledger.Notes)
	case incident.Invite:
		return w.refresh(ledger.Invite)
	case incident.Say:
		return w.job(ledger.Job{Kind: ledger.Say, Seq: e.Seq})
	case incident.DraftPostmortem:
		return w.job(ledger.Job{Kind: ledger.Postmortem, Seq: w.inc.Events, Person: string(w.caller.Actor)})
	default:
		return fmt.Errorf("effect %s of %s: nobody carries it out", e.Kind, w.inc.Name())
	}
}

// openChannel asks for everything that stands around a new incident. The name
// of the channel is decided here: a title that changes before the channel stands
// must not lead to a second one.
func (w *work) openChannel() error {
	if err := w.job(ledger.Job{Kind: ledger.Channel, Text: w.inc.Title}); err != nil {
		return err
	}
	if w.caller.ReplyURL != "" {
		err := w.job(ledger.Job{Kind: ledger.Answer, Person: string(w.caller.Actor), ReplyURL: w.caller.ReplyURL})
		if err != nil {
			return err
		}
	}
	return w.announce()
}

// announce keeps the line for everybody, for an incident that is everybody's.
func (w *work) announce() error {
	if w.inc.Private || w.inc.Test && w.artifacts.Announcement.TS == "" { // what was announced must say that it is a drill
		return nil
	}
	return w.refresh(ledger.Announce)
}

// refresh marks what of the incident's artifacts shows less than holds. What stands
// in the channel is not marked before that stands: all of it is made then.
func (w *work) refresh(kinds ...ledger.Kind) error {
	if w.artifacts.Channel == "" {
		kinds = slices.DeleteFunc(kinds, func(k ledger.Kind) bool { return k.Row().NeedsChannel && !k.Row().Without })
	}
	if len(kinds) == 0 {
		return nil
	}
	return w.Refresh(w.inc.Number, kinds...)
}

// refreshPrompts brings every message that asked for something up to date.
func (w *work) refreshPrompts() error {
	return errors.Join(w.refresh(ledger.Prompts), w.refreshDigests(true))
}

// job commits a job about the incident with the transaction.
func (w *work) job(j ledger.Job) error {
	if times := int(w.d.settled.Load()); w.artifacts.Settled != times {
		if w.artifacts.Jobs > 0 {
			w.artifacts.Jobs += ledger.JobsLeftOut
		}
		w.artifacts.Settled = times
	}
	w.artifacts.Jobs++
	j.Incident, j.Number, j.Created = w.inc.Number, w.artifacts.Jobs, w.Now
	if err := w.hold(&j); err != nil {
		return err
	}
	return w.Add(j)
}

// refusal builds an error in words for a person.
func refusal(next, format string, args ...any) error {
	return incident.Refuse(next, format, args...)
}

// service returns the roster's service with that ID, if there is one.
func (w *work) service(id string) (*rotation.Service, bool) {
	if id == "" {
		return nil, false
	}
	return w.who.Roster.Service(id)
}
