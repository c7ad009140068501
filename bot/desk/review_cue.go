package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/storage"
)

// A cue is what made somebody experienced look at the right place. It stands in no
// runbook, so that the next card of the same service shows it.
type cueRecord struct {
	V    int       `json:"v"`
	Text string    `json:"text"` // names are replaced
	At   time.Time `json:"at"`
}

func cuePrefix(service string) string { return "cue/" + service + "/" }

// cueKinds are the kinds of events after which an incident has another cue, or none, or
// has it for another service.
var cueKinds = []incident.Kind{incident.KindAnswered, incident.KindHidden, incident.KindService, incident.KindDrill, incident.KindCancelled, incident.KindMerged}

// cued keeps what the cue of the incident is by now, and of which service.
func (w *work) cued(before incident.Incident, c incident.Change) error {
	changed := slices.ContainsFunc(c.Events, func(e incident.Event) bool { return slices.Contains(cueKinds, e.Kind) })
	if !changed || w.inc.Postmortem.Answers == 0 {
		return nil
	}
	number := ledger.Number(w.inc.Number)
	if was := before.Service; was != "" && was != w.inc.Service {
		if err := w.Delete(cuePrefix(was) + number); err != nil {
			return err
		}
	}
	if w.inc.Service == "" || w.inc.Private {
		return nil
	}
	doc, err := w.draft()
	if err != nil {
		return err
	}
	key := cuePrefix(w.inc.Service) + number
	if w.inc.Test { // a drill teaches nothing about a service
		return w.Delete(key)
	}
	if text := doc.Said(postmortem.Cue); text != "" {
		return w.Save(key, cueRecord{V: 1, Text: text, At: w.Now})
	}
	return w.Delete(key)
}

// CueOf is what made somebody look at the right place in an earlier incident.
type CueOf struct {
	Incident int
	Text     string
}

// Cues returns the latest cues about a service, the newest first, besides that of incident
// but.
func (d *Desk) Cues(ctx context.Context, service string, but, most int) (list []CueOf, err error) {
	if service == "" {
		return nil, nil
	}
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.ScanBack(cuePrefix(service)) {
			if len(list) == most {
				break
			}
			var r cueRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if n := ledger.LastNumber(key); n != but {
				list = append(list, CueOf{n, r.Text})
			}
		}
		return tx.Err()
	})
	return list, err
}
