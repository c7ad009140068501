package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// ahead reports whether an instant that has passed was written by a clock that was ahead.
func ahead(t, now time.Time) bool { return t.Sub(now) > ledger.AheadBy }

// clockText is what the timeline of an incident says that waits.
func clockText(by time.Duration) string {
	if by < 0 {
		return "The clock was set back by " + (-by).String() + ". What waits is not delayed by that."
	}
	return "The clock was set forward by " + by.String() + ", or the machine slept. What waits goes on from here."
}

// mendAhead has what a clock planned that was ahead come when it is due by the clock that is
// right again: it would be off for as long as that one was ahead. It is looked for when the
// clock is set back, and at the start, since it may have been set while nothing ran.
func (d *Desk) mendAhead(ctx context.Context) error {
	return errors.Join(d.mendEscalations(ctx), d.mendPromises(ctx), d.mendMornings(ctx),
		d.nearer(ctx, "grant/", grantKept, grantFor), d.nearer(ctx, "tryout/", keepTryout, keepTryout), d.nearer(ctx, "drill/", weeklyWait, weeklyWait))
}

// mendEscalations has every escalation wait as long as it would have waited had the clock been
// set while the program ran, see [Desk.clockSet].
func (d *Desk) mendEscalations(ctx context.Context) error {
	wants := func(tx *storage.Tx, n int) (bool, error) {
		r, _, err := ledger.Load[escalationRecord](tx, escalationKey(n))
		return ahead(r.last(), d.ledger.Now()), err
	}
	return d.mendEach(ctx, "escalation/", wants, func(w *work) error {
		r, err := w.escalation()
		if err != nil {
			return err
		}
		by := w.Now.Sub(r.last()).Round(time.Second)
		p, moved := r.Page.ClockSet(by)
		if !moved || by >= 0 {
			return nil
		}
		return errors.Join(w.remark(clockText(by)), w.keepEscalation(r, p))
	})
}

// last is when something was planned last, or in the record of an earlier version, when the
// step began.
func (r escalationRecord) last() time.Time {
	if r.Kept.After(r.Page.StepAt) {
		return r.Kept
	}
	return r.Page.StepAt
}

// mendPromises works out anew when what is promised of an incident is due.
func (d *Desk) mendPromises(ctx context.Context) error {
	wants := func(tx *storage.Tx, n int) (bool, error) {
		r, err := promises(tx, n)
		return ahead(r.Kept, d.ledger.Now()) || r.notAhead(d.ledger.Now()), err
	}
	return d.mendEach(ctx, promisePrefix, wants, func(w *work) error {
		r, err := promises(w.Tx.Tx, w.inc.Number)
		if err != nil {
			return err
		}
		r.notAhead(w.Now)
		w.reckoned = true
		return w.Save(promiseKey(w.inc.Number), r)
	})
}

// putOffMost is for how long at most nobody is reminded.
const putOffMost = 24 * time.Hour

// notAhead takes back what a clock noted that was ahead, and reports whether it did.
func (r *promiseRecord) notAhead(now time.Time) (mended bool) {
	mended = notAfter(now, &r.Last, &r.Waits, &r.Hands, &r.Silent)
	if r.Until.Sub(now) > putOffMost {
		r.Until, r.Reminder.Until, mended = now, time.Time{}, true
	}
	return mended
}

// mendEach calls f, each in a transaction of its own, for those incidents whose wake-ups begin
// with prefix that want it.
func (d *Desk) mendEach(ctx context.Context, prefix string, wants func(*storage.Tx, int) (bool, error), f func(*work) error) error {
	var wanting []int
	for _, name := range d.ledger.Planned(prefix) {
		n, want := ledger.LastNumber(name), false
		// A view for each: one in which something damaged was met is good for nothing more.
		err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
			want, err = wants(tx, n)
			return err
		})
		if err != nil && !damagedRecord(err) { // whoever acts on what is damaged is told
			return err
		}
		if want && err == nil {
			wanting = append(wanting, n)
		}
	}
	return ledger.Share(len(wanting), func(i int) error {
		if _, err := d.act(ctx, byBot, wanting[i], f); err != nil && !damagedRecord(err) {
			return fmt.Errorf("%s waits by the time of a clock that was ahead: %w", incident.Name(wanting[i]), err)
		}
		return nil
	})
}

// damagedRecord reports whether a record is damaged, of which nothing else must stop.
func damagedRecord(err error) bool {
	broken := (*storage.DamagedError)(nil)
	return errors.As(err, &broken)
}

// mendMornings has those told in the morning who were told last while the clock was ahead, or
// of what happened then.
func (d *Desk) mendMornings(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		who := map[string]bool{}
		err := errors.Join(
			mendRecords(t, followUpPrefix, func(r *followUpRecord) bool {
				who[r.For] = who[r.For] || ahead(r.Since, t.Now) || ahead(r.Reminded, t.Now)
				return notAfter(t.Now, &r.Since, &r.Reminded, &r.Before)
			}),
			mendRecords(t, idlePrefix, func(r *idleRecord) bool {
				who[r.For] = who[r.For] || ahead(r.Since, t.Now) || ahead(r.Asked, t.Now)
				return notAfter(t.Now, &r.Since, &r.Asked)
			}),
			mendRecords(t, reviewPrefix, func(r *reviewRecord) bool {
				mended := r.notAhead(t.Now)
				for _, a := range r.asks() {
					who[string(a)] = who[string(a)] || mended
				}
				return mended
			}))
		for _, name := range d.ledger.Planned(morningName) {
			if who[strings.TrimPrefix(name, morningName)] {
				err = errors.Join(err, t.Wake(name, t.Now))
			}
		}
		return err
	})
}

// notAfter takes back what lies ahead of now, and reports whether anything did.
func notAfter(now time.Time, instants ...*time.Time) (mended bool) {
	for _, t := range instants {
		if ahead(*t, now) {
			*t, mended = now, true
		}
	}
	return mended
}

// notAhead has the time for a post-mortem begin now that began while the clock was ahead.
func (r *reviewRecord) notAhead(now time.Time) (mended bool) {
	if by := now.Sub(r.Since); ahead(r.Since, now) {
		mended = true
		for _, t := range []*time.Time{&r.Since, &r.Draft, &r.Publish} {
			if !t.IsZero() {
				*t = t.Add(by)
			}
		}
	}
	for who, at := range r.Reminded {
		if ahead(at, now) {
			r.Reminded[who], mended = now, true
		}
	}
	return mended
}

// mendRecords calls mend for each record whose key begins with prefix, and stores those of
// which it reports that they changed, as many as fit: the others are mended the next time.
func mendRecords[T any](t *ledger.Tx, prefix string, mend func(*T) bool) error {
	most := storage.MaxChanges / 8
	for key, value := range t.Scan(prefix) {
		var r T
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("read %s: %v", key, err)
		}
		if mend(&r) && most > 0 {
			if most--; t.Save(key, r) != nil {
				return t.Err()
			}
		}
	}
	return t.Err()
}

// nearer has looked at after a time what was planned for later than it can be.
func (d *Desk) nearer(ctx context.Context, prefix string, most, after time.Duration) error {
	names := d.ledger.PlannedAfter(prefix, d.ledger.Now().Add(most+ledger.AheadBy))
	return ledger.Share(len(names), func(i int) error {
		return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error { return t.Wake(names[i], t.Now.Add(after)) })
	})
}

// asOf returns a timeline without instants that lie ahead. What has happened since the clock
// was set back stands there at the time of what happened before, so for what runs from it, it
// happened when it was reckoned last.
func (r promiseRecord) asOf(events []incident.Event, now time.Time) []incident.Event {
	if r.Base.IsZero() || !aheadAny(events, now) {
		return events
	}
	list := slices.Clone(events)
	for k := range list {
		e := &list[k]
		switch {
		case !e.At.After(now):
		case e.Kind == incident.KindMissed && e.Due.After(r.Base) && !e.Due.After(now):
			e.At = e.Due
		default:
			e.At = r.Base
		}
	}
	return list
}

func aheadAny(events []incident.Event, now time.Time) bool {
	return len(events) > 0 && ahead(events[len(events)-1].At, now) // their order is that of time
}
