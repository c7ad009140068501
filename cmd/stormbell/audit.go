package main

import (
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func auditCommand(p process) *cobra.Command {
	var flags operatorFlags
	var name, person, before string
	var from, to instant
	limit := 100
	cmd := &cobra.Command{
		Use:   "audit --config FILE [--incident INC-N] [--person ID] [--from TIME] [--to TIME] [--limit N] [--before INC-N:K] [--json]",
		Short: "Who did or read what, private incidents included",
		Long: "Prints what people did to incidents, and who read the private ones: the newest incident\n" +
			"first. What was done is kept for ever, who read a private incident for 13 months, and\n" +
			"of several times in an hour the first. It asks the running bot.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for key, value := range map[string]string{"incident": name, "person": person, "before": before, "from": from.String(), "to": to.String()} {
				if value != "" {
					query.Set(key, value)
				}
			}
			o.look = "audit"
			answer, err := o.get(cmd.Context(), "/v1/audit", query)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printAudit(p, answer, o.zone) })
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&name, "incident", "", "only of `INC-N`")
	cmd.Flags().StringVar(&person, "person", "", "only by the person with this `ID` in the roster or in Slack")
	cmd.Flags().Var(&from, "from", "at this instant or later, RFC 3339")
	cmd.Flags().Var(&to, "to", "before this instant, RFC 3339")
	cmd.Flags().IntVar(&limit, "limit", limit, "at most `N`, from 1 to 1000")
	cmd.Flags().StringVar(&before, "before", "", "older than `INC-N:K`, where a page ended")
	return cmd
}

func printAudit(p process, answer []byte, zone *time.Location) error {
	var page struct {
		Audit []struct {
			At              time.Time
			Incident, Words string
			Private         bool
		}
		More string
	}
	if err := read(answer, &page); err != nil {
		return err
	}
	if len(page.Audit) == 0 {
		_, err := fmt.Fprintln(p.Out, "nothing was done or read that is asked for")
		return err
	}
	t := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	for _, e := range page.Audit {
		name := e.Incident
		if e.Private {
			name += " (private)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", e.At.In(zone).Format("2006-01-02 15:04:05 MST"), name, e.Words)
	}
	if err := t.Flush(); err != nil || page.More == "" {
		return err
	}
	_, err := fmt.Fprintf(p.Err, "There are more. To see them, add --before %s.\n", page.More)
	return err
}
