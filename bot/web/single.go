package web

import (
	"context"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident/alert"
)

// single is an intake by the desk alone, one alert after another, for a bot without
// the alerts' room.
type single struct{ d *desk.Desk }

// Take hands the alerts to the desk.
func (s single) Take(ctx context.Context, k alerts.Key, b alert.Body) ([]alerts.Taken, error) {
	var taken []alerts.Taken
	for _, a := range b.Alerts {
		if a.Service == "" {
			a.Service = k.Service
		}
		r, err := s.d.Alert(ctx, k.Name, a)
		if err != nil {
			return taken, err
		}
		taken = append(taken, alerts.Taken{Key: a.Key, Incident: r.Incident, Result: r.Result, Does: "incident"})
	}
	return taken, nil
}

// Beat knows no heartbeat.
func (s single) Beat(context.Context, alerts.Key, string) (bool, error) { return false, nil }

// Mapping knows no mapping.
func (s single) Mapping(string) (*alert.Compiled, bool) { return nil, false }
