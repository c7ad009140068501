package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// keepReads is how long it is kept who read a private incident: thirteen months. What
// people did is in the timelines, and kept for ever.
const keepReads = 400 * 24 * time.Hour

// readRecord says that somebody read a private incident, for one hour.
type readRecord struct {
	V  int            `json:"v"`
	By incident.Actor `json:"by"`
	At time.Time      `json:"at"` // the first time in that hour
}

func readPrefix(n int) string { return "read/" + ledger.Number(n) + "/" }

func readKey(n int, by incident.Actor, at time.Time) string {
	return readPrefix(n) + at.UTC().Format("2006-01-02T15Z") + "/" + string(by)
}

// read records that somebody has read an incident, where it is private: once an hour.
// What cannot be recorded is not shown.
func (d *Desk) read(ctx context.Context, i incident.Incident, by incident.Actor) error {
	if !i.Private || !by.Human() {
		return nil
	}
	now := ledger.Instant()
	key, known := readKey(i.Number, by, now), false
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		_, known, err = ledger.Load[readRecord](tx, key)
		return err
	})
	if err != nil || known {
		return err
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		return t.Save(key, readRecord{V: 1, By: by, At: now})
	})
}

// forgetReads removes the records of reading that are older than they are kept.
func (d *Desk) forgetReads(ctx context.Context, now time.Time) error {
	var old []string
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("read/") {
			var r readRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if now.Sub(r.At) > keepReads {
				if old = append(old, key); len(old) == tidyAtOnce {
					break // the rest at the next time
				}
			}
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) (err error) {
		for _, key := range old {
			err = errors.Join(err, t.Delete(key))
		}
		return err
	})
}

// AuditQuery says what of the audit is asked for. Its zero value asks for all of it.
type AuditQuery struct {
	Incident int       // 0: all
	Person   string    // who did it: an ID of the roster, or of Slack; empty: anybody
	From, To time.Time // [From, To); zero: any
	Before   string    // where the page before has ended: its More; empty: the newest
	Limit    int       // at most so many; 0: all
}

// Audited is one thing that somebody did or read.
type Audited struct {
	At       time.Time        `json:"at"`
	By       incident.Actor   `json:"by"`
	Through  incident.Through `json:"through,omitempty"`
	Incident string           `json:"incident"`
	Private  bool             `json:"private,omitempty"`
	Did      string           `json:"did"` // the kind of the event, read, or unread where what was done cannot be read
	Seq      int              `json:"seq,omitempty"`
	Words    string           `json:"words"`
}

// Audit returns who did or read what, private incidents included: the newest incident
// first, and within each the newest first; and where to go on, if there is more. It is
// for those who run the bot: the caller asks who may.
func (d *Desk) Audit(ctx context.Context, q AuditQuery) (list []Audited, more string, err error) {
	last, lastAt, err := readCursor(q.Before)
	if err != nil {
		return nil, "", err
	}
	people := d.oncall.Current()
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for i, err := range everyIncident(tx) {
			if err != nil {
				return err
			}
			if q.passes(i) || last > 0 && i.Number > last {
				continue
			}
			entries, err := audited(tx, people, i)
			if err != nil {
				return err
			}
			if i.Number == last {
				entries = entries[:min(lastAt, len(entries))]
			}
			for n, e := range slices.Backward(entries) {
				if !q.takes(people, e) {
					continue
				}
				if q.Limit > 0 && len(list) == q.Limit {
					more = i.Name() + ":" + strconv.Itoa(n+1)
					return nil
				}
				list = append(list, e)
			}
		}
		return nil
	})
	return list, more, err
}

// auditUnread stands in the audit for what was done to an incident whose archive file cannot
// be read.
const auditUnread = "unread"

// readCursor reads where a page has ended: INC-N:K.
func readCursor(s string) (n, k int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	name, place, _ := strings.Cut(s, ":")
	n, ok := incident.ParseName(name)
	k, err = strconv.Atoi(place)
	if !ok || err != nil || k < 0 {
		return 0, 0, incident.Refuse("Leave it out to begin with the newest.", "%s is not where a page of the audit ended, as in INC-41:17.", incident.Quoted(s))
	}
	return n, k, nil
}

// passes reports whether nothing of an incident is asked for. What was read of it may
// be later than its last event.
func (q AuditQuery) passes(i incident.Incident) bool {
	return q.Incident > 0 && i.Number != q.Incident ||
		!q.To.IsZero() && !i.Declared.Before(q.To) || !q.From.IsZero() && !i.Private && i.Updated.Before(q.From)
}

func (q AuditQuery) takes(people *oncall.Directory, e Audited) bool {
	_, id := e.By.Split()
	return (e.Did == auditUnread || q.Person == "" || id == q.Person || people.SlackOf(e.By) == q.Person) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To))
}

// audited are the things that people did to an incident or read of it, in time order.
// It only ever grows at its end, so that a place in it stays where it is.
func audited(tx *storage.Tx, people *oncall.Directory, i incident.Incident) ([]Audited, error) {
	var list []Audited
	words := incident.Wording{Actor: func(a incident.Actor) string { return incident.ActorWords(a, people.DisplayName, nil) }, Service: people.ServiceName}
	var events []incident.Event
	if unread := tx.Reachable(eventPrefix(i.Number)); unread != nil {
		list = append(list, Audited{At: i.Updated, Incident: i.Name(), Private: i.Private, Did: auditUnread, Words: unread.Error()})
	} else if events, unread = timeline(tx, i.Number); unread != nil {
		return nil, unread
	}
	for _, e := range events {
		if e.By.Human() {
			list = append(list, Audited{At: e.At, By: e.By, Through: e.Through, Incident: i.Name(), Private: i.Private,
				Did: string(e.Kind), Seq: e.Seq, Words: words.Line(e)})
		}
	}
	for key, value := range tx.Scan(readPrefix(i.Number)) {
		var r readRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		list = append(list, Audited{At: r.At, By: r.By, Incident: i.Name(), Private: i.Private, Did: "read",
			Words: incident.Capital(words.Actor(r.By)) + " read it."})
	}
	slices.SortStableFunc(list, func(a, b Audited) int { return a.At.Compare(b.At) })
	return list, nil
}
