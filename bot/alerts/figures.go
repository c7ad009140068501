package alerts

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/storage"
)

// Seen returns what figures need of every alert that is kept. Those that versions until
// November 2026 recorded, and that were not seen since, have no title and are left out.
func (a *Alerts) Seen(ctx context.Context) ([]report.AlertSeen, error) {
	var list []report.AlertSeen
	err := a.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("alert/") {
			var r Alert
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if r.Sender == "" {
				continue
			}
			list = append(list, report.AlertSeen{ID: r.ID, Sender: r.Sender, Service: r.Service, Title: r.Title, Incident: r.Incident, Does: string(r.Does),
				Held: r.Held, Firing: r.Firing(), Times: r.Count, Last: r.Last})
		}
		return tx.Err()
	})
	return list, err
}
