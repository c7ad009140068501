package bolt

import (
	"bytes"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
)

// snapshot is a bbolt read transaction. What bbolt hands out lies in the
// mapped file and is gone with the transaction, so values are copied.
type snapshot struct {
	tx      *bolt.Tx
	records *bolt.Bucket
	scanned int // bytes that scans have gone over
}

// muchScanned is when a snapshot has made so much of the file resident that it
// is worth letting go of.
const muchScanned = 16 << 20

func (s *snapshot) Get(key string) (value []byte, err error) {
	defer recovered(&err)
	k := []byte(key)
	stored := s.records.Get(k)
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
	c := s.records.Cursor()
	step := walk{from: first, next: c.Next}
	if r.Reverse {
		step = walk{from: last, next: c.Prev}
	}
	k, stored, err := step.move(func() ([]byte, []byte) { return step.from(c, r) })
	for err == nil && k != nil && r.Contains(string(k)) {
		s.scanned += len(k) + len(stored)
		v, bad := unseal(k, stored)
		if bad != nil {
			return bad
		}
		if !each(string(k), bytes.Clone(v)) {
			return nil
		}
		k, stored, err = step.move(step.next)
	}
	return err
}

func (s *snapshot) Close() error {
	if s.scanned > muchScanned {
		forgetPages(s.tx)
	}
	return s.tx.Rollback()
}

// walk is one direction of a cursor.
type walk struct {
	from func(*bolt.Cursor, storage.Range) (key, value []byte)
	next func() (key, value []byte)
}

// move moves the cursor. Panics of bbolt become errors; those of the caller's
// function, which runs between two moves, do not.
func (walk) move(f func() ([]byte, []byte)) (key, value []byte, err error) {
	defer recovered(&err)
	key, value = f()
	return key, value, nil
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
// sense, into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("read store: file damaged: %v", p)
	}
}
