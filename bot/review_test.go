package bot

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	reports "github.com/stormbell/stormbell/incident/report"
)

// reviewed is a sev1 that was mitigated by a rollback and is resolved, with a note of where
// it was.
func (r *rig) reviewed() (room string) {
	r.t.Helper()
	room = r.takenOn("card payments fail sev1")
	r.command("ada", room, "note where: the pool of provider A was empty")
	r.pass(10 * time.Minute)
	r.command("ada", room, "mitigate rollback: to release 430")
	r.pass(time.Minute)
	r.command("ada", room, "resolve")
	r.pass(20 * time.Second)
	return room
}

// handled declares an incident by eve, which ada takes and resolves at once.
func (r *rig) handled(text string) {
	r.t.Helper()
	r.command("eve", "general", "declare "+text)
	r.pass(20 * time.Second)
	i, err := r.desk.Active(context.Background(), incident.Bot)
	if err != nil || len(i) == 0 {
		r.t.Fatal(err)
	}
	r.command("ada", "general", "ack "+i[0].Name())
	r.command("ada", i[0].Channel, "resolve rollback")
	r.pass(20 * time.Second)
}

// sentAt is when a message was posted.
func sentAt(t *testing.T, m slacksim.Message) time.Time {
	t.Helper()
	seconds, err := strconv.ParseFloat(m.TS, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// question is the ID of the one that a form asks.
func question(t *testing.T, v slacksim.View) string {
	t.Helper()
	_, rest, ok := strings.Cut(unescaped(string(v.Blocks)), `"block_id":"reply `)
	if !ok {
		t.Fatalf("the form asks nothing: %s", v.Blocks)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// TestAnswersOneByOne goes through the questions of a post-mortem as whoever writes it
// does: one at a time, with a hint that is fine as it is, and what is left empty is
// skipped. What was said stands in the document without a name, and in the timeline with
// who and when.
func TestAnswersOneByOne(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		r.press("ada", room, r.find(r.channelOf(room).Messages, "Draft of the post-mortem"), "Answer questions")
		r.pass(5 * time.Second)
		v := r.view("U0ADA")
		asked := map[string]bool{}
		for range 20 {
			id := question(t, v)
			if asked[id] {
				t.Fatalf("%s is asked again", id)
			}
			asked[id] = true
			text := ""
			switch id {
			case postmortem.Cause:
				text = "A release emptied the pool of connections."
			case "factors":
				text = "Ada should have checked the pool"
			}
			result := r.submit("ada", v, map[string]map[string]any{"reply " + id: {"value": text}})
			if id == "factors" {
				if result.View == nil || question(t, *result.View) != "factors" || !strings.Contains(unescaped(string(result.View.Blocks)), "it is fine as it is") {
					t.Fatalf("wording that blames is not pointed out: %+v", result)
				}
				if _, events := r.fold(1); countOf(events, incident.KindAnswered) != 2 {
					t.Error("it is not recorded before it is pointed out")
				}
				result = r.submit("ada", *result.View, map[string]map[string]any{"reply factors": {"value": text}})
			}
			if result.View == nil {
				t.Fatalf("after %s: %+v", id, result)
			}
			if v = *result.View; strings.Contains(string(v.Blocks), "Thank you") {
				break
			}
		}
		if !asked[postmortem.Cause] || !asked["factors"] || len(asked) > 10 {
			t.Errorf("it asked %d questions: %v", len(asked), asked)
		}
		_, events := r.fold(1)
		if n := countOf(events, incident.KindAnswered); n != 2 {
			t.Errorf("%d answers are recorded, want 2", n)
		}
		doc, err := r.desk.Draft(context.Background(), incident.Bot, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := doc.Markdown()
		if !strings.Contains(text, "A release emptied the pool") || strings.Contains(text, "Ada") || !strings.Contains(text, `] should have checked the pool`) {
			t.Errorf("the document does not say what was answered, or names somebody:\n%s", text)
		}
	})
}

// TestOwnWordsAreShown: an answer that was changed and changed back is what it was at first,
// and a name that somebody typed is shown to them as typed.
func TestOwnWordsAreShown(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem answer lucky")
		v := r.view("U0ADA")
		for _, text := range []string{"Bob Stone was awake, as he should have been", "It was early", "Bob Stone was awake, as he should have been"} {
			result := r.submit("ada", v, map[string]map[string]any{"reply lucky": {"value": text}})
			if result.View == nil {
				t.Fatalf("after %q: %+v", text, result)
			}
			if got, err := r.desk.AnswerOf(context.Background(), "person:ada", 1, "lucky"); err != nil || got != text {
				t.Errorf("%q stands, want %q: %v", got, text, err)
			}
			if v = *result.View; !strings.Contains(string(v.Blocks), "reply lucky") {
				if err := r.sim.As("ada").CloseView(v.ID, slacksim.Cross); err != nil {
					t.Fatal(err)
				}
				r.command("ada", room, "postmortem answer lucky")
				if v = r.view("U0ADA"); !strings.Contains(string(v.Blocks), text) {
					t.Errorf("their own words are not shown to them: %s", v.Blocks)
				}
			}
		}
		if err := r.sim.As("ada").CloseView(v.ID, slacksim.Cross); err != nil {
			t.Fatal(err)
		}
		r.command("ada", room, "postmortem answer lucky")
		if v = r.view("U0ADA"); !strings.Contains(string(v.Blocks), "Bob Stone was awake") {
			t.Errorf("a name that they typed is not shown to them: %s", v.Blocks)
		}
	})
}

// TestS30CueOnTheNextCard asks whoever wrote where it was what made them look there, in the
// morning, and shows their answer on the next card of the same service.
func TestS30CueOnTheNextCard(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		r.command("bob", room, "postmortem owner @bob")
		r.pass(72 * time.Hour)
		m := r.find(r.dm("U0ADA"), "You could know the answer to 4 questions. The first: What made you look there?")
		r.press("ada", r.dmOf("U0ADA"), m, "Answer")
		r.pass(5 * time.Second)
		v := r.view("U0ADA")
		if id := question(t, v); id != postmortem.Cue {
			t.Fatalf("it asks for %s", id)
		}
		r.submit("ada", v, map[string]map[string]any{"reply cue": {"value": "Traffic rose while the pool stayed flat"}})
		if n := count(r.dm("U0ADA"), "What made you look there?"); n != 1 {
			t.Errorf("they are asked %d times", n)
		}
		r.command("bob", "general", "declare payments time out sev1")
		r.pass(20 * time.Second)
		card := r.marked(r.channel("inc-2-payments-time-out").Messages, "card", "INC-2")[0]
		if !shows(card, "Traffic rose while the pool stayed flat (INC-1)") {
			t.Errorf("the next card does not show the cue: %s", card.Blocks)
		}
		r.command("ada", room, "postmortem answer cue")
	})
}

// TestCueGoesWithTheIncident: a cue stands on the cards of the service that the incident
// belongs to by now, and on none when the incident is a part of another one.
func TestCueGoesWithTheIncident(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed()
		r.command("ada", room, "postmortem answer cue the pool stayed flat")
		cues := func(service string) int {
			list, err := r.desk.Cues(context.Background(), service, 0, 5)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		data, err := r.desk.Figures(context.Background(), incident.Bot, time.Now().Add(-24*time.Hour), time.Now())
		if l := reports.IncidentsOf(data).Learned; err != nil || l != (reports.Learned{Of: 1, Cues: 1}) {
			t.Errorf("learned %+v, %v; want one cue", l, err)
		}
		if cues("checkout") != 1 {
			t.Fatal("the cue is not kept")
		}
		r.command("ada", room, "reopen it is back")
		r.command("ada", room, "service search")
		r.pass(10 * time.Second)
		if cues("checkout") != 0 || cues("search") != 1 {
			t.Errorf("moved: %d cues where it was, %d where it is", cues("checkout"), cues("search"))
		}
		r.command("eve", "general", "declare search is slow sev1 service:search")
		r.pass(10 * time.Second)
		r.command("ada", room, "duplicate INC-2")
		r.pass(10 * time.Second)
		if cues("search") != 0 {
			t.Error("a part of another incident has a cue of its own still")
		}
		r.noErrors()
	})
}

// TestPublish publishes a post-mortem: not without a cause; it goes to those with an
// interest, is kept as it was whatever becomes of the people in it, and is corrected by a
// version with a reason.
func TestPublish(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.reviewed()
		if got := r.command("ada", room, "postmortem publish"); !strings.Contains(got.Text, "cause in plain words") {
			t.Fatalf("published without a cause: %s", got.Text)
		}
		if got := r.command("ada", room, "postmortem answer caus A certificate had changed."); !strings.Contains(got.Text, "Did you mean cause?") {
			t.Errorf("a question that there is not: %s", got.Text)
		}
		r.command("ada", room, "postmortem answer cause A certificate had changed.")
		r.command("ada", room, "postmortem review please look at the times")
		r.pass(20 * time.Second)
		if m := r.find(r.channelOf(room).Messages, "asked for a review"); !shows(m, "please look at the times") {
			t.Errorf("the channel is not asked to read it: %s", m.Text)
		}
		if got := r.command("ada", room, "postmortem publish"); !strings.Contains(got.Text, "Published: version 1") {
			t.Fatalf("publish: %s", got.Text)
		}
		r.pass(30 * time.Second)
		r.noErrors()
		for _, told := range []slacksim.Message{r.find(r.channel("general").Messages, "the post-mortem is published"), r.find(r.dm("U0CLEO"), "the post-mortem is published")} {
			text := unescaped(string(told.Blocks))
			if !strings.Contains(text, "A certificate had changed.") || !strings.Contains(text, "The post-mortem of *INC-1* is published: ") || !strings.Contains(text, "On 1 January 2000, ") || !strings.Contains(text, "What changes") || !strings.Contains(text, "|The document>") {
				t.Errorf("those with an interest are told %s", text)
			}
			document := r.find(r.channelOf(room).Messages, "(version 1)")
			if !strings.Contains(text, "p"+strings.Replace(document.TS, ".", "", 1)) {
				t.Errorf("the link leads elsewhere than to %s: %s", document.TS, text)
			}
		}
		whole := false
		for _, f := range r.sim.State().Files {
			whole = whole || strings.Contains(string(f.Content), "| version 1, published on")
		}
		if !whole {
			t.Error("the published document is not there as a file")
		}
		i, events := r.fold(1)
		if i.PostmortemState() != incident.PostmortemPublished || countOf(events, incident.KindSent) != 2 {
			t.Errorf("it is %s, and %d deliveries are recorded", i.PostmortemState(), countOf(events, incident.KindSent))
		}
		first, err := r.desk.Published(context.Background(), incident.Bot, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.command("ada", room, "postmortem publish once more"); !strings.Contains(got.Text, "Nothing has changed") {
			t.Errorf("published twice: %s", got.Text)
		}
		r.command("ada", room, "postmortem answer lucky it was early")
		r.command("ada", room, "note a week later")
		if got := r.command("ada", room, "postmortem publish"); !strings.Contains(got.Text, "Say what is corrected") {
			t.Errorf("corrected without a reason: %s", got.Text)
		}
		again, err := r.desk.Published(context.Background(), incident.Bot, 1, 1)
		if err != nil || again.Text != first.Text || again.Sum != first.Sum || strings.Contains(again.Text, "it was early") {
			t.Errorf("what was published has changed: %v", err)
		}
		r.command("ada", room, "postmortem publish where we were lucky was missing")
		second, err := r.desk.Published(context.Background(), incident.Bot, 1, 0)
		if err != nil || second.Version != 2 || !strings.Contains(second.Text, "it was early") || second.Reason != "where we were lucky was missing" {
			t.Errorf("version %d: %v", second.Version, err)
		}
		if got := r.command("ada", room, "postmortem"); !shows(slacksim.Message{Blocks: got.Blocks}, "(version 2)") {
			t.Errorf("what is shown is not the latest: %s", got.Blocks)
		}
	})
}

// TestReviewReminders reminds whoever was there last in the mornings, in one message for
// all incidents, until it is published, and nobody of what needs no document.
func TestReviewReminders(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{ConnectionLife: 1000 * time.Hour}, func(r *rig) {
		room := r.reviewed()
		r.handled("logins fail sev2")
		r.handled("a lamp is dark sev4")
		r.pass(72 * time.Hour)
		first := r.find(r.dm("U0ADA"), "Post-mortems that wait for you")
		if !shows(first, "INC-1") || !shows(first, "INC-2") || shows(first, "INC-3") || !shows(first, "you were there last") {
			t.Errorf("the reminder: %s", first.Blocks)
		}
		at := sentAt(t, first)
		if at.Hour() != 9 || at.Minute() != 30 || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			t.Errorf("it came on %s", at)
		}
		r.press("ada", r.dmOf("U0ADA"), first, "I write it")
		r.command("ada", "general", "postmortem INC-2 waive it is the same as the other")
		if i, _ := r.fold(1); i.Reviewer != "person:ada" {
			t.Log(r.whispers("ada"), list(r.dm("U0ADA")))
			t.Fatalf("%q writes it", i.Reviewer)
		}
		before := len(r.dm("U0ADA"))
		r.command("ada", room, "postmortem answer cause A certificate had changed.")
		r.command("ada", room, "postmortem publish")
		r.pass(20 * 24 * time.Hour)
		for _, m := range r.dm("U0ADA")[before:] {
			if strings.Contains(m.Text, "ost-mortem") && strings.Contains(m.Text, "wait") {
				t.Errorf("reminded although it is published and waived: %s", m.Text)
			}
		}
	})
}
