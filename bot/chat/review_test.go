package chat

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// TestOffersOf: whoever is asked what made them look there reads where that was, and what
// was written with a decision does not run into who decided it.
func TestOffersOf(t *testing.T) {
	t.Parallel()
	doc := postmortem.Document{Sections: []postmortem.Section{
		{ID: "notes", List: []postmortem.Item{{Lead: "what", Text: "01:54 UTC, commander\nNo approvals"}, {Lead: "where", Text: "01:59 UTC, commander\nHandshake with <A>"}}},
		{ID: "decisions", List: []postmortem.Item{{Lead: "02:06 UTC", Text: "commander\nRoute to B\nOptions: route to B"}}, Questions: []postmortem.Question{{ID: "screen"}}},
		{ID: "lessons", Questions: []postmortem.Question{{ID: "first_week"}, {ID: postmortem.Cue}}},
	}}
	for id, want := range map[string]string{
		postmortem.Cue: "• where 01:59 UTC, commander: Handshake with &lt;A&gt;",
		"first_week":   "",
		"screen":       "• 02:06 UTC commander: Route to B; Options: route to B",
	} {
		if got := offersOf(doc, id); got != want {
			t.Errorf("above %s stands %q, want %q", id, got, want)
		}
	}
}

// TestHostileReview puts every bad text into what is said of a document and into each form
// about it.
func TestHostileReview(t *testing.T) {
	t.Parallel()
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			b, events := readBy(t, text)
			draft := postmortem.New(b.Incident, events, postmortem.Context{Zone: time.UTC, Services: map[string]string{"checkout": text},
				Teams: map[string]string{"payments": text}, Told: []string{text, "#" + text},
				Alike: []postmortem.Precedent{{Name: "INC-3", Title: text, How: incident.Rollback, Text: text}}})
			doc := draft.Publish(2, text, noon)
			sound(t, "short", wholeFollows(postmortemMessage(b.Incident, draft)))
			posted(t, "published", publishedMessage(b.Incident, doc, "https://a.slack.com/archives/C1/p1?cid=C1&thread_ts=1.1"))
			for _, e := range events {
				posted(t, "said "+string(e.Kind), saidMessage(b, e, people))
			}
			for n, want := range []desk.Wanted{{Corrects: true}, {Proposed: true}, {Writes: true}, {}} {
				want.Incident, want.Document, want.Questions = b.Incident, draft, []postmortem.Question{{ID: "note_what", Text: "what: " + text}}
				part := reviewsPart([]desk.Wanted{want}, time.UTC)
				posted(t, "wanted "+string(rune('0'+n)), message{text: part.text, blocks: part.blocks})
			}
			state := formState{Incident: 1, Shown: map[string]string{stateLeft: "cause cue factors"}}
			for _, q := range draft.Questions() {
				state.Shown[stateQuestion] = q.ID
				form(t, "asked "+q.ID, questionForm(draft, b.Incident, state, shownAnswer{by: "person:ada", text: text, hints: "*Recorded.* Something to look at:\n" + clip(esc(text), 600)}))
			}
			posted(t, "week", regularMessage(text))
			form(t, "publish", publishView(draft, b.Incident, state))
			form(t, "publish again", publishView(doc, b.Incident, state))
			form(t, "answered", answeredView(draft, b.Incident))
		})
	}
}

// form checks a form against Slack's rules and ours.
func form(t *testing.T, what string, v slack.ModalViewRequest) {
	t.Helper()
	valid(t, what, v)
	j, err := json.Marshal(v.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range textsIn(t, j) {
		escapedOnce(t, what, s)
	}
}

// readBy is an incident that says text everywhere, whose questions are answered in it, and
// which is published.
func readBy(t *testing.T, text string) (desk.Brief, []incident.Event) {
	t.Helper()
	b, events := subject(t, text, false)
	ada, eve := incident.Person("ada"), incident.SlackUser("U0EVE")
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	add := func(c incident.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b.Incident, events = c.Incident, append(events, c.Events...)
	}
	add(b.Incident.Note(incident.Update, "x "+text, ada, at(9)))
	add(b.Incident.MitigateBy(ada, incident.Mitigation{How: incident.Rollback, Text: text, Undo: text, Team: "payments"}, at(12)))
	for range 8 {
		add(b.Incident.OpenFollowUp(incident.FollowUp{Title: "x " + text, Kind: "detect", Team: "payments"}, ada, at(13)))
	}
	add(b.Incident.FinishFollowUp(b.Incident.FollowUps[1].ID, "x "+text, ada, at(14)))
	add(b.Incident.Resolve(ada, text, at(20)))
	add(b.Incident.AcceptMiss("x "+text, ada, at(21)))
	add(b.Incident.Review(eve, eve, at(22)))
	for n, question := range []string{postmortem.Cause, postmortem.Cue, "factors", "lucky", "undo", "decision_screen"} {
		for _, who := range []incident.Actor{ada, eve} {
			add(b.Incident.Answer(question, "x "+text, 0, who, at(30+n)))
		}
	}
	add(b.Incident.ToReview("x "+text, eve, at(50)))
	add(b.Incident.PublishPostmortem(incident.Publication{Sum: "aa", Cause: true}, incident.Record{}, eve, at(60)))
	return b, events
}
