package alerts

import (
	"hash/maphash"
	"sync"
)

// seen says which alerts and groups may have a record. Most alerts of a storm are new, and to
// look in a large file for what is not there takes as long as a third of what one that joins
// does. It knows all of them once the records in the store were counted; until then each may
// have one, and so it is with the zero value.
type seen struct {
	mu       sync.Mutex
	all      map[uint64]struct{} // hashes of keys; nil: each may have a record
	counting map[uint64]struct{} // those of the count under way; nil: there is none
	began    count               // the latest
}

// count is one count of the records. Another one that begins meanwhile takes its place.
type count int

// seenMost is how many of both are known at most, which takes 10 MB.
const seenMost = 500_000

var seenSeed = maphash.MakeSeed()

// may reports whether the store may have a record at key. It never says no where it has.
func (s *seen) may(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		return true
	}
	_, ok := s.all[maphash.String(seenSeed, key)]
	return ok
}

// add notes that a record is about to be written.
func (s *seen) add(key string) {
	hash := maphash.String(seenSeed, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all != nil {
		s.all[hash] = struct{}{}
	}
	if s.counting != nil {
		s.counting[hash] = struct{}{}
	}
	if len(s.all) > seenMost {
		s.all = nil
	}
}

// count begins to count the records anew, before anything is read for it: what is written
// from now on is counted in.
func (s *seen) count() count {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began++
	s.counting = map[uint64]struct{}{}
	return s.began
}

// counted notes a record that a count has met.
func (s *seen) counted(c count, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c == s.began && s.counting != nil && len(s.counting) <= seenMost {
		s.counting[maphash.String(seenSeed, key)] = struct{}{}
	}
}

// end ends a count; whole: it has met every record.
func (s *seen) end(c count, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c != s.began {
		return
	}
	if whole && len(s.counting) <= seenMost {
		s.all = s.counting
	}
	s.counting = nil
}
