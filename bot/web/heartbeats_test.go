package web

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestHeartbeatList lists the heartbeats of the roster in each of their states.
func TestHeartbeatList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var got struct {
			Heartbeats []shownBeat `json:"heartbeats"`
		}
		w.want(t, get("/v1/heartbeats"), 401, nil)
		w.want(t, get("/v1/heartbeats").admin(), 200, &got)
		if got.Heartbeats == nil || len(got.Heartbeats) > 0 {
			t.Errorf("without any in the roster: %+v, want an empty list", got.Heartbeats)
		}
		roster, err := rotation.Parse("roster.yaml", []byte(rosterText+`
heartbeats:
  - {name: backup, every: 24h, grace: 30m, severity: sev3}
  - {name: sync, every: 1h, grace: 5m}
  - {name: late, every: 10m, grace: 1m}
`))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.people.ApplyRoster(t.Context(), roster, incident.Bot, "test"); err != nil {
			t.Fatal(err)
		}
		start := time.Now().UTC()
		tick := func(after time.Duration) {
			t.Helper()
			time.Sleep(after)
			if err := w.ledger.Tick(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		tick(0)
		tick(11 * time.Minute)
		if _, err := w.room.Beat(t.Context(), alerts.Key{Name: "prometheus"}, "sync"); err != nil {
			t.Fatal(err)
		}
		w.want(t, get("/v1/heartbeats").admin(), 200, &got)
		late := start.Add(11 * time.Minute)
		want := []shownBeat{
			{Name: "backup", State: "waiting", Service: "checkout", Severity: "sev3", Every: "24h0m0s", Grace: "30m0s", Since: start, Due: start.Add(24*time.Hour + 30*time.Minute)},
			{Name: "sync", State: "alive", Service: "checkout", Severity: "sev2", Every: "1h0m0s", Grace: "5m0s", Since: start, Last: late, Key: "prometheus", Due: late.Add(65 * time.Minute)},
			{Name: "late", State: "missing", Service: "checkout", Severity: "sev2", Every: "10m0s", Grace: "1m0s", Since: start, Due: late, Missing: late, Incident: "INC-1"},
		}
		if diff := cmp.Diff(want, got.Heartbeats); diff != "" {
			t.Errorf("GET /v1/heartbeats: -want +got\n%s", diff)
		}
	})
}
