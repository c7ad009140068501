package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/rotation"
)

// quietWord is what differs between the commands about silences and those about
// maintenance.
type quietWord struct {
	kind   alerts.QuietKind
	path   string
	use    string // what add takes
	short  string
	args   cobra.PositionalArgs
	fill   func(cmd *cobra.Command, args []string, body map[string]any) error
	none   string
	plural string // in the answer
}

func silenceCommand(p process) *cobra.Command {
	return quietCommand(p, quietWord{kind: alerts.Silence, path: "/v1/silences", plural: "silences", none: "no silences",
		use: "LABEL=VALUE…", short: "Hold alerts back that match, for a while", args: atLeastOne("LABEL=VALUE"),
		fill: func(cmd *cobra.Command, args []string, body map[string]any) error {
			match := map[string]string{}
			for _, word := range args {
				label, value, ok := strings.Cut(word, "=")
				if !ok || label == "" {
					return wrong(cmd, fmt.Sprintf("%q is not LABEL=VALUE", word))
				}
				if _, twice := match[label]; twice {
					return wrong(cmd, fmt.Sprintf("%s is given twice", label))
				}
				match[label] = value
			}
			body["match"] = match
			return nil
		}})
}

func maintenanceCommand(p process) *cobra.Command {
	return quietCommand(p, quietWord{kind: alerts.Maintenance, path: "/v1/maintenance", plural: "maintenance", none: "no maintenance",
		use: "SERVICE", short: "Hold all alerts of a service back, for a while", args: exactly("SERVICE"),
		fill: func(_ *cobra.Command, args []string, body map[string]any) error {
			body["service"] = args[0]
			return nil
		}})
}

// atLeastOne wants one word or more.
func atLeastOne(word string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return wrong(cmd, word+" is missing")
		}
		return nil
	}
}

func quietCommand(p process, w quietWord) *cobra.Command {
	cmd := &cobra.Command{Use: string(w.kind) + " COMMAND", Short: w.short, Args: cobra.ArbitraryArgs, RunE: showHelp,
		Long: w.short + ". Alerts that are held back ask nobody; those that\nstill fire at the end count as if they fired then. What people declare is\nnever held back.\n"}
	cmd.AddCommand(quietAddCommand(p, w), quietEndCommand(p, w), quietListCommand(p, w))
	return cmd
}

func quietAddCommand(p process, w quietWord) *cobra.Command {
	var flags operatorFlags
	var t quietTimes
	var reason, as string
	cmd := &cobra.Command{
		Use:   "add " + w.use + " (--for TIME|--until TIME) --config FILE [--from TIME] [--reason TEXT] [--as PERSON] [--json]",
		Short: "Make one, with an end; at most 30 days",
		Args:  w.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"reason": reason}
			if err := w.fill(cmd, args, body); err != nil {
				return err
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			o.look = string(w.kind) + " list"
			if err := t.fill(cmd, o.zone, body); err != nil {
				return err
			}
			if as != "" {
				body["as"] = as
			}
			answer, err := o.post(cmd.Context(), w.path, body)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printQuiet(p.Out, answer, o.zone) })
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&t.length, "for", "", "how long: 30m, 2h, 1d")
	cmd.Flags().StringVar(&t.from, "from", "", "when it begins, like 2026-12-01T14:00 on the business's clock (default now)")
	cmd.Flags().StringVar(&t.until, "until", "", "when it ends, likewise")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever wonders")
	cmd.Flags().StringVar(&as, "as", "", "in whose name: a person of the roster")
	return cmd
}

// quietTimes are the flags that say from when and until when.
type quietTimes struct{ length, from, until string }

func (t quietTimes) fill(cmd *cobra.Command, zone *time.Location, body map[string]any) error {
	if t.length == "" == (t.until == "") {
		return wrong(cmd, "say either --for 2h or --until 2026-12-01T14:00")
	}
	if t.length != "" {
		if _, ok := alerts.Length(t.length); !ok {
			return wrong(cmd, fmt.Sprintf("--for %q is not a time like 30m, 2h or 1d", t.length))
		}
		body["for"] = t.length
	}
	for name, word := range map[string]string{"from": t.from, "until": t.until} {
		if word == "" {
			continue
		}
		at, err := wallTime(word, zone)
		if err != nil {
			return wrong(cmd, "--"+name+" "+err.Error())
		}
		body[name] = at
	}
	return nil
}

// wallTime reads a time of the wall clock of a zone, or one with its offset.
func wallTime(word string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return t, nil
	}
	l, err := rotation.ParseLocal(word)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time like 2026-12-01T14:00", word)
	}
	return rotation.Instant(zone, l), nil
}

func quietListCommand(p process, w quietWord) *cobra.Command {
	var flags operatorFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "list --config FILE [--all] [--json]",
		Short: "What is in force and planned, that of the roster too",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			query := url.Values{}
			if all {
				query.Set("all", "true")
			}
			answer, err := o.get(cmd.Context(), w.path, query)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return w.printList(p.Out, answer, o.zone) })
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "those of the last 30 days, too")
	return cmd
}

func quietEndCommand(p process, w quietWord) *cobra.Command {
	var flags operatorFlags
	var as string
	cmd := &cobra.Command{
		Use:   "end ID --config FILE [--as PERSON] [--json]",
		Short: "End one now; what still fires counts from then on",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			o.look = string(w.kind) + " list"
			answer, err := o.end(cmd.Context(), w.path+"/"+url.PathEscape(args[0]), as)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printQuiet(p.Out, answer, o.zone) })
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&as, "as", "", "in whose name: a person of the roster")
	return cmd
}

// end removes what is at a path.
func (o *operator) end(ctx context.Context, path, as string) ([]byte, error) {
	if as != "" {
		path += "?" + url.Values{"as": {as}}.Encode()
	}
	return o.ask(ctx, http.MethodDelete, path, nil)
}

// quietLine is a silence or a maintenance in an answer.
type quietLine struct {
	ID, State, Service, Reason string
	Match                      map[string]string
	From, Until                time.Time
	By                         string `json:"by_name"`
	Roster                     bool
	Held                       int
}

func (q quietLine) what() string {
	if q.Service != "" {
		return q.Service
	}
	var words []string
	for _, label := range slices.Sorted(maps.Keys(q.Match)) {
		words = append(words, label+"="+q.Match[label])
	}
	return strings.Join(words, " ")
}

func (q quietLine) row(zone *time.Location) string {
	when := "until " + q.Until.In(zone).Format("2006-01-02 15:04 MST")
	switch q.State {
	case "planned":
		when = "from " + q.From.In(zone).Format("2006-01-02 15:04 MST") + " " + when
	case "over":
		when = "over since " + q.Until.In(zone).Format("2006-01-02 15:04 MST")
	}
	by := q.By
	if q.Roster {
		by = strings.TrimPrefix(by+", roster", ", ")
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d held back\t%s\t%s", q.ID, q.what(), when, q.Held, by, q.Reason)
}

func (w quietWord) printList(out io.Writer, answer []byte, zone *time.Location) error {
	var lists map[string][]quietLine
	if err := read(answer, &lists); err != nil {
		return err
	}
	list := lists[w.plural]
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, w.none)
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, q := range list {
		fmt.Fprintln(t, strings.TrimRight(q.row(zone), "\t "))
	}
	return t.Flush()
}

func printQuiet(out io.Writer, answer []byte, zone *time.Location) error {
	var q quietLine
	if err := read(answer, &q); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, strings.TrimRight(strings.ReplaceAll(q.row(zone), "\t", "  "), " "))
	return err
}
