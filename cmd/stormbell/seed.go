package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
)

// seed puts the past incidents of the demonstration's company into an empty
// store, so that lists, documents and figures have something to show.
func seed(ctx context.Context, d *desk.Desk) error {
	old, _, err := d.Find(ctx, incident.Bot, desk.Query{All: true, Limit: 1})
	if err != nil || len(old) > 0 {
		return err
	}
	var past []struct {
		Number int              `json:"number"`
		Events []incident.Event `json:"events"`
	}
	if err := json.Unmarshal(configs.DemoIncidents(), &past); err != nil {
		return fmt.Errorf("the demonstration's incidents: %v", err)
	}
	for _, p := range past {
		if err := d.Import(ctx, p.Number, p.Events); err != nil {
			return err
		}
	}
	return nil
}
