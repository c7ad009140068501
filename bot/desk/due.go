package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// DueReady delivers a value when the earliest due instant may have changed.
func (d *Desk) DueReady() <-chan struct{} { return d.dueReady }

// NextDue returns the earliest instant at which something is due.
func (d *Desk) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	err = d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("due/") {
			if at, ok = dueAt(key); ok {
				return nil
			}
		}
		return nil
	})
	return at, ok, err
}

func dueAt(key string) (time.Time, bool) {
	stamp, _, _ := strings.Cut(strings.TrimPrefix(key, "due/"), "/")
	at, err := time.Parse(dueForm, stamp)
	return at.UTC(), err == nil
}

// Tick does everything that is due at or before now, each in a transaction of
// its own, the earliest first. What fails stays due and holds up nothing else:
// it is in the error that is returned when the rest is done.
func (d *Desk) Tick(ctx context.Context, now time.Time) error {
	var failed []error
	from := "due/"
	for {
		key, ok, err := d.firstDue(ctx, from, now)
		if err != nil {
			return err
		}
		if !ok {
			return errors.Join(failed...)
		}
		switch {
		case strings.HasSuffix(key, "/sweep"):
			err = d.sweep(ctx, key, now)
		case strings.Contains(key, "/roster/"):
			err = d.tickRoster(ctx, key, now)
		case strings.HasSuffix(key, "/weekly"):
			err = d.tickWeekly(ctx, key, now)
		case strings.Contains(key, "/drill/"):
			err = d.tickDrill(ctx, key)
		case strings.Contains(key, "/tryout/"):
			err = d.forgetTryout(ctx, key)
		case strings.Contains(key, "/grant/"):
			err = d.forgetGrant(ctx, key)
		default:
			err = d.tickPage(ctx, key)
		}
		switch {
		case errors.Is(err, storage.ErrLost), errors.Is(err, storage.ErrUnknown), err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", key, err))
			from = key + "\x00" // past it
		}
	}
}

// firstDue returns the first key from the given one on that is due.
func (d *Desk) firstDue(ctx context.Context, from string, now time.Time) (due string, ok bool, err error) {
	err = d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.ScanFrom("due/", from) {
			at, valid := dueAt(key)
			if !valid {
				continue
			}
			if !at.After(now) {
				due, ok = key, true
			}
			return nil
		}
		return nil
	})
	return due, ok, err
}

func (d *Desk) tickPage(ctx context.Context, key string) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, lastNumber(key), func(w *work) error {
		r, err := w.page()
		if err != nil {
			return err
		}
		if at, _ := dueAt(key); !r.Due.Equal(at) {
			return w.tx.Delete(key) // the page has moved on
		}
		return w.stepFrom(r, r.Page)
	})
	return err
}

// Resume shifts escalations by the time in which nothing could be sent, so that
// a ladder whose waits passed while the program was away is climbed step by
// step and not in one instant. It is called before the first Tick, and before
// the next one after the program, or the machine, was stopped for a while.
func (d *Desk) Resume(ctx context.Context, now time.Time) error {
	var late []string
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("due/") {
			at, ok := dueAt(key)
			if ok && !at.Before(now) {
				break
			}
			if ok && strings.Contains(key, "/page/") {
				late = append(late, key)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range late {
		if err := d.resume(ctx, key, now); err != nil {
			return fmt.Errorf("resume %s: %w", key, err)
		}
	}
	return nil
}

func (d *Desk) resume(ctx context.Context, key string, now time.Time) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, lastNumber(key), func(w *work) error {
		r, err := w.page()
		if err != nil {
			return err
		}
		if at, _ := dueAt(key); !r.Due.Equal(at) {
			return w.tx.Delete(key) // a key that leads nowhere
		}
		p, late := r.Page.Resume(now)
		if late >= time.Minute {
			text := "Nothing could be sent for " + late.Round(time.Second).String() + "; paging goes on from here."
			if err := w.remark(text); err != nil {
				return err
			}
		}
		return w.keepPage(r, p)
	})
	return err
}
