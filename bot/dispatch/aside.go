package dispatch

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
)

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

// nobodyError is the error of a job of a kind that nobody carries out.
type nobodyError struct{ kind ledger.Kind }

// Error names the kind.
func (e *nobodyError) Error() string { return fmt.Sprintf("job %s: nobody carries it out", e.kind) }

// keepForNewer keeps jobs of a kind that this version does not know out of the way,
// for the newer version that has left them.
func (o *Outbox) keepForNewer(ctx context.Context, jobs []ledger.Job) error {
	j := jobs[len(jobs)-1]
	o.log.Warn().Str("job", j.Key()).Str("kind", string(j.Kind)).
		Msg("a job is of a kind that only a newer version knows; it is kept for that version")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return o.opt.Desk.KeepForNewer(ctx, j)
}
