package tracker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Kind is why something was not done, and so what to do next.
type Kind int

// The kinds.
const (
	// Unavailable is the provider failing: trying again later can help.
	Unavailable Kind = iota
	// Busy is the provider working, and asking us to ask less often.
	Busy
	// Misconfigured is the provider refusing us, whatever is asked: nothing helps but
	// the operator.
	Misconfigured
	// Refused is this one request being refused.
	Refused
)

// Error is something that a provider did not do. Its text holds no address, no text of
// an issue and no secret, so it may be logged and shown.
type Error struct {
	Title      string // the provider's name
	Kind       Kind
	Cause      string        // in plain words
	RetryAfter time.Duration // not to be tried again before; 0 when not said
	Doubtful   bool          // it may have been done all the same
}

// Error returns the provider and the cause.
func (e *Error) Error() string { return e.Title + ": " + e.Cause }

// Retryable reports whether the same request may be taken on later.
func (e *Error) Retryable() bool { return e.Kind == Unavailable || e.Kind == Busy }

// broken explains why there was no answer. Errors of the network carry addresses, so
// nothing of their text is passed on.
func (c client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.title, context.Cause(ctx))
	}
	e := &Error{Title: c.title, Kind: Unavailable, Doubtful: true}
	var (
		dns     *net.DNSError
		timeout net.Error
		cert    *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Cause = fmt.Sprintf("no answer within %d seconds", int(Timeout.Seconds()))
	case errors.As(err, &dns):
		e.Cause, e.Doubtful = "the server's name cannot be resolved", false
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Cause, e.Doubtful = "the server refuses the connection", false
	case errors.As(err, &cert):
		e.Cause, e.Doubtful = "the server's certificate is not trusted", false
	default:
		e.Cause = "the connection was cut"
	}
	return e
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
		e.Kind, e.Cause = Misconfigured, "the token is not accepted ("+s+")"
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

// retryAfter reads a Retry-After header: seconds, or an instant. It is at least a
// second and at most an hour, and 0 when there is none that makes sense.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(header); err == nil && n >= 0 {
		return within(time.Duration(min(n, 3600)) * time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return within(at.Sub(now))
	}
	return 0
}

// within keeps a wait to what makes sense, whatever a server says.
func within(d time.Duration) time.Duration { return min(max(d, time.Second), time.Hour) }

// untilUnix is how long it is until an instant in seconds since 1970, as headers say
// it; 0 when it is none.
func untilUnix(header string, now time.Time) time.Duration {
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n <= 0 || n > 1<<36 {
		return 0
	}
	return within(time.Unix(n, 0).Sub(now))
}
