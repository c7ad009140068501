// Package incident is the incident process as values: an [Incident], the
// [Event]s that are its timeline, and the [Effect]s that the rest of the
// program must carry out. Each transition is one method that takes the instant
// and the actor and returns a [Change]; applying the events of all changes in
// order rebuilds the same Incident (see [Fold]).
//
// The package is pure. It never asks for the time, never touches a network, a
// file or a log, and knows nothing of Slack: what must be said is an Effect,
// what was refused is a [Refusal] in plain words.
package incident

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Incident is the state of one incident. It is the fold of its timeline and
// holds nothing that the timeline does not say.
type Incident struct {
	Number         int        `json:"number"`
	Title          string     `json:"title"`
	Severity       Severity   `json:"severity"`
	Highest        Severity   `json:"highest"`           // the most severe it has been
	Assumed        bool       `json:"assumed,omitempty"` // nobody has said the severity: it is the default
	Status         Status     `json:"status"`
	Service        string     `json:"service,omitempty"`    // roster service ID; empty when nobody said
	ServiceBy      ServiceBy  `json:"service_by,omitempty"` // how it was chosen, where nobody named it
	Reroutes       int        `json:"reroutes,omitempty"`   // how often it was given from one service to another
	Symptom        Symptom    `json:"symptom,omitempty"`    // what customers see; empty when nobody said
	Function       string     `json:"function,omitempty"`   // the business function that is hit
	Private        bool       `json:"private,omitempty"`
	Test           bool       `json:"test,omitempty"` // a drill
	DeclaredBy     Actor      `json:"declared_by"`
	Declared       time.Time  `json:"declared"`
	AcknowledgedBy Actor      `json:"acknowledged_by,omitempty"` // who is on it now; empty while nobody is
	Since          time.Time  `json:"since,omitzero"`            // since when AcknowledgedBy is
	Asking         bool       `json:"asking,omitempty"`          // somebody is looked for all the same
	Acknowledged   time.Time  `json:"acknowledged,omitzero"`     // of the first acknowledgement, whoever is on it now
	Mitigated      time.Time  `json:"mitigated,omitzero"`        // first entry
	How            How        `json:"how,omitempty"`             // what ended the impact, latest
	HowAssumed     bool       `json:"how_assumed,omitempty"`     // nobody has said how: it counts as a workaround
	Resolved       time.Time  `json:"resolved,omitzero"`         // latest
	Closed         time.Time  `json:"closed,omitzero"`           // latest
	Impact         []Interval `json:"impact,omitempty"`          // in time order; only the last can be open
	ImpactBy       Actor      `json:"impact_by,omitempty"`       // who said when it hurt or whom; empty: it is counted from the declaration
	Hit            Hit        `json:"hit,omitzero"`              // whom it hurts, as far as somebody said
	Seen           Seen       `json:"seen,omitempty"`            // who saw it first, where somebody said so, see [Incident.SeenBy]
	Roles          []Holding  `json:"roles,omitempty"`           // current holders, in the order they took the role
	Offer          Offer      `json:"offer,omitzero"`            // of command, as long as it stands
	Involved       []Actor    `json:"involved,omitempty"`        // everyone who acted on it or was paged for it, first come first
	Admitted       []Actor    `json:"admitted,omitempty"`        // whom somebody let in: they see it as long as they are in its channel
	Called         []Actor    `json:"called,omitempty"`          // everyone a page was decided for, whether it has left or not
	Channel        string     `json:"channel,omitempty"`         // Slack channel ID, empty until it stands
	ChannelName    string     `json:"channel_name,omitempty"`
	Alert          string     `json:"alert,omitempty"`             // dedup key of the alert that opened it
	Says           string     `json:"says,omitempty"`              // the first sentence of that alert's sender, where it says more than the title
	Runbook        string     `json:"runbook,omitempty"`           // that alert's own, whole
	AlertOver      bool       `json:"alert_over,omitempty"`        // all its alerts are over, say their senders
	NoChannel      bool       `json:"no_channel,omitempty"`        // it gets a channel only when somebody wants one
	MergedInto     int        `json:"merged_into,omitempty"`       // the incident this one is part of
	MergedPrivate  bool       `json:"merged_private,omitempty"`    // that one is private
	Outcome        Outcome    `json:"outcome,omitempty"`           // of one that was cancelled: near_miss or false_alarm, where somebody said so
	Related        []int      `json:"related,omitempty"`           // incidents that people say have to do with it
	Reviewer       Actor      `json:"postmortem_owner,omitempty"`  // who writes the post-mortem
	Waived         string     `json:"postmortem_waived,omitempty"` // why nobody does
	Postmortem     Postmortem `json:"postmortem,omitzero"`         // how far the document has come
	FollowUps      []FollowUp `json:"follow_ups,omitempty"`        // in the order they were opened
	Events         int        `json:"events"`                      // the number of the last event
	Updated        time.Time  `json:"updated"`                     // instant of the last event
	Exhausted      bool       `json:"exhausted,omitempty"`         // nobody answered any step of the escalation
}

// Name returns the incident's name, INC-N.
func (i Incident) Name() string { return Name(i.Number) }

// Name returns the name of incident number n, INC-n.
func Name(n int) string { return "INC-" + strconv.Itoa(n) }

// ParseName reads INC-12, inc12, inc-12, #12 or 12.
func ParseName(s string) (int, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "#")
	if rest, ok := strings.CutPrefix(s, "inc"); ok {
		s = strings.TrimPrefix(rest, "-")
	}
	if len(s) == 0 || len(s) > 9 || strings.Trim(s, "0123456789") != "" {
		return 0, false // Atoi would take a sign
	}
	n, _ := strconv.Atoi(s) // of at most nine digits: cannot fail
	return n, n > 0
}

// Whole names the incident that this one is a part of, unless that is private: it
// does not exist for most of those who read this one.
func (i Incident) Whole() string { return whole(i.MergedInto, i.MergedPrivate) }

func whole(n int, private bool) string {
	if private {
		return "a private incident"
	}
	return Name(n)
}

// Acked reports whether somebody is on it and nobody else is looked for:
// acknowledged, and not lapsed, given to another service or reopened since.
func (i Incident) Acked() bool { return i.AcknowledgedBy != "" && !i.Asking }

// Said returns the severity that somebody has said, zero when nobody has.
func (i Incident) Said() Severity {
	if i.Assumed {
		return 0
	}
	return i.Severity
}

// Holder returns who holds the role, or "" when nobody does.
func (i Incident) Holder(r Role) Actor {
	for _, h := range i.Roles {
		if h.Role == r {
			return h.Who
		}
	}
	return ""
}

// Sees reports whether who may know of the incident at all. A private incident
// is seen only by those who belong to it.
func (i Incident) Sees(who Actor) bool { return !i.Private || i.Concerns(who) }

// Hurting returns how long customers have been affected until now, over all
// intervals of impact. What a part of another incident hurt is counted there.
func (i Incident) Hurting(now time.Time) time.Duration {
	if i.Status == Merged {
		return 0
	}
	var sum time.Duration
	for _, v := range i.Impact {
		end := v.End
		if end.IsZero() {
			end = now
		}
		sum += end.Sub(v.Start)
	}
	return sum
}

// Interval is a stretch of impact, half open; End is zero while it lasts.
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
}

// Holding is a role and who holds it since when.
type Holding struct {
	Role Role      `json:"role"`
	Who  Actor     `json:"who"`
	From time.Time `json:"from"`
}

// Actor says who did something, as kind:id — person:ada for somebody in the
// roster, slack:U0123 for a Slack user the roster does not know, alert:KEY for
// an alert sender, admin:cli for the command line in nobody's name, and bot for
// ourselves. Older timelines have other names behind admin.
type Actor string

// Bot is the actor of what the program does by itself.
const Bot Actor = "bot"

// Person returns the actor of a person in the roster.
func Person(id string) Actor { return Actor("person:" + id) }

// SlackUser returns the actor of a Slack user who is not in the roster.
func SlackUser(id string) Actor { return Actor("slack:" + id) }

// Split returns the actor's kind and ID.
func (a Actor) Split() (kind, id string) {
	kind, id, _ = strings.Cut(string(a), ":")
	return kind, id
}

// Through says by which door somebody acted, where they need not have been there
// themselves.
type Through string

// ThroughAdmin is the admin API, which the command line uses: somebody who has the
// admin token acted in a person's name.
const ThroughAdmin Through = "admin"

// After puts behind a name how that person acted, where there is something to say.
func (t Through) After(name string) string {
	if t == "" {
		return name
	}
	return name + " (by the command line)"
}

// Human reports whether the actor is a person.
func (a Actor) Human() bool {
	kind, _ := a.Split()
	return kind == "person" || kind == "slack" || kind == "admin"
}

// Severity is how bad it is, 1 the worst. The zero value means not said.
type Severity int

// The severities.
const (
	Sev1 Severity = 1 + iota
	Sev2
	Sev3
	Sev4
)

// DefaultSeverity holds where nobody says one. Of two that are unsure the
// higher is taken, so an unqualified call for help pages at any hour.
const DefaultSeverity = Sev2

// String returns sev1 … sev4.
func (s Severity) String() string { return "sev" + strconv.Itoa(int(s)) }

// Word returns the severity in one plain word.
func (s Severity) Word() string {
	switch s {
	case Sev1:
		return "critical"
	case Sev2:
		return "major"
	case Sev3:
		return "minor"
	default:
		return "notice"
	}
}

var severityWords = map[string]Severity{
	"0": Sev1, "1": Sev1, "critical": Sev1, "crit": Sev1, "fatal": Sev1, "emergency": Sev1, "page": Sev1,
	"2": Sev2, "major": Sev2, "high": Sev2, "error": Sev2,
	"3": Sev3, "minor": Sev3, "medium": Sev3, "moderate": Sev3, "warning": Sev3, "warn": Sev3,
	"4": Sev4, "5": Sev4, "notice": Sev4, "low": Sev4, "info": Sev4, "informational": Sev4,
}

// ParseSeverity reads sev1, SEV-1, s1, p1, 1, and the words alert senders use.
// Scales that begin at 0 or end at 5 are read as ours: 0 is Sev1 and 5 is Sev4.
func ParseSeverity(s string) (Severity, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, prefix := range []string{"severity", "sev", "s", "p"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			rest = strings.TrimLeft(rest, "-_ ")
			if len(rest) == 1 {
				s = rest
				break
			}
		}
	}
	sev, ok := severityWords[s]
	return sev, ok
}

// Status is where an incident stands.
type Status string

// The statuses.
const (
	Declared      Status = "declared"      // somebody says it may be one; the owner is paged
	Investigating Status = "investigating" // acknowledged, looking for the quickest relief
	Mitigating    Status = "mitigating"    // relief is being applied
	Mitigated     Status = "mitigated"     // customers are fine again; being watched
	Resolved      Status = "resolved"      // stable; the work of the incident is over
	Closed        Status = "closed"        // nothing left but follow-ups
	Cancelled     Status = "cancelled"     // was no incident
	Merged        Status = "merged"        // part of another
)

// Active reports whether the incident still needs somebody's attention.
func (s Status) Active() bool {
	return s == Declared || s == Investigating || s == Mitigating || s == Mitigated
}

// Hurting reports whether customers are affected in this status.
func (s Status) Hurting() bool {
	return s == Declared || s == Investigating || s == Mitigating
}

// How says what ended the impact.
type How string

// The ways an impact ends. All but Fix leave something temporary in place.
const (
	Workaround How = "workaround"
	Rollback   How = "rollback"
	Restart    How = "restart"
	Failover   How = "failover"
	Flag       How = "flag" // a feature was switched off or on
	Fix        How = "fix"
)

// Role is what somebody does in an incident.
type Role string

// The roles that exist without any configuration; the bot is the scribe.
const (
	Commander    Role = "commander"
	Responder    Role = "responder"
	Communicator Role = "communicator"
	Shadow       Role = "shadow"
)

// NoteKind is what a note tells.
type NoteKind string

// The kinds of notes; empty is a plain one.
const (
	What     NoteKind = "what"
	Where    NoteKind = "where"
	HowNote  NoteKind = "how"
	When     NoteKind = "when"
	Decision NoteKind = "decision"
	Update   NoteKind = "update"
	Task     NoteKind = "task"
)

// ParseNote splits a leading `what:`, `where:`, `how:` or `when:` off a note. Where
// nothing stands behind it the text is empty.
func ParseNote(text string) (NoteKind, string) {
	head, rest, ok := strings.Cut(text, ":")
	if !ok {
		return "", text
	}
	switch kind := NoteKind(strings.ToLower(strings.TrimSpace(head))); kind {
	case What, Where, HowNote, When:
		return kind, strings.TrimSpace(rest)
	}
	return "", text
}

// Refusal is an error meant for a person: what was refused, and the next step.
// In both texts {who} and {when} stand for Who and When, so that each surface
// can show a person and an instant its own way.
type Refusal struct {
	Why  string
	Next string // may be empty
	Who  Actor
	When time.Time
	Join int // being in the channel of the incident with this number would be enough; 0: it would not help
}

// Error returns the refusal in one line, with {who} and {when} filled in plainly.
func (r *Refusal) Error() string {
	_, id := r.Who.Split()
	return r.Text(id, r.When.UTC().Format("Mon 2 Jan 15:04 UTC"))
}

// Text returns the refusal in one line with who and when shown as given.
func (r *Refusal) Text(who, when string) string {
	s := strings.TrimSpace(r.Why + " " + r.Next)
	return strings.NewReplacer("{who}", who, "{when}", when).Replace(s)
}

// Refuse returns a refusal in words, with the next step.
func Refuse(next, format string, args ...any) *Refusal {
	return &Refusal{Why: fmt.Sprintf(format, args...), Next: next}
}
