package desk

import (
	"context"
	"errors"
	"strings"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// SetAside takes a job off the outbox that the program cannot do because of a
// mistake in it, with those that it stands for. What follows is what follows from a
// job of its kind that failed; besides, the timeline says so and the operators are
// told. Where the mistake is in that as well, the job is set aside alone.
func (d *Desk) SetAside(ctx context.Context, r Result) error {
	err := d.setAsideWith(ctx, r)
	if mistake := (*ledger.PanicError)(nil); !errors.As(err, &mistake) {
		return err
	}
	_, alone := d.act(ctx, byBot, r.Job.Incident, func(w *work) error { return w.setAside(r) })
	return alone
}

// setAsideWith is SetAside with what follows.
func (d *Desk) setAsideWith(ctx context.Context, r Result) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &ledger.PanicError{What: "what follows from a job that was set aside", Value: v}
		}
	}()
	if r, err = d.unrung(ctx, r); err != nil {
		return err
	}
	if err := d.notRungBefore(ctx, r); err != nil {
		return err
	}
	_, err = d.act(ctx, byBot, r.Job.Incident, func(w *work) error {
		if waits, err := ledger.Waits(w.Tx.Tx, r.Job); err != nil || !waits {
			return err
		}
		before := w.inc.Events
		if err := errors.Join(w.plainly(r), w.record(r)); err != nil {
			return err
		}
		if r.Job.Kind == ledger.Prompts { // the digests that show the incident do not wait for its own messages
			if err := w.refreshDigests(false); err != nil {
				return err
			}
		}
		if w.inc.Events == before && r.Job.Incident > 0 {
			if err := w.remark("Could not " + r.Job.Words() + ": " + r.Outcome.Failed); err != nil {
				return err
			}
		}
		return w.keepAside(r)
	})
	return err
}

// setAside takes the jobs of r off the outbox and keeps the one.
func (w *work) setAside(r Result) error {
	if waits, err := ledger.Waits(w.Tx.Tx, r.Job); err != nil || !waits {
		return err
	}
	for _, done := range append([]ledger.Job{r.Job}, r.Needless...) {
		if err := errors.Join(w.Finish(done), w.unlist(done)); err != nil {
			return err
		}
	}
	return w.keepAside(r)
}

// keepAside keeps the job of r with the reason, and tells the operators.
func (w *work) keepAside(r Result) error {
	j, reason := r.Job, r.Outcome.Failed
	if err := w.Tx.SetAside(j, reason); err != nil || j.Kind == ledger.Alarm { // another alarm would fail in the same way, and so on for ever
		return err
	}
	alarm := "A job could not be done and was set aside: " + j.Words() + ". " + incident.Capital(reason) + " The log has the details."
	switch {
	case w.inc.Private: // everybody reads it
		alarm = "A job could not be done and was set aside. The log has the details."
	case j.Incident > 0:
		alarm = strings.Replace(alarm, " and was", " for "+w.inc.Name()+" and was", 1)
	}
	return w.alarm(alarm)
}

// unrung has a job that was to write a message about several incidents fail for all
// that this message has not rung for.
func (d *Desk) unrung(ctx context.Context, r Result) (Result, error) {
	j := r.Job
	if j.Kind != ledger.Digest && j.Kind != ledger.DigestDue {
		return r, nil
	}
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		t, ok, err := ledger.Load[Digest](tx, digestKey(incident.Actor(j.Person), j.Digest))
		if ok {
			r.Outcome.Digest = &t
		}
		return err
	})
	return r, err
}

// plainly tells whom a message about several incidents was to ring for which of them
// need somebody, in plain words: by other contact methods they may not be reached.
func (w *work) plainly(r Result) error {
	if r.Outcome.Digest == nil || !w.inSlack(incident.Actor(r.Job.Person)) {
		return nil
	}
	var names []string
	for _, p := range r.Outcome.Digest.Pages {
		i, err := loadIncident(w.Tx.Tx, p.Incident)
		if err != nil {
			return err
		}
		if p.Shown > 0 && !p.Rung && i.Status.Active() && !i.Acked() {
			names = append(names, i.Name())
		}
	}
	if len(names) == 0 {
		return nil
	}
	text := "You are paged about " + incident.FirstOf(names, 20) + ". The message with the buttons could not be written. Acknowledge each with `ack " + names[0] + "` and so on."
	_, err := w.AddApart(ledger.Job{Kind: ledger.Alarm, Person: r.Job.Person, Text: text})
	return err
}

// KeepForNewer takes a job off the outbox whose kind only a newer version knows, and
// keeps it for that version. The operators are told once for each kind.
func (d *Desk) KeepForNewer(ctx context.Context, j ledger.Job) error {
	_, told := d.newer.LoadOrStore(j.Kind, true)
	_, err := d.act(ctx, byBot, j.Incident, func(w *work) error {
		if waits, err := ledger.Waits(w.Tx.Tx, j); err != nil || !waits {
			return err
		}
		if err := w.Tx.KeepForNewer(j); err != nil || told {
			return err
		}
		return w.alarm("There are jobs that only a newer version of Stormbell can do (" + string(j.Kind) +
			"). They are kept for 30 days: start the newer version again within that time. Everything else goes on.")
	})
	if err != nil && !told {
		d.newer.Delete(j.Kind)
	}
	return err
}
