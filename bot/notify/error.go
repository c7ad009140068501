package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Kind is why a message was not taken on, and so what to do next.
type Kind int

// The kinds.
const (
	// Unavailable is the provider failing: trying again later can help.
	Unavailable Kind = iota
	// Busy is the provider working, and asking us to send more slowly.
	Busy
	// Misconfigured is the provider refusing us, whatever the message: nothing
	// helps but the operator.
	Misconfigured
	// Refused is this message or this person's address being refused: it will
	// not be taken on later either, and says nothing about other messages.
	Refused
)

// String returns the kind as a word.
func (k Kind) String() string {
	switch k {
	case Unavailable:
		return "unavailable"
	case Busy:
		return "busy"
	case Misconfigured:
		return "misconfigured"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

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
func (e *Error) Retryable() bool { return e.Kind == Unavailable || e.Kind == Busy }

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

// networkCause puts an error of the network into words.
func networkCause(err error) string {
	var (
		dns     *net.DNSError
		timeout net.Error
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %d seconds", int(Timeout.Seconds()))
	case errors.As(err, &dns):
		return "the server's name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server refuses the connection"
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &name):
		return "the server's certificate is not trusted"
	case errors.As(err, &record), errors.As(err, &alert):
		return "the encrypted connection failed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return "the connection was cut"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return "the server cannot be reached"
	}
	return "the server does not answer as it should"
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

// retryAfter reads a Retry-After header: seconds, or an instant. It is at least
// a second and at most an hour, and 0 when there is none that makes sense.
func retryAfter(header string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(header); err == nil && n >= 0 {
		d = time.Duration(min(n, 3600)) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	} else {
		return 0
	}
	return min(max(d, time.Second), time.Hour)
}
