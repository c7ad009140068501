package notify

import (
	"context"
	"errors"
	"time"
)

// Breaker takes a provider out after several failures in a row, so that pages
// go the next way at once instead of waiting for a dead one each time. After a
// pause, which grows as long as it fails, one attempt is let through again.
// The zero Breaker is a provider in order. It is a value: Record returns the
// next one, and it may be stored.
type Breaker struct {
	Failures int       `json:"failures,omitempty"` // in a row
	Until    time.Time `json:"until,omitzero"`     // out until then, when Failures has reached tripAfter
}

const (
	tripAfter  = 3
	firstPause = 30 * time.Second
	longPause  = 10 * time.Minute
)

// Open reports whether the provider is out: do not send, take the next way.
func (b Breaker) Open(now time.Time) bool {
	return b.Failing() && now.Before(b.Until)
}

// Failing reports whether the provider has been taken out and nothing has got
// through since: it is out, or one attempt is let through to see.
func (b Breaker) Failing() bool { return b.Failures >= tripAfter }

// Record returns the breaker after an attempt that ended at now with err, as
// returned by Send. A refused message, a cancelled attempt and being asked to
// slow down say nothing against the provider and change nothing.
func (b Breaker) Record(err error, now time.Time) Breaker {
	if err == nil {
		return Breaker{}
	}
	var e *Error
	if errors.Is(err, context.Canceled) || errors.As(err, &e) && (e.Kind == Refused || e.Kind == Busy) {
		return b
	}
	b.Failures++
	if b.Failures < tripAfter {
		return b
	}
	pause := longPause
	if n := b.Failures - tripAfter; n < 5 { // beyond that the doubling is longer than longPause anyway
		pause = min(firstPause<<n, longPause)
	}
	if e != nil {
		pause = max(pause, e.RetryAfter)
	}
	b.Until = now.Add(pause)
	return b
}
