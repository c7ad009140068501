// Package bot is the shell: it opens nothing and decides nothing, it runs. Run
// starts every goroutine of the program under one group — Slack's sockets, the
// outbox that carries jobs out, the pager that wakes what is due, and the HTTP
// server — and stops them in an order in which nothing that was taken in is
// lost.
package bot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/storage"
)

// Options are the parts that the program was put together from.
type Options struct {
	DB    *storage.DB
	Desk  *desk.Desk
	Slack *chat.Slack // nil: without Slack
	Ways  *Ways       // nil: no way but Slack
	Reach *Reach      // told of every call of Slack; nil: nobody is
	Heart *Heartbeat  // nil: nobody watches the bot
	Log   zerolog.Logger

	// HTTP serves the bot's own address, on Listener. Both nil: no HTTP.
	HTTP     *http.Server
	Listener net.Listener
	Draining func() // told when the bot stops taking work, before HTTP closes

	// Noted is told of every try of a job: its kind, what came of it, and how
	// long ago it was decided.
	Noted func(kind, outcome string, age time.Duration)
}

// grace is how long what is under way may take when the program stops: first
// what is being taken in, then what is being carried out.
const grace = 4 * time.Second

// Run runs the bot until ctx ends or something breaks that it cannot go on
// without. What was acknowledged before it returns is in the store.
func Run(ctx context.Context, opt Options) error {
	left, err := opt.Desk.Unfinished(ctx)
	if err != nil {
		return err
	}
	if err := opt.Desk.Resume(ctx, time.Now()); err != nil {
		return err
	}
	if len(left) > 0 {
		opt.Log.Info().Int("jobs", len(left)).Msg("going on with what was left")
	}

	// Two groups: work is finished after intake has stopped, so that what comes
	// in last still leaves if it can.
	work, workCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	workCtx, stopWork := context.WithCancel(workCtx)
	defer stopWork()
	intake, intakeCtx := errgroup.WithContext(ctx)

	var out *outbox
	if opt.Slack != nil {
		out = newOutbox(opt.Desk, route{slack: opt.Slack, ways: opt.Ways}, opt.Log, opt.Noted)
		work.Go(func() error { return out.run(workCtx, left) })
	}
	work.Go(func() error { return page(workCtx, opt.Desk, opt.Log) })
	if opt.Reach != nil {
		work.Go(func() error { return opt.Reach.watch(workCtx, opt.Desk, opt.Log) })
	}
	opt.takeIn(intakeCtx, intake)
	intake.Go(func() error { return ends(intakeCtx, workCtx, opt.DB.Lost()) })
	err = intake.Wait()
	if out != nil {
		out.finish(grace)
	}
	stopWork()
	if workErr := work.Wait(); workErr != nil {
		err = workErr
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// takeIn starts everything by which something comes in.
func (opt Options) takeIn(ctx context.Context, g *errgroup.Group) {
	if opt.Slack != nil {
		g.Go(func() error { return opt.Slack.Run(ctx) })
	}
	if opt.Ways != nil {
		g.Go(func() error { return opt.Ways.listen(ctx) })
	}
	if opt.Heart != nil {
		g.Go(func() error { return opt.Heart.Run(ctx) })
	}
	if opt.HTTP != nil {
		g.Go(func() error { return serve(ctx, opt) })
	}
}

// ends waits for what makes the program end: that it is told to, or that
// something has broken.
func ends(told, work context.Context, lost <-chan struct{}) error {
	select {
	case <-told.Done():
		return nil
	case <-work.Done():
		return errors.New("the outbox or the pager ended")
	case <-lost:
		return errors.New("the store may not have kept the last commit; start again to read what it holds")
	}
}

// serve answers HTTP until ctx ends, then lets what is under way finish.
func serve(ctx context.Context, opt Options) error {
	stopped := make(chan error, 1)
	go func() { stopped <- opt.HTTP.Serve(opt.Listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve http: %v", err)
	case <-ctx.Done():
	}
	if opt.Draining != nil {
		opt.Draining()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := opt.HTTP.Shutdown(ctx)
	<-stopped
	if err != nil {
		return fmt.Errorf("stop http: %v", err)
	}
	return nil
}

// look is how often the pager looks at the wall clock at least: timers do not
// notice when it jumps, or when the machine has slept.
const look = 10 * time.Second

// asleep is how much later than planned the pager must look to have been stopped
// in between, together with everything else.
const asleep = time.Minute

// page wakes what is due, at its time. It sleeps until the earliest due instant
// and is woken when that changes.
func page(ctx context.Context, d *desk.Desk, log zerolog.Logger) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	last := time.Now()
	complaint := complaints{log: log}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.DueReady():
		case <-timer.C:
		}
		// Without its monotonic part, or a clock that was set would not show.
		now := time.Now().Round(0)
		err := wake(ctx, d, last, now)
		last = now
		wait := look
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case errors.Is(err, storage.ErrLost), errors.Is(err, storage.ErrUnknown):
			return err
		case err != nil:
			// A full disk, for one: what is durable already still goes out.
			complaint.of(err, now)
			wait = time.Second
		}
		at, ok, err := d.NextDue(ctx)
		if err != nil {
			complaint.of(err, now)
			wait = time.Second
		} else if ok && wait == look {
			wait = min(wait, max(time.Until(at), 0))
		}
		timer.Reset(wait)
	}
}

// wake does what is due at now. If the process, or the whole machine, was stopped
// since last, escalations go on where they stood: nobody could answer meanwhile.
func wake(ctx context.Context, d *desk.Desk, last, now time.Time) error {
	if now.Sub(last.Round(0)) > look+asleep {
		if err := d.Resume(ctx, now); err != nil {
			return err
		}
	}
	return d.Tick(ctx, now)
}

// complaints logs what does not pass, but not every second.
type complaints struct {
	log  zerolog.Logger
	last string
	at   time.Time
}

func (c *complaints) of(err error, now time.Time) {
	if s := err.Error(); s != c.last || now.Sub(c.at) >= time.Minute {
		c.last, c.at = s, now
		c.log.Error().Err(err).Msg("what is due could not be done; trying again every second")
	}
}
