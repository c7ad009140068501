package bot

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/storage"
)

// sender carries out jobs. What it cannot do now is a *desk.Retry.
type sender interface {
	Perform(ctx context.Context, j desk.Job) (desk.Outcome, error)
}

// outbox carries the desk's jobs out: the most urgent first, those of one lane
// one after another, several lanes at the same time. One goroutine owns all of
// its state; what is slow runs beside it.
type outbox struct {
	desk *desk.Desk
	send sender
	log  zerolog.Logger
	note func(kind, outcome string, age time.Duration) // for counters

	lanes  map[string]*lane
	places map[int]map[*lane]bool       // the lanes of an incident
	pages  map[int]map[string]time.Time // pages of an incident whose first try is not over, by lane
	stands map[int]bool                 // the incident's channel is known to stand
	gates  map[string]*gate             // by class
	later  laneHeap                     // lanes that must wait, the earliest first
	done   chan result
	under  sync.WaitGroup

	hurries   bool          // nothing rests any more: the program stops
	finishing chan struct{} // closed when nothing more is taken in
	finished  chan struct{} // closed when run has returned
	began     time.Time     // when run began
}

// resting reports whether nothing is under way and nothing could go.
func (o *outbox) resting() bool {
	for _, g := range o.gates {
		if g.busy > 0 || g.ready.Len() > 0 {
			return false
		}
	}
	return true
}

// pagesFirst is how long the other work on an incident lets its first page go
// ahead. A page that Slack does not answer must not hold up the rest.
const pagesFirst = 500 * time.Millisecond

// landing is how long a call whose answer nobody heard may yet take to have its
// effect. Whether a message stands is looked up no sooner, or the one that is
// still on its way would be its double.
const landing = 2 * time.Second

// answerFor is how long a caller is answered late; Slack takes a reply for
// thirty minutes.
const answerFor = 25 * time.Minute

// result is what became of one try.
type result struct {
	lane *lane
	did  *desk.Outcome // what came of it, when it was done
	err  error         // nil: done, and recorded
}

func newOutbox(d *desk.Desk, send sender, log zerolog.Logger, note func(kind, outcome string, age time.Duration)) *outbox {
	if note == nil {
		note = func(string, string, time.Duration) {}
	}
	return &outbox{
		desk: d, send: send, log: log, note: note,
		lanes: map[string]*lane{}, places: map[int]map[*lane]bool{},
		pages: map[int]map[string]time.Time{}, stands: map[int]bool{},
		gates: map[string]*gate{}, later: laneHeap{less: earlier},
		done:      make(chan result, 256), // more than all slots, so that nobody waits for a loop that has ended
		finishing: make(chan struct{}), finished: make(chan struct{}),
	}
}

// finish lets what can go now go, for at most that long. What cannot stays in
// the store for the next process.
func (o *outbox) finish(most time.Duration) {
	close(o.finishing)
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-o.finished:
	case <-timer.C:
	}
}

// run carries jobs out until ctx ends, beginning with what an earlier process
// left. It returns when nothing is under way any more.
func (o *outbox) run(ctx context.Context, left []desk.Job) error {
	defer close(o.finished)
	defer o.under.Wait()
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
		timer.Reset(max(wait, 0))
		select {
		case <-ctx.Done():
			return nil
		case <-finishing:
			finishing = nil
			o.wakeRested(now)
		case <-o.desk.JobsReady():
			o.add(o.desk.Take(), time.Now())
		case r := <-o.done:
			if err := o.settle(ctx, r, time.Now()); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// add puts jobs into their lanes.
func (o *outbox) add(jobs []desk.Job, now time.Time) {
	touched := map[*lane]bool{}
	for _, j := range jobs {
		l := o.lanes[j.Lane()]
		if l == nil {
			l = &lane{key: j.Lane(), incident: j.Incident}
			if j.Together > 0 {
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
		if l.state == idle {
			o.place(context.Background(), l, now)
		}
	}
}

// place decides where a lane that is in no heap belongs.
func (o *outbox) place(ctx context.Context, l *lane, now time.Time) {
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
	l.yields = false
	if j.NotBefore.After(l.at) {
		l.at = j.NotBefore
	}
	if at := o.began.Add(landing); j.Doubtful && j.PostsOnce() && at.After(l.at) {
		l.at = at
	}
	if hold := o.pageHold(j, now); hold > 0 && !l.at.After(now.Add(hold)) {
		l.at, l.yields = now.Add(hold), true
	}
	switch {
	case l.at.After(now):
		l.state = isLater
		heap.Push(&o.later, l)
	case j.NeedsChannel() && !o.channelStands(ctx, j):
		l.state = isParked
	default:
		l.state = isReady
		heap.Push(&o.gate(j).ready, l)
	}
}

// pageHold is how long a job still lets the pages of its incident go first.
func (o *outbox) pageHold(j desk.Job, now time.Time) time.Duration {
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
func (o *outbox) channelStands(ctx context.Context, j desk.Job) bool {
	if o.stands[j.Incident] {
		return true
	}
	p, err := o.desk.Papers(ctx, j.Incident)
	if err != nil {
		return true // whoever does it meets the same error, and reports it
	}
	o.stands[j.Incident] = p.Channel != ""
	return p.Channel != "" || p.ChannelGivenUp || j.DoesWithout() && p.ChannelError != ""
}

// start begins as many jobs as there are slots for.
func (o *outbox) start(ctx context.Context) {
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
				did, err := o.try(ctx, jobs, did)
				o.done <- result{lane: l, did: did, err: err}
			})
		}
	}
}

// showEvery is how often what shows the newest state is brought up to it: a burst
// of notes edits the summary once a second and not once for each.
const showEvery = time.Second

// wakeRested lets go what only rests, since there will be no later.
func (o *outbox) wakeRested(now time.Time) {
	o.hurries = true
	for _, l := range o.later.lanes {
		if l.at.Equal(l.rests) {
			l.at, l.rests = now, now
		}
	}
	heap.Init(&o.later)
}

// try carries out the last of jobs, unless that was done and only its record is
// missing, and records what came of it for all. What is returned was done: with a
// disk that takes nothing, a page must not be sent again and again.
func (o *outbox) try(ctx context.Context, jobs []desk.Job, did *desk.Outcome) (*desk.Outcome, error) {
	j := jobs[len(jobs)-1]
	if did == nil {
		wanted, err := o.desk.Wanted(ctx, j)
		if err != nil || !wanted {
			return nil, err
		}
		outcome, err := o.send.Perform(ctx, j)
		var again *desk.Retry
		if j.Kind == desk.JobAnswer && time.Since(j.Created) > answerFor && errors.As(err, &again) {
			outcome, err = desk.Outcome{}, nil // nobody waits for it any more
		}
		if err != nil {
			return nil, err
		}
		did = &outcome
		if outcome.Failed != "" && (j.Kind == desk.JobPage || j.Kind == desk.JobPageChannel) {
			o.log.Error().Str("job", j.Key()).Bool("last_resort", j.Resort).Str("reason", outcome.Failed).Msg("a page could not be sent")
		}
	}
	// The work is done: what came of it is recorded even while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return did, o.desk.Done(ctx, j, *did, jobs[:len(jobs)-1]...)
}

// recordWithin is how long a record waits for its turn in the store.
const recordWithin = 3 * time.Second

// settle puts a lane back after a try.
func (o *outbox) settle(ctx context.Context, r result, now time.Time) error {
	l, j := r.lane, r.lane.under[len(r.lane.under)-1]
	l.slot.busy--
	l.state, l.at, l.did = idle, time.Time{}, r.did
	if r.err == nil {
		l.waiting = l.waiting[len(l.under):]
		l.under, l.did = nil, nil
		l.tries = 0
		if j.Refreshes() && j.Priority() >= 2 && !o.hurries {
			l.rests = now.Add(showEvery)
			l.at = l.rests
		}
		o.note(string(j.Kind), "done", now.Sub(j.Created))
	} else if o.again(ctx, l, r.err, now); errors.Is(r.err, storage.ErrLost) || errors.Is(r.err, storage.ErrUnknown) {
		return r.err // the next process reads what the store holds
	}
	if delete(o.pages[l.incident], l.key); len(o.pages[l.incident]) == 0 {
		delete(o.pages, l.incident)
	}
	o.place(ctx, l, now)
	o.release(ctx, l.incident, now)
	return nil
}

// again plans the next try of a lane.
func (o *outbox) again(ctx context.Context, l *lane, err error, now time.Time) {
	j := l.under[len(l.under)-1]
	var retry *desk.Retry
	wait := backoff(l.tries, j.Priority())
	if errors.As(err, &retry) {
		wait = max(wait, retry.After)
		if retry.After > 0 {
			wait = retry.After // it knows better
		}
		l.waiting[0].Doubtful = l.waiting[0].Doubtful || retry.Doubtful
		if retry.Doubtful && j.PostsOnce() {
			wait = max(wait, landing)
		}
	}
	if l.did == nil {
		l.under = nil // the next try may stand for more
	}
	l.tries++
	l.at = now.Add(wait)
	o.note(string(j.Kind), "retry", now.Sub(j.Created))
	level := zerolog.DebugLevel
	if l.tries > 2 {
		level = zerolog.WarnLevel
	}
	o.log.WithLevel(level).Str("job", j.Key()).Str("kind", string(j.Kind)).Int("try", l.tries).
		Dur("again_in", wait).Str("error", err.Error()).Msg("a job will be tried again")
	if j.Kind == desk.JobChannel && ctx.Err() == nil && now.Add(wait).Sub(j.Created) > channelSoon {
		if err := o.desk.TryingInVain(ctx, j, err.Error()); err != nil {
			o.log.Warn().Err(err).Str("job", j.Key()).Msg("could not record why there is no channel yet")
		}
	}
}

// channelSoon is how long an incident's channel may take before what can do
// without it goes ahead.
const channelSoon = 10 * time.Second

// release looks again at the lanes of an incident that waited for a page or for
// the channel.
func (o *outbox) release(ctx context.Context, n int, now time.Time) {
	for l := range o.places[n] {
		switch {
		case l.state == isParked:
			o.place(ctx, l, now)
		case l.state == isLater && l.yields:
			heap.Remove(&o.later, l.index)
			l.at = time.Time{}
			o.place(ctx, l, now)
		}
	}
}
