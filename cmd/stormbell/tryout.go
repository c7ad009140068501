package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// tryoutWait is how long the command waits for the last way.
const tryoutWait = 90 * time.Second

func tryoutCommand(p process) *cobra.Command {
	var flags operatorFlags
	var person string
	cmd := &cobra.Command{
		Use:   "test --person ID --config FILE [--json]",
		Short: "Send somebody a test message by each of their contact methods",
		Long: "Sends a test message to a person of the roster by each of their contact methods,\n" +
			"through the running bot, and prints which arrived. It fails if one did not arrive.\n" +
			"In Slack: /oncall test.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "person"); err != nil {
				return err
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			answer, err := o.post(cmd.Context(), "/v1/oncall/tests", map[string]string{"person": person})
			if err != nil {
				return err
			}
			return flags.tried(cmd, p, o, answer)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&person, "person", "", "the `ID` of the person in the roster")
	return cmd
}

// tried asks until nothing is under way any more, and prints what came of it.
func (f *operatorFlags) tried(cmd *cobra.Command, p process, o *operator, answer []byte) error {
	var t struct {
		ID    string
		Over  bool
		Words []string
		Ways  []struct{ Via, Result string }
	}
	deadline := time.Now().Add(tryoutWait)
	for {
		if err := read(answer, &t); err != nil {
			return err
		}
		if t.Over || time.Now().After(deadline) {
			break
		}
		select {
		case <-cmd.Context().Done():
			return errors.New("interrupted; the test goes on")
		case <-time.After(500 * time.Millisecond):
		}
		var err error
		if answer, err = o.get(cmd.Context(), "/v1/oncall/tests/"+t.ID, nil); err != nil {
			return err
		}
	}
	err := f.write(p.Out, answer, func() error {
		for _, line := range t.Words {
			if _, err := fmt.Fprintln(p.Out, line); err != nil {
				return err
			}
		}
		return nil
	})
	failed := 0
	for _, w := range t.Ways {
		if w.Result == "" || w.Result == "failed" {
			failed++
		}
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d contact methods did not work", failed, len(t.Ways))
	}
	return err
}
