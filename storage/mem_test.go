package storage

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// MemEngine is an engine in memory for the tests of this package. Its fields
// make it slow, small or failing; they are set before it is used.
type MemEngine struct {
	Delay time.Duration                 // how long a commit takes
	Max   Limits                        // as an engine's Limits
	Fail  func(n int, c []Change) error // asked before the n-th commit, from 1
	Read  func() error                  // asked before every read of a snapshot

	mu      sync.Mutex
	records map[string][]byte
	Commits [][]Change
}

func (e *MemEngine) Limits() Limits {
	if e.Max == (Limits{}) {
		return Limits{Changes: 1000, Bytes: 10 << 20}
	}
	return e.Max
}

func (e *MemEngine) Snapshot(context.Context) (Snapshot, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return memSnapshot{maps.Clone(e.records), e}, nil
}

func (e *MemEngine) Commit(_ context.Context, changes []Change) error {
	time.Sleep(e.Delay)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Commits = append(e.Commits, changes)
	if e.Fail != nil {
		if err := e.Fail(len(e.Commits), changes); err != nil {
			return err
		}
	}
	if e.records == nil {
		e.records = map[string][]byte{}
	}
	for _, c := range changes {
		if c.Delete {
			delete(e.records, c.Key)
			continue
		}
		e.records[c.Key] = append([]byte{}, c.Value...)
	}
	return nil
}

func (e *MemEngine) Close() error { return nil }

type memSnapshot struct {
	records map[string][]byte
	e       *MemEngine
}

func (s memSnapshot) Get(key string) ([]byte, error) {
	if s.e.Read != nil {
		if err := s.e.Read(); err != nil {
			return nil, err
		}
	}
	v, ok := s.records[key]
	if !ok {
		return nil, ErrNotFound
	}
	return append([]byte{}, v...), nil
}

func (s memSnapshot) Scan(r Range, each func(string, []byte) bool) error {
	keys := slices.Sorted(maps.Keys(s.records))
	if r.Reverse {
		slices.Reverse(keys)
	}
	for _, k := range keys {
		if !r.Contains(k) {
			continue
		}
		v, err := s.Get(k)
		if err != nil {
			return err
		}
		if !each(k, v) {
			return nil
		}
	}
	return nil
}

func (s memSnapshot) Close() error { return nil }
