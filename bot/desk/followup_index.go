package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

const (
	followUpPrefix   = "followup/"
	followUpsIndexed = "followups"
)

func followUpKey(n, k int) string {
	return followUpPrefix + ledger.Number(n) + "/" + ledger.Number(k)
}

// followUpRecord is what is known of an open follow-up without reading its incident.
type followUpRecord struct {
	V        int       `json:"v"`
	Kind     string    `json:"kind"`
	Service  string    `json:"service,omitempty"`
	Due      time.Time `json:"due,omitzero"`
	For      string    `json:"for,omitempty"`     // who is reminded: person:ID, team:ID or nobody; empty: no reminder is wanted
	Since    time.Time `json:"since,omitzero"`    // since when it has this date
	Reminded time.Time `json:"reminded,omitzero"` // when they were reminded last, since it has this date
	Before   time.Time `json:"before,omitzero"`   // the same of the time before, which counts if the last one reached nobody
	Raised   bool      `json:"raised,omitempty"`
	Unlisted bool      `json:"unlisted,omitempty"` // it is of a private incident, or of a drill
}

// followUpsIndexedRecord says that the index has what versions before it have opened.
type followUpsIndexedRecord struct {
	V  int       `json:"v"`
	At time.Time `json:"at"`
}

// indexFollowUps keeps the index of the open follow-ups.
func (w *work) indexFollowUps(old, new incident.Incident) error {
	for k, f := range new.FollowUps {
		var was *incident.FollowUp
		if k < len(old.FollowUps) {
			was = &old.FollowUps[k]
		}
		if was != nil && *was == f && sameForFollowUps(old, new) {
			continue
		}
		if err := w.indexFollowUp(new, k, was); err != nil {
			return err
		}
	}
	return nil
}

// sameForFollowUps reports whether what the index has of an incident has not changed.
func sameForFollowUps(a, b incident.Incident) bool {
	return a.Service == b.Service && a.Private == b.Private && a.Test == b.Test && keeper(a) == keeper(b)
}

// indexFollowUp writes, or removes, the key of the follow-up at place k.
func (w *work) indexFollowUp(i incident.Incident, k int, was *incident.FollowUp) error {
	f, key := i.FollowUps[k], followUpKey(i.Number, k+1)
	if !f.Open() {
		return w.Delete(key)
	}
	r := followUpRecord{V: 1, Kind: f.Kind, Service: i.Service, Due: f.Due, For: w.remindedOf(i, f), Raised: f.Raised != "", Unlisted: i.Private || i.Test, Since: w.Now}
	if before, known, err := ledger.Load[followUpRecord](w.Tx.Tx, key); err != nil {
		return err
	} else if known && before.Due.Equal(r.Due) {
		r.Since, r.Reminded, r.Before = before.Since, before.Reminded, before.Before
	}
	if err := errors.Join(w.Save(key, r), w.planFollowUp(r)); err != nil || was != nil {
		return err
	}
	return w.raisesNew(i.Number, r)
}

// keeper is whom the follow-ups of a private incident concern that are no person's: a
// team's channel must not hear of it.
func keeper(i incident.Incident) incident.Actor {
	for _, a := range []incident.Actor{i.Holder(incident.Commander), i.AcknowledgedBy, i.DeclaredBy} {
		if a.Human() {
			return a
		}
	}
	return ""
}

// The one who is reminded where a follow-up has no owner that can be told: then it is
// told where incidents are announced.
const remindsNobody = "nobody"

// remindedOf says who is reminded of a follow-up: the person who does it, else its team,
// else whoever reads the announcements. Of a drill nobody is; of a private incident one
// person who may see it.
func (w *work) remindedOf(i incident.Incident, f incident.FollowUp) string {
	reached := func(a incident.Actor) bool { return a.Human() && w.inSlack(a) && w.d.sees(i, a) }
	switch {
	case i.Test:
		return ""
	case reached(f.Owner):
		return string(f.Owner)
	case i.Private && reached(keeper(i)):
		return string(keeper(i))
	case i.Private:
		return ""
	}
	if _, ok := w.who.Roster.Team(f.Team); ok {
		return "team:" + f.Team
	}
	return remindsNobody
}

// fillMost is how many incidents one transaction puts into the index.
const fillMost = 20

// fillFollowUps puts into the index what versions before it have opened. It may be cut
// short and goes on with the next start.
func (d *Desk) fillFollowUps(ctx context.Context) error {
	var waiting []int
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Get(followUpsIndexed); !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		for key, value := range tx.Scan("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			for _, f := range r.FollowUps {
				if f.Open() {
					waiting = append(waiting, r.Number)
					break
				}
			}
		}
		waiting = append(waiting, 0) // after the last one the index is whole
		return nil
	})
	for err == nil && len(waiting) > 0 {
		part := waiting[:min(len(waiting), fillMost)]
		waiting = waiting[len(part):]
		err = d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error { return d.fill(t, part) })
	}
	return err
}

func (d *Desk) fill(t *ledger.Tx, numbers []int) error {
	w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
	for _, n := range numbers {
		if n == 0 {
			return w.Save(followUpsIndexed, followUpsIndexedRecord{V: 1, At: t.Now})
		}
		i, err := loadIncident(t.Tx, n)
		if err != nil {
			return err
		}
		for k, f := range i.FollowUps {
			if !f.Open() {
				continue
			}
			if err := w.indexFollowUp(i, k, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachOpen calls f for every open follow-up of the index, in the order of their names.
func eachOpen(tx *storage.Tx, f func(n, k int, r followUpRecord) error) error {
	for key, value := range tx.Scan(followUpPrefix) {
		var r followUpRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("read %s: %v", key, err)
		}
		of, _, _ := strings.Cut(strings.TrimPrefix(key, followUpPrefix), "/")
		if err := f(ledger.LastNumber(of), ledger.LastNumber(key), r); err != nil {
			return err
		}
	}
	return nil
}
