package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/slack-go/slack"
)

// Retry is the error of a call that is worth making again. Every other error of
// the calls here is a refusal, see [Code].
type Retry struct {
	After    time.Duration // not before that; zero: whenever the caller likes
	Doubtful bool          // it may have had effect all the same
	Words    string        // the cause as people are told it
	Cause    error         // for the log
}

// Error returns the cause.
func (r *Retry) Error() string { return r.Cause.Error() }

// Unwrap returns the cause.
func (r *Retry) Unwrap() error { return r.Cause }

// errTurn is why a call was not made: its method's budget is spent for now.
var errTurn = errors.New("waiting for its turn")

// Patiently makes a call, waiting for its turn as long as ctx lasts. It is for
// callers who have nobody to try again later.
func Patiently(ctx context.Context, call func() error) error {
	for {
		err := call()
		var again *Retry
		if !errors.As(err, &again) || !errors.Is(err, errTurn) {
			return err
		}
		if pause(ctx, again.After) != nil {
			return err
		}
	}
}

// call makes one call of a Web API method under its budget, and turns what can
// be tried again into a *Retry. Every other error is Slack's own code.
func (c *Client) call(ctx context.Context, method string, f func(context.Context) error) error {
	return c.callIn(ctx, method, "", f)
}

// callIn is call for a method that Slack counts by channel.
func (c *Client) callIn(ctx context.Context, method, channel string, f func(context.Context) error) error {
	rank := rankOf(ctx)
	a := aCall{method: method, channel: channel, rank: rank, urgent: rank == 0}
	if wait := c.methods.free(a, time.Now()); wait > 0 {
		return &Retry{After: wait, Words: tooMany(method), Cause: fmt.Errorf("%s: %w", method, errTurn)}
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := f(ctx)
	result := "ok"
	if err != nil {
		result = c.verdict(method, err)
		err = c.retry(a, err)
	}
	if err == nil || Code(err) != "" {
		c.methods.through(a)
	}
	c.observe(method, result, time.Since(start))
	return err
}

// verdict names the outcome of a call in a word, for logs and counters.
func (c *Client) verdict(method string, err error) string {
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var refused slack.SlackErrorResponse
	switch {
	case errors.As(err, &limited):
		return "429"
	case errors.As(err, &refused):
		c.log.Debug().Str("method", method).Str("error", refused.Err).Strs("messages", refused.ResponseMetadata.Messages).
			Str("needed", refused.Needed).Str("provided", refused.Provided).Msg("slack refused")
		return refused.Err
	case errors.As(err, &status):
		return status.Error()
	default:
		return "no_answer"
	}
}

// heldMost is how long a method is held at most, whatever Slack says: a page must
// not wait for a mistyped hour.
const heldMost = 10 * time.Minute

// withoutTime is the Retry-After of an answer that has none, or one that is no
// number of seconds.
const withoutTime = 30 * time.Second

// limits makes every 429 say how long to wait.
func limits(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil && resp.StatusCode == http.StatusTooManyRequests {
			if n, bad := strconv.Atoi(resp.Header.Get("Retry-After")); bad != nil || n < 0 {
				resp.Header.Set("Retry-After", strconv.Itoa(int(withoutTime.Seconds())))
			}
		}
		return resp, err
	})
}

// passing are Slack's codes for its own trouble; the call may have had effect.
var passing = map[string]bool{
	"internal_error": true, "fatal_error": true, "service_unavailable": true, "request_timeout": true,
	"team_added_to_org": true, "accesslimited": true, "upgrade_required": true,
}

// locked are Slack's codes for a token it does not take; nothing was done, and
// only the operator can mend it.
var locked = map[string]bool{
	"not_authed": true, "invalid_auth": true, "account_inactive": true, "token_revoked": true, "token_expired": true,
	"not_allowed_token_type": true, "team_access_not_granted": true,
}

// retry makes a *Retry of an error after which trying again makes sense.
func (c *Client) retry(a aCall, err error) error {
	method := a.method
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		wait := min(max(limited.RetryAfter, time.Second), heldMost)
		c.methods.hold(a, time.Now().Add(wait))
		return &Retry{After: wait, Words: tooMany(method), Cause: errors.New(method + ": 429")}
	}
	code := Code(err)
	switch {
	case code == "ratelimited", code == "rate_limited", code == "message_limit_exceeded":
		c.methods.hold(a, time.Now().Add(withoutTime))
		return &Retry{After: withoutTime, Words: tooMany(method), Cause: errors.New(method + ": " + code + " without a time")}
	case locked[code]:
		c.Revoked(code)
		return &Retry{After: time.Minute, Words: "Slack does not accept the bot's token; check slack.bot_token", Cause: errors.New(method + ": " + code)}
	case passing[code]:
		return &Retry{Doubtful: true, Words: "Slack has trouble of its own; trying again", Cause: errors.New(method + ": " + code)}
	case code != "":
		return err
	default: // no answer, or one that says nothing: it may have been done
		return &Retry{Doubtful: true, Words: "Slack does not answer; trying again", Cause: errors.New(method + ": " + Plain(err))}
	}
}

// tooMany says that a method's budget is spent.
func tooMany(method string) string {
	what := "requests of this kind"
	switch method {
	case "conversations.create":
		what = "channels"
	case "conversations.invite":
		what = "invitations"
	case "chat.postMessage", "chat.update":
		what = "messages"
	}
	return "Slack takes no more " + what + " for now; trying again"
}

// Code returns Slack's own error code, or "" for an error of another kind. A
// [Retry] has none.
func Code(err error) string {
	var r slack.SlackErrorResponse
	if errors.As(err, &r) {
		return r.Err
	}
	return ""
}

// Plain says an error of the transport without addresses: a response_url and
// an upload address are secrets.
func Plain(err error) string {
	var status slack.StatusCodeError
	var timeout net.Error
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	default:
		return "connection failed or answer unreadable"
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
