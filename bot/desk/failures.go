package desk

import (
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

// Failures keeps one cause, such as a full disk, from filling the log: each is written
// once a minute, with how often it came again. Everybody who is told of it meanwhile gets the
// same reference, and finds the reason under it. The zero value is ready, and may be used
// concurrently.
type Failures struct {
	mu   sync.Mutex
	seen map[string]*Failure
	over []Failure // came again, and is to be told by Repeated
}

// Failure is a cause that is to be written to the log.
type Failure struct {
	Reference string
	Err       error
	Again     int // how often it came again since it was written last

	at time.Time // when it was written
}

const (
	failureHolds = time.Minute
	mostFailures = 100 // causes that are told apart; each one more is written every time
)

// Failed takes an error that somebody is told of only as a reference. Write: it is to be
// written to the log now.
func (f *Failures) Failed(err error, now time.Time) (reference string, write bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := causeOf(err).Error()
	if known := f.seen[key]; known != nil && now.Sub(known.at) < failureHolds {
		known.Again++
		return known.Reference, false
	}
	f.forget(now)
	ref := rand.Text()[:8]
	if f.seen == nil {
		f.seen = map[string]*Failure{}
	}
	if len(f.seen) < mostFailures {
		f.seen[key] = &Failure{Reference: ref, Err: err, at: now}
	}
	return ref, true
}

// Repeated returns what has come again and was not written for a minute, and forgets
// it. Whoever looks after the log calls it from time to time.
func (f *Failures) Repeated(now time.Time) (list []Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(now)
	list, f.over = f.over, nil
	return list
}

// forget makes room for what was written a minute ago.
func (f *Failures) forget(now time.Time) {
	for key, known := range f.seen {
		if now.Sub(known.at) < failureHolds {
			continue
		}
		if known.Again > 0 && len(f.over) < mostFailures {
			f.over = append(f.over, *known)
		}
		delete(f.seen, key)
	}
}

// causeOf is the error at the bottom, which is the same whoever it happened to.
func causeOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
