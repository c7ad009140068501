package desk

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// While no socket is open, Slack tells the bot nothing, and repeats little of it later.
// What people marked or wrote to it meanwhile is read back: by a job for each incident,
// one after another, which can wait. To know after a kill since when that is, it is
// recorded now and then until when Slack was heard.

// heardRecord is until when Slack was heard.
type heardRecord struct {
	V  int       `json:"v"`
	At time.Time `json:"at"`
}

const heardKey = "slack/heard"

// hearing is until when Slack is heard, as the process knows it.
type hearing struct {
	until func() time.Time // nil: nothing is recorded yet
	saved atomic.Int64     // what is recorded, in Unix nanoseconds
}

// Limits of what one outage has read back.
const (
	readBackMost   = 50               // incidents, the newest
	readBackDirect = 30               // people who were asked in direct messages
	overMost       = 100              // incidents among which one is looked for that was resolved meanwhile
	readBackAfter  = 10 * time.Second // for what Slack repeats by itself, and for what is more urgent
)

// Heard returns until when Slack was heard as far as it is recorded; the zero time where
// nothing is.
func (d *Desk) Heard(ctx context.Context) (at time.Time, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		r, _, err := ledger.Load[heardRecord](tx, heardKey)
		at = r.At
		return err
	})
	return at, err
}

// How old the record of until when Slack was heard may become: it is written with what is
// committed anyway, and where nothing is, alone.
const (
	heardEvery = time.Minute
	heardAlone = 20 * time.Minute
)

// Hears records until when Slack is heard from now on, as until says.
func (d *Desk) Hears(until func() time.Time) { d.hearing.Store(&hearing{until: until}) }

// keepHeard records until when Slack is heard along with something else.
func (d *Desk) keepHeard(t *ledger.Tx) error {
	h := d.hearing.Load()
	if h == nil {
		return nil
	}
	at := h.until()
	if at.UnixNano()-h.saved.Load() < int64(heardEvery) {
		return nil
	}
	return h.save(t, at)
}

func (h *hearing) save(t *ledger.Tx, at time.Time) error {
	t.After(func() { h.saved.Store(at.UnixNano()) })
	return t.Save(heardKey, heardRecord{V: 1, At: at.UTC().Round(0)})
}

// KeepHeard records until when Slack is heard in a commit of its own, where that has not
// been done for long; last: in any case, since the program stops.
func (d *Desk) KeepHeard(ctx context.Context, last bool) error {
	h := d.hearing.Load()
	if h == nil {
		return nil
	}
	at := h.until()
	if !last && at.UnixNano()-h.saved.Load() < int64(heardAlone) {
		return nil
	}
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error { return h.save(t, at) })
}

// ReadBack has read what was missed between two instants: the incidents that were open
// then, the newest first, and the direct messages in which the bot asked about them. It
// reports how many incidents that are, and how many are too many. Cut short, it is done
// again with the same beginning, and nothing of it twice.
func (d *Desk) ReadBack(ctx context.Context, since, until time.Time) (read, left int, err error) {
	since, until = since.UTC().Round(0), until.UTC().Round(0)
	list, direct, err := d.missable(ctx, since)
	if err != nil {
		return 0, 0, err
	}
	if left = len(list) - readBackMost; left > 0 {
		list = list[:readBackMost]
	}
	job := ledger.Job{Kind: ledger.ReadBack, Since: since, Until: until, NotBefore: ledger.Instant().Add(readBackAfter)}
	once := func(what string) Caller {
		c := byBot
		c.Key = "readback:" + ledger.InstantKey(since) + ":" + ledger.InstantKey(until) + ":" + what
		return c
	}
	for _, n := range list { // one after another, so that they keep this order
		if _, err := d.act(ctx, once(incident.Name(n)), n, func(w *work) error { return w.job(job) }); err != nil {
			return 0, 0, err
		}
	}
	for _, channel := range direct[:min(len(direct), readBackDirect)] {
		_, err := d.act(ctx, once(channel), 0, func(w *work) error {
			j := job
			j.Target = channel
			_, err := w.AddApart(j)
			return err
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return len(list), max(left, 0), d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		return t.Save(heardKey, heardRecord{V: 1, At: until})
	})
}

// missable returns the incidents with a channel that were open at an instant or since,
// the newest first, and the direct messages in which somebody was asked about them.
func (d *Desk) missable(ctx context.Context, since time.Time) (numbers []int, direct []string, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		take := func(n int) error {
			a, err := loadArtifacts(tx, n)
			if err != nil {
				return err
			}
			if a.Channel != "" && !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
			asks, err := prompts(tx, n)
			for _, p := range asks {
				if strings.HasPrefix(p.Message.Channel, "D") && !slices.Contains(direct, p.Message.Channel) {
					direct = append(direct, p.Message.Channel)
				}
			}
			return err
		}
		looked := 0
		for key := range tx.ScanBack("incident/") {
			if looked++; looked > overMost {
				break
			}
			n := ledger.LastNumber(key)
			i, err := loadIncident(tx, n)
			if err != nil {
				return err
			}
			if i.Status.Active() || i.Resolved.After(since) {
				if err := take(n); err != nil {
					return err
				}
			}
		}
		for key := range tx.ScanBack("open/") {
			if err := take(ledger.LastNumber(key)); err != nil {
				return err
			}
		}
		return nil
	})
	return numbers, direct, err
}

// Wrote notes that a message to the bot was dealt with, by a key of its own, so that it
// is not taken for one that was missed.
func (d *Desk) Wrote(ctx context.Context, key string) error {
	c := byBot
	c.Key = key
	_, err := d.act(ctx, c, 0, func(*work) error { return nil })
	return err
}

// WasWritten reports whether a message to the bot was dealt with.
func (d *Desk) WasWritten(ctx context.Context, key string) (bool, error) {
	return d.ledger.WasSeen(ctx, key)
}

// Miss is a message to the bot that it did not hear.
type Miss struct {
	Message      ledger.Message
	By           incident.Actor
	Text         string
	Since, Until time.Time // when Slack could not be heard; zero: it is not known
}

// Missed has whoever wrote to the bot told, once, that it did not hear them. Nothing is
// done of what they asked for: they may have helped themselves since.
func (d *Desk) Missed(ctx context.Context, key string, m Miss) error {
	c := byBot
	c.Key = key
	_, err := d.act(ctx, c, 0, func(w *work) error {
		_, err := w.AddApart(ledger.Job{Kind: ledger.Missed, Person: string(m.By), Target: m.Message.Channel, Message: m.Message,
			Text: m.Text, Since: m.Since, Until: m.Until})
		return err
	})
	return err
}
