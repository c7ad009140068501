package oncall

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestLinksFollowTheRoster never takes somebody for the person whom a mail
// address meant before the roster changed.
func TestLinksFollowTheRoster(t *testing.T) {
	inBubble(t, func(x *fixture) {
		cleo := rotation.Person{ID: "cleo", Email: "cleo@shop.example"}
		if got := x.Current().Unlinked(); len(got) != 1 || got[0].ID != "cleo" {
			t.Fatalf("Unlinked() = %v, want cleo", got)
		}
		if err := x.Link(background(), cleo, "U0CLEO"); err != nil {
			t.Fatal(err)
		}
		if got := x.Current().Actor("U0CLEO"); got != "person:cleo" || x.Current().SlackOf(got) != "U0CLEO" || len(x.Current().Unlinked()) != 0 {
			t.Errorf("U0CLEO is %s, with the Slack user %q", got, x.Current().SlackOf(got))
		}
		x.reopen()
		if got := x.Current().SlackOf("person:cleo"); got != "U0CLEO" {
			t.Errorf("after a restart cleo's Slack user is %q, want U0CLEO", got)
		}
		x.apply(strings.ReplaceAll(sampleRoster, "cleo@shop.example", "c.marsh@shop.example"))
		if got := x.Current().SlackOf("person:cleo"); got != "" {
			t.Errorf("with another address cleo's Slack user is %q still, want none until it is looked up", got)
		}
		if got := x.Current().Actor("U0CLEO"); got != incident.SlackUser("U0CLEO") {
			t.Errorf("U0CLEO is %s, want nobody of the roster", got)
		}
		x.apply(strings.ReplaceAll(sampleRoster, "email: cleo@shop.example", "slack: U0BOB2"))
		if got := x.Current().Actor("U0BOB2"); got != "person:cleo" {
			t.Errorf("U0BOB2 is %s, want cleo, as the roster says", got)
		}
	})
}

func TestDisplayName(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for a, want := range map[incident.Actor]string{
			ada: "Ada Okafor", "person:gone": "gone", eve: "U0EVE", "alert:monitor": "monitor", incident.Bot: "bot", "": "",
		} {
			if got := x.Current().DisplayName(a); got != want {
				t.Errorf("DisplayName(%q) = %q, want %q", a, got, want)
			}
		}
	})
}
