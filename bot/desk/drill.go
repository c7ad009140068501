package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Weekly is when everybody on call is paged as a test, in the business's zone.
type Weekly struct {
	Day   time.Weekday
	Clock string // HH:MM; empty: never
}

// weeklyWait is how long somebody has to acknowledge the test.
const weeklyWait = time.Hour

// next returns the first such instant after now.
func (k Weekly) next(now time.Time, zone *time.Location) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	day := now.In(zone)
	for range 9 {
		if day.Weekday() == k.Day {
			l, err := rotation.ParseLocal(day.Format(time.DateOnly) + "T" + k.Clock)
			if err != nil {
				return time.Time{}, err
			}
			if at := rotation.Instant(zone, l); at.After(now) {
				return at, nil
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}, fmt.Errorf("weekly test: no %s ahead", k.Day)
}

// startWeekly plans the next weekly drill as it is configured now.
func (d *Desk) startWeekly(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		if d.opt.Weekly.Clock == "" {
			return t.Sleep("weekly")
		}
		at, err := d.opt.Weekly.next(t.Now, d.opt.Zone)
		if err != nil {
			return err
		}
		return t.Wake("weekly", at)
	})
}

// startWeeklyAgain is for a clock that was set back: a drill that has been must not be again.
func (d *Desk) startWeeklyAgain(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		if d.opt.Weekly.Clock == "" {
			return nil
		}
		at, err := d.opt.Weekly.next(t.Now, d.opt.Zone)
		if err != nil {
			return err
		}
		return t.WakeRegularly("weekly", at, 7*24*time.Hour)
	})
}

// tickWeekly pages everybody who is on call, each by an incident of their own
// that is a drill: the whole path is tried, by their own rules.
func (d *Desk) tickWeekly(ctx context.Context, name string, now time.Time) error {
	people := d.oncall.Current().EverybodyOnCall(now)
	week := now.Truncate(time.Hour) // the same drill, if this is cut short and done again
	err := ledger.Share(len(people), func(i int) error {
		c := Caller{Actor: incident.Person(people[i]), Key: "weekly:" + ledger.InstantKey(week) + ":" + people[i]}
		_, err := d.actAt(ctx, c, now, 0, func(w *work) error {
			w.noChannel = true
			decl := incident.Declaration{Title: "Weekly test of your pages: please acknowledge", Severity: incident.Sev2, Test: true}
			if err := w.declare(decl); err != nil {
				return err
			}
			return w.Wake("drill/"+ledger.Number(w.inc.Number), w.Now.Add(weeklyWait))
		})
		return err
	})
	if err != nil {
		return err
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		next, err := d.opt.Weekly.next(now, d.opt.Zone)
		if err != nil {
			return err
		}
		return t.Wake(name, next)
	})
}

// tickDrill ends a weekly drill, and tells the person's team how it went.
func (d *Desk) tickDrill(ctx context.Context, name string, now time.Time) error {
	_, err := d.actAt(ctx, byBot, now, ledger.LastNumber(name), func(w *work) error {
		if err := w.Sleep(name); err != nil {
			return err
		}
		i := w.inc
		_, person := i.DeclaredBy.Split()
		text := fmt.Sprintf("Weekly test: %s did not answer within an hour (%s). `/oncall why %s` says what was tried.", w.who.DisplayName(i.DeclaredBy), i.Name(), i.Name())
		if !i.Acknowledged.IsZero() {
			text = fmt.Sprintf("Weekly test: %s answered after %s (%s).", w.who.DisplayName(i.DeclaredBy), i.Acknowledged.Sub(i.Declared).Round(time.Second), i.Name())
		}
		team := ""
		if teams := w.who.Roster.TeamsOf(person); len(teams) > 0 {
			team = teams[0].ID
		}
		if i.Status.Active() {
			if err := w.do(Act{Verb: Cancel, Text: "the weekly test is over"}); err != nil {
				return err
			}
		}
		_, err := w.AddApart(ledger.Job{Kind: ledger.Alarm, Target: team, Text: text})
		return err
	})
	return err
}
