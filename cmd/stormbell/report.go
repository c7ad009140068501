package main

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/incident"
)

// reportShown says how each of the reports is printed: as text, and as rows for a
// spreadsheet.
var reportShown = map[string]struct {
	text func(w io.Writer, answer []byte, zone *time.Location) error
	rows func(answer []byte) ([][]string, error)
}{
	"incidents": {incidentsText, incidentsRows},
	"services":  {servicesText, servicesRows},
	"alerts":    {alertsText, alertsRows},
	"promises":  {promisesText, promisesRows},
	"followups": {followUpsText, followUpsRows},
}

// reportKinds are the reports, the first being the one that nobody has to name.
var reportKinds = []string{"incidents", "services", "alerts", "promises", "followups"}

func reportCommand(p process) *cobra.Command {
	var flags operatorFlags
	var from, to string
	var mean, csv bool
	cmd := &cobra.Command{
		Use:   "report [incidents|services|alerts|promises|followups] --config FILE [--from TIME] [--to TIME] [--mean] [--json|--csv]",
		Short: "Figures over several incidents that do not mislead",
		Long: "Prints figures over the incidents that were declared in a period, the last 90 days\n" +
			"unless --from and --to say otherwise. It asks the running bot.\n\n" +
			"  incidents  how they went: how many of which kind, how long things took, who saw\n" +
			"             them first, whether the first page reached the owner (the default)\n" +
			"  services   what each service did to customers and to those on call\n" +
			"  alerts     what alerts asked of people, and how much of it was nothing\n" +
			"  promises   what was promised and kept, by agreement, with every miss\n" +
			"  followups  what was to be done, and was done, in time\n\n" +
			"Drills, and what was cancelled, merged or a near miss, are left out and named. Of\n" +
			"fewer than 5 durations only the points are shown, of fewer than 20 the median and the\n" +
			"range, then the median and the p90. Nothing is said to have changed since the period\n" +
			"before unless it is hardly chance. docs/reports.md says how everything is counted.\n",
		Args:      reportWord,
		ValidArgs: reportKinds,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := reportKinds[0]
			if len(args) > 0 {
				kind = args[0]
			}
			if flags.json && csv {
				return wrong(cmd, "--json and --csv are two forms; name one of them")
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			query := url.Values{}
			for name, text := range map[string]string{"from": from, "to": to} {
				if text == "" {
					continue
				}
				at, err := dayOrInstant(text, o.zone)
				if err != nil {
					return wrong(cmd, fmt.Sprintf("--%s: %v", name, err))
				}
				query.Set(name, at.Format(time.RFC3339Nano))
			}
			if mean {
				query.Set("mean", "true")
			}
			o.look = "report"
			answer, err := o.get(cmd.Context(), "/v1/report/"+kind, query)
			if err != nil {
				return err
			}
			shown := reportShown[kind]
			return flags.write(p.Out, answer, func() error {
				if !csv {
					return shown.text(p.Out, answer, o.zone)
				}
				rows, err := shown.rows(answer)
				if err != nil {
					return err
				}
				return printRows(p.Out, rows, true)
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&from, "from", "", "declared at this `TIME` or later: RFC 3339, or a day, which begins at midnight in business_time_zone")
	cmd.Flags().StringVar(&to, "to", "", "declared before this `TIME`")
	cmd.Flags().BoolVar(&mean, "mean", false, "show means as well, which one long incident moves more than all others")
	cmd.Flags().BoolVar(&csv, "csv", false, "comma-separated values, for a spreadsheet")
	return cmd
}

// reportWord wants the name of a report, or nothing.
func reportWord(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 1:
		return wrong(cmd, fmt.Sprintf("%q is too much", args[1]))
	case len(args) == 1 && !slices.Contains(reportKinds, args[0]):
		if near := incident.Nearest(args[0], reportKinds); near != "" {
			return wrong(cmd, fmt.Sprintf("there is no report %q, did you mean %q?", args[0], near))
		}
		return wrong(cmd, fmt.Sprintf("there is no report %q; there are %s", args[0], strings.Join(reportKinds, ", ")))
	default:
		return nil
	}
}

// dayOrInstant reads an instant, or a day as its midnight in a zone.
func dayOrInstant(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t.UTC(), nil
	}
	var i instant
	err := i.Set(text)
	return i.Time, err
}
