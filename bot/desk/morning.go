package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

// morningName is the wake-up at which somebody, or a team, is told with one message what
// waits for them after incidents.
const morningName = "morning/"

// morningNamesBefore are the wake-ups at which versions until November 2026 told the parts
// of it, each with a message of its own.
var morningNamesBefore = []string{"idles/", "followups/", "reviews/"}

// MorningMost is of how much one message tells a person in each of its three parts, so that
// it has room in one of Slack; of the rest the next one does.
const MorningMost = 5

// remindMost is the same of the follow-ups of a team.
const remindMost = 10

// matter is something of which somebody is told in the morning.
type matter struct {
	at   time.Time // when they are told next; zero: never
	last time.Time // when they were told last
	tell func() (next time.Time, told bool, err error)
}

// morning is the pass over everything of which somebody may be told.
type morning struct {
	*work
	zone *time.Location
	next time.Time // when the earliest of it is due
	told bool      // something is told now
	left int       // how much there is no room for
}

func (m *morning) sooner(at time.Time) {
	if !at.IsZero() && (m.next.IsZero() || at.Before(m.next)) {
		m.next = at
	}
}

// part tells what is due of one part, and counts that it was. Whatever was told longest
// ago comes first, so that nothing is without room for ever.
func (m *morning) part(about string, most int, list []matter) error {
	slices.SortStableFunc(list, func(a, b matter) int { return a.last.Compare(b.last) })
	n := 0
	for _, x := range list {
		switch {
		case x.at.IsZero() || x.at.After(m.Now):
			m.sooner(x.at)
		case n == most:
			m.left++
			m.sooner(tomorrow(m.Now, m.zone))
		default:
			next, told, err := x.tell()
			if err != nil {
				return err
			}
			if told {
				n++
				m.sooner(next)
			}
		}
	}
	if n == 0 {
		return nil
	}
	m.told = true
	return m.nag(report.Nags{About: about, Sent: 1})
}

// planMorning sees to it that somebody, or a team, is looked at in time.
func (w *work) planMorning(who string, at time.Time) error {
	if who == "" || at.IsZero() {
		return nil
	}
	due, planned, err := w.Due(morningName + who)
	if err != nil || planned && !at.Before(due) {
		return err
	}
	return w.Wake(morningName+who, at)
}

// tickMorning tells a person, or a team, what waits for them.
func (d *Desk) tickMorning(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		_, who, _ := strings.Cut(name, "/")
		return errors.Join(w.Sleep(name), w.tellMorning(who))
	})
}

func (w *work) tellMorning(who string) error {
	person := incident.Actor(who)
	if person.Human() && !w.inSlack(person) {
		if err := errors.Join(w.passReviews(person), w.passIdle(who)); err != nil {
			return err
		}
	}
	m := &morning{work: w, zone: w.zoneOf(person)}
	at, err := w.morningOf(who, m.zone)
	if err != nil || at.After(w.Now) {
		return errors.Join(err, w.planMorning(who, at))
	}
	if err := m.parts(who); err != nil {
		return err
	}
	if m.told {
		if err := w.addMorning(who, m.left); err != nil {
			return err
		}
	}
	return w.planMorning(who, m.next)
}

// morningOf is when somebody is told what is due by now: at once by day, unless they were
// told today, or rest after a night.
func (w *work) morningOf(who string, zone *time.Location) (time.Time, error) {
	r, _, err := ledger.Load[remindedRecord](w.Tx.Tx, remindedKey(incident.Actor(who)))
	if err != nil {
		return time.Time{}, err
	}
	rests, err := w.rests(incident.Actor(who))
	if today := w.Now.In(zone).Format(time.DateOnly); rests || r.Morning.In(zone).Format(time.DateOnly) == today {
		return tomorrow(w.Now, zone), err
	}
	return incident.Daytime(w.Now, zone), err
}

// parts goes through all of which somebody may be told.
func (m *morning) parts(who string) error {
	due, err := m.dueFollowUps(who)
	if err != nil {
		return err
	}
	person := incident.Actor(who)
	if !person.Human() {
		return m.part(report.AboutFollowUps, remindMost, due)
	}
	idle, err := m.dueIdle(who)
	if err != nil {
		return err
	}
	var reviews []matter
	if m.inSlack(person) {
		if reviews, err = m.dueReviews(person); err != nil {
			return err
		}
	}
	return errors.Join(m.part(report.AboutIdle, MorningMost, idle), m.part(report.AboutReviews, MorningMost, reviews), m.part(report.AboutFollowUps, MorningMost, due))
}

func (w *work) addMorning(who string, left int) error {
	j := ledger.Job{Kind: ledger.FollowUps, Target: who}
	if incident.Actor(who).Human() {
		j = ledger.Job{Kind: ledger.Morning, Person: who}
	}
	if left > 0 {
		j.Text = incident.Count(left, "more follows", "more follow") + " on the next working day."
	}
	if _, err := w.AddApart(j); err != nil {
		return err
	}
	key := remindedKey(incident.Actor(who))
	r, _, err := ledger.Load[remindedRecord](w.Tx.Tx, key)
	r.V, r.Morning = 1, w.Now
	return errors.Join(err, w.Save(key, r))
}

// tomorrow is the next morning on which somebody may be told something, after today.
func tomorrow(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).AddDate(0, 0, 1).Date()
	return incident.Daytime(time.Date(y, m, d, 0, 0, 0, 0, zone), zone)
}

// toldIn is whom a job tells, as the records have it.
func toldIn(j ledger.Job) string { return cmp.Or(j.Person, j.Target) }

// loadMorning reads what a job tells, as it stands by now.
func (d *Desk) loadMorning(tx *storage.Tx, t *Task) (err error) {
	if t.Idle, err = d.idleNow(tx, t.Job); err != nil {
		return err
	}
	if t.Wanted, err = d.wantedNow(tx, t.Job); err != nil {
		return err
	}
	t.FollowUps, err = d.remindedNow(tx, t.Job)
	return err
}

// notMorning has those told the next morning whom a message could not reach.
func (w *work) notMorning(j ledger.Job) error {
	who := toldIn(j)
	return errors.Join(w.notAskedIdle(j), w.notAsked(j), w.notReminded(j),
		w.planMorning(who, tomorrow(w.Now, w.zoneOf(incident.Actor(who)))))
}
