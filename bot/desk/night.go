package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// nightsName is the wake-up of every morning: whoever was paged in the night is asked
// then, and it is counted because of which services people were. It is always planned,
// so that a page at night writes nothing for it. Versions until
// November 2026 planned one for each person with a page, nightName.
const (
	nightsName = "nights"
	nightName  = "night/"
)

func nightKey(person string) string { return "night/" + person }

// nightRecord is somebody's last night with a page, and what they answered.
type nightRecord struct {
	V     int            `json:"v"`
	Night incident.Night `json:"night"`
	Day   string         `json:"day"`              // on whose morning they were asked, YYYY-MM-DD on their own clock
	Late  string         `json:"late,omitempty"`   // yes or no: whether they start later on that day
	Kept  time.Time      `json:"kept,omitzero"`    // when they said that their rules stay as they are
	Asked bool           `json:"missed,omitempty"` // they were asked whether a call is to come first
}

// The answers about a late start.
const (
	startsLate  = "yes"
	startsUsual = "no"
)

// What a [ledger.Rest] tells.
const (
	RestLate   = "late"   // whether they start later today
	RestMissed = "missed" // whether a call is to come first
	RestTeam   = "team"   // to the team: somebody starts later
)

// keptFor is how long somebody is not asked again whose rules stay as they are.
const keptFor = 90 * 24 * time.Hour

// lateHour is when somebody starts who was woken, on their own clock.
const lateHour = 11

// startNights makes sure that the next morning is planned.
func (d *Desk) startNights(ctx context.Context) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current()}
		return t.WakeRegularly(nightsName, w.nextMorning(), 24*time.Hour)
	})
}

// nextMorning is when the next day begins for somebody of the roster.
func (w *work) nextMorning() time.Time {
	next := morningAfter(w.Now, w.d.opt.Zone)
	for _, p := range w.who.Roster.People {
		if at := morningAfter(w.Now, w.zoneOf(incident.Person(p.ID))); at.Before(next) {
			next = at
		}
	}
	return next
}

// morningAfter is when the day begins the next time in a zone.
func morningAfter(now time.Time, zone *time.Location) time.Time {
	day := rotation.Daytime()
	if at := day.Next(zone, now); at.After(now) {
		return at
	}
	return day.Next(zone, now.Add(day.To-day.From)) // this day is over by then
}

// woken sees to it that somebody who was paged at night is asked on their morning, which
// can be sooner than planned if they are new in the roster.
func (w *work) woken(j ledger.Job) error {
	kind, person := incident.Actor(j.Person).Split()
	if kind != "person" || j.Via == "email" || !incident.AtNight(w.Now, w.zoneOf(incident.Actor(j.Person))) {
		return nil
	}
	at := morningAfter(w.Now, w.zoneOf(incident.Person(person)))
	if due, planned, err := w.Due(nightsName); err != nil || planned && !at.Before(due) {
		return err
	}
	return w.Wake(nightsName, at)
}

// tickNights asks in the morning everybody for whom it is one, and plans the next.
func (d *Desk) tickNights(ctx context.Context, name string, now time.Time) error {
	people, disturbances, err := d.lately(ctx, now)
	if err != nil {
		return err
	}
	if err := d.disturbed(ctx, disturbances, now); err != nil {
		return err
	}
	for _, person := range people {
		err := d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
			w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
			if rotation.Daytime().Next(w.zoneOf(incident.Person(person)), now).After(now) {
				return nil // it is night where they are
			}
			return w.afterNight(person)
		})
		if err != nil {
			return err
		}
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current()}
		return t.Wake(name, w.nextMorning())
	})
}

// tickNight asks somebody in the morning that an earlier version has planned.
func (d *Desk) tickNight(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: byBot}
		if err := w.Sleep(name); err != nil {
			return err
		}
		return w.afterNight(strings.TrimPrefix(name, nightName))
	})
}

// lookBackFor is how far a morning looks back: to the one before, on a weekend as well when
// the bot was away.
const lookBackFor = 48 * time.Hour

// lately returns the people with whom incidents have had to do lately, wherever they live,
// and whom these have disturbed.
func (d *Desk) lately(ctx context.Context, now time.Time) (people []string, disturbances []disturbance, err error) {
	from, seen := now.Add(-lookBackFor), 0
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.ScanBack("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if r.Declared.Before(from) { // of a night with a storm all are looked at
				seen++
			}
			if seen > lookBack {
				break
			}
			if r.Updated.Before(from) {
				continue
			}
			for _, who := range r.Involved {
				if kind, person := who.Split(); kind == "person" && !slices.Contains(people, person) {
					people = append(people, person)
				}
			}
			more, err := d.disturbances(tx, r.Incident, from)
			if err != nil {
				return err
			}
			disturbances = append(disturbances, more...)
		}
		return nil
	})
	return people, disturbances, err
}

// afterNight asks somebody what follows from their night. A morning that the bot was
// away is over: nobody is asked at noon about a late start.
func (w *work) afterNight(person string) error {
	who := incident.Person(person)
	if _, ok := w.who.Roster.Person(person); !ok || w.who.Slack(person) == "" {
		return nil
	}
	local := w.Now.In(w.zoneOf(who))
	if h := local.Hour(); h < 7 || h >= lateHour {
		return nil
	}
	r, _, err := ledger.Load[nightRecord](w.Tx.Tx, nightKey(person))
	day := local.Format(time.DateOnly)
	if err != nil || r.Day == day {
		return err
	}
	night, err := w.nightOf(who, local)
	if err != nil || night.From.IsZero() {
		return err
	}
	r = nightRecord{V: 1, Night: night, Day: day, Kept: r.Kept}
	r.Asked = !night.Missed.At.IsZero() && w.couldCallFirst(person) && w.Now.Sub(r.Kept) > keptFor
	return errors.Join(w.Save(nightKey(person), r), w.asksAfterNight(person, r, local))
}

// asksAfterNight commits what somebody is asked. On a day off there is no late start.
func (w *work) asksAfterNight(person string, r nightRecord, local time.Time) error {
	off := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday || slices.Contains(w.who.Holidays(person), r.Day)
	if !off {
		if err := w.rest(ledger.Job{Person: string(incident.Person(person)), Target: RestLate, Text: r.Day}); err != nil {
			return err
		}
	}
	if r.Asked {
		return w.rest(ledger.Job{Person: string(incident.Person(person)), Target: RestMissed, Text: r.Day})
	}
	return nil
}

func (w *work) rest(j ledger.Job) error {
	j.Kind = ledger.Rest
	_, err := w.AddApart(j)
	return err
}

// nightOf reads what the night before a morning asked of somebody.
func (w *work) nightOf(who incident.Actor, local time.Time) (incident.Night, error) {
	y, m, day := local.Date()
	from, to := time.Date(y, m, day-1, 22, 0, 0, 0, local.Location()), time.Date(y, m, day, 7, 0, 0, 0, local.Location())
	var night incident.Night
	seen := 0
	for key, value := range w.ScanBack("incident/") {
		var r incidentRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return night, fmt.Errorf("read %s: %v", key, err)
		}
		if r.Declared.Before(from) { // of a night with a storm all are looked at
			seen++
		}
		if seen > lookBack {
			break
		}
		if r.Updated.Before(from) || !slices.Contains(r.Involved, who) {
			continue
		}
		events, err := timeline(w.Tx.Tx, r.Number)
		if err != nil {
			return night, err
		}
		night.Add(events, r.Test, who, from, to)
	}
	return night, nil
}

// couldCallFirst reports whether somebody can be called, and something else comes first.
func (w *work) couldCallFirst(person string) bool {
	p, ok := w.who.Roster.Person(person)
	if !ok || !slices.Contains(w.who.Methods(person), "voice") || len(p.Rules.High) == 0 {
		return false
	}
	return !slices.ContainsFunc(p.Rules.High, func(r rotation.Rule) bool { return r.Via == "voice" && r.After == 0 })
}

// rests reports whether somebody was woken in the night before the day of now: what can
// wait does.
func (w *work) rests(who incident.Actor) (bool, error) {
	kind, person := who.Split()
	if kind != "person" {
		return false, nil
	}
	r, known, err := ledger.Load[nightRecord](w.Tx.Tx, nightKey(person))
	return known && r.Day == w.Now.In(w.zoneOf(who)).Format(time.DateOnly), err
}

// Rested is what somebody is told after a night.
type Rested struct {
	incident.Night
	Zone  *time.Location
	Day   string
	Start time.Time // of a late start
	Done  bool      // it is not asked any more
}

// rested reads what a job tells.
func (d *Desk) rested(tx *storage.Tx, j ledger.Job) (Rested, error) {
	who := incident.Actor(j.Person)
	_, person := who.Split()
	w := &work{Tx: &ledger.Tx{Tx: tx}, d: d, who: d.oncall.Current()}
	r, _, err := ledger.Load[nightRecord](tx, nightKey(person))
	x := Rested{Night: r.Night, Zone: w.zoneOf(who), Day: r.Day}
	x.Start = lateStart(r.Day, x.Zone)
	now := ledger.Instant()
	switch {
	case r.Day != j.Text:
		x.Done = true
	case j.Target == RestLate:
		x.Done = r.Late != "" || !now.Before(x.Start)
	case j.Target == RestTeam:
		x.Done = now.In(x.Zone).Format(time.DateOnly) != r.Day // it says "today"
	}
	return x, err
}

func lateStart(day string, zone *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return time.Time{}
	}
	return time.Date(at.Year(), at.Month(), at.Day(), lateHour, 0, 0, 0, zone)
}

// StartLate records whether the caller starts later on the day of the morning on which
// they were asked, and has their team told if they do. team is the one that is told.
func (d *Desk) StartLate(ctx context.Context, c Caller, day string, late bool) (team string, err error) {
	kind, person := c.Actor.Split()
	err = d.ledger.Update(ctx, c.Request(time.Time{}), func(t *ledger.Tx) error {
		w := &work{Tx: t, d: d, who: d.oncall.Current(), caller: c}
		r, known, err := ledger.Load[nightRecord](t.Tx, nightKey(person))
		zone := w.zoneOf(c.Actor)
		switch {
		case err != nil:
			return err
		case !known || kind != "person" || r.Day != day, r.Day != t.Now.In(zone).Format(time.DateOnly):
			return refusal("", "That was about another morning.")
		case r.Late != "":
			return refusal("", "You have answered that already.")
		case late && !t.Now.Before(lateStart(day, zone)):
			return refusal("Your team reads it if you write it.", "It is past %d:00 by now, so nothing was posted.", lateHour)
		}
		if r.Late = startsUsual; late {
			r.Late = startsLate
			if teams := w.who.Roster.TeamsOf(person); len(teams) > 0 {
				team = teams[0].ID
			}
			if err := w.rest(ledger.Job{Person: string(c.Actor), Target: RestTeam, Text: day, Via: team}); err != nil {
				return err
			}
		}
		return errors.Join(w.Save(nightKey(person), r), t.Remember(0))
	})
	return team, err
}

// KeepRules records that the caller's notification rules stay as they are.
func (d *Desk) KeepRules(ctx context.Context, c Caller) error {
	_, person := c.Actor.Split()
	return d.ledger.Update(ctx, c.Request(time.Time{}), func(t *ledger.Tx) error {
		r, known, err := ledger.Load[nightRecord](t.Tx, nightKey(person))
		if err != nil || !known {
			return err
		}
		r.Kept = t.Now
		return t.Save(nightKey(person), r)
	})
}
