package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	_ "time/tzdata" // rotations and people have zones, and a bare container has no database of them

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/rotation"
)

func oncallCommand(p process) *cobra.Command {
	return groupCommand("oncall", "Who is on call, why, and what it asked of people",
		whoCommand(p), shiftsCommand(p), calendarCommand(p), compareCommand(p), rehearseCommand(p), whyCommand(p), tryoutCommand(p), topicsCommand(p), oncallReportCommand(p))
}

// rosterFlags are those of every command that answers from a roster file.
type rosterFlags struct {
	roster   string
	rotation string
	json     bool
}

func (f *rosterFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.roster, "roster", "", "the roster `FILE`")
	cmd.Flags().StringVar(&f.rotation, "rotation", "", "the `ID` of one rotation; by default all")
	cmd.Flags().BoolVar(&f.json, "json", false, "one line of JSON")
}

// load returns the roster.
func (f *rosterFlags) load(cmd *cobra.Command) (*rotation.Roster, error) {
	if err := required(cmd, "roster"); err != nil {
		return nil, err
	}
	return readRoster(f.roster)
}

// rotations returns the rotations that are asked for, in the order of the file.
func (f *rosterFlags) rotations(roster *rotation.Roster) ([]*rotation.Rotation, error) {
	var list []*rotation.Rotation
	var known []string
	for i := range roster.Rotations {
		r := &roster.Rotations[i]
		known = append(known, r.ID)
		if f.rotation == "" || f.rotation == r.ID {
			list = append(list, r)
		}
	}
	if f.rotation == "" || len(list) > 0 {
		return list, nil
	}
	return nil, unknownEntry("rotation", f.rotation, f.roster, known)
}

// instant is a flag that holds a moment.
type instant struct{ time.Time }

func (i *instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.Format(time.RFC3339)
}

// Set reads RFC 3339.
func (i *instant) Set(s string) error {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("not an instant, write it like 2026-03-29T08:00:00Z or 2026-03-29T10:00:00+02:00")
	}
	i.Time = t.UTC()
	return nil
}

func (*instant) Type() string { return "TIME" }

// or returns the instant, or another where none was given.
func (i *instant) or(other time.Time) time.Time {
	if i.IsZero() {
		return other.UTC()
	}
	return i.Time
}

// whoAnswer is the JSON of one rotation at one instant. Since and Until are null
// where nothing changes within 400 days.
type whoAnswer struct {
	Rotation string     `json:"rotation"`
	At       time.Time  `json:"at"`
	OnCall   []string   `json:"on_call"`
	Shadow   []string   `json:"shadow"`
	Since    *time.Time `json:"since"`
	Until    *time.Time `json:"until"`
	By       string     `json:"by"`
}

func whoCommand(p process) *cobra.Command {
	var flags rosterFlags
	var at instant
	cmd := &cobra.Command{
		Use:   "who --roster FILE [--rotation ID] [--at TIME] [--json]",
		Short: "Who is on call at an instant",
		Long: "Prints who is on call at an instant, from a roster file alone, without the store or\n" +
			"the network. Changes made in Slack are not in the file, unless it is a new export.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			roster, err := flags.load(cmd)
			if err != nil {
				return err
			}
			rotations, err := flags.rotations(roster)
			if err != nil {
				return err
			}
			answers := who(rotations, at.or(time.Now()))
			if flags.json {
				return printJSON(p.Out, answers)
			}
			return printWho(p.Out, answers)
		},
	}
	flags.add(cmd)
	cmd.Flags().Var(&at, "at", "the instant, RFC 3339; by default now")
	return cmd
}

func who(rotations []*rotation.Rotation, at time.Time) []whoAnswer {
	answers := make([]whoAnswer, 0, len(rotations))
	for _, r := range rotations {
		o := r.At(at)
		answers = append(answers, whoAnswer{
			Rotation: r.ID, At: at, OnCall: named(o.People), Shadow: named(o.Shadows),
			Since: known(o.Since), Until: known(o.Until), By: o.By,
		})
	}
	return answers
}

// named is never nil, for JSON.
func named(words []string) []string { return append([]string{}, words...) }

// known is nil for an instant that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func printWho(w io.Writer, answers []whoAnswer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROTATION\tON CALL\tSHADOW\tSINCE\tUNTIL\tBY")
	for _, a := range answers {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Rotation, people(a.OnCall, "nobody"), people(a.Shadow, "-"),
			moment(a.Since), moment(a.Until), people([]string{a.By}, "-"))
	}
	return table.Flush()
}

// people joins names for a table; none is the word for nobody.
func people(names []string, none string) string {
	if joined := strings.Join(names, ", "); joined != "" {
		return joined
	}
	return none
}

func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}

// shift is the JSON of one segment of the final schedule.
type shift struct {
	Rotation string    `json:"rotation"`
	OnCall   []string  `json:"on_call"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
}

func shiftsCommand(p process) *cobra.Command {
	var flags rosterFlags
	var from, to instant
	var calendar bool
	cmd := &cobra.Command{
		Use:   "shifts --roster FILE [--rotation ID] --from TIME --to TIME [--json|--ical]",
		Short: "The final schedule over a range",
		Long: "Prints who is on call from one instant to another, with overrides, swaps and\n" +
			"absences applied: one line for each stretch of time with the same people, and also\n" +
			"for those with nobody. Times are UTC.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "roster", "from", "to"); err != nil {
				return err
			}
			switch {
			case !from.Before(to.Time):
				return wrong(cmd, "--to must be after --from")
			case flags.json && calendar:
				return wrong(cmd, "--json and --ical exclude each other")
			}
			roster, err := flags.load(cmd)
			if err != nil {
				return err
			}
			rotations, err := flags.rotations(roster)
			if err != nil {
				return err
			}
			list := shifts(rotations, from.Time, to.Time)
			switch {
			case flags.json:
				return printJSON(p.Out, list)
			case calendar:
				_, err := p.Out.Write(roster.Calendar(rotation.Feed{Rotations: ids(rotations), From: from.Time, To: to.Time, Stamp: time.Now()}))
				return err
			}
			return printShifts(p.Out, list)
		},
	}
	flags.add(cmd)
	cmd.Flags().Var(&from, "from", "where the range begins, RFC 3339")
	cmd.Flags().Var(&to, "to", "where it ends, RFC 3339")
	cmd.Flags().BoolVar(&calendar, "ical", false, "print an iCalendar file, without the stretches that have nobody")
	return cmd
}

func ids(rotations []*rotation.Rotation) []string {
	list := make([]string, 0, len(rotations))
	for _, r := range rotations {
		list = append(list, r.ID)
	}
	return list
}

func shifts(rotations []*rotation.Rotation, from, to time.Time) []shift {
	all := []shift{}
	for _, r := range rotations {
		for _, s := range r.Final(from, to) {
			all = append(all, shift{Rotation: r.ID, OnCall: named(s.People), Start: s.Start.UTC(), End: s.End.UTC()})
		}
	}
	return all
}

func printShifts(w io.Writer, all []shift) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROTATION\tSTART\tEND\tON CALL")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Rotation, s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339), people(s.OnCall, "nobody"))
	}
	return table.Flush()
}
