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
	"fmt"
	"slices"
	"strings"
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
	Alike     []Precedent               // incidents of the past that are like it, the most alike first
	Told      []string                  // who is told when it is published: channels by name, people by what they are
}

// Precedent is an incident of the past that is like another one.
type Precedent struct {
	Name  string // INC-N
	Title string
	How   incident.How // what ended it
	Text  string       // the words that were given with that; may be empty
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
	// Junior says that they are asked what would help someone in their first week.
	Junior bool
}

// Agreement is a promise about how fast an incident is dealt with.
type Agreement struct {
	Words   string                       // in plain words, as a customer reads it
	Hours   string                       // in which its clocks run, in words; empty: around the clock
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

// Document is a post-mortem as it stands, or as it was published. Every string in it is
// plain text; the methods that write a markup escape all of them.
type Document struct {
	Name     string                   `json:"name"`  // INC-N
	Title    string                   `json:"title"` // what customers saw, never a cause
	Status   incident.Status          `json:"status"`
	State    incident.PostmortemState `json:"state"`
	Version  int                      `json:"version,omitempty"`    // of a published one, from 1
	Reason   string                   `json:"reason,omitempty"`     // what a version after the first corrects
	Sealed   time.Time                `json:"published,omitzero"`   // when this version was published
	Severity string                   `json:"severity"`             // sev1 … sev4
	Highest  string                   `json:"highest"`              // the most severe it has been
	Symptom  incident.Symptom         `json:"symptom,omitempty"`    //
	Function string                   `json:"function,omitempty"`   // the business function that was hit
	Service  string                   `json:"service,omitempty"`    //
	Owner    string                   `json:"owner,omitempty"`      // name of the owning team
	Outcome  incident.Outcome         `json:"outcome,omitempty"`    // of what hurt nobody
	Whole    string                   `json:"part_of,omitempty"`    // the incident whose post-mortem tells of this one
	Private  bool                     `json:"private,omitempty"`    //
	Test     bool                     `json:"test,omitempty"`       // a drill
	Public   bool                     `json:"public,omitempty"`     // made for readers outside, see [Document.ForPublic]
	Due      Due                      `json:"due"`                  //
	SeenBy   incident.Seen            `json:"first_seen,omitempty"` // alert, staff or customers
	Hit      string                   `json:"hit,omitempty"`        // who was hit and how many, with where the number is from
	Impact   []incident.Interval      `json:"impact"`               //
	Measures []Measure                `json:"measures"`
	Promises []Promise                `json:"promises"`
	Gaps     []Gap                    `json:"gaps"` // between updates, while customers were affected
	Roles    []RoleLine               `json:"roles"`
	Pages    []Page                   `json:"pages"`
	Changes  []Change                 `json:"changes,omitempty"` // of the status and the severity
	Timeline []Entry                  `json:"timeline"`
	Replaced int                      `json:"replaced,omitempty"` // names in typed text that stand as roles here
	Sections []Section                `json:"sections"`           // the document in reading order

	cast   *cast     // who is called what; nil: it was read back
	form   *Template // its Markdown; nil: the usual one
	sealed string    // its Markdown as it was published; empty: it is written anew
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
	ID        string     `json:"id,omitempty"`
	Title     string     `json:"title"`
	Source    Source     `json:"source,omitempty"`
	Lines     []string   `json:"lines,omitempty"`
	Table     *Table     `json:"table,omitempty"`
	List      []Item     `json:"list,omitempty"`
	Questions []Question `json:"questions,omitempty"`
}

// Empty reports whether the section holds nothing at all: then its heading is not shown.
func (s Section) Empty() bool {
	return len(s.Lines) == 0 && len(s.List) == 0 && len(s.Questions) == 0 && s.Table == nil
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

// Line is the item on one line, where what was written with it stands after a colon.
func (it Item) Line() string {
	what, with, ok := strings.Cut(it.Text, "\n")
	if ok {
		what += ": " + strings.ReplaceAll(with, "\n", "; ")
	}
	return strings.TrimSpace(it.Lead + " " + what)
}

// Question is what only people can say. It stays open until somebody answers it.
type Question struct {
	ID      string   `json:"id"` // one and the same for ever, by which it is answered
	Text    string   `json:"text"`
	Hint    string   `json:"hint,omitempty"` // who could know, or what the record offers
	Asked   bool     `json:"asked"`          // this incident needs an answer; otherwise one is welcome
	Answers []Answer `json:"answers,omitempty"`

	who  []incident.Actor // who could know, the likeliest first; none: whoever writes the document
	rank int              // how important it is among those that are asked, 0 the most
}

// Open says how a question without an answer stands.
func (q Question) Open() string {
	if q.Asked {
		return "Open."
	}
	return "Open; an answer is welcome."
}

// Answer is what somebody has answered, as typed but for names.
type Answer struct {
	Who  string    `json:"who"` // by role
	Text string    `json:"text"`
	At   time.Time `json:"at"`

	by  incident.Actor
	seq int // of the event
}

// By is who gave the answer, for the program alone: it is in no form of the document.
func (a Answer) By() incident.Actor { return a.by }

// New drafts the document of incident i, whose whole timeline is events. It is
// a pure function: the same record gives the same document. An empty timeline
// gives a document in which only the questions and what i itself says stand.
func New(i incident.Incident, events []incident.Event, ctx Context) Document {
	f := newFacts(i, events, ctx)
	d := Document{
		Name:     i.Name(),
		Title:    f.cast.clean(i.Title),
		Status:   i.Status,
		State:    i.PostmortemState(),
		Version:  i.Postmortem.Version,
		Severity: i.Severity.String(),
		Highest:  i.Highest.String(),
		Symptom:  i.Symptom,
		Function: f.cast.clean(i.Function),
		Service:  f.service(i.Service),
		Owner:    f.team(ctx.Owner),
		Outcome:  i.Outcome,
		Private:  i.Private,
		Test:     i.Test,
		SeenBy:   i.SeenBy(),
		Hit:      f.cast.clean(i.Hit.Words()),
		Measures: f.measures(),
		Roles:    f.cast.roles,
	}
	if i.Status == incident.Merged {
		d.Whole = i.Whole()
	}
	if f.hurt() {
		d.Impact = i.Impact
	}
	d.Promises, d.Gaps = f.promises()
	d.Timeline = f.timeline()
	d.Changes = f.changes()
	d.Pages = f.pages()
	d.Due = f.due(d.Pages, d.Promises)
	d.Sections = f.sections(d)
	f.ask(&d)
	d.Replaced, d.cast = f.cast.replaced, f.cast
	return d
}

// Publish returns the document as version n of it is published: what nobody was asked and
// nobody has said is left out, and what was asked stays visibly open. reason says what a
// later version corrects.
func (d Document) Publish(n int, reason string, now time.Time) Document {
	d.State, d.Version, d.Sealed = incident.PostmortemPublished, n, now
	if d.Reason = plain(reason); d.cast != nil {
		d.Reason = d.cast.clean(reason)
		d.Replaced = d.cast.replaced
	}
	d.Sections = slices.Clone(d.Sections)
	for k := range d.Sections {
		s := &d.Sections[k]
		s.Questions = slices.DeleteFunc(slices.Clone(s.Questions), func(q Question) bool { return !q.Asked && len(q.Answers) == 0 })
		if s.Empty() {
			s.Lines = []string{nothingSaid(s.ID)}
		}
		if s.ID == "cause" {
			s.Lines = published(s.Lines)
		}
		if s.ID == "head" && s.Table != nil {
			s.Table = &Table{Head: s.Table.Head, Rows: slices.Clone(s.Table.Rows)}
			s.Table.Rows[0] = []string{s.Table.Rows[0][0], d.versionWords()}
		}
	}
	return d
}

// nothingSaid stands in a section of a published document that would have nothing under its
// heading: it stays visibly empty.
func nothingSaid(id string) string {
	switch id {
	case "open":
		return "What it was, where, how it comes about and since when: nothing of it is open."
	case "now_later":
		return "Nothing temporary is in place."
	}
	return "Nobody has written anything here."
}

// versionWords say which version it is, since when, and what it corrects.
func (d Document) versionWords() string {
	s := fmt.Sprintf("version %d, published on %s", d.Version, d.Sealed.UTC().Format("2 January 2006, 15:04 UTC"))
	if d.Reason != "" {
		s += "; it corrects: " + d.Reason
	}
	return s
}
