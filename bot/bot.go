// Package bot is what starts and what stops, in which order. Run starts every
// goroutine of the program under one group: Slack's sockets, the outbox that
// carries jobs out, the agenda that wakes what is due, and the HTTP server. It
// stops them in an order in which nothing that was taken in is lost.
package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/backup"
	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// Options are the parts that the program was put together from.
type Options struct {
	DB       *storage.DB
	Ledger   *ledger.Ledger
	Desk     *desk.Desk
	Keys     *alerts.Keys        // of alert senders; nil: there are none
	Slack    *chat.Slack         // nil: without Slack
	Methods  *dispatch.Methods   // nil: no contact method but Slack
	Trackers *dispatch.Trackers  // nil: no tracker
	Reach    *dispatch.Reach     // told of every call of Slack; nil: nobody is
	Heart    *dispatch.Heartbeat // nil: nobody watches the bot
	Copies   *backup.Keeper      // nil: no copy of the store is taken by itself

	// Damaged is told that a record of the store was found to be damaged. May be nil.
	Damaged func()

	// Verify reads what was left unread of the store when it was opened, and returns what is
	// wrong with it, in words. Nil: nothing was left.
	Verify func(ctx context.Context) error

	// Alarms are sentences that the store has for the operators. Nil: it has none.
	Alarms <-chan string

	Log zerolog.Logger

	Archiving func(context.Context) error // moves incidents to archive files when it is time, and looks at the files; nil: nothing does

	HTTP     *Address // the bot's own; nil: no HTTP
	Draining func()   // told when the bot stops taking work, before HTTP closes

	// Noted and Waiting are told how jobs go, see [dispatch.Options].
	Noted   func(j ledger.Job, outcome string, age time.Duration)
	Waiting func([dispatch.Priorities]dispatch.Backlog)
}

// grace is how long what is under way may take when the program stops: first
// what is being taken in, then what is being carried out.
const grace = 4 * time.Second

// Run runs the bot until ctx ends or something breaks that it cannot go on
// without. What was acknowledged before it returns is in the store.
func Run(ctx context.Context, opt Options) error {
	left, err := opt.Ledger.Unfinished(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		opt.Log.Info().Int("jobs", len(left)).Msg("going on with what was left")
	}

	opt.Ledger.WhenClockSet(opt.tellClockSet)

	// Two groups: work is finished after intake has stopped, so that what comes
	// in last still leaves if it can.
	work, workCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	workCtx, stopWork := context.WithCancel(workCtx)
	defer stopWork()
	intake, intakeCtx := errgroup.WithContext(ctx)

	var out *dispatch.Outbox
	if opt.Slack != nil {
		out = dispatch.NewOutbox(dispatch.Options{Ledger: opt.Ledger, Desk: opt.Desk, Slack: opt.Slack.Performers(),
			Methods: opt.Methods, Trackers: opt.Trackers, Log: opt.Log, Noted: opt.Noted, Waiting: opt.Waiting})
		work.Go(func() error { return out.Run(workCtx, left) })
	}
	work.Go(func() error {
		if err := opt.Desk.Warm(workCtx); err != nil && workCtx.Err() == nil {
			opt.Log.Warn().Err(err).Msg("what incidents are found by could not be read ahead; the first search reads it")
		}
		return nil
	})
	if opt.Verify != nil {
		work.Go(func() error { return opt.verify(workCtx) })
	}
	work.Go(func() error { return opt.tellDamaged(workCtx) })
	work.Go(func() error { return opt.tellAlarms(workCtx) })
	work.Go(func() error { return opt.Ledger.Run(workCtx, opt.complain(workCtx)) })
	if opt.Keys != nil {
		work.Go(func() error { return opt.Keys.Run(workCtx, opt.complain(workCtx)) })
	}
	if opt.Copies != nil {
		work.Go(func() error { return opt.Copies.Run(workCtx) })
	}
	if opt.Archiving != nil {
		work.Go(func() error { return opt.Archiving(workCtx) })
	}
	if opt.Reach != nil {
		work.Go(func() error { return opt.Reach.Watch(workCtx, opt.Desk, opt.Log) })
	}
	opt.takeIn(intakeCtx, intake)
	intake.Go(func() error { return ends(intakeCtx, workCtx, opt.DB.Lost()) })
	err = intake.Wait()
	if out != nil {
		out.Finish(grace)
	}
	stopWork()
	if workErr := work.Wait(); workErr != nil {
		err = workErr
	}
	switch {
	case errors.Is(err, storage.ErrLost):
		return errLost // whoever noticed it first
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return nil
	}
	return err
}

// errLost is that nothing can be stored any more by this process.
var errLost = errors.New("another process may be the one that writes, or the store may not have kept the last commit; start again to read what it holds")

// tellClockSet says in the log that the clock was set.
func (opt Options) tellClockSet(_ context.Context, by time.Duration) error {
	text := "the clock was set forward, or the machine slept; escalations go on from where they were, and what belongs to the time of day follows the clock"
	if by < 0 {
		text = "the clock was set back; escalations are not delayed by that, and what belongs to the time of day follows the clock"
	}
	opt.Log.Warn().Stringer("by", by).Msg(text)
	return nil
}

// takeIn starts everything by which something comes in.
func (opt Options) takeIn(ctx context.Context, g *errgroup.Group) {
	if opt.Slack != nil {
		g.Go(func() error { return opt.Slack.Run(ctx) })
	}
	if opt.Methods != nil {
		g.Go(func() error { return opt.Methods.Listen(ctx) })
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
		return errors.New("the outbox or the agenda ended")
	case <-lost:
		return errLost
	}
}

// serve answers HTTP until ctx ends, then lets what is under way finish.
func serve(ctx context.Context, opt Options) error {
	opt.HTTP.Answer()
	select {
	case err := <-opt.HTTP.broken:
		return fmt.Errorf("serve http: %v", err)
	case <-ctx.Done():
	}
	if opt.Draining != nil {
		opt.Draining()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return opt.HTTP.finish(ctx)
}

// complain returns what is told of everything that is due and could not be done. It
// logs, but not the same every second, and tells the operators of a mistake in the
// program, once.
func (opt Options) complain(ctx context.Context) func(error) {
	var last string
	var at time.Time
	told := map[string]bool{}
	return func(err error) {
		now := time.Now()
		if s := err.Error(); s != last || now.Sub(at) >= time.Minute {
			last, at = s, now
			opt.Log.Error().Err(err).Msg("what is due could not be done; it is tried again")
		}
		var mistake *ledger.PanicError
		if !errors.As(err, &mistake) || told[mistake.What] {
			return
		}
		opt.Log.Error().Str("what", mistake.What).Interface("panic", mistake.Value).Bytes("stack", mistake.Stack).Msg("a mistake in the program")
		text := "The program made a mistake (" + mistake.What + "). Everything else goes on; this is tried again every few minutes. The log has the details."
		if err := opt.Desk.Alarm(ctx, text); err == nil {
			told[mistake.What] = true
		}
	}
}
