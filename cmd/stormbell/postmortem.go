package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
)

func postmortemCommand(p process) *cobra.Command {
	var flags operatorFlags
	format := "markdown"
	cmd := &cobra.Command{
		Use:   "postmortem --config FILE [--format FORMAT] INC-N",
		Short: "The post-mortem of an incident as it stands",
		Long: "Prints the document that the running bot drafts from an incident's timeline.\n" +
			"Questions that only people can answer are left open in it.\n",
		Args: exactly("INC-N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := incidentName(cmd, args[0])
			if err != nil {
				return err
			}
			if err := oneOf(cmd, "format", format, "markdown", "html", "json"); err != nil {
				return err
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			document, err := o.get(cmd.Context(), "/v1/incidents/"+name+"/postmortem", url.Values{"format": {format}})
			if err != nil {
				return err
			}
			_, err = p.Out.Write(document)
			return err
		},
	}
	configFlag(cmd, &flags.config)
	cmd.Flags().StringVar(&format, "format", format, "the `FORMAT`: markdown, html or json")
	return cmd
}

// oneOf wants a flag's value to be one of some words.
func oneOf(cmd *cobra.Command, flag, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	mend := "use " + strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	if near := configs.Nearest(value, words); near != "" {
		mend = fmt.Sprintf("did you mean %s?", near)
	}
	return wrong(cmd, fmt.Sprintf("--%s %s: %s", flag, value, mend))
}
