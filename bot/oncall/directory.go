package oncall

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Directory is who there is: the roster that holds, and the Slack IDs that
// were found by mail address. It is never changed, only replaced.
type Directory struct {
	Roster  *rotation.Roster
	Version int                   // 0: there is no roster yet
	methods []string              // the contact methods that are configured, besides slack
	links   map[string]linkRecord // by person ID, beside the Slack IDs in the roster
	bySlack map[string]string     // Slack user ID → person ID
}

func (o *Roster) directory(r *rotation.Roster, version int, links map[string]linkRecord) *Directory {
	w := &Directory{Roster: r, Version: version, methods: o.opt.Methods, links: links, bySlack: map[string]string{}}
	for _, p := range r.People {
		if p.Slack == "" {
			w.bySlack[w.Slack(p.ID)] = p.ID
		}
	}
	for _, p := range r.People { // the roster's word counts more than what was found
		if p.Slack != "" {
			w.bySlack[p.Slack] = p.ID
		}
	}
	delete(w.bySlack, "")
	return w
}

// Slack returns a person's Slack user ID, or "". One that was found by a mail
// address holds only as long as the roster has that address.
func (w *Directory) Slack(person string) string {
	p, ok := w.Roster.Person(person)
	if !ok {
		return ""
	}
	return w.SlackIn(p)
}

// SlackIn is Slack for a person as some roster has them, an earlier one perhaps.
func (w *Directory) SlackIn(p *rotation.Person) string {
	switch {
	case p.Slack != "":
		return p.Slack
	case w.links[p.ID].Email != p.Email:
		return ""
	}
	return w.links[p.ID].Slack
}

// FindService finds a service by its ID or its name, without regard to case.
func (w *Directory) FindService(s string) (string, bool) {
	if v, ok := w.Roster.FindService(s); ok {
		return v.ID, true
	}
	return "", false
}

// NoService says in words that there is no such service, and which are near.
func (w *Directory) NoService(s string) error {
	var ids []string
	for _, v := range w.Roster.Services {
		ids = append(ids, v.ID)
	}
	if len(ids) == 0 {
		return refusal("", "There is no service %s: the roster has none yet.", incident.Quoted(s))
	}
	if near := incident.Nearest(s, ids); near != "" {
		return refusal(fmt.Sprintf("Did you mean %s?", near), "There is no service %s.", incident.Quoted(s))
	}
	slices.Sort(ids)
	return refusal("There are: "+incident.FirstOf(ids, 12)+".", "There is no service %s.", incident.Quoted(s))
}

// ServiceName returns the service's name for people.
func (w *Directory) ServiceName(id string) string {
	if s, ok := w.Roster.Service(id); ok {
		return s.Name
	}
	return "no service"
}

// Actor returns the actor of a Slack user: the roster's person where there is one.
func (w *Directory) Actor(slackID string) incident.Actor {
	if person, ok := w.bySlack[slackID]; ok {
		return incident.Person(person)
	}
	return incident.SlackUser(slackID)
}

// SlackOf returns an actor's Slack user ID, or "" for somebody or something
// without one.
func (w *Directory) SlackOf(a incident.Actor) string {
	switch kind, id := a.Split(); kind {
	case "slack":
		return id
	case "person":
		return w.Slack(id)
	default:
		return ""
	}
}

// CommandLine is whoever has the admin token and acts in nobody's name.
const CommandLine incident.Actor = "admin:cli"

// DisplayName returns an actor's name in plain text.
func (w *Directory) DisplayName(a incident.Actor) string {
	kind, id := a.Split()
	switch {
	case kind == "person":
		return w.Name(id)
	case a == CommandLine:
		return "the command line"
	case kind == "admin": // of a time when any word would do
		return id + " (command line)"
	}
	return cmp.Or(id, kind)
}

// Name returns a person's name, or their ID where the roster has none.
func (w *Directory) Name(person string) string {
	if p, ok := w.Roster.Person(person); ok && p.Name != "" {
		return p.Name
	}
	return person
}

// Unlinked returns the people of the roster whose Slack user is not known but
// whose mail address is, to be looked up.
func (w *Directory) Unlinked() []rotation.Person {
	var people []rotation.Person
	for _, p := range w.Roster.People {
		if p.Email != "" && w.Slack(p.ID) == "" {
			people = append(people, p)
		}
	}
	return people
}

// linkRecord is a person's Slack user as it was found by mail address.
type linkRecord struct {
	V     int       `json:"v"`
	Slack string    `json:"slack"`
	Email string    `json:"email"` // by which it was found
	At    time.Time `json:"at"`
}

func linkKey(person string) string { return "link/" + person }

// Link stores the Slack user ID that was found by a person's mail address, so
// that it is looked up only once.
func (o *Roster) Link(ctx context.Context, p rotation.Person, slackID string) error {
	o.applying.Lock()
	defer o.applying.Unlock()
	link := linkRecord{V: 1, Slack: slackID, Email: p.Email, At: ledger.Instant()}
	err := o.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error { return t.Save(linkKey(p.ID), link) })
	if err != nil {
		return err
	}
	was := o.current.Load()
	links := maps.Clone(was.links)
	links[p.ID] = link
	o.current.Store(o.directory(was.Roster, was.Version, links))
	return nil
}
