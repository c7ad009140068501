package desk

import (
	"context"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
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
		p := r.Page
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

// wakeEscalation plans the next look at the escalation, or none.
func (w *work) wakeEscalation(at time.Time, ok bool) error {
	name := escalationName(w.inc.Number)
	was, planned, err := w.Due(name)
	switch {
	case err != nil:
		return err
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
