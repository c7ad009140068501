package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
)

func manifestCommand(p process) *cobra.Command {
	var path string
	var link bool
	cmd := &cobra.Command{
		Use:   "manifest [--config FILE] [--link]",
		Short: "The Slack app manifest",
		Long: "Prints the manifest from which Slack makes the app: commands, scopes, events. With\n" +
			"--link it prints a link that opens Slack's form for a new app, filled in.\n\n" +
			"With --config the commands have the names that the configuration gives them. The\n" +
			"tokens may still be missing there.\n",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			config, err := configs.Load(path, p.Env)
			var problems configs.Problems
			if errors.As(err, &problems) && len(problems.Present()) > 0 {
				return problems.Present()
			}
			if link {
				_, err = fmt.Fprintln(p.Out, config.Slack.ManifestLink())
				return err
			}
			_, err = p.Out.Write(config.Slack.Manifest())
			return err
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "a configuration `FILE`, for the names of the commands")
	cmd.Flags().BoolVar(&link, "link", false, "print the link to Slack's form instead")
	return cmd
}
