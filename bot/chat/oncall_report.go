package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
)

// reportDays is the period of figures in Slack, in days, unless a number of them
// is named.
const reportDays = 90

// report shows a person's own figures, and the lead of a team how its rotations
// hold: never a list of people. The figures are worked out after the command is
// acknowledged, since that takes the longer the more often the roster was applied.
func (s *Slack) report(c desk.Caller, typed string) answer {
	days := reportDays
	if word, _ := cut(typed); word != "" {
		if _, err := fmt.Sscanf(word, "%d", &days); err != nil || days < 1 || days > 400 {
			return answer{payload: ephemeral("Say for how many days, from 1 to 400, as in `" + s.opt.OncallCommand + " report 30`.")}
		}
	}
	kind, self := c.Actor.Split()
	if kind != "person" {
		return answer{payload: ephemeral("There are figures for people of the roster only, and you are not in it.")}
	}
	return s.workedOut(c, func(ctx context.Context) reply { return s.figures(ctx, self, days) })
}

// figures is the answer to somebody who asks for their report.
func (s *Slack) figures(ctx context.Context, self string, days int) reply {
	now := time.Now().UTC()
	figures, err := s.desk.OncallReport(ctx, incident.Person(self), now.Add(-time.Duration(days)*24*time.Hour), now)
	if errors.Is(err, context.DeadlineExceeded) {
		return ephemeral("That took too long just now. Please try again, or ask for fewer days, as in `" + s.opt.OncallCommand + " report 14`.")
	}
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	blocks := []slack.Block{section(s.opt.Burden.ownFigures(figures, self, days))}
	if len(figures.Unread) > 0 {
		blocks = append(blocks, contextLine("What these asked of people is not counted, since their archive files cannot be read: "+incident.FirstOf(figures.Unread, 20)+"."))
	}
	if text := s.opt.Burden.leadFigures(s.people.Current().Roster, figures, self); text != "" {
		blocks = append(blocks, section(clip(text, 2900)))
	}
	if teams := ledBy(s.people.Current().Roster, self); len(teams) > 0 {
		data, err := s.desk.Figures(ctx, incident.Person(self), now.Add(-time.Duration(days)*24*time.Hour), now)
		if err != nil {
			return ephemeral(s.trouble(err))
		}
		if text := serviceFigures(s.people.Current().Roster, data, teams); text != "" {
			blocks = append(blocks, section(clip(text, 2900)))
		}
	}
	return ephemeral("Your figures of on call", append(blocks, contextLine("Only you see this. Times are on your own clock; nobody is ranked."))...)
}

// Burden is from when on figures of on call say that it is too much.
type Burden struct {
	PagesPerShift int // incidents for which a rotation is paged within twelve hours
	NightsPerWeek int // interrupted, of one person
	SharePercent  int // of the time, of one person
}

// ownFigures are one person's figures, for that person.
func (b Burden) ownFigures(o report.OnCall, self string, days int) string {
	head := "*Your figures of the last " + incident.Count(days, "day", "days") + "*\n"
	i := slices.IndexFunc(o.People, func(p report.Person) bool { return p.ID == self })
	if i < 0 {
		return head + "You were not on call and were not paged."
	}
	p := o.People[i]
	lines := []string{
		fmt.Sprintf("On call %s, %d %% of the time: %s in business hours, %s on other weekday hours, %s at weekends, %s on holidays",
			whole(p.Business+p.WeekdayOff+p.Weekend+p.Holiday), p.Share, whole(p.Business), whole(p.WeekdayOff), whole(p.Weekend), whole(p.Holiday)),
	}
	if p.Gained > 0 || p.Lost > 0 {
		lines = append(lines, fmt.Sprintf("%s taken over from others, %s given away", whole(p.Gained), whole(p.Lost)))
	}
	lines = append(lines,
		fmt.Sprintf("Interrupted %s: %d in business hours, %d off, %d asleep · %s, at most %d in a row · %s on call",
			incident.Count(p.Interruptions, "time", "times"), p.InBusiness, p.InOff, p.InSleep, incident.Count(p.Nights, "night", "nights"), p.LongestRun, incident.Count(p.WeekendsOnCall, "weekend", "weekends")),
		fmt.Sprintf("%s: %d answered by you, %d by others, %d by nobody · %d with nothing to do, %d repeated within a day",
			incident.Count(p.Pages, "page", "pages"), p.OwnAnswers, p.Others, p.Unanswered, p.Nothing, p.Repeated))
	if p.Awake > 0 {
		lines = append(lines, "Awake at night for "+long(time.Duration(p.Awake)*time.Minute)+", from the first page to the last thing you did")
	}
	lines = append(lines, b.weekLines(p, days)...)
	if n := len(p.Rests); n > 0 {
		last := p.Rests[n-1]
		lines = append(lines, fmt.Sprintf(":warning: After %s less than 11 hours of rest were left, last at %s: a late start or a cover is in order", incident.Count(n, "night", "nights"), at(last.Ack)))
	}
	return head + strings.Join(lines, "\n")
}

// weeksMost is how many weeks are shown, the latest ones.
const weeksMost = 6

// weekLines show in which weeks somebody was interrupted, and say of those with too many
// interrupts at night that it is much. Whoever was not paged for a quarter of a year is
// out of practice.
func (b Burden) weekLines(p report.Person, days int) []string {
	var list, much []string
	for _, w := range p.Weeks[max(0, len(p.Weeks)-weeksMost):] {
		text := fmt.Sprintf("%s: %d", weekOf(w.Week), w.Interrupts)
		if w.Hurts > 0 {
			text += fmt.Sprintf(" (%d at night or on a day off)", w.Hurts)
		}
		if list = append(list, text); w.Nights > b.NightsPerWeek {
			much = append(much, "the week of "+weekOf(w.Week))
		}
	}
	switch {
	case len(list) == 0 && days < 90:
		return nil
	case len(list) == 0:
		return []string{"Nothing interrupted you in that time. A drill keeps in practice: `declare TEXT drill`."}
	case len(much) == 0:
		return []string{"Interrupts by week, from its Monday on: " + strings.Join(list, ", ")}
	default:
		return []string{"Interrupts by week, from its Monday on: " + strings.Join(list, ", "),
			":warning: More than " + incident.Count(b.NightsPerWeek, "night", "nights") + " in " + strings.Join(much, ", ") + ": share the rotation, let sev3 wait for the morning, or fix the noisiest service first"}
	}
}

// weekOf is the Monday of a week that is named as ISO 8601 does, 2026-W38.
func weekOf(iso string) string {
	var year, week int
	if n, _ := fmt.Sscanf(iso, "%d-W%d", &year, &week); n != 2 {
		return iso
	}
	first := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // always in the first week
	monday := first.AddDate(0, 0, 7*(week-1)-(int(first.Weekday())+6)%7)
	return monday.Format("2 January")
}

// gapWords say how long nobody was on call; empty: somebody was all the time.
func gapWords(x report.Rotation) string {
	if x.Gaps == 0 {
		return ""
	}
	return ", " + incident.Count(x.Gaps, "gap", "gaps") + " (" + whole(x.GapMinutes) + ")"
}

// ledBy names the teams that somebody leads.
func ledBy(r *rotation.Roster, person string) []string {
	var teams []string
	for _, t := range r.Teams {
		if t.Lead == person {
			teams = append(teams, t.ID)
		}
	}
	return teams
}

// serviceFigures are what the services of teams did, and what was promised of them. They
// name nobody.
func serviceFigures(r *rotation.Roster, data report.Data, teams []string) string {
	var lines []string
	for _, x := range report.ServicesOf(data).Services {
		if !slices.Contains(teams, x.Team) {
			continue
		}
		name := x.Service
		if s, ok := r.Service(x.Service); ok {
			name = s.Name
		}
		line := fmt.Sprintf("*%s*: %s · %s", esc(name), incident.Count(x.Incidents, "incident", "incidents"), x.Burden.Words())
		if x.Mitigate.N > 0 {
			line += " · mitigated after " + x.Mitigate.Words()
		}
		if n := len(x.Fixes); n > 0 {
			line += fmt.Sprintf(" · %s open, the oldest %s old", incident.Count(n, "permanent fix", "permanent fixes"), incident.Count(x.Fixes[0].Age, "day", "days"))
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return ""
	}
	data.Cases = slices.DeleteFunc(slices.Clone(data.Cases), func(c report.Case) bool { return !slices.Contains(teams, c.Team) })
	kept := report.PromisesOf(data)
	if out := kept.LeftOutWords(); out != "" {
		lines = append(lines, "Left out: "+out)
	}
	if kept.All.Incidents.Of > 0 {
		lines = append(lines, "Promises: "+kept.All.Words())
	}
	misses := report.MissesWords(kept.All.Misses)
	for _, m := range misses[:min(len(misses), 5)] {
		lines = append(lines, "Missed: "+esc(m))
	}
	return "*Your teams' services*\n" + strings.Join(lines, "\n")
}

func whole(minutes int) string { return fmt.Sprintf("%d h", (minutes+30)/60) }

// leadFigures are how the rotations of the teams hold that somebody leads.
func (b Burden) leadFigures(r *rotation.Roster, o report.OnCall, self string) string {
	var lines []string
	for _, x := range o.Rotations {
		t, ok := r.Team(x.Team)
		if !ok || t.Lead != self {
			continue
		}
		line := fmt.Sprintf("*%s*: covered %d %%%s · %s, %.2g per 12 h, at most %d within 12 h · %s, load balanced to %d %%, nobody more than %d %% of the time",
			esc(x.ID), x.Coverage, gapWords(x), incident.Count(x.Pages, "page", "pages"), x.PagesPer12h, x.Worst12h, incident.Count(x.People, "person", "people"), x.Balance, x.MostShare)
		if much := b.tooMuch(x); len(much) > 0 {
			line += "\n:warning: " + strings.Join(much, "; ")
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return ""
	}
	return "*Your teams' rotations*\n" + strings.Join(lines, "\n")
}

// tooMuch names the thresholds that a rotation is over, with a way out.
func (b Burden) tooMuch(x report.Rotation) []string {
	var list []string
	if x.Incidents12 > b.PagesPerShift {
		list = append(list, "more than "+incident.Count(b.PagesPerShift, "incident", "incidents")+" within 12 hours: fix the noisiest service first")
	}
	if x.MostShare > b.SharePercent {
		list = append(list, fmt.Sprintf("somebody is on call more than %d %% of the time: share the rotation among more people", b.SharePercent))
	}
	return list
}
