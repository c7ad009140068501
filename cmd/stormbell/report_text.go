package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

// lines are those of a report, and the first error of writing them.
type lines struct {
	w   io.Writer
	err error
}

func (p *lines) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// head says what a report is about, and what it leaves out.
func (p *lines) head(h report.Head, zone *time.Location) {
	const minute = "2006-01-02 15:04"
	p.line("Incidents declared from %s to %s (%s): %d", h.From.In(zone).Format(minute), h.To.In(zone).Format(minute), zone, h.Counts.Counted)
	if out := h.LeftOutWords(); out != "" {
		p.line("Left out: %s", out)
	}
}

func incidentsText(w io.Writer, answer []byte, zone *time.Location) error {
	var r report.Incidents
	if err := read(answer, &r); err != nil {
		return err
	}
	p := &lines{w: w}
	p.head(r.Head, zone)
	p.line("\nHighest severity: %s", report.CountsWords(r.BySeverity))
	p.line("Symptom: %s", report.CountsWords(r.BySymptom))
	p.line("Service: %s", report.CountsWords(r.ByService))
	p.line("First seen by: %s", report.CountsWords(r.FirstSeenBy))
	p.line("\nHow long it took")
	for _, d := range r.Durations {
		p.line("  %s, from %s to %s", strings.ReplaceAll(string(d.Measure), "_", " "), d.Start, d.End)
		p.line("    %s", d.Words())
		if d.N > 0 {
			p.line("    against the period before: %s", d.Against.Words())
		}
		if hand := byHand(d.Points); len(hand) > 0 {
			p.line("    an end was set by hand: %s", incident.FirstOf(hand, 20))
		}
		for _, u := range d.Unknown {
			p.line("    not counted: %s, %s", u.Incident, u.Why)
		}
	}
	p.line("\nThe first page reached the owner: %s", r.FirstPages.Words())
	p.line("On call: %s", r.Interrupts.Words())
	for _, a := range r.Answers {
		p.line("  %s, %s: %s, %s; not by whoever was paged: %d", a.Via, a.Band, incident.Count(a.Pages, "page", "pages"), answeredWords(a.Minutes), a.Unanswered)
	}
	for _, c := range r.CameBack {
		p.line("Came back: %s, while %s was still to be done", c.Incident, c.Fix)
	}
	p.line("Written down: %s", r.Learned.Words())
	for _, role := range slices.Sorted(maps.Keys(r.Minutes)) {
		p.line("Time with the role of %s: %s min in all", role, trimmed(r.Minutes[role]))
	}
	return p.err
}

func byHand(points []report.Point) []string {
	var names []string
	for _, x := range points {
		if x.ByHand {
			names = append(names, x.Incident)
		}
	}
	return names
}

func answeredWords(list []float64) string {
	if len(list) == 0 {
		return "none answered"
	}
	var parts []string
	for _, m := range list[:min(len(list), 20)] {
		parts = append(parts, trimmed(m))
	}
	if more := len(list) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return "answered after " + strings.Join(parts, ", ") + " min"
}

// trimmed is a number without zeroes that say nothing.
func trimmed(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func incidentsRows(answer []byte) ([][]string, error) {
	var r report.Incidents
	if err := read(answer, &r); err != nil {
		return nil, err
	}
	rows := [][]string{{"incident", "measure", "from_event", "to_event", "minutes", "set_by_hand", "not_counted_because"}}
	for _, d := range r.Durations {
		for _, x := range d.Points {
			rows = append(rows, []string{x.Incident, string(d.Measure), d.Start, d.End, trimmed(x.Minutes), strconv.FormatBool(x.ByHand), ""})
		}
		for _, u := range d.Unknown {
			rows = append(rows, []string{u.Incident, string(d.Measure), d.Start, d.End, "", "", u.Why})
		}
	}
	for _, l := range r.LeftOut {
		rows = append(rows, []string{l.Incident, "", "", "", "", "", l.Why})
	}
	return rows, nil
}

func servicesText(w io.Writer, answer []byte, zone *time.Location) error {
	var r report.Services
	if err := read(answer, &r); err != nil {
		return err
	}
	p := &lines{w: w}
	p.head(r.Head, zone)
	for _, s := range r.Services {
		p.line("\n%s (%s)", s.Service, dash(s.Team))
		p.line("  incidents: %d (%s)", s.Incidents, report.CountsWords(s.BySeverity))
		p.line("  impact: %s", s.Impact.Words())
		p.line("  mitigated after: %s", s.Mitigate.Words())
		p.line("  on call: %s", s.Burden.Words())
		if len(s.NightPages) > 0 {
			p.line("  somebody was woken for %s", incident.FirstOf(s.NightPages, 20))
		}
		if s.FirstPages.Of > 0 {
			p.line("  the first page reached the owner: %s", s.FirstPages.Words())
		}
		for _, f := range s.Fixes {
			p.line("  open permanent fix: %s", f.Words(zone))
		}
		for _, c := range s.CameBack {
			p.line("  came back: %s, while %s was still to be done", c.Incident, c.Fix)
		}
	}
	return p.err
}

func servicesRows(answer []byte) ([][]string, error) {
	var r report.Services
	if err := read(answer, &r); err != nil {
		return nil, err
	}
	rows := [][]string{{"service", "team", "incidents", "impact_n", "impact_median_minutes", "mitigate_n", "mitigate_median_minutes",
		"interrupts", "night", "weekend", "night_or_weekend", "first_pages", "first_pages_reached_owner", "reroutes", "open_permanent_fixes", "oldest_days", "came_back"}}
	for _, s := range r.Services {
		oldest := ""
		if len(s.Fixes) > 0 {
			oldest = strconv.Itoa(s.Fixes[0].Age)
		}
		rows = append(rows, []string{s.Service, s.Team, strconv.Itoa(s.Incidents), strconv.Itoa(s.Impact.N), orEmpty(s.Impact.Median), strconv.Itoa(s.Mitigate.N), orEmpty(s.Mitigate.Median),
			strconv.Itoa(s.Interrupts), strconv.Itoa(s.Night), strconv.Itoa(s.Weekend), strconv.Itoa(s.Hurts), strconv.Itoa(s.FirstPages.Of), strconv.Itoa(s.FirstPages.Met),
			strconv.Itoa(s.Reroutes), strconv.Itoa(len(s.Fixes)), oldest, strconv.Itoa(len(s.CameBack))})
	}
	return rows, nil
}

func orEmpty(f *float64) string {
	if f == nil {
		return ""
	}
	return trimmed(*f)
}

func alertsText(w io.Writer, answer []byte, zone *time.Location) error {
	var r report.Alerts
	if err := read(answer, &r); err != nil {
		return err
	}
	p := &lines{w: w}
	p.head(r.Head, zone)
	p.line("")
	if p.err == nil {
		p.err = printRows(w, alertRows(r), false)
	}
	if len(r.Often) > 0 {
		p.line("\nFired more than once since they were first seen")
	}
	for _, o := range r.Often {
		p.line("  %d times: %s (%s, %s)", o.Times, o.Title, o.Sender, dash(o.Service))
	}
	return p.err
}

func alertsRows(answer []byte) ([][]string, error) {
	var r report.Alerts
	err := read(answer, &r)
	return alertRows(r), err
}

func alertRows(r report.Alerts) [][]string {
	rows := [][]string{{"of", "name", "alerts", "firing", "opened", "joined", "only_counted", "held_back", "incidents", "nothing_to_do", "again_within_day"}}
	add := func(of, name string, l report.AlertLine) {
		row := []string{of, name}
		for _, n := range []int{l.Alerts, l.Firing, l.Opened, l.Joined, l.Counted, l.HeldBack, l.Incidents, l.Nothing, l.Again} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	add("all", "", r.Seen)
	for _, l := range r.Services {
		add("service", l.Service, l)
	}
	for _, l := range r.Senders {
		add("sender", l.Sender, l)
	}
	return rows
}

func promisesText(w io.Writer, answer []byte, zone *time.Location) error {
	var r report.Promises
	if err := read(answer, &r); err != nil {
		return err
	}
	p := &lines{w: w}
	p.head(r.Head, zone)
	p.line("\nAll agreements: %s", r.All.Words())
	for _, k := range r.Agreements {
		p.line("\n%s: %s", k.Agreement, k.Words())
		for _, m := range report.MissesWords(k.Misses) {
			p.line("  missed: %s", m)
		}
	}
	if open := report.Unanswered(r.All.Misses); len(open) > 0 {
		p.line("\nMissed, with neither a follow-up nor an acceptance: %s. Open a follow-up with `task`, or say with `accept REASON` why it is accepted.", incident.FirstOf(open, 20))
	}
	return p.err
}

func promisesRows(answer []byte) ([][]string, error) {
	var r report.Promises
	if err := read(answer, &r); err != nil {
		return nil, err
	}
	rows := [][]string{{"agreement", "promise", "of", "met", "missed", "missed_without_follow_up_or_acceptance"}}
	for _, k := range r.Agreements {
		for _, x := range []struct {
			promise string
			Ratio   report.Ratio
		}{{"acknowledge", k.Ack}, {"update", k.Update}, {"restore", k.Restore}} {
			misses := slices.DeleteFunc(slices.Clone(k.Misses), func(m report.Miss) bool { return m.Promise != x.promise })
			var names []string
			for _, m := range misses {
				names = append(names, m.Incident)
			}
			rows = append(rows, []string{k.Agreement, x.promise, strconv.Itoa(x.Ratio.Of), strconv.Itoa(x.Ratio.Met), strings.Join(names, " "), strings.Join(report.Unanswered(misses), " ")})
		}
	}
	return rows, nil
}

func followUpsText(w io.Writer, answer []byte, zone *time.Location) error {
	var r report.FollowUps
	if err := read(answer, &r); err != nil {
		return err
	}
	p := &lines{w: w}
	p.head(r.Head, zone)
	p.line("\nOpened in that time: %s", r.Opened.Words())
	p.line("Permanent fixes among them: %s", r.PermanentFixes.Words())
	p.line("Due in that time: %s", r.Due.Words())
	if len(r.StillOpen) > 0 {
		p.line("\nStill to be done")
	}
	for _, o := range r.StillOpen {
		p.line("  %s (%s)", o.Words(zone), dash(o.Team))
	}
	for _, d := range r.Dropped {
		p.line("Decided against: %s %s", d.ID, d.Reason)
	}
	return p.err
}

func followUpsRows(answer []byte) ([][]string, error) {
	var r report.FollowUps
	if err := read(answer, &r); err != nil {
		return nil, err
	}
	rows := [][]string{{"id", "kind", "title", "team", "service", "opened", "age_days", "due", "overdue"}}
	for _, o := range r.StillOpen {
		due := ""
		if o.Due != nil {
			due = o.Due.Format(time.RFC3339)
		}
		rows = append(rows, []string{o.ID, o.Kind, o.Title, o.Team, o.Service, o.Opened.Format(time.RFC3339), strconv.Itoa(o.Age), due, strconv.FormatBool(o.Overdue)})
	}
	return rows, nil
}
