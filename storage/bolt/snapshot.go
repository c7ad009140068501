package bolt

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
)

// snapshot is a bbolt read transaction. What bbolt hands out lies in the
// mapped file and is gone with the transaction, so values are copied.
type snapshot struct {
	engine  *Engine
	tx      *bolt.Tx
	records *bolt.Bucket
	scanned int // bytes that scans have gone over, and the pages of what was asked for
}

const (
	// muchTouched is when snapshots have gone over so much of the file that it is looked
	// what of it is resident. What one alone has gone over is not read again soon.
	muchTouched = 16 << 20

	// mayReside is how much of the file may be resident. To touch a page again that was
	// let go of takes longer than to read a record: with a quarter of this, an alert that
	// opens an incident cost a quarter more.
	mayReside = 64 << 20

	// pageTouched is what asking for one record touches, besides what leads to it.
	pageTouched = 4 << 10
)

func (s *snapshot) Get(key string) (value []byte, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	k := []byte(key)
	stored := s.records.Get(k)
	s.scanned += pageTouched
	if stored == nil {
		return nil, storage.ErrNotFound
	}
	v, err := unseal(k, stored)
	if err != nil {
		return nil, err
	}
	return append([]byte{}, v...), nil
}

func (s *snapshot) Scan(r storage.Range, each func(key string, value []byte) bool) error {
	return s.ScanPast(r, each, func(*storage.DamagedError) bool { return false })
}

// ScanPast is for [storage.ScanPast].
func (s *snapshot) ScanPast(r storage.Range, each func(key string, value []byte) bool, damaged func(*storage.DamagedError) bool) error {
	c := s.records.Cursor()
	from, next := first, c.Next
	if r.Reverse {
		from, next = last, c.Prev
	}
	var beyond *storage.DamagedError // a record that is damaged, with a key beyond r
	key, value, err := s.move(r, func() ([]byte, []byte) { return from(c, r) })
	for ; ; key, value, err = s.move(r, next) {
		broken := (*storage.DamagedError)(nil)
		switch {
		case errors.As(err, &broken) && !r.Contains(broken.Key):
			beyond = cmp.Or(beyond, broken) // its key may be what was changed: what follows tells
			continue
		case err != nil && broken == nil:
			return err
		case broken == nil && (value == nil || !r.Contains(key)):
			return nil
		}
		if beyond != nil && !damaged(beyond) {
			return beyond
		}
		beyond = nil
		switch {
		case broken != nil && !damaged(broken):
			return broken
		case broken == nil && !each(key, value):
			return nil
		}
	}
}

func (s *snapshot) Close() error {
	if e := s.engine; e.touched.Add(int64(s.scanned)) > muchTouched {
		e.touched.Store(0)
		if s.scanned > muchTouched || residentFiles()-e.unread.Load() > e.mayReside {
			e.forget(s.tx)
		}
	}
	return s.tx.Rollback()
}

// forget lets go of what reading has made resident.
func (e *Engine) forget(tx *bolt.Tx) {
	forgetPages(tx)
	e.unread.Store(residentFiles())
}

// move moves a cursor and returns the record there, beyond r its key alone; at the end a
// nil value. What goes wrong
// in bbolt and in the mapped file becomes an error; what does in the caller's function, which
// runs between two moves, does not.
func (s *snapshot) move(r storage.Range, to func() (key, stored []byte)) (key string, value []byte, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	k, stored := to()
	if k == nil {
		return "", nil, nil
	}
	s.scanned += len(k) + len(stored)
	v, err := unseal(k, stored)
	if err != nil {
		return "", nil, err
	}
	if !r.Contains(string(k)) {
		return string(k), []byte{}, nil
	}
	return string(k), append([]byte{}, v...), nil
}

// first goes to the first key that may lie in r. The end of a bucket is a nil
// key, which no range contains.
func first(c *bolt.Cursor, r storage.Range) (key, value []byte) {
	return c.Seek([]byte(r.Start))
}

// last goes to the last key below r.End.
func last(c *bolt.Cursor, r storage.Range) (key, value []byte) {
	if r.End == "" {
		return c.Last()
	}
	if k, _ := c.Seek([]byte(r.End)); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// recovered turns a panic of bbolt, which it raises for pages that make no
// sense, into an error; and, where SetPanicOnFault is set, that such a page made it
// read beyond the file.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("read store: file damaged: %v", p)
	}
}
