package desk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// Brief is an incident with what is needed to show it.
type Brief struct {
	Incident  incident.Incident
	Artifacts Artifacts
	Service   rotation.Service  // zero when the incident names none that exists
	Team      rotation.Team     // of the service; zero when there is none
	Notes     []incident.Event  // the latest notes, the newest last, at most a few
	Watch     incident.Watch    // of what is mitigated
	Promises  incident.Promises // what is due, as far as it was looked at; zero when nothing is
	Update    incident.Event    // the latest update among the last events; zero when there is none
	Ended     incident.Event    // by which it was cancelled; zero where it was not, or long before
	Again     string            // why people are asked again since the last acknowledgement, in words; empty: they are asked for the first time, or somebody is on it
	Paging    bool              // somebody is being looked for
	Asked     []incident.Actor  // whom a page was decided for, first come first
	Later     []Later           // those of them whom nothing was sent yet
	Then      []incident.Actor  // of a move to another service that is told: who is paged because of it
	Belongs   []incident.Actor  // who belongs in the channel: everyone who acted on it or was paged
}

// ServiceName names the incident's service in plain text.
func (b Brief) ServiceName() string {
	return cmp.Or(b.Service.Name, b.Incident.Service, "no service")
}

// Runbook is where it stands what to do: the alert's own, or else the service's; empty
// where there is none.
func (b Brief) Runbook() string {
	return cmp.Or(b.Incident.Runbook, incident.WebAddress(b.Service.Runbook.URL))
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
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		if _, err = d.visible(tx, viewer, n); err == nil {
			b, err = brief(tx, d.oncall.Current(), n)
		}
		return err
	})
	if err == nil {
		err = d.read(ctx, b.Incident, viewer)
	}
	if err != nil {
		return Brief{}, err
	}
	return b, nil
}

// brief reads an incident with what is needed to show it.
func brief(tx *storage.Tx, who *oncall.Directory, n int) (Brief, error) {
	var b Brief
	var err error
	if b.Incident, err = loadIncident(tx, n); err != nil {
		if errors.Is(err, storage.ErrNotFound) {
			err = noSuch(n)
		}
		return Brief{}, err
	}
	if b.Artifacts, err = loadArtifacts(tx, n); err != nil {
		return Brief{}, err
	}
	if err := b.complete(tx, who); err != nil {
		return Brief{}, err
	}
	return b, nil
}

// complete reads what belongs to the incident and its artifacts.
func (b *Brief) complete(tx *storage.Tx, who *oncall.Directory) error {
	n := b.Incident.Number
	r, _, err := ledger.Load[escalationRecord](tx, escalationKey(n))
	if err != nil {
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
	p, err := promises(tx, n)
	if err != nil {
		return err
	}
	b.Promises = p.Promises
	if b.Incident.Status == incident.Mitigated {
		events, err := timeline(tx, n)
		if err != nil {
			return err
		}
		b.Watch = incident.WatchOf(events)
	}
	if err := b.latest(tx); err != nil {
		return err
	}
	if s, ok := who.Roster.Service(b.Incident.Service); ok {
		b.Service = *s
		if t, ok := who.Roster.Team(s.Team); ok {
			b.Team = *t
		}
	}
	return nil
}

// kindIn returns the kind of an event by its record, as encoding/json writes it: no text
// in a record has a quotation mark that is not escaped.
func kindIn(record []byte) incident.Kind {
	_, rest, _ := bytes.Cut(record, []byte(`"kind":"`))
	kind, _, _ := bytes.Cut(rest, []byte(`"`))
	return incident.Kind(kind)
}

var (
	askKinds   = []incident.Kind{incident.KindAlertJoined, incident.KindAlert, incident.KindReopened, incident.KindLapsed}
	updateNote = []byte(`"note":"` + string(incident.Update) + `"`) // in the record of a note that is an update
)

// latest reads the latest notes, the latest update and why people are asked again.
func (b *Brief) latest(tx *storage.Tx) error {
	asked := b.Incident.Acked() || !b.Incident.Status.Active()
	hidden := map[int]bool{}
	for key, value := range tx.ScanBack(eventPrefix(b.Incident.Number)) {
		if b.Incident.Events-ledger.LastNumber(key) > 51 {
			break
		}
		kind := kindIn(value)
		asked = asked || kind == incident.KindAcknowledged
		asks := !asked && slices.Contains(askKinds, kind)
		hides := kind == incident.KindHidden || kind == incident.KindWithdrawn
		notes := kind == incident.KindNote && (len(b.Notes) < briefNotes || b.Update.Seq == 0 && bytes.Contains(value, updateNote))
		ends := b.Incident.Status == incident.Cancelled && b.Ended.Seq == 0 && kind == incident.KindCancelled
		if !asks && !hides && !ends && !notes {
			continue // most events are none, and reading them is most of the work
		}
		e, err := readEvent(key, value)
		if err != nil {
			return err
		}
		if asks {
			if hidden[e.Seq] {
				e.Text = ""
			}
			b.Again = again(e)
			asked = b.Again != ""
		}
		if ends {
			if b.Ended = e; hidden[e.Seq] {
				b.Ended.Text = ""
			}
			continue
		}
		switch {
		case e.Kind == incident.KindHidden, e.Kind == incident.KindWithdrawn:
			hidden[e.Of] = true
		case hidden[e.Seq]:
			continue
		}
		if e.Note == incident.Update && b.Update.Seq == 0 {
			b.Update = e
		}
		if e.Kind == incident.KindNote && len(b.Notes) < briefNotes {
			b.Notes = append([]incident.Event{e}, b.Notes...)
		}
	}
	return nil
}

// again says why people are asked because of an event; empty: they are not. The title of
// an incident tells them only why they were asked at first.
func again(e incident.Event) string {
	switch {
	case e.Kind == incident.KindReopened && e.Text != "":
		return "Open again: " + e.Text
	case e.Kind == incident.KindReopened:
		return "Open again"
	case e.Kind == incident.KindLapsed:
		return e.Text
	case e.Reason != "":
		return e.Reason + ": " + e.Text
	default:
		return ""
	}
}

// prompts returns the messages of incident n that carry buttons, the newest first.
func prompts(tx *storage.Tx, n int) ([]Prompt, error) {
	var list []Prompt
	for key, value := range tx.Scan(promptPrefix(n)) {
		p, err := readPrompt(key, value)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b Prompt) int { return cmp.Compare(b.Message.TS, a.Message.TS) })
	return list, nil
}

func readPrompt(key string, value []byte) (Prompt, error) {
	var a Prompt
	if err := json.Unmarshal(value, &a); err != nil {
		return a, fmt.Errorf("read %s: %v", key, err)
	}
	return a, nil
}

// visible loads an incident that viewer may see.
func (d *Desk) visible(tx *storage.Tx, viewer incident.Actor, n int) (incident.Incident, error) {
	i, err := loadIncident(tx, n)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !d.sees(i, viewer) {
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
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		if i, err = d.visible(tx, viewer, n); err != nil {
			return err
		}
		events, err = timeline(tx, n)
		return err
	})
	if err == nil {
		err = d.read(ctx, i, viewer)
	}
	if err != nil {
		return incident.Incident{}, nil, err
	}
	return i, events, nil
}

func timeline(tx *storage.Tx, n int) ([]incident.Event, error) {
	var events []incident.Event
	for key, value := range tx.Scan(eventPrefix(n)) {
		e, err := readEvent(key, value)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

func loadEvent(tx *storage.Tx, n, seq int) (incident.Event, error) {
	r, err := storage.Load[eventRecord](tx, eventKey(n, seq))
	return r.Event, err
}

// Active returns the open incidents that viewer may see, the newest first.
func (d *Desk) Active(ctx context.Context, viewer incident.Actor) ([]incident.Incident, error) {
	list, _, err := d.Find(ctx, viewer, Query{})
	return list, err
}

// Artifacts returns what of incident n stands in Slack.
func (d *Desk) Artifacts(ctx context.Context, n int) (Artifacts, error) {
	var a Artifacts
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		a, err = loadArtifacts(tx, n)
		return err
	})
	return a, err
}

// Rank returns which rank incident n has as of now, see [incident.Incident.Rank].
func (d *Desk) Rank(ctx context.Context, n int) (int, error) {
	var i incident.Incident
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		i, err = loadIncident(tx, n)
		return err
	})
	return i.Rank(), err
}
