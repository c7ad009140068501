package main

import (
	"fmt"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func topicsCommand(p process) *cobra.Command {
	var flags operatorFlags
	var person string
	cmd := &cobra.Command{
		Use:   "topics --config FILE [--person ID] [--json]",
		Short: "Where people subscribe to their pushes",
		Long: "Prints the address of each person's topic, to subscribe to it in the ntfy app. It asks\n" +
			"the running bot. On a server without access rules, whoever knows a topic can read and\n" +
			"answer what is sent to that person, so show each topic to its person only. In Slack,\n" +
			"/oncall test shows you your own.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			query := url.Values{}
			if person != "" {
				query.Set("person", person)
			}
			answer, err := o.get(cmd.Context(), "/v1/oncall/topics", query)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error {
				var t struct {
					Topics []struct{ Person, Address string }
				}
				if err := read(answer, &t); err != nil {
					return err
				}
				w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
				for _, one := range t.Topics {
					fmt.Fprintf(w, "%s\t%s\n", one.Person, one.Address)
				}
				return w.Flush()
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&person, "person", "", "one person's `ID`")
	return cmd
}
