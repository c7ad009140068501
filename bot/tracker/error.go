package tracker

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/stormbell/stormbell/bot/provider"
)

// Kind is why something was not done, and so what to do next.
type Kind = provider.Kind

// The kinds.
const (
	Unavailable   = provider.Unavailable
	Busy          = provider.Busy
	Misconfigured = provider.Misconfigured
	Refused       = provider.Refused
)

// Error is something that a provider did not do. Its text holds no address, no text of
// an issue and no secret, so it may be logged and shown.
type Error struct {
	Title      string // the provider's name
	Kind       Kind
	Cause      string        // in plain words
	RetryAfter time.Duration // not to be tried again before; 0 when not said
	Doubtful   bool          // it may have been done all the same

	token bool // it is not accepted, so nothing else will be done either
}

// Error returns the provider and the cause.
func (e *Error) Error() string { return e.Title + ": " + e.Cause }

// Retryable reports whether the same request may be taken on later.
func (e *Error) Retryable() bool { return e.Kind.Retryable() }

// broken explains why there was no answer. Errors of the network carry addresses, so
// nothing of their text is passed on.
func (c client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.title, context.Cause(ctx))
	}
	cause, doubtful := provider.NetworkCause(err, Timeout)
	return &Error{Title: c.title, Kind: Unavailable, Cause: cause, Doubtful: doubtful}
}

// statusError returns what an HTTP status other than success means at most providers.
func (c client) statusError(a answer) *Error {
	s := strconv.Itoa(a.status)
	e := &Error{Title: c.title, RetryAfter: a.retryAfter}
	switch {
	case a.ok(): // but not as it says that something was made
		return c.garbled()
	case a.status >= 300 && a.status < 400:
		e.Kind, e.Cause = Misconfigured, "the server sends us elsewhere ("+s+"); put the final address into the configuration"
	case a.status == http.StatusUnauthorized:
		e.Kind, e.Cause, e.token = Misconfigured, "the token is not accepted ("+s+")", true
	case a.status == http.StatusForbidden:
		e.Kind, e.Cause = Misconfigured, "the token may not do that ("+s+")"
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed, a.status == http.StatusGone:
		e.Kind, e.Cause = Misconfigured, "there is no such project, or the token may not see it ("+s+")"
	case a.status == http.StatusTooManyRequests:
		e.Kind, e.Cause = Busy, "asked too often ("+s+")"
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly, a.status >= 500:
		e.Kind, e.Cause, e.Doubtful = Unavailable, "the server is failing ("+s+")", true
	default:
		e.Kind, e.Cause = Refused, "the request is refused ("+s+")"
	}
	return e
}

// garbled is an answer that is not what the provider answers.
func (c client) garbled() *Error {
	return &Error{Title: c.title, Kind: Unavailable, Cause: "the answer is not what this provider answers; look at the configured address", Doubtful: true}
}

// untilUnix is how long it is until an instant in seconds since 1970, as headers say
// it; 0 when it is none.
func untilUnix(header string, now time.Time) time.Duration {
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n <= 0 || n > 1<<36 {
		return 0
	}
	return provider.Within(time.Unix(n, 0).Sub(now))
}
