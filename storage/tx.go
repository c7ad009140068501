package storage

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Tx is one transaction: a consistent view with this transaction's own changes
// on top. It belongs to the closure that View or Update calls with it, is used
// by one goroutine only, and ends when that closure returns; afterwards every
// method answers ErrClosed.
//
// An error of the engine, of a limit or of a read-only transaction sticks: it
// is returned by View or Update even when the closure swallows it, and nothing
// is committed. ErrNotFound does not stick.
type Tx struct {
	snap     Snapshot
	below    *layer // changes of the closures before this one in the same commit, or nil
	own      layer
	late     map[string]Late // whose text is not in own yet
	writable bool
	ended    bool
	err      error // the first error that sticks
}

// Get returns the value of key, which the caller may keep and change.
// A missing key (the empty key is always missing) is ErrNotFound.
func (t *Tx) Get(key string) ([]byte, error) {
	v, pending, err := t.get(key)
	if pending {
		v = append([]byte{}, v...)
	}
	return v, err
}

// Peek is Get of a value that the caller may keep and only reads; false: there is none.
func (t *Tx) Peek(key string) (value []byte, ok bool, err error) {
	value, _, err = t.get(key)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// get is Get of a value that the caller only reads: that of a change that is pending is
// the change's own.
func (t *Tx) get(key string) (value []byte, pending bool, err error) {
	t.settle(key)
	if err := t.usable(); err != nil {
		return nil, false, err
	}
	c, ok := t.changed(key)
	switch {
	case ok && c.Delete:
		return nil, false, ErrNotFound
	case ok:
		return c.Value, true, nil
	}
	value, err = t.snap.Get(key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, false, t.stick(err)
	}
	return value, false, err
}

// Changed reports whether key was put or deleted by the transaction, or by one before it
// that shares its commit.
func (t *Tx) Changed(key string) bool {
	_, ok := t.changed(key)
	return ok
}

func (t *Tx) changed(key string) (Change, bool) {
	c, ok := t.own.changes[key]
	if !ok && t.below != nil {
		c, ok = t.below.changes[key]
	}
	return c, ok
}

// Changes returns how many keys the transaction has changed so far, of which it can
// change [MaxChanges].
func (t *Tx) Changes() int { return len(t.own.changes) }

// Bytes returns how many bytes these changes have, of which it can have [MaxBytes]. A text
// that is not made yet counts as none.
func (t *Tx) Bytes() int { return t.own.bytes }

// Put sets the value of key; nil and empty values are the same. The value is
// copied. The key must not be empty.
func (t *Tx) Put(key string, value []byte) error {
	return t.PutOwn(key, bytes.Clone(value))
}

// PutOwn is Put of a value that nobody changes any more: it is not copied.
func (t *Tx) PutOwn(key string, value []byte) error {
	return t.change("put", Change{Key: key, Value: value})
}

// Delete removes key. Removing a missing key is no error, yet counts as a
// change against the limits.
func (t *Tx) Delete(key string) error {
	return t.change("delete", Change{Key: key, Delete: true})
}

// change makes a change, whose value nobody changes any more.
func (t *Tx) change(verb string, c Change) error {
	if err := t.usable(); err != nil {
		return err
	}
	name := c.Key[:min(len(c.Key), 80)] // enough to recognise it in a log
	switch {
	case !t.writable:
		return t.stick(fmt.Errorf("%s %q: %w", verb, name, ErrReadOnly))
	case c.Key == "":
		return t.stick(fmt.Errorf("%s: empty key", verb))
	case len(c.Key) > MaxKey:
		return t.stick(fmt.Errorf("%s %q...: key of %d bytes (at most %d): %w", verb, name, len(c.Key), MaxKey, ErrTooLarge))
	case !t.own.fits(c, Limits{MaxChanges, MaxBytes}):
		return t.stick(fmt.Errorf("%s %q: transaction would exceed %d changes or %d bytes: %w",
			verb, name, MaxChanges, MaxBytes, ErrTooLarge))
	}
	delete(t.late, c.Key)
	t.own.put(c)
	return nil
}

// Scan yields the records whose keys begin with prefix, in key order; with an
// empty prefix, all records. It sees the transaction's changes made before it
// began, and none made while it runs, so a loop may put and delete. The caller
// may keep and change the values.
//
// A failing read ends the sequence early; the error is in Err and is returned
// by View or Update.
func (t *Tx) Scan(prefix string) iter.Seq2[string, []byte] {
	return t.ScanRange(Prefix(prefix))
}

// ScanFrom is Scan without the keys below from; from need not exist. To go on
// after a key, pass the key followed by a zero byte.
func (t *Tx) ScanFrom(prefix, from string) iter.Seq2[string, []byte] {
	r := Prefix(prefix)
	r.Start = max(r.Start, from)
	return t.ScanRange(r)
}

// ScanBack is Scan from the last key to the first.
func (t *Tx) ScanBack(prefix string) iter.Seq2[string, []byte] {
	r := Prefix(prefix)
	r.Reverse = true
	return t.ScanRange(r)
}

// Last returns the record with the greatest key that begins with prefix, or
// ErrNotFound.
func (t *Tx) Last(prefix string) (key string, value []byte, err error) {
	for k, v := range t.ScanBack(prefix) {
		return k, v, nil
	}
	if err := t.Err(); err != nil {
		return "", nil, err
	}
	return "", nil, ErrNotFound
}

// Reachable returns why records whose keys begin with prefix cannot be read, where some
// of them are kept in another place, see [DB.Through]; nil: they can. Unlike the error of
// a read it does not stick.
func (t *Tx) Reachable(prefix string) error {
	if err := t.usable(); err != nil {
		return err
	}
	if s, ok := t.snap.(interface{ Reachable(prefix string) error }); ok {
		return s.Reachable(prefix)
	}
	return nil
}

// Err returns the error that will be the transaction's, or nil.
func (t *Tx) Err() error { return t.err }

// ScanRange yields the records in r, in the direction of r. See Scan.
func (t *Tx) ScanRange(r Range) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if t.settleIn(r); t.usable() != nil || r.End != "" && r.Start >= r.End {
			return
		}
		m := merge{changes: overlay(t.below.within(r), t.own.within(r)), reverse: r.Reverse, yield: yield}
		if r.Reverse {
			slices.Reverse(m.changes)
		}
		if err := t.snap.Scan(r, m.stored); err != nil {
			t.stick(err)
			return
		}
		m.rest()
	}
}

// merge lays changes over the stored records of a scan, both in the scan's
// direction.
type merge struct {
	changes []Change
	reverse bool
	yield   func(string, []byte) bool
	stopped bool
}

// stored takes the next stored record and yields what comes up to it.
func (m *merge) stored(key string, value []byte) bool {
	for len(m.changes) > 0 {
		c := m.changes[0]
		if c.Key == key {
			m.changes = m.changes[1:]
			return m.emit(c)
		}
		if (c.Key < key) == m.reverse {
			break
		}
		m.changes = m.changes[1:]
		if !m.emit(c) {
			return false
		}
	}
	m.stopped = !m.yield(key, value)
	return !m.stopped
}

// rest yields the changes beyond the last stored record.
func (m *merge) rest() {
	for _, c := range m.changes {
		if m.stopped || !m.emit(c) {
			return
		}
	}
}

// emit yields a change unless it is a deletion.
func (m *merge) emit(c Change) bool {
	if c.Delete {
		return true
	}
	m.stopped = !m.yield(c.Key, append([]byte{}, c.Value...))
	return !m.stopped
}

func (t *Tx) usable() error {
	if t.ended {
		return fmt.Errorf("transaction: %w", ErrClosed)
	}
	return t.err
}

func (t *Tx) stick(err error) error {
	if t.err == nil {
		t.err = err
	}
	return err
}
