package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// directory is who there is: the roster that holds, and the Slack IDs that
// were found by mail address. It is never changed, only replaced.
type directory struct {
	roster  *rotation.Roster
	version int
	links   map[string]linkRecord // by person ID, beside the Slack IDs in the roster
	bySlack map[string]string     // Slack user ID → person ID
}

func newDirectory(r *rotation.Roster, version int, links map[string]linkRecord) *directory {
	w := &directory{roster: r, version: version, links: links, bySlack: map[string]string{}}
	for _, p := range r.People {
		if p.Slack == "" {
			w.bySlack[w.slack(p.ID)] = p.ID
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

// slack returns a person's Slack user ID, or "". One that was found by a mail
// address holds only as long as the roster has that address.
func (w *directory) slack(person string) string {
	p, ok := w.roster.Person(person)
	switch {
	case !ok:
		return ""
	case p.Slack != "":
		return p.Slack
	case w.links[person].Email != p.Email:
		return ""
	}
	return w.links[person].Slack
}

// findService finds a service by its ID or its name, without regard to case.
func (w *directory) findService(s string) (string, bool) {
	s = strings.TrimSpace(s)
	for _, v := range w.roster.Services {
		if strings.EqualFold(v.ID, s) || strings.EqualFold(v.Name, s) {
			return v.ID, true
		}
	}
	return "", false
}

// noService says in words that there is no such service, and which are near.
func (w *directory) noService(s string) error {
	var ids []string
	for _, v := range w.roster.Services {
		ids = append(ids, v.ID)
	}
	if len(ids) == 0 {
		return refusal("", "There is no service %q: the roster has none yet.", s)
	}
	if near := incident.Nearest(s, ids); near != "" {
		return refusal(fmt.Sprintf("Did you mean %s?", near), "There is no service %q.", s)
	}
	slices.Sort(ids)
	return refusal("There are: "+strings.Join(ids[:min(len(ids), 12)], ", ")+".", "There is no service %q.", s)
}

// serviceName returns the service's name for people.
func (w *directory) serviceName(id string) string {
	if s, ok := w.roster.Service(id); ok {
		return s.Name
	}
	return "no service"
}

// Roster returns the roster that holds. It must not be changed.
func (d *Desk) Roster() *rotation.Roster { return d.people.Load().roster }

// Actor returns the actor of a Slack user: the roster's person where there is one.
func (d *Desk) Actor(slackID string) incident.Actor {
	if person, ok := d.people.Load().bySlack[slackID]; ok {
		return incident.Person(person)
	}
	return incident.SlackUser(slackID)
}

// SlackID returns an actor's Slack user ID, or "" for somebody or something
// without one.
func (d *Desk) SlackID(a incident.Actor) string { return d.people.Load().slackOf(a) }

func (w *directory) slackOf(a incident.Actor) string {
	switch kind, id := a.Split(); kind {
	case "slack":
		return id
	case "person":
		return w.slack(id)
	default:
		return ""
	}
}

// DisplayName returns an actor's name in plain text.
func (d *Desk) DisplayName(a incident.Actor) string { return d.people.Load().display(a) }

func (w *directory) display(a incident.Actor) string {
	kind, id := a.Split()
	if kind == "person" {
		return w.name(id)
	}
	return cmp.Or(id, kind)
}

// name returns a person's name, or their ID where the roster has none.
func (w *directory) name(person string) string {
	if p, ok := w.roster.Person(person); ok && p.Name != "" {
		return p.Name
	}
	return person
}

// Unlinked returns the people of the roster whose Slack user is not known but
// whose mail address is, to be looked up.
func (d *Desk) Unlinked() []rotation.Person {
	w := d.people.Load()
	var people []rotation.Person
	for _, p := range w.roster.People {
		if p.Email != "" && w.slack(p.ID) == "" {
			people = append(people, p)
		}
	}
	return people
}

// Link stores the Slack user ID that was found by a person's mail address, so
// that it is looked up only once.
func (d *Desk) Link(ctx context.Context, p rotation.Person, slackID string) error {
	d.applying.Lock()
	defer d.applying.Unlock()
	link := linkRecord{V: 1, Slack: slackID, Email: p.Email, At: instant()}
	err := d.db.Update(ctx, func(tx *storage.Tx) error { return storage.Save(tx, "link/"+p.ID, link) })
	if err != nil {
		return err
	}
	was := d.people.Load()
	links := maps.Clone(was.links)
	links[p.ID] = link
	d.people.Store(newDirectory(was.roster, was.version, links))
	return nil
}
