package dispatch

import (
	"container/heap"
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// Channels are made through a gate of their own. One that Slack has closed, because of
// its limits or because it is not there, is closed for all lanes together, instead of
// each of them waiting for an instant of its own: whenever Slack takes one more channel,
// it is for the incident that matters most by then. From there on they are made one
// after another until none waits; with twenty in a minute that loses nothing.

// oldestEvery is how often a channel is made for the incident that has waited longest
// instead of the one that matters most: one time in five. That way nobody waits for
// ever, however many worse ones keep coming, and what comes last and is the worst of
// all loses one turn at most, which is three seconds. Letting what has waited long rise
// in rank would be no good: half an hour into a storm everything has waited long.
const oldestEvery = 5

// tellEvery is how often it is looked again at an incident whose channel waits, and
// recorded why.
const tellEvery = 5 * time.Minute

// moreUrgent reports whether a lane goes before another: by priority, then by the rank
// of the incident as of now, then by age. Pages are in the order in which they came:
// none of them waits for a limit.
func (o *Outbox) moreUrgent(a, b *lane) bool {
	x, y := a.waiting[0], b.waiting[0]
	if x.Priority() != y.Priority() {
		return x.Priority() < y.Priority()
	}
	if x.Priority() > 0 {
		if p, q := o.rank(a.incident), o.rank(b.incident); p != q {
			return p < q
		}
	}
	return older(a, b)
}

// older reports whether a lane has waited longer than another.
func older(a, b *lane) bool {
	x, y := a.waiting[0], b.waiting[0]
	if !x.Created.Equal(y.Created) {
		return x.Created.Before(y.Created)
	}
	if x.Incident != y.Incident {
		return x.Incident < y.Incident
	}
	return x.Number < y.Number
}

// rank is the rank of an incident. It is read when it is first compared, and again when
// something has happened to the incident. What concerns none goes first.
func (o *Outbox) rank(n int) int {
	if n == 0 {
		return 0
	}
	if r, ok := o.ranks[n]; ok {
		return r
	}
	r, err := o.opt.Desk.Rank(context.Background(), n)
	if err != nil { // whoever carries the job out meets the same error, and reports it
		r = incident.Incident{Status: incident.Declared, Severity: incident.DefaultSeverity}.Rank()
	}
	o.ranks[n] = r
	return r
}

// rerank looks again at the ranks of incidents to which something has happened, and
// puts what waits for them in order.
func (o *Outbox) rerank(jobs []ledger.Job) {
	seen, moved := map[int]bool{}, map[*gate]bool{}
	for _, j := range jobs {
		was, known := o.ranks[j.Incident]
		if !known || seen[j.Incident] {
			continue
		}
		seen[j.Incident] = true
		delete(o.ranks, j.Incident)
		if o.rank(j.Incident) == was {
			continue
		}
		for l := range o.places[j.Incident] {
			if l.state == isReady {
				moved[o.gate(l.waiting[0])] = true
			}
		}
	}
	for g := range moved {
		heap.Init(&g.ready)
	}
}

// pick takes the lane out of a gate that goes next.
func (g *gate) pick() *lane {
	if g.inTurn && g.fails == 0 && g.made%oldestEvery == oldestEvery-1 {
		oldest := g.ready.lanes[0]
		for _, l := range g.ready.lanes[1:] {
			if older(l, oldest) {
				oldest = l
			}
		}
		return heap.Remove(&g.ready, oldest.index).(*lane)
	}
	return heap.Pop(&g.ready).(*lane)
}

// open reports whether something goes through the gate now.
func (g *gate) open(now time.Time) bool {
	if g.ready.Len() == 0 && g.busy == 0 {
		g.queues = false
	}
	slots := g.slots
	if g.queues {
		slots = 1
	}
	return g.busy < slots && g.ready.Len() > 0 && !g.until.After(now)
}

// closeGate closes a gate after a try that failed for a reason that the others have as
// well, and reports whether it did. A lane that fails while Slack answers others has
// trouble of its own: it must not stand in their way.
func (o *Outbox) closeGate(l *lane, err error, now time.Time) bool {
	g := l.slot
	var again *desk.Retry
	if g == nil || !g.inTurn || !errors.As(err, &again) || again.Alone {
		return false
	}
	own := again.Doubtful && l.tries > 0 && l.answered != o.answered
	l.answered = o.answered
	if own {
		return false
	}
	wait := again.After
	if wait > 0 {
		wait += time.Millisecond // the limit is counted in fractions of calls
	}
	if again.Doubtful {
		if wait == 0 {
			wait = backoff(g.fails, 0)
		}
		g.fails++
	}
	g.queues = true
	g.until, g.why = now.Add(max(wait, 100*time.Millisecond)), desk.Reason(err)
	return true
}

// through notes what a try says of Slack and of the gate it went through.
func (o *Outbox) through(r result, j ledger.Job) {
	g := r.lane.slot
	if r.err != nil || r.did == nil {
		return
	}
	if r.did.Channel != "" || r.did.Message.TS != "" && (j.Asks() || j.Kind == ledger.Say) {
		o.answered++
	}
	if g == nil || !g.inTurn {
		return
	}
	g.fails = 0
	if r.did.Channel != "" {
		g.made++
	}
}

// tellWaits records of the incidents whose channel waits in a closed gate why there is
// none yet, so that what can do without it goes ahead.
func (o *Outbox) tellWaits(g *gate, now time.Time) {
	var jobs []ledger.Job
	for _, l := range g.ready.lanes {
		j := l.waiting[0]
		if ledger.InstantOf(g.until).Sub(j.Created) > channelSoon && (l.told.IsZero() || now.Sub(l.told) >= tellEvery) {
			l.told = now
			jobs = append(jobs, j)
		}
	}
	if len(jobs) == 0 {
		return
	}
	why := g.why
	o.under.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err := ledger.Share(len(jobs), func(i int) error { return o.opt.Desk.TryingInVain(ctx, jobs[i], why) })
		if err != nil {
			o.log.Warn().Err(err).Msg("could not record why there are no channels yet")
		}
		select {
		case o.told <- jobs:
		case <-o.ended:
		}
	})
}
