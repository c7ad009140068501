package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func whyCommand(p process) *cobra.Command {
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "why INC-N --config FILE [--json]",
		Short: "Why somebody was paged, and what became of each notification",
		Long: "Prints each step of an incident's escalation: whom it paged and why, which of their\n" +
			"notification rules sent each notification, what became of it, and who was not paged\n" +
			"and why. It asks the running bot.\n",
		Args: exactly("INC-N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := incidentName(cmd, args[0])
			if err != nil {
				return err
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			answer, err := o.get(cmd.Context(), "/v1/incidents/"+name+"/why", nil)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printWhy(p.Out, answer) })
		},
	}
	flags.add(cmd)
	return cmd
}

func printWhy(w io.Writer, answer []byte) error {
	var why struct {
		Incident, Severity, Service, Title string
		Words                              []string
	}
	if err := read(answer, &why); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s %s %s: %s\n", why.Incident, why.Severity, why.Service, why.Title)
	for _, line := range why.Words {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
