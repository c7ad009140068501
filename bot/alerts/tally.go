package alerts

import (
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// An alert belongs to the incident that it has opened or joined, also when that becomes
// a part of another one, which can be undone. So each incident keeps count of its own
// alerts; how those of the whole stand is the sum.

// part is how the alerts of an incident stand that is a part of another one.
type part struct {
	tallyRecord
	changed bool
}

// sum returns how the alerts of an incident stand, those of its parts included, and how
// those of each part do.
func (a *Alerts) sum(tx *storage.Tx, i incident.Incident) (tallyRecord, map[int]*part, error) {
	r, err := loadTally(tx, i)
	if err != nil {
		return r, nil, err
	}
	list, err := a.desk.Parts(tx, i.Number)
	if err != nil || len(list) == 0 {
		return r, nil, err
	}
	parts := map[int]*part{}
	for _, of := range list {
		p, err := loadTally(tx, of)
		if err != nil {
			return r, nil, err
		}
		parts[of.Number] = &part{tallyRecord: p}
		r.Firing, r.Over = r.Firing+p.Firing, r.Over+p.Over
		if p.Worst != alert.Unknown && (r.Worst == alert.Unknown || p.Worst < r.Worst) {
			r.Worst = p.Worst
		}
	}
	if r.Firing > 0 {
		r.Cleared, r.Offered = false, false
	}
	return r, parts, nil
}

// count sets how the alerts of the whole stand, of which one of the incident home has
// changed.
func (c *touched) count(home int, now alert.Tally) {
	if p := c.parts[home]; p != nil {
		p.changed, p.Firing, p.Over = true, p.Firing+now.Firing-c.tally.Firing, p.Over+now.Over-c.tally.Over
	}
	c.tally.V, c.tally.Tally, c.counted = 1, now, true
}

// leaves takes an alert out of the count of the incident to which it has belonged so
// far. It must be called before the alert is stored.
func (t *taking) leaves(was Alert) error {
	i, err := t.desk.Whole(was.Incident)
	if err != nil {
		return err
	}
	c, err := t.touch(i.Number)
	if err != nil {
		return err
	}
	now := c.tally.Tally
	if was.Firing() {
		now.Firing = max(0, now.Firing-1)
	} else {
		now.Over = max(0, now.Over-1)
	}
	c.count(was.Incident, now)
	return nil
}

// saveTally stores the counts of an incident and of its parts.
func (t *taking) saveTally(n int, c *touched) error {
	own := c.tally
	for n, p := range c.parts {
		own.Firing, own.Over = own.Firing-p.Firing, own.Over-p.Over
		if p.changed {
			if err := t.ledger.Save(tallyKey(n), p.tallyRecord); err != nil {
				return err
			}
		}
	}
	return t.ledger.Save(tallyKey(n), own)
}
