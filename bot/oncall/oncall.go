// Package oncall is the roster in force and everything that follows from it: who
// is on call, overrides, swaps and time off, the hand-overs and gaps that people
// are told of, and the user groups that follow who is on call.
//
// Its nouns are [Roster], which changes and remembers, and [Directory], the
// people and schedules as they hold at one moment, which is never changed. Who is
// on call at an instant is computed in the package rotation; here it is decided
// what is recorded, and who hears of it.
package oncall

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Options are what the roster is told once, at its start.
type Options struct {
	Zone    *time.Location // where the business is; nil: UTC
	Methods []string       // the contact methods that are configured, besides slack
}

// Roster is the roster in force. Its methods may be called concurrently.
type Roster struct {
	ledger  *ledger.Ledger
	opt     Options
	current atomic.Pointer[Directory]
	piece   int // bytes of text in one record

	applying sync.Mutex   // held while a roster is being applied
	follow   []Follower   // set before any roster is applied
	watch    watch        // the next hand-overs; locked after applying
	versions versionCache // earlier rosters
}

// Open returns the roster that was stored last, with the links of people that
// were found.
func Open(ctx context.Context, l *ledger.Ledger, opt Options) (*Roster, error) {
	o := &Roster{ledger: l, opt: opt, piece: rosterPiece}
	if err := o.loadDirectory(ctx); err != nil {
		return nil, err
	}
	l.Handle("handover", func(ctx context.Context, _ string, now time.Time) error {
		o.watch.mu.Lock()
		defer o.watch.mu.Unlock()
		_, err := o.handOverSome(ctx, now)
		return err
	})
	l.Handle("gaps", func(ctx context.Context, _ string, now time.Time) error { return o.tickGaps(ctx, now) })
	l.Handle("groups", func(ctx context.Context, _ string, now time.Time) error { return o.tickGroups(ctx, now) })
	l.Handle("forget", func(ctx context.Context, _ string, now time.Time) error { return o.tickForget(ctx, now) })
	l.Handle("announce/", func(ctx context.Context, name string, now time.Time) error {
		return o.tickAnnounce(ctx, ledger.LastNumber(name), now)
	})
	l.Handle("swap/", o.tickSwap)
	l.WhenClockSet(func(ctx context.Context, _ time.Duration) error { return o.start(ctx) })
	return o, o.start(ctx)
}

// handoverMost and gapsMost are the longest times between two looks.
const (
	handoverMost = 30 * 24 * time.Hour
	gapsMost     = 5 * 24 * time.Hour // over a weekend
)

// start makes sure that hand-overs, gaps, groups and old records are looked at.
func (o *Roster) start(ctx context.Context) error {
	if !o.HasRoster() {
		return nil
	}
	return o.update(ctx, Caller{Actor: incident.Bot}, time.Time{}, func(w *work) error {
		return errFirst(w.WakeRegularly("handover", w.Now, handoverMost), w.WakeRegularly("gaps", w.Now, gapsMost),
			w.WakeRegularly("groups", w.Now, groupsOff), w.WakeRegularly("forget", w.Now, max(forgetAfter, forgetEvery)))
	})
}

// Caller says who acts, and how the same request is recognised when it comes
// twice.
type Caller struct {
	Actor    incident.Actor
	Through  incident.Through // how they act, if not in person
	Key      string           // unique for the request, such as a trigger_id; empty means it cannot come twice
	ReplyURL string           // where the caller is answered later (Slack: response_url); may be empty
	Channel  string           // the Slack channel that the caller is in, as the request shows; empty: it shows none
}

// Request is the caller's request as the ledger keeps it, at an instant: zero
// reads the clock.
func (c Caller) Request(at time.Time) ledger.Request {
	return ledger.Request{By: string(c.Actor), Key: c.Key, At: at}
}

// work is one act on the roster inside its transaction.
type work struct {
	*ledger.Tx
	who *Directory
}

func (w *work) by() incident.Actor { return incident.Actor(w.By) }

// update runs f in a transaction that concerns no incident, at an instant: zero
// reads the clock.
func (o *Roster) update(ctx context.Context, c Caller, at time.Time, f func(*work) error) error {
	return o.ledger.Update(ctx, c.Request(at), func(t *ledger.Tx) error {
		if err := f(&work{Tx: t, who: o.current.Load()}); err != nil {
			return err
		}
		return t.Remember(0)
	})
}

// Follower plans what follows from a change of the roster, in the transaction that makes
// it hold. It must not change more than a few keys: the transaction is nearly full where
// a long roster is stored.
type Follower func(t *ledger.Tx, was, next *Directory) error

// Follow registers somebody who is told of every roster that is made to hold. It is
// called before any is.
func (o *Roster) Follow(f Follower) { o.follow = append(o.follow, f) }

// Current returns the people and schedules that hold now.
func (o *Roster) Current() *Directory { return o.current.Load() }

// refusal builds an error in words for a person.
func refusal(next, format string, args ...any) error {
	return incident.Refuse(next, format, args...)
}

// missing reports whether an error only says that there is no such record.
func missing(err error) bool { return errors.Is(err, storage.ErrNotFound) }

// zone is where the business is.
func (o *Roster) zone() *time.Location {
	if o.opt.Zone == nil {
		return time.UTC
	}
	return o.opt.Zone
}

var _ = rotation.Roster{}
