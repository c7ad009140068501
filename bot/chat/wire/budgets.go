package wire

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// perMinute is how many calls of each method Slack takes in a minute (Web API
// rate tiers); what is not listed is tier 3. Bursts up to a tier's worth pass.
var perMinute = map[string]int{
	"conversations.create": 20, "conversations.setTopic": 20, "conversations.setPurpose": 20,
	"conversations.list": 20, "conversations.unarchive": 20, "pins.add": 20, "pins.list": 20, "users.list": 20, "bookmarks.add": 20, "bookmarks.remove": 20,
	"usergroups.list": 20, "usergroups.users.update": 20,
	"chat.postMessage": 300, "chat.postEphemeral": 100, "views.open": 100, "views.update": 100, "views.publish": 100,
	"files.getUploadURLExternal": 100, "files.completeUploadExternal": 100, "files.info": 100, "users.info": 100,
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
		if wait := m.take(m.paces[c.channel], turn{"in " + c.channel, c.rank}, time.Second/postsPerSecond, false, now); wait > 0 {
			return wait
		}
	}
	n := cmp.Or(perMinute[c.method], tier3)
	budget := m.budgets[c.method]
	if budget == nil {
		budget = rate.NewLimiter(rate.Limit(float64(n)/60), n)
		m.budgets[c.method] = budget
	}
	return m.take(budget, turn{c.method, c.rank}, time.Minute/time.Duration(n), c.urgent, now)
}

// take takes a call out of a budget, or returns how long it must wait for its turn: for
// the next that Slack takes, and as long as something more urgent waits for that one.
func (m *methods) take(budget *rate.Limiter, t turn, every time.Duration, urgent bool, now time.Time) time.Duration {
	if wait := m.behind(t, every, now); wait > 0 && !urgent {
		return m.queue(t, wait, every, now)
	}
	if wait := reserve(budget, urgent, now); wait > 0 {
		return m.queue(t, wait, every, now)
	}
	return 0
}

// comesWithin is how late somebody may come to their turn before it is another's.
const comesWithin = 100 * time.Millisecond

// behind is how long a call must let those of lower ranks go first that have a turn
// coming; 0 when there are none.
func (m *methods) behind(t turn, every time.Duration, now time.Time) time.Duration {
	var wait time.Duration
	for rank := range t.rank {
		next := m.turns[turn{t.name, rank}] // after the last that was given away
		if last := next.Add(-every); last.After(now.Add(-comesWithin)) {
			wait = max(wait, next.Sub(now))
		}
	}
	return wait
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

// owedMost is how far what is urgent may overdraw a budget: Slack counts the calls of
// one minute. Without it, pages that are tried again and again while Slack is away would
// spend the budgets of hours, in which nothing else is posted once Slack is back.
const owedMost = time.Minute

// reserve takes one from a limiter; without enough left only what is urgent does.
func reserve(l *rate.Limiter, urgent bool, now time.Time) time.Duration {
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 && (!urgent || wait > owedMost) {
		r.CancelAt(now)
	}
	if urgent {
		return 0
	}
	return wait
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

// ranked is the key under which a context holds the rank of its calls.
type ranked struct{}

// WithRank gives the calls made with a context their rank. Rank 0 is for what
// wakes people: it does not wait for budgets, only for what Slack itself demands.
// Of the others the lower rank goes first. Calls without a rank, such as opening a
// form for somebody who waits, have rank 1.
func WithRank(ctx context.Context, rank int) context.Context {
	return context.WithValue(ctx, ranked{}, rank)
}

func rankOf(ctx context.Context) int {
	if rank, ok := ctx.Value(ranked{}).(int); ok {
		return rank
	}
	return 1
}
