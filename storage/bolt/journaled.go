package bolt

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/stormbell/stormbell/storage"
)

// carryAfter is how long what is in the journal alone waits to be carried over into the
// file, with what comes meanwhile.
const carryAfter = 10 * time.Second

// carrier writes commits into the journal, and carries them over into the file. What is
// pending is in two parts: the lower one is what stands in the file of the journal that is
// not written to.
type carrier struct {
	e       *Engine
	pending pending
	failed  atomic.Bool           // carrying over failed the last time
	broken  atomic.Pointer[error] // why nothing can be confirmed any more

	mu      sync.Mutex // held while a commit is written
	journal *journal
	begin   func(path string, id journalID, half int64) (*journal, error)
	step    func(what string) error // called between two steps of replace; a test stops there
	half    int64                   // the size of each of its files in bytes
	gone    bool                    // its files are not there, and what is in it is not in the file yet
	none    error                   // why there is no journal any more
	told    string                  // what was told last of its files
	size    int64                   // of the store's file when it was looked at last, in bytes
	needed  bool                    // the file says that confirmed commits may stand in the journal alone

	carrying sync.Mutex // held while the lower part is carried over
	upTo     uint64     // the number of the latest entry in it

	kick    chan struct{} // holds a token when there is something to carry over
	ending  chan struct{}
	running sync.WaitGroup
	once    sync.Once // to close
	closed  error     // what came of it
}

// startJournal begins a journal for the file. Programs that know of no journal refuse the
// file from the first commit until it is closed.
func (e *Engine) startJournal(half int64) error {
	if err := e.sameDisk(); err != nil {
		return err
	}
	id := newJournalID()
	if err := e.setMark(mark{id: id, size: half}); err != nil {
		return err
	}
	j, err := newJournal(e.beside, id, half)
	if err != nil {
		return err
	}
	e.carry(&carrier{journal: j, pending: newPending()})
	return nil
}

// goOn goes on with the journal of whoever was killed.
func (e *Engine) goOn(m mark, left [2]part) error {
	j, err := adopt(e.beside, m, left)
	if err != nil {
		return err
	}
	c := &carrier{journal: j, needed: true, pending: newPending(), upTo: left[1-j.now].last()}
	for _, one := range left[1-j.now].list {
		c.pending.add(one.changes)
	}
	c.pending.lay()
	for _, one := range left[j.now].list {
		c.pending.add(one.changes)
	}
	e.carry(c)
	return nil
}

func (e *Engine) carry(c *carrier) {
	c.half, c.begin, c.size = c.journal.half, newJournal, e.info.Size()
	c.step = func(string) error { return nil }
	c.e, c.kick, c.ending = e, make(chan struct{}, 1), make(chan struct{})
	c.kick <- struct{}{}
	c.running.Go(c.run)
	e.carrier = c
}

// setMark has the file say what is true of its journal.
func (e *Engine) setMark(m mark) error {
	return e.commitTree(nil, func(tx *bolt.Tx) error { return putMark(tx, m) })
}

func putMark(tx *bolt.Tx, m mark) error {
	version := schema
	if m.needed {
		version = schemaJournal
	}
	meta := tx.Bucket([]byte(metaBucket))
	return errors.Join(meta.Put([]byte(schemaKey), []byte(strconv.Itoa(version))), meta.Put([]byte(journalKey), m.encode()))
}

// takeOver does what a journal that was left needs: go on with it, or, where nobody does,
// carry it over and remove it.
func (e *Engine) takeOver(o Options) error {
	var m mark
	err := e.db.View(func(tx *bolt.Tx) (err error) {
		m, err = decodeMark(tx.Bucket([]byte(metaBucket)).Get([]byte(journalKey)))
		return err
	})
	if err != nil || m == (mark{}) {
		return err
	}
	switch {
	case o.WithoutJournal:
		err := e.setMark(mark{id: newJournalID()})
		if err == nil {
			err = e.db.Sync()
		}
		if err == nil {
			o.left(e.path, removeJournal(e.beside, m.id))
		}
		return err
	case m.needed, e.older && slices.Contains(Journal(e.beside), journalPath(e.beside, m.id, 0)): // the newer header may have said so
		left, err := readJournal(e.beside, m)
		if err != nil {
			return err
		}
		if o.Journal && !o.Unsynced && m.needed {
			return e.goOn(m, left)
		}
		if m, err = e.takeEntries(both(left), m); err != nil {
			return err
		}
	}
	if Journal(e.beside) == nil {
		return nil
	}
	// That the journal is needed no more has to be on the disk before it is removed: commits may
	// wait for no disk here, and whoever was killed may not have waited.
	if err := e.db.Sync(); err != nil {
		return err
	}
	o.left(e.path, removeSpent(e.beside, m))
	return nil
}

// takeEntries carries over what stands in a journal, and has the file say that it needs it
// no more.
func (e *Engine) takeEntries(list []entry, m mark) (mark, error) {
	p := newPending()
	for _, one := range list {
		p.add(one.changes)
		m.carried = one.number
	}
	p.lay()
	m.needed = false
	err := e.carryOver(p.lowerPart(), m)
	switch {
	case errors.Is(err, errPanic):
		return m, damaged("it does not take the confirmed commits in its journal: %v", err)
	case err != nil:
		return m, fmt.Errorf("there are confirmed commits in its journal that the file does not take, if the disk is full make room: %w", err)
	}
	return m, nil
}

// carryAtOnce is how many changes are carried over in one commit: the file can use the pages
// again that the one before has given up.
const carryAtOnce = 2048

// carryOver applies changes to the file, and with the last of them says what is true of the
// journal from then on. Until then all of them stand there, and lie over every view.
func (e *Engine) carryOver(list []storage.Change, m mark) error {
	for at := cmp.Or(e.atOnce, carryAtOnce); len(list) > at; list = list[at:] {
		if err := e.commitTree(list[:at], nil); err != nil {
			return err
		}
	}
	return e.commitTree(list, func(tx *bolt.Tx) error { return putMark(tx, m) })
}

// commit writes changes into the journal, and makes them visible.
func (c *carrier) commit(changes []storage.Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.isBroken(); err != nil || len(changes) == 0 {
		return err
	}
	if err := c.mended(); err != nil {
		return err
	}
	if c.failed.Load() { // what the file does not take, the journal takes for so long only
		if err := c.carryLower(); err != nil {
			return err
		}
	}
	if err := storable(changes); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if room(changes) > c.journal.half {
		return c.commitLarge(changes)
	}
	entry := c.journal.encode(changes)
	if !c.journal.fits(entry) {
		if err := c.turn(); err != nil {
			return err
		}
	}
	if err := c.need(); err != nil {
		return err
	}
	if err := c.journal.write(entry); err != nil {
		return c.breaksIfUnknown(fmt.Errorf("commit: %w", err))
	}
	c.pending.add(changes)
	return nil
}

// storable returns what bbolt would say of a change: it is asked only after the commit.
func storable(changes []storage.Change) error {
	for _, c := range changes {
		switch {
		case c.Delete: // of what cannot be there it is nothing
		case c.Key == "":
			return bolterrors.ErrKeyRequired
		case len(c.Key) > bolt.MaxKeySize:
			return bolterrors.ErrKeyTooLarge
		case int64(len(c.Value)) > bolt.MaxValueSize-sumSize:
			return bolterrors.ErrValueTooLarge
		}
	}
	return nil
}

// commitLarge makes a commit that has no room in the journal. The caller holds mu.
func (c *carrier) commitLarge(changes []storage.Change) error {
	if err := c.settle(); err != nil {
		return err
	}
	err := c.e.commitTree(changes, nil)
	c.pending.exchange() // a view that began before it must not have what comes after it
	return c.breaksIfUnknown(err)
}

func (c *carrier) mark(carried uint64, needed bool) mark {
	return mark{c.journal.id, c.journal.half, carried, needed}
}

// need has the file say that the journal is needed from now on. The caller holds mu.
func (c *carrier) need() error {
	if c.needed {
		return nil
	}
	err := c.e.setMark(c.mark(c.journal.last, true))
	c.needed = err == nil
	return c.breaksIfUnknown(err)
}

// breaksIfUnknown has nothing confirmed any more where it is not known what became of
// something: a sync that failed cannot be made good by another one.
func (c *carrier) breaksIfUnknown(err error) error {
	if errors.Is(err, storage.ErrUnknown) {
		c.broken.CompareAndSwap(nil, &err)
	}
	return err
}

func (c *carrier) isBroken() error {
	if err := c.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// turn goes on in the other file of the journal, and has what is pending carried over in the
// background. The caller holds mu.
func (c *carrier) turn() error {
	if err := c.carryLower(); err != nil { // it may still be in the other file alone
		return err
	}
	c.carrying.Lock()
	defer c.carrying.Unlock()
	if !c.pending.lay() {
		return nil
	}
	c.upTo = c.journal.last
	c.journal.turn()
	select {
	case c.kick <- struct{}{}:
	default:
	}
	return nil
}

// carryLower carries the lower part over, if there is one.
func (c *carrier) carryLower() error {
	c.carrying.Lock()
	defer c.carrying.Unlock()
	list := c.pending.lowerPart()
	if list == nil {
		return nil
	}
	if err := c.isBroken(); err != nil {
		return err
	}
	err := c.e.carryOver(list, c.mark(c.upTo, true))
	c.failed.Store(err != nil)
	if err != nil {
		return c.breaksIfUnknown(err)
	}
	c.pending.done()
	return nil
}

// settle carries over everything. The caller holds mu.
func (c *carrier) settle() error {
	if err := c.turn(); err != nil {
		return err
	}
	return c.carryLower()
}

// run carries over in the background.
func (c *carrier) run() {
	tick := time.NewTicker(carryAfter)
	defer tick.Stop()
	for {
		select {
		case <-c.ending:
			return
		case <-c.kick:
			_ = c.carryLower() // the next commit hears of it
		case <-tick.C:
			c.mu.Lock()
			said := ""
			if c.isBroken() == nil {
				said = c.look()
				_ = c.turn()
			}
			c.mu.Unlock()
			if said != "" {
				c.e.o.Alarm(said)
			}
		}
	}
}

// alone calls f while the file stands for itself, with everything in it. The next commit has
// it say otherwise: f may have begun a view, and to commit beside it can have to wait for that.
func (c *carrier) alone(f func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.isBroken(); err != nil {
		return err
	}
	if err := c.standAlone(); err != nil {
		return err
	}
	return f()
}

// standAlone carries over everything, and has the file say that it needs no journal. The caller
// holds mu.
func (c *carrier) standAlone() error {
	if err := c.settle(); err != nil || !c.needed {
		return err
	}
	err := c.e.setMark(c.mark(c.journal.last, false))
	c.needed = err != nil
	return c.breaksIfUnknown(err)
}

// close carries over everything and removes the journal. Where that fails it stays, for the
// next who opens the file.
func (c *carrier) close() error {
	c.once.Do(func() {
		spent, err := c.end()
		close(c.ending)
		c.running.Wait()
		c.closed = errors.Join(err, c.journal.close())
		if spent {
			c.e.o.left(c.e.path, removeJournal(c.e.beside, c.journal.id))
		}
	})
	return c.closed
}

// end has nothing confirmed any more, and reports whether the journal is needed no more.
func (c *carrier) end() (spent bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isBroken() != nil {
		return false, nil // whoever wrote heard of it
	}
	if err = c.standAlone(); err == nil {
		// Once more, so that both headers say it: either may be needed without the other.
		err = c.breaksIfUnknown(c.e.setMark(c.mark(c.journal.last, false)))
	}
	closed := storage.ErrClosed
	c.broken.CompareAndSwap(nil, &closed)
	if err != nil {
		err = fmt.Errorf("what the file could not take stands in its journal, and the next start goes on with that: %w", err)
	}
	return err == nil, err
}
