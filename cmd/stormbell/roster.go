package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/rotation"
)

func rosterCommand(p process) *cobra.Command {
	return groupCommand("roster", "The people, rotations, policies and services as one file",
		rosterExportCommand(p), rosterPlanCommand(p))
}

func rosterExportCommand(p process) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "export --roster FILE",
		Short: "Print a roster in its canonical form",
		Long: "Prints the roster as this program writes it: every key in the order of the\n" +
			"documentation, comments left out. Applying what it prints changes nothing.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "roster"); err != nil {
				return err
			}
			roster, err := readRoster(path)
			if err != nil {
				return err
			}
			_, err = p.Out.Write(roster.Export())
			return err
		},
	}
	cmd.Flags().StringVar(&path, "roster", "", "the roster `FILE`")
	return cmd
}

// planAhead is how far a plan looks for who would be on call differently.
const planAhead = 28 * 24 * time.Hour

func rosterPlanCommand(p process) *cobra.Command {
	var current string
	var from, to instant
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan --roster CURRENT [--from TIME] [--to TIME] [--json] FILE",
		Short: "What a roster file would change",
		Long: "Compares FILE with the roster that holds, and prints which entries would change\n" +
			"and who would be on call differently, without changing anything.\n",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "roster"); err != nil {
				return err
			}
			start := from.or(time.Now().Truncate(time.Second))
			end := to.or(start.Add(planAhead))
			if !start.Before(end) {
				return wrong(cmd, "--to must be after --from")
			}
			before, err := readRoster(current)
			if err != nil {
				return err
			}
			after, err := readRoster(args[0])
			if err != nil {
				return err
			}
			return printPlan(p.Out, comparePlans(before, after, start, end), asJSON)
		},
	}
	cmd.Flags().StringVar(&current, "roster", "", "the roster that holds, the file `CURRENT`")
	cmd.Flags().Var(&from, "from", "who is on call from here, RFC 3339; now without it")
	cmd.Flags().Var(&to, "to", "to here; 28 days later without it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON")
	return cmd
}

func comparePlans(before, after *rotation.Roster, from, to time.Time) plan {
	return plan{
		From: from, To: to,
		Changes: changes(before, after),
		OnCall:  dutyChanges(before, after, from, to),
	}
}

func printPlan(w io.Writer, made plan, asJSON bool) error {
	if asJSON {
		return printJSON(w, made)
	}
	if len(made.Changes) == 0 {
		_, err := fmt.Fprintln(w, "nothing would change")
		return err
	}
	for _, c := range made.Changes {
		fmt.Fprintln(w, c)
	}
	span := fmt.Sprintf("from %s to %s", made.From.Format(time.RFC3339), made.To.Format(time.RFC3339))
	if len(made.OnCall) == 0 {
		_, err := fmt.Fprintf(w, "\nnobody would be on call differently %s\n", span)
		return err
	}
	fmt.Fprintf(w, "\non call differently %s:\n", span)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROTATION\tSTART\tEND\tNOW\tTHEN")
	for _, d := range made.OnCall {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Rotation, d.Start.Format(time.RFC3339), d.End.Format(time.RFC3339),
			people(d.Before, "nobody"), people(d.After, "nobody"))
	}
	return table.Flush()
}
