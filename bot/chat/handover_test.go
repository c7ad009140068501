package chat

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestCouldCommand says of a team who is trained and awake, at two in the afternoon UTC in
// winter: those first, and neither who has command nor who shadows.
func TestCouldCommand(t *testing.T) {
	now := time.Date(2026, 1, 14, 14, 0, 0, 0, time.UTC)
	r := &rotation.Roster{People: []rotation.Person{
		{ID: "ada", Name: "Ada", Level: rotation.Senior, TimeZone: "Europe/Berlin"},
		{ID: "bob", Name: "Bob <b>", Level: rotation.Junior, TimeZone: "Europe/Berlin"},
		{ID: "cleo", Name: "Cleo", Level: rotation.Principal, TimeZone: "America/Los_Angeles"},
		{ID: "dan", Name: "Dan", Level: rotation.Senior, TimeZone: "America/New_York"},
		{ID: "eve", Name: "Eve"},
		{ID: "fay", Name: "Fay", Level: rotation.Senior, TimeZone: "Europe/Lisbon"},
		{ID: "gil", Name: "Gil", Level: rotation.Senior, TimeZone: "Europe/Lisbon"},
	}}
	b := desk.Brief{Team: rotation.Team{Members: []string{"ada", "bob", "cleo", "dan", "gil"}}, Belongs: []incident.Actor{"person:eve", "person:ada", "slack:U1", "person:fay"}}
	b.Incident.Roles = []incident.Holding{{Role: incident.Commander, Who: "person:ada"}, {Role: incident.Shadow, Who: "person:gil"}}
	want := `*Who could take it*, as far as the roster knows
• Dan (senior, 09:00 there)
• Eve
• Bob &lt;b&gt; (junior, 15:00 there)
• Cleo (principal, 06:00 there: night)
• Fay (senior, 14:00 there, commands INC-4 already)`
	if got := couldCommand(b, r, map[incident.Actor]string{"person:fay": "INC-4"}, now); got != want {
		t.Errorf("the list is\n%s\nwant\n%s", got, want)
	}
	for k := range r.People {
		r.People[k].Level, r.People[k].TimeZone = "", ""
	}
	if got := couldCommand(b, r, nil, now); got != "" {
		t.Errorf("of people of whom nothing is known it says %q", got)
	}
}
