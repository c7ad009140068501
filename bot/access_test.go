package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// withMax is a workspace with somebody who has nothing to do with anything.
var withMax = slacksim.Options{People: []slacksim.Person{{ID: "U0MAX", Name: "max", RealName: "Max Ray"}}}

// TestFarMustJoin refuses to resolve to somebody who has nothing to do with an
// incident, and does what they typed when they press the button that joins.
func TestFarMustJoin(t *testing.T) {
	t.Parallel()
	inBubble(t, withMax, func(r *rig) {
		r.command("eve", "general", "declare checkout is down sev1")
		r.pass(time.Minute)
		seen := r.command("max", "general", "resolve INC-1 it is fine again")
		for _, words := range []string{"To resolve INC-1 you must be in its channel", "Join the channel, and do it", "it is fine again"} {
			if all := seen.Text + string(seen.Blocks); !strings.Contains(all, words) {
				t.Errorf("max sees %s, want %q in it", all, words)
			}
		}
		if i, _ := r.fold(1); !i.Status.Active() {
			t.Fatal("max resolved it from afar")
		}
		if _, err := r.sim.As("max").Press(slacksim.Press{Channel: "general", TS: seen.TS, ActionID: "join"}); err != nil {
			t.Fatal(err)
		}
		r.pass(10 * time.Second)
		i, events := r.fold(1)
		if i.Status != incident.Resolved {
			t.Fatalf("INC-1 is %s, want it resolved by the button: %+v", i.Status, events[len(events)-1])
		}
		if c := r.channel("inc-1-checkout-is-down"); !contains(c.Members, "U0MAX") {
			t.Errorf("the members are %v, want max among them", c.Members)
		}
	})
}

// TestInvitedIntoPrivateChannel invites somebody into the channel of a private
// incident, who presses its Acknowledge, and whose pins are kept. Taken out before
// they did anything, they see nothing any more.
func TestInvitedIntoPrivateChannel(t *testing.T) {
	t.Parallel()
	inBubble(t, withMax, func(r *rig) {
		r.command("eve", "general", "declare keys leaked sev1 private")
		r.pass(time.Minute)
		c := r.channel("inc-1-keys-leaked")
		none := func(when string) {
			t.Helper()
			if seen := r.command("max", "general", "ack INC-1"); !strings.Contains(seen.Text, "There is no INC-1") {
				t.Errorf("%s max sees %q", when, seen.Text)
			}
		}
		none("before the invitation")
		invite := func() {
			t.Helper()
			if err := r.sim.As("eve").Invite(c.ID, "max"); err != nil {
				t.Fatal(err)
			}
			r.pass(5 * time.Second)
		}
		invite()
		if err := r.sim.As("eve").Kick(c.ID, "max"); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		none("taken out again")
		invite()
		said, err := r.sim.As("max").Message(c.ID, "the keys are rotated", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.sim.As("max").Pin(c.ID, said.TS); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if r.notes("the keys are rotated") != 1 {
			t.Error("what max pinned is not in the timeline")
		}
		r.press("max", c.ID, r.find(r.channel("inc-1-keys-leaked").Messages, "keys leaked"), "Acknowledge")
		if i, _ := r.fold(1); i.AcknowledgedBy != "slack:U0MAX" {
			t.Errorf("INC-1 is acknowledged by %q, want max; admitted %v", i.AcknowledgedBy, i.Admitted)
		}
		r.noErrors()
	})
}

// TestGuestIsRefused has Slack say who is a guest, at the start and when it changes.
func TestGuestIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{People: []slacksim.Person{{ID: "U0GUS", Name: "gus", RealName: "Gus Fry", Guest: true}}}, func(r *rig) {
		seen := r.command("gus", "general", "declare free coffee sev1")
		if !strings.Contains(seen.Text, "Guests and people of other workspaces can only read") {
			t.Errorf("a guest who declares sees %q", seen.Text)
		}
		if seen := r.command("gus", "general", "silence alertname=DiskFull 2h"); !strings.Contains(seen.Text, "Guests") {
			t.Errorf("a guest who silences sees %q", seen.Text)
		}
		if seen := r.oncall("gus", "override"); !strings.Contains(seen.Text, "Guests") {
			t.Errorf("a guest who changes the roster sees %q", seen.Text)
		}
		r.command("eve", "general", "declare checkout is down")
		r.pass(time.Minute)
		for _, text := range []string{"show INC-1", "ack INC-1", "timeline INC-1"} {
			if seen := r.command("gus", "general", text); !strings.Contains(seen.Text, "There is no INC-1") {
				t.Errorf("a guest who types %s sees %q", text, seen.Text)
			}
		}
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "mitigate INC-1 rollback")
		if seen := r.oncall("ada", ""); !strings.Contains(string(seen.Blocks), "INC-1-F1") {
			t.Errorf("nobody reads that a workaround is in place: %s", seen.Blocks)
		}
		for _, seen := range []slacksim.Seen{r.oncall("gus", ""), r.command("gus", "general", "list all"), r.command("gus", "general", "search checkout"),
			r.command("gus", "general", "followups all"), r.command("gus", "general", "followups INC-1-F1"), r.command("gus", "general", "silences")} {
			if shown := seen.Text + string(seen.Blocks); strings.Contains(shown, "checkout is down") || strings.Contains(shown, "fix INC-1-F1") {
				t.Errorf("a guest reads of an incident: %s", shown)
			}
		}
		gil, err := r.sim.AddPerson(slacksim.Person{Name: "gil", Guest: true})
		if err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if seen := r.command("gil", "general", "ack INC-1"); !strings.Contains(seen.Text, "There is no INC-1") {
			t.Errorf("a guest (%s) who came later sees %q", gil, seen.Text)
		}
		r.noErrors()
	})
}

// TestGuestsReadNothingOfOtherIncidents invites a guest into the channel of an incident: the
// card, and what they ask for, says nothing of the service's workaround or of what was like
// it before. Others read both.
func TestGuestsReadNothingOfOtherIncidents(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{People: []slacksim.Person{{ID: "U0GUS", Name: "gus", RealName: "Gus Fry", Guest: true}}}, func(r *rig) {
		r.takenOn("card payments fail with provider B sev2")
		r.command("ada", "general", "mitigate INC-1 rollback: to 430")
		r.command("ada", "general", "resolve INC-1 stable")
		r.command("eve", "general", "declare card payments fail with provider B again sev2")
		r.pass(time.Minute)
		room := r.incidentChannel(2)
		card := func() slacksim.Message { return r.marked(r.channelOf(room).Messages, "card", "INC-2")[0] }
		if !shows(card(), "INC-1") || !shows(card(), "Workaround in place") {
			t.Fatalf("the card says nothing of INC-1:%s", list([]slacksim.Message{card()}))
		}
		r.ok(r.sim.As("ada").Invite(room, "gus"))
		r.pass(30 * time.Second)
		if shows(card(), "INC-1") {
			t.Errorf("with a guest in the channel the card says:%s", list([]slacksim.Message{card()}))
		}
		if got := r.answered("gus", room, "show"); !strings.Contains(got, "INC-2") || strings.Contains(got, "INC-1") {
			t.Errorf("gus sees %s", got)
		}
		r.command("ada", room, "mitigate rollback: to 431")
		r.command("ada", room, "resolve stable")
		r.pass(time.Minute)
		for _, f := range r.sim.State().Files {
			if strings.HasPrefix(f.Name, "inc-2-") && strings.Contains(string(f.Content), "| Like it |") {
				t.Errorf("with a guest in the channel %s says what it was like", f.Name)
			}
		}
	})
}

// TestUsersAreListedHourly: who is a guest is told by events, so that the list of all users,
// which is long, is not read as often as the groups.
func TestUsersAreListedHourly(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.pass(time.Minute)
		before := r.last()
		r.pass(3 * time.Hour)
		lists := 0
		for _, c := range r.sim.Calls(before) {
			if c.Method == "users.list" {
				lists++
			}
		}
		if lists != 3 {
			t.Errorf("all users were listed %d times in three hours, want 3", lists)
		}
	})
}
