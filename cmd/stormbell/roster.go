package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/rotation"
)

func rosterCommand(p process) *cobra.Command {
	return groupCommand("roster", "The roster: people, rotations, policies and services",
		rosterExportCommand(p), rosterPlanCommand(p), rosterApplyCommand(p), rosterHistoryCommand(p))
}

func rosterExportCommand(p process) *cobra.Command {
	var path, output string
	var version int
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "export --config FILE [--version N] [-o|--output FILE] | --roster FILE [-o|--output FILE]",
		Short: "Print the roster, or write it to a file",
		Long: "Prints the current roster, or an earlier version of it, as it was applied, with its\n" +
			"comments and with the changes made in Slack since. It is read from the running bot,\n" +
			"and where none runs from its store. Applying what it prints changes nothing.\n\n" +
			"With --output it is written to a file, which is replaced only when the whole text\n" +
			"has been read. Do not write `> FILE`: the shell empties FILE first, even if the bot\n" +
			"then cannot be asked.\n\n" +
			"With --roster it prints that file in its canonical form: every key in the order of\n" +
			"the documentation, without comments.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := exported(cmd, p, &flags, path, version)
			if err != nil {
				return err
			}
			if output == "" {
				_, err = p.Out.Write(text)
				return err
			}
			return writeRoster(output, text)
		},
	}
	configFlag(cmd, &flags.config)
	cmd.Flags().IntVar(&version, "version", 0, "an earlier version's number `N`, as in roster history")
	cmd.Flags().StringVar(&path, "roster", "", "a roster `FILE` in the place of the bot's")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`")
	return cmd
}

// exported returns the text of the bot's roster, or of a file in its canonical
// form.
func exported(cmd *cobra.Command, p process, flags *operatorFlags, path string, version int) ([]byte, error) {
	if path == "" {
		return exportLive(cmd, p, flags, version)
	}
	roster, err := readRoster(path)
	if err != nil {
		return nil, err
	}
	return roster.Export(), nil
}

// writeRoster puts a roster's text in the place of a file, which keeps its mode.
func writeRoster(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	err := replaceFile(path, mode, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot write %s: %v; it is as it was", path, err)
	}
	return nil
}

// planJSON is a plan for a script. Its lists are never null.
type planJSON struct {
	Now      []nowJSON   `json:"now"` // who would be on call otherwise at once
	Changes  []entryJSON `json:"changes"`
	OnCall   []dutyJSON  `json:"on_call"`
	Gaps     []gapJSON   `json:"gaps"` // where nobody would be on call any more
	Warnings []string    `json:"warnings"`
	Findings []string    `json:"findings"` // what to look at in the new roster that is not in the old
}

type nowJSON struct {
	Rotation string     `json:"rotation"`
	Before   []string   `json:"before"`
	After    []string   `json:"after"`
	Keep     []keepJSON `json:"keep"` // what to write instead, so that those before stay
}

type keepJSON struct {
	Layer string `json:"layer"`
	YAML  string `json:"yaml"`
}

type entryJSON struct {
	Kind   string `json:"kind"`
	ID     string `json:"id,omitempty"`
	Change string `json:"change"` // added, removed or changed
}

type dutyJSON struct {
	Rotation string    `json:"rotation"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Before   []string  `json:"before"`
	After    []string  `json:"after"`
}

type gapJSON struct {
	Rotation string    `json:"rotation"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
}

func rosterPlanCommand(p process) *cobra.Command {
	var current string
	var from instant
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "plan --config FILE | --roster CURRENT [--from TIME] [--json] FILE",
		Short: "What a roster file would change",
		Long: "Compares FILE with the current roster and changes nothing. The current roster is that\n" +
			"of the running bot, or of its store if no bot is running, or the file CURRENT. It\n" +
			"prints which entries would change, who would be on call differently within 90 days,\n" +
			"where nobody would be on call within 13 months, and what else deserves a look.\n",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			after, text, err := readRosterText(args[0])
			if err != nil {
				return err
			}
			var before holding
			if current != "" {
				before.roster, before.text, err = readRosterText(current)
			} else {
				before, err = liveRoster(cmd, p, &flags)
			}
			if err != nil {
				return err
			}
			plan := comparison{before.roster, after, from.or(time.Now().Truncate(time.Second))}
			print := plan.printWords
			if flags.json {
				print = plan.printJSON
			}
			if before.version > 0 && !flags.json && after.Equal(before.roster) && !bytes.Equal(text, before.text) {
				_, err = fmt.Fprintln(p.Out, web.OnlyComments)
				return err
			}
			if err := print(p.Out); err != nil {
				return err
			}
			if before.version > 0 && !flags.json && !after.Equal(before.roster) {
				_, err = fmt.Fprintf(p.Out, "this was compared with version %d; apply it with --match %[1]d, which refuses it if somebody changes the roster meanwhile\n", before.version)
			}
			return err
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&current, "roster", "", "a file `CURRENT` with the current roster, in the place of the bot's")
	cmd.Flags().Var(&from, "from", "when the plan begins, RFC 3339; by default now")
	return cmd
}

// comparison is two rosters, to be compared from an instant on.
type comparison struct {
	before, after *rotation.Roster
	from          time.Time
}

// printWords prints what would change, one thing a line.
func (c comparison) printWords(w io.Writer) error {
	lines := rotation.Plan(c.before, c.after, c.from).Lines()
	for _, f := range web.NewFindings(c.before, c.after, c.from) {
		lines = append(lines, "look at: "+f)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// printJSON prints it for a script.
func (c comparison) printJSON(w io.Writer) error {
	plan, findings := rotation.Plan(c.before, c.after, c.from), web.NewFindings(c.before, c.after, c.from)
	out := planJSON{Now: []nowJSON{}, Changes: []entryJSON{}, OnCall: []dutyJSON{}, Gaps: []gapJSON{}, Warnings: []string{}, Findings: findings}
	for _, n := range plan.Now {
		keep := []keepJSON{}
		for _, k := range n.Keep {
			keep = append(keep, keepJSON{k.Layer, k.YAML})
		}
		out.Now = append(out.Now, nowJSON{n.Rotation, named(n.Before), named(n.After), keep})
	}
	for _, e := range plan.Entries {
		out.Changes = append(out.Changes, entryJSON(e))
	}
	for _, s := range plan.Shifts {
		out.OnCall = append(out.OnCall, dutyJSON{s.Rotation, s.Start.UTC(), s.End.UTC(), named(s.Before), named(s.After)})
	}
	for _, g := range plan.Gaps {
		out.Gaps = append(out.Gaps, gapJSON(g))
	}
	for _, problem := range plan.Warnings {
		out.Warnings = append(out.Warnings, problem.Error())
	}
	return printJSON(w, out)
}
