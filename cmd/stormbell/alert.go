package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

func alertCommand(p process) *cobra.Command {
	return groupCommand("alert", "What an alert means, and why it went where it went", alertTestCommand(p), alertExplainCommand(p))
}

// alertFlags are those of a body that somebody has at hand.
type alertFlags struct {
	operatorFlags
	as, key string
}

func (f *alertFlags) add(cmd *cobra.Command) {
	f.operatorFlags.add(cmd)
	cmd.Flags().StringVar(&f.as, "as", "", "whose body it is, a `SENDER` such as alertmanager or webhook/NAME; without it, it is guessed")
	cmd.Flags().StringVar(&f.key, "key", "", "the `NAME` of the integration key with which it would be sent")
}

func alertTestCommand(p process) *cobra.Command {
	var flags alertFlags
	cmd := &cobra.Command{
		Use:     "test --config FILE [--as SENDER] [--key NAME] [--json] FILE|-",
		Short:   "Say what a body means and where it would go, without storing it",
		Example: "stormbell alert test body.json --config stormbell.yaml --as alertmanager",
		Args:    exactly("a file, or - for the input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.test(cmd, p, args[0])
		},
	}
	flags.add(cmd)
	return cmd
}

func alertExplainCommand(p process) *cobra.Command {
	var flags alertFlags
	cmd := &cobra.Command{
		Use:     "explain --config FILE [--as SENDER] [--key NAME] [--json] INC-N|FILE|-",
		Short:   "Say why the alerts of an incident, or of a body, go where they go",
		Example: "stormbell alert explain INC-12 --config stormbell.yaml",
		Args:    exactly("an incident or a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, ok := incident.ParseName(args[0])
			if _, err := os.Stat(args[0]); err == nil || !ok {
				return flags.test(cmd, p, args[0])
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			o.look = "alert explain " + incident.Name(n)
			answer, err := o.get(cmd.Context(), "/v1/alerts", url.Values{"incident": {incident.Name(n)}})
			if err != nil {
				return err
			}
			var x alerts.Explanation
			if err := json.Unmarshal(answer, &x); err != nil {
				return fmt.Errorf("read the answer: %v", err)
			}
			return flags.print(p.Out, x)
		},
	}
	flags.add(cmd)
	return cmd
}

// test asks the running bot; where none runs, the roster of its store says what a body
// means, or that of the configuration where there is no store yet.
func (f *alertFlags) test(cmd *cobra.Command, p process, file string) error {
	body, err := readInput(p.In, file)
	if err != nil {
		return err
	}
	c, err := f.configuration(cmd, p.Env)
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Store.Path); err != nil && c.Roster != "" && c.Store.Engine == "bolt" {
		roster, err := readRoster(c.Roster)
		if err != nil {
			return err
		}
		return f.preview(p, roster, body)
	}
	return withRoster(cmd, p, &f.operatorFlags, reach{
		bot: func(o *operator) error {
			o.kind, o.look = "application/octet-stream", "alert test"
			answer, err := o.ask(cmd.Context(), "POST", "/v1/alerts/test?"+url.Values{"as": {f.as}, "key": {f.key}}.Encode(), body)
			if err != nil {
				return err
			}
			var x alerts.Explanation
			if err := json.Unmarshal(answer, &x); err != nil {
				return fmt.Errorf("read the answer: %v", err)
			}
			return f.print(p.Out, x)
		},
		store: func(_ context.Context, people *oncall.Roster) error {
			return f.preview(p, people.Current().Roster, body)
		},
	})
}

func (f *alertFlags) preview(p process, roster *rotation.Roster, body []byte) error {
	read, err := web.ReadAs(roster, f.as, body)
	if err != nil {
		return err
	}
	return f.print(p.Out, alerts.Preview(roster, alert.Quiet{}, alerts.Key{Name: f.key}, read, time.Now()))
}

// readInput reads a file, or the input where it is named -.
func readInput(in io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(in)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %v; check the path, or give - and send it as input", file, plainly(err))
	}
	return b, nil
}

func (f *alertFlags) print(out io.Writer, x alerts.Explanation) error {
	if f.json {
		return json.NewEncoder(out).Encode(x)
	}
	for _, note := range x.Notes {
		fmt.Fprintln(out, note)
	}
	for _, c := range x.Changes {
		fmt.Fprintf(out, "A change of %s: %s\n", cmp.Or(c.Service, "the default service"), c.Title)
	}
	if len(x.Alerts) == 0 && len(x.Changes) == 0 {
		fmt.Fprintln(out, "There is no alert in it.")
	}
	for n, a := range x.Alerts {
		if n > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s\n", cmp.Or(a.Title, "(no title)"))
		line := func(name, value string) {
			if value != "" {
				fmt.Fprintf(out, "  %-10s %s\n", name, value)
			}
		}
		line("status", string(a.Status))
		line("key", a.Key)
		line("severity", a.Severity)
		line("service", a.Service)
		line("does", string(a.Does))
		line("incident", a.Incident)
		line("route", a.Route)
		line("group", a.Group)
		line("says", strings.ReplaceAll(a.Text, "\n", "\n             "))
		for _, l := range a.Links {
			line("link", strings.TrimSpace(l.Text+" "+l.URL))
		}
		for _, why := range a.Why {
			fmt.Fprintln(out, "  - "+why)
		}
	}
	return nil
}
