package storage

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// DB runs transactions on an engine. Its methods may be called concurrently,
// but never from inside a closure given to View or Update: Update inside
// Update waits for itself for ever, and on a file even View inside View can.
// Nothing slow, no network above all, belongs in a closure.
//
// Concurrent Updates share a commit. Closures run one after another, each on
// its caller's goroutine and over the changes of those before it; whoever
// finds nobody waiting behind commits for all of them, and then all return.
// So a closure runs exactly once, a lone Update waits for nothing but its own
// commit, and a hundred at once cost little more than one.
type DB struct {
	engine Engine
	limits Limits
	lost   chan struct{} // closed with gone set to ErrLost
	lose   sync.Once     // closes it
	ending chan struct{} // closed by Close
	watch  sync.WaitGroup
	told   func(Commit)            // of each commit; see Watch
	read   func(Snapshot) Snapshot // what transactions read; see Through

	mu      sync.Mutex
	closed  bool            // Close was called
	gone    error           // why new transactions are refused, or nil
	busy    bool            // somebody has the turn
	waiting []chan struct{} // those who want it, in order; closed to hand it over
	views   sync.WaitGroup  // Views under way

	// Touched only with the turn.
	group *group // closures run but not committed
	spare layer  // the empty layer of the closure before, to be filled again
	empty layer  // and that of the group before
}

// group is the closures that share one commit.
type group struct {
	layer
	members int           // closures run for it
	snap    Snapshot      // what they all read, nil until one needs it
	done    chan struct{} // closed when the outcome is known
	err     error         // the outcome; read after done
}

// maxMembers ends a group of closures that change little or nothing. Under a
// flood there is always one more in line, and the first would wait for ever.
const maxMembers = 512

// New returns a DB on an engine, which it owns from now on.
func New(e Engine) *DB {
	db := &DB{engine: e, limits: Limits{MaxChanges, MaxBytes}, lost: make(chan struct{}), ending: make(chan struct{}), told: func(Commit) {},
		read: func(s Snapshot) Snapshot { return s }}
	if l, ok := e.(interface{ Limits() Limits }); ok {
		db.limits = l.Limits()
	}
	if l, ok := e.(interface{ Lost() <-chan struct{} }); ok {
		db.watch.Go(func() {
			select {
			case <-l.Lost():
				db.end()
			case <-db.ending:
			}
		})
	}
	return db
}

// end refuses everything from now on: this process is not the writer any more.
func (db *DB) end() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.gone = fmt.Errorf("%w: this process must end", ErrLost)
	db.lose.Do(func() { close(db.lost) })
}

// Commit is what one commit was like, for those who count.
type Commit struct {
	Took    time.Duration // until it was durable, or had failed
	Updates int           // the closures that were run for it; those that changed nothing are among them
	Err     error         // nil: it is durable
}

// Watch has f told of every commit. It is called before the first Update, and f
// must be quick: those who share the commit wait for it.
func (db *DB) Watch(f func(Commit)) { db.told = f }

// Through has every transaction read what f makes of the engine's view, so that records
// which are kept in another place can be read as if they were here. It is called before
// the first transaction. What f returns closes the view that it was given. Called again, it
// lies beneath what was given before.
func (db *DB) Through(f func(Snapshot) Snapshot) {
	over := db.read
	db.read = func(s Snapshot) Snapshot { return over(f(s)) }
}

// Lost returns a channel that is closed when a commit's outcome is unknown or
// another process has become the writer, or may have. The process must end then;
// every call answers ErrLost. An engine that can notice such a thing without a
// commit has a method `Lost() <-chan struct{}`; New looks for it.
func (db *DB) Lost() <-chan struct{} { return db.lost }

// View calls f with a read-only transaction on everything committed before the
// call. It waits for no writer. It returns f's error, or the one that sticks
// to the transaction.
func (db *DB) View(ctx context.Context, f func(*Tx) error) error {
	if err := db.enterView(ctx); err != nil {
		return err
	}
	defer db.views.Done()
	snap, err := db.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	snap = db.read(snap)
	t := &Tx{snap: snap}
	defer func() {
		t.ended = true
		snap.Close() // a view has nothing that could be lost
	}()
	if err := f(t); err != nil {
		return err
	}
	return t.err
}

func (db *DB) enterView(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.gone == nil {
		db.views.Add(1)
	}
	return db.gone
}

// Update calls f once with a transaction and commits its changes; when Update
// returns nil they are durable, and visible to every View from then on.
//
// When f returns an error or panics, its changes are discarded and those of
// others that share the commit are kept. Its error is returned only when the
// state it was judged on is durable; if that commit fails, Update returns the
// failure instead. A failed commit fails every Update in it.
//
// While waiting for its turn Update gives up when ctx is done, and f does not
// run; after that ctx is no longer looked at.
func (db *DB) Update(ctx context.Context, f func(*Tx) error) error {
	if err := db.takeTurn(ctx); err != nil {
		return err
	}
	g, err := db.run(ctx, f)
	if g == nil {
		return err
	}
	<-g.done
	if g.err != nil {
		return g.err
	}
	return err
}

// Discard removes records that are read in another place from now on, see [DB.Through],
// in commits of their own: a transaction that shared one would not see them in either
// place. It is durable when Discard returns nil; what a failure leaves is read as before.
func (db *DB) Discard(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, db.limits.Changes) {
		if err := db.discard(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) discard(ctx context.Context, keys []string) error {
	if err := db.takeTurn(ctx); err != nil {
		return err
	}
	defer db.passTurn(ctx)
	db.commit(ctx) // of those before
	if err := db.refusal(); err != nil {
		return err
	}
	g := db.newGroup()
	g.members = 1
	for _, key := range keys {
		g.put(Change{Key: key, Delete: true})
	}
	db.group = g
	db.commit(ctx)
	return g.err
}

// run calls f in the caller's turn and passes the turn on, also when f panics
// or ends its goroutine. The group it returns, if any, is the one whose
// outcome decides about f's result.
func (db *DB) run(ctx context.Context, f func(*Tx) error) (*group, error) {
	defer db.passTurn(ctx)
	if err := db.prepare(ctx); err != nil {
		return nil, err
	}
	g := db.group
	t := &Tx{snap: g.snap, below: &g.layer, own: db.spare, writable: true}
	db.spare = layer{}
	defer func() {
		t.ended, db.spare, t.own, t.late = true, t.own.emptied(), layer{}, nil
	}()
	err := f(t)
	if err == nil {
		err = t.Settle()
	}
	if err != nil {
		return g, err
	}
	return db.join(ctx, &t.own)
}

// prepare makes sure there is a group with a view to run a closure on.
func (db *DB) prepare(ctx context.Context) error {
	if err := db.refusal(); err != nil {
		return err
	}
	if db.group == nil {
		db.group = db.newGroup()
	}
	db.group.members++
	if db.group.snap != nil {
		return nil
	}
	// With one writer the view is the same whenever it is taken between two
	// commits, so a group may have changes before it has a view (see join).
	snap, err := db.engine.Snapshot(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	db.group.snap = db.read(snap)
	return nil
}

// newGroup returns a group without changes.
func (db *DB) newGroup() *group {
	g := &group{layer: db.empty, done: make(chan struct{})}
	db.empty = layer{}
	return g
}

// join adds the changes of a closure that succeeded to the group.
func (db *DB) join(ctx context.Context, own *layer) (*group, error) {
	g := db.group
	if !g.fitsAll(own, db.limits) && len(g.keys) > 0 {
		// Once the group is committed, the state is the one the closure has seen,
		// so it need not run again.
		db.commit(ctx)
		if g.err != nil {
			return nil, g.err
		}
		g = db.newGroup()
		g.members, db.group = 1, g
	}
	g.merge(own)
	return g, nil
}

// commit ends the group: its changes become durable, or none of them.
func (db *DB) commit(ctx context.Context) {
	g := db.group
	db.group = nil
	if g == nil {
		return
	}
	defer func() {
		db.empty, g.layer = g.emptied(), layer{}
		close(g.done)
	}()
	if g.snap != nil {
		// Before the commit: an open view makes a file grow (bbolt).
		g.snap.Close()
	}
	if len(g.keys) == 0 {
		return
	}
	// One caller's patience must not decide about the others' changes.
	began := time.Now()
	g.err = db.engine.Commit(context.WithoutCancel(ctx), g.list())
	db.told(Commit{Took: time.Since(began), Updates: g.members, Err: g.err})
	if errors.Is(g.err, ErrUnknown) || errors.Is(g.err, ErrLost) {
		db.end()
	}
}

// takeTurn waits until the caller may run a closure, or returns why not.
func (db *DB) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.mu.Lock()
	if db.gone != nil {
		defer db.mu.Unlock()
		return db.gone
	}
	turn := db.queue()
	db.mu.Unlock()
	if turn == nil {
		return nil
	}
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	if !db.leaveQueue(turn) {
		db.passTurn(ctx) // it was handed over at the same moment
	}
	return ctx.Err()
}

// queue takes the turn and returns nil, or returns what will be closed when
// the turn has come. The caller holds mu.
func (db *DB) queue() chan struct{} {
	if !db.busy {
		db.busy = true
		return nil
	}
	turn := make(chan struct{})
	db.waiting = append(db.waiting, turn)
	return turn
}

// leaveQueue takes turn out of the queue, and reports false when it is no
// longer there.
func (db *DB) leaveQueue(turn chan struct{}) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	i := slices.Index(db.waiting, turn)
	if i < 0 {
		return false
	}
	db.waiting = slices.Delete(db.waiting, i, i+1)
	return true
}

// passTurn hands the turn to the next in line, who goes on with the same
// group. With nobody in line, or a full group, it commits the group first.
func (db *DB) passTurn(ctx context.Context) {
	if db.group == nil || db.group.members < maxMembers {
		if db.handOver() {
			return
		}
		// Those whom the commit before has woken may be about to queue. Letting them
		// run once before committing gave a third more updates a second.
		runtime.Gosched()
		if db.handOver() {
			return
		}
	}
	db.commit(ctx)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.busy = db.wakeNext()
}

// handOver is wakeNext for one who does not hold mu.
func (db *DB) handOver() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.wakeNext()
}

// wakeNext gives the turn to the next in line, and reports whether there was
// one. The caller holds mu.
func (db *DB) wakeNext() bool {
	if len(db.waiting) == 0 {
		return false
	}
	next := db.waiting[0]
	db.waiting = slices.Delete(db.waiting, 0, 1)
	close(next)
	return true
}

// refusal returns why no transaction may start, or nil.
func (db *DB) refusal() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.gone
}

// Close refuses new transactions, waits for those under way, and closes the
// engine. Updates still waiting for their turn get ErrClosed. A second Close
// does nothing. Never call it inside a closure.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.gone = fmt.Errorf("store: %w", ErrClosed)
	turn := db.queue()
	db.mu.Unlock()
	close(db.ending)
	db.watch.Wait()
	if turn != nil {
		<-turn
	}
	db.commit(context.Background())
	db.passTurn(context.Background()) // those behind find the store closed
	db.views.Wait()
	return db.engine.Close()
}
