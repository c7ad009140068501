package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// landing is how long a call whose answer nobody heard may yet take to have its
// effect. Whether a message stands is looked up no sooner, or the one that is
// still on its way would be its double.
const landing = 2 * time.Second

// showEvery is how often what shows the newest state is brought up to it: a burst
// of notes edits the summary once a second and not once for each.
const showEvery = time.Second

// recordWithin is how long a record waits for its turn in the store.
const recordWithin = 3 * time.Second

// result is what became of one try.
type result struct {
	lane    *lane
	jobs    []ledger.Job  // what it was about: the last, and those it stands for; what is under way after them is needless
	did     *desk.Outcome // what came of it, when it was done
	freed   bool          // its slot was given back before
	outcome string        // in a word; empty with an error
	err     error         // nil: done, and recorded
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
		if nobody := (*nobodyError)(nil); errors.As(err, &nobody) && !nobody.kind.Known() {
			r.outcome, r.err = "set_aside", o.keepForNewer(ctx, r.jobs)
			return r
		}
		var again *desk.Retry
		if gives := j.Kind.Row().GivesUpAfter; gives > 0 && ledger.Instant().Sub(j.Created) > gives && errors.As(err, &again) {
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
		t, err := o.opt.Desk.Begin(ctx, r.jobs[last], ledger.Instant())
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
	case t.Job.ToTracker() && o.opt.Trackers == nil:
		return desk.Outcome{Failed: "no tracker is configured"}, nil
	case t.Job.ToTracker():
		return o.opt.Trackers.perform(ctx, t)
	case p == nil:
		return desk.Outcome{}, &nobodyError{t.Job.Kind}
	default:
		return p(ctx, t)
	}
}

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
	o.through(r, j)
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
		o.opt.Noted(j, r.outcome, ledger.Instant().Sub(j.Created))
	} else if o.again(l, r.err, now); errors.Is(r.err, storage.ErrLost) || errors.Is(r.err, storage.ErrUnknown) {
		return r.err // the next process reads what the store holds
	}
	if delete(o.pages[l.incident], l.key); len(o.pages[l.incident]) == 0 {
		delete(o.pages, l.incident)
	}
	o.place(ctx, l, now)
	o.release(ctx, l.incident, now)
	if l.slot.inTurn && l.slot.until.After(now) {
		o.tellWaits(l.slot, now)
	}
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
	if o.closeGate(l, err, now) {
		wait = l.slot.until.Sub(now)
	} else {
		l.hold = now.Add(wait)
	}
	if !tried || retry.Doubtful || l.hold.After(now) { // to wait for a limit is no failure
		l.tries++
	}
	o.opt.Noted(j, "retry", ledger.Instant().Sub(j.Created))
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
	if j.Kind != ledger.Channel || ctx.Err() != nil || ledger.Instant().Sub(j.Created)+retryAfter(err, tries, j) <= channelSoon {
		return
	}
	if err := o.opt.Desk.TryingInVain(ctx, j, desk.Reason(err)); err != nil {
		o.log.Warn().Err(err).Str("job", j.Key()).Msg("could not record why there is no channel yet")
	}
}

// damagedAfter is when a job is tried again that needs a record which is damaged.
const damagedAfter = 5 * time.Minute

// retryAfter is how long to wait after a try that failed.
func retryAfter(err error, tries int, j ledger.Job) time.Duration {
	wait := backoff(tries, j.Priority())
	if broken := (*storage.DamagedError)(nil); errors.As(err, &broken) && tries > 1 {
		wait = max(wait, damagedAfter)
	}
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
