package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func heartbeatCommand(p process) *cobra.Command {
	return groupCommand("heartbeat", "Signs of life that must come", heartbeatListCommand(p))
}

func heartbeatListCommand(p process) *cobra.Command {
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "list --config FILE [--json]",
		Short: "The heartbeats of the roster, when each came last, and which are missing",
		Long: "Lists the heartbeats that the roster expects: when each came last and with which key,\n" +
			"and when it is missing unless it comes again. It asks the running bot.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			o.look = "heartbeat list"
			answer, err := o.get(cmd.Context(), "/v1/heartbeats", nil)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printBeats(p.Out, answer, o.zone) })
		},
	}
	flags.add(cmd)
	return cmd
}

func printBeats(w io.Writer, answer []byte, zone *time.Location) error {
	var list struct {
		Heartbeats []struct {
			Name     string    `json:"name"`
			State    string    `json:"state"`
			Service  string    `json:"service"`
			Last     time.Time `json:"last"`
			Key      string    `json:"key"`
			Due      time.Time `json:"due"`
			Missing  time.Time `json:"missing"`
			Incident string    `json:"incident"`
		} `json:"heartbeats"`
	}
	if err := read(answer, &list); err != nil {
		return err
	}
	if len(list.Heartbeats) == 0 {
		_, err := fmt.Fprintln(w, "the roster expects no heartbeat; add some to heartbeats")
		return err
	}
	at := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, h := range list.Heartbeats {
		last, due := "has never come", ""
		if !h.Last.IsZero() {
			last = "came " + at(h.Last) + ", by " + cmp.Or(h.Key, "nobody")
		}
		switch {
		case !h.Missing.IsZero():
			due = "missing since " + at(h.Missing)
			if h.Incident != "" {
				due += ", " + h.Incident
			}
		case !h.Due.IsZero():
			due = "due by " + at(h.Due)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", h.Name, h.State, h.Service, last, due)
	}
	return out.Flush()
}
