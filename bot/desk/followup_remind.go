package desk

import (
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// next is when somebody in a zone is reminded of the follow-up next; zero: never.
func (r followUpRecord) next(zone *time.Location) time.Time {
	if r.For == "" {
		return time.Time{}
	}
	return incident.FollowUp{Due: r.Due}.NextReminder(r.Since, r.Reminded, zone)
}

// planFollowUp sees to it that whoever is reminded of a follow-up is looked at in time.
func (w *work) planFollowUp(r followUpRecord) error {
	return w.planMorning(r.For, r.next(w.zoneOf(incident.Actor(r.For))))
}

// place is where a follow-up is in the index.
type place struct {
	n, k int
	r    followUpRecord
}

// dueFollowUps are the follow-ups of which somebody, or a team, is reminded.
func (m *morning) dueFollowUps(who string) (list []matter, err error) {
	err = eachOpen(m.Tx.Tx, func(n, k int, r followUpRecord) error {
		if r.For == who {
			list = append(list, matter{r.next(m.zone), r.Reminded, func() (time.Time, bool, error) {
				r, mine, err := m.remindsOf(place{n, k, r}, who)
				return r.next(m.zone), mine, err
			}})
		}
		return nil
	})
	return list, err
}

// remindsOf notes that one is reminded of a follow-up now, unless it is somebody else by
// now, who is reminded then.
func (w *work) remindsOf(p place, reminded string) (followUpRecord, bool, error) {
	key := followUpKey(p.n, p.k)
	i, err := loadIncident(w.Tx.Tx, p.n)
	if err != nil {
		return p.r, false, err
	}
	if p.k > len(i.FollowUps) || !i.FollowUps[p.k-1].Open() { // an earlier version has ended it
		return p.r, false, w.Delete(key)
	}
	if p.r.For = w.remindedOf(i, i.FollowUps[p.k-1]); p.r.For != reminded {
		if err := w.Save(key, p.r); err != nil {
			return p.r, false, err
		}
		return p.r, false, w.planFollowUp(p.r)
	}
	p.r.Before, p.r.Reminded = p.r.Reminded, w.Now
	return p.r, true, w.Save(key, p.r)
}

// remindedNow are the follow-ups of which a job reminds, as they stand: what was done,
// given away or put off since the job was made is not among them.
func (d *Desk) remindedNow(tx *storage.Tx, j ledger.Job) ([]ListedFollowUp, error) {
	var list []ListedFollowUp
	err := eachOpen(tx, func(n, k int, r followUpRecord) error {
		if r.For != toldIn(j) || !r.Reminded.Equal(j.Created) {
			return nil
		}
		i, err := loadIncident(tx, n)
		if err != nil || k > len(i.FollowUps) || !i.FollowUps[k-1].Open() {
			return err
		}
		if j.Person != "" && !d.sees(i, incident.Actor(j.Person)) || j.Person == "" && i.Private {
			return nil
		}
		list = append(list, ListedFollowUp{i.FollowUps[k-1], i})
		return nil
	})
	return list, err
}

// notReminded takes back that somebody was reminded whom a message could not reach.
func (w *work) notReminded(j ledger.Job) error {
	var lost []place
	err := eachOpen(w.Tx.Tx, func(n, k int, r followUpRecord) error {
		if r.For == toldIn(j) && r.Reminded.Equal(j.Created) {
			lost = append(lost, place{n, k, r})
		}
		return nil
	})
	for _, p := range lost {
		p.r.Reminded = p.r.Before
		if err := w.Save(followUpKey(p.n, p.k), p.r); err != nil {
			return err
		}
	}
	return err
}
