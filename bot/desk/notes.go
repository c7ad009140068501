package desk

import (
	"bytes"
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// notedKinds are the kinds of events that the message about notes is made of.
var notedKinds = [][]byte{kindIn(incident.KindNote), kindIn(incident.KindObjection), kindIn(incident.KindHidden),
	kindIn(incident.KindRetimed), kindIn(incident.KindWithdrawn)}

// noted reads what concerns the notes of an incident, in order. Of ten thousand events
// most are none, and reading them is most of the work.
func noted(tx *storage.Tx, n int) ([]incident.Event, error) {
	var events []incident.Event
	for key, value := range tx.Scan(eventPrefix(n)) {
		if !slices.ContainsFunc(notedKinds, func(k []byte) bool { return bytes.Contains(value, k) }) {
			continue
		}
		e, err := readEvent(key, value)
		if err != nil {
			return nil, err
		}
		if e.Noted() || e.Edits() {
			events = append(events, e)
		}
	}
	return events, nil
}

// Noted are the entries that belong on the messages about notes, in the order in which
// they were entered. What a late channel is told of at its start is not told again.
func (t Task) Noted() []incident.Entry {
	list := slices.DeleteFunc(incident.Entries(t.Timeline), func(n incident.Entry) bool { return !n.Noted() || n.Seq <= t.Artifacts.Told })
	slices.SortFunc(list, func(a, b incident.Entry) int { return a.Seq - b.Seq })
	return list
}

// notesWaited has a new channel told what was noted before it stood.
func (w *work) notesWaited() error {
	events, err := noted(w.Tx.Tx, w.inc.Number)
	if err != nil || !slices.ContainsFunc(events, func(e incident.Event) bool { return e.Noted() && e.Seq > w.artifacts.Told }) {
		return err
	}
	return w.refresh(ledger.Notes)
}

// notesStand records the messages about what was noted.
func (w *work) notesStand(o Outcome) error {
	if w.artifacts.Notes = o.Notes; o.Rest {
		return w.refresh(ledger.Notes)
	}
	return nil
}
