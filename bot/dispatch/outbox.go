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
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
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
	Log     zerolog.Logger

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
	gates     map[string]*gate             // by class
	later     laneHeap                     // lanes that must wait, the earliest first
	done      chan result
	freed     chan *gate // a slot whose job was done, and only its record is missing
	recording int        // jobs of which that holds
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
func (o *Outbox) resting() bool {
	if o.recording > 0 {
		return false
	}
	for _, g := range o.gates {
		if g.busy > 0 || g.ready.Len() > 0 {
			return false
		}
	}
	return true
}

// pagesFirst is how long the other work on an incident lets its first notification
// go ahead. One that Slack does not answer must not hold up the rest.
const pagesFirst = 500 * time.Millisecond

// setBack is how far ahead a job's creation must lie for the clock to have been set
// back since: what it waits for is not known then, so it goes at once.
const setBack = time.Minute

// landing is how long a call whose answer nobody heard may yet take to have its
// effect. Whether a message stands is looked up no sooner, or the one that is
// still on its way would be its double.
const landing = 2 * time.Second

// result is what became of one try.
type result struct {
	lane    *lane
	jobs    []ledger.Job  // what it was about: the last, and those it stands for; what is under way after them is needless
	did     *desk.Outcome // what came of it, when it was done
	freed   bool          // its slot was given back before
	outcome string        // in a word; empty with an error
	err     error         // nil: done, and recorded
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
		pages: map[int]map[string]time.Time{}, stands: map[int]bool{},
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
		o.start(ctx)
		if finishing == nil && o.resting() {
			return nil
		}
		wait := time.Hour
		if o.later.Len() > 0 {
			wait = time.Until(o.later.lanes[0].at)
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
		case r := <-o.done:
			if err := o.settle(ctx, r, time.Now()); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// add puts jobs into their lanes.
func (o *Outbox) add(jobs []ledger.Job, now time.Time) {
	touched := map[*lane]bool{}
	for _, j := range jobs {
		l := o.lanes[j.Lane()]
		if l == nil {
			l = &lane{key: j.Lane(), incident: j.Incident}
			if j.Digest > 0 || j.ByMethod() {
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
	o.uncounted = true
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
		}
		return
	}
	j := l.waiting[0]
	row := j.Kind.Row()
	l.at, l.yields = l.hold, false
	if j.NotBefore.After(l.at) && j.Created.Sub(now) < setBack {
		l.at = j.NotBefore
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

// start begins as many jobs as there are slots for.
func (o *Outbox) start(ctx context.Context) {
	for _, g := range o.gates {
		for g.busy < g.slots && g.ready.Len() > 0 {
			l := heap.Pop(&g.ready).(*lane)
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

// showEvery is how often what shows the newest state is brought up to it: a burst
// of notes edits the summary once a second and not once for each.
const showEvery = time.Second

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

// try carries out the last of jobs, unless that was done and only its record is
// missing, and records what came of it for all. What is returned was done: with a
// disk that takes nothing, a page must not be sent again and again.
func (o *Outbox) try(ctx context.Context, l *lane, jobs []ledger.Job, did *desk.Outcome) (r result) {
	r = result{lane: l, jobs: jobs, did: did}
	defer func() {
		if v := recover(); v != nil {
			r.err = o.setAside(ctx, r.jobs, v)
			r.outcome = "set_aside"
		}
	}()
	j := jobs[len(jobs)-1]
	if did == nil {
		task, err := o.begin(ctx, &r)
		if err != nil {
			r.err = err
			return r
		}
		if task.Needless {
			r.outcome = "needless"
			return r
		}
		j = task.Job
		outcome, err := o.perform(ctx, task)
		var again *desk.Retry
		if gives := j.Kind.Row().GivesUpAfter; gives > 0 && time.Since(j.Created) > gives && errors.As(err, &again) {
			outcome, err = desk.Outcome{}, nil // nobody waits for it any more
		}
		if err != nil {
			r.err = err
			o.inVain(ctx, j, err, l.tries)
			return r
		}
		r.did = &outcome
		if outcome.Failed != "" && j.Asks() {
			o.log.Error().Str("job", j.Key()).Bool("last_resort", j.Resort).Str("reason", outcome.Failed).Msg("a notification could not be sent")
		}
	}
	if r.outcome = "done"; r.did.Failed != "" {
		r.outcome = "failed"
	}
	done := desk.Result{Job: j, Outcome: *r.did, Needless: needless(r.jobs)}
	if j.Kind.Row().Marked && r.did.Failed == "" {
		r.freed = o.free(l.slot)
		r.err = o.share(done)
		return r
	}
	r.err = o.record(ctx, done)
	return r
}

// begin returns the newest of the jobs of r that is still to be done, and leaves in r
// those up to it. That the last is needless says nothing of those before it: they may
// have been decided for another reason.
func (o *Outbox) begin(ctx context.Context, r *result) (desk.Task, error) {
	for {
		last := len(r.jobs) - 1
		t, err := o.opt.Desk.Begin(ctx, r.jobs[last], time.Now())
		if err != nil || !t.Needless || last == 0 || t.Job.Kind.Row().Marked {
			return t, err
		}
		r.jobs = r.jobs[:last]
	}
}

// free gives a slot back before its job is recorded, which takes a while where the
// record is shared, and reports whether it did.
func (o *Outbox) free(g *gate) bool {
	select {
	case o.freed <- g:
		return true
	case <-o.ended:
		return false
	}
}

// needless returns the jobs for which the last of them stands. Marks are one record,
// which goes with the last.
func needless(jobs []ledger.Job) []ledger.Job {
	if jobs[0].Kind.Row().Marked {
		return nil
	}
	return jobs[:len(jobs)-1]
}

// perform hands a job to whoever carries out its kind.
func (o *Outbox) perform(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	switch p := o.opt.Slack[t.Job.Kind]; {
	case t.Job.ByMethod() && o.opt.Methods == nil:
		return desk.Outcome{Failed: "no contact method but Slack is configured"}, nil
	case t.Job.ByMethod():
		return o.opt.Methods.perform(ctx, t)
	case p == nil:
		return desk.Outcome{}, fmt.Errorf("job %s: nobody carries it out", t.Job.Kind)
	default:
		return p(ctx, t)
	}
}

// setAside keeps the last of jobs, which makes the program fail, out of the way, with
// those that it stands for, so that everything else goes on. Where it cannot, for
// another mistake, the job is tried again.
func (o *Outbox) setAside(ctx context.Context, jobs []ledger.Job, v any) (err error) {
	j := jobs[len(jobs)-1]
	defer func() {
		if v := recover(); v != nil {
			err = &ledger.PanicError{What: "setting a job aside", Value: v, Stack: debug.Stack()}
		}
	}()
	o.log.Error().Str("job", j.Key()).Str("kind", string(j.Kind)).Interface("panic", v).Bytes("stack", debug.Stack()).
		Msg("a mistake in the program; the job is set aside")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return o.opt.Desk.SetAside(ctx, desk.Result{Job: j, Outcome: desk.Outcome{Failed: "the program made a mistake."}, Needless: needless(jobs)})
}

// recordWithin is how long a record waits for its turn in the store.
const recordWithin = 3 * time.Second

// record writes down what came of a job. The work is done, so it is recorded even
// while stopping.
func (o *Outbox) record(ctx context.Context, r desk.Result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return o.opt.Desk.Done(ctx, r)
}

// settle puts a lane back after a try.
func (o *Outbox) settle(ctx context.Context, r result, now time.Time) error {
	l, j := r.lane, r.jobs[len(r.jobs)-1]
	if r.freed {
		o.recording--
	} else {
		l.slot.busy--
	}
	l.waiting = slices.Delete(l.waiting, len(r.jobs), len(l.under))
	l.under = r.jobs
	l.state, l.hold, l.did = idle, time.Time{}, r.did
	if r.err == nil {
		l.waiting = l.waiting[len(l.under):]
		l.under, l.did = nil, nil
		l.tries = 0
		if j.Replaces() && j.Priority() >= 2 && !o.hurries {
			l.rests = now.Add(showEvery)
			l.hold = l.rests
		}
		o.opt.Noted(j, r.outcome, now.Sub(j.Created))
	} else if o.again(l, r.err, now); errors.Is(r.err, storage.ErrLost) || errors.Is(r.err, storage.ErrUnknown) {
		return r.err // the next process reads what the store holds
	}
	if delete(o.pages[l.incident], l.key); len(o.pages[l.incident]) == 0 {
		delete(o.pages, l.incident)
	}
	o.place(ctx, l, now)
	o.release(ctx, l.incident, now)
	o.uncounted = true
	return nil
}

// again plans the next try of a lane.
func (o *Outbox) again(l *lane, err error, now time.Time) {
	j := l.under[len(l.under)-1]
	wait := retryAfter(err, l.tries, j)
	retry := (*desk.Retry)(nil)
	tried := errors.As(err, &retry)
	if tried {
		l.waiting[0].Doubtful = l.waiting[0].Doubtful || retry.Doubtful
	}
	if l.did == nil {
		l.under = nil // the next try may stand for more
	}
	if l.did == nil && !tried && j.ByMethod() {
		l.stepBack(now)
	}
	l.tries++
	l.hold = now.Add(wait)
	o.opt.Noted(j, "retry", now.Sub(j.Created))
	level := zerolog.DebugLevel
	if l.tries > 2 {
		level = zerolog.WarnLevel
	}
	o.log.WithLevel(level).Str("job", j.Key()).Str("kind", string(j.Kind)).Int("try", l.tries).
		Dur("again_in", wait).Str("error", err.Error()).Msg("a job will be tried again")
}

// inVain says why there is no channel yet, when it will not stand before others go
// ahead without it.
func (o *Outbox) inVain(ctx context.Context, j ledger.Job, err error, tries int) {
	if j.Kind != ledger.Channel || ctx.Err() != nil || time.Since(j.Created)+retryAfter(err, tries, j) <= channelSoon {
		return
	}
	if err := o.opt.Desk.TryingInVain(ctx, j, desk.Reason(err)); err != nil {
		o.log.Warn().Err(err).Str("job", j.Key()).Msg("could not record why there is no channel yet")
	}
}

// retryAfter is how long to wait after a try that failed.
func retryAfter(err error, tries int, j ledger.Job) time.Duration {
	wait := backoff(tries, j.Priority())
	if retry := (*desk.Retry)(nil); errors.As(err, &retry) {
		if retry.After > 0 {
			wait = retry.After // it knows better
		}
		if retry.Doubtful && j.Kind.Row().PostsOnce {
			wait = max(wait, landing)
		}
	}
	return wait
}

// channelSoon is how long an incident's channel may take before what can do
// without it goes ahead.
const channelSoon = 10 * time.Second

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
