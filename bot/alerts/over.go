package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// tickQuiet resolves an incident whose alerts have all been over for as long as the
// roster says, where it says so; elsewhere it offers that, unless it was offered.
func (a *Alerts) tickQuiet(ctx context.Context, name string, now time.Time) error {
	n := ledger.LastNumber(name)
	return a.ledger.Update(ctx, ledger.Request{At: now}, func(tx *ledger.Tx) error {
		if err := tx.Sleep(name); err != nil {
			return err
		}
		i, err := a.desk.Whole(tx.Tx, n)
		if err != nil {
			return err
		}
		r, _, err := a.sum(tx.Tx, i)
		if err != nil || r.Firing > 0 {
			return err
		}
		x := a.desk.Within(tx, desk.Caller{Actor: incident.Bot})
		if a.oncall.Current().Roster.AlertRules().Over.Action == rotation.OverResolve {
			err = x.Resolve(n, "All its alerts are over.")
		} else {
			err = offer(tx, x, n, r)
		}
		if err != nil {
			return err
		}
		return x.Close()
	})
}

// offer offers to resolve an incident, if people work on it and were not offered it.
func offer(tx *ledger.Tx, x *desk.Within, n int, r tallyRecord) error {
	i, err := x.Whole(n)
	if err != nil || i.Number != n || !i.Status.Active() || i.AlertOver {
		return err
	}
	r.Offered = true
	if err := tx.Save(tallyKey(n), r); err != nil {
		return err
	}
	return x.Clear(n, cleared(r.Tally), true)
}

// Alerts are kept for a while after their end, so that one that comes back is known.
const (
	keepOver   = 90 * 24 * time.Hour
	tidyEvery  = 24 * time.Hour
	tidyAtOnce = 40 // alerts in one transaction, each with its place in its incident
)

func (a *Alerts) startTidying(ctx context.Context) error {
	return a.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		some := func(prefix string) bool {
			for range t.Scan(prefix) {
				return true
			}
			return false
		}
		alerts := some("alert/")
		a.earlier.Store(alerts) // until it was looked at all of them
		a.seen.end(a.seen.count(), !alerts && !some("alertgroup/"))
		return t.WakeRegularly("alerts", t.Now.Add(time.Hour), tidyEvery)
	})
}

// tidy removes some of the alerts that ended long ago, and groups that nothing joins
// any more. It comes back at once while there are more.
func (a *Alerts) tidy(ctx context.Context, name string, now time.Time) error {
	var c count
	// Where this returns, what was written before stands in the store.
	err := a.ledger.Update(ctx, ledger.Request{At: now}, func(*ledger.Tx) error { c = a.seen.count(); return nil })
	if err != nil {
		return err
	}
	more, err := a.stale(ctx, now, c)
	a.seen.end(c, err == nil)
	if err != nil {
		return err
	}
	next := now.Add(tidyEvery)
	if len(more) == tidyAtOnce {
		next = now.Add(time.Second)
	}
	return a.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		for _, s := range more {
			if err := s.remove(t); err != nil {
				return err
			}
		}
		return t.Wake(name, next)
	})
}

// countRecord is how many alerts there were of one sender and service in a month, of
// those that are removed by now.
type countRecord struct {
	V       int    `json:"v"`
	Sender  string `json:"sender"`
	Service string `json:"service"`
	Alerts  int    `json:"alerts"`
	Fired   int    `json:"fired"` // how often they began to fire
}

// count keeps for figures that there was an alert.
func (r Alert) count(t *ledger.Tx) error {
	key := "alertcount/" + r.First.UTC().Format("2006-01") + "/" + ledger.Hash(r.Sender+"\x00"+r.Service)
	c, _, err := ledger.Load[countRecord](t.Tx, key)
	if err != nil {
		return err
	}
	return t.Save(key, countRecord{1, r.Sender, r.Service, c.Alerts + 1, c.Fired + r.Count})
}

// old is an alert or a group that may be forgotten.
type old struct {
	key   string
	value []byte
	alert Alert  // zero of a group
	held  string // in the index of what is held back; empty: it is not
}

// remove forgets it, unless it was written since it was found.
func (s old) remove(t *ledger.Tx) error {
	if v, err := t.Get(s.key); err != nil || string(v) != string(s.value) {
		return nil
	}
	if s.alert.Sender != "" {
		if err := s.alert.count(t); err != nil {
			return err
		}
	}
	if s.alert.Incident > 0 {
		if err := t.Delete(memberKey(s.alert.Incident, s.key)); err != nil {
			return err
		}
	}
	if s.held != "" {
		if err := t.Delete(s.held); err != nil {
			return err
		}
	}
	return t.Delete(s.key)
}

func (a *Alerts) stale(ctx context.Context, now time.Time, c count) ([]old, error) {
	var list []old
	earlier := false
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("alert/") {
			a.seen.counted(c, key)
			var r Alert
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			earlier = earlier || r.Sender == ""
			if len(list) < tidyAtOnce && r.forgotten(now) {
				o := old{key: key, value: value, alert: r}
				if r.HeldBy != "" {
					o.held = heldKey(r.HeldBy, r.Severity, key)
				}
				list = append(list, o)
			}
		}
		for key, value := range tx.Scan("alertgroup/") {
			a.seen.counted(c, key)
			var r groupRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if len(list) < tidyAtOnce && now.Sub(r.Until) > keepOver {
				list = append(list, old{key: key, value: value})
			}
		}
		return nil
	})
	if err == nil {
		a.earlier.Store(earlier)
	}
	return list, err
}

// forgotten reports whether nothing of the alert is needed any more. One that fires
// as far as its sender said is kept as long as its sender speaks of it now and then.
func (r Alert) forgotten(now time.Time) bool {
	since := r.Last
	if since.IsZero() {
		return false
	}
	if r.Firing() && r.Does.Asks() {
		return now.Sub(since) > 4*keepOver
	}
	return now.Sub(since) > keepOver
}

// changeKept is how long a change counts as recent.
const changeKept = 7 * 24 * time.Hour

// changeRecord is something that was changed in a service.
type changeRecord struct {
	V int `json:"v"`
	alert.Change
	Sender string `json:"sender"`
}

func changePrefix(service string) string { return "change/" + ledger.Hash(service) + "/" }

// change records what was changed in a service, and writes it into the timelines of
// its open incidents.
func (a *Alerts) change(ctx context.Context, k Key, c alert.Change) error {
	return a.ledger.Update(ctx, ledger.Request{By: k.actor()}, func(tx *ledger.Tx) error {
		t := a.taking(tx, k, alert.Body{})
		v := t.route(alert.Alert{Status: alert.Firing, Title: c.Title, Service: c.Service, Hints: c.Hints, Source: c.Source})
		c.Service = v.Service
		if c.At.IsZero() || c.At.After(t.now) {
			c.At = t.now
		}
		prefix := changePrefix(c.Service)
		key := prefix + c.At.UTC().Format(time.RFC3339) + "-" + alert.Fingerprint(k.Name, c.Title)
		if err := tx.Save(key, changeRecord{V: 1, Change: c, Sender: k.Name}); err != nil {
			return err
		}
		gone := 0
		for old := range tx.Scan(prefix) {
			if at, err := time.Parse(time.RFC3339, strings.TrimPrefix(old, prefix)[:20]); err == nil && t.now.Sub(at) > changeKept && gone < 20 {
				gone++
				if err := tx.Delete(old); err != nil {
					return err
				}
			}
		}
		open, err := t.desk.OpenOf(c.Service)
		if err != nil {
			return err
		}
		for _, n := range open {
			if err := t.desk.Remark(n, changed(c), true); err != nil {
				return err
			}
			if err := t.desk.RefreshCard(n); err != nil {
				return err
			}
		}
		return t.close()
	})
}

// Recent returns what was changed in a service within the last day, the newest first.
func (a *Alerts) Recent(ctx context.Context, service string) ([]alert.Change, error) {
	const most = 5
	var list []alert.Change
	since := ledger.Instant().Add(-24 * time.Hour)
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.ScanBack(changePrefix(service)) {
			var r changeRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if r.At.Before(since) || len(list) == most {
				break
			}
			list = append(list, r.Change)
		}
		return nil
	})
	return list, err
}

// changed says what was changed, in words.
func changed(c alert.Change) string {
	text := "Changed: " + c.Title
	for _, l := range c.Links {
		text += " " + l.URL
	}
	return text
}
