// Package provider holds what is the same at every service outside that is asked over the
// network: why something was not done, in words that hold no secret, and how long to wait.
package provider

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
	// Refused is this one request being refused, and the next one like it: that says
	// nothing about others.
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

// Retryable reports whether the same request may be taken on later.
func (k Kind) Retryable() bool { return k == Unavailable || k == Busy }

// NetworkCause puts into words why there was no answer within a limit, and reports
// whether the request may have been read all the same. Errors of the network carry
// addresses with keys in them, or what a server has sent, so nothing of their text is
// passed on.
func NetworkCause(err error, limit time.Duration) (cause string, doubtful bool) {
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
		return fmt.Sprintf("no answer within %d seconds", int(limit.Seconds())), true
	case errors.As(err, &dns):
		return "the server's name cannot be resolved", false
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server refuses the connection", false
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &name):
		return "the server's certificate is not trusted", false
	case errors.As(err, &record), errors.As(err, &alert):
		return "the encrypted connection failed", true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return "the connection was cut", true
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return "the server cannot be reached", op.Op != "dial"
	}
	return "the server does not answer as it should", true
}

// Stay is a client's CheckRedirect that follows a redirect only on the same server, and
// only when the request stays what it was: most clients turn a redirected POST into a
// GET, so a message would be read as sent that never was. Anywhere else a token would go
// along: net/http takes only some headers off, and not for a host below the first.
func Stay(req *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > 3 || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme || req.Method != first.Method {
		return http.ErrUseLastResponse
	}
	return nil
}

// RetryAfter reads a Retry-After header: seconds, or an instant. It is at least a
// second and at most an hour, and 0 when there is none that makes sense.
func RetryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(header); err == nil && n >= 0 {
		return Within(time.Duration(min(n, 3600)) * time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return Within(at.Sub(now))
	}
	return 0
}

// Within keeps a wait to what makes sense, whatever a server says: from a second to an
// hour.
func Within(d time.Duration) time.Duration { return min(max(d, time.Second), time.Hour) }
