package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// markRecord is a message that people mark for the timeline, with every way in which they
// do: what is marked three times is one entry, and is withdrawn when the last mark goes.
type markRecord struct {
	V        int            `json:"v"`
	Ways     []string       `json:"ways,omitempty"` // pin, reaction:USER, shortcut:USER; none: nobody marks it any more
	Seq      int            `json:"seq,omitempty"`  // its entry; 0: it is still to be read, or was withdrawn
	Author   incident.Actor `json:"author,omitempty"`
	Text     string         `json:"text,omitempty"` // as the mark told it, for when it cannot be read
	ReadBack bool           `json:"read_back,omitempty"`

	// Known is, of each way, the instant of the newest that is known of it: Slack tells
	// what it could not deliver at once in any order, and what was read back is newer.
	Known map[string]time.Time `json:"known,omitempty"`
}

// learns reports whether what is said of a way as of an instant is news, and remembers
// the instant. The zero instant is now.
func (r *markRecord) learns(way string, when time.Time) bool {
	if when.IsZero() {
		return true
	}
	if !when.After(r.Known[way]) {
		return false
	}
	r.Known = maps.Clone(r.Known)
	if r.Known == nil {
		r.Known = map[string]time.Time{}
	}
	r.V, r.Known[way] = 1, when.UTC().Round(0)
	return true
}

func markPrefix(n int) string { return "mark/" + ledger.Number(n) + "/" }

func markKey(n int, m ledger.Message) string { return markPrefix(n) + m.Channel + "/" + m.TS }

// Marking is a mark that somebody sets on a message in an incident's channel.
type Marking struct {
	Message  ledger.Message
	Way      string         // pin, reaction:USER or shortcut:USER
	Author   incident.Actor // who wrote it, and what, as far as that is known by now
	Text     string
	ReadBack bool      // it was set while Slack could not be heard
	When     time.Time // as of when it is set, by Slack's clock; zero: now
}

// Mark has a marked message entered in the timeline of incident n, with its own time: once,
// however often and in whatever ways it is marked. The words and files are read by a job,
// so that a mark that was acknowledged is lost to no kill.
func (d *Desk) Mark(ctx context.Context, c Caller, n int, m Marking) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		key := markKey(n, m.Message)
		r, _, err := ledger.Load[markRecord](w.Tx.Tx, key)
		if err != nil || !r.learns(m.Way, m.When) {
			return err
		}
		if slices.Contains(r.Ways, m.Way) {
			if m.When.IsZero() {
				return nil
			}
			return w.Save(key, r)
		}
		first := len(r.Ways) == 0
		r.V, r.Ways = 1, append(slices.Clip(r.Ways), m.Way)
		if !first || r.Seq > 0 {
			return w.Save(key, r)
		}
		r.Author, r.Text, r.ReadBack = m.Author, m.Text, m.ReadBack
		if err := w.Save(key, r); err != nil {
			return err
		}
		return w.job(ledger.Job{Kind: ledger.Mark, Message: m.Message, Person: string(c.Actor)})
	})
}

// Unmark takes one of the marks off a message, as of an instant by Slack's clock. When
// none is left its entry is withdrawn; of a private incident, as one about security is, it
// stays, since nothing of these is to vanish.
func (d *Desk) Unmark(ctx context.Context, c Caller, n int, m ledger.Message, way string, when time.Time) (Answer, error) {
	withdrawn := 0
	answer, err := d.act(ctx, c, n, func(w *work) error {
		withdrawn = 0
		key := markKey(n, m)
		r, _, err := ledger.Load[markRecord](w.Tx.Tx, key)
		if err != nil || !r.learns(way, when) {
			return err
		}
		if !slices.Contains(r.Ways, way) {
			if when.IsZero() {
				return nil
			}
			return w.Save(key, r) // it may be heard later that it was set before
		}
		r.Ways = slices.DeleteFunc(slices.Clone(r.Ways), func(s string) bool { return s == way })
		if len(r.Ways) > 0 || w.inc.Private {
			return w.Save(key, r)
		}
		seq := r.Seq
		r.Seq, r.Text, r.Author = 0, "", ""
		if err := w.Save(key, r); err != nil || seq == 0 {
			return err
		}
		withdrawn = seq
		return w.apply(w.inc.Withdraw(seq, c.Actor, w.Now))
	})
	if err == nil && withdrawn > 0 {
		err = d.dropFiles(ctx, n, withdrawn)
	}
	return answer, err
}

// Marks returns in which ways messages of incident n are marked.
func (d *Desk) Marks(ctx context.Context, n int) (map[ledger.Message][]string, error) {
	marks := map[ledger.Message][]string{}
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan(markPrefix(n)) {
			var r markRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			channel, ts, _ := strings.Cut(strings.TrimPrefix(key, markPrefix(n)), "/")
			marks[ledger.Message{Channel: channel, TS: ts}] = r.Ways
		}
		return nil
	})
	return marks, err
}

// markRead enters a marked message as it was read; nil: it could not be, and what the mark
// told of it is entered. It reports whether there was something to enter.
func (w *work) markRead(j ledger.Job, m *incident.Marked) (bool, error) {
	key := markKey(w.inc.Number, j.Message)
	r, _, err := ledger.Load[markRecord](w.Tx.Tx, key)
	if err != nil || r.Seq > 0 || len(r.Ways) == 0 && !w.inc.Private {
		return true, err // it is entered already, or nobody marks it any more
	}
	if m == nil {
		if r.Text == "" {
			return false, nil
		}
		m = &incident.Marked{Author: r.Author, Text: r.Text, At: j.Created}
	}
	m.Channel, m.TS, m.ReadBack = j.Message.Channel, j.Message.TS, r.ReadBack
	change, ok := w.inc.Marked(*m, incident.Actor(j.Person), w.Now)
	if !ok {
		return true, nil
	}
	r.Seq, r.Text, r.Author = change.Events[0].Seq, "", ""
	if err := w.Save(key, r); err != nil {
		return true, err
	}
	return true, errors.Join(w.apply(change), w.keepFiles(r.Seq, m.Files))
}
