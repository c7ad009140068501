package desk

import (
	"context"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// notesSearched is how much of an incident's notes is searched, in bytes, the latest first:
// what alerts note of a long storm would fill the memory.
const notesSearched = 4 << 10

// notesInAll is how much memory the notes of all incidents are meant to take: of very many
// incidents less of each is searched, but notesAtLeast.
const (
	notesInAll   = 40 << 20
	notesAtLeast = 256
)

// notesOfEach is how much of an incident's notes is searched where there are so many incidents.
func notesOfEach(incidents int) int {
	return min(notesSearched, max(notesAtLeast, notesInAll/max(incidents, 1)))
}

// searchedNotes is what was noted and decided in an incident, as it is searched.
type searchedNotes struct {
	upto int    // the number of the last event that was looked at
	text string // in lower case, the latest first
}

// moreNotes reads the notes of at most so many more incidents. The caller holds mu.
func (p *past) moreNotes(tx *storage.Tx, most int) error {
	for ; most > 0 && p.notesTo+1 < len(p.heads); most-- {
		if err := p.readNotes(tx, p.notesTo+1); err != nil {
			return err
		}
		p.notesTo++
	}
	for n := range p.unread { // the file may be back
		if err := p.readNotes(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// readNotes takes in what was noted and decided in incident n and is not hidden. Of what it
// knows already it reads nothing anew, unless something was hidden since. The caller holds
// mu.
func (p *past) readNotes(tx *storage.Tx, n int) error {
	if p.heads[n].number == 0 {
		return nil
	}
	if tx.Reachable(eventPrefix(n)) != nil {
		p.unread[n] = true
		return nil
	}
	delete(p.unread, n)
	was, upto := p.noted[n], 0
	var parts []string
	hidden := map[int]bool{}
	for key, value := range tx.ScanBack(eventPrefix(n)) {
		seq := ledger.LastNumber(key)
		if upto = max(upto, seq); seq <= was.upto {
			break
		}
		kind := kindIn(value)
		hides := kind == incident.KindHidden || kind == incident.KindWithdrawn
		if !hides && kind != incident.KindNote {
			continue // most events are none, and reading them is most of the work
		}
		e, err := readEvent(key, value)
		if err != nil {
			return err
		}
		switch {
		case e.Kind == incident.KindHidden, e.Kind == incident.KindWithdrawn:
			hidden[e.Of] = true
			was = searchedNotes{} // it may hide what was read before
		case e.Kind == incident.KindNote && !hidden[e.Seq]:
			parts = append(parts, strings.ToLower(e.Text))
		}
	}
	if err := tx.Err(); err != nil {
		return err
	}
	if was.text != "" {
		parts = append(parts, was.text)
	}
	text := strings.Join(parts, "\n")
	if most := notesOfEach(len(p.heads)); len(text) > most {
		text = strings.Clone(strings.ToValidUTF8(text[:most], "")) // or the rest stays in memory
	}
	p.heads[n].notes, p.noted[n] = text, searchedNotes{upto, text}
	return nil
}

// What is read ahead: not at once, since what is overdue at a start goes first, and in
// parts with a rest between them, since the card of an incident asks for what is like it
// meanwhile, and a large store takes minutes.
const (
	warmAfter = 10 * time.Second
	warmMost  = 200 // incidents
	warmRest  = 50 * time.Millisecond
)

// Warm reads what incidents are found by, so that whoever searches first after a start
// need not wait for it.
func (d *Desk) Warm(ctx context.Context) error {
	wait := warmAfter
	for left := true; left; wait = warmRest {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		err := d.ledger.View(ctx, func(tx *storage.Tx) error {
			p := &d.past
			p.mu.Lock()
			defer p.mu.Unlock()
			if err := p.catchUp(tx); err != nil {
				return err
			}
			err := p.moreNotes(tx, warmMost)
			left = p.notesTo+1 < len(p.heads)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
