package alerts

import (
	"cmp"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// taking is one transaction in which alerts are taken in.
type taking struct {
	a      *Alerts
	tx     *storage.Tx
	now    time.Time
	who    *oncall.Directory
	roster *rotation.Alerts // what it says about alerts, once it was asked
	quiet  *quietNow        // what holds alerts back besides the roster
	key    Key
	ours   bool   // the alert is that a heartbeat is missing
	back   string // why the alert is over, in words for people; empty once it was told, and where there is nothing to tell
	body   alert.Body

	// Only where something is written.
	ledger  *ledger.Tx
	desk    *desk.Within
	touched map[int]*touched
	held    map[string]*bite       // by the silence or the maintenance
	groups  map[string]groupRecord // that were looked up, or are stored
}

// touched is what the alerts of a transaction do to one incident, in sum.
type touched struct {
	tally   tallyRecord   // of all its alerts
	parts   map[int]*part // of those of each of its parts
	counted bool          // it is to be stored
	joining desk.Joining
	joined  bool
	noted   bool     // the notes on the body stand in its timeline
	stale   bool     // what shows its alerts shows less than holds
	notes   []string // on how its alerts were read
}

func (a *Alerts) taking(tx *ledger.Tx, k Key, b alert.Body) *taking {
	caller := desk.Caller{Actor: incident.Actor(k.actor())}
	return &taking{a: a, tx: tx.Tx, now: tx.Now, who: a.oncall.Current(), quiet: a.quiet.Load(), key: k, body: b,
		ledger: tx, desk: a.desk.Within(tx, caller), touched: map[int]*touched{}, held: map[string]*bite{}, groups: map[string]groupRecord{}}
}

// whole returns an incident, or the one that it is a part of.
func (t *taking) whole(n int) (incident.Incident, error) {
	if t.desk != nil {
		return t.desk.Whole(n)
	}
	return t.a.desk.Whole(t.tx, n)
}

// standing returns how an incident stands, or the one that it is a part of.
func (t *taking) standing(n int) (s alert.Standing, err error) {
	if n == 0 {
		return s, nil
	}
	if s.Incident, err = t.whole(n); err != nil {
		return s, err
	}
	if t.desk != nil {
		s.Exhausted, err = t.desk.Exhausted(s.Incident.Number)
	} else {
		s.Exhausted, err = t.a.desk.Exhausted(t.tx, s.Incident.Number)
	}
	if err != nil {
		return s, err
	}
	tally, err := t.tally(s.Incident)
	s.Tally = tally.Tally
	return s, err
}

func (t *taking) tally(i incident.Incident) (tallyRecord, error) {
	if c, ok := t.touched[i.Number]; ok {
		return c.tally, nil
	}
	r, _, err := t.a.sum(t.tx, i)
	return r, err
}

// touch returns what is done to incident n.
func (t *taking) touch(n int) (*touched, error) {
	if c, ok := t.touched[n]; ok {
		return c, nil
	}
	i, err := t.desk.Whole(n)
	if err != nil {
		return nil, err
	}
	c := &touched{}
	t.touched[n] = c
	c.tally, c.parts, err = t.a.sum(t.tx, i)
	return c, err
}

// damaged reports whether nothing can be done to incident n. To those that the transaction
// has touched something was done.
func (t *taking) damaged(n int) bool {
	return n > 0 && t.touched[n] == nil && t.a.desk.Damaged(t.tx, n)
}

// decide says what follows from one alert: what is known of it, what it is to us, and
// the episode that it may join.
func (t *taking) decide(key string, in alert.Alert) (r Alert, v alert.Verdict, d alert.Decision, g groupRecord, err error) {
	if r, err = t.a.load(t.tx, key, in); err != nil {
		return r, v, d, g, err
	}
	if t.damaged(r.Incident) {
		r = Alert{} // as if it was never seen: whoever is to be paged must not wait for that record
	}
	v = t.route(in)
	own, err := t.standing(r.Incident)
	if err != nil {
		return r, v, d, g, err
	}
	if g, err = t.group(in, v); err != nil {
		return r, v, d, g, err
	}
	if t.damaged(g.Incident) {
		g = groupRecord{}
	}
	var group alert.Standing
	if g.Incident > 0 && t.now.Before(g.Until) && g.Incident != own.Incident.Number {
		if group, err = t.standing(g.Incident); err != nil {
			return r, v, d, g, err
		}
	}
	return r, v, alert.Decide(severed(v, in), v.Does, r.Known, own, group, t.again(), t.now), g, nil
}

// one takes in one alert.
func (t *taking) one(in alert.Alert) (Taken, error) {
	key := alertKey(t.key.Name, in.Key)
	r, v, d, g, err := t.decide(key, in)
	if err != nil {
		return Taken{}, err
	}
	if v.Heartbeat != nil {
		if in.Status != alert.Firing {
			return beaten(in), nil // that it is over is no sign of life
		}
		if err := t.beat(*v.Heartbeat); err != nil || !r.Firing() {
			return beaten(in), err
		}
		in.Status = alert.Over // as the alert that it was, before a route made it a heartbeat
		if r, v, d, g, err = t.decide(key, in); err != nil {
			return Taken{}, err
		}
	}
	if in.Status == alert.Acknowledged {
		in.Title = cmp.Or(in.Title, r.Title) // which says only whose it is
	}
	said := sent{Service: in.Service, Severity: in.Severity, Hints: in.Hints}
	in = severed(v, in)
	if d.Step == alert.Open {
		if d.Incident, err = t.open(in, v, d); err != nil {
			return Taken{}, err
		}
		d.After.Incident = d.Incident
	} else if err := t.follow(in, v, d); err != nil {
		return Taken{}, err
	} else if d.Step == alert.Join && t.touched[d.Incident].parts[r.Incident] == nil {
		d.After.Incident = d.Incident // but one of a part stays there
	}
	if err := t.keep(key, r, in, v, d, g); err != nil {
		return Taken{}, err
	}
	if err := t.hold(key, r, said, v, d); err != nil {
		return Taken{}, err
	}
	return Taken{Key: in.Key, Incident: t.answered(r.Incident, d), Result: d.Result, Does: string(cmp.Or(d.After.Does, v.Does))}, nil
}

// beaten is what is answered to an alert that is a sign of life.
func beaten(in alert.Alert) Taken {
	return Taken{Key: in.Key, Result: alert.Suppressed, Does: string(alert.DoesHeartbeat)}
}

// answered is the incident of which the sender is told: not a private one into which
// that one was merged.
func (t *taking) answered(own int, d alert.Decision) int {
	if d.Result == alert.Suppressed {
		return 0
	}
	if i, err := t.desk.Whole(max(d.Incident, 1)); err == nil && i.Private && own > 0 {
		return own
	}
	return d.Incident
}
