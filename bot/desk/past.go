package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// past is what incidents are found and compared by, of all that the store holds. It is
// read once, when it is first asked for, and from then on each incident anew that was
// saved since.
type past struct {
	mu      sync.Mutex
	read    bool
	heads   []head // by the number of the incident
	known   map[incident.Actor]incident.Actor
	traits  map[int]incident.Trait
	noted   map[int]searchedNotes
	notesTo int          // of the incidents up to this number the notes are known, too
	unread  map[int]bool // but of these not: their archive files cannot be read

	// What is saved is remembered under a lock of its own: nothing that is done waits for a
	// search that reads for long.
	fresh   sync.Mutex
	saved   map[int]int // incidents that were saved since, with the number of their last event
	changes int         // how often an incident was saved
}

// note remembers that an incident is saved by a transaction, which may fail yet.
func (p *past) note(i incident.Incident) {
	p.fresh.Lock()
	defer p.fresh.Unlock()
	if p.saved == nil {
		p.saved = map[int]int{}
	}
	p.saved[i.Number] = i.Events
	p.changes++
}

// count returns a number that is another one after each incident that was saved.
func (p *past) count() int {
	p.fresh.Lock()
	defer p.fresh.Unlock()
	return p.changes
}

// alike returns the numbers of the incidents that are most like i, at most so many.
func (p *past) alike(tx *storage.Tx, i incident.Incident, most int) ([]int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.catchUp(tx); err != nil {
		return nil, err
	}
	of, ok := incident.TraitOf(i)
	if !ok {
		return nil, nil
	}
	all := make([]incident.Trait, 0, len(p.traits))
	for _, t := range p.traits {
		all = append(all, t)
	}
	return incident.Precedents(of, all, most), nil
}

// catchUp reads what it does not know yet. The caller holds mu.
func (p *past) catchUp(tx *storage.Tx) error {
	if !p.read {
		p.traits, p.heads, p.known, p.noted, p.notesTo = map[int]incident.Trait{}, nil, map[incident.Actor]incident.Actor{}, map[int]searchedNotes{}, 0
		p.unread = map[int]bool{}
		for key, value := range tx.Scan("incident/") {
			var r incidentRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if err := p.keep(tx, r.Incident); err != nil {
				return err
			}
		}
		if err := tx.Err(); err != nil {
			return err
		}
		p.read = true
	}
	p.fresh.Lock()
	saved := maps.Clone(p.saved)
	p.fresh.Unlock()
	for n, events := range saved {
		i, err := loadIncident(tx, n)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := p.keep(tx, i); err != nil {
			return err
		}
		p.caughtUp(n, events, i)
	}
	return nil
}

// caughtUp forgets that an incident was saved, unless that is not committed yet, or never
// will be, or it was saved again since.
func (p *past) caughtUp(n, events int, i incident.Incident) {
	p.fresh.Lock()
	defer p.fresh.Unlock()
	if i.Events >= events && p.saved[n] == events {
		delete(p.saved, n)
	}
}

// keep takes in an incident as it was read. The caller holds mu.
func (p *past) keep(tx *storage.Tx, i incident.Incident) error {
	if i.Number >= len(p.heads) {
		p.heads = append(p.heads, make([]head, i.Number+1-len(p.heads))...)
	}
	p.heads[i.Number] = headOf(i, p.known)
	if i.Number <= p.notesTo {
		if err := p.readNotes(tx, i.Number); err != nil {
			return err
		}
	}
	delete(p.traits, i.Number)
	// What is like another incident is read by everybody in its channel, and a private one
	// must not be known by the place that it takes either.
	if t, ok := incident.TraitOf(i); ok && !i.Private {
		p.traits[i.Number] = t
	}
	return nil
}

// Helped is an incident of the past that is like another one, and what ended it.
type Helped struct {
	Incident incident.Incident
	Text     string // the words that were given with what ended the impact; may be empty
}

// Alike returns the incidents of the past that are most like incident n and that
// viewer may see, at most so many, with what helped then. Private ones are not among
// them. It asks nothing but the store.
func (d *Desk) Alike(ctx context.Context, viewer incident.Actor, n, most int) ([]Helped, error) {
	var list []Helped
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		i, err := d.visible(tx, viewer, n)
		if err != nil {
			return err
		}
		list, err = d.alikeTo(tx, viewer, i, most)
		return err
	})
	return list, err
}

// alikeTo is Alike for an incident that need not be stored yet.
func (d *Desk) alikeTo(tx *storage.Tx, viewer incident.Actor, i incident.Incident, most int) ([]Helped, error) {
	numbers, err := d.past.alike(tx, i, most)
	if err != nil {
		return nil, err
	}
	var list []Helped
	for _, number := range numbers {
		p, err := loadIncident(tx, number)
		if err != nil {
			return nil, err
		}
		if !d.sees(p, viewer) {
			continue // a guest, who was invited to the one and not to the other
		}
		text, err := helpedBy(tx, p)
		if err != nil {
			return nil, err
		}
		list = append(list, Helped{p, text})
	}
	return list, nil
}

// alikeWordsMost is how many incidents are named that are like the words of a search.
const alikeWordsMost = 5

// alikeWords returns the incidents of the past that are most like what was looked for, as
// [Desk.Alike] does of an incident. Private ones are not among them: that somebody was
// shown one would have to be recorded.
func (d *Desk) alikeWords(tx *storage.Tx, viewer incident.Actor, q Query) ([]incident.Incident, error) {
	words := incident.Incident{Title: q.Search, Declared: ledger.Instant()}
	if words.Service = q.Service; words.Service == "" {
		if s, _ := d.oncall.Current().Roster.Mentioned(q.Search); s != nil {
			words.Service = s.ID
		}
	}
	numbers, err := d.past.alike(tx, words, alikeWordsMost)
	var list []incident.Incident
	for _, n := range numbers {
		i, failed := loadIncident(tx, n)
		if failed != nil {
			return nil, failed
		}
		if d.sees(i, viewer) {
			list = append(list, i)
		}
	}
	return list, err
}

// helpedBy reads the words of the last mitigation, or else of the resolution.
func helpedBy(tx *storage.Tx, i incident.Incident) (string, error) {
	resolved, hidden := "", map[int]bool{}
	if tx.Reachable(eventPrefix(i.Number)) != nil {
		return "", nil // the card goes on without
	}
	for key, value := range tx.ScanBack(eventPrefix(i.Number)) {
		if i.Events-ledger.LastNumber(key) > helpedWithin {
			break
		}
		e, err := readEvent(key, value)
		if err != nil {
			return "", err
		}
		if e.Kind == incident.KindHidden {
			hidden[e.Of] = true
		}
		if e.Text == "" || hidden[e.Seq] {
			continue
		}
		if e.Kind == incident.KindMitigated || e.Kind == incident.KindHowCorrected {
			return e.Text, nil
		}
		if slices.Contains([]incident.Kind{incident.KindResolved, incident.KindClosed}, e.Kind) {
			resolved = e.Text
		}
	}
	return resolved, nil
}

// helpedWithin is among how many of the last events that is looked for.
const helpedWithin = 500
