package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command explains itself, and its usage line names every flag it has.
func TestEveryCommandHelps(t *testing.T) {
	var out bytes.Buffer
	p := process{Out: &out, Err: &out, In: strings.NewReader("")}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		out.Reset()
		if code := run(context.Background(), args, p); code != exitOK {
			t.Errorf("run(%q) = %d, want 0:\n%s", args, code, out.String())
		}
		usage := ""
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "Usage: ") {
				usage = line
			}
		}
		if !strings.HasPrefix(usage, "Usage: "+cmd.CommandPath()) {
			t.Errorf("run(%q): usage line %q, want one for %s", args, usage, cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && f.Name != "version" && !strings.Contains(usage, "--"+f.Name) {
				t.Errorf("run(%q): usage line %q does not name --%s", args, usage, f.Name)
			}
		})
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q, want a line without a full stop", cmd.CommandPath(), cmd.Short)
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(rootCommand(p))
}
