package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

const nagsPrefix = "nags/"

// keepNags is for how many months the counts of reminders are kept.
const keepNags = 13

func nagsKey(at time.Time) string { return nagsPrefix + at.UTC().Format(time.DateOnly) }

// nagsRecord is how often which role was reminded of what on one day in UTC. No person is
// in it.
type nagsRecord struct {
	V    int           `json:"v"`
	Nags []report.Nags `json:"nags"`
}

// nag counts a reminder, or what followed from one.
func (w *work) nag(n report.Nags) error {
	key := nagsKey(w.Now)
	r, known, err := ledger.Load[nagsRecord](w.Tx.Tx, key)
	if err != nil {
		return err
	}
	if !known {
		err = w.forgetNags()
	}
	r.V, r.Nags = 1, report.AddNags(r.Nags, n)
	return errors.Join(err, w.Save(key, r))
}

// nagHere is nag for the incident at hand: of the update that whoever posts updates is
// asked for, or of something that goes by another role.
func (w *work) nagHere(n report.Nags) error {
	n.Severity = w.inc.Severity.String()
	if n.About == report.AboutUpdate && n.Role == "" {
		_, n.Role = w.inc.InformsAs()
	}
	return w.nag(n)
}

// forgetNags removes the days that are older than they are kept.
func (w *work) forgetNags() error {
	oldest := nagsKey(w.Now.AddDate(0, -keepNags, 0))
	var old []string
	for key := range w.Scan(nagsPrefix) {
		if key >= oldest || len(old) == tidyAtOnce {
			break
		}
		old = append(old, key)
	}
	err := w.Err()
	for _, key := range old {
		err = errors.Join(err, w.Delete(key))
	}
	return err
}

// nags are the counts of the days in UTC that [from, to) touches.
func nags(tx *storage.Tx, from, to time.Time) ([]report.Nags, error) {
	list := []report.Nags{}
	for key, value := range tx.Scan(nagsPrefix) {
		if key < nagsKey(from) || key > nagsKey(to.Add(-1)) {
			continue
		}
		var r nagsRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read %s: %v", key, err)
		}
		for _, n := range r.Nags {
			list = report.AddNags(list, n)
		}
	}
	return list, tx.Err()
}
