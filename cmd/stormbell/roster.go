package main

import (
	"fmt"
	"io"
	"strings"
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

// planJSON is a plan for a script. Its lists are never null.
type planJSON struct {
	Changes  []entryJSON `json:"changes"`
	OnCall   []dutyJSON  `json:"on_call"`
	Gaps     []gapJSON   `json:"gaps"` // where nobody would be on call any more
	Warnings []string    `json:"warnings"`
}

type entryJSON struct {
	Kind   string `json:"kind"`
	ID     string `json:"id,omitempty"`
	Change string `json:"change"` // added, removed or changed
}

type dutyJSON struct {
	Rotation string    `json:"rotation"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Before   []string  `json:"before"`
	After    []string  `json:"after"`
}

type gapJSON struct {
	Rotation string    `json:"rotation"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
}

func rosterPlanCommand(p process) *cobra.Command {
	var current string
	var from instant
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan --roster CURRENT [--from TIME] [--json] FILE",
		Short: "What a roster file would change",
		Long: "Compares FILE with the roster that holds, and prints which entries would change,\n" +
			"who would be on call differently within 90 days and where nobody would be within\n" +
			"13 months, without changing anything.\n",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "roster"); err != nil {
				return err
			}
			before, err := readRoster(current)
			if err != nil {
				return err
			}
			after, err := readRoster(args[0])
			if err != nil {
				return err
			}
			return printPlan(p.Out, rotation.Plan(before, after, from.or(time.Now().Truncate(time.Second))), asJSON)
		},
	}
	cmd.Flags().StringVar(&current, "roster", "", "the roster that holds, the file `CURRENT`")
	cmd.Flags().Var(&from, "from", "the plan begins here, RFC 3339; now without it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON")
	return cmd
}

func printPlan(w io.Writer, plan rotation.PlanReport, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintln(w, strings.Join(plan.Lines(), "\n"))
		return err
	}
	out := planJSON{Changes: []entryJSON{}, OnCall: []dutyJSON{}, Gaps: []gapJSON{}, Warnings: []string{}}
	for _, e := range plan.Entries {
		out.Changes = append(out.Changes, entryJSON(e))
	}
	for _, s := range plan.Shifts {
		out.OnCall = append(out.OnCall, dutyJSON{s.Rotation, s.Start.UTC(), s.End.UTC(), named(s.Before), named(s.After)})
	}
	for _, g := range plan.Gaps {
		out.Gaps = append(out.Gaps, gapJSON(g))
	}
	for _, problem := range plan.Warnings {
		out.Warnings = append(out.Warnings, problem.Error())
	}
	return printJSON(w, out)
}
