package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Alarm tells the operators something, once, in the channel for announcements.
// It is kept until Slack has taken it.
func (d *Desk) Alarm(ctx context.Context, text string) error {
	_, err := d.act(ctx, byBot, 0, func(w *work) error { return w.alarm(text) })
	return err
}

// alarm commits an alarm with the transaction.
func (w *work) alarm(text string) error {
	_, err := w.AddApart(ledger.Job{Kind: ledger.Alarm, Text: text})
	return err
}

// gapRecord is an outage of Slack that has not ended.
type gapRecord struct {
	V    int       `json:"v"`
	From time.Time `json:"from"`
}

const gapKey = "slack/gap"

// SlackLost records that Slack has not been reachable since an instant. An
// outage that is recorded already keeps its beginning.
func (d *Desk) SlackLost(ctx context.Context, from time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		_, known, err := ledger.Load[gapRecord](t.Tx, gapKey)
		if err != nil || known {
			return err
		}
		return t.Save(gapKey, gapRecord{V: 1, From: from.UTC().Round(0)})
	})
}

// during returns the incidents that were open at some time since an instant: the open ones,
// and those that have ended since.
func (d *Desk) during(ctx context.Context, since time.Time) ([]incident.Incident, error) {
	all, _, err := d.Find(ctx, incident.Bot, Query{All: true})
	return slices.DeleteFunc(all, func(i incident.Incident) bool { return !i.Status.Active() && i.Updated.Before(since) }), err
}

// SlackBack ends an outage: the timeline of every incident that was open then says from when
// to when Slack was not reachable, and the operators are told. Without a
// recorded outage nothing happens.
func (d *Desk) SlackBack(ctx context.Context) error {
	var gap gapRecord
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		gap, err = storage.Load[gapRecord](tx, gapKey)
		return err
	})
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := ledger.Instant()
	text := fmt.Sprintf("Slack was not reachable from %s to %s.", incident.Clock(gap.From, now, d.opt.Zone), incident.Clock(now, gap.From, d.opt.Zone))
	open, err := d.during(ctx, gap.From)
	if err != nil {
		return err
	}
	err = ledger.Share(len(open), func(i int) error {
		c := byBot
		c.Key = "gap:" + ledger.InstantKey(gap.From) + ":" + open[i].Name() // once for each, if this is cut short
		_, err := d.act(ctx, c, open[i].Number, func(w *work) error { return w.remark(text) })
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.act(ctx, byBot, 0, func(w *work) error {
		if err := w.Delete(gapKey); err != nil {
			return err
		}
		return w.alarm(text + " Notifications were sent by the other contact methods meanwhile.")
	})
	return err
}
