package rotation

import (
	"slices"
	"time"
)

// Roster is everything a team reviews in one file: who there is, who is on
// call when, who is paged in which order, and what for. A Roster that came out
// of [Parse] is valid: every name in it refers to an entry that exists.
type Roster struct {
	People     []Person
	Teams      []Team
	Rotations  []Rotation
	Policies   []Policy
	Services   []Service
	Agreements []Agreement
	Defaults   Defaults
	Alerts     Alerts
	Heartbeats []Heartbeat

	index *index
}

// Level is how experienced a person is; empty when the roster does not say.
type Level string

// The levels of experience.
const (
	Junior    Level = "junior"
	Senior    Level = "senior"
	Principal Level = "principal"
)

// Person is somebody who can be on call. ID is the handle used in the roster
// and in commands.
type Person struct {
	ID       string
	Name     string
	Slack    string // Slack user ID (U… or W…); empty when only Email is known
	Email    string
	TimeZone string // IANA name, for quiet hours, night counts and shown times; empty means UTC
	Level    Level
	Phone    string // E.164, with the leading plus
	Rules    Rules
}

// Rules are how a person is paged, by urgency. A nil list means the roster
// says nothing; the paging engine then tries every known way at once.
type Rules struct {
	High []Rule
	Low  []Rule
}

// Rule is one way to reach a person and how long after the page it is tried.
type Rule struct {
	Via   string // slack, push, sms, voice, email or webhook
	After time.Duration
}

// HasAddress reports whether the roster says what paging the person by a way
// needs: a Slack user, or a mail address to find one by, for slack; a phone number
// for sms and voice; a mail address for email. A push and a webhook go to where the
// configuration says and need nothing of the person.
func (p *Person) HasAddress(via string) bool {
	switch via {
	case "slack":
		return p.Slack != "" || p.Email != ""
	case "sms", "voice":
		return p.Phone != ""
	case "email":
		return p.Email != ""
	}
	return true
}

// addressed reports whether the roster knows any way to reach the person. Without
// one only a push or a webhook can, if the configuration has them.
func (p *Person) addressed() bool {
	return p.HasAddress("slack") || p.HasAddress("sms") ||
		slices.ContainsFunc(slices.Concat(p.Rules.High, p.Rules.Low), func(r Rule) bool { return p.HasAddress(r.Via) })
}

// Team owns services and rotations.
type Team struct {
	ID         string
	Name       string
	Members    []string // person IDs
	Lead       string   // person ID
	SlackGroup string   // handle of a user group kept equal to who is on call; optional
	Channel    string   // name or ID of the channel in which the team is told of hand-overs; optional
}

// TargetKind says what a [Target] names.
type TargetKind string

// The kinds of targets.
const (
	TargetPerson   TargetKind = "person"
	TargetRotation TargetKind = "rotation"
	TargetTeam     TargetKind = "team"
	TargetChannel  TargetKind = "channel"
)

// Target is somebody or something that can be told: written `kind:id` in the
// roster, as in `rotation:payments-primary`.
type Target struct {
	Kind TargetKind
	ID   string
}

// String returns the target as the roster writes it.
func (t Target) String() string { return string(t.Kind) + ":" + t.ID }

// Policy is an escalation policy: who is told, in which order, how long each
// step waits for an answer.
type Policy struct {
	ID                 string
	Steps              []Step
	Repeat             int           // further passes through the steps while nobody acknowledges; -1 means for ever
	LastResort         []Target      // told when nobody is on call or every step has run without an answer; never empty
	AcknowledgeTimeout time.Duration // an acknowledged incident without progress is paged again; 0 means never
	SupportHours       *Coverage     `json:",omitempty"` // outside them what is not the worst waits for people's days; nil means always
}

// Step is one rung of a [Policy].
type Step struct {
	Notify     []Target
	Wait       time.Duration
	RoundRobin bool      // one of the people per incident, in turn
	Hours      *Coverage `json:",omitempty"` // when the step may start; nil means always
	Outside    Outside   `json:",omitempty"` // what becomes of it otherwise; empty without Hours
}

// Outside says what becomes of a [Step] that is to start outside its hours.
type Outside string

// What can become of it.
const (
	OutsideSkip Outside = "skip" // it is passed, as if it had nobody; what holds where nothing is said
	OutsideWait Outside = "wait" // it starts when its hours begin
)

// Service is something customers use and a team runs.
type Service struct {
	ID           string
	Name         string
	Kind         string // product, service or infrastructure
	Team         string
	Policy       string // policy ID; empty means Defaults.Policy
	Tier         int    // 1 is the most important; 0 when not said
	Functions    []string
	Runbook      Link
	Reviewed     string // date of the runbook's last review, YYYY-MM-DD; empty when not said
	FirstLooks   []string
	QuickActions []string
	Dashboards   []Link
	Documents    []Link
	DependsOn    []string
	Agreement    string // agreement ID; empty when none
	Stakeholders []Target
}

// Link is a titled address.
type Link struct {
	Title string
	URL   string
}

// Agreement is what was promised to whom.
type Agreement struct {
	ID       string
	Kind     string // sla, internal or none
	Coverage *Coverage
	Targets  map[string]Promise // by severity name, sev1 … sev4
	Words    string
}

// Coverage is a part of the week: in which an agreement's clock runs, a policy
// has its support hours or a step may start. A nil *Coverage means always.
type Coverage struct {
	Days     []time.Weekday
	From, To string // wall clock, HH:MM; To at or before From is on the next day
	TimeZone string
	Holidays []string // YYYY-MM-DD
}

// Promise is the times agreed for one severity; zero means not promised.
type Promise struct {
	Acknowledge time.Duration
	Update      time.Duration
	Restore     time.Duration
}

// Defaults is what holds where an incident or a service says nothing.
type Defaults struct {
	Service string
	Policy  string
}
