package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/incident"
)

func incidentCommand(p process) *cobra.Command {
	members := []*cobra.Command{listCommand(p), showCommand(p), declareCommand(p), timelineCommand(p)}
	for _, d := range deeds {
		members = append(members, deedCommand(p, d))
	}
	return groupCommand("incident", "Work on incidents without Slack", members...)
}

// shownIncident is what the commands read of an incident in an answer.
type shownIncident struct {
	Name           string              `json:"name"`
	Title          string              `json:"title"`
	Severity       string              `json:"severity"`
	Status         incident.Status     `json:"status"`
	Service        string              `json:"service"`
	Private        bool                `json:"private"`
	Test           bool                `json:"test"`
	DeclaredBy     incident.Actor      `json:"declared_by"`
	Declared       time.Time           `json:"declared"`
	AcknowledgedBy incident.Actor      `json:"acknowledged_by"`
	Since          time.Time           `json:"since"`  // since when AcknowledgedBy is on it
	Asking         bool                `json:"asking"` // people are paged all the same
	ChannelName    string              `json:"channel_name"`
	Roles          []incident.Holding  `json:"roles"`
	FollowUps      []incident.FollowUp `json:"follow_ups"`
}

// line is the incident in one line.
func (i shownIncident) line() string {
	return fmt.Sprintf("%s %s %s: %s", i.Name, i.Severity, i.Status, i.Title)
}

// write prints an answer: as it came, or as words does.
func (f *operatorFlags) write(w io.Writer, answer []byte, words func() error) error {
	if !f.json {
		return words()
	}
	_, err := fmt.Fprintln(w, strings.TrimSpace(string(answer)))
	return err
}

// read reads an answer of the bot into out.
func read(answer []byte, out any) error {
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the bot's answer is of another version of Stormbell: %v", err)
	}
	return nil
}

// listFlags say which incidents are listed.
type listFlags struct {
	operatorFlags
	all                     bool
	status, severity        []string
	service, search, before string
	from, to                instant
	limit                   int
}

func (f *listFlags) add(cmd *cobra.Command) {
	f.operatorFlags.add(cmd)
	cmd.Flags().BoolVar(&f.all, "all", false, "those that are over, too")
	cmd.Flags().StringSliceVar(&f.status, "status", nil, "only in this `STATUS`, open or not; several with commas")
	cmd.Flags().StringSliceVar(&f.severity, "severity", nil, "only of this `SEV`; several with commas")
	cmd.Flags().StringVar(&f.service, "service", "", "only of the service with this `ID` or name")
	cmd.Flags().Var(&f.from, "from", "declared at this instant or later, RFC 3339")
	cmd.Flags().Var(&f.to, "to", "declared before this instant, RFC 3339")
	cmd.Flags().StringVar(&f.search, "search", "", "`WORDS` that all occur in the title, the name or the service")
	cmd.Flags().IntVar(&f.limit, "limit", 100, "at most `N`, from 1 to 1000")
	cmd.Flags().StringVar(&f.before, "before", "", "older than `INC-N`")
}

// query is what the bot is asked for.
func (f *listFlags) query() url.Values {
	query := url.Values{"limit": {strconv.Itoa(f.limit)}}
	if f.all {
		query.Set("all", "true")
	}
	for name, value := range map[string]string{"status": strings.Join(f.status, ","), "severity": strings.Join(f.severity, ","), "service": f.service,
		"search": f.search, "before": f.before, "from": f.from.String(), "to": f.to.String()} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// none says that nothing is listed, and where nothing was looked for.
func (f *listFlags) none() string {
	query := f.query()
	query.Del("limit")
	query.Del("all")
	narrowed, everywhere := len(query) > 0, f.all || len(f.status) > 0
	switch {
	case narrowed && everywhere:
		return "no incident matches"
	case narrowed:
		return "no open incident matches; --all looks at those that are over, too"
	case everywhere:
		return "no incidents"
	default:
		return "no open incidents; --all shows those that are over, too"
	}
}

func listCommand(p process) *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "list --config FILE [--all] [--status STATUS] [--severity SEV] [--service ID] [--from TIME] [--to TIME] " +
			"[--search WORDS] [--limit N] [--before INC-N] [--json]",
		Short: "The open incidents, or those that are asked for",
		Long: "Prints the open incidents, the newest first, or with --all those that are over, too.\n" +
			"The other flags narrow the list. Where it has more than --limit lets through, the\n" +
			"last line says how to see them; in JSON, `more` is the INC-N for --before.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			answer, err := o.get(cmd.Context(), "/v1/incidents", flags.query())
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printList(p.Out, answer, flags.none(), time.Now()) })
		},
	}
	flags.add(cmd)
	return cmd
}

func printList(w io.Writer, answer []byte, none string, now time.Time) error {
	var list struct {
		Incidents []shownIncident `json:"incidents"`
		More      string          `json:"more"`
	}
	if err := read(answer, &list); err != nil {
		return err
	}
	if len(list.Incidents) == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, i := range list.Incidents {
		_, who := i.AcknowledgedBy.Split()
		if who == "" {
			who = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s ago\t%s\t%s\n", i.Name, i.Severity, i.Status, i.Service, age(now.Sub(i.Declared)), who, i.Title)
	}
	if err := t.Flush(); err != nil || list.More == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "There are older ones, which are not shown. To see them, add --before %s.\n", list.More)
	return err
}

// age shows how long something has lasted, as coarsely as people say it.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

// incidentName reads the INC-N of a command.
func incidentName(cmd *cobra.Command, word string) (string, error) {
	n, ok := incident.ParseName(word)
	if !ok {
		return "", wrong(cmd, fmt.Sprintf("%q is not the name of an incident, which is INC-N", word))
	}
	return incident.Name(n), nil
}

func showCommand(p process) *cobra.Command {
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "show INC-N --config FILE [--json]",
		Short: "One incident, with who is on it and its timeline",
		Args:  exactly("INC-N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.look(cmd, p, args[0], printSheet)
		},
	}
	flags.add(cmd)
	return cmd
}

func timelineCommand(p process) *cobra.Command {
	var flags operatorFlags
	cmd := &cobra.Command{
		Use:   "timeline INC-N --config FILE [--json]",
		Short: "What has happened in an incident",
		Args:  exactly("INC-N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.look(cmd, p, args[0]+"/timeline", printTimeline)
		},
	}
	flags.add(cmd)
	return cmd
}

// look asks for an incident, or a part of it, and prints the answer.
func (f *operatorFlags) look(cmd *cobra.Command, p process, what string, words func(io.Writer, []byte, *time.Location) error) error {
	word, part, _ := strings.Cut(what, "/")
	name, err := incidentName(cmd, word)
	if err != nil {
		return err
	}
	o, err := f.operator(cmd, p.Env)
	if err != nil {
		return err
	}
	path := "/v1/incidents/" + name
	if part != "" {
		path += "/" + part
	}
	answer, err := o.get(cmd.Context(), path, nil)
	if err != nil {
		return err
	}
	return f.write(p.Out, answer, func() error { return words(p.Out, answer, o.zone) })
}

// entry is a line of a timeline.
type entry struct {
	At      time.Time        `json:"at"`
	Words   string           `json:"words"`
	Kind    incident.Kind    `json:"kind"`
	Through incident.Through `json:"through"`
}

// through is how the latest event of a kind was done, if not in person.
func through(timeline []entry, kind incident.Kind) incident.Through {
	for _, e := range slices.Backward(timeline) {
		if e.Kind == kind {
			return e.Through
		}
	}
	return ""
}

func printTimeline(w io.Writer, answer []byte, zone *time.Location) error {
	var t struct {
		Timeline []entry `json:"timeline"`
	}
	if err := read(answer, &t); err != nil {
		return err
	}
	for _, e := range t.Timeline {
		if _, err := fmt.Fprintf(w, "%s  %s\n", e.At.In(zone).Format("2006-01-02 15:04:05 MST"), e.Words); err != nil {
			return err
		}
	}
	return nil
}

func printSheet(w io.Writer, answer []byte, zone *time.Location) error {
	var s struct {
		Incident     shownIncident             `json:"incident"`
		Service      struct{ Name string }     `json:"service"`
		Team         struct{ Name string }     `json:"team"`
		Paging       bool                      `json:"paging"`
		Asked        []incident.Actor          `json:"asked"`
		ChannelError string                    `json:"channel_error"`
		Names        map[incident.Actor]string `json:"names"`
		Timeline     []entry                   `json:"timeline"`
	}
	if err := read(answer, &s); err != nil {
		return err
	}
	i := s.Incident
	at := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(t, "  %s\t%s\n", name, text)
		}
	}
	fmt.Fprintln(t, i.line())
	row("service", s.Service.Name)
	row("team", s.Team.Name)
	row("declared", at(i.Declared)+" by "+through(s.Timeline, incident.KindDeclared).After(s.Names[i.DeclaredBy]))
	switch {
	case i.AcknowledgedBy != "":
		_, who := i.AcknowledgedBy.Split()
		if name := s.Names[i.AcknowledgedBy]; name != "" {
			who = name
		}
		since := through(s.Timeline, incident.KindAcknowledged).After(who) + ", since " + at(i.Since)
		if i.Asking {
			since += "; people are being paged again"
		}
		row("on it", since)
	case s.Paging:
		row("on it", "nobody yet; people are being paged")
	case i.Status.Active():
		row("on it", "nobody, and nobody is being paged")
	}
	row("paged", together(s.Asked, s.Names))
	for _, r := range i.Roles {
		row(string(r.Role), together([]incident.Actor{r.Who}, s.Names))
	}
	if i.ChannelName != "" {
		row("channel", "#"+i.ChannelName)
	} else if s.ChannelError != "" {
		row("channel", "none: "+s.ChannelError)
	}
	for _, f := range i.FollowUps {
		row(f.ID, f.Title)
	}
	fmt.Fprintln(t)
	if err := t.Flush(); err != nil {
		return err
	}
	return printTimeline(w, answer, zone)
}

// together lists people by their names, where they are known.
func together(list []incident.Actor, known map[incident.Actor]string) string {
	var out []string
	for _, a := range list {
		_, who := a.Split()
		if name := known[a]; name != "" {
			who = name
		}
		out = append(out, who)
	}
	return strings.Join(out, ", ")
}

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
	}
	cmd := &cobra.Command{
		Use:   "declare --config FILE [--severity SEV] [--service ID] [--details TEXT] [--private] [--test] [--as PERSON] [--json] TITLE…",
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
	cmd.Flags().BoolVar(&body.Test, "test", false, "an exercise, which is not announced")
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
	optional    string // a last word that may be missing
}

var deeds = []deed{
	{verb: "ack", short: "Acknowledge it: somebody is on it, and nobody else is paged"},
	{verb: "mitigate", short: "Say that customers are fine again", optional: "TEXT"},
	{verb: "resolve", short: "Say that the work of the incident is over", optional: "TEXT"},
	{verb: "close", short: "Say that nothing is left but follow-ups", optional: "TEXT"},
	{verb: "reopen", short: "Say that the trouble is back", words: []string{"REASON"}},
	{verb: "cancel", short: "Say that it was no incident", optional: "TEXT"},
	{verb: "note", short: "Add to the timeline what was seen, done or decided", words: []string{"TEXT"}},
	{verb: "sev", short: "Change the severity", words: []string{"SEV"}, optional: "REASON"},
	{verb: "escalate", short: "Page the next step of the escalation policy now"},
	{verb: "unack", short: "Take the acknowledgement back: somebody else is paged"},
	{verb: "snooze", short: "Page nobody for a while, such as 15m", words: []string{"DURATION"}},
	{verb: "reassign", short: "Page one person of the roster instead", words: []string{"PERSON"}},
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
func (d deed) body(as string, words []string) map[string]string {
	b := map[string]string{}
	if as != "" {
		b["as"] = as
	}
	field := map[string]string{"sev": "severity", "snooze": "for", "reassign": "person"}[d.verb]
	if field != "" {
		b[field], words = words[0], words[1:]
	}
	if len(words) > 0 {
		b["text"] = strings.Join(words, " ")
	}
	return b
}

func deedCommand(p process, d deed) *cobra.Command {
	var flags operatorFlags
	var as string
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
			answer, err := o.post(cmd.Context(), "/v1/incidents/"+name+"/"+d.verb, d.body(as, args[1:]))
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printDone(p.Out, answer) })
		},
	}
	flags.add(cmd)
	asFlag(cmd, &as)
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
