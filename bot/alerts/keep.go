package alerts

import (
	"time"

	"github.com/stormbell/stormbell/incident/alert"
)

// keep records the alert, its group and its place in its incident. What holds it back is
// recorded by [taking.hold].
func (t *taking) keep(key string, was Alert, in alert.Alert, v alert.Verdict, d alert.Decision, g groupRecord) error {
	if d.Step == alert.Nothing && was.V == 0 && in.Status != alert.Firing {
		return nil // the end of what was never seen
	}
	r := was
	r.V, r.Known, r.Sender, r.ID, r.Last = 1, d.After, t.key.Name, in.Key, t.now
	if r.First.IsZero() {
		r.First = t.now
	}
	if in.Status == alert.Firing {
		r.Source, r.Title, r.Summary, r.Severity = in.Source, in.Title, in.Summary, in.Severity
		r.Labels, r.Details, r.Links = in.Labels, in.Details, in.Links
		r.Service, r.Route, r.Group, r.Why = v.Service, v.Route, v.Group, v.Why
	}
	if was.V > 0 && was.Incident > 0 && was.Incident != r.Incident {
		if err := t.leaves(was); err != nil {
			return err
		}
	}
	if err := t.save(key, r); err != nil {
		return err
	}
	if was.V == 0 && was.Incident > 0 { // of an earlier version
		if err := t.ledger.Delete(earlierKey(in.Key)); err != nil {
			return err
		}
	}
	if r.Incident == 0 || in.Status != alert.Firing || d.Step == alert.Repeat {
		return nil
	}
	if was.Incident != r.Incident {
		if was.V > 0 && was.Incident > 0 {
			if err := t.ledger.Delete(memberKey(was.Incident, key)); err != nil {
				return err
			}
		}
	}
	if was.Incident != r.Incident && d.Step != alert.Open { // the first is found by its incident
		if err := t.ledger.Put(memberKey(r.Incident, key), nil); err != nil {
			return err
		}
	}
	return t.extend(v, r.Incident, g)
}

// save stores the record of an alert.
func (t *taking) save(key string, r Alert) error {
	t.a.seen.add(key)
	return t.ledger.Save(key, r)
}

// group returns the episode that an alert that fires may join.
func (t *taking) group(in alert.Alert, v alert.Verdict) (groupRecord, error) {
	if in.Status != alert.Firing || !v.Does.Asks() {
		return groupRecord{}, nil
	}
	key := groupKey(v)
	if g, ok := t.groups[key]; ok {
		return g, nil
	}
	if !t.a.seen.may(key) {
		return groupRecord{}, nil
	}
	g, _, err := t.a.groups.Load(t.tx, key)
	if err == nil && t.groups != nil {
		t.groups[key] = g
	}
	return g, err
}

// coarse is how finely it is kept until when a group is open: in a storm each alert
// would write it anew.
const coarse = 10 * time.Second

// extend keeps the group of the incident open for a while longer.
func (t *taking) extend(v alert.Verdict, n int, g groupRecord) error {
	if g.Incident != n {
		g = groupRecord{V: 1, Incident: n, First: t.now}
	}
	until := t.now.Add(t.rules().Group.Window)
	if most := g.First.Add(t.rules().Group.Most); until.After(most) {
		until = most
	}
	if until.Sub(g.Until) < coarse && g.Until.After(t.now) {
		return nil
	}
	g.Until = until
	key := groupKey(v)
	t.a.seen.add(key)
	t.groups[key] = g
	return t.a.groups.Save(t.ledger, key, g)
}
