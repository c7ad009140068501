package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
}

func markPrefix(n int) string { return "mark/" + ledger.Number(n) + "/" }

func markKey(n int, m ledger.Message) string { return markPrefix(n) + m.Channel + "/" + m.TS }

// Marking is a mark that somebody sets on a message in an incident's channel.
type Marking struct {
	Message  ledger.Message
	Way      string         // pin, reaction:USER or shortcut:USER
	Author   incident.Actor // who wrote it, and what, as far as that is known by now
	Text     string
	ReadBack bool // it was set while Slack could not be heard
}

// Mark has a marked message entered in the timeline of incident n, with its own time: once,
// however often and in whatever ways it is marked. The words and files are read by a job,
// so that a mark that was acknowledged is lost to no kill.
func (d *Desk) Mark(ctx context.Context, c Caller, n int, m Marking) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		key := markKey(n, m.Message)
		r, _, err := ledger.Load[markRecord](w.Tx.Tx, key)
		if err != nil || slices.Contains(r.Ways, m.Way) {
			return err
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

// Unmark takes one of the marks off a message. When none is left its entry is withdrawn;
// of a private incident it stays, since nothing of these is to vanish.
func (d *Desk) Unmark(ctx context.Context, c Caller, n int, m ledger.Message, way string) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		key := markKey(n, m)
		r, _, err := ledger.Load[markRecord](w.Tx.Tx, key)
		if err != nil || !slices.Contains(r.Ways, way) {
			return err
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
		return w.apply(w.inc.Withdraw(seq, c.Actor, w.Now))
	})
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
	return true, w.apply(change)
}
