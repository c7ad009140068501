package escalation

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Urgency says how hard an escalation tries.
type Urgency string

// The urgencies.
const (
	High Urgency = "high" // any time, through every step
	Low  Urgency = "low"  // the first step only, and only while people are awake
	None Urgency = "none" // nobody is paged; no page is opened for it
)

// State is where an escalation stands.
type State string

// The states.
const (
	Triggered    State = "triggered"    // somebody is being looked for
	Acknowledged State = "acknowledged" // somebody is on it; silent unless progress stops
	Snoozed      State = "snoozed"      // silent until an instant, then from the start
	Exhausted    State = "exhausted"    // every step has run without an answer and the last resort was told; no further steps
	Resolved     State = "resolved"     // over
)

// What the rules fix and no policy changes.
const (
	lookAgain      = 60 * time.Second // P7: while nobody can be found
	reassignWait   = 5 * time.Minute  // P12: for the answer of the person named
	acceptWithin   = 20 * time.Second // for a provider to take a message
	deliveryWithin = 60 * time.Second // for the receipt, where the way gives one
)

// Escalation is one open escalation. It is a value: every method leaves its receiver
// as it was and returns the escalation that follows. An Escalation comes from [New] or from
// the JSON of an earlier one; the zero Escalation is not usable. Instants are UTC.
type Escalation struct {
	ID      string          `json:"id"`
	Policy  rotation.Policy `json:"policy"` // as it was when the escalation was opened
	Urgency Urgency         `json:"urgency"`
	State   State           `json:"state"`
	Opened  time.Time       `json:"opened"`

	// Which step. Pass and Rung count from 1; both are 0 while only
	// the person it was reassigned to is asked.
	Pass       int       `json:"pass"`
	Rung       int       `json:"step"`
	StepAt     time.Time `json:"step_at,omitzero"`     // when the step started
	People     []string  `json:"people,omitempty"`     // whom the step pages
	Reassigned string    `json:"reassigned,omitempty"` // the one person asked, while Pass is 0
	AckedBy    string    `json:"acked_by,omitempty"`

	// Wake is when the next thing happens apart from personal rules; zero:
	// nothing is planned. Running says which: the wait of the step that has
	// started ends, or else the step at Pass and Rung starts, because of Cause.
	// A step that waits for its hours is one that starts, because of StepHours.
	Wake    time.Time `json:"wake,omitzero"`
	Running bool      `json:"running,omitempty"`
	Cause   Cause     `json:"cause,omitempty"`

	RaiseAt time.Time   `json:"raise_at,omitzero"` // low becomes high; zero: not by itself
	Rings   []Ring      `json:"rings,omitempty"`   // one for each person paged
	Turns   map[int]int `json:"turns,omitempty"`   // the number drawn for each round-robin step
	Sent    int         `json:"sent"`              // numbers the sends

	// What this pass has come to, for its end.
	Found  bool `json:"found,omitempty"`  // a step had somebody to page
	Missed bool `json:"missed,omitempty"` // a step looked for somebody in vain
	Waited bool `json:"waited,omitempty"` // a step was given its whole time
	Told   bool `json:"told,omitempty"`   // the last resort knows that nobody can be reached
}

// Open is what an escalation is opened with.
type Open struct {
	ID      string
	Policy  rotation.Policy
	Urgency Urgency   // empty means High
	Now     time.Time // also when the first step starts
	// RaiseAt is when an escalation of low urgency becomes one of high urgency because
	// support hours begin; zero means never by itself (P13). It is kept with the
	// page as an instant, so no restart can lose the wake-up (P17).
	RaiseAt time.Time
}

// New returns the escalation that o describes, due at o.Now. The policy is copied:
// later edits of the roster do not touch an open escalation.
func New(o Open) Escalation {
	p := Escalation{ID: o.ID, Policy: copyPolicy(o.Policy), Urgency: o.Urgency, Opened: instant(o.Now)}
	if p.Urgency != Low {
		p.Urgency = High
	}
	if p.Urgency == Low && !o.RaiseAt.IsZero() {
		p.RaiseAt = instant(o.RaiseAt)
	}
	return p.begin(1, p.Opened, Opened)
}

// Due returns when something happens next if nobody does anything, and false
// if nothing will. An escalation that is triggered with high urgency is always due at
// some time.
func (p Escalation) Due() (time.Time, bool) {
	at := earlier(p.Wake, p.raise())
	for i := range p.Rings {
		at = earlier(at, p.Rings[i].due())
	}
	return at, !at.IsZero()
}

// Later returns the people whom the escalation has sent nothing yet, because they sleep
// or their own rules wait, with when the first message goes out.
func (p Escalation) Later() map[string]time.Time {
	later := map[string]time.Time{}
	for _, r := range p.Rings {
		if len(r.Receipts) == 0 && len(r.Pending) > 0 {
			later[r.Person] = r.Pending[0].At
		}
	}
	return later
}

// raise returns when support hours make the escalation urgent. An escalation that somebody
// holds or has silenced is not started again by the clock; it is urgent once
// its own time comes.
func (p Escalation) raise() time.Time {
	if p.Urgency == Low && (p.State == Triggered || p.State == Exhausted) {
		return p.RaiseAt
	}
	return time.Time{}
}

// begin puts the escalation before the first step of a pass, to start at the given
// instant.
func (p Escalation) begin(pass int, at time.Time, why Cause) Escalation {
	p.Pass, p.Rung, p.Reassigned = pass, 1, ""
	p.Found, p.Missed, p.Waited = false, false, false
	return p.plan(at, why)
}

// plan makes the step at Pass and Rung start at the given instant.
func (p Escalation) plan(at time.Time, why Cause) Escalation {
	p.State, p.Wake, p.Running, p.Cause = Triggered, at, false, why
	p.StepAt = time.Time{}
	return p
}

// step returns the step at which the escalation stands.
func (p Escalation) step() rotation.Step {
	if p.Pass == 0 {
		person := rotation.Target{Kind: rotation.TargetPerson, ID: p.Reassigned}
		return rotation.Step{Notify: []rotation.Target{person}, Wait: reassignWait}
	}
	if p.Rung < 1 || p.Rung > len(p.Policy.Steps) { // a policy without steps
		return rotation.Step{}
	}
	return p.Policy.Steps[p.Rung-1]
}

// instant strips what a stored instant cannot keep, so that an escalation equals
// itself after a round trip through the store.
func instant(t time.Time) time.Time { return t.Round(0).UTC() }

// earlier returns the earlier of two instants, where zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func copyPolicy(p rotation.Policy) rotation.Policy {
	p.LastResort = slices.Clone(p.LastResort)
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].Notify = slices.Clone(p.Steps[i].Notify)
		p.Steps[i].Hours = p.Steps[i].Hours.Clone()
	}
	p.SupportHours = p.SupportHours.Clone()
	return p
}
