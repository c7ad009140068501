// Package storage keeps Stormbell's records: an ordered map of readable keys
// to small values, read and changed in transactions.
//
// Its two nouns are DB and Tx. Both are written once and hold the whole of the
// semantics: reading one's own writes, order, deletion, limits, sharing one
// durable commit among concurrent writers. An Engine (a file, a cluster) only
// gives a consistent view and applies a list of changes, all or none, so two
// engines cannot differ in what a transaction means.
//
// What it refuses: transactions inside transactions, more than one writer,
// retries of a closure, and going on after a commit whose outcome is unknown.
package storage

import (
	"context"
	"errors"
	"fmt"
)

// The limits that hold for every transaction on every engine. They are those
// of the strictest one (etcd by default takes 128 operations and 1.5 MiB a
// request), so what would fail on a cluster fails on a laptop as well.
const (
	// MaxChanges is the highest number of distinct keys one closure may change.
	MaxChanges = 128
	// MaxBytes is the highest sum of the sizes of one closure's changes: key and
	// value in bytes, and changeOverhead for each change. It leaves 4 KiB of the
	// 1.5 MiB for an engine's own part of the request.
	MaxBytes = 1536<<10 - 4<<10
	// MaxKey is the greatest length of a key in bytes.
	MaxKey = 1024

	// changeOverhead is what one change costs in an engine's request besides
	// its key and value, generously.
	changeOverhead = 64
)

// The errors callers test for with errors.Is.
var (
	// ErrNotFound is returned by Get for a key that has no value. An empty
	// value is a value.
	ErrNotFound = errors.New("not found")
	// ErrTooLarge is returned for a key beyond MaxKey and for a transaction
	// beyond MaxChanges or MaxBytes; nothing of that transaction is stored.
	ErrTooLarge = errors.New("too large")
	// ErrReadOnly is returned by Put and Delete inside View.
	ErrReadOnly = errors.New("read-only transaction")
	// ErrClosed is returned after Close, and by a Tx used after its closure
	// has returned.
	ErrClosed = errors.New("closed")
	// ErrUnread is what [Tx.Reachable] returns for records in another place that are
	// not to be looked at.
	ErrUnread = errors.New("kept in another place, where nobody looks now")
	// ErrUnknown is returned for a commit that may or may not have happened.
	// The process has to end: the next one reads the truth.
	ErrUnknown = errors.New("outcome of the commit unknown")
	// ErrLost is returned once this process is no longer the writer: by an
	// engine that refused a commit for that reason, and by DB after ErrUnknown.
	ErrLost = errors.New("no longer the writer")
)

// DamagedError is that what an engine has for a key is not what was written: a byte of it
// was changed. Other records can be read.
type DamagedError struct {
	Key   string // as it stands there; it can be what was changed
	Cause error
}

// Error names the record.
func (e *DamagedError) Error() string { return fmt.Sprintf("record %q: %v", e.Key, e.Cause) }

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Cause }

// ScanPast is [Snapshot.Scan] that asks damaged of each record that is damaged, and goes
// on behind it if that returns true. A view that can do so has a method of that name;
// another one ends at the first.
func ScanPast(s Snapshot, r Range, each func(key string, value []byte) bool, damaged func(*DamagedError) bool) error {
	if p, ok := s.(interface {
		ScanPast(r Range, each func(key string, value []byte) bool, damaged func(*DamagedError) bool) error
	}); ok {
		return p.ScanPast(r, each, damaged)
	}
	return s.Scan(r, each)
}

// Engine keeps the records. Its Open returns when this process is the only
// writer. All methods may be called concurrently, except that DB never has two
// Commits under way.
type Engine interface {
	// Snapshot returns an unchanging view of everything committed before the
	// call. It must not wait for a Commit under way.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Commit applies the changes, durably and all or none, before it returns.
	// Keys are in order and distinct. Deleting a missing key is no error.
	// The error wraps ErrUnknown when the changes may yet have been applied,
	// and ErrLost when they were refused because another process is the writer;
	// any other error means that nothing has changed and later commits may work.
	// It may keep the values, which nobody changes any more, and must not panic.
	Commit(ctx context.Context, changes []Change) error

	// Close releases the store. No Snapshot or Commit is under way.
	Close() error
}

// Snapshot is a consistent view. It is used by one goroutine at a time.
type Snapshot interface {
	// Get returns the value of key, which the caller may keep and change, or
	// ErrNotFound. An empty value is returned as an empty, non-nil slice.
	Get(key string) ([]byte, error)

	// Scan calls each for the records in r, in order, until each returns false.
	// The caller may keep and change the values.
	Scan(r Range, each func(key string, value []byte) bool) error

	// Close releases the view. Nothing else is called afterwards.
	Close() error
}

// Change is one key's new value, or its deletion.
type Change struct {
	Key    string
	Value  []byte // ignored when Delete is set
	Delete bool
}

// size is what the change counts against MaxBytes.
func (c Change) size() int { return len(c.Key) + len(c.Value) + changeOverhead }

// Range is the keys from Start up to but not including End, in byte order.
// An empty Start begins at the first key; an empty End means that there is no
// upper bound. The zero Range is everything. A Range whose Start is not below
// its End is empty.
type Range struct {
	Start, End string
	Reverse    bool // from the last key to the first
}

// Prefix returns the range of all keys that begin with prefix; with an empty
// prefix, of all keys.
func Prefix(prefix string) Range {
	return Range{Start: prefix, End: afterPrefix(prefix)}
}

// afterPrefix returns the lowest key above all keys that begin with prefix, or
// "" when there is none.
func afterPrefix(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if c := prefix[i]; c < 0xFF {
			return prefix[:i] + string([]byte{c + 1})
		}
	}
	return ""
}

// Contains reports whether key lies in r.
func (r Range) Contains(key string) bool {
	return key >= r.Start && (r.End == "" || key < r.End)
}

// Limits is how much one Commit may carry. An engine that takes more than one
// closure's worth (MaxChanges, MaxBytes) has a method `Limits() Limits`; New
// looks for it.
type Limits struct {
	Changes int // distinct keys
	Bytes   int // keys, values, and 64 for each change
}
