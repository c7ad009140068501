package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestCloseList closes a sev1 by the button of its card: the form says what is missing,
// takes it, and closes. The channel is told once.
func TestCloseList(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.pass(20 * time.Minute) // the update is late
		r.command("ada", room, "public Card payments fail")
		r.pass(time.Minute)
		r.command("ada", room, "resolve")
		r.pass(20 * time.Second)
		card := r.marked(r.channelOf(room).Messages, "card", "INC-1")[0]
		r.press("ada", room, card, "Close")
		v := r.view("U0ADA")
		for _, want := range []string{"Nobody has said how it was mitigated", "The public was told of it", "Nobody writes the post-mortem", "A promise was missed (update)", `"block_id":"accept"`} {
			if !strings.Contains(unescaped(string(v.Blocks)), want) {
				t.Errorf("the form does not say %q: %s", want, v.Blocks)
			}
		}
		result := r.submit("ada", v, map[string]map[string]any{"how": {"value": "rollback"}})
		if result.Closed || result.View == nil {
			t.Fatalf("Submit() with a part = %+v, want to be told what is missing", result)
		}
		for _, want := range []string{"not ready to be closed", "a promise was missed (update) (task TEXT, or: accept REASON)", "To close it all the same: close anyway REASON."} {
			if !strings.Contains(unescaped(string(result.View.Blocks)), want) {
				t.Errorf("the form does not say %q: %s", want, result.View.Blocks)
			}
		}
		if i, _ := r.fold(1); !i.HowAssumed {
			t.Error("a part of what was refused is recorded")
		}
		result = r.submit("ada", v, map[string]map[string]any{"how": {"value": "rollback"}, "public": {"value": "All is well again"},
			"reviewer": {"value": "U0BOB"}, "accept": {"value": "we looked at the wrong graph"}})
		if !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		r.pass(20 * time.Second)
		i, events := r.fold(1)
		if i.Status != incident.Closed || i.Reviewer != "person:bob" || i.How != incident.Rollback || i.HowAssumed {
			t.Errorf("it is %+v", i)
		}
		if n := count(r.channelOf(room).Messages, "closed it"); n != 1 || countOf(events, incident.KindClosed) != 1 {
			t.Errorf("the channel was told %d times that it is closed", n)
		}
		if m := r.find(r.channelOf(room).Messages, "closed it"); m.Text != "Ada Okafor closed it." {
			t.Errorf("it is told as %q", m.Text)
		}
		if card = r.marked(r.channelOf(room).Messages, "card", "INC-1")[0]; shows(card, `"action_id":"close"`) {
			t.Errorf("the card offers to close what is closed: %s", card.Blocks)
		}
	})
}

// TestCloseInOneClick closes a sev3 of which no promise was missed by one click.
func TestCloseInOneClick(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow sev3")
		r.pass(20 * time.Second)
		room := r.incidentChannel(1)
		r.command("ada", room, "resolve it was nothing")
		r.pass(20 * time.Second)
		card := r.marked(r.channelOf(room).Messages, "card", "INC-1")[0]
		r.press("ada", room, card, "Close")
		if seen := r.command("ada", room, "close"); !strings.Contains(seen.Text, "already closed") {
			t.Errorf("the second time says %s", seen.Text)
		}
		r.pass(10 * time.Second)
		if i, events := r.fold(1); i.Status != incident.Closed || countOf(events, incident.KindClosed) != 1 {
			t.Errorf("it is %s, closed %d times", i.Status, countOf(events, incident.KindClosed))
		}
		r.noErrors()
	})
}

// TestCloseAtNight closes a sev1 with one line, though all is missing, and keeps what was.
func TestCloseAtNight(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.pass(20 * time.Second)
		r.command("ada", "general", "resolve INC-1")
		r.command("ada", room, "close anyway I go back to sleep")
		r.pass(10 * time.Second)
		i, events := r.fold(1)
		if last := events[len(events)-1]; i.Status != incident.Closed || last.Text != "I go back to sleep" || len(last.Left) == 0 {
			t.Errorf("it is %s: %s", i.Status, said(events))
		}
		r.find(r.channelOf(room).Messages, "closed it anyway, without how it was mitigated")
		if seen := r.command("ada", room, "close"); !strings.Contains(seen.Text, "already closed") {
			t.Errorf("closing again says %s", seen.Text)
		}
	})
}

// TestWordsForTheEnd says by words what the form asks for.
func TestWordsForTheEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.pass(20 * time.Minute)
		r.command("ada", room, "resolve")
		for _, typed := range []string{"mitigate fix: new pool", "postmortem owner <@U0BOB>", "no-follow-ups it is mended", "accept the provider was down"} {
			if seen := r.command("ada", room, typed); strings.Contains(seen.Text, "no word") || seen.Error != "" {
				t.Errorf("%s: %s", typed, seen.Text)
			}
		}
		if seen := r.command("ada", room, "close all done"); !strings.Contains(seen.Text, "INC-1 is closed") {
			t.Errorf("it is not closed: %+v", seen)
		}
		r.command("ada", room, "postmortem waive the same as INC-4")
		if i, _ := r.fold(1); i.Reviewer != "" || i.Waived != "the same as INC-4" {
			t.Errorf("written by %q, waived because of %q", i.Reviewer, i.Waived)
		}
	})
}

// TestCloseAsksWhoDoesIt closes an incident whose follow-up has no team: the form asks for it.
func TestCloseAsksWhoDoesIt(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.apply(strings.Replace(rosterText, "defaults:", "  - {id: mail, name: Mail, kind: service, policy: payments}\ndefaults:", 1))
		room := r.takenOn("mails are lost sev2 service:mail")
		r.command("ada", room, "mitigate rollback")
		r.command("ada", room, "resolve")
		r.pass(20 * time.Second)
		i, _ := r.fold(1)
		given := map[string]any{"reviewer": "U0BOB"}
		for _, f := range i.FollowUps { // the permanent fix, and that an owner is found
			given["team "+f.ID] = "payments"
		}
		r.press("ada", room, r.marked(r.channelOf(room).Messages, "card", "INC-1")[0], "Close")
		v := r.view("U0ADA")
		if !strings.Contains(string(v.Blocks), "INC-1-F1 has no team, INC-1-F2 has no team") {
			t.Errorf("the form does not say what is missing: %s", v.Blocks)
		}
		res := r.fill("ada", v, given)
		if !res.Closed {
			t.Fatalf("the form was answered with %+v", res)
		}
		if i, _ := r.fold(1); i.Status != incident.Closed || r.followUp("INC-1-F2").Team != "payments" {
			t.Errorf("it is %s, and INC-1-F2 is of %q", i.Status, r.followUp("INC-1-F2").Team)
		}
	})
}
