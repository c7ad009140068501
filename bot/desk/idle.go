package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

const idlePrefix = "idle/"

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
	return w.planMorning(r.For, at)
}

// dueIdle are the incidents of which somebody is asked what is to become.
func (m *morning) dueIdle(who string) ([]matter, error) {
	var list []matter
	idle, err := idleOf(m.Tx.Tx, who)
	if err != nil {
		return nil, err
	}
	for _, n := range slices.Sorted(maps.Keys(idle)) {
		i, err := loadIncident(m.Tx.Tx, n)
		if err != nil {
			return nil, err
		}
		r := idle[n]
		list = append(list, matter{i.IdleAt(r.Since, r.Asked, m.zone), r.Asked, func() (time.Time, bool, error) {
			r.Asked = m.Now
			return i.IdleAt(r.Since, r.Asked, m.zone), true, m.Save(idleKey(n), r)
		}})
	}
	return list, nil
}

// idleOf are the incidents of which somebody is asked.
func idleOf(tx *storage.Tx, who string) (map[int]idleRecord, error) {
	list := map[int]idleRecord{}
	for key, value := range tx.Scan(idlePrefix) {
		var r idleRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		if r.For == who {
			list[ledger.LastNumber(key)] = r
		}
	}
	return list, tx.Err()
}

// passIdle has somebody else asked of what somebody was asked who is not in Slack any more.
func (w *work) passIdle(who string) error {
	idle, err := idleOf(w.Tx.Tx, who)
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(idle)) {
		i, err := loadIncident(w.Tx.Tx, n)
		if err != nil {
			return err
		}
		next := w.instead(i)
		if next == "" {
			continue
		}
		r := idle[n]
		r.For = string(next)
		if err := errors.Join(w.Save(idleKey(n), r), w.planMorning(r.For, i.IdleAt(r.Since, r.Asked, w.zoneOf(next)))); err != nil {
			return err
		}
	}
	return nil
}

// idleNow are the incidents of which a job asks, as they stand: what has happened since
// is not among them.
func (d *Desk) idleNow(tx *storage.Tx, j ledger.Job) ([]incident.Incident, error) {
	idle, err := idleOf(tx, j.Person)
	if err != nil {
		return nil, err
	}
	var list []incident.Incident
	for _, n := range slices.Sorted(maps.Keys(idle)) {
		if !idle[n].Asked.Equal(j.Created) {
			continue
		}
		i, err := loadIncident(tx, n)
		if err != nil {
			return nil, err
		}
		if d.sees(i, incident.Actor(j.Person)) {
			list = append(list, i)
		}
	}
	return list, nil
}

// notAskedIdle takes back that somebody was asked whom a message could not reach.
func (w *work) notAskedIdle(j ledger.Job) error {
	idle, err := idleOf(w.Tx.Tx, j.Person)
	for n, r := range idle {
		if !r.Asked.Equal(j.Created) {
			continue
		}
		r.Asked = time.Time{}
		if err := w.Save(idleKey(n), r); err != nil {
			return err
		}
	}
	return err
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
