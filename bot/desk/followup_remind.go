package desk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

// followUpsName is the wake-up at which somebody is reminded of what they own.
const followUpsName = "followups/"

// next is when somebody in a zone is reminded of the follow-up next; zero: never.
func (r followUpRecord) next(zone *time.Location) time.Time {
	if r.For == "" {
		return time.Time{}
	}
	return incident.FollowUp{Due: r.Due}.NextReminder(r.Since, r.Reminded, zone)
}

// zoneFor is the zone in whose morning a reminder comes.
func (w *work) zoneFor(reminded string) *time.Location { return w.zoneOf(incident.Actor(reminded)) }

// planFollowUp sees to it that whoever is reminded of a follow-up is looked at in time.
func (w *work) planFollowUp(r followUpRecord) error {
	at := r.next(w.zoneFor(r.For))
	if at.IsZero() {
		return nil
	}
	due, planned, err := w.Due(followUpsName + r.For)
	if err != nil || planned && !at.Before(due) {
		return err
	}
	return w.Wake(followUpsName+r.For, at)
}

// remindMost is of how many follow-ups one message tells; of the rest the next one does.
const remindMost = 10

// tickFollowUps reminds a person, or a team, of what they own, with one message.
func (d *Desk) tickFollowUps(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		return w.remindOf(strings.TrimPrefix(name, followUpsName))
	})
}

// place is where a follow-up is in the index.
type place struct {
	n, k int
	r    followUpRecord
}

func (w *work) remindOf(reminded string) error {
	name, zone := followUpsName+reminded, w.zoneFor(reminded)
	if at := incident.Daytime(w.Now, zone); at.After(w.Now) {
		return w.Wake(name, at)
	}
	if rests, err := w.rests(incident.Actor(reminded)); err != nil || rests {
		return errors.Join(err, w.Wake(name, tomorrow(w.Now, zone)))
	}
	var due []place
	var next time.Time
	sooner := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	err := eachOpen(w.Tx.Tx, func(n, k int, r followUpRecord) error {
		if r.For != reminded {
			return nil
		}
		at := r.next(zone)
		if at.IsZero() || at.After(w.Now) {
			sooner(at)
			return nil
		}
		due = append(due, place{n, k, r})
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Sleep(name); err != nil {
		return err
	}
	told := false
	for n, p := range due {
		if n == remindMost {
			sooner(tomorrow(w.Now, zone))
			break
		}
		r, mine, err := w.remindsOf(p, reminded)
		if err != nil {
			return err
		}
		if mine {
			told = true
			sooner(r.next(zone))
		}
	}
	if told {
		if err := w.addReminder(reminded); err != nil {
			return err
		}
	}
	if next.IsZero() {
		return nil
	}
	return w.Wake(name, next)
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

func (w *work) addReminder(reminded string) error {
	j := ledger.Job{Kind: ledger.FollowUps, Target: reminded}
	if a := incident.Actor(reminded); a.Human() {
		j.Person, j.Target = reminded, ""
	}
	_, err := w.AddApart(j)
	return errors.Join(err, w.nag(report.Nags{About: report.AboutFollowUps, Sent: 1}))
}

// tomorrow is the next morning on which somebody may be reminded, after today.
func tomorrow(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).AddDate(0, 0, 1).Date()
	return incident.Daytime(time.Date(y, m, d, 0, 0, 0, 0, zone), zone)
}

// remindsWhom is whom a job reminds, as the index has it.
func remindsWhom(j ledger.Job) string {
	if j.Person != "" {
		return j.Person
	}
	return j.Target
}

// remindedNow are the follow-ups of which a job reminds, as they stand: what was done,
// given away or put off since the job was made is not among them.
func (d *Desk) remindedNow(tx *storage.Tx, j ledger.Job) ([]ListedFollowUp, error) {
	var list []ListedFollowUp
	err := eachOpen(tx, func(n, k int, r followUpRecord) error {
		if r.For != remindsWhom(j) || !r.Reminded.Equal(j.Created) {
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

// notReminded has those reminded the next morning whom a message could not reach.
func (w *work) notReminded(j ledger.Job) error {
	reminded := remindsWhom(j)
	var lost []place
	err := eachOpen(w.Tx.Tx, func(n, k int, r followUpRecord) error {
		if r.For == reminded && r.Reminded.Equal(j.Created) {
			lost = append(lost, place{n, k, r})
		}
		return nil
	})
	if err != nil || len(lost) == 0 {
		return err
	}
	for _, p := range lost {
		p.r.Reminded = p.r.Before
		if err := w.Save(followUpKey(p.n, p.k), p.r); err != nil {
			return err
		}
	}
	return w.Wake(followUpsName+reminded, tomorrow(w.Now, w.zoneFor(reminded)))
}
