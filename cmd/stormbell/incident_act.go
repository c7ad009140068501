package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func declareCommand(p process) *cobra.Command {
	var flags operatorFlags
	var body struct {
		As       string `json:"as,omitempty"`
		Title    string `json:"title"`
		Severity string `json:"severity,omitempty"`
		Service  string `json:"service,omitempty"`
		Details  string `json:"details,omitempty"`
		Private  bool   `json:"private,omitempty"`
		Test     bool   `json:"test,omitempty"`
		Symptom  string `json:"symptom,omitempty"`
		Function string `json:"function,omitempty"`
	}
	cmd := &cobra.Command{
		Use:   "declare --config FILE [--severity SEV] [--service ID] [--symptom WORD] [--function TEXT] [--details TEXT] [--private] [--drill] [--as PERSON] [--json] TITLE…",
		Short: "Open an incident: whoever is on call is paged",
		Args:  wordsFrom("TITLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			body.Title = strings.Join(args, " ")
			answer, err := o.post(cmd.Context(), "/v1/incidents", body)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printDone(p.Out, answer) })
		},
	}
	flags.add(cmd)
	asFlag(cmd, &body.As)
	cmd.Flags().StringVar(&body.Severity, "severity", "", "the severity `SEV`, from sev1, the worst, to sev4")
	cmd.Flags().StringVar(&body.Service, "service", "", "the `ID` of the service that is affected; by default the roster's default service")
	cmd.Flags().StringVar(&body.Details, "details", "", "more `TEXT`, which becomes the first note")
	cmd.Flags().BoolVar(&body.Private, "private", false, "only the people involved can see it in Slack")
	cmd.Flags().BoolVar(&body.Test, "drill", false, "an exercise: it says so in every line, and is not announced")
	cmd.Flags().StringVar(&body.Symptom, "symptom", "", "what customers see, a `WORD`: slow, erroring, unavailable, partial, wrong_data or security")
	cmd.Flags().StringVar(&body.Function, "function", "", "what customers cannot do, as in `TEXT` card payments")
	return cmd
}

func asFlag(cmd *cobra.Command, as *string) {
	cmd.Flags().StringVar(as, "as", "", "the `PERSON` of the roster in whose name it is done, by ID or name; the timeline says that it was done by the command line")
}

// wordsFrom wants the fixed words and then at least one more.
func wordsFrom(words ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(words) {
			return wrong(cmd, words[len(args)]+" is missing")
		}
		return nil
	}
}

// deed is an act on an incident as the command line has it. The last of its
// words after INC-N takes the rest of the line.
type deed struct {
	verb, short string
	words       []string
	optional    string   // a last word that may be missing
	fields      []string // of the bot's body, for the words before the last one
	kind        string   // of a note, where the verb is one
}

var deeds = []deed{
	{verb: "ack", short: "Acknowledge it: somebody is on it, and nobody else is paged"},
	{verb: "role", short: "Give somebody a role: commander, responder, communicator or shadow", words: []string{"ROLE", "PERSON"}, fields: []string{"role", "person"}},
	{verb: "mitigate", short: "Say that customers are fine again", optional: "TEXT"},
	{verb: "resolve", short: "Say that the work of the incident is over", optional: "TEXT"},
	{verb: "close", short: "Say that nothing is left but follow-ups; with anyway before the reason, whatever is missing", optional: "TEXT"},
	{verb: "reopen", short: "Say that the trouble is back", words: []string{"REASON"}},
	{verb: "cancel", short: "Say that it was no incident", optional: "TEXT"},
	{verb: "near-miss", short: "Say that it could have hurt and did not", words: []string{"REASON"}},
	{verb: "false-alarm", short: "Say that there was nothing", words: []string{"REASON"}},
	{verb: "duplicate", short: "Make it a part of another incident", words: []string{"INC-M"}, optional: "REASON", fields: []string{"into"}},
	{verb: "related", short: "Say that it has to do with another incident", words: []string{"INC-M"}, optional: "TEXT", fields: []string{"into"}},
	{verb: "drill", short: "Say that it is a drill"},
	{verb: "real", short: "Say that it is real, no drill"},
	{verb: "update", short: "Tell those who wait how it stands", words: []string{"TEXT"}, kind: "update"},
	{verb: "same", short: "Post the last update again, since nothing has changed"},
	{verb: "public", short: "Keep words for the public", words: []string{"TEXT"}},
	{verb: "rename", short: "Change the title", words: []string{"TITLE"}},
	{verb: "service", short: "Give it to the owner of another service, who is paged", words: []string{"ID"}, optional: "REASON", fields: []string{"service"}},
	{verb: "note", short: "Add to the timeline what was seen, done or decided", words: []string{"TEXT"}},
	{verb: "object", short: "Record what speaks against the latest decision", words: []string{"TEXT"}},
	{verb: "hide", short: "Leave an entry of the timeline, by its number, out of what is shown", words: []string{"N", "REASON"}, fields: []string{"entry"}},
	{verb: "retime", short: "Say when an entry of the timeline really was, as in 14:05", words: []string{"N", "TIME", "REASON"}, fields: []string{"entry", "at"}},
	{verb: "sev", short: "Change the severity", words: []string{"SEV"}, optional: "REASON", fields: []string{"severity"}},
	{verb: "escalate", short: "Page the next step of the escalation policy now"},
	{verb: "unack", short: "Take the acknowledgement back: somebody else is paged"},
	{verb: "snooze", short: "Page nobody for a while, such as 15m", words: []string{"DURATION"}, fields: []string{"for"}},
	{verb: "reassign", short: "Page one person of the roster instead", words: []string{"PERSON"}, fields: []string{"person"}},
}

// args wants INC-N and the deed's words.
func (d deed) args() cobra.PositionalArgs {
	if len(d.words) == 0 && d.optional == "" {
		return exactly("INC-N")
	}
	return wordsFrom(append([]string{"INC-N"}, d.words...)...)
}

// usage is the deed's words, as help shows them.
func (d deed) usage() string {
	s := d.verb + " --config FILE [--as PERSON] [--json] INC-N"
	if d.verb == "mitigate" || d.verb == "resolve" {
		s = d.verb + " --config FILE [--how WORD] [--as PERSON] [--json] INC-N"
	}
	for _, w := range d.words {
		s += " " + w
	}
	switch {
	case d.optional != "":
		s += " [" + d.optional + "…]"
	case len(d.words) > 0:
		s += "…"
	}
	return s
}

// body puts the words behind INC-N where the bot looks for them.
func (d deed) body(as string, words []string) map[string]any {
	b := map[string]any{}
	if as != "" {
		b["as"] = as
	}
	for _, field := range d.fields {
		b[field], words = any(words[0]), words[1:]
		if field == "entry" {
			b[field] = number(b[field].(string))
		}
	}
	if d.kind != "" {
		b["kind"] = d.kind
	}
	if len(words) > 0 {
		b["text"] = strings.Join(words, " ")
	}
	return b
}

// path is the act as the bot's addresses have it.
func (d deed) path() string {
	if d.kind != "" {
		return "note"
	}
	return d.verb
}

// number is the number of an entry; 0, which there is none of, for another word.
func number(word string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(word, "#"))
	return n
}

func deedCommand(p process, d deed) *cobra.Command {
	var flags operatorFlags
	var as, how string
	cmd := &cobra.Command{
		Use:   d.usage(),
		Short: d.short,
		Args:  d.args(),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := incidentName(cmd, args[0])
			if err != nil {
				return err
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			body := d.body(as, args[1:])
			if how != "" {
				body["how"] = how
			}
			answer, err := o.post(cmd.Context(), "/v1/incidents/"+name+"/"+d.path(), body)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printDone(p.Out, answer) })
		},
	}
	flags.add(cmd)
	asFlag(cmd, &as)
	if d.verb == "mitigate" || d.verb == "resolve" {
		cmd.Flags().StringVar(&how, "how", "", "what made it stop, a `WORD`: rollback, restart, failover, flag, workaround or fix")
	}
	return cmd
}

// printDone prints what became of an act.
func printDone(w io.Writer, answer []byte) error {
	var done struct {
		Incident shownIncident `json:"incident"`
		Notes    []string      `json:"notes"`
	}
	if err := read(answer, &done); err != nil {
		return err
	}
	for _, line := range append([]string{done.Incident.line()}, done.Notes...) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
