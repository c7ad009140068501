package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
)

// asleep is how late an escalation must be looked at for the program, the machine
// or its disk to have been away: nothing could be sent meanwhile.
const asleep = 70 * time.Second

// tickEscalation does what is due of one escalation. One that is late because
// nothing could be sent goes on from where it stood: nobody could answer
// meanwhile, so its waits are not over. Without that the whole escalation would be
// run in one instant.
func (d *Desk) tickEscalation(ctx context.Context, name string, now time.Time) error {
	_, err := d.actAt(ctx, byBot, now, ledger.LastNumber(name), func(w *work) error {
		r, err := w.escalation()
		if err != nil {
			return err
		}
		due, planned, err := w.Due(name)
		if err != nil || !planned {
			return err
		}
		if err := w.Sleep(name); err != nil { // it is planned anew, maybe for this very instant
			return err
		}
		if _, planned, err := w.Due(promiseKey(w.inc.Number)); err != nil {
			return err
		} else if !planned && w.inc.Status.Active() {
			w.reckoned = true
		}
		p := r.Page
		if w.inc.Status == incident.Mitigated && p.State == escalation.Acknowledged { // an earlier version planned it
			return w.keepEscalation(r, p.Rest())
		}
		if due.Before(d.opened) || now.Sub(due) > asleep {
			var late time.Duration
			if p, late = p.Resume(now); late >= time.Minute {
				text := "Nothing could be sent for " + late.Round(time.Second).String() + "; the escalation goes on from here."
				if err := w.remark(text); err != nil {
					return err
				}
			}
		}
		return w.step(r, p)
	})
	return err
}

// clockSet has every escalation wait as long as it would have waited had the clock
// not been set: five minutes are five minutes. What belongs to the time of day
// stays where it is on the clock. Their timelines say so, since the times in them
// do not fit each other any more.
func (d *Desk) clockSet(ctx context.Context, by time.Duration) error {
	text := clockText(by)
	if by < 0 { // what comes again and again was planned while the clock was ahead
		err := errors.Join(d.startArchiving(ctx), d.startTidying(ctx), d.startNights(ctx), d.startWeeklyAgain(ctx),
			d.startRegularAgain(ctx, weekName, d.nextWeek), d.startRegularAgain(ctx, monthName, d.nextMonth), d.startExports(ctx))
		if err != nil {
			return err
		}
	}
	names := d.ledger.Planned("escalation/")
	err := ledger.Share(len(names), func(i int) error {
		_, err := d.act(ctx, byBot, ledger.LastNumber(names[i]), func(w *work) error {
			r, err := w.escalation()
			if err != nil {
				return err
			}
			p, moved := r.Page.ClockSet(by)
			if !moved {
				return nil
			}
			return errors.Join(w.remark(text), w.keepEscalation(r, p))
		})
		if err != nil {
			return fmt.Errorf("%s waits by the old time of a clock that was set: %w", names[i], err)
		}
		return nil
	})
	if err == nil && by < 0 {
		err = d.mendAhead(ctx)
	}
	return err
}

// wakeEscalation plans the next look at the escalation, or none.
func (w *work) wakeEscalation(at time.Time, ok bool) error {
	name := escalationName(w.inc.Number)
	var was time.Time
	var planned bool
	if w.MayHave(w.inc.Number, escalationKey(w.inc.Number)) { // with which the wake-up is written
		var err error
		if was, planned, err = w.Due(name); err != nil {
			return err
		}
	}
	switch {
	case !ok:
		return w.Sleep(name)
	case planned && was.Equal(at):
		return nil
	default:
		return w.Wake(name, at)
	}
}

// remark writes something the program has to say into the timeline.
func (w *work) remark(text string) error {
	if text == "" {
		return nil
	}
	return w.apply(w.inc.Record(w.Now, incident.Event{Kind: incident.KindRemark, Text: text}))
}
