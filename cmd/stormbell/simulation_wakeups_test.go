package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// due returns when something is looked at.
func (e *seenAtEnd) due(name string) (at time.Time, planned bool, err error) {
	v, planned := e.keys["wake/"+name]
	if !planned {
		return at, false, nil
	}
	var r struct{ Due time.Time }
	err = json.Unmarshal(v, &r)
	return r.Due, true, err
}

// wakeUps: follow-ups that are open and updates that are still to come have a wake-up.
func (e *seenAtEnd) wakeUps() {
	for _, i := range e.incidents {
		for k, f := range i.FollowUps {
			if !f.Open() || i.Test {
				continue
			}
			var r struct {
				For string
				Due time.Time
			}
			v, indexed := e.keys["followup/"+ledger.Number(i.Number)+"/"+ledger.Number(k+1)]
			if !indexed {
				e.fail("wake-ups", "%s-F%d is open, and is not in the index", i.Name(), k+1)
				continue
			}
			if err := json.Unmarshal(v, &r); err != nil {
				e.fail("wake-ups", "%s-F%d: %v", i.Name(), k+1, err)
			}
			if _, planned, _ := e.due("morning/" + r.For); !planned && r.For != "" && !r.Due.IsZero() {
				e.fail("wake-ups", "%s-F%d is open, and nothing reminds %s of it", i.Name(), k+1, r.For)
			}
		}
		if i.Status.Hurting() && i.Severity <= incident.Sev2 && !i.Test {
			if _, planned, _ := e.due("promise/" + ledger.Number(i.Number)); !planned {
				e.fail("wake-ups", "%s hurts, and nothing looks at when the next update is due", i.Name())
			}
		}
	}
}

// planned is a record of which something is due, as far as that stands in it.
type planned struct {
	Page     *escalation.Escalation
	Promises *incident.Promises

	Until, Done, Missing time.Time // of a silence or a maintenance, and of a heartbeat
	Since, Last          time.Time
	Bot                  struct{ To time.Time }
	Every, Grace         time.Duration
}

// due is when that is; false: nothing is.
func (p planned) due(key string) (time.Time, bool) {
	family, _, _ := strings.Cut(key, "/")
	switch {
	case family == "page" && p.Page != nil:
		return p.Page.Due()
	case family == "promise" && p.Promises != nil:
		next, ok := p.Promises.Next()
		return next.Due, ok
	case family == "silence", family == "maintenance":
		return p.Until, p.Done.IsZero()
	case family == "beat":
		return slices.MaxFunc([]time.Time{p.Since, p.Last, p.Bot.To}, time.Time.Compare).Add(p.Every + p.Grace), p.Missing.IsZero()
	}
	return time.Time{}, false
}

// inTime: whatever is due by its record is looked at by then, after every step: at the end
// there may be nothing left that is due. And in every fourth script fsck finds no fault then.
func (s *simRun) inTime() {
	p := s.process.program
	if p == nil || p.db == nil {
		return
	}
	// A process that ends or whose store fails is looked at when another one runs.
	_ = p.db.View(context.Background(), func(tx *storage.Tx) error {
		for _, family := range []string{"page/", "promise/", "silence/", "maintenance/", "beat/"} {
			for key, value := range tx.Scan(family) {
				var r planned
				if err := json.Unmarshal(value, &r); err != nil {
					s.fail("wake-ups", "%s: %v", key, err)
					continue
				}
				at, is := r.due(key)
				if !is {
					continue
				}
				name := strings.Replace(key, "page/", "escalation/", 1)
				if wakes, ok, err := ledger.DueIn(tx, name); err == nil && (!ok || wakes.After(at)) {
					s.fail("wake-ups", "%s is due at %s, and looked at at %s (%t)", key, at.UTC(), wakes.UTC(), ok)
				}
			}
		}
		if s.script.Seed%4 != 1 { // it is dear
			return nil
		}
		x, err := alerts.Examine(tx, nil)
		for _, f := range x.Faults {
			s.fail("examined", "%s: %s", f.Key, f.What)
		}
		return err
	})
}
