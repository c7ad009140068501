package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"github.com/stormbell/stormbell/bot/desk"
)

// callTimeout bounds one Web API call. slack-go's own client would wait for ever.
const callTimeout = 15 * time.Second

// errTurn is why a call was not made: its method's budget is spent for now.
var errTurn = errors.New("waiting for its turn")

// perMinute is how many calls of each method Slack takes in a minute (Web API
// rate tiers); what is not listed is tier 3. Bursts up to a tier's worth pass.
var perMinute = map[string]int{
	"conversations.create": 20, "conversations.setTopic": 20, "conversations.setPurpose": 20,
	"conversations.list": 20, "pins.add": 20, "users.list": 20, "bookmarks.add": 20,
	"usergroups.list": 20, "usergroups.users.update": 20,
	"chat.postMessage": 300, "chat.postEphemeral": 100, "views.open": 100, "views.update": 100, "views.publish": 100,
	"files.getUploadURLExternal": 100, "files.completeUploadExternal": 100, "users.info": 100,
}

const tier3 = 50

// methods keeps each Web API method within its budget, and holds a method that
// Slack has answered with 429 until the time it named. Other methods go on; so
// does a page in another channel than the one that was refused, because Slack
// counts posts by channel. When the time is over one call tries alone, and the
// others follow once it is through.
type methods struct {
	mu      sync.Mutex
	held    map[string]time.Time // by method, and by method and channel
	budgets map[string]*rate.Limiter
	paces   map[string]*rate.Limiter // of posts, by channel
	strict  map[string]time.Time     // channels in which Slack has refused a post: until when pages keep the pace too
	turns   map[turn]time.Time       // when the next one who must wait may try
}

func newMethods() *methods {
	return &methods{held: map[string]time.Time{}, budgets: map[string]*rate.Limiter{}, paces: map[string]*rate.Limiter{},
		strict: map[string]time.Time{}, turns: map[turn]time.Time{}}
}

// turn is a queue of calls that wait for a budget: of a method, or of a channel.
type turn struct {
	name string
	rank int
}

// Slack takes one post a second in a channel, and short bursts (Web API,
// chat.postMessage).
const (
	postsPerSecond = 1
	postsAtOnce    = 4
	channelsMost   = 2000
	strictFor      = time.Minute     // after the end of a hold
	triedAlone     = 2 * time.Second // how long the one call after a hold may take before another tries
)

// aCall is a call that wants to be made: of a method, in a channel when it is a
// post, for a job of some priority; urgent when that is a page.
type aCall struct {
	method, channel string
	rank            int
	urgent          bool
}

// holds are the names under which the call is held.
func (c aCall) holds() []string {
	if c.channel == "" {
		return []string{c.method}
	}
	inChannel := c.method + " " + c.channel
	if c.urgent {
		return []string{inChannel}
	}
	return []string{c.method, inChannel}
}

// free returns how long the call must wait, 0 when it may be made now. A page is
// not made to wait for budgets, only for what Slack itself demands: the end of a
// hold, and after one the pace of its channel.
func (m *methods) free(c aCall, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var wait time.Duration
	for _, name := range c.holds() {
		wait = max(wait, m.held[name].Sub(now))
	}
	if wait > 0 {
		return wait
	}
	if wait = m.spare(c, now); wait > 0 {
		return wait
	}
	for _, name := range c.holds() {
		if _, ok := m.held[name]; ok {
			m.held[name] = now.Add(triedAlone)
		}
	}
	return 0
}

// spare takes the call out of the budgets, or returns how long they want it to
// wait.
func (m *methods) spare(c aCall, now time.Time) time.Duration {
	if c.channel != "" && (!c.urgent || now.Before(m.strict[c.channel])) {
		if len(m.paces) > channelsMost {
			clear(m.paces)
		}
		if m.paces[c.channel] == nil {
			m.paces[c.channel] = rate.NewLimiter(postsPerSecond, postsAtOnce)
		}
		if wait := reserve(m.paces[c.channel], false, now); wait > 0 {
			return m.queue(turn{"in " + c.channel, c.rank}, wait, time.Second/postsPerSecond, now)
		}
	}
	n := cmp.Or(perMinute[c.method], tier3)
	budget := m.budgets[c.method]
	if budget == nil {
		budget = rate.NewLimiter(rate.Limit(float64(n)/60), n)
		m.budgets[c.method] = budget
	}
	if wait := reserve(budget, c.urgent, now); wait > 0 {
		return m.queue(turn{c.method, c.rank}, wait, time.Minute/time.Duration(n), now)
	}
	return 0
}

// queue gives each of those who must wait an instant of its own: were all told
// the earliest one, a thousand would try for every call that Slack takes. What is
// more urgent has a queue of its own, and takes from those behind.
func (m *methods) queue(t turn, wait, every time.Duration, now time.Time) time.Duration {
	at := now.Add(wait)
	if next := m.turns[t]; next.After(at) {
		at = next
	}
	if len(m.turns) > channelsMost {
		clear(m.turns)
	}
	m.turns[t] = at.Add(every)
	return at.Sub(now)
}

// reserve takes one from a limiter; without enough left only what is urgent does.
func reserve(l *rate.Limiter, urgent bool, now time.Time) time.Duration {
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 && !urgent {
		r.CancelAt(now)
		return wait
	}
	return 0
}

// hold holds what Slack has refused until then.
func (m *methods) hold(c aCall, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range append(c.holds(), c.method) {
		if until.After(m.held[name]) {
			m.held[name] = until
		}
	}
	if c.channel == "" {
		return
	}
	if len(m.strict) > channelsMost {
		clear(m.strict)
	}
	m.strict[c.channel] = until.Add(strictFor)
	m.paces[c.channel] = rate.NewLimiter(postsPerSecond, 1) // it had more at once than Slack takes
}

// through ends the holds of a call that Slack has answered.
func (m *methods) through(c aCall) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range c.holds() {
		delete(m.held, name)
	}
}

// ranked is the key under which a context holds the priority of the job that its
// calls are for.
type ranked struct{}

// rankOf returns that priority. Calls for no job, such as opening a form for
// somebody who waits, come right after pages.
func rankOf(ctx context.Context) int {
	if rank, ok := ctx.Value(ranked{}).(int); ok {
		return rank
	}
	return 1
}

// call makes one call of a Web API method under its budget, and turns what can
// be tried again into a *desk.Retry. Every other error is Slack's own code.
func (s *Slack) call(ctx context.Context, method string, f func(context.Context) error) error {
	return s.callIn(ctx, method, "", f)
}

// callIn is call for a method that Slack counts by channel.
func (s *Slack) callIn(ctx context.Context, method, channel string, f func(context.Context) error) error {
	rank := rankOf(ctx)
	c := aCall{method: method, channel: channel, rank: rank, urgent: rank == 0}
	if wait := s.methods.free(c, time.Now()); wait > 0 {
		return &desk.Retry{After: wait, Cause: fmt.Errorf("%s: %w", method, errTurn)}
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := f(ctx)
	result := "ok"
	if err != nil {
		result = s.verdict(method, err)
		err = s.retry(c, err)
	}
	if err == nil || slackCode(err) != "" {
		s.methods.through(c)
	}
	s.observe(method, result, time.Since(start))
	return err
}

// verdict names the outcome of a call in a word, for logs and counters.
func (s *Slack) verdict(method string, err error) string {
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	var refused slack.SlackErrorResponse
	switch {
	case errors.As(err, &limited):
		return "429"
	case errors.As(err, &refused):
		s.log.Debug().Str("method", method).Str("error", refused.Err).Strs("messages", refused.ResponseMetadata.Messages).
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

// retry makes a *desk.Retry of an error after which trying again makes sense.
func (s *Slack) retry(c aCall, err error) error {
	method := c.method
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		wait := min(max(limited.RetryAfter, time.Second), heldMost)
		s.methods.hold(c, time.Now().Add(wait))
		return &desk.Retry{After: wait, Cause: errors.New(method + ": 429")}
	}
	code := slackCode(err)
	switch {
	case code == "ratelimited", code == "rate_limited", code == "message_limit_exceeded":
		s.methods.hold(c, time.Now().Add(withoutTime))
		return &desk.Retry{After: withoutTime, Cause: errors.New(method + ": " + code + " without a time")}
	case locked[code]:
		s.refused(code)
		return &desk.Retry{After: time.Minute, Cause: errors.New(method + ": " + code)}
	case passing[code]:
		return &desk.Retry{Doubtful: true, Cause: errors.New(method + ": " + code)}
	case code != "":
		return err
	default: // no answer, or one that says nothing: it may have been done
		return &desk.Retry{Doubtful: true, Cause: errors.New(method + ": " + plain(err))}
	}
}

// slackCode returns Slack's own error code, or "" for an error of another kind.
func slackCode(err error) string {
	var r slack.SlackErrorResponse
	if errors.As(err, &r) {
		return r.Err
	}
	return ""
}

// plain says an error of the transport without addresses: a response_url and
// an upload address are secrets.
func plain(err error) string {
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

// openThrottle delays apps.connections.open, which slack-go calls as fast as it
// can when Slack closes the socket at once (too_many_websockets does): 1 s, then
// twice as long each time up to 60 s, and at once again only after a connection
// has lived for a minute. All connections of the process share it, so that
// together they open at most one a second.
type openThrottle struct {
	next http.RoundTripper

	mu    sync.Mutex
	lines map[string]*openLine // by the connection's name
	last  time.Time            // the last call of any of them
}

type openLine struct {
	delay     time.Duration
	opened    time.Time // the last call
	connected time.Time // since when it is connected; zero when it is not
}

const (
	openFirst = time.Second
	openMost  = time.Minute
	openLived = time.Minute
)

// throttled returns a transport for the connection with that name.
func (t *openThrottle) throttled(name string) http.RoundTripper {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines[name] = &openLine{}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/apps.connections.open") {
			if err := pause(r.Context(), t.wait(name, time.Now())); err != nil {
				return nil, err
			}
		}
		return t.next.RoundTrip(r)
	})
}

// wait decides how long the connection must wait before it asks again, and
// takes its turn.
func (t *openThrottle) wait(name string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[name]
	at := now
	switch {
	case l.opened.IsZero():
	case !l.connected.IsZero() && now.Sub(l.connected) >= openLived:
		l.delay = 0
	default:
		l.delay = min(max(2*l.delay, openFirst), openMost)
		at = l.opened.Add(l.delay)
	}
	if turn := t.last.Add(openFirst); !t.last.IsZero() && at.Before(turn) {
		at = turn
	}
	if at.Before(now) {
		at = now
	}
	l.opened, l.connected, t.last = at, time.Time{}, at
	return at.Sub(now)
}

func (t *openThrottle) connected(name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines[name].connected = now
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

// silentFor is how long a socket may be silent. Slack pings every few seconds, and
// its own clients take half a minute without one for a dead connection; slack-go
// looks only every half a minute, so that nearly a whole one would pass.
const silentFor = 30 * time.Second

// heardConn notes when something was last read from a socket, and fails the
// reading of one that is silent. slack-go keeps the pings to itself, so the
// connection is watched below it.
type heardConn struct {
	net.Conn
	heard func(time.Time)
}

// Read reads from the connection and notes that it lives.
func (c heardConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silentFor)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard(time.Now())
	}
	return n, err
}
