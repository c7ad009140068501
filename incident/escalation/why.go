package escalation

import (
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Result is what became of one page, as far as is known.
type Result string

// The results, in the order in which they can follow each other.
const (
	ResultAccepted    Result = "accepted"      // the provider, or Slack, took it
	ResultDelivered   Result = "delivered"     // it reached the device
	ResultSeen        Result = "seen"          // it was opened
	ResultAnswered    Result = "answered"      // the person acknowledged afterwards
	ResultUnconfirmed Result = "not confirmed" // nobody said in time that it was taken or delivered
	ResultFailed      Result = "failed"        // it did not arrive
)

// Explanation says why people were paged about an incident, and why others were
// not. Its JSON is a promise of the command line.
type Explanation struct {
	Incident string            `json:"incident"` // INC-N
	Title    string            `json:"title"`
	Severity string            `json:"severity"` // sev1 … sev4
	Service  string            `json:"service,omitempty"`
	Policy   string            `json:"policy,omitempty"` // of the escalation as it stands now
	Urgency  Urgency           `json:"urgency,omitempty"`
	RaiseAt  time.Time         `json:"raise_at,omitzero"` // when support hours make it urgent; zero: never
	State    State             `json:"state,omitempty"`
	Steps    []ExplainedStep   `json:"steps"`
	Coming   []ExplainedComing `json:"coming,omitempty"` // what goes out unless somebody answers
}

// ExplainedStep is one thing that the escalation decided, and the pages that
// came of it.
type ExplainedStep struct {
	At      time.Time          `json:"at"`
	Pass    int                `json:"pass,omitempty"`
	Step    int                `json:"step,omitempty"`
	Words   string             `json:"words"`
	People  []incident.Actor   `json:"people,omitempty"`
	Skipped []incident.Skipped `json:"skipped,omitempty"`
	Pages   []ExplainedPage    `json:"pages,omitempty"`
}

// ExplainedPage is one message that went out, or was to.
type ExplainedPage struct {
	At       time.Time      `json:"at"`
	Person   incident.Actor `json:"person,omitempty"`
	Target   string         `json:"target,omitempty"` // kind:id, of a message to no person
	Via      string         `json:"via"`
	Rule     string         `json:"rule,omitempty"`    // of the person
	Because  string         `json:"because,omitempty"` // what named the person: rotation:primary
	Result   Result         `json:"result"`
	ResultAt time.Time      `json:"result_at,omitzero"`
	Cause    string         `json:"cause,omitempty"` // of a failure, or what else was in the message
}

// ExplainedComing is one message that is to go out.
type ExplainedComing struct {
	At     time.Time      `json:"at"`
	Person incident.Actor `json:"person"`
	Via    string         `json:"via"`
}

// Explain reads the explanation out of an incident's timeline and its escalation
// as it stands. The zero Page is an incident that pages nobody.
func Explain(i incident.Incident, events []incident.Event, p Escalation) Explanation {
	x := Explanation{Incident: i.Name(), Title: i.Title, Severity: i.Severity.String(), Service: i.Service,
		Policy: p.Policy.ID, Urgency: p.Urgency, State: p.State, Steps: []ExplainedStep{}}
	if p.Urgency == Low && p.State != Resolved {
		x.RaiseAt = p.RaiseAt
	}
	for _, e := range events {
		x.take(e)
	}
	for _, r := range p.Rings {
		for _, next := range r.Pending {
			x.Coming = append(x.Coming, ExplainedComing{At: next.At, Person: incident.Person(r.Person), Via: next.Via})
		}
	}
	return x
}

// take adds what one event says.
func (x *Explanation) take(e incident.Event) {
	switch e.Kind {
	case incident.KindStep, incident.KindExhausted:
		if e.Person != "" { // a page that was not confirmed
			if !x.result(e, ResultUnconfirmed) {
				x.page(e, ExplainedPage{Result: ResultUnconfirmed})
			}
			return
		}
		x.Steps = append(x.Steps, ExplainedStep{At: e.At, Pass: e.Pass, Step: e.Step, Words: e.Text, People: e.Calls, Skipped: e.Skipped})
	case incident.KindPaged:
		x.page(e, ExplainedPage{Result: ResultAccepted, Cause: e.Text})
	case incident.KindPageFailed:
		if !x.result(e, ResultFailed) {
			x.page(e, ExplainedPage{Result: ResultFailed, Cause: e.Text})
		}
	case incident.KindReceipt:
		x.result(e, Result(e.Reason))
	case incident.KindAcknowledged:
		x.answered(e)
		x.Steps = append(x.Steps, ExplainedStep{At: e.At, Words: "Acknowledged.", People: []incident.Actor{e.By}})
	}
}

// page adds a message to the step that sent it.
func (x *Explanation) page(e incident.Event, p ExplainedPage) {
	p.At, p.Person, p.Target, p.Via, p.Rule = e.At, e.Person, e.Target, e.Via, e.Rule
	p.Because, _, _ = strings.Cut(e.Reason, ";")
	for k := len(x.Steps) - 1; k >= 0; k-- {
		if s := &x.Steps[k]; s.Pass == e.Pass && s.Step == e.Step && s.Words != "Acknowledged." {
			s.Pages = append(s.Pages, p)
			return
		}
	}
	x.Steps = append(x.Steps, ExplainedStep{At: e.At, Pass: e.Pass, Step: e.Step, Words: "Manual page.", Pages: []ExplainedPage{p}})
}

// result notes what became of the last page to that person by that way, and
// reports whether there was one of which nothing final was known.
func (x *Explanation) result(e incident.Event, r Result) bool {
	for k := len(x.Steps) - 1; k >= 0; k-- {
		for n := len(x.Steps[k].Pages) - 1; n >= 0; n-- {
			p := &x.Steps[k].Pages[n]
			if p.Person != e.Person || p.Via != e.Via || p.Target != e.Target {
				continue
			}
			if p.Result == ResultFailed || p.Result == ResultAnswered {
				return false
			}
			p.Result, p.ResultAt = r, e.At
			if r == ResultFailed {
				p.Cause = e.Text
			}
			return true
		}
	}
	return false
}

// answered notes that a person answered: the last page of which it is known that
// it was taken is the one that did it, as far as anybody can tell.
func (x *Explanation) answered(e incident.Event) {
	for k := len(x.Steps) - 1; k >= 0; k-- {
		for n := len(x.Steps[k].Pages) - 1; n >= 0; n-- {
			if p := &x.Steps[k].Pages[n]; p.Person == e.By && p.Result != ResultFailed && p.Result != ResultUnconfirmed {
				p.Result, p.ResultAt = ResultAnswered, e.At
				return
			}
		}
	}
}
