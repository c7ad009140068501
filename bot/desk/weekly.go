package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
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

// startWeekly plans the next weekly test as it is configured now.
func (d *Desk) startWeekly(ctx context.Context, now time.Time) error {
	return d.db.Update(ctx, func(tx *storage.Tx) error {
		var err error
		for key := range tx.Scan("due/") {
			if strings.HasSuffix(key, "/weekly") {
				err = errors.Join(err, tx.Delete(key))
			}
		}
		if err != nil || d.opt.Weekly.Clock == "" {
			return err
		}
		at, err := d.opt.Weekly.next(now, d.opt.Zone)
		if err != nil {
			return err
		}
		return tx.Put(dueKey(at, "weekly"), nil)
	})
}

// tickWeekly pages everybody who is on call, each by an incident of their own
// that is a test: the whole path is tried, by their own rules.
func (d *Desk) tickWeekly(ctx context.Context, key string, now time.Time) error {
	at, _ := dueAt(key)
	r := d.Roster()
	var people []string
	for _, rot := range r.Rotations {
		people = append(people, rot.People(now)...)
	}
	for _, id := range distinct(people) {
		c := Caller{Actor: incident.Person(id), Key: "weekly:" + at.Format(dueForm) + ":" + id}
		_, err := d.act(ctx, c, 0, func(w *work) error {
			w.noChannel = true
			decl := incident.Declaration{Title: "Weekly test of your pages: please acknowledge", Severity: incident.Sev2, Test: true}
			if err := w.declare(decl); err != nil {
				return err
			}
			return w.tx.Put(dueKey(w.now.Add(weeklyWait), "drill/"+number(w.inc.Number)), nil)
		})
		if err != nil {
			return err
		}
	}
	return d.db.Update(ctx, func(tx *storage.Tx) error {
		next, err := d.opt.Weekly.next(now, d.opt.Zone)
		if err != nil {
			return err
		}
		return errors.Join(tx.Delete(key), tx.Put(dueKey(next, "weekly"), nil))
	})
}

// tickDrill ends a weekly test, and tells the person's team how it went.
func (d *Desk) tickDrill(ctx context.Context, key string) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, lastNumber(key), func(w *work) error {
		if err := w.tx.Delete(key); err != nil {
			return err
		}
		i := w.inc
		_, person := i.DeclaredBy.Split()
		text := fmt.Sprintf("Weekly test: %s did not answer within an hour (%s). `/oncall why %s` says what was tried.", w.who.display(i.DeclaredBy), i.Name(), i.Name())
		if !i.Acknowledged.IsZero() {
			text = fmt.Sprintf("Weekly test: %s answered after %s (%s).", w.who.display(i.DeclaredBy), i.Acknowledged.Sub(i.Declared).Round(time.Second), i.Name())
		}
		team := ""
		if teams := w.who.roster.TeamsOf(person); len(teams) > 0 {
			team = teams[0].ID
		}
		if i.Status.Active() {
			if err := w.do(Act{Verb: Cancel, Text: "the weekly test is over"}); err != nil {
				return err
			}
		}
		_, err := w.asideJob(Job{Kind: JobAlarm, Target: team, Text: text})
		return err
	})
	return err
}
