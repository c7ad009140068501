package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

const (
	idlePrefix = "idle/"  // of the records, by incident
	idlesName  = "idles/" // of the wake-ups, by whoever is asked
)

func idleKey(n int) string { return idlePrefix + ledger.Number(n) }

// idleRecord is an incident that is mitigated or resolved, and of which somebody is asked
// what is to become of it when nothing happens any more.
type idleRecord struct {
	V     int       `json:"v"`
	For   string    `json:"for"` // who is asked
	Since time.Time `json:"since"`
	Asked time.Time `json:"asked,omitzero"`
}

// stirred keeps the record of an incident after a change in which something happened.
func (w *work) stirred(c incident.Change) error {
	stirs := false
	for _, e := range c.Events {
		stirs = stirs || e.Stirs()
	}
	if !stirs {
		return nil
	}
	key := idleKey(w.inc.Number)
	who := w.inc.Tends()
	r := idleRecord{V: 1, For: string(who), Since: w.Now}
	at := w.inc.IdleAt(r.Since, r.Asked, w.zoneOf(who))
	if at.IsZero() || who == "" || w.artifacts.Drill {
		if _, known, err := ledger.Load[idleRecord](w.Tx.Tx, key); err != nil || !known {
			return err
		}
		return w.Delete(key)
	}
	if err := w.Save(key, r); err != nil {
		return err
	}
	return w.planIdle(r.For, at)
}

// planIdle sees to it that whoever is asked is looked at in time.
func (w *work) planIdle(who string, at time.Time) error {
	due, planned, err := w.Due(idlesName + who)
	if err != nil || planned && !at.Before(due) {
		return err
	}
	return w.Wake(idlesName+who, at)
}

// idleMost is of how many incidents one message asks; of the rest the next one does.
const idleMost = 15

// tickIdle asks somebody, with one message, what is to become of the incidents in which
// nothing happens any more.
func (d *Desk) tickIdle(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		return w.askIdle(strings.TrimPrefix(name, idlesName))
	})
}

func (w *work) askIdle(who string) error {
	if err := w.Sleep(idlesName + who); err != nil {
		return err
	}
	zone, asked := w.zoneOf(incident.Actor(who)), 0
	if at := incident.AskIdleAt(w.Now, zone); at.After(w.Now) { // the bot was away when it was due
		return w.planIdle(who, at)
	}
	var next time.Time
	idle := idleOf(w.Tx.Tx, who)
	for _, n := range slices.Sorted(maps.Keys(idle)) {
		r := idle[n]
		i, err := loadIncident(w.Tx.Tx, n)
		if err != nil {
			return err
		}
		at := i.IdleAt(r.Since, r.Asked, zone)
		if !at.IsZero() && !at.After(w.Now) && asked < idleMost {
			r.Asked = w.Now
			if err := w.Save(idleKey(n), r); err != nil {
				return err
			}
			asked++
			at = i.IdleAt(r.Since, r.Asked, zone)
		}
		if at.IsZero() {
			continue
		}
		if !at.After(w.Now) { // for which this message has no room
			at = tomorrow(w.Now, zone)
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if err := w.Err(); err != nil {
		return err
	}
	if asked > 0 {
		if _, err := w.AddApart(ledger.Job{Kind: ledger.Idle, Person: who}); err != nil {
			return err
		}
		if err := w.nag(report.Nags{About: report.AboutIdle, Sent: 1}); err != nil {
			return err
		}
	}
	if next.IsZero() {
		return nil
	}
	return w.planIdle(who, next)
}

// idleOf are the incidents of which somebody is asked.
func idleOf(tx *storage.Tx, who string) map[int]idleRecord {
	list := map[int]idleRecord{}
	for key, value := range tx.Scan(idlePrefix) {
		var r idleRecord
		if err := json.Unmarshal(value, &r); err == nil && r.For == who {
			list[ledger.LastNumber(key)] = r
		}
	}
	return list
}

// idleNow are the incidents of which a job asks, as they stand: what has happened since
// is not among them.
func (d *Desk) idleNow(tx *storage.Tx, j ledger.Job) ([]incident.Incident, error) {
	var list []incident.Incident
	for key, value := range tx.Scan(idlePrefix) {
		var r idleRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		if r.For != j.Person || !r.Asked.Equal(j.Created) {
			continue
		}
		i, err := loadIncident(tx, ledger.LastNumber(key))
		if err != nil {
			return nil, err
		}
		if d.sees(i, incident.Actor(j.Person)) {
			list = append(list, i)
		}
	}
	return list, nil
}

// KeepOpen says that an incident goes on, though nothing was heard of it.
func (d *Desk) KeepOpen(ctx context.Context, c Caller, n int) (Answer, error) {
	return d.act(ctx, c, n, func(w *work) error {
		if s := w.inc.Status; s != incident.Mitigated && s != incident.Resolved {
			return refusal("", "%s is %s by now.", w.inc.Name(), s)
		}
		r, _, err := ledger.Load[idleRecord](w.Tx.Tx, idleKey(n))
		if err != nil || r.Asked.IsZero() { // something has happened since it was asked
			return err
		}
		return w.do(Act{Verb: Note, Text: "It stays " + string(w.inc.Status) + " for now."})
	})
}
