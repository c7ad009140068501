package bot

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

func diff(a, b any) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0))
}

// TestWholePath is the main job: a declared incident reaches a person and ends
// in a post-mortem.
func TestWholePath(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		before := len(r.sim.Calls(0))
		seen := r.command("eve", "general", "declare card payments fail sev1")
		if !seen.Ephemeral || seen.Error != "" {
			t.Fatalf("declare: seen %+v, want an ephemeral answer", seen)
		}
		r.pass(10 * time.Second)

		for _, c := range r.sim.Calls(before) {
			if c.Kind == "api" && c.Method != "conversations.list" {
				if c.Method != "chat.postMessage" || c.Args["channel"] != "U0ADA" {
					t.Errorf("the first write was %s to %q, want the page to U0ADA", c.Method, c.Args["channel"])
				}
				break
			}
		}
		channel := r.channel("inc-1-card-payments-fail")
		card := r.find(channel.Messages, "Roll back the last release")
		if len(channel.Pins) != 1 {
			t.Errorf("pins = %v, want the card", channel.Pins)
		}
		for _, user := range []string{"U0EVE", "U0ADA"} {
			if !contains(channel.Members, user) {
				t.Errorf("members = %v, want %s among them", channel.Members, user)
			}
		}
		if channel.Topic.Value == "" || channel.Purpose.Value == "" {
			t.Errorf("topic %q, purpose %q, want both", channel.Topic.Value, channel.Purpose.Value)
		}
		r.find(r.channel("incidents").Messages, "card payments fail")
		page := r.find(r.dm("U0ADA"), "card payments fail")

		if _, err := r.sim.As("ada").Press(slacksim.Press{Channel: mustDM(r, "U0ADA"), TS: page.TS, Label: "Acknowledge"}); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		page = r.find(r.dm("U0ADA"), "Acknowledged by")
		if shows(page, `"ack"`) {
			t.Errorf("the page still offers Acknowledge: %s", page.Blocks)
		}
		card, _ = r.channel(channel.ID).Message(card.TS)
		if shows(card, `"ack"`) || !shows(card, "Acknowledged by") {
			t.Errorf("the card does not show the acknowledgement: %s", card.Blocks)
		}
		r.pass(20 * time.Minute) // later somebody would be paged because nothing is heard from ada
		if n := len(r.dm("U0CLEO")); n != 0 {
			t.Errorf("cleo was paged %d times after the acknowledgement", n)
		}

		r.command("ada", channel.ID, "note what: provider B answers 500")
		r.command("ada", channel.ID, "mitigate rollback: release 431")
		r.pass(5 * time.Second)
		r.command("ada", channel.ID, "resolve all is calm")
		r.pass(10 * time.Second)
		channel = r.channel(channel.ID)
		r.find(channel.Messages, "Post-mortem of INC-1")
		files := r.sim.State().Files
		if len(files) != 2 {
			t.Errorf("files = %d, want the document and its picture", len(files))
		}
		i, _ := r.fold(1)
		if i.Status != incident.Resolved || i.How != incident.Rollback || len(i.FollowUps) != 1 {
			t.Errorf("status %s, how %s, follow-ups %v; want resolved by rollback with a follow-up", i.Status, i.How, i.FollowUps)
		}
		for _, c := range r.sim.Calls(0) {
			if c.Kind == "api" && c.Error != "" {
				t.Errorf("%s was answered %s %v", c.Method, c.Error, c.Problems)
			}
		}
	})
}

// TestLadder climbs the whole policy with nobody answering.
func TestLadder(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(time.Minute)
		if a, c := len(r.dm("U0ADA")), len(r.dm("U0CLEO")); a != 1 || c != 0 {
			t.Errorf("after 1 min: ada %d pages, cleo %d; want 1 and 0", a, c)
		}
		r.pass(5 * time.Minute)
		if c := len(r.dm("U0CLEO")); c != 1 {
			t.Errorf("after 6 min: cleo %d pages, want 1", c)
		}
		r.pass(15 * time.Minute)
		if a, b := len(r.dm("U0ADA")), len(r.dm("U0BOB")); a != 2 || b != 1 {
			t.Errorf("after 21 min: ada %d pages, bob %d; want 2, and 1 as the last resort", a, b)
		}
		r.find(r.channel("incidents").Messages, "last resort")
		if i, _ := r.fold(1); !i.Exhausted {
			t.Errorf("the incident does not show that every step has run without an answer")
		}
		r.command("bob", "general", "ack INC-1")
		r.pass(time.Minute)
		for _, user := range []string{"U0ADA", "U0BOB", "U0CLEO"} {
			for _, m := range r.dm(user) {
				if shows(m, `"ack"`) {
					t.Errorf("a page to %s still offers Acknowledge: %s", user, m.Blocks)
				}
			}
		}
	})
}

func mustDM(r *rig, user string) string {
	c, ok := r.sim.State().DM(user, r.sim.BotUserID())
	if !ok {
		r.t.Fatalf("%s has no direct messages with the bot", user)
	}
	return c.ID
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
