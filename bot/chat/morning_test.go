package chat

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// TestWaitingWithHostileText: as much as the desk puts into one message in the morning fits
// into one of Slack's, whatever its titles, questions and reasons are.
func TestWaitingWithHostileText(t *testing.T) {
	places := []desk.Tracker{{Name: "platform-team-issues", Provider: "GitHub"}, {Name: "service-desk-internal", Provider: "Jira"}}
	v := followUpView{names: people, team: func(id string) string { return id }, now: noon, zone: time.UTC, goes: func(string) []desk.Tracker { return places }}
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			b, events := subject(t, text, false)
			b.Incident.Status, b.Incident.Mitigated, b.Incident.Channel = incident.Mitigated, noon, "C0INC"
			doc := postmortem.New(b.Incident, events, postmortem.Context{Zone: time.UTC})
			doc.Due.Publish = noon
			task := desk.Task{Job: ledger.Job{Text: "33 more follow on the next working day."}}
			for k := range desk.MorningMost {
				i := b.Incident
				i.Number += k
				task.Idle = append(task.Idle, i)
				task.Wanted = append(task.Wanted, desk.Wanted{Incident: i, Document: doc, Proposed: k%2 == 0, Questions: []postmortem.Question{{ID: "cause", Text: text}, {ID: "factors", Text: text}}})
			}
			for _, f := range followUpsNamed(t, text, 3*desk.MorningMost) {
				if f.Open() && len(task.FollowUps) < desk.MorningMost {
					task.FollowUps = append(task.FollowUps, f)
				}
			}
			posted(t, "morning", waitingMessage(task, v))
		})
	}
}
