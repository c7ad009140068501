package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/rotation/calendar"
	"github.com/stormbell/stormbell/rotation/importer"
)

// comparedWeeksMost is how many weeks the picture of a comparison has at most.
const comparedWeeksMost = 8

// compareFlags say what is compared, and on whose clock it is drawn.
type compareFlags struct {
	rosterFlags
	old, system, zone string
	export            []string
	from, to, at      instant
}

func compareCommand(p process) *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare --roster NEW --roster-old OLD|--export OLD… --from TIME --to TIME [--rotation ID] [--system NAME] [--at TIME] [--zone ZONE] [--json]",
		Short: "Where two schedules put different people on call",
		Long: "Lays the rotations of a roster beside those of another one, or of another system's\n" +
			"export, and prints every stretch of time in which they have different people on call.\n" +
			"Rotations with the same ID are compared; people with the same mail address are the\n" +
			"same. Where an export holds the schedules as the other system renders them, that is\n" +
			"what counts, otherwise what an import makes of it. Without --json the weeks with a\n" +
			"difference are drawn, too.\n",
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.old, "roster-old", "", "the roster `FILE` to compare with")
	cmd.Flags().StringArrayVar(&f.export, "export", nil, "a `FILE` or folder of another system's export to compare with; may be given again")
	cmd.Flags().StringVar(&f.system, "system", "", "the `NAME` of the system that exported it; by default its content tells")
	cmd.Flags().Var(&f.from, "from", "where the range begins, RFC 3339")
	cmd.Flags().Var(&f.to, "to", "where it ends, RFC 3339")
	cmd.Flags().Var(&f.at, "at", "when the export was made, RFC 3339; by default at --from")
	cmd.Flags().StringVar(&f.zone, "zone", "", "the time `ZONE` of the drawing, as in Europe/Berlin; by default this machine's")
	return cmd
}

// comparedWith is the other side of a comparison.
type comparedWith struct {
	roster    *rotation.Roster
	timelines []rotation.Timeline
	imported  *importer.Result // nil for a roster file
}

func (f *compareFlags) run(cmd *cobra.Command, p process, args []string) error {
	zone, err := f.check(cmd, args)
	if err != nil {
		return err
	}
	roster, err := f.load(cmd)
	if err != nil {
		return err
	}
	if _, err := f.rotations(roster); err != nil {
		return err
	}
	old, err := f.other(p, append(slices.Clone(f.export), args...))
	if err != nil {
		return err
	}
	c := rotation.Compare(f.asked(old.timelines), f.asked(roster.Timelines(f.from.Time, f.to.Time)), rotation.SamePeople(old.roster, roster))
	a := f.answer(c, old)
	if f.json {
		return printJSON(p.Out, a)
	}
	return a.print(p.Out, c, zone)
}

// check looks at what was asked for.
func (f *compareFlags) check(cmd *cobra.Command, args []string) (*time.Location, error) {
	if err := required(cmd, "roster", "from", "to"); err != nil {
		return nil, err
	}
	switch {
	case len(args) > 0 && len(f.export) == 0:
		return nil, noArguments(cmd, args)
	case (f.old == "") == (len(f.export) == 0):
		return nil, wrong(cmd, "give either --roster-old or --export")
	case !f.from.Before(f.to.Time):
		return nil, wrong(cmd, "--to must be after --from")
	case f.system != "" && !slices.Contains(importer.Systems(), f.system):
		return nil, wrong(cmd, fmt.Sprintf("there is no system %q; it is one of %s", f.system, strings.Join(importer.Systems(), ", ")))
	}
	return zoneFlag(cmd, f.zone)
}

// other reads what the roster is compared with.
func (f *compareFlags) other(p process, export []string) (comparedWith, error) {
	if f.old != "" {
		r, err := readRoster(f.old)
		if err != nil {
			return comparedWith{}, err
		}
		return comparedWith{roster: r, timelines: r.Timelines(f.from.Time, f.to.Time)}, nil
	}
	files := exportFiles(p.In, export, ".json")
	system := f.system
	if system == "" {
		detected, ok := importer.Detect(files)
		if !ok {
			detected = importer.Systems()[0] // whose refusal says what is wrong with the files
			if !slices.ContainsFunc(files, func(x importer.File) bool { return x.Refused != nil }) {
				return comparedWith{}, errors.New("the export looks like that of no system; see docs on moving in")
			}
		}
		system = detected
	}
	result, err := importer.Import(system, files, importer.Options{At: f.at.or(f.from.Time).Truncate(time.Second)})
	if err != nil {
		return comparedWith{}, err
	}
	return comparedWith{result.Roster, result.Timelines(f.from.Time, f.to.Time), result}, nil
}

// asked are the timelines of the rotations that are asked for.
func (f *compareFlags) asked(list []rotation.Timeline) []rotation.Timeline {
	return slices.DeleteFunc(list, func(t rotation.Timeline) bool { return f.rotation != "" && t.Rotation != f.rotation })
}

// compareAnswer is the JSON of a comparison.
type compareAnswer struct {
	From        time.Time        `json:"from"`
	To          time.Time        `json:"to"`
	Differences int              `json:"differences"`
	Rotations   []comparedAnswer `json:"rotations"`
	OnlyOld     []string         `json:"only_old"`
	OnlyNew     []string         `json:"only_new"`
}

// comparedAnswer is the JSON of one rotation that both have. Rendered is the range in
// which the other side is as its system renders it.
type comparedAnswer struct {
	Rotation         string         `json:"rotation"`
	Stretches        int            `json:"stretches"`
	ComparedSeconds  int64          `json:"compared_seconds"`
	DifferentSeconds int64          `json:"different_seconds"`
	Rendered         *rangeAnswer   `json:"rendered"`
	Differences      []changeAnswer `json:"differences"`
}

type rangeAnswer struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// changeAnswer is the JSON of one difference.
type changeAnswer struct {
	rangeAnswer
	Old    []string `json:"old"`
	New    []string `json:"new"`
	Reason string   `json:"reason,omitempty"`
}

func (f *compareFlags) answer(c rotation.Comparison, old comparedWith) compareAnswer {
	a := compareAnswer{From: f.from.Time, To: f.to.Time, Rotations: []comparedAnswer{}, OnlyOld: named(c.OnlyOld), OnlyNew: named(c.OnlyNew)}
	for _, r := range c.Rotations {
		all, different := r.Time()
		x := comparedAnswer{Rotation: r.Rotation, Stretches: len(r.Stretches), ComparedSeconds: int64(all / time.Second),
			DifferentSeconds: int64(different / time.Second), Rendered: old.rendered(r.Rotation), Differences: []changeAnswer{}}
		for _, s := range r.Changes() {
			x.Differences = append(x.Differences, changeAnswer{rangeAnswer{s.Start.UTC(), s.End.UTC()}, named(s.Before), named(s.After), old.reason(s)})
		}
		a.Differences += len(x.Differences)
		a.Rotations = append(a.Rotations, x)
	}
	return a
}

// rendered is the range over which the other system's own rendering is known.
func (o comparedWith) rendered(id string) *rangeAnswer {
	if o.imported == nil {
		return nil
	}
	for _, t := range o.imported.Rendered {
		if n := len(t.Segments); t.Rotation == id && n > 0 {
			return &rangeAnswer{t.Segments[0].Start.UTC(), t.Segments[n-1].End.UTC()}
		}
	}
	return nil
}

// reason is why the sides differ, where it is known.
func (o comparedWith) reason(s rotation.ShiftChange) string {
	if o.imported == nil {
		return ""
	}
	return o.imported.Reason(s)
}

// print says it in words, and draws the weeks in which something differs.
func (a compareAnswer) print(w io.Writer, c rotation.Comparison, zone *time.Location) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROTATION\tSTRETCHES\tDIFFERENCES\tDIFFERENT\tCOMPARED")
	for _, r := range a.Rotations {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", r.Rotation, r.Stretches, len(r.Differences), inSeconds(r.DifferentSeconds), inSeconds(r.ComparedSeconds))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range a.Rotations {
		if r.Rendered != nil {
			fmt.Fprintf(w, "as the other system renders it: %s from %s to %s\n", r.Rotation, r.Rendered.Start.Format(time.RFC3339), r.Rendered.End.Format(time.RFC3339))
		}
	}
	for _, id := range a.OnlyOld {
		fmt.Fprintf(w, "only in the old: %s\n", id)
	}
	for _, id := range a.OnlyNew {
		fmt.Fprintf(w, "only in the new: %s\n", id)
	}
	switch {
	case len(a.Rotations) == 0:
		_, err := fmt.Fprintln(w, "\nNo rotation is on both sides, so nothing was compared.")
		return err
	case a.Differences == 0:
		_, err := fmt.Fprintln(w, "\nThe same people are on call at every instant compared.")
		return err
	}
	return a.printDifferences(w, c, zone)
}

func (a compareAnswer) printDifferences(w io.Writer, c rotation.Comparison, zone *time.Location) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nROTATION\tSTART\tEND\tOLD\tNEW")
	for _, r := range a.Rotations {
		for _, s := range r.Differences {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Rotation, s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339), people(s.Old, "nobody"), people(s.New, "nobody"))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var said []string
	for _, r := range a.Rotations {
		for _, s := range r.Differences {
			if line := r.Rotation + ": " + s.Reason; s.Reason != "" && !slices.Contains(said, line) {
				said = append(said, line)
				fmt.Fprintf(w, "reason: %s\n", line)
			}
		}
	}
	chart, more := calendar.Compare(c, zone, comparedWeeksMost)
	_, err := fmt.Fprintf(w, "\n%s", chart.Text())
	if err == nil && more > 0 {
		_, err = fmt.Fprintf(w, "More weeks differ: %d. The list above has them.\n", more)
	}
	return err
}

// inSeconds is a length as the roster writes it.
func inSeconds(n int64) string { return rotation.DurationText(time.Duration(n) * time.Second) }
