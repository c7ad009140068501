package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// directory is who there is: the roster that holds, and the Slack IDs that
// were found by mail address. It is never changed, only replaced.
type directory struct {
	roster  *rotation.Roster
	version int
	links   map[string]string // person ID → Slack user ID, beside those in the roster
	bySlack map[string]string // Slack user ID → person ID
}

func newDirectory(r *rotation.Roster, version int, links map[string]string) *directory {
	w := &directory{roster: r, version: version, links: links, bySlack: map[string]string{}}
	for person, slack := range links {
		w.bySlack[slack] = person
	}
	for _, p := range r.People {
		if p.Slack != "" {
			w.bySlack[p.Slack] = p.ID
		}
	}
	return w
}

// slack returns a person's Slack user ID, or "".
func (w *directory) slack(person string) string {
	if p, ok := w.roster.Person(person); ok && p.Slack != "" {
		return p.Slack
	}
	return w.links[person]
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
func (d *Desk) DisplayName(a incident.Actor) string {
	kind, id := a.Split()
	if p, ok := d.people.Load().roster.Person(id); ok && kind == "person" && p.Name != "" {
		return p.Name
	}
	return cmp.Or(id, kind)
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

// Link stores a person's Slack user ID, so that it is looked up only once.
func (d *Desk) Link(ctx context.Context, person, slackID string) error {
	err := d.db.Update(ctx, func(tx *storage.Tx) error {
		return storage.Save(tx, "link/"+person, linkRecord{V: 1, Slack: slackID, At: instant()})
	})
	if err != nil {
		return err
	}
	return d.loadDirectory(ctx)
}

// rosterRecord says which version of the roster holds. The versions before it
// stay, so that the past never changes.
type rosterRecord struct {
	V       int            `json:"v"`
	Version int            `json:"version"`
	Pieces  int            `json:"pieces"`
	At      time.Time      `json:"at"`
	By      incident.Actor `json:"by"`
	Why     string         `json:"why,omitempty"`
}

const (
	rosterCurrent = "roster/current"
	rosterPiece   = 256 << 10 // bytes of text in one record
)

func rosterKey(version, piece int) string {
	return fmt.Sprintf("roster/%s/%03d", number(version), piece)
}

// HasRoster reports whether a roster was ever applied to this store.
func (d *Desk) HasRoster() bool { return d.people.Load().version > 0 }

// ApplyRoster makes r the roster that holds. Its text is stored in pieces, in
// transactions of their own; the last one makes it valid, so a crash in between
// leaves the old one.
func (d *Desk) ApplyRoster(ctx context.Context, r *rotation.Roster, by incident.Actor, why string) error {
	d.applying.Lock()
	defer d.applying.Unlock()
	text, now := r.Export(), instant()
	next := d.people.Load().version + 1
	pieces := 0
	for rest := text; len(rest) > 0; pieces++ {
		n := min(len(rest), rosterPiece)
		for n < len(rest) && !utf8.RuneStart(rest[n]) {
			n--
		}
		piece, err := json.Marshal(string(rest[:n]))
		if err != nil {
			return fmt.Errorf("apply roster: %v", err)
		}
		key := rosterKey(next, pieces)
		if err := d.db.Update(ctx, func(tx *storage.Tx) error { return tx.Put(key, piece) }); err != nil {
			return err
		}
		rest = rest[n:]
	}
	err := d.db.Update(ctx, func(tx *storage.Tx) error {
		return storage.Save(tx, rosterCurrent, rosterRecord{V: 1, Version: next, Pieces: pieces, At: now, By: by, Why: why})
	})
	if err != nil {
		return err
	}
	return d.loadDirectory(ctx)
}

// loadDirectory reads the roster and the links from the store.
func (d *Desk) loadDirectory(ctx context.Context) error {
	var text []byte
	var version int
	links := map[string]string{}
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		current, err := storage.Load[rosterRecord](tx, rosterCurrent)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		version = current.Version
		for piece := range current.Pieces {
			s, err := storage.Load[string](tx, rosterKey(version, piece))
			if err != nil {
				return err
			}
			text = append(text, s...)
		}
		for key, value := range tx.Scan("link/") {
			var l linkRecord
			if err := json.Unmarshal(value, &l); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			links[strings.TrimPrefix(key, "link/")] = l.Slack
		}
		return nil
	})
	if err != nil {
		return err
	}
	roster := &rotation.Roster{}
	if version > 0 {
		if roster, err = rotation.Parse("the stored roster", text); err != nil {
			return err
		}
	}
	d.people.Store(newDirectory(roster, version, links))
	return nil
}
