package main

import (
	"context"
	"slices"
	"sync"

	"github.com/stormbell/stormbell/storage"
)

// memory is an engine whose records are in memory: no call of it leaves the processor, so
// that goroutines take turns the same way each time. It is the storage of a medium, which
// outlives the processes that write to it.
type memory struct {
	mu      sync.Mutex
	records []storage.Change // in order of their keys; a commit makes a new list
}

// Snapshot is the list as it is.
func (m *memory) Snapshot(context.Context) (storage.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return memorySnapshot(m.records), nil
}

// Commit merges the changes, which are in order, into a new list.
func (m *memory) Commit(_ context.Context, changes []storage.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make([]storage.Change, 0, len(m.records)+len(changes))
	rest := m.records
	for _, c := range changes {
		at, found := slices.BinarySearchFunc(rest, c.Key, compareKeys)
		next = append(next, rest[:at]...)
		if found {
			at++
		}
		rest = rest[at:]
		if !c.Delete {
			next = append(next, storage.Change{Key: c.Key, Value: append([]byte{}, c.Value...)})
		}
	}
	m.records = append(next, rest...)
	return nil
}

// Close keeps the records.
func (m *memory) Close() error { return nil }

func compareKeys(c storage.Change, key string) int {
	switch {
	case c.Key < key:
		return -1
	case c.Key > key:
		return 1
	}
	return 0
}

type memorySnapshot []storage.Change

// Get returns a copy of a value.
func (s memorySnapshot) Get(key string) ([]byte, error) {
	at, found := slices.BinarySearchFunc(s, key, compareKeys)
	if !found {
		return nil, storage.ErrNotFound
	}
	return append([]byte{}, s[at].Value...), nil
}

// Scan goes through a range.
func (s memorySnapshot) Scan(r storage.Range, each func(key string, value []byte) bool) error {
	from, _ := slices.BinarySearchFunc(s, r.Start, compareKeys)
	to := len(s)
	if r.End != "" {
		to, _ = slices.BinarySearchFunc(s, r.End, compareKeys)
	}
	for k := from; k < to; k++ {
		c := s[k]
		if r.Reverse {
			c = s[to-1-(k-from)]
		}
		if !each(c.Key, append([]byte{}, c.Value...)) {
			return nil
		}
	}
	return nil
}

// Close has nothing to release.
func (s memorySnapshot) Close() error { return nil }
