package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/incident"
)

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
	Seq     int              `json:"seq"`
	When    time.Time        `json:"when"`
	Hidden  bool             `json:"hidden"`
	At      time.Time        `json:"at"`
	Words   string           `json:"words"`
	Kind    incident.Kind    `json:"kind"`
	Through incident.Through `json:"through"`
}

// own is when it was, as people are shown it.
func (e entry) own() time.Time {
	if e.When.IsZero() {
		return e.At // of an older bot
	}
	return e.When
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
	slices.SortStableFunc(t.Timeline, func(a, b entry) int { return a.own().Compare(b.own()) })
	for _, e := range t.Timeline {
		if e.Hidden || e.Kind == incident.KindHidden || e.Kind == incident.KindWithdrawn {
			continue // JSON has it
		}
		if _, err := fmt.Fprintf(w, "%4d  %s  %s\n", e.Seq, e.own().In(zone).Format("2006-01-02 15:04:05 MST"), e.Words); err != nil {
			return err
		}
	}
	return nil
}

// sheet is what the bot answers about one incident.
type sheet struct {
	Incident     shownIncident             `json:"incident"`
	Service      struct{ Name string }     `json:"service"`
	Team         struct{ Name string }     `json:"team"`
	Paging       bool                      `json:"paging"`
	Paged        []incident.Actor          `json:"asked"`
	ChannelError string                    `json:"channel_error"`
	Names        map[incident.Actor]string `json:"names"`
	Timeline     []entry                   `json:"timeline"`
}

func printSheet(w io.Writer, answer []byte, zone *time.Location) error {
	var s sheet
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
	row("on it", s.onIt(at))
	row("paged", s.people(s.Paged...))
	for _, r := range i.Roles {
		row(string(r.Role), s.people(r.Who))
	}
	if i.ChannelName != "" {
		row("channel", "#"+i.ChannelName)
	} else if s.ChannelError != "" {
		row("channel", "none: "+s.ChannelError)
	}
	if i.Outcome != "" {
		row("outcome", i.Outcome.Words())
	}
	row("related", i.related())
	for _, f := range i.FollowUps {
		row(f.ID, strings.TrimSpace(f.Title+" "+f.Export.Named()))
	}
	fmt.Fprintln(t)
	if err := t.Flush(); err != nil {
		return err
	}
	return printTimeline(w, answer, zone)
}

// onIt says who is on an incident, or whether somebody is being looked for; nothing
// where it is over and nobody was.
func (s sheet) onIt(at func(time.Time) string) string {
	i := s.Incident
	switch {
	case i.AcknowledgedBy != "":
		text := through(s.Timeline, incident.KindAcknowledged).After(s.people(i.AcknowledgedBy)) + ", since " + at(i.Since)
		if i.Asking {
			text += "; people are being paged again"
		}
		return text
	case s.Paging:
		return "nobody yet; people are being paged"
	case i.Status.Active():
		return "nobody, and nobody is being paged"
	default:
		return ""
	}
}

// people lists people by their names, where they are known.
func (s sheet) people(list ...incident.Actor) string {
	var out []string
	for _, a := range list {
		_, who := a.Split()
		if name := s.Names[a]; name != "" {
			who = name
		}
		out = append(out, who)
	}
	return strings.Join(out, ", ")
}
