package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/stormbell/stormbell/incident"
)

// listFlags say which incidents are listed.
type listFlags struct {
	operatorFlags
	all                     bool
	status, severity        []string
	service, search, before string
	from, to                instant
	limit                   int
}

func (f *listFlags) add(cmd *cobra.Command) {
	f.operatorFlags.add(cmd)
	cmd.Flags().BoolVar(&f.all, "all", false, "those that are over, too")
	cmd.Flags().StringSliceVar(&f.status, "status", nil, "only in this `STATUS`, open or not; several with commas")
	cmd.Flags().StringSliceVar(&f.severity, "severity", nil, "only of this `SEV`; several with commas")
	cmd.Flags().StringVar(&f.service, "service", "", "only of the service with this `ID` or name")
	cmd.Flags().Var(&f.from, "from", "declared at this instant or later, RFC 3339")
	cmd.Flags().Var(&f.to, "to", "declared before this instant, RFC 3339")
	cmd.Flags().StringVar(&f.search, "search", "", "`WORDS` that all occur in the title, the name, the service, what the alert said or the follow-ups")
	cmd.Flags().IntVar(&f.limit, "limit", 100, "at most `N`, from 1 to 1000")
	cmd.Flags().StringVar(&f.before, "before", "", "older than `INC-N`")
}

// query is what the bot is asked for.
func (f *listFlags) query() url.Values {
	query := url.Values{"limit": {strconv.Itoa(f.limit)}}
	if f.all {
		query.Set("all", "true")
	}
	for name, value := range map[string]string{"status": strings.Join(f.status, ","), "severity": strings.Join(f.severity, ","), "service": f.service,
		"search": f.search, "before": f.before, "from": f.from.String(), "to": f.to.String()} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// none says that nothing is listed, and where nothing was looked for.
func (f *listFlags) none() string {
	query := f.query()
	query.Del("limit")
	query.Del("all")
	narrowed, everywhere := len(query) > 0, f.all || len(f.status) > 0
	switch {
	case narrowed && everywhere:
		return "no incident matches"
	case narrowed:
		return "no open incident matches; --all looks at those that are over, too"
	case everywhere:
		return "no incidents"
	default:
		return "no open incidents; --all shows those that are over, too"
	}
}

func listCommand(p process) *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "list --config FILE [--all] [--status STATUS] [--severity SEV] [--service ID] [--from TIME] [--to TIME] " +
			"[--search WORDS] [--limit N] [--before INC-N] [--json]",
		Short: "The open incidents, or those that are asked for",
		Long: "Prints the open incidents, the newest first, or with --all those that are over, too.\n" +
			"The other flags narrow the list. Where it has more than --limit lets through, the\n" +
			"last line says how to see them; in JSON, `more` is the INC-N for --before.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			answer, err := o.get(cmd.Context(), "/v1/incidents", flags.query())
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printList(p.Out, answer, flags.none(), time.Now()) })
		},
	}
	flags.add(cmd)
	return cmd
}

func printList(w io.Writer, answer []byte, none string, now time.Time) error {
	var list struct {
		Incidents []shownIncident `json:"incidents"`
		More      string          `json:"more"`

		NotSearched []string `json:"not_searched"`
	}
	if err := read(answer, &list); err != nil {
		return err
	}
	if out := list.NotSearched; len(out) > 0 {
		if _, err := fmt.Fprintf(w, "The notes of %s could not be searched: they lie in archive files that cannot be read.\n", incident.FirstOf(out, 20)); err != nil {
			return err
		}
	}
	if len(list.Incidents) == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, i := range list.Incidents {
		_, who := i.AcknowledgedBy.Split()
		if who == "" {
			who = "-"
		}
		title := i.Title
		if names := i.related(); names != "" {
			title += " (related to " + names + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s ago\t%s\t%s\n", i.Name, i.Severity, i.stands(), i.Service, age(now.Sub(i.Declared)), who, title)
	}
	if err := t.Flush(); err != nil || list.More == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "There are older ones, which are not shown. To see them, add --before %s.\n", list.More)
	return err
}

// age shows how long something has lasted, as coarsely as people say it.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}
