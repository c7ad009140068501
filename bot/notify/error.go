package notify

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/stormbell/stormbell/bot/provider"
)

// Kind is why a message was not taken on, and so what to do next.
type Kind = provider.Kind

// The kinds.
const (
	Unavailable   = provider.Unavailable
	Busy          = provider.Busy
	Misconfigured = provider.Misconfigured
	Refused       = provider.Refused
)

// Error is a failed attempt. Its text holds no address, no text of the message
// and no secret, so it may be logged and shown.
type Error struct {
	Way        string // push, sms, voice, email or webhook
	Kind       Kind
	Cause      string        // in plain words
	RetryAfter time.Duration // not to be tried again before; 0 when not said
}

// Error returns the way and the cause.
func (e *Error) Error() string { return e.Way + ": " + e.Cause }

// Retryable reports whether the same message may be taken on later.
func (e *Error) Retryable() bool { return e.Kind.Retryable() }

func unavailable(way, cause string) *Error { return &Error{Way: way, Kind: Unavailable, Cause: cause} }

// busy is the provider asking to send more slowly; it says until when in after,
// or leaves it at 0.
func busy(way, cause string, after time.Duration) *Error {
	return &Error{Way: way, Kind: Busy, Cause: cause, RetryAfter: after}
}

func misconfigured(way, cause string) *Error {
	return &Error{Way: way, Kind: Misconfigured, Cause: cause}
}

func refused(way, cause string) *Error { return &Error{Way: way, Kind: Refused, Cause: cause} }

// broken explains why there was no answer. Errors of the network carry
// addresses with keys in them, or what a server has sent, so nothing of their
// text is passed on.
func broken(ctx context.Context, way string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", way, context.Cause(ctx))
	}
	return unavailable(way, networkCause(err))
}

func networkCause(err error) string {
	cause, _ := provider.NetworkCause(err, Timeout)
	return cause
}

// statusError returns what an HTTP status other than success means, in general.
func statusError(way string, a answer) *Error {
	s := strconv.Itoa(a.status)
	switch {
	case a.status >= 300 && a.status < 400:
		return misconfigured(way, "the server sends us elsewhere ("+s+"); put the final address into the configuration")
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return misconfigured(way, "the server refuses our credentials ("+s+")")
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed, a.status == http.StatusGone:
		return misconfigured(way, "nothing takes messages at the configured address ("+s+")")
	case a.status == http.StatusTooManyRequests:
		return busy(way, "the provider asks to slow down ("+s+")", a.retryAfter)
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly, a.status >= 500:
		e := unavailable(way, "the provider is failing ("+s+")")
		e.RetryAfter = a.retryAfter
		return e
	}
	return refused(way, "the provider refuses the message ("+s+")")
}
