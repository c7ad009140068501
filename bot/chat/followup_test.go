package chat

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

func followUpsNamed(t *testing.T, text string, n int) (list []desk.ListedFollowUp) {
	t.Helper()
	b, _ := subject(t, text, false)
	title, _ := incident.CleanTitle(text)
	for k := range n {
		f := incident.FollowUp{ID: incident.FollowUpName(123456, k+1), Kind: incident.PermanentFix, Title: title, Team: text, Owner: incident.SlackUser("U0EVE"),
			Due: noon.AddDate(0, 0, k-2), Raised: text}
		if k%3 == 2 {
			f.State, f.Outcome, f.EndedBy, f.Ended = incident.Done, text, incident.Person("ada"), noon
		}
		list = append(list, desk.ListedFollowUp{FollowUp: f, Incident: b.Incident})
	}
	return list
}

// TestFollowUpsWithHostileText: lists and reminders stay within Slack's limits, and what
// comes from outside is text.
func TestFollowUpsWithHostileText(t *testing.T) {
	v := followUpView{names: people, team: func(id string) string { return id }, now: noon, zone: time.UTC}
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			sound(t, "reminder", waitingMessage(desk.Task{FollowUps: followUpsNamed(t, text, 10)}, v))
			m := message{text: "list", blocks: []slack.Block{section("*Still to be done*")}}
			for _, f := range followUpsNamed(t, text, followUpRows) {
				m.blocks = append(m.blocks, v.blocks(f)...)
			}
			sound(t, "list", m)
		})
	}
}

// TestFollowUpsFitTheirAnswer lists follow-ups of a private incident that four trackers take: a longer answer
// to a command would be lost.
func TestFollowUpsFitTheirAnswer(t *testing.T) {
	places := []desk.Tracker{{Name: "platform-team-issues", Provider: "GitHub"}, {Name: "service-desk-internal", Provider: "Jira"},
		{Name: "platform-team-merge", Provider: "GitLab"}, {Name: "product-and-design", Provider: "Linear"}}
	v := followUpView{names: people, team: func(id string) string { return id }, now: noon, zone: time.UTC, goes: func(string) []desk.Tracker { return places }}
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			list := followUpsNamed(t, text, followUpRows)
			for k := range list {
				list[k].Incident.Private = true
			}
			blocks, shown := listedBlocks(v, list)
			r := ephemeral("Still to be done", append([]slack.Block{section("*Still to be done*")}, blocks...)...)
			j, err := json.Marshal(r)
			if err != nil || len(j) > 19<<10 || shown == 0 {
				t.Errorf("%d of %d make an answer of %d bytes (%v)", shown, len(list), len(j), err)
			}
		})
	}
}

// TestDueWords say a date as people do, by the days of the business.
func TestDueWords(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	v := followUpView{now: time.Date(2026, 11, 27, 23, 30, 0, 0, time.UTC), zone: zone} // Saturday in Berlin
	for due, want := range map[string]string{
		"2026-11-28T22:59:59Z": "due today (Sat 28 Nov 2026)", "2026-11-29T22:59:59Z": "due tomorrow (Sun 29 Nov 2026)",
		"2026-11-27T22:59:59Z": "was due yesterday (Fri 27 Nov 2026)", "2026-11-18T22:59:59Z": "was due 10 days ago (Wed 18 Nov 2026)",
		"2026-12-24T22:59:59Z": "due in 26 days (Thu 24 Dec 2026)",
	} {
		at, err := time.Parse(time.RFC3339, due)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.due(incident.FollowUp{Due: at}); got != want {
			t.Errorf("due %s: %q, want %q", due, got, want)
		}
	}
	if got := v.isDue(incident.FollowUp{}); !strings.HasPrefix(got, "is without a date") {
		t.Errorf("without a date: %q", got)
	}
}
