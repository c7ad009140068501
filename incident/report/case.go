package report

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Measure is a duration of an incident. Each has two events, see [Measure.Ends].
type Measure string

// The measures, as they stand in answers.
const (
	Detect   Measure = "detect"
	FirstAck Measure = "first_ack"
	Mitigate Measure = "mitigate"
	Impact   Measure = "impact"
	Resolve  Measure = "resolve"
)

// Measures lists them in the order in which an incident has them.
func Measures() []Measure { return []Measure{Detect, FirstAck, Mitigate, Impact, Resolve} }

// Ends names the two events between which a measure is taken.
func (m Measure) Ends() (from, to string) {
	switch m {
	case Detect:
		return "impact began", "declared"
	case FirstAck:
		return "first page", "first acknowledgement"
	case Mitigate:
		return "declared", "first mitigated"
	case Impact:
		return "impact began", "impact over, without the time in between"
	default:
		return "declared", "resolved"
	}
}

// Took is how long something took in one incident.
type Took struct {
	Took    time.Duration
	ByHand  bool   // one of its ends was said by a person
	Missing string // why it is not known; empty: it is
}

// Case is one incident as figures are made from it. How long things took and what was
// promised are what its post-mortem says, so that both say the same.
type Case struct {
	Incident  incident.Incident
	Events    []incident.Event // those that are [Needed]
	Team      string           // that owns its service; empty: nobody does
	Agreement string           // the name of what is promised of the service; empty: nothing
	Took      map[Measure]Took
	Promises  []Promise
	Delays    []Delay
	Roles     []Holding
	Answered  []string // the questions of its post-mortem that somebody has answered, by their IDs
}

// Needed returns the events of a timeline that figures are made from besides what else stands in
// a [Case]: pages, for which service they were, what answers them, and promises that were missed.
// The rest is most of it.
func Needed(events []incident.Event) []incident.Event {
	var list []incident.Event
	for _, e := range events {
		switch e.Kind {
		case incident.KindDeclared, incident.KindService, incident.KindPaged, incident.KindPageFailed, incident.KindMissed, incident.KindMissAccepted:
			list = append(list, e)
		default:
			if e.Answers() {
				list = append(list, e)
			}
		}
	}
	return slices.Clip(list)
}

// Promise is one of an incident's promises.
type Promise struct {
	What   string // acknowledge, restore or update
	Target time.Duration
	Used   time.Duration
	State  PromiseState
}

// PromiseState is how a promise stands. Its words are those of the post-mortem.
type PromiseState string

// The states of a promise.
const (
	Met    PromiseState = "met"
	Missed PromiseState = "missed"
	Open   PromiseState = "open"
)

// Delay is a page and how long its answer took.
type Delay struct {
	Via      string
	Band     string // of the day of whoever was paged
	Took     time.Duration
	Answered bool // by the person who was paged
}

// Holding is how long somebody held a role.
type Holding struct {
	Role incident.Role
	For  time.Duration
}

// counts reports whether an incident is one of those that figures are about: it hurt, or
// could have, and it is not a part of another one.
func (c Case) counts() bool { return why(c.Incident) == "" }

// why says why an incident is left out; empty: it is not.
func why(i incident.Incident) string {
	switch {
	case i.Test:
		return "drill"
	case i.Status == incident.Merged:
		return "merged"
	case i.Outcome == incident.NearMiss:
		return "near miss"
	case i.Outcome == incident.FalseAlarm:
		return "false alarm"
	case i.Status == incident.Cancelled:
		return "cancelled"
	default:
		return ""
	}
}
