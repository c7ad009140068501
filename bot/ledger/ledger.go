// Package ledger is what every act of the bot is written with: one transaction
// that knows who acts, when, and by which request. What the transaction decides
// for the outside world are [Job]s in the outbox; what it wants to be looked at
// later are wake-ups in the agenda; a request that comes twice is recognised by
// its key. All of it is committed together, or none of it.
//
// The package knows neither incidents nor rosters: a job names an incident by its
// number only, and a wake-up is a name at an instant. What they mean is the
// business of the packages that register a handler or carry a job out.
package ledger

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// Ledger writes transactions. Its methods may be called concurrently.
type Ledger struct {
	db      *storage.DB
	refused atomic.Bool // the store refused a commit, and has not been seen to work since

	copied copyRecord // zero: it is none; see Copied

	damage damage
	outbox outbox
	agenda agenda
	clock  clock
	along  func(*Tx) error // see Along; nil: nothing

	// Wall reads the wall clock; nil: it is the system's. A test that sets the clock
	// while the process runs replaces it at the start.
	Wall func() time.Time
}

// Open returns a ledger over db. The first call on a store of an earlier version
// brings the agenda into its present form.
func Open(ctx context.Context, db *storage.DB) (*Ledger, error) {
	l := &Ledger{db: db}
	l.outbox.ready = make(chan struct{}, 1)
	l.agenda.start()
	db.Through(l.damage.through)
	if err := CheckComplete(ctx, db); err != nil {
		return nil, err
	}
	if err := l.migrate(ctx); err != nil {
		return nil, err
	}
	if err := l.loadCopied(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(l.loadAgenda(ctx), l.wakeDamaged(ctx)); err != nil {
		return nil, err
	}
	l.Handle("sweep", l.sweep)
	l.WhenClockSet(func(ctx context.Context, _ time.Duration) error { return l.startSweeping(ctx) })
	return l, l.startSweeping(ctx)
}

// Request says who asks for a transaction.
type Request struct {
	By  string    // the actor
	Key string    // unique for the request, such as a trigger_id; empty: it cannot come twice
	At  time.Time // the instant of the tick that it is a part of; zero: the clock is read, once
}

// Tx is one transaction of an act. It ends when the function that was given it
// returns.
type Tx struct {
	*storage.Tx
	Now time.Time // the one instant of the act, in UTC
	By  string

	l     *Ledger
	key   string
	order uint64 // of the transactions that change the agenda, in the order of their commits
	jobs  []Job
	wakes []wake
	after []func()
	begun []int // incidents that begin in it
}

// wrong is by how much the clock that can be set is ahead.
var wrong = func() time.Duration { return 0 }

// SetWrong has the clock of records be wrong by what f says, for a test that is alone in its
// process and sets the clock of the machine. Nothing may read it yet.
func SetWrong(f func() time.Duration) { wrong = f }

// Instant returns the present time as records hold it. Whoever compares a time with one of
// a record asks here; how long something takes is counted by time.Now, which nobody sets.
func Instant() time.Time { return InstantOf(time.Now()) }

// InstantOf returns what records hold for a moment that time.Now has told.
func InstantOf(now time.Time) time.Time { return now.Add(wrong()).UTC().Round(0) }

// Update runs f in a transaction. Once it is durable, its jobs can be taken and
// its wake-ups are heard.
func (l *Ledger) Update(ctx context.Context, r Request, f func(*Tx) error) error {
	if outOfDate(ctx, l.lookAtClock(ctx)) {
		return errClockSet
	}
	t := &Tx{Now: r.At, By: r.By, key: r.Key, l: l}
	decided := false
	err := l.db.Update(ctx, func(tx *storage.Tx) error {
		if t.Now.IsZero() {
			t.Now = l.now()
		}
		t.Now = t.Now.UTC().Round(0)
		t.Tx, t.order = tx, l.agenda.order.Add(1)
		err := f(t)
		if err == nil {
			err = t.Settle() // else it would seem that the store has refused what is too large
		}
		if err == nil && l.along != nil && t.Changes() > 0 && t.Changes() < alongMost && t.Bytes() < alongBytes {
			err = l.along(t)
		}
		decided = err == nil
		l.outbox.usual = len(t.jobs)
		return err
	})
	if err != nil {
		if decided && ctx.Err() == nil { // not the act's fault
			l.refused.Store(true)
		}
		return err
	}
	l.committed(t)
	return nil
}

// View runs f on everything committed before the call.
func (l *Ledger) View(ctx context.Context, f func(*storage.Tx) error) error {
	return l.db.View(ctx, f)
}

// Discard removes records that are read in another place from now on, see
// [storage.DB.Discard].
func (l *Ledger) Discard(ctx context.Context, keys []string) error { return l.db.Discard(ctx, keys) }

// How many changes, and how many bytes of them, a transaction may have for something to be
// written along with it: it must not be refused for that.
const (
	alongMost  = 40
	alongBytes = storage.MaxBytes / 2
)

// Along has f run at the end of transactions that change something, for a record that is
// worth no commit of its own. It is called before there are any, once.
func (l *Ledger) Along(f func(*Tx) error) { l.along = f }

// After runs f once the transaction is durable, before anybody hears of it.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

// committed hands on what the transaction decided. Only now may anything leave. It
// is in the store, so it is handed on although a hook has a mistake.
func (l *Ledger) committed(t *Tx) {
	defer l.outbox.add(t.jobs)
	defer l.agenda.keep(t.order, t.wakes)
	for _, f := range t.after {
		f()
	}
}

// signal leaves a token for whoever waits on c.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// CheckRead reports whether the store answers.
func (l *Ledger) CheckRead(ctx context.Context) error {
	return l.db.View(ctx, func(tx *storage.Tx) error {
		_, err := tx.Get(healthKey)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		return err
	})
}

// CheckWrite reports whether the store takes a write. After a commit that was
// refused it tries with a record that needs room, since a small one fits into
// what a full disk has left.
func (l *Ledger) CheckWrite(ctx context.Context) error {
	room := 0
	if l.refused.Load() {
		room = 512 << 10
	}
	err := l.db.Update(ctx, func(tx *storage.Tx) error {
		return storage.Save(tx, healthKey, healthRecord{V: 1, At: Instant(), Room: filler(room)})
	})
	if err == nil {
		l.refused.Store(false)
	}
	return err
}

const healthKey = "health"

// healthRecord is what a check of the store writes.
type healthRecord struct {
	V    int       `json:"v"`
	At   time.Time `json:"at"`
	Room string    `json:"room,omitempty"`
}

func filler(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '-'
	}
	return string(b)
}

// Begins says that incident n begins in the transaction: nothing of it is in the store, and
// need not be looked for there.
func (t *Tx) Begins(n int) { t.begun = append(t.begun, n) }

// MayHave reports whether there may be a record at the key, which is one of incident n.
func (t *Tx) MayHave(n int, key string) bool {
	return !slices.Contains(t.begun, n) || t.Changed(key)
}

// Save stores a record as JSON. Versions are the record's own: a field of it.
func (t *Tx) Save(key string, record any) error { return storage.Save(t.Tx, key, record) }

// Load reads the JSON record at key; false and the zero record where there is
// none.
func Load[T any](tx *storage.Tx, key string) (record T, ok bool, err error) {
	return storage.Find[T](tx, key)
}
