package bolt

import (
	"context"
	"errors"
	"io"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// sliceBytes is how much of the file is looked at in one transaction. While one is open,
// no page that is given up can be used again, and the file cannot grow beyond its mapping.
const sliceBytes = 2 << 20

// aside reads the records of a file while work goes on. Each slice of them is looked at
// as it is at some instant, and all of them are counted as of the last one: what a commit
// does to those that were counted already is added to the count.
type aside struct {
	turn  sync.Mutex // held while a commit is made, and while a slice begins
	file  io.ReaderAt
	room  int // bytes of a slice
	slice slice
	found tally
	moved []move // since the last slice began
	on    bool   // a count is under way
}

// move is what a change does to the count.
type move struct {
	key    string
	stored []byte
	gone   bool
}

// moves are those of a commit that is being made; nil: nobody counts.
type moves struct {
	of   *aside
	list []move
}

func (m *moves) removed(key string, stored []byte) { m.note(key, stored, true) }
func (m *moves) added(key string, stored []byte)   { m.note(key, stored, false) }

func (m *moves) note(key string, stored []byte, gone bool) {
	if m == nil || len(stored) < sumSize {
		return
	}
	sum := append([]byte{}, stored[len(stored)-sumSize:]...)
	m.list = append(m.list, move{key, sum, gone})
}

// commit says that the changes were made.
func (m *moves) commit() {
	if m != nil {
		m.of.moved = append(m.of.moved, m.list...)
	}
}

// committing begins a commit. Its end is to be told.
func (a *aside) committing() (m *moves, ended func()) {
	if a == nil {
		return nil, func() {}
	}
	a.turn.Lock()
	if a.on {
		m = &moves{of: a}
	}
	return m, a.turn.Unlock
}

// Unread reports whether Open has left the records for [Engine.Verify] to read.
func (e *Engine) Unread() bool { return e.aside != nil }

// Verify reads every record that Open has not read, while work goes on, and returns what
// is wrong with the file, in words; nil: nothing is. Between two short views of the store
// it calls rest, and stops with its error. Where Open has read everything it returns at
// once. It is to be called once.
func (e *Engine) Verify(ctx context.Context, rest func() error) error {
	if e.aside == nil {
		return nil
	}
	defer e.aside.stop()
	for {
		done, err := e.look()
		if err != nil {
			return explain(e.path, err)
		}
		if done {
			return nil
		}
		if err := errors.Join(ctx.Err(), rest()); err != nil {
			return err
		}
	}
}

// look looks at the next slice of the records. Done: it was the last, and the count is
// right.
func (e *Engine) look() (done bool, err error) {
	a := e.aside
	tx, c, err := e.beginSlice()
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	err = c.walk()
	a.found = c.found
	if errors.Is(err, errSliceFull) {
		a.slice.from = a.slice.next
		return false, nil
	}
	if err == nil {
		err = c.whole()
	}
	return true, err
}

// beginSlice brings the count to what is stored now, and holds that for the slice.
func (e *Engine) beginSlice() (*bolt.Tx, *checker, error) {
	a := e.aside
	a.turn.Lock()
	defer a.turn.Unlock()
	for _, m := range a.moved {
		switch {
		case m.key >= a.slice.from: // is still to be counted
		case m.gone:
			a.found.remove(m.stored)
		default:
			a.found.add(m.stored)
		}
	}
	a.moved, a.on = nil, true
	a.slice.room = a.room
	tx, err := e.begin(false)
	if err != nil {
		return nil, nil, closedAs(err)
	}
	c, err := begin(a.file, tx.Size(), Options{UseOlderHeader: true, Warn: func(string) {}})
	if err != nil {
		_ = tx.Rollback()
		return nil, nil, err
	}
	if c.meta.tx != uint64(tx.ID()) {
		_ = tx.Rollback()
		return nil, nil, damaged("the header pages are not those that were written last")
	}
	c.seen, c.found, c.slice = nil, a.found, &a.slice
	return tx, c, nil
}

// stop ends the count.
func (a *aside) stop() {
	a.turn.Lock()
	defer a.turn.Unlock()
	a.on, a.moved = false, nil
}
