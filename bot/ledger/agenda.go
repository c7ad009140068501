package ledger

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// Handler does what a wake-up is for, as of now: the tick's instant, which it
// hands down to everything it does. Its transaction plans the wake-up anew with
// [Tx.Wake], or takes it back with [Tx.Sleep]. One that fails, or that leaves
// its wake-up as it was, is called again after a second.
type Handler func(ctx context.Context, name string, now time.Time) error

// wakeRecord is when a name wants to be looked at. Its key is wake/NAME. The
// order of all of them is kept in memory and read from the records at the start.
type wakeRecord struct {
	V   int       `json:"v"`
	Due time.Time `json:"due"`
}

const wakePrefix = "wake/"

// agenda is everything that wants to be looked at later.
type agenda struct {
	order    atomic.Uint64 // counts transactions, in the order in which they were decided
	changed  chan struct{} // holds a token when the earliest wake-up may be another one
	mu       sync.Mutex
	handlers []registered // the longest prefix first
	byName   map[string]*entry
	soonest  entries
	buried   []grave   // what was taken back, in that order
	last     time.Time // the instant of the last tick
}

type registered struct {
	prefix string
	do     Handler
}

// entry is a wake-up in memory.
type entry struct {
	name  string
	due   time.Time // when it is to be looked at; zero: it was taken back
	tried time.Time // not before that, since the last look failed
	order uint64    // of the transaction that set due
	index int       // in the heap; -1: it is not in it
}

func (e *entry) at() time.Time {
	if e.tried.After(e.due) {
		return e.tried
	}
	return e.due
}

// wake is what a transaction wants of the agenda; the zero time takes back.
type wake struct {
	name string
	due  time.Time
}

func (a *agenda) start() {
	a.changed = make(chan struct{}, 1)
	a.byName = map[string]*entry{}
}

// Handle registers who is called for the wake-ups of that name, or with a name
// that ends in a slash, for all whose names begin with it. It is called before
// anything is due.
func (l *Ledger) Handle(name string, do Handler) {
	a := &l.agenda
	a.mu.Lock()
	defer a.mu.Unlock()
	a.handlers = append(a.handlers, registered{name, do})
	slices.SortStableFunc(a.handlers, func(x, y registered) int { return len(y.prefix) - len(x.prefix) })
}

func (a *agenda) handler(name string) Handler {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range a.handlers {
		if h.prefix == name || strings.HasSuffix(h.prefix, "/") && strings.HasPrefix(name, h.prefix) {
			return h.do
		}
	}
	return nil
}

// Wake plans that name is looked at at that instant, and at no other.
func (t *Tx) Wake(name string, at time.Time) error {
	at = at.UTC().Round(0)
	t.wakes = append(t.wakes, wake{name, at})
	return storage.Save(t.Tx, wakePrefix+name, wakeRecord{V: 1, Due: at})
}

// WakeRegularly has something that is looked at once in every period looked at, at that
// instant. Where it is planned already it stays so, unless that is more than a period later:
// then it was planned while the clock was far ahead, and would be off for as long.
func (t *Tx) WakeRegularly(name string, at time.Time, period time.Duration) error {
	due, planned, err := t.Due(name)
	if err != nil || planned && !due.After(at.Add(period)) {
		return err
	}
	return t.Wake(name, at)
}

// Sleep takes the wake-up of name back. Where there is none, nothing changes.
func (t *Tx) Sleep(name string) error {
	if _, err := t.Get(wakePrefix + name); errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	t.wakes = append(t.wakes, wake{name: name})
	return t.Delete(wakePrefix + name)
}

// Due returns when name is looked at; false where it is not.
func (t *Tx) Due(name string) (time.Time, bool, error) {
	return DueIn(t.Tx, name)
}

// DueIn is [Tx.Due] for whoever only reads.
func DueIn(tx *storage.Tx, name string) (time.Time, bool, error) {
	r, err := storage.Load[wakeRecord](tx, wakePrefix+name)
	if errors.Is(err, storage.ErrNotFound) {
		return time.Time{}, false, nil
	}
	return r.Due, err == nil, err
}

// keep takes in what a transaction has committed. Transactions that share a
// commit come here in any order, so each wake-up knows which of them set it last.
func (a *agenda) keep(order uint64, wakes []wake) {
	if len(wakes) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range wakes {
		a.set(w.name, w.due, order)
	}
	signal(a.changed)
}

func (a *agenda) set(name string, due time.Time, order uint64) {
	e := a.byName[name]
	switch {
	case e == nil:
		e = &entry{name: name, index: -1}
		a.byName[name] = e
	case e.order > order:
		return
	}
	e.due, e.order, e.tried = due, order, time.Time{}
	a.place(e)
	if due.IsZero() {
		a.bury(e)
	}
}

// remembered is for how many transactions a wake-up that was taken back is
// remembered: more than can share a commit, so that none of these comes later.
const remembered = 4096

// grave is a wake-up that was taken back, and by which transaction: it may have
// been planned anew since.
type grave struct {
	entry *entry
	order uint64
}

// bury remembers a wake-up that was taken back, and forgets those that were long
// ago.
func (a *agenda) bury(e *entry) {
	a.buried = append(a.buried, grave{e, e.order})
	for len(a.buried) > 0 && a.buried[0].order+remembered < e.order {
		old := a.buried[0]
		if old.entry.due.IsZero() && old.entry.order == old.order && a.byName[old.entry.name] == old.entry {
			delete(a.byName, old.entry.name)
		}
		a.buried = a.buried[1:]
	}
}

// place puts an entry where it belongs in the heap.
func (a *agenda) place(e *entry) {
	switch {
	case e.due.IsZero() && e.index >= 0:
		heap.Remove(&a.soonest, e.index)
	case e.due.IsZero():
	case e.index < 0:
		heap.Push(&a.soonest, e)
	default:
		heap.Fix(&a.soonest, e.index)
	}
}

func (a *agenda) at(name string) (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.byName[name]
	if e == nil || e.due.IsZero() {
		return time.Time{}, false
	}
	return e.due, true
}

// Changed delivers a value when [Ledger.Next] may have another answer.
func (l *Ledger) Changed() <-chan struct{} { return l.agenda.changed }

// Next returns the earliest instant at which something is to be looked at.
func (l *Ledger) Next() (at time.Time, ok bool) {
	a := &l.agenda
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.soonest) == 0 {
		return time.Time{}, false
	}
	return a.soonest[0].at(), true
}

// Overdue returns the wake-up whose name begins with prefix that has waited the
// longest at now, and since when; false where none is due.
func (l *Ledger) Overdue(prefix string, now time.Time) (name string, since time.Time, ok bool) {
	a := &l.agenda
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.soonest {
		if strings.HasPrefix(e.name, prefix) && !e.due.After(now) && (!ok || e.due.Before(since)) {
			name, since, ok = e.name, e.due, true
		}
	}
	return name, since, ok
}

// Planned returns the names of the wake-ups that begin with prefix, in no order.
func (l *Ledger) Planned(prefix string) []string {
	a := &l.agenda
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, e := range a.soonest {
		if strings.HasPrefix(e.name, prefix) {
			names = append(names, e.name)
		}
	}
	return names
}

// PlannedAfter returns those of [Ledger.Planned] that are to come after an instant.
func (l *Ledger) PlannedAfter(prefix string, at time.Time) []string {
	return slices.DeleteFunc(l.Planned(prefix), func(name string) bool {
		due, ok := l.agenda.at(name)
		return !ok || !due.After(at)
	})
}

// together is how many wake-ups are handled at the same time. What they do is
// wait for the disk, and transactions that wait together share a commit.
const together = 64

// Tick calls the handlers of everything that is due at or before now, the
// earliest first, several at the same time. What fails stays due and holds up
// nothing else; it is in the error that is returned when the rest is done. What a
// handler plans for an instant up to now is done in the same call.
func (l *Ledger) Tick(ctx context.Context, now time.Time) error {
	now = now.UTC().Round(0)
	l.agenda.setBack(now)
	var failed []error
	looks := map[string]int{}
	for {
		batch := l.agenda.due(now, looks)
		if len(batch) == 0 {
			return errors.Join(failed...)
		}
		errs := make([]error, len(batch))
		var all sync.WaitGroup
		for i, e := range batch {
			all.Go(func() { errs[i] = l.look(ctx, e, now) })
		}
		all.Wait()
		for _, err := range errs {
			if errors.Is(err, storage.ErrLost) || errors.Is(err, storage.ErrUnknown) || err != nil && ctx.Err() != nil {
				return err
			}
			if err != nil {
				failed = append(failed, err)
			}
		}
	}
}

// setBack makes the agenda fit a clock that was set back since the last tick:
// what was put off by a second must not wait for an hour.
func (a *agenda) setBack(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Before(a.last) {
		for _, e := range a.byName {
			e.tried = time.Time{}
		}
		heap.Init(&a.soonest)
	}
	a.last = now
}

// looksMost is how often one name is looked at in one tick: a handler that
// always plans for the past must not hold up the others.
const looksMost = 200

// due returns some of the wake-ups that are due, the earliest first, and puts each
// off by a second: the transaction of its handler plans it anew.
func (a *agenda) due(now time.Time, looks map[string]int) []entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	var batch []entry
	for len(batch) < together && len(a.soonest) > 0 && !a.soonest[0].at().After(now) {
		e := a.soonest[0]
		if looks[e.name]++; looks[e.name] <= looksMost {
			batch = append(batch, *e)
		}
		e.tried = now.Add(retryAfter)
		heap.Fix(&a.soonest, 0)
	}
	return batch
}

// retryAfter is when a wake-up whose look failed is looked at again, and panicked
// when its handler has a mistake, or there is none, which will be so the next time
// as well.
const (
	retryAfter    = time.Second
	panickedAfter = 5 * time.Minute
)

// look calls the handler of one wake-up.
func (l *Ledger) look(ctx context.Context, e entry, now time.Time) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = l.panicked(e, now, r)
		}
	}()
	if is, err := l.stored(ctx, e); err != nil || !is {
		return err
	}
	do := l.agenda.handler(e.name)
	if do == nil { // it is of another version
		l.agenda.putOff(e, now.Add(panickedAfter))
		return fmt.Errorf("wake-up %s: nobody handles it", e.name)
	}
	known := l.damage.count()
	if err := do(ctx, e.name, now); err != nil {
		if broken := (*storage.DamagedError)(nil); errors.As(err, &broken) && l.damage.count() == known {
			l.agenda.putOff(e, now.Add(panickedAfter)) // what was found just now may be gone past the next time
		}
		return fmt.Errorf("wake-up %s: %w", e.name, err)
	}
	if l.agenda.unchanged(e) {
		// Another look may have taken it back meanwhile, and its commit be known here only later.
		if is, err := l.stored(ctx, e); err != nil || !is {
			return err
		}
		return fmt.Errorf("wake-up %s: it was looked at, and neither planned anew nor taken back", e.name)
	}
	return nil
}

// stored reports whether the wake-up is due as the store has it. What memory holds
// is only the order in which to look: where the two differ, memory is mended.
func (l *Ledger) stored(ctx context.Context, e entry) (bool, error) {
	var due time.Time
	var ok bool
	err := l.db.View(ctx, func(tx *storage.Tx) (err error) {
		due, ok, err = DueIn(tx, e.name)
		return err
	})
	if err != nil || ok && due.Equal(e.due) {
		return err == nil, err
	}
	l.agenda.mu.Lock()
	defer l.agenda.mu.Unlock()
	if is := l.agenda.byName[e.name]; is != nil && is.order == e.order {
		l.agenda.set(e.name, due, e.order)
	}
	return false, nil
}

// unchanged reports whether a wake-up is as it was before it was looked at.
func (a *agenda) unchanged(e entry) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	is := a.byName[e.name]
	return is != nil && is.order == e.order && !is.due.IsZero()
}

// panicked puts a wake-up off whose handler has a mistake, so that everything else
// goes on. It is tried again, because what made it fail may pass.
func (l *Ledger) panicked(e entry, now time.Time, r any) error {
	l.agenda.putOff(e, now.Add(panickedAfter))
	return &PanicError{What: "wake-up " + e.name, Value: r, Stack: debug.Stack()}
}

// putOff has a wake-up looked at no sooner than that, unless it was planned anew.
func (a *agenda) putOff(e entry, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if is := a.byName[e.name]; is != nil && is.order == e.order {
		is.tried = until
		a.place(is)
	}
}

// PanicError is a mistake of the program in one piece of work, which was put off
// or set aside so that everything else goes on.
type PanicError struct {
	What  string
	Value any
	Stack []byte
}

// Error says what was being done. The value can hold what somebody sent, so it
// is not in it.
func (e *PanicError) Error() string {
	return fmt.Sprintf("%s: a mistake in the program (%T); it is put off so that everything else goes on", e.What, e.Value)
}

// loadAgenda reads every wake-up.
func (l *Ledger) loadAgenda(ctx context.Context) error {
	return l.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan(wakePrefix) {
			var r wakeRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			l.agenda.set(strings.TrimPrefix(key, wakePrefix), r.Due, 0)
		}
		return nil
	})
}

// wakeDamaged plans for now what was planned for an instant that cannot be read any more.
func (l *Ledger) wakeDamaged(ctx context.Context) error {
	var names []string
	l.damage.each(wakePrefix, func(e *storage.DamagedError) { names = append(names, strings.TrimPrefix(e.Key, wakePrefix)) })
	for some := range slices.Chunk(names, storage.MaxChanges/2) {
		err := l.Update(ctx, Request{}, func(t *Tx) (err error) {
			for _, name := range some {
				err = errors.Join(err, t.Wake(name, t.Now))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
