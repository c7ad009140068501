package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
)

// rehearsal is what is asked of rehearse.
type rehearsal struct {
	roster, service, policy string
	at                      instant
	urgency, severity       string
	length                  time.Duration
	events                  []string
	json                    bool
}

func rehearseCommand(p process) *cobra.Command {
	var r rehearsal
	cmd := &cobra.Command{
		Use:   "rehearse --roster FILE --service ID|--policy ID [--at TIME] [--severity WORD|--urgency WORD] [--for DURATION] [--event WHEN=WHAT …] [--json]",
		Short: "See who would be paged, without paging anybody",
		Long: "Prints every notification that an incident at that instant would send: after how\n" +
			"long, to whom, and by which contact method. It assumes that every contact method\n" +
			"that the roster has of a person works.\n\n" +
			"With --severity the support hours of the policy decide how urgent the incident is.\n" +
			"Without it the incident is urgent at any hour, as if nobody had chosen a severity.\n\n" +
			"--event says what somebody does meanwhile, some time after the start:\n" +
			"  --event 2m=ack:ada  --event 30m=unack  --event 5m=reassign:bob\n" +
			"  --event 1m=snooze:1h  --event 10m=progress  --event 10m=raise  --event 1h=resolve\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := r.run(cmd)
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(p.Out, result)
			}
			return printRehearsal(p.Out, result)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.roster, "roster", "", "the roster `FILE`")
	f.StringVar(&r.service, "service", "", "the `ID` of the service that the incident is about")
	f.StringVar(&r.policy, "policy", "", "the `ID` of an escalation policy, in the place of --service")
	f.Var(&r.at, "at", "when the incident begins, RFC 3339; by default now")
	f.StringVar(&r.severity, "severity", "", "the severity, a `WORD`: sev1, sev2 or sev3")
	f.StringVar(&r.urgency, "urgency", string(escalation.High), "the urgency, a `WORD`, in the place of --severity: high, or low, which waits for the morning")
	f.DurationVar(&r.length, "for", 24*time.Hour, "how long to look ahead, a `DURATION`")
	f.StringArrayVar(&r.events, "event", nil, "what somebody does, `WHEN=WHAT`; can be repeated")
	f.BoolVar(&r.json, "json", false, "one line of JSON")
	return cmd
}

func (r *rehearsal) run(cmd *cobra.Command) (escalation.Rehearsal, error) {
	events, err := r.check(cmd)
	if err != nil {
		return escalation.Rehearsal{}, err
	}
	roster, err := readRoster(r.roster)
	if err != nil {
		return escalation.Rehearsal{}, err
	}
	for _, e := range events {
		if _, ok := roster.Person(e.Person); e.Person != "" && !ok {
			return escalation.Rehearsal{}, unknownEntry("person", e.Person, r.roster, personIDs(roster))
		}
	}
	policy, err := r.find(roster)
	if err != nil {
		return escalation.Rehearsal{}, err
	}
	o := escalation.Open{ID: "rehearsal", Policy: *policy, Urgency: escalation.Urgency(r.urgency), Now: r.at.or(time.Now().Truncate(time.Second))}
	if severity, ok := incident.ParseSeverity(r.severity); ok {
		o.Urgency, o.RaiseAt = escalation.UrgencyAt(o.Policy, severity, o.Now)
	}
	return escalation.Rehearse(o, escalation.FromRoster(roster, func(id string) []string { return contactMethods(roster, id) }), r.length, events)
}

// check refuses what cannot be asked.
func (r *rehearsal) check(cmd *cobra.Command) ([]escalation.Event, error) {
	if err := required(cmd, "roster"); err != nil {
		return nil, err
	}
	switch {
	case (r.service == "") == (r.policy == ""):
		return nil, wrong(cmd, "give either --service ID or --policy ID")
	case r.urgency != string(escalation.High) && r.urgency != string(escalation.Low):
		return nil, wrong(cmd, fmt.Sprintf("--urgency %s: it is high or low", r.urgency))
	case r.severity != "" && cmd.Flags().Changed("urgency"):
		return nil, wrong(cmd, "give either --severity or --urgency")
	case r.severity != "" && !pages(r.severity):
		return nil, wrong(cmd, fmt.Sprintf("--severity %s: it is sev1, sev2 or sev3; sev4 pages nobody", r.severity))
	case r.length <= 0:
		return nil, wrong(cmd, "--for must be more than nothing")
	}
	var events []escalation.Event
	for _, s := range r.events {
		e, err := escalation.ParseEvent(s)
		if err != nil {
			return nil, wrong(cmd, "--"+err.Error())
		}
		events = append(events, e)
	}
	return events, nil
}

// pages reports whether a word is a severity that pages somebody.
func pages(severity string) bool {
	s, ok := incident.ParseSeverity(severity)
	return ok && escalation.UrgencyOf(s) != escalation.None
}

// find returns the policy that is asked for or that the service follows.
func (r *rehearsal) find(roster *rotation.Roster) (*rotation.Policy, error) {
	if r.policy != "" {
		if p, ok := roster.Policy(r.policy); ok {
			return p, nil
		}
		var known []string
		for _, p := range roster.Policies {
			known = append(known, p.ID)
		}
		return nil, unknownEntry("policy", r.policy, r.roster, known)
	}
	if _, ok := roster.Service(r.service); !ok {
		var known []string
		for _, s := range roster.Services {
			known = append(known, s.ID)
		}
		return nil, unknownEntry("service", r.service, r.roster, known)
	}
	if p, ok := roster.PolicyOf(r.service); ok {
		return p, nil
	}
	return nil, fmt.Errorf("service %s has no policy in %s, and there is no default; set defaults, policy", r.service, r.roster)
}

func personIDs(roster *rotation.Roster) []string {
	var ids []string
	for _, p := range roster.People {
		ids = append(ids, p.ID)
	}
	return ids
}

// unknownEntry says that a roster has no entry of that ID, and which is near.
func unknownEntry(kind, id, file string, known []string) error {
	mend := "it has none"
	if near := configs.Nearest(id, known); near != "" {
		mend = fmt.Sprintf("did you mean %q?", near)
	} else if len(known) > 0 {
		slices.Sort(known)
		mend = "it has " + strings.Join(known, ", ")
	}
	return fmt.Errorf("there is no %s %q in %s; %s", kind, id, file, mend)
}

// contactMethods is how a person can be reached, by what the roster says about them: by
// whatever it has an address for, and by a push or a webhook where their rules say
// that there is one.
func contactMethods(roster *rotation.Roster, person string) []string {
	p, ok := roster.Person(person)
	if !ok {
		return nil
	}
	list := []string{"slack", "sms", "voice", "email"}
	for _, rule := range slices.Concat(p.Rules.High, p.Rules.Low) {
		if !slices.Contains(list, rule.Via) {
			list = append(list, rule.Via)
		}
	}
	return slices.DeleteFunc(list, func(via string) bool { return !p.HasAddress(via) })
}

func printRehearsal(w io.Writer, r escalation.Rehearsal) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AFTER\tWHO\tVIA\tSTEP\tPASS\tBECAUSE OF")
	for _, s := range r.Sent {
		because := people(s.Send.Targets, "-")
		if s.Send.LastResort {
			because = "last resort"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", s.After, s.Person, s.Via, s.Step, s.Pass, because)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, h := range r.Hours {
		fmt.Fprintln(w, hoursWords(h))
	}
	for _, s := range r.Skipped {
		fmt.Fprintln(w, skipWords(s))
	}
	_, err := fmt.Fprintf(w, "at the end: %s\n", r.State)
	return err
}

// hoursWords says what hours of the roster decide.
func hoursWords(h escalation.RehearsedHours) string {
	step := fmt.Sprintf("after %s: step %d", h.After, h.Step)
	if h.Pass > 1 {
		step += fmt.Sprintf(" (round %d)", h.Pass)
	}
	switch h.What {
	case escalation.RehearsedLow:
		return "outside the support hours: not urgent before " + h.Hours.Show(h.Until)
	case escalation.RehearsedUrgent:
		return fmt.Sprintf("after %s: support hours have begun, so it is urgent", h.After)
	case escalation.RehearsedWait:
		return step + " waits for its hours, which begin " + h.Hours.Show(h.Until)
	default:
		return step + " is skipped: it is outside its hours"
	}
}

// skipWords says who or what is passed over, and why.
func skipWords(s escalation.RehearsedSkipped) string {
	after := fmt.Sprintf("after %s: ", s.After)
	step := fmt.Sprintf(" (step %d)", s.Step)
	if s.Step == 0 {
		step = " (last resort)"
	}
	if s.Pass > 1 {
		step = strings.TrimSuffix(step, ")") + fmt.Sprintf(", round %d)", s.Pass)
	}
	switch s.Why {
	case escalation.NoAddress:
		lacks := map[string]string{"slack": "slack or email", "email": "email"}[s.Via]
		if lacks == "" {
			lacks = "phone"
		}
		return fmt.Sprintf("%s%s is not paged by %s: the roster has no %s for it", after, s.Person, s.Via, lacks)
	case escalation.NoWay:
		return after + s.Person + " is not paged: the roster has no slack, email or phone of theirs" + step
	case escalation.NotTheirTurn:
		return after + "it is not the turn of " + s.Person + step
	}
	if strings.HasPrefix(s.Target, string(rotation.TargetTeam)+":") {
		return after + s.Target + " has no members" + step
	}
	return after + "nobody is on call for " + s.Target + step
}
