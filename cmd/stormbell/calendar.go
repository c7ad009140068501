package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/rotation/calendar"
)

// calendarFlags say what a calendar shows, and how.
type calendarFlags struct {
	operatorFlags
	roster, team, from, zone, html, png string
	weeks                               int
}

// calendarWeeksMost is how many weeks a calendar has at most.
const calendarWeeksMost = 26

func calendarCommand(p process) *cobra.Command {
	var f calendarFlags
	cmd := &cobra.Command{
		Use:   "calendar --roster FILE|--config FILE [--team ID] [--from DATE] [--weeks N] [--zone ZONE] [--html FILE|--png FILE]",
		Short: "Who is on call as a picture: bars here, or a page, or an image",
		Long: "Draws who is on call, with overrides, swaps and absences applied, and with the gaps in\n" +
			"which nobody is. With --roster it is drawn from a file alone, with --config from the\n" +
			"roster that the bot has. Days are those of your own clock, or of --zone.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, p) },
	}
	cmd.Flags().StringVar(&f.roster, "roster", "", "the roster `FILE`, in the place of --config")
	configFlag(cmd, &f.config)
	cmd.Flags().StringVar(&f.team, "team", "", "only the rotations of the team with this `ID` or name")
	cmd.Flags().StringVar(&f.from, "from", "", "the first day as `DATE`, as in 2026-03-29; by default the Monday of this week")
	cmd.Flags().IntVar(&f.weeks, "weeks", 2, fmt.Sprintf("`N` weeks, from 1 to %d", calendarWeeksMost))
	cmd.Flags().StringVar(&f.zone, "zone", "", "the time `ZONE` of the days, as in Europe/Berlin; by default this machine's")
	cmd.Flags().StringVar(&f.html, "html", "", "write a page to `FILE`")
	cmd.Flags().StringVar(&f.png, "png", "", "write an image to `FILE`")
	return cmd
}

func (f *calendarFlags) run(cmd *cobra.Command, p process) error {
	o, err := f.options(cmd)
	if err != nil {
		return err
	}
	roster, name, err := f.read(cmd, p)
	if err != nil {
		return err
	}
	if o.Rotations, err = ofTeam(roster, f.team, name); err != nil {
		return err
	}
	chart, now := calendar.New(roster, o), time.Now()
	if f.html == "" && f.png == "" {
		_, err = fmt.Fprint(p.Out, chart.Text())
		return err
	}
	var b bytes.Buffer
	path := f.html
	if path != "" {
		err = chart.WriteHTML(&b, now)
	} else {
		path = f.png
		err = chart.WritePNG(&b, now)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("cannot write the calendar: %v", err)
	}
	return nil
}

// options reads the period and the zone.
func (f *calendarFlags) options(cmd *cobra.Command) (calendar.Options, error) {
	o := calendar.Options{Weeks: f.weeks}
	switch {
	case (f.roster == "") == (f.config == ""):
		return o, wrong(cmd, "give either --roster or --config")
	case f.html != "" && f.png != "":
		return o, wrong(cmd, "--html and --png exclude each other")
	case f.weeks < 1 || f.weeks > calendarWeeksMost:
		return o, wrong(cmd, fmt.Sprintf("--weeks must be a number from 1 to %d", calendarWeeksMost))
	}
	zone, err := zoneFlag(cmd, f.zone)
	if err != nil {
		return o, err
	}
	o.Zone = zone
	now := time.Now().In(o.Zone)
	o.From = time.Date(now.Year(), now.Month(), now.Day()-int(now.Weekday()+6)%7, 12, 0, 0, 0, o.Zone)
	if f.from != "" {
		day, err := time.ParseInLocation(time.DateOnly, f.from, o.Zone)
		if err != nil {
			return o, wrong(cmd, "--from "+f.from+": not a day, write it like 2026-03-29")
		}
		o.From = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, o.Zone) // midnight may be skipped
	}
	return o, nil
}

// zoneFlag is the zone of a drawing: this machine's where none is named.
func zoneFlag(cmd *cobra.Command, name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, wrong(cmd, "--zone "+name+": there is no such time zone, write it like Europe/Berlin")
	}
	return zone, nil
}

// read reads the roster of a file, or that of the bot.
func (f *calendarFlags) read(cmd *cobra.Command, p process) (r *rotation.Roster, name string, err error) {
	if f.roster != "" {
		r, err = readRoster(f.roster)
		return r, f.roster, err
	}
	text, _, err := liveText(cmd, p, &f.operatorFlags, 0)
	if err != nil {
		return nil, "", err
	}
	r, err = rotation.Parse("roster", text)
	return r, "the roster", err
}

// ofTeam returns the rotations of a team, or all where none is named.
func ofTeam(r *rotation.Roster, team, file string) ([]*rotation.Rotation, error) {
	var list []*rotation.Rotation
	var known []string
	for n := range r.Rotations {
		x := &r.Rotations[n]
		t, ok := r.Team(x.Team)
		if ok && !slices.Contains(known, t.ID) {
			known = append(known, t.ID)
		}
		if team == "" || ok && (strings.EqualFold(t.ID, team) || strings.EqualFold(t.Name, team)) {
			list = append(list, x)
		}
	}
	if team != "" && len(list) == 0 {
		return nil, unknownEntry("team with a rotation", team, file, known)
	}
	return list, nil
}
