// Package dispatch carries jobs out: the most urgent first, those of one lane one
// after another, lanes at the same time, and every one at least once. Its noun is
// the [Outbox]. What a job needs comes from the desk with [desk.Desk.Begin], and
// what came of it goes back with [desk.Desk.Done]; the work itself is a
// [Performer]'s, one for each kind of job. [Methods] are the performers of
// everything that reaches people by other means than Slack, with their breakers.
package dispatch

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
)

// Performer carries out jobs of one kind. What it cannot do now is a *desk.Retry;
// what will never succeed is an outcome that has Failed.
type Performer func(ctx context.Context, t desk.Task) (desk.Outcome, error)

// Options are what an outbox is put together from.
type Options struct {
	Ledger *ledger.Ledger
	Desk   *desk.Desk
	// Slack carries out what goes by Slack, by kind.
	Slack map[ledger.Kind]Performer
	// Methods carry out what goes by another contact method; nil: there is none.
	Methods *Methods
	// Trackers carry out what concerns trackers; nil: there is none.
	Trackers *Trackers
	Log      zerolog.Logger

	// Noted is told of every try of a job, what came of it (done, failed, needless,
	// retry or set_aside), and how long ago it was decided. May be nil.
	Noted func(j ledger.Job, outcome string, age time.Duration)
	// Waiting is told what waits, by priority from 0, as that changes. May be nil.
	Waiting func([Priorities]Backlog)
}

// Priorities is how many priorities jobs have.
const Priorities = 4

// Backlog is what waits of one priority.
type Backlog struct {
	Jobs   int
	Oldest time.Time // since when the one that waits longest could have left; zero: none could
}

// Outbox carries jobs out. One goroutine owns all of its state; what is slow runs
// beside it.
type Outbox struct {
	opt Options
	log zerolog.Logger

	lanes     map[string]*lane
	places    map[int]map[*lane]bool       // the lanes of an incident
	pages     map[int]map[string]time.Time // notifications of an incident whose first try is not over, by lane
	stands    map[int]bool                 // the incident's channel is known to stand
	ranks     map[int]int                  // of incidents, as far as they were compared; see rank
	answered  int                          // how often Slack has certainly answered
	gates     map[string]*gate             // by class
	later     laneHeap                     // lanes that must wait, the earliest first
	done      chan result
	told      chan []ledger.Job // channels of which it was recorded that they wait
	freed     chan *gate        // a slot whose job was done, and only its record is missing
	recording int               // jobs of which that holds
	under     sync.WaitGroup
	refreshed shared

	hurries   bool          // nothing rests any more: the program stops
	finishing chan struct{} // closed when nothing more is taken in
	ended     chan struct{} // closed when the loop has ended
	finished  chan struct{} // closed when Run has returned
	began     time.Time     // when Run began
	counted   time.Time     // when it was last told how many jobs wait
	uncounted bool          // that has changed since
}

// resting reports whether nothing is under way and nothing could go.
func (o *Outbox) resting(now time.Time) bool {
	if o.recording > 0 {
		return false
	}
	for _, g := range o.gates {
		if g.busy > 0 || g.open(now) {
			return false
		}
	}
	return true
}

// NewOutbox returns an outbox. It carries out nothing before [Outbox.Run].
func NewOutbox(opt Options) *Outbox {
	if opt.Noted == nil {
		opt.Noted = func(ledger.Job, string, time.Duration) {}
	}
	if opt.Waiting == nil {
		opt.Waiting = func([Priorities]Backlog) {}
	}
	return &Outbox{
		opt: opt, log: opt.Log,
		lanes: map[string]*lane{}, places: map[int]map[*lane]bool{},
		pages: map[int]map[string]time.Time{}, stands: map[int]bool{}, ranks: map[int]int{}, told: make(chan []ledger.Job),
		gates: map[string]*gate{}, later: laneHeap{less: earlier},
		done: make(chan result), freed: make(chan *gate),
		finishing: make(chan struct{}), ended: make(chan struct{}), finished: make(chan struct{}),
	}
}

// Finish lets what can go now go, for at most that long. What cannot stays in
// the store for the next process.
func (o *Outbox) Finish(most time.Duration) {
	close(o.finishing)
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-o.finished:
	case <-timer.C:
	}
}

// Run carries jobs out until ctx ends, beginning with what an earlier process
// left. It returns when nothing is under way any more.
func (o *Outbox) Run(ctx context.Context, left []ledger.Job) error {
	defer close(o.finished)
	defer o.under.Wait()
	defer close(o.ended)
	defer o.tellWaiting()
	o.began = time.Now()
	o.add(left, o.began)
	timer := time.NewTimer(0)
	defer timer.Stop()
	finishing := o.finishing
	for {
		now := time.Now()
		for o.later.Len() > 0 && !o.later.lanes[0].at.After(now) {
			o.place(ctx, heap.Pop(&o.later).(*lane), now)
		}
		o.start(ctx, now)
		if finishing == nil && o.resting(now) {
			return nil
		}
		wait := time.Hour
		if o.later.Len() > 0 {
			wait = time.Until(o.later.lanes[0].at)
		}
		for _, g := range o.gates {
			if g.until.After(now) && g.ready.Len() > 0 {
				wait = min(wait, time.Until(g.until))
			}
		}
		if o.uncounted {
			wait = min(wait, o.count(now))
		}
		timer.Reset(max(wait, 0))
		select {
		case <-ctx.Done():
			return nil
		case <-finishing:
			finishing = nil
			o.wakeRested(now)
		case <-o.opt.Ledger.Ready():
			o.add(o.opt.Ledger.Take(), time.Now())
		case g := <-o.freed:
			g.busy--
			o.recording++
		case jobs := <-o.told:
			for _, j := range jobs {
				o.release(ctx, j.Incident, time.Now())
			}
		case r := <-o.done:
			o.add(o.opt.Ledger.Take(), time.Now()) // what it led to may go before what waits for it
			if err := o.settle(ctx, r, time.Now()); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// countEvery is how often it is told at most how many jobs wait. All lanes are looked
// at for that, and after a night's outage there are tens of thousands.
const countEvery = 100 * time.Millisecond

// count tells how many jobs wait, unless it was told just now, and returns when it is
// to be called again.
func (o *Outbox) count(now time.Time) time.Duration {
	if left := countEvery - now.Sub(o.counted); left > 0 && left <= countEvery {
		return left
	}
	o.counted, o.uncounted = now, false
	o.tellWaiting()
	return time.Hour
}

// tellWaiting tells how many jobs wait, and since when the oldest does.
func (o *Outbox) tellWaiting() {
	var all [Priorities]Backlog
	for _, l := range o.lanes {
		kind, b := ledger.Kind(""), (*Backlog)(nil)
		for _, j := range l.waiting {
			if b == nil || j.Kind != kind { // most lanes have one kind
				kind, b = j.Kind, &all[min(max(j.Priority(), 0), Priorities-1)]
			}
			b.Jobs++
			// What is to wait, for a digest or for the next look at a receipt, is not late.
			if at := leaves(j); b.Oldest.IsZero() || at.Before(b.Oldest) {
				b.Oldest = at
			}
		}
	}
	o.opt.Waiting(all)
}

// start begins as many jobs as there are slots for.
func (o *Outbox) start(ctx context.Context, now time.Time) {
	for _, g := range o.gates {
		for g.open(now) {
			l := g.pick()
			g.busy++
			l.state, l.slot = isBusy, g
			if l.did == nil {
				l.under = l.next()
			}
			jobs, did := l.under, l.did
			o.under.Go(func() {
				select {
				case o.done <- o.try(ctx, l, jobs, did):
				case <-o.ended:
				}
			})
		}
	}
}
