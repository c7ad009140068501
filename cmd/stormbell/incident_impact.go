package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// impactCommand says what is known of the impact.
func impactCommand(p process) *cobra.Command {
	var flags operatorFlags
	var body struct {
		As       string   `json:"as,omitempty"`
		Text     string   `json:"text,omitempty"`
		Since    string   `json:"since,omitempty"`
		Until    string   `json:"until,omitempty"`
		None     bool     `json:"none,omitempty"`
		Function string   `json:"function,omitempty"`
		Who      []string `json:"who,omitempty"`
		Count    int      `json:"count,omitempty"`
		Source   string   `json:"source,omitempty"`
		Seen     string   `json:"seen,omitempty"`
	}
	cmd := &cobra.Command{
		Use:   "impact --config FILE [--since TIME] [--until TIME] [--none] [--who WORDS] [--count N] [--source TEXT] [--function TEXT] [--seen WORD] [--as PERSON] [--json] INC-N [TEXT…]",
		Short: "Say since when, until when and whom it hits, which often began before it was declared",
		Args:  wordsFrom("INC-N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := incidentName(cmd, args[0])
			if err != nil {
				return err
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			body.Text = strings.Join(args[1:], " ")
			answer, err := o.post(cmd.Context(), "/v1/incidents/"+name+"/impact", body)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printDone(p.Out, answer) })
		},
	}
	flags.add(cmd)
	asFlag(cmd, &body.As)
	cmd.Flags().StringVar(&body.Since, "since", "", "the `TIME` it began, as in 14:05 or 2026-11-29T14:05:00Z")
	cmd.Flags().StringVar(&body.Until, "until", "", "the `TIME` it was over")
	cmd.Flags().BoolVar(&body.None, "none", false, "nobody was hit")
	cmd.Flags().StringSliceVar(&body.Who, "who", nil, "who is hit, `WORDS` with commas between them: end_users, customers, partners, staff")
	cmd.Flags().IntVar(&body.Count, "count", 0, "how many, a number `N`")
	cmd.Flags().StringVar(&body.Source, "source", "", "the `TEXT` that says where the number is from")
	cmd.Flags().StringVar(&body.Function, "function", "", "what they cannot do, as in `TEXT` card payments")
	cmd.Flags().StringVar(&body.Seen, "seen", "", "who saw it first, a `WORD` of alert, staff and customers")
	return cmd
}
