package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
)

// Commit applies the changes and syncs them to the disk. An error means that
// the store is as it was before, unless it wraps storage.ErrUnknown.
func (e *Engine) Commit(_ context.Context, changes []storage.Change) error {
	if e.carrier != nil {
		return e.carrier.commit(changes)
	}
	return e.commitTree(changes, nil)
}

// commitTree applies the changes to the file and syncs it, with what also does; nil: nothing.
func (e *Engine) commitTree(changes []storage.Change, also func(*bolt.Tx) error) (err error) {
	var tx *bolt.Tx
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		// bbolt panics on a tree that makes no sense. The file was damaged where Open has
		// not read it, or memory or disk have gone bad under way: nothing can be relied on.
		if p := recover(); p != nil {
			err = fmt.Errorf("commit: %w: %v: %w", errPanic, p, storage.ErrUnknown)
			letGo(tx)
		}
	}()
	moved, ended := e.aside.committing()
	defer ended()
	tx, err = e.begin(true)
	if err != nil {
		return fmt.Errorf("commit: %w", closedAs(err))
	}
	id := tx.ID()
	err = apply(tx, changes, moved)
	if err == nil && also != nil {
		err = also(tx)
	}
	if err != nil {
		tx.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return e.failed(id, err)
	}
	moved.commit()
	return nil
}

// errPanic is that bbolt met something in the file that makes no sense.
var errPanic = errors.New("the file makes no sense")

// letGo ends a transaction in which bbolt panicked, so that Close does not wait for it.
func letGo(tx *bolt.Tx) {
	defer func() { _ = recover() }()
	if tx != nil {
		_ = tx.Rollback()
	}
}

// apply makes the changes in a transaction, and tells moved of each.
func apply(tx *bolt.Tx, changes []storage.Change, moved *moves) error {
	meta, records := tx.Bucket([]byte(metaBucket)), tx.Bucket([]byte(recordsBucket))
	records.FillPercent = fillPercent
	count, err := decodeTally(meta.Get([]byte(tallyKey)))
	if err != nil {
		return err
	}
	room := make([]byte, 0, sealedRoom(changes)) // bbolt reads values until the commit
	var key []byte                               // bbolt copies keys
	for _, c := range changes {
		key = append(key[:0], c.Key...)
		// Each is looked for as bbolt will when it writes it, and not beside the one before: where
		// a page is damaged, its keys need not be in order, and the next page need not be one.
		before := records.Get(key)
		count.remove(before)
		moved.removed(c.Key, before)
		switch {
		case c.Delete && before == nil:
			continue
		case c.Delete:
			if err := records.Delete(key); err != nil {
				return err
			}
			continue
		}
		stored := seal(room[len(room):], key, c.Value)
		room = room[:len(room)+len(stored)]
		stored = slices.Clip(stored)
		count.add(stored)
		moved.added(c.Key, stored)
		if err := records.Put(key, stored); err != nil {
			return err
		}
	}
	return meta.Put([]byte(tallyKey), count.encode())
}

// sealedRoom is how many bytes the values of changes take in the file.
func sealedRoom(changes []storage.Change) (n int) {
	for _, c := range changes {
		if !c.Delete {
			n += len(c.Value) + sumSize
		}
	}
	return n
}

// failed tells a commit that did not happen from one that may have: the header
// page is written last, so if it names this transaction, only the final sync
// is in doubt.
func (e *Engine) failed(id int, cause error) error {
	tx, err := e.begin(false)
	if err != nil {
		return fmt.Errorf("commit: %w (%w)", cause, storage.ErrUnknown)
	}
	defer tx.Rollback()
	if tx.ID() >= id {
		return fmt.Errorf("commit: %w (%w)", cause, storage.ErrUnknown)
	}
	return fmt.Errorf("commit: %w", cause)
}
