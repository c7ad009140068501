package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
)

func checkCommand(p process) *cobra.Command {
	var config, roster string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check --config FILE [--roster FILE] [--json]",
		Short: "Find mistakes in the configuration and the roster",
		Long: "Prints every problem with its file, its line and how to fix it, and exits 1 if there\n" +
			"is one. It also reads the roster that the configuration names, or the one that\n" +
			"--roster names. It does not ask Slack; stormbell doctor does.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := &checkup{}
			if config != "" || roster == "" {
				if err := c.config(cmd, config, p.Env); err != nil {
					return err
				}
			}
			if roster != "" {
				c.rosterPath = roster
			}
			if roster := c.roster(); roster != nil && c.vias != nil {
				c.methods(roster)
				c.senders(roster)
				c.Problems = append(c.Problems, configured(c.strangers(roster))...)
			}
			return c.report(p, asJSON)
		},
	}
	configFlag(cmd, &config)
	cmd.Flags().StringVar(&roster, "roster", "", "a roster `FILE` instead of the one that the configuration names")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON")
	return cmd
}

// finding is one problem or warning, of either file.
type finding struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Where   string `json:"where,omitempty"` // the key, the entry or the variable
	Problem string `json:"problem"`
	Mend    string `json:"mend,omitempty"`
	text    string
}

// checkup is what check found.
type checkup struct {
	Problems   []finding `json:"problems"`
	Warnings   []finding `json:"warnings"`
	rosterPath string
	strangers  func(*rotation.Roster) configs.Problems // whom the configuration names and a roster does not have
	keys       []string                                // the names of the integration keys of the configuration
	allKeys    bool                                    // and of those that the bot has made
	vias       []string                                // the contact methods that a good configuration has; nil without one
	good       []string                                // what was read without a problem
	name       string                                  // of the command; empty: check
}

func (c *checkup) config(cmd *cobra.Command, path string, env []string) error {
	config, err := loadConfig(cmd, path, env)
	var problems configs.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	c.Problems = append(c.Problems, configured(problems)...)
	exposed := configs.Exposed(path, env)
	c.Problems = append(c.Problems, configured(exposed)...)
	c.Warnings = append(c.Warnings, configured(configs.Advice(path, env))...)
	for _, t := range config.Postmortem.Templates {
		c.template(t.File)
	}
	c.Warnings = append(c.Warnings, configured(config.Postmortem.Shadowed())...)
	c.rosterPath, c.strangers, c.keys = config.Roster, config.Strangers, keyNames(config)
	switch {
	case len(problems)+len(exposed) > 0:
	case path == "":
		c.good = append(c.good, "the STORMBELL_ variables")
	default:
		c.good = append(c.good, path)
	}
	if len(problems) == 0 {
		c.vias = append([]string{"slack"}, config.Notify.Vias()...)
	}
	return nil
}

// template tries a template of the post-mortem on a document that has everything, and on one
// that has nothing.
func (c *checkup) template(path string) {
	t, err := readTemplate(path)
	if err == nil {
		if err = t.Check(); err != nil {
			err = &templateError{path, err}
		}
	}
	if err == nil {
		c.good = append(c.good, path)
		return
	}
	f := finding{File: path, Where: "postmortem.templates", Problem: err.Error(), text: err.Error()}
	var at *postmortem.TemplateError
	if errors.As(err, &at) {
		f.Line, f.Problem = at.Line, at.Why
	}
	c.Problems = append(c.Problems, f)
}

// roster reads the roster, if there is one, and returns it if it is good.
func (c *checkup) roster() *rotation.Roster {
	if c.rosterPath == "" {
		return nil
	}
	roster, err := readRoster(c.rosterPath)
	var problems rotation.Problems
	if errors.As(err, &problems) {
		c.Problems = append(c.Problems, findings(problems)...)
		return nil
	}
	if err != nil {
		c.Problems = append(c.Problems, finding{File: c.rosterPath, Problem: err.Error(), text: err.Error()})
		return nil
	}
	c.Warnings = append(c.Warnings, findings(roster.Warnings())...)
	c.good = append(c.good, c.rosterPath+" with "+counts(roster))
	return roster
}

// methods warns of rules in the roster that the configuration cannot carry out: who
// wrote "call me" and is not called would not know why.
func (c *checkup) methods(roster *rotation.Roster) {
	wanted := map[string][]string{}
	for _, p := range roster.People {
		for _, rule := range slices.Concat(p.Rules.High, p.Rules.Low) {
			if !slices.Contains(c.vias, rule.Via) && !slices.Contains(wanted[rule.Via], p.ID) {
				wanted[rule.Via] = append(wanted[rule.Via], p.ID)
			}
		}
	}
	keys := map[string]string{"push": "notify.ntfy.url", "sms": "notify.twilio.account_sid", "voice": "notify.twilio.account_sid",
		"email": "notify.smtp.address", "webhook": "notify.webhook.url"}
	for _, via := range slices.Sorted(maps.Keys(wanted)) {
		f := finding{File: c.rosterPath, Where: "rules via " + via, Problem: "they cannot be carried out for " + strings.Join(wanted[via], ", "),
			Mend: "set " + keys[via] + " in the configuration, or remove the rules"}
		f.text = fmt.Sprintf("%s: %s: %s; %s", f.File, f.Where, f.Problem, f.Mend)
		c.Warnings = append(c.Warnings, f)
	}
}

// keyNames are the names of the integration keys of a configuration.
func keyNames(c *configs.Config) []string {
	var names []string
	for _, k := range c.HTTP.IntegrationKeys {
		names = append(names, k.Name)
	}
	return names
}

// senders warns of what the roster says of integration keys that the configuration does not
// have. Those that were made with key add are in the store, which is not asked: without any
// in the configuration, all are there.
func (c *checkup) senders(roster *rotation.Roster) {
	for _, name := range slices.Sorted(maps.Keys(roster.Alerts.Keys)) {
		if len(c.keys) == 0 && !c.allKeys || slices.Contains(c.keys, name) {
			continue
		}
		f := finding{File: c.rosterPath, Where: "alerts.keys." + name, Problem: "no integration key of the configuration has that name",
			Mend: "it is right if stormbell key list shows it"}
		if c.allKeys {
			f.Problem, f.Mend = "no integration key has that name, so it holds for no alert", "use a name that stormbell key list shows"
		}
		if near := configs.Nearest(name, c.keys); near != "" {
			f.Mend = "did you mean " + near + "? Otherwise " + f.Mend
		}
		f.text = fmt.Sprintf("%s: %s: %s; %s", f.File, f.Where, f.Problem, f.Mend)
		c.Warnings = append(c.Warnings, f)
	}
}

// configured returns the findings about a configuration.
func configured(problems configs.Problems) []finding {
	var list []finding
	for _, p := range problems {
		list = append(list, finding{p.File, p.Line, cmp.Or(p.Variable, p.Key), p.What, p.Mend, p.String()})
	}
	return list
}

func findings(problems rotation.Problems) []finding {
	var list []finding
	for _, p := range problems {
		list = append(list, finding{p.File, p.Line, p.Entry, p.Message, p.Hint, p.Error()})
	}
	return list
}

// counts says how much there is in a roster.
func counts(r *rotation.Roster) string {
	return fmt.Sprintf("people %d, teams %d, rotations %d, policies %d, services %d, agreements %d",
		len(r.People), len(r.Teams), len(r.Rotations), len(r.Policies), len(r.Services), len(r.Agreements))
}

// report prints the findings and returns an error when one is a problem.
func (c *checkup) report(p process, asJSON bool) error {
	if err := c.print(p, asJSON); err != nil {
		return err
	}
	name := cmp.Or(c.name, "check")
	switch n := len(c.Problems); n {
	case 0:
		return nil
	case 1:
		return errors.New(name + ": 1 problem")
	default:
		return fmt.Errorf("%s: %d problems", name, n)
	}
}

func (c *checkup) print(p process, asJSON bool) error {
	if asJSON {
		// a list that is null is a trap for whoever reads it
		c.Problems, c.Warnings = append([]finding{}, c.Problems...), append([]finding{}, c.Warnings...)
		return printJSON(p.Out, c)
	}
	for _, f := range c.Problems {
		fmt.Fprintln(p.Out, f.text)
	}
	for _, f := range c.Warnings {
		fmt.Fprintln(p.Out, "warning: "+f.text)
	}
	if len(c.Problems) > 0 && c.name == "" {
		return nil
	}
	for _, what := range c.good {
		if _, err := fmt.Fprintln(p.Out, "all good: "+what); err != nil {
			return err
		}
	}
	return nil
}

// readRoster reads a roster file. The error is [rotation.Problems] or says in
// plain words why the file could not be read.
func readRoster(path string) (*rotation.Roster, error) {
	roster, _, err := readRosterText(path)
	return roster, err
}

// readRosterText reads a roster file and returns its text as well.
func readRosterText(path string) (*rotation.Roster, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, nil, fmt.Errorf("%s: cannot read the roster: %v; check the path", path, err)
	}
	roster, err := rotation.Parse(path, data)
	return roster, data, err
}
