package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/incident"
)

func followUpCommand(p process) *cobra.Command {
	members := []*cobra.Command{followUpListCommand(p)}
	for _, d := range followUpDeeds {
		members = append(members, followUpDeedCommand(p, d))
	}
	return groupCommand("followup", "See and finish what is left to do, without Slack", members...)
}

// printedFollowUp is what the commands read of a follow-up in an answer.
type printedFollowUp struct {
	incident.FollowUp
	State         string `json:"state"`
	IncidentTitle string `json:"incident_title"`
	Overdue       bool   `json:"overdue"`
	OwnerName     string `json:"owner_name"`
}

// stands says how a follow-up stands, and until when it is to be done.
func (f printedFollowUp) stands(zone *time.Location) string {
	switch {
	case f.State != "open":
		return f.StateWords()
	case f.Due.IsZero():
		return "no date"
	case f.Overdue:
		return "overdue since " + f.Due.In(zone).Format(time.DateOnly)
	default:
		return "due " + f.Due.In(zone).Format(time.DateOnly)
	}
}

// readState reads the state as answers have it: open, done or dropped.
func (f *printedFollowUp) readState() {
	if f.FollowUp.State = incident.FollowUpState(f.State); f.State == "open" {
		f.FollowUp.State = ""
	}
}

func followUpListCommand(p process) *cobra.Command {
	var flags operatorFlags
	var team, person, before string
	var overdue, all bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list --config FILE [--team ID] [--person ID] [--overdue] [--all] [--limit N] [--before INC-N-FN] [--json]",
		Short: "What is still to be done after incidents",
		Long: "Prints the open follow-ups, those whose priority was raised first and then by their date.\n" +
			"With --all those that are done or were decided against are there too, the newest incident\n" +
			"first. Where there are more than --limit lets through, the last line says how to see them;\n" +
			"in JSON, `more` is the name for --before.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for name, value := range map[string]string{"team": team, "person": person, "before": before} {
				if value != "" {
					query.Set(name, value)
				}
			}
			for name, set := range map[string]bool{"overdue": overdue, "all": all} {
				if set {
					query.Set(name, "true")
				}
			}
			answer, err := o.get(cmd.Context(), "/v1/followups", query)
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printFollowUps(p.Out, answer, o.zone) })
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&team, "team", "", "only those of the team with this `ID` or name")
	cmd.Flags().StringVar(&person, "person", "", "only those of the person with this `ID` or name")
	cmd.Flags().BoolVar(&overdue, "overdue", false, "only those whose date is over")
	cmd.Flags().BoolVar(&all, "all", false, "those that are done or were decided against, too")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `N`, from 1 to 1000")
	cmd.Flags().StringVar(&before, "before", "", "go on behind `INC-N-FN`, the last that was shown")
	return cmd
}

func printFollowUps(w io.Writer, answer []byte, zone *time.Location) error {
	var list struct {
		FollowUps []printedFollowUp `json:"follow_ups"`
		More      string            `json:"more"`
	}
	if err := read(answer, &list); err != nil {
		return err
	}
	if len(list.FollowUps) == 0 {
		_, err := fmt.Fprintln(w, "no follow-up matches")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range list.FollowUps {
		f.readState()
		title := f.Title
		if f.Raised != "" && f.Open() {
			title += " (raised: " + f.Raised + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.ID, f.stands(zone), dash(f.Team), dash(f.OwnerName), title)
	}
	if err := t.Flush(); err != nil || list.More == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "There are more, which are not shown. To see them, add --before %s.\n", list.More)
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// followUpDeed is an act on a follow-up as the command line has it. The last of its
// words takes the rest of the line.
type followUpDeed struct {
	verb, short string
	path        string // the act, as it stands in addresses
	words       []string
}

var followUpDeeds = []followUpDeed{
	{"done", "Say that a follow-up is done, with a link or a sentence", "done", []string{"TEXT"}},
	{"drop", "Say that a follow-up was decided against, with the reason", "drop", []string{"REASON"}},
	{"date", "Give a follow-up another date, such as 2026-12-24, with the reason", "date", []string{"DATE", "REASON"}},
	{"give", "Give a follow-up to a person of the roster, or to a team by team:ID", "owner", []string{"PERSON|team:ID"}},
}

// body puts the words behind the name where the bot looks for them.
func (d followUpDeed) body(as string, words []string) map[string]string {
	b := map[string]string{}
	if as != "" {
		b["as"] = as
	}
	switch d.verb {
	case "date":
		b["due"], b["text"] = words[0], strings.Join(words[1:], " ")
	case "give":
		if team, ok := strings.CutPrefix(words[0], "team:"); ok {
			b["team"] = team
		} else {
			b["person"] = strings.Join(words, " ")
		}
	default:
		b["text"] = strings.Join(words, " ")
	}
	return b
}

func followUpDeedCommand(p process, d followUpDeed) *cobra.Command {
	var flags operatorFlags
	var as string
	cmd := &cobra.Command{
		Use:   d.verb + " --config FILE [--as PERSON] [--json] INC-N-FN " + strings.Join(d.words, " ") + "…",
		Short: d.short,
		Args:  wordsFrom(append([]string{"INC-N-FN"}, d.words...)...),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, _, ok := incident.ParseFollowUp(args[0])
			if !ok {
				return wrong(cmd, fmt.Sprintf("%q is not the name of a follow-up, which is INC-N-FN", args[0]))
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			o.look = "followup list --all"
			answer, err := o.post(cmd.Context(), "/v1/followups/"+id+"/"+d.path, d.body(as, args[1:]))
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error {
				var done struct {
					FollowUp printedFollowUp `json:"follow_up"`
				}
				if err := read(answer, &done); err != nil {
					return err
				}
				done.FollowUp.readState()
				_, err := fmt.Fprintf(p.Out, "%s %s: %s\n", done.FollowUp.ID, done.FollowUp.stands(o.zone), done.FollowUp.Title)
				return err
			})
		},
	}
	flags.add(cmd)
	asFlag(cmd, &as)
	return cmd
}
