// Package postmortem drafts the blameless post-mortem of an incident from its
// record. Its noun is the [Document], made by [New] and shown by its methods as
// Markdown, HTML, JSON or a short form for a chat channel.
//
// The package is pure, and it refuses three things. It invents nothing: what
// only people can know is a question that stays visibly open. It names nobody:
// people appear by what they did in the incident, and the names the roster
// knows are taken out of what was typed. It treats no text from outside as
// markup, in any form it writes.
package postmortem

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Context is what the roster knows about an incident, as plain values. The zero
// Context is usable: services and teams are then shown by their IDs, people as
// Responder A, B …, and instants in UTC only.
type Context struct {
	Services  map[string]string         // names by service ID
	Teams     map[string]string         // names by team ID
	Owner     string                    // ID of the team that owns the incident's service
	Zone      *time.Location            // where the business is; nil: UTC alone is shown
	People    map[incident.Actor]Person // everyone who may occur in the timeline or its text
	Agreement *Agreement                // what was promised for the service; nil: nothing
}

// Person is what the roster knows of somebody.
type Person struct {
	// Label is what they were when the incident began, such as "primary on-call
	// (Checkout)". Empty: Responder A, B … in the order they appear.
	Label string
	// Names are full name, handle and Slack user ID. They are never shown: they
	// are what is taken out of the text that people typed.
	Names []string
	// Zone is where they live; it decides whether a page woke them. Nil: Context.Zone.
	Zone *time.Location
}

// Agreement is a promise about how fast an incident is dealt with.
type Agreement struct {
	Words   string                       // in plain words, as a customer reads it
	Targets map[incident.Severity]Target // a severity without an entry has no target
	// Counted returns how much of the time between two instants counts, for an
	// agreement about working hours. Nil: all of it.
	Counted func(from, to time.Time) time.Duration
}

// Target is what an agreement promises at one severity. Zero: nothing is promised.
type Target struct {
	Acknowledge time.Duration // from the declaration to the first acknowledgement by a person
	Update      time.Duration // between two updates while customers are affected
	Restore     time.Duration // from the declaration until customers are fine, and again from each reopening
}

// Document is a post-mortem as it stands. Every string in it is plain text;
// the methods that write a markup escape all of them.
type Document struct {
	Name     string              `json:"name"`  // INC-N
	Title    string              `json:"title"` //
	Status   incident.Status     `json:"status"`
	Severity string              `json:"severity"` // sev1 … sev4
	Highest  string              `json:"highest"`  // the most severe it has been
	Service  string              `json:"service,omitempty"`
	Owner    string              `json:"owner,omitempty"` // name of the owning team
	Private  bool                `json:"private,omitempty"`
	Test     bool                `json:"test,omitempty"`
	Due      Due                 `json:"due"`
	Impact   []incident.Interval `json:"impact"`
	Measures []Measure           `json:"measures"`
	Promises []Promise           `json:"promises"`
	Gaps     []Gap               `json:"gaps"` // between updates, while customers were affected
	Roles    []RoleLine          `json:"roles"`
	Pages    []Page              `json:"pages"`
	Timeline []Entry             `json:"timeline"`
	Replaced int                 `json:"replaced,omitempty"` // names in typed text that stand as roles here
	Sections []Section           `json:"sections"`           // the document in reading order
}

// Due says whether a post-mortem is asked for, and by when.
type Due struct {
	Required bool      `json:"required"`
	Because  string    `json:"because"`
	Draft    time.Time `json:"draft,omitzero"`   // zero while customers are affected, and where none is required
	Publish  time.Time `json:"publish,omitzero"` // likewise
}

// Source says who fills a section.
type Source string

// The sources of a section.
const (
	Record Source = "record" // all of it comes from the timeline
	Both   Source = "both"   // drafted from the timeline, to be confirmed by people
	People Source = "people" // questions that only people can answer
)

// Section is one part of a document, shown in the order of its fields.
type Section struct {
	ID     string   `json:"id,omitempty"`
	Title  string   `json:"title"`
	Source Source   `json:"source,omitempty"`
	Lines  []string `json:"lines,omitempty"`
	Table  *Table   `json:"table,omitempty"`
	List   []Item   `json:"list,omitempty"`
	Asks   []Ask    `json:"asks,omitempty"`
}

// Table holds rows that are as long as its head.
type Table struct {
	Head []string   `json:"head"`
	Rows [][]string `json:"rows"`
}

// Item is a line of a list: what it is about, and the text, which may have
// several lines.
type Item struct {
	Lead string `json:"lead,omitempty"`
	Text string `json:"text"`
}

// Ask is an open question. Nothing but a person answers it.
type Ask struct {
	Question string `json:"question"`
	Hint     string `json:"hint,omitempty"` // who could know, or what the record offers
}

// New drafts the document of incident i, whose whole timeline is events. It is
// a pure function: the same record gives the same document. An empty timeline
// gives a document in which only the questions and what i itself says stand.
func New(i incident.Incident, events []incident.Event, ctx Context) Document {
	f := newFacts(i, events, ctx)
	d := Document{
		Name:     i.Name(),
		Title:    f.cast.clean(i.Title),
		Status:   i.Status,
		Severity: i.Severity.String(),
		Highest:  i.Highest.String(),
		Service:  f.service(i.Service),
		Owner:    f.team(ctx.Owner),
		Private:  i.Private,
		Test:     i.Test,
		Impact:   i.Impact,
		Measures: f.measures(),
		Roles:    f.cast.roles,
	}
	d.Promises, d.Gaps = f.promises()
	d.Timeline = f.timeline()
	d.Pages = f.pages()
	d.Due = f.due(d.Pages, d.Promises)
	d.Sections = f.sections(d)
	d.Replaced = f.cast.replaced
	return d
}
