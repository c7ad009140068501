package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stormbell/stormbell/configs"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError is a command called in a way that cannot work. It begins with the
// command.
type usageError string

func (e usageError) Error() string { return string(e) }

// run executes the command that args name and returns the exit code.
func run(ctx context.Context, args []string, p process) int {
	root := rootCommand(p)
	root.SetArgs(args)
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return exitOK
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(p.Err, usage)
		return exitUsage
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(p.Err, "stormbell: %s\n", strings.TrimRight(line, "\n"))
	}
	return exitFailure
}

const usageTemplate = `Usage: {{.UseLine}}
{{if .HasAvailableSubCommands}}
Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}

{{.CommandPath}} COMMAND --help says more about one.
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages}}{{end}}`

func rootCommand(p process) *cobra.Command {
	root := &cobra.Command{
		Use:   "stormbell COMMAND",
		Short: "Incidents in Slack: declare, page, resolve, learn",
		Long: "Stormbell runs incidents in Slack. To see all of it without a Slack account:\n\n" +
			"  stormbell demo\n",
		Version:           currentBuild().Version,
		Args:              cobra.ArbitraryArgs, // unknownCommand has better words
		RunE:              showHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("stormbell {{.Version}}\n")
	root.SetUsageTemplate(usageTemplate)
	root.AddCommand(commands(p)...)
	root.SetHelpCommand(helpCommand())
	bareUsage(root)
	return root
}

// bareUsage keeps cobra from adding "[flags]" to usage lines that show theirs.
func bareUsage(cmd *cobra.Command) {
	cmd.DisableFlagsInUseLine = true
	for _, c := range cmd.Commands() {
		bareUsage(c)
	}
}

// commands are all commands, in the order of their names.
func commands(p process) []*cobra.Command {
	return []*cobra.Command{
		alertCommand(p),
		archiveCommand(p),
		auditCommand(p),
		backupCommand(p),
		blamelessCommand(p),
		checkCommand(p),
		completionCommand(p),
		demoCommand(p),
		doctorCommand(p),
		followUpCommand(p),
		fsckCommand(p),
		heartbeatCommand(p),
		importCommand(p),
		incidentCommand(p),
		keyCommand(p),
		maintenanceCommand(p),
		manifestCommand(p),
		migrateCommand(p),
		oncallCommand(p),
		postmortemCommand(p),
		reportCommand(p),
		restoreCommand(p),
		rosterCommand(p),
		runCommand(p),
		silenceCommand(p),
		simulateCommand(p),
		versionCommand(p),
	}
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help for a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return noCommand(about, rest[0])
			}
			return about.Help()
		},
	}
}

// unknownCommand refuses a word where a command must be, before cobra takes the
// flags after it for those of the group and complains about them instead.
func unknownCommand(root *cobra.Command, args []string) error {
	root.InitDefaultHelpCmd()
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	group, rest, err := root.Find(args)
	if err != nil || !group.HasSubCommands() || doesItself(group) || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return err
	}
	return noCommand(group, rest[0])
}

// itself marks a command that does something by itself and has others besides.
var itself = map[string]string{"itself": "yes"}

func doesItself(c *cobra.Command) bool { return !c.HasSubCommands() || c.Annotations["itself"] != "" }

func noCommand(group *cobra.Command, word string) error {
	what := fmt.Sprintf("there is no command %q", word)
	if near := configs.Nearest(word, names(group)); near != "" {
		what += fmt.Sprintf(", did you mean %q?", near)
	}
	return wrong(group, what)
}

// names returns the names of a group's commands.
func names(group *cobra.Command) []string {
	var list []string
	for _, c := range group.Commands() {
		list = append(list, c.Name())
	}
	return list
}

// groupCommand returns a command that only holds others.
func groupCommand(name, short string, members ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use:   name + " COMMAND",
		Short: short,
		Args:  cobra.ArbitraryArgs, // unknownCommand has better words
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wrong(cmd, strings.Join(names(cmd), " or ")+"?")
		},
	}
	group.AddCommand(members...)
	return group
}

// wrong returns a usageError about a command.
func wrong(cmd *cobra.Command, what string) error {
	if !strings.HasSuffix(what, "?") {
		what += ";"
	}
	return usageError(fmt.Sprintf("%[1]s: %[2]s see %[1]s --help", cmd.CommandPath(), what))
}

// noArguments refuses words after the flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrong(cmd, fmt.Sprintf("%q is too much", args[0]))
	}
	return nil
}

// exactly wants one word for each of the names.
func exactly(words ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(words):
			return wrong(cmd, words[len(args)]+" is missing")
		case len(args) > len(words):
			return wrong(cmd, fmt.Sprintf("%q is too much", args[len(words)]))
		}
		return nil
	}
}

// required wants each of the flags to be given.
func required(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := cmd.Flag(name); f.Value.String() == "" {
			word, _ := pflag.UnquoteUsage(f)
			return wrong(cmd, "--"+name+" "+word+" is missing")
		}
	}
	return nil
}

// flagError puts what the flag library says into plain words.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return wrong(cmd, "there is no flag -"+unknown.GetSpecifiedShortnames())
		}
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near := configs.Nearest(name, known); near != "" {
			return wrong(cmd, "there is no flag --"+name+", did you mean --"+near+"?")
		}
		return wrong(cmd, "there is no flag --"+name)
	case errors.As(err, &valueless):
		return wrong(cmd, "--"+valueless.GetSpecifiedName()+" needs a value")
	case errors.As(err, &invalid):
		return wrong(cmd, fmt.Sprintf("--%s %s: %v", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap()))
	}
	return wrong(cmd, err.Error())
}

// configFlag adds --config.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", "", "the configuration `FILE`; without it the STORMBELL_ variables alone")
}

// loadConfig reads the configuration of a command with --config.
func loadConfig(cmd *cobra.Command, path string, env []string) (*configs.Config, error) {
	set := func(variable string) bool {
		return strings.HasPrefix(variable, "STORMBELL_") && !strings.HasSuffix(variable, "=")
	}
	if path == "" && !slices.ContainsFunc(env, set) {
		return nil, wrong(cmd, "--config FILE is missing, and no STORMBELL_ variable is set")
	}
	return configs.Load(path, env)
}

// printJSON writes v in one line.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
