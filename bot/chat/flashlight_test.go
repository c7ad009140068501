package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// fullCard is a card of which everything that can be there is there.
func fullCard(t *testing.T) (desk.Brief, around) {
	t.Helper()
	b, _ := subject(t, "Login is slow", false)
	lines := []string{"one", "two", "three", "four", "five"}
	b.Service.QuickActions, b.Service.FirstLooks = lines, lines
	b.Service.Reviewed = "2026-01-05"
	a := around{now: time.Date(2026, 10, 11, 2, 10, 0, 0, time.UTC), tally: alert.Tally{Firing: 51, Over: 25}, quiet: []string{"Silence S1", "Silence S2"},
		needs: []string{"Database"}, needed: []string{"Shop", "Checkout"}, promise: "Within an hour, at any time"}
	for n := range 5 {
		a.changes = append(a.changes, alert.Change{At: noon, Title: fmt.Sprint("Release ", n)})
	}
	a.alike = []desk.Helped{{Incident: incident.Incident{Number: 6, Title: "Login is slow", How: incident.Workaround, Declared: noon}, Text: "larger pool"}}
	return b, a
}

// linesOf counts the lines of a message, its heading among them and its buttons not.
func linesOf(m message) (count int, text string) {
	for _, b := range m.blocks {
		s := ""
		switch b := b.(type) {
		case *slack.HeaderBlock:
			s = b.Text.Text
		case *slack.SectionBlock:
			s = b.Text.Text
		case *slack.ContextBlock:
			s = b.ContextElements.Elements[0].(*slack.TextBlockObject).Text
		default:
			continue
		}
		count += 1 + strings.Count(s, "\n")
		text += s + "\n"
	}
	return count, text
}

// TestS23CardOfTwelveLines: whatever there is to say, the card says it in twelve
// lines, what counts first.
func TestS23CardOfTwelveLines(t *testing.T) {
	b, a := fullCard(t)
	count, text := linesOf(cardMessage(b, a, people))
	if count > cardMost {
		t.Errorf("the card has %d lines, want at most %d:\n%s", count, cardMost, text)
	}
	for _, want := range []string{"*Safe first steps:* one", "*Look here first:* one", "INC-6 Login is slow", "workaround, larger pool", "51 firing, 25 over", "Runbook (last reviewed 279 days ago)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the card does not say %q:\n%s", want, text)
		}
	}
	bare := b
	bare.Service, bare.Team = rotation.Service{}, rotation.Team{}
	if count, text := linesOf(cardMessage(bare, around{now: a.now}, people)); count > 6 {
		t.Errorf("the card of an unknown service has %d lines:\n%s", count, text)
	}
}

// TestS20GuestText: somebody who did not build it is told how far to go alone.
func TestS20GuestText(t *testing.T) {
	b, a := fullCard(t)
	b.Team = rotation.Team{ID: "storefront", Name: "Storefront", Members: []string{"ada"}}
	cases := []struct {
		who   incident.Actor
		guest bool
	}{
		{incident.Person("ada"), false},
		{incident.Person("bob"), true},
		{incident.SlackUser("U0EVE"), true},
	}
	for _, c := range cases {
		_, text := linesOf(moreMessage(b, a, isGuest(b, c.who), people, "/incident"))
		if got := strings.Contains(text, "You are not of Storefront"); got != c.guest {
			t.Errorf("%s is told to be a guest: %v, want %v:\n%s", c.who, got, c.guest, text)
		}
	}
}

// TestS21BothDirections: what it needs and what needs it stand behind More, and all
// that the card has left out.
func TestS21BothDirections(t *testing.T) {
	b, a := fullCard(t)
	_, text := linesOf(moreMessage(b, a, false, people, "/incident"))
	for _, want := range []string{"needs Database", "is needed by Shop", "• five", "Release 4", "Within an hour", "Silence S2"} {
		if !strings.Contains(text, want) {
			t.Errorf("More does not say %q:\n%s", want, text)
		}
	}
}

// TestRunbookAge shows the age of a runbook past its review, of no other one.
func TestRunbookAge(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for day, want := range map[string]string{"2026-01-01": " (last reviewed 181 days ago)", "2026-01-02": "", "2026-08-01": "", "": ""} {
		if got := reviewed(day, now); got != want {
			t.Errorf("reviewed(%q) = %q, want %q", day, got, want)
		}
	}
}
