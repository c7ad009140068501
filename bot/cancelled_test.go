package bot

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestNoIncidentLeavesNothingInPlace cancels what was mitigated: the channel hears that the
// permanent fix is dropped and why, no service runs with a workaround, and the hand-over
// offers nothing more.
func TestNoIncidentLeavesNothingInPlace(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		if got := r.answered("bob", "general", "followups all"); !strings.Contains(got, "INC-1-F1") {
			t.Fatalf("the permanent fix is not open: %s", got)
		}
		r.command("ada", room, "cancel it was a test of ours")
		r.pass(30 * time.Second)
		r.seek(r.channelOf(room).Messages, "decided against INC-1-F1")
		r.seek(r.channelOf(room).Messages, "It was no incident.")
		if m := r.oneHandover(room); shows(m, "It is back") || shows(m, "Correct") {
			t.Errorf("the hand-over offers more yet:%s", list([]slacksim.Message{m}))
		}
		if fixes, err := r.desk.OpenFixes(r.t.Context(), "checkout"); err != nil || len(fixes) > 0 {
			t.Errorf("checkout runs with a workaround yet: %v, %v", fixes, err)
		}
		r.noErrors()
	})
}

// TestBackTwice has two people press "It is back": the second is told, in the form, that it
// is worked on already, and nothing moves.
func TestBackTwice(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		m := r.oneHandover(room)
		r.press("ada", room, m, "It is back")
		r.press("bob", room, m, "It is back")
		mine, his := r.view("U0ADA"), r.view("U0BOB")
		r.submit("ada", mine, map[string]map[string]any{"text": {"value": "errors are rising"}})
		r.command("ada", room, "status mitigating restarting")
		r.pass(10 * time.Second)
		result := r.submit("bob", his, map[string]map[string]any{"text": {"value": "errors, I say"}})
		if got := result.Errors["text"]; !strings.Contains(got, "INC-1 is mitigating") || !strings.Contains(got, "note") {
			t.Errorf("the second is told %+v", result)
		}
		if i, _ := r.fold(1); i.Status != incident.Mitigating || len(i.Impact) != 2 {
			t.Errorf("it is %s with %v", i.Status, i.Impact)
		}
	})
}

// TestBackAfterNobodyWasHit says so in the channel when the impact counts again.
func TestBackAfterNobodyWasHit(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "impact none")
		r.pass(time.Minute)
		r.command("ada", room, "status mitigating rolling back")
		r.pass(time.Minute)
		r.command("ada", room, "mitigate rollback: to 430")
		r.pass(time.Minute)
		if n := count(r.channelOf(room).Messages, "The impact is counted again"); n != 0 {
			t.Errorf("nothing was back, and %d messages say so", n)
		}
		r.press("ada", room, r.oneHandover(room), "It is back")
		r.submit("ada", r.view("U0ADA"), map[string]map[string]any{"text": {"value": "errors are rising"}})
		r.pass(10 * time.Second)
		if m := r.seek(r.channelOf(room).Messages, "Back to investigating"); !says(m, "The impact is counted again") {
			t.Errorf("the channel is not told:%s", list([]slacksim.Message{m}))
		}
		if i, _ := r.fold(1); len(i.Impact) != 1 {
			t.Errorf("the impact is %v", i.Impact)
		}
	})
}

// TestHiddenWordsHelpNobody hides the words of a mitigation: a later incident that is like
// it does not tell them, nor does the hand-over of command or the document.
func TestHiddenWordsHelpNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail with provider B sev2")
		r.command("ada", room, "mitigate rollback: for Jane Roe of Example Ltd")
		r.pass(30 * time.Second)
		_, events := r.fold(1)
		seq := 0
		for _, e := range events {
			if e.Kind == incident.KindMitigated {
				seq = e.Seq
			}
		}
		r.answers("ada", room, "hide "+strconv.Itoa(seq)+" it holds a customer's name", "")
		r.command("ada", room, "resolve stable")
		r.pass(30 * time.Second)
		if m := r.oneHandover(room); says(m, "Jane Roe") {
			t.Errorf("the hand-over tells it:%s", list([]slacksim.Message{m}))
		}
		if doc := r.document(); strings.Contains(doc, "Jane Roe") {
			t.Errorf("the document tells it: %s", doc)
		}
		r.command("eve", "general", "declare card payments fail with provider B again sev2")
		r.pass(time.Minute)
		for _, m := range r.channelOf(r.incidentChannel(2)).Messages {
			if says(m, "Jane Roe") {
				t.Errorf("the next incident tells it:%s", list([]slacksim.Message{m}))
			}
		}
		if got := r.answered("ada", room, "timeline"); strings.Contains(got, "Jane Roe") || !strings.Contains(got, "mitigated it with a rollback") {
			t.Errorf("the timeline says %s", got)
		}
	})
}
