package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// weekName is the wake-up at which teams are told of their week.
const weekName = "week"

func weekKey(team string) string { return "week/" + team }

// weekRecord is the last Monday on which a team was told, or on which there was nothing to
// tell.
type weekRecord struct {
	V      int       `json:"v"`
	Monday time.Time `json:"monday"`
}

// weekLate is how late a team is told still.
const weekLate = 6 * time.Hour

// monday is the last Monday, 9:30, in a zone, up to an instant.
func monday(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	y, m, d := local.AddDate(0, 0, -(int(local.Weekday())+6)%7).Date()
	at := time.Date(y, m, d, 9, 30, 0, 0, zone)
	if at.After(now) {
		return time.Date(y, m, d-7, 9, 30, 0, 0, zone)
	}
	return at
}

// zoneOfTeam is where a team is: where its first rotation is, or else the business.
func zoneOfTeam(r *rotation.Roster, team string, business *time.Location) *time.Location {
	for k := range r.Rotations {
		if x := &r.Rotations[k]; x.Team == team && x.TimeZone != "" {
			if zone, err := time.LoadLocation(x.TimeZone); err == nil {
				return zone
			}
		}
	}
	return business
}

// nextWeek is when the first of the teams is told next; zero: there is none.
func (d *Desk) nextWeek(r *rotation.Roster, now time.Time) time.Time {
	var next time.Time
	for k := range r.Teams {
		at := monday(now, zoneOfTeam(r, r.Teams[k].ID, d.opt.Zone))
		at = time.Date(at.Year(), at.Month(), at.Day()+7, 9, 30, 0, 0, at.Location())
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// startWeek plans the weekly lines as the roster holds, and whenever another one does.
func (d *Desk) startWeek(ctx context.Context) error { return d.startRegular(ctx, weekName, d.nextWeek) }

// tickWeek tells every team whose Monday morning it is how its week was.
func (d *Desk) tickWeek(ctx context.Context, name string, now time.Time) error {
	who := d.oncall.Current()
	var failed []error
	for k := range who.Roster.Teams {
		failed = append(failed, d.tellWeek(ctx, &who.Roster.Teams[k], now))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return d.planRegular(ctx, name, d.nextWeek, now)
}

func (d *Desk) tellWeek(ctx context.Context, team *rotation.Team, now time.Time) error {
	at := monday(now, zoneOfTeam(d.oncall.Current().Roster, team.ID, d.opt.Zone))
	if now.Sub(at) > weekLate {
		return nil
	}
	week, err := d.weekOf(ctx, team.ID, at)
	if err != nil {
		return err
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		r, _, err := ledger.Load[weekRecord](t.Tx, weekKey(team.ID))
		if err != nil || !r.Monday.Before(at) && !r.Monday.After(now.Add(weekLate)) { // that one the clock was ahead for
			return err
		}
		if text := week.Words(); text != "" {
			if _, err := t.AddApart(ledger.Job{Kind: ledger.Week, Target: team.ID, Text: text}); err != nil {
				return err
			}
		}
		if len(week.Disturbances) > 0 {
			if _, err := t.AddApart(ledger.Job{Kind: ledger.WeekPicture, Target: team.ID, Text: at.Format(time.DateOnly)}); err != nil {
				return err
			}
		}
		return t.Save(weekKey(team.ID), weekRecord{V: 1, Monday: at.UTC()})
	})
}

// Week is how a team's week on call was.
type Week struct {
	Team         string
	Ends         time.Time // on a Monday, where the team is
	Disturbances []report.Disturbance
	interrupts   []report.Interrupt
	service      map[int]string // by incident
	fixes        []ListedFollowUp
}

// Title names the team and the week.
func (w Week) Title() string {
	return w.Team + ", week of " + w.Ends.AddDate(0, 0, -7).Format("2 January 2006")
}

// Words tell the week, complete without a picture; empty where there is nothing to tell.
func (w Week) Words() string {
	return weekWords(w.interrupts, w.service, w.Disturbances, w.fixes, w.Ends)
}

// AltWords tell what the picture shows to those who do not see it.
func (w Week) AltWords() string {
	lines := []string{"Interrupts by service of " + w.Title()}
	for _, d := range w.Disturbances {
		lines = append(lines, d.Words())
	}
	return strings.Join(lines, ". ")
}

// weekOf reads how the week of a team was that ends on the day of an instant, in which its
// services interrupted people. Private incidents and drills are left out, since the whole
// channel reads it.
func (d *Desk) weekOf(ctx context.Context, team string, at time.Time) (Week, error) {
	who := d.oncall.Current()
	w := Week{Team: team, Ends: time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location()), service: map[int]string{}}
	if t, ok := who.Roster.Team(team); ok {
		w.Team = t.Name
	}
	from := w.Ends.AddDate(0, 0, -7)
	timelines, _, err := d.timelines(ctx, incident.Bot, from, w.Ends) // of last week nothing is archived
	if err != nil {
		return w, err
	}
	var mine []report.Timeline
	for _, t := range timelines {
		s, ok := who.Roster.Service(t.Incident.Service)
		if ok && s.Team == team && !t.Incident.Private && !t.Incident.Test {
			mine, w.service[t.Incident.Number] = append(mine, t), s.Name
		}
	}
	pages := slices.DeleteFunc(report.PagesOf(mine, who.FirstAsked), func(p report.Page) bool { return p.At.Before(from) || !p.At.Before(w.Ends) })
	w.interrupts = report.Interrupts(pages, func(person string) rotation.Desk { return deskOf(who, person, d.opt.Zone) })
	w.Disturbances = report.Disturbances(w.interrupts, w.service)
	return w, d.ledger.View(ctx, func(tx *storage.Tx) error {
		of, err := fixesInPlace(tx)
		for _, some := range of {
			for _, f := range some {
				if f.Team == team {
					w.fixes = append(w.fixes, f)
				}
			}
		}
		return err
	})
}

// picturedWeek reads what a job draws.
func (d *Desk) picturedWeek(ctx context.Context, j ledger.Job) (Week, error) {
	at, err := time.ParseInLocation(time.DateOnly, j.Text, zoneOfTeam(d.oncall.Current().Roster, j.Target, d.opt.Zone))
	if err != nil {
		return Week{}, fmt.Errorf("read week of a job: %v", err)
	}
	return d.weekOf(ctx, j.Target, at)
}

// weekWords say what was counted; empty where that is nothing.
func weekWords(list []report.Interrupt, service map[int]string, by []report.Disturbance, fixes []ListedFollowUp, now time.Time) string {
	if len(list) == 0 && len(fixes) == 0 {
		return ""
	}
	s := "Last week on call: " + counted(len(list), "interrupt", "no")
	if n, where := whereOf(list, service, func(x report.Interrupt) bool { return x.Night }); n > 0 {
		s += fmt.Sprintf(", %d at night (%s)", n, where)
	}
	if n, where := whereOf(list, service, func(x report.Interrupt) bool { return x.Hurts() && !x.Night }); n > 0 {
		s += fmt.Sprintf(", %d at a weekend or on a holiday (%s)", n, where)
	}
	s += "." + byService(len(list), by)
	if len(fixes) > 0 {
		oldest := now
		for _, f := range fixes {
			if at := since(f); at.Before(oldest) {
				oldest = at
			}
		}
		age := "less than a day"
		if days := int(now.Sub(oldest) / (24 * time.Hour)); days > 0 {
			age = incident.Count(days, "day", "days")
		}
		s += " " + incident.Count(len(fixes), "permanent fix is open, ", "permanent fixes are open, the oldest ") + "for " + age + "."
	}
	return s
}

// byService says how many interrupts were because of which service, where there were several:
// what the picture shows.
func byService(interrupts int, by []report.Disturbance) string {
	if len(by) < 2 {
		return ""
	}
	var parts []string
	sum := 0
	for _, d := range by {
		parts = append(parts, fmt.Sprintf("%s %d", d.Service, d.Times))
		sum += d.Times
	}
	s := " By service: " + incident.FirstOf(parts, 10)
	if sum > interrupts {
		s += "; an interrupt because of several services counts for each"
	}
	return s + "."
}

// whereOf counts some of the interrupts, and names the services that they were for.
func whereOf(list []report.Interrupt, service map[int]string, some func(report.Interrupt) bool) (count int, names string) {
	var where []string
	for _, x := range list {
		if !some(x) {
			continue
		}
		count++
		for _, n := range x.Incidents {
			if name := service[n]; !slices.Contains(where, name) {
				where = append(where, name)
			}
		}
	}
	return count, incident.FirstOf(where, 5)
}

// since is when a follow-up was opened.
func since(f ListedFollowUp) time.Time {
	if f.Opened.IsZero() {
		return f.Incident.Mitigated
	}
	return f.Opened
}

func counted(n int, what, none string) string {
	switch n {
	case 0:
		return none + " " + what + "s"
	case 1:
		return "1 " + what
	default:
		return fmt.Sprintf("%d %ss", n, what)
	}
}
