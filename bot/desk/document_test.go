package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestNamesFromMail takes out what somebody is called in their mail address, and not the
// name of a team whose mailbox stands there.
func TestNamesFromMail(t *testing.T) {
	r, err := rotation.Parse("roster.yaml", []byte(`
people:
  - {id: p1, name: Ada Okafor, email: aok@shop.example}
  - {id: p2, name: Bob Stone, email: payments@shop.example}
teams: [{id: payments, name: Payments, members: [p1, p2]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	c := documentContext(&oncall.Directory{Roster: r}, around{}, incident.Incident{}, time.UTC)
	for who, want := range map[incident.Actor]string{"person:p1": "Ada Okafor p1 aok", "person:p2": "Bob Stone p2"} {
		if got := strings.Join(c.People[who].Names, " "); got != want {
			t.Errorf("%s is known as %q, want %q", who, got, want)
		}
	}
}
