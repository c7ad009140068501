package report

import (
	"slices"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// TestAlertsOf counts each alert once, by what became of it, and shows no title of a
// private incident.
func TestAlertsOf(t *testing.T) {
	opened, false1, private := hurt(1, "shop"), hurt(2, "shop"), hurt(3, "shop")
	for n, c := range []*Case{&opened, &false1, &private} {
		c.Incident.DeclaredBy, c.Incident.Alert, c.Incident.Title = "alert:prom", []string{"a", "b", "c"}[n], "slow"
	}
	false1.Incident.Status, false1.Incident.Outcome = incident.Cancelled, incident.FalseAlarm
	private.Incident.Private = true
	in, before := at("2026-10-05T00:00:00Z"), at("2026-08-05T00:00:00Z")
	seen := []AlertSeen{
		{ID: "a", Sender: "prom", Service: "shop", Title: "slow", Incident: 1, Does: "incident", Times: 3, Firing: true, Last: in},
		{ID: "b", Sender: "prom", Service: "shop", Title: "slow", Incident: 2, Does: "incident", Times: 1, Last: in},
		{ID: "c", Sender: "prom", Service: "shop", Title: "secret", Incident: 3, Does: "incident", Times: 9, Last: in},
		{ID: "d", Sender: "prom", Service: "shop", Title: "slow too", Incident: 1, Does: "incident", Times: 1, Last: in},
		{ID: "e", Sender: "mail", Service: "", Title: "info", Does: "count", Times: 2, Last: in},
		{ID: "f", Sender: "mail", Service: "", Title: "quiet", Does: "incident", Held: true, Times: 1, Last: in},
		{ID: "g", Sender: "mail", Service: "", Title: "beat", Does: "heartbeat", Times: 90, Last: in},
		{ID: "h", Sender: "mail", Service: "", Title: "old", Does: "count", Times: 5, Last: before},
	}
	r := AlertsOf(data(opened, false1, private), seen)
	want := AlertLine{Alerts: 6, Firing: 1, Opened: 3, Joined: 1, Counted: 1, HeldBack: 1, Incidents: 3, Nothing: 1, Again: 2}
	if r.Seen != want {
		t.Errorf("all: %+v, want %+v", r.Seen, want)
	}
	if len(r.Services) != 2 || r.Services[0].Service != Unsaid || r.Services[1].Alerts != 4 || len(r.Senders) != 2 || r.Senders[0].Sender != "mail" {
		t.Errorf("services %+v, senders %+v", r.Services, r.Senders)
	}
	if titles := []string{r.Often[0].Title, r.Often[1].Title}; len(r.Often) != 2 || !slices.Equal(titles, []string{"slow", "info"}) {
		t.Errorf("most often: %+v", r.Often)
	}
}
