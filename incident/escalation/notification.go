package escalation

import (
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Outcome is what one [Escalation.Step] asks for: messages to send and entries for
// the timeline, each in the order in which they fell due.
type Outcome struct {
	Notifications []Notification `json:"sends,omitempty"`
	Log           []Entry        `json:"log,omitempty"`
}

// Notification is one message to one person or one channel.
type Notification struct {
	Key        string        `json:"key"` // unique for ever; the same send has the same key when it is computed again
	At         time.Time     `json:"at"`  // when it fell due
	Late       time.Duration `json:"late,omitempty"`
	Person     string        `json:"person,omitempty"`
	Channel    string        `json:"channel,omitempty"` // instead of Person
	Via        string        `json:"via"`               // "channel" for a channel
	Pass       int           `json:"pass"`
	Step       int           `json:"step"`            // 0 for the last resort and for a person it was reassigned to
	After      time.Duration `json:"after,omitempty"` // the delay of the personal rule
	Reason     Reason        `json:"reason"`
	Targets    []string      `json:"targets,omitempty"` // what named the receiver, as the roster writes it, or "acknowledgement"
	LastResort bool          `json:"last_resort,omitempty"`
}

// Reason is why a message goes out by this way at this time.
type Reason string

// The reasons.
const (
	ByRule    Reason = "rule"     // the person's own rule
	ByDefault Reason = "no_rules" // the person has no rules for the urgency, so every way is tried
	ByFailure Reason = "failure"  // an earlier way failed, so this one comes early
	ByStep    Reason = "step"     // the step names the channel
)

// Entry is one thing for the timeline.
type Entry struct {
	Kind    Kind          `json:"kind"`
	At      time.Time     `json:"at"` // when it fell due
	Late    time.Duration `json:"late,omitempty"`
	Cause   Cause         `json:"cause,omitempty"`
	Pass    int           `json:"pass"`
	Step    int           `json:"step"`
	People  []Called      `json:"people,omitempty"`
	Skipped []Skipped     `json:"skipped,omitempty"`
	Person  string        `json:"person,omitempty"`  // Unconfirmed: who
	Via     string        `json:"via,omitempty"`     // Unconfirmed: by which way
	Urgency Urgency       `json:"urgency,omitempty"` // of the page; empty of Unconfirmed
	// Waits: when the step's hours begin, and what they are. Nobody: when somebody
	// is looked for again.
	Until time.Time          `json:"until,omitzero"`
	Hours *rotation.Coverage `json:"hours,omitempty"`
	// Again marks a further look for somebody that found nobody either, after
	// the last resort was told. They come every minute and a timeline may leave
	// them out; the channels of the step are not told again.
	Again bool `json:"again,omitempty"`
}

// Kind says what an [Entry] tells.
type Kind string

// The kinds of entries.
const (
	Ran         Kind = "ran"         // a step started
	Waits       Kind = "waits"       // a step is put off until its hours begin
	Nobody      Kind = "nobody"      // a whole pass reached nobody; the last resort is told
	RanOut      Kind = "ran_out"     // nobody has answered any step; the last resort is told, and everybody must see it
	Unconfirmed Kind = "unconfirmed" // a send was not accepted or not delivered in time
)

// Called is a person whom a step pages.
type Called struct {
	Person  string    `json:"person"`
	Targets []string  `json:"targets,omitempty"` // as in a [Send]
	From    time.Time `json:"from"`              // when the first message goes out; later than the step while the person sleeps
}

// Skipped is somebody or something that a step names and does not page.
type Skipped struct {
	Target string `json:"target"`
	Person string `json:"person,omitempty"` // empty when the target meant nobody
	Why    Why    `json:"why"`
}

// Why says why a step did not page.
type Why string

// The reasons for not paging.
const (
	NobodyOnCall Why = "nobody_on_call"
	NoWay        Why = "no_way"        // left, deactivated, or without any verified way to be reached
	NotTheirTurn Why = "not_turn"      // the round robin chose somebody else
	OutsideHours Why = "outside_hours" // the step is not asked at this time
	NoAddress    Why = "no_address"    // of a rule: nothing is known by which its way could reach the person
)

// Cause is why a step starts.
type Cause string

// The causes.
const (
	Opened      Cause = "opened"
	Unanswered  Cause = "unanswered"  // the step before it was given its time
	Empty       Cause = "empty"       // the step before it had nobody
	Unreachable Cause = "unreachable" // nobody of the step before it could be reached
	NextLook    Cause = "next_look"   // a minute after a pass that reached nobody
	NoProgress  Cause = "no_progress" // nothing heard since the acknowledgement
	Unacked     Cause = "unacked"
	SnoozeOver  Cause = "snooze_over"
	HandedOver  Cause = "reassigned"
	Raised      Cause = "raised"
	HoursBegan  Cause = "support_hours"
	StepHours   Cause = "step_hours" // it has waited for its hours
	Escalated   Cause = "escalated"
)
