package web

import (
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
)

// shown is an incident as scripts read it: all of its state, and its name.
type shown struct {
	Name string `json:"name"`
	incident.Incident
	Severity string `json:"severity"` // sev1 … sev4, where the state has a number
	Highest  string `json:"highest"`
}

func show(i incident.Incident) shown {
	return shown{Name: i.Name(), Incident: i, Severity: i.Severity.String(), Highest: i.Highest.String()}
}

// done is the answer to an act.
type done struct {
	Incident shown    `json:"incident"`
	Notes    []string `json:"notes,omitempty"`    // what the caller should know besides
	Repeated bool     `json:"repeated,omitempty"` // it had been done before, with the same Idempotency-Key
}

func newDone(a desk.Answer) done {
	return done{Incident: show(a.Incident), Notes: a.Notes, Repeated: a.Repeated}
}

// titled is an ID with the name that people know.
type titled struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// sheet is everything about one incident.
type sheet struct {
	Incident     shown             `json:"incident"`
	Service      *titled           `json:"service,omitempty"`
	Team         *titled           `json:"team,omitempty"`
	Paging       bool              `json:"paging"` // somebody is being looked for
	Asked        []incident.Actor  `json:"asked"`  // who was paged, first come first
	ChannelError string            `json:"channel_error,omitempty"`
	Names        map[string]string `json:"names"` // of everyone who occurs, by actor
	Timeline     []entry           `json:"timeline"`
}

func newSheet(d *Parts, b desk.Brief, events []incident.Event) sheet {
	out := sheet{
		Incident: show(b.Incident), Paging: b.Paging, Asked: append([]incident.Actor{}, b.Asked...),
		ChannelError: b.Artifacts.ChannelError, Timeline: entries(d, events), Names: map[string]string{},
	}
	if b.Service.ID != "" {
		out.Service = &titled{b.Service.ID, b.Service.Name}
	}
	if b.Team.ID != "" {
		out.Team = &titled{b.Team.ID, b.Team.Name}
	}
	for _, a := range append(append([]incident.Actor{b.Incident.DeclaredBy}, b.Asked...), b.Belongs...) {
		out.Names[string(a)] = d.People.Current().DisplayName(a)
	}
	return out
}

// entry is an event with its words.
type entry struct {
	incident.Event
	Words  string    `json:"words"`            // one line in plain text, which says who as well
	When   time.Time `json:"when"`             // its own time: that of a marked message, or the one that was set by hand
	Hidden bool      `json:"hidden,omitempty"` // it is left out of what people are shown
}

func entries(d *Parts, events []incident.Event) []entry {
	out := []entry{}
	words := wording(d.People.Current())
	for _, n := range incident.Entries(events) {
		e := n.Event
		e.At = n.Recorded
		out = append(out, entry{e, words.Line(e), n.At, n.Hidden})
	}
	slices.SortFunc(out, func(a, b entry) int { return a.Seq - b.Seq }) // as it was recorded: all of it
	return out
}

// wording says events in plain text, in one line.
func wording(who *oncall.Directory) incident.Wording {
	oneLine := func(s string) string { return strings.Join(strings.Fields(incident.Printable(s)), " ") }
	return incident.Wording{
		Actor: func(a incident.Actor) string { return incident.ActorWords(a, who.DisplayName, oneLine) },
		Service: func(id string) string {
			if s, ok := who.Roster.Service(id); ok {
				return s.Name
			}
			return oneLine(id)
		},
		Text: oneLine,
	}
}
