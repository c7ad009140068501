package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// upRecord says when the bot was last at work, to know at the next start since when it
// was away. It is written only while the roster expects heartbeats.
type upRecord struct {
	V  int       `json:"v"`
	At time.Time `json:"at"`
}

// upEvery is how exactly it is known since when the bot was away, and jumped by how much
// the clock may drift from what the system counts besides it before it has jumped: it
// was set, or the machine slept.
const (
	upEvery = time.Minute
	jumped  = 30 * time.Second
)

// openBeats reads the heartbeats, and forgives what may have been missed while the bot
// was away.
func (a *Alerts) openBeats(ctx context.Context) error {
	b := &a.beats
	b.heard, b.began, b.seen = map[string]*heard{}, time.Now(), ledger.Instant()
	b.first = b.seen
	a.ledger.Handle(beatPrefix, a.tickBeat)
	a.ledger.Handle(beatsKey, a.tickBeats)
	a.oncall.Follow(func(t *ledger.Tx, was, next *oncall.Directory) error {
		if slices.Equal(was.Roster.HeartbeatRules(), next.Roster.HeartbeatRules()) {
			return nil
		}
		return t.Wake(beatsKey, t.Now)
	})
	stored, up, err := a.storedBeats(ctx)
	if err != nil {
		return err
	}
	for name, r := range stored {
		b.keep(name, r, 0)
		if r.Last.After(up) && !r.Last.After(b.seen) {
			up = r.Last
		}
	}
	if !up.IsZero() && b.seen.After(up) {
		b.away = absence{up, b.seen}
	}
	if err := a.forgive(ctx, b.away, b.seen); err != nil {
		return err
	}
	if len(stored) == 0 && len(a.HeartbeatNames()) == 0 {
		return nil
	}
	return a.ledger.Update(ctx, ledger.Request{At: b.seen}, func(t *ledger.Tx) error { return t.Wake(beatsKey, t.Now) })
}

// storedBeats are the records of heartbeats, and when the bot was last at work.
func (a *Alerts) storedBeats(ctx context.Context) (map[string]beatRecord, time.Time, error) {
	stored, up := map[string]beatRecord{}, upRecord{}
	err := a.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		if up, _, err = ledger.Load[upRecord](tx, beatsKey); err != nil {
			return err
		}
		for key, value := range tx.Scan(beatPrefix) {
			var r beatRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			stored[strings.TrimPrefix(key, beatPrefix)] = r
		}
		return nil
	})
	return stored, up.At, err
}

// wasAway is when the bot was away while it waited for a heartbeat: what it forgave, or
// else the last time.
func (b *beats) wasAway(r beatRecord) absence {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := r.Since
	if r.Last.After(from) {
		from = r.Last
	}
	switch {
	case r.Bot.length() > 0 && !r.Bot.To.Before(from):
		return r.Bot
	case b.away.To.After(from) && !b.away.From.After(r.Missing):
		return b.away
	}
	return absence{}
}

// awake looks whether the clock has jumped. After a jump ahead no beat came for all that
// time, because the machine slept or because it never was: it is as if the bot had been
// away. After a jump back what was to come later would come much later.
func (a *Alerts) awake(ctx context.Context, now time.Time) error {
	b := &a.beats
	b.clock.Lock()
	defer b.clock.Unlock()
	// A tick may have begun a while ago.
	if is := ledger.Instant(); is.After(now) {
		now = is
	}
	jump := now.Sub(b.first.Add(time.Since(b.began) + b.shift))
	var away absence
	if jump > jumped {
		away = absence{b.seen, now}
	}
	if jump.Abs() > jumped {
		if err := a.forgive(ctx, away, now); err != nil {
			return err
		}
	}
	b.shift += jump
	b.seen = now
	if away.length() > 0 {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.away = away
	}
	return nil
}

// forgive gives every heartbeat that may have come while the bot was away another full
// period, and corrects those that are later than now.
func (a *Alerts) forgive(ctx context.Context, away absence, now time.Time) error {
	stored, _, err := a.storedBeats(ctx)
	if err != nil {
		return err
	}
	return a.each(ctx, slices.Sorted(maps.Keys(stored)), now, func(t *taking, name string) error {
		was, ok, err := ledger.Load[beatRecord](t.tx, beatKey(name))
		if err != nil || !ok {
			return err
		}
		h, known := t.a.beats.of(t.who, name)
		if !known {
			return nil // soon forgotten
		}
		r := t.a.beats.latest(name, was).expects(h, now)
		if r.mayHaveMissed(away) {
			r.Bot = away
		}
		if r == was {
			return nil
		}
		if err := t.keepBeat(name, r); err != nil || r.missing() {
			return err
		}
		return t.ledger.Wake(beatKey(name), r.due())
	})
}

// tickBeats compares the heartbeats that are known with those of the roster, and writes
// that the bot is at work.
func (a *Alerts) tickBeats(ctx context.Context, name string, now time.Time) error {
	if err := a.awake(ctx, now); err != nil {
		return err
	}
	stored, _, err := a.storedBeats(ctx)
	if err != nil {
		return err
	}
	rules := a.oncall.Current().Roster.HeartbeatRules()
	gone := maps.Clone(stored)
	var changed []string
	for _, h := range rules {
		if r, ok := stored[h.Name]; !ok || r.Every != h.Every || r.Grace != h.Grace {
			changed = append(changed, h.Name)
		}
		delete(gone, h.Name)
	}
	changed = append(changed, slices.Sorted(maps.Keys(gone))...)
	if err := a.each(ctx, changed, now, (*taking).judge); err != nil {
		return err
	}
	return a.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		if len(rules) > 0 {
			if err := t.Save(beatsKey, upRecord{V: 1, At: now}); err != nil {
				return err
			}
			return t.Wake(name, now.Add(upEvery))
		}
		if err := t.Delete(beatsKey); err != nil {
			return err
		}
		return t.Sleep(name)
	})
}

// each calls f for each heartbeat, as many in one transaction as fit into it.
func (a *Alerts) each(ctx context.Context, names []string, now time.Time, f func(*taking, string) error) error {
	for len(names) > 0 {
		done := 0
		err := a.ledger.Update(ctx, ledger.Request{By: beatsSend.actor(), At: now}, func(tx *ledger.Tx) error {
			t := a.taking(tx, beatsSend, alert.Body{})
			for done = 0; done < len(names) && (done == 0 || t.room(tx)); done++ {
				if err := f(t, names[done]); err != nil {
					return err
				}
			}
			return t.close()
		})
		if err != nil {
			return err
		}
		names = names[done:]
	}
	return nil
}
