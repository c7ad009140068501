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

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Brief is an incident with what is needed to show it.
type Brief struct {
	Incident incident.Incident
	Papers   Papers
	Service  rotation.Service // zero when the incident names none that exists
	Team     rotation.Team    // of the service; zero when there is none
	Notes    []incident.Event // the latest notes, the newest last, at most a few
	Update   incident.Event   // the latest update among the last events; zero when there is none
	Paging   bool             // somebody is being looked for
	Asked    []incident.Actor // whom a page was decided for, first come first
	Later    []Later          // those of them whom nothing was sent yet
	Belongs  []incident.Actor // who belongs in the channel: everyone who acted on it or was paged
}

// Later is somebody who is paged, but not yet.
type Later struct {
	Person incident.Actor
	At     time.Time
}

// briefNotes is how many notes a Brief carries.
const briefNotes = 3

// Brief returns what the program itself needs to show incident n.
func (d *Desk) Brief(ctx context.Context, n int) (Brief, error) {
	return d.Show(ctx, incident.Bot, n)
}

// Show returns incident n as viewer may see it; one that viewer may not see
// does not exist.
func (d *Desk) Show(ctx context.Context, viewer incident.Actor, n int) (Brief, error) {
	var b Brief
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		if b.Incident, err = visible(tx, viewer, n); err != nil {
			return err
		}
		if b.Papers, err = loadPapers(tx, n); err != nil {
			return err
		}
		r, err := storage.Load[pageRecord](tx, pageKey(n))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		b.Paging = r.Page.State == escalation.Triggered
		b.Asked, b.Belongs = b.Incident.Called, b.Incident.Involved
		if later := r.Page.Later(); b.Paging && len(later) > 0 {
			for _, a := range b.Asked {
				if _, id := a.Split(); !later[id].IsZero() {
					b.Later = append(b.Later, Later{a, later[id]})
				}
			}
		}
		for key, value := range tx.ScanBack(eventPrefix(n)) {
			e, err := readEvent(key, value)
			if err != nil {
				return err
			}
			if e.Note == incident.Update && b.Update.Seq == 0 {
				b.Update = e
			}
			if e.Kind == incident.KindNote && len(b.Notes) < briefNotes {
				b.Notes = append([]incident.Event{e}, b.Notes...)
			}
			if b.Incident.Events-e.Seq > 50 {
				break
			}
		}
		return nil
	})
	if err != nil {
		return Brief{}, err
	}
	roster := d.Roster()
	if s, ok := roster.Service(b.Incident.Service); ok {
		b.Service = *s
		if t, ok := roster.Team(s.Team); ok {
			b.Team = *t
		}
	}
	return b, nil
}

// Papers returns what of incident n stands in Slack.
func (d *Desk) Papers(ctx context.Context, n int) (Papers, error) {
	var p Papers
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		p, err = loadPapers(tx, n)
		return err
	})
	return p, err
}

// Asks returns the messages of incident n that carry buttons, the newest first.
func (d *Desk) Asks(ctx context.Context, n int) ([]Ask, error) {
	var asks []Ask
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan(askPrefix(n)) {
			a, err := readAsk(key, value)
			if err != nil {
				return err
			}
			asks = append(asks, a)
		}
		return nil
	})
	slices.SortStableFunc(asks, func(a, b Ask) int { return cmp.Compare(b.Message.TS, a.Message.TS) })
	return asks, err
}

func readAsk(key string, value []byte) (Ask, error) {
	var a Ask
	if err := json.Unmarshal(value, &a); err != nil {
		return a, fmt.Errorf("read %s: %v", key, err)
	}
	return a, nil
}

// visible loads an incident that viewer may see.
func visible(tx *storage.Tx, viewer incident.Actor, n int) (incident.Incident, error) {
	i, err := loadIncident(tx, n)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !maySee(i, viewer) {
		return incident.Incident{}, noSuch(n)
	}
	return i, err
}

func readEvent(key string, value []byte) (incident.Event, error) {
	var r eventRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return incident.Event{}, fmt.Errorf("read %s: %v", key, err)
	}
	return r.Event, nil
}

// Timeline returns incident n and its whole timeline, in order.
func (d *Desk) Timeline(ctx context.Context, viewer incident.Actor, n int) (incident.Incident, []incident.Event, error) {
	var i incident.Incident
	var events []incident.Event
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		if i, err = visible(tx, viewer, n); err != nil {
			return err
		}
		for key, value := range tx.Scan(eventPrefix(n)) {
			e, err := readEvent(key, value)
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		return nil
	})
	return i, events, err
}

// Event returns one event of an incident's timeline.
func (d *Desk) Event(ctx context.Context, n, seq int) (incident.Event, error) {
	var e incident.Event
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		r, err := storage.Load[eventRecord](tx, eventKey(n, seq))
		e = r.Event
		return err
	})
	return e, err
}

// Active returns the open incidents that viewer may see, the newest first.
func (d *Desk) Active(ctx context.Context, viewer incident.Actor) ([]incident.Incident, error) {
	var list []incident.Incident
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.ScanBack("open/") {
			i, err := loadIncident(tx, lastNumber(key))
			if err != nil {
				return err
			}
			if maySee(i, viewer) {
				list = append(list, i)
			}
		}
		return nil
	})
	return list, err
}

// Recent returns the last incidents that viewer may see, at most max, open or
// not, the newest first.
func (d *Desk) Recent(ctx context.Context, viewer incident.Actor, max int) ([]incident.Incident, error) {
	var list []incident.Incident
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.ScanBack("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if maySee(r.Incident, viewer) {
				list = append(list, r.Incident)
			}
			if len(list) == max {
				return nil
			}
		}
		return nil
	})
	return list, err
}

// Postmortem drafts the document of incident n from its timeline.
func (d *Desk) Postmortem(ctx context.Context, viewer incident.Actor, n int, zone *time.Location) (postmortem.Document, error) {
	i, events, err := d.Timeline(ctx, viewer, n)
	if err != nil {
		return postmortem.Document{}, err
	}
	return postmortem.New(i, events, d.people.Load().context(i, zone)), nil
}

// context is what the roster knows about an incident, for its document.
func (w *directory) context(i incident.Incident, zone *time.Location) postmortem.Context {
	c := postmortem.Context{
		Services: map[string]string{}, Teams: map[string]string{}, Zone: zone,
		People: map[incident.Actor]postmortem.Person{},
	}
	for _, s := range w.roster.Services {
		c.Services[s.ID] = s.Name
	}
	for _, t := range w.roster.Teams {
		c.Teams[t.ID] = t.Name
	}
	for _, p := range w.roster.People {
		person := postmortem.Person{Names: []string{p.Name, p.ID}}
		if slack := w.slack(p.ID); slack != "" {
			person.Names = append(person.Names, slack)
		}
		if p.TimeZone != "" {
			person.Zone = w.roster.Location(p.ID)
		}
		c.People[incident.Person(p.ID)] = person
	}
	s, ok := w.roster.Service(i.Service)
	if !ok {
		return c
	}
	c.Owner = s.Team
	w.label(c, s, i.Declared)
	if a, ok := w.roster.Agreement(s.Agreement); ok {
		c.Agreement = agreement(a)
	}
	return c
}

// label says of the people on call at the declaration what they were.
func (w *directory) label(c postmortem.Context, s *rotation.Service, at time.Time) {
	policy, ok := w.roster.Policy(cmp.Or(s.Policy, w.roster.Defaults.Policy))
	if !ok {
		return
	}
	places, place := []string{"primary", "secondary", "third"}, 0
	for _, step := range policy.Steps {
		for _, t := range step.Notify {
			rot, ok := w.roster.Rotation(t.ID)
			if t.Kind != rotation.TargetRotation || !ok || place == len(places) {
				continue
			}
			for _, id := range rot.People(at) {
				if p := c.People[incident.Person(id)]; p.Label == "" {
					p.Label = places[place] + " on-call (" + cmp.Or(c.Teams[s.Team], s.Name) + ")"
					c.People[incident.Person(id)] = p
				}
			}
			place++
		}
	}
}

func agreement(a *rotation.Agreement) *postmortem.Agreement {
	targets := map[incident.Severity]postmortem.Target{}
	for name, t := range a.Targets {
		if sev, ok := incident.ParseSeverity(name); ok {
			targets[sev] = postmortem.Target{Acknowledge: t.Acknowledge, Update: t.Update, Restore: t.Restore}
		}
	}
	return &postmortem.Agreement{Words: strings.TrimSpace(a.Words), Targets: targets, Counted: a.Coverage.Counted}
}

// Check reports whether the store answers, for the health of the process.
func (d *Desk) Check(ctx context.Context) error {
	return d.db.View(ctx, func(tx *storage.Tx) error {
		_, err := tx.Get(rosterCurrent)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		return err
	})
}

// CheckWrite reports whether the store takes a write.
// After an act whose commit the store refused it tries with a record that needs
// room, since a small one fits into what a full disk has left.
func (d *Desk) CheckWrite(ctx context.Context) error {
	room := 0
	if d.refused.Load() {
		room = 512 << 10
	}
	err := d.db.Update(ctx, func(tx *storage.Tx) error {
		return storage.Save(tx, "health", healthRecord{V: 1, At: instant(), Room: strings.Repeat("-", room)})
	})
	if err == nil {
		d.refused.Store(false)
	}
	return err
}

// healthRecord is what a check of the store writes.
type healthRecord struct {
	V    int       `json:"v"`
	At   time.Time `json:"at"`
	Room string    `json:"room,omitempty"`
}
