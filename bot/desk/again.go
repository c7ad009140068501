package desk

import (
	"slices"

	"github.com/stormbell/stormbell/incident"
)

// toldAgain has the service's stakeholders told that it hurts again, people and channels,
// where they were told of the incident before: they may believe that it is over.
func (w *work) toldAgain(before incident.Incident, c incident.Change) error {
	if before.Number == 0 || before.Status.Hurting() || !w.inc.Status.Hurting() {
		return nil
	}
	at := slices.IndexFunc(c.Events, func(e incident.Event) bool {
		return e.Kind == incident.KindInvestigate || e.Kind == incident.KindMitigating || e.Kind == incident.KindReopened
	})
	if at < 0 {
		return nil
	}
	if last, err := lastUpdate(w.Tx.Tx, w.inc.Number); err != nil || last == "" {
		return err
	}
	return w.tellInterested(c.Events[at], w.inc.Service, "")
}
