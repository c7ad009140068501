package dispatch

import (
	"container/heap"
	"context"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
)

// pagesFirst is how long the other work on an incident lets its first notification
// go ahead. One that Slack does not answer must not hold up the rest.
const pagesFirst = 500 * time.Millisecond

// setBack is how far ahead a job's creation must lie for the clock to have been set
// back since: what it waits for is not known then, so it goes at once.
const setBack = time.Minute

// channelSoon is how long an incident's channel may take before what can do
// without it goes ahead.
const channelSoon = 10 * time.Second

// add puts jobs into their lanes.
func (o *Outbox) add(jobs []ledger.Job, now time.Time) {
	touched := map[*lane]bool{}
	for _, j := range jobs {
		l := o.lanes[j.Lane()]
		if l == nil {
			l = &lane{key: j.Lane(), incident: j.Incident}
			if j.Digest > 0 || j.ByMethod() || j.Kind == ledger.ReadBack {
				l.incident = 0
			}
			o.lanes[l.key] = l
			if o.places[l.incident] == nil {
				o.places[l.incident] = map[*lane]bool{}
			}
			o.places[l.incident][l] = true
		}
		l.insert(j)
		if class(j) == slackPages {
			if o.pages[j.Incident] == nil {
				o.pages[j.Incident] = map[string]time.Time{}
			}
			if _, ok := o.pages[j.Incident][l.key]; !ok {
				o.pages[j.Incident][l.key] = now
			}
		}
		touched[l] = true
	}
	for l := range touched {
		switch l.state {
		case idle:
			o.place(context.Background(), l, now)
		case isLater: // what came may go sooner than what is there
			heap.Remove(&o.later, l.index)
			o.place(context.Background(), l, now)
		case isReady:
			heap.Fix(&o.gate(l.waiting[0]).ready, l.index)
		}
	}
	o.rerank(jobs)
	o.uncounted = true
}

// place decides where a lane that is in no heap belongs.
func (o *Outbox) place(ctx context.Context, l *lane, now time.Time) {
	if len(l.waiting) == 0 && l.rests.After(now) {
		l.state, l.at = isLater, l.rests
		heap.Push(&o.later, l)
		return
	}
	if len(l.waiting) == 0 {
		delete(o.lanes, l.key)
		delete(o.places[l.incident], l)
		if len(o.places[l.incident]) == 0 {
			delete(o.places, l.incident)
			delete(o.stands, l.incident)
			delete(o.ranks, l.incident)
		}
		return
	}
	j := l.waiting[0]
	row := j.Kind.Row()
	l.at, l.yields = l.hold, false
	if wall := ledger.InstantOf(now); !j.NotBefore.IsZero() && j.Created.Sub(wall) < setBack {
		if at := now.Add(j.NotBefore.Sub(wall)); at.After(l.at) { // by the clock that nobody can set
			l.at = at
		}
	}
	if at := o.began.Add(landing); j.Doubtful && row.PostsOnce && at.After(l.at) {
		l.at = at
	}
	if hold := o.pageHold(j, now); hold > 0 && !l.at.After(now.Add(hold)) {
		l.at, l.yields = now.Add(hold), true
	}
	switch {
	case l.at.After(now):
		l.state = isLater
		heap.Push(&o.later, l)
	case row.NeedsChannel && !o.channelStands(ctx, j):
		l.state = isParked
	default:
		l.state = isReady
		heap.Push(&o.gate(j).ready, l)
	}
}

// pageHold is how long a job still lets the notifications of its incident go
// first.
func (o *Outbox) pageHold(j ledger.Job, now time.Time) time.Duration {
	if j.Priority() == 0 {
		return 0
	}
	var hold time.Duration
	for _, since := range o.pages[j.Incident] {
		hold = max(hold, pagesFirst-now.Sub(since))
	}
	return hold
}

// channelStands reports whether the job can go as far as the incident's channel
// is concerned.
func (o *Outbox) channelStands(ctx context.Context, j ledger.Job) bool {
	if o.stands[j.Incident] {
		return true
	}
	a, err := o.opt.Desk.Artifacts(ctx, j.Incident)
	if err != nil {
		return true // whoever does it meets the same error, and reports it
	}
	o.stands[j.Incident] = a.Channel != ""
	return a.Channel != "" || a.ChannelGivenUp || j.Kind.Row().Without && a.ChannelError != ""
}

// release looks again at the lanes of an incident that waited for a notification
// or for the channel.
func (o *Outbox) release(ctx context.Context, n int, now time.Time) {
	for l := range o.places[n] {
		switch {
		case l.state == isParked:
			o.place(ctx, l, now)
		case l.state == isLater && l.yields:
			heap.Remove(&o.later, l.index)
			o.place(ctx, l, now)
		}
	}
}

// wakeRested lets go what only rests, since there will be no later.
func (o *Outbox) wakeRested(now time.Time) {
	o.hurries = true
	for _, l := range o.later.lanes {
		if l.at.Equal(l.rests) {
			l.at, l.hold, l.rests = now, now, now
		}
	}
	heap.Init(&o.later)
}
