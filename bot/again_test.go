package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

const stakeholdersText = "    first_looks: [Error rate by provider]\n    stakeholders: [person:cleo, channel:general]\n"

// withStakeholders is the roster with people and a channel that hear of checkout.
var withStakeholders = strings.Replace(rosterText, "    first_looks: [Error rate by provider]\n", stakeholdersText, 1)

// TestBackToldToWhoeverWasTold goes back to investigating, in each of the ways: people and
// channels with an interest hear of it, if they were told of the incident before, once.
func TestBackToldToWhoeverWasTold(t *testing.T) {
	t.Parallel()
	for name, back := range map[string][]string{
		"investigating": {"mitigate rollback", "status investigating errors are rising again"},
		"mitigating":    {"mitigate rollback", "status mitigating errors are rising again"},
		"reopened":      {"mitigate rollback", "resolve stable", "reopen errors are rising again"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubbleWith(t, withStakeholders, func(r *rig) {
				room := r.takenOn("card payments fail sev2")
				r.command("ada", room, "update we are moving to provider B")
				r.pass(10 * time.Second)
				for _, typed := range back {
					r.command("ada", room, typed)
					r.pass(time.Minute)
				}
				for where, messages := range map[string][]slacksim.Message{"cleo": r.dm("U0CLEO"), "the channel": r.channel("general").Messages} {
					if n := count(messages, "errors are rising again"); n != 1 {
						t.Errorf("%s heard %d times that it is back, want once:%s", where, n, list(messages))
					}
				}
				if i, _ := r.fold(1); len(i.Impact) != 2 {
					t.Errorf("%d intervals of impact, want two", len(i.Impact))
				}
				r.noErrors()
			})
		})
	}
}

// TestBackToldToNobodyElse: whoever was told nothing, or may not know, is told nothing.
func TestBackToldToNobodyElse(t *testing.T) {
	t.Parallel()
	for name, declare := range map[string]string{"never told": "card payments fail sev2", "private": "card payments fail sev2 private", "drill": "card payments fail sev2 drill"} {
		t.Run(name, func(t *testing.T) {
			inBubbleWith(t, withStakeholders, func(r *rig) {
				room := r.takenOn(declare)
				if name != "never told" {
					r.command("ada", room, "update we are moving to provider B")
				}
				r.command("ada", room, "mitigate rollback")
				r.command("ada", room, "status investigating errors are rising again")
				r.pass(time.Minute)
				if n := count(r.dm("U0CLEO"), "rising again") + count(r.channel("general").Messages, "rising again"); n != 0 {
					t.Errorf("%d messages say that it is back", n)
				}
			})
		})
	}
}

// TestBackTakesAReasonInWords answers without one and keeps what was typed.
func TestBackTakesAReasonInWords(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		if seen := r.command("ada", room, "status investigating"); !strings.Contains(seen.Text, "Say what came back") {
			t.Errorf("ada sees %q, want to be asked what came back", seen.Text)
		}
	})
}

// TestScreensAreToldThatItIsOpenAgain: a phone that was told that it is over is told that
// it is not, quietly.
func TestScreensAreToldThatItIsOpenAgain(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(3 * time.Minute)
		r.command("cleo", "general", "ack INC-1")
		r.command("cleo", "general", "resolve INC-1 stable")
		r.pass(10 * time.Second)
		last := func() sent { all := p.taken("push", "bell-ada"); return all[len(all)-1] }
		if got := last(); !strings.HasPrefix(got.Text, "INC-1 is resolved") {
			t.Fatalf("ada's screen says %+v, want that it is over", got)
		}
		r.stop()
		r.start()
		before := len(p.taken("push", "bell-ada"))
		r.command("cleo", "general", "reopen INC-1 errors are rising again")
		r.pass(20 * time.Second)
		if got := last(); !strings.HasPrefix(got.Text, "INC-1 is open again. Cleo Marsh is on it.") || got.Link != "" {
			t.Errorf("ada's screen says %+v, want that it is open again", got)
		}
		if n := len(p.taken("push", "bell-ada")) - before; n != 1 {
			t.Errorf("the screen was told %d times, want once", n)
		}
		r.command("cleo", "general", "resolve INC-1 stable now")
		r.pass(10 * time.Second)
		if got := last(); !strings.HasPrefix(got.Text, "INC-1 is resolved") {
			t.Errorf("ada's screen says %+v, want that it is over again", got)
		}
	})
}

// TestTiredCommanderIsOffered to hand over: once in each span, privately, and by night
// after two hours.
func TestTiredCommanderIsOffered(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) { // it is midnight
		room := r.takenOn("card payments fail sev2")
		offers := func(user string) int { return count(r.dm(user), "Hand it over to somebody who is rested?") }
		r.pass(115 * time.Minute)
		if n := offers("U0ADA"); n != 0 {
			t.Fatalf("%d offers before two hours", n)
		}
		r.stop()
		r.pass(10 * time.Minute)
		r.start()
		r.pass(6 * time.Hour)
		if n := offers("U0ADA"); n != 1 {
			t.Errorf("%d offers, want one", n)
		}
		if n := count(r.channelOf(room).Messages, "who is rested"); n != 0 {
			t.Error("the channel reads what is between the commander and the bot")
		}
		r.press("ada", r.dmOf("U0ADA"), r.find(r.dm("U0ADA"), "who is rested"), "Keep it")
		if n := offers("U0ADA"); n != 0 {
			t.Errorf("after Keep it the message still asks")
		}
		r.command("cleo", room, "role commander") // by day now
		r.pass(3*time.Hour + 55*time.Minute)
		if n := offers("U0CLEO"); n != 0 {
			t.Errorf("%d offers to cleo before four hours by day", n)
		}
		r.pass(10 * time.Minute)
		if n := offers("U0CLEO"); n != 1 {
			t.Errorf("%d offers to cleo after four hours by day, want one", n)
		}
		r.noErrors()
	})
}

// TestSilentCommanderIsNotPagedForThemselves: who has command but has not acknowledged is
// passed, and the next one is paged.
func TestSilentCommanderIsNotPagedForThemselves(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("cleo", room, "role commander") // whom the second step names
		r.pass(5 * time.Second)
		if got := r.commander(); got != "person:cleo" {
			t.Fatalf("the commander is %s, want cleo", got)
		}
		r.pass(45 * time.Minute)
		r.find(r.channelOf(room).Messages, "othing was heard from the commander")
		if n := count(r.dm("U0BOB"), "card payments fail"); n == 0 {
			t.Errorf("nobody else was paged: bob has%s", list(r.dm("U0BOB")))
		}
		if got := r.commander(); got != "person:cleo" {
			t.Errorf("the bot moved command to %s", got)
		}
	})
}

// TestS05WorkaroundIsShown says on the card of every later incident of the service, and
// where it is looked up, that a workaround is in place, until its fix is made.
func TestS05WorkaroundIsShown(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		r.command("ada", room, "resolve stable")
		r.command("eve", "general", "declare payments are slow sev2")
		r.command("eve", "general", "declare search is slow sev2 service:search")
		r.pass(30 * time.Second)
		card := func(n string) slacksim.Message {
			c := r.channelOf(r.incidentChannel(map[string]int{"INC-2": 2, "INC-3": 3}[n]))
			return r.marked(c.Messages, "card", n)[0]
		}
		if m := card("INC-2"); !says(m, "Workaround in place since ") || !says(m, "(INC-1, fix INC-1-F1 due ") {
			t.Errorf("the card of a later incident says %s", m.Blocks)
		}
		if m := card("INC-3"); says(m, "Workaround in place") {
			t.Errorf("the card of another service says %s", m.Blocks)
		}
		if seen := r.command("bob", "general", "show INC-2"); !strings.Contains(unescaped(string(seen.Blocks)), "Workaround in place since ") {
			t.Errorf("show says %s", seen.Blocks)
		}
		seen, err := r.sim.As("bob").Command("general", "/oncall", "payments")
		if err != nil || !strings.Contains(unescaped(string(seen.Blocks)), "Checkout: workaround in place since ") {
			t.Errorf("/oncall says %s %v", seen.Blocks, err)
		}
		done := desk.FollowUpAct{Verb: desk.FinishTask, Text: "https://git.example/change/431"}
		if _, _, err := r.desk.DoFollowUp(r.t.Context(), desk.Caller{Actor: incident.Person("ada")}, "INC-1-F1", done); err != nil {
			t.Fatal(err)
		}
		r.pass(10 * time.Second)
		if m := card("INC-2"); says(m, "Workaround in place") {
			t.Errorf("after the fix was made the card says %s", m.Blocks)
		}
		r.noErrors()
	})
}

// TestS05WorkaroundOfPrivateIncidentIsNotShown to those who may not know of it.
func TestS05WorkaroundOfPrivateIncidentIsNotShown(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("something leaks sev2 private")
		r.command("ada", room, "mitigate rollback")
		r.command("eve", "general", "declare payments are slow sev2")
		r.pass(30 * time.Second)
		for _, m := range r.channelOf(r.incidentChannel(2)).Messages {
			if says(m, "Workaround in place") || says(m, "INC-1") {
				t.Errorf("the channel of INC-2 reads of a private incident: %s", m.Blocks)
			}
		}
	})
}

// TestBackAndGoneAgain tells nobody that it is back who could not be told while it was.
func TestBackAndGoneAgain(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, withStakeholders, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "update we are moving to provider B")
		r.command("ada", room, "mitigate rollback")
		r.pass(time.Minute)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Status: 503, Times: 100000})
		r.command("ada", room, "status investigating errors are rising again")
		r.pass(5 * time.Minute)
		r.command("ada", room, "mitigate rollback: the cache too")
		r.sim.ClearFaults()
		r.pass(30 * time.Minute)
		if told := r.dm("U0CLEO"); count(told, "is worked on again") != 0 {
			t.Errorf("it is mitigated, and cleo reads%s", list(told))
		}
	})
}
