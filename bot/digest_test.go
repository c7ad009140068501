package bot

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// names returns which of the first n incidents a message is about.
func about(m slacksim.Message, n int) string {
	var list []string
	for i := 1; i <= n; i++ {
		if strings.Contains(string(m.Blocks), "*"+incident.Name(i)+" ") {
			list = append(list, fmt.Sprint(i))
		}
	}
	return strings.Join(list, ",")
}

// abouts is what each message of a person is about.
func (r *rig) abouts(user string, n int) string {
	var list []string
	for _, m := range r.dm(user) {
		list = append(list, about(m, n))
	}
	return strings.Join(list, " ")
}

// buttons counts the buttons that acknowledge in a person's messages.
func (r *rig) buttons(user string) int {
	n := 0
	for _, m := range r.dm(user) {
		n += strings.Count(string(m.Blocks), `"action_id":"ack"`) + strings.Count(string(m.Blocks), `"action_id":"ack_all"`)
	}
	return n
}

// declare declares an incident, and lets a moment pass in which its page leaves.
func (r *rig) declare(n int, options string) {
	r.t.Helper()
	r.command("eve", "general", fmt.Sprintf("declare %s trouble number %d", options, n))
	r.pass(100 * time.Millisecond)
}

// declareSome declares the incidents up to that one, a second after each other.
func (r *rig) declareSome(to int) {
	r.t.Helper()
	for n := 1; n <= to; n++ {
		r.declare(n, "")
		r.pass(time.Second)
	}
}

func (r *rig) pressOn(user string, m slacksim.Message, action, block string) {
	r.t.Helper()
	channel, _ := r.sim.State().DM("U0"+strings.ToUpper(user), r.sim.BotUserID())
	_, err := r.sim.As(user).Press(slacksim.Press{Channel: channel.ID, TS: m.TS, ActionID: action, BlockID: block})
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestDigest: the first page stands by itself, the second begins a message
// that those after it join at once, and which rings once more when the minute is
// over. One button acknowledges all of it, and every copy says so.
func TestDigest(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		posts := func() int { return len(r.dm("U0ADA")) }
		for n := 1; n <= 4; n++ {
			r.declare(n, "")
			r.pass(2 * time.Second)
			if want := min(n, 2); posts() != want {
				t.Errorf("after incident %d there are %d messages, want %d", n, posts(), want)
			}
			if last := r.dm("U0ADA")[posts()-1]; !shows(last, fmt.Sprintf("trouble number %d", n)) {
				t.Errorf("incident %d is not shown at once: %s", n, last.Blocks)
			}
		}
		r.pass(time.Minute)
		if got, want := r.abouts("U0ADA", 4), "1 2,3,4 2,3,4"; got != want {
			t.Fatalf("when the minute is over ada's messages are about %q, want %q", got, want)
		}
		r.pressOn("ada", r.dm("U0ADA")[1], "ack", "incident_3")
		r.pass(5 * time.Second)
		for _, m := range r.dm("U0ADA")[1:] {
			if !shows(m, "2 incidents need you") || !shows(m, "is on it") || !shows(m, "Acknowledge all 2") {
				t.Errorf("a copy does not show that INC-3 is taken: %s", m.Blocks)
			}
		}
		r.pressOn("ada", r.dm("U0ADA")[2], "ack_all", "")
		r.pass(5 * time.Second)
		for n, want := range []bool{false, true, true, true} {
			if i, events := r.fold(n + 1); i.Acked() != want || want && i.AcknowledgedBy != "person:ada" {
				t.Errorf("%s: acknowledged %v by %s, want %v", i.Name(), i.Acked(), i.AcknowledgedBy, want)
			} else if n > 1 && !slices.ContainsFunc(events, func(e incident.Event) bool {
				return e.Kind == incident.KindPaged && strings.HasPrefix(e.Text, "in one message about INC-2")
			}) {
				t.Errorf("%s does not tell in which message it paged", i.Name())
			}
		}
		if r.buttons("U0ADA") != 1 || !shows(r.dm("U0ADA")[1], "None of these needs you any more.") {
			t.Errorf("buttons are left, beside the one of INC-1: %s", list(r.dm("U0ADA")))
		}
		r.pass(6 * time.Minute)
		if got := r.abouts("U0CLEO", 4); got != "1" {
			t.Errorf("cleo, of the next step, was paged about %q, want only INC-1", got)
		}
	})
}

// TestAckAllIsExact: "Acknowledge all" acknowledges what the message showed. An
// incident that came meanwhile still asks, and what somebody else took is said.
func TestAckAllIsExact(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declareSome(3)
		r.fault(slacksim.Fault{Method: "chat.update", Latency: 10 * time.Second})
		r.declare(4, "")
		r.command("bob", "general", "ack INC-2")
		m := r.dm("U0ADA")[1]
		if about(m, 4) != "2,3" || !shows(m, "Acknowledge all 2") {
			t.Fatalf("the message shows %s, want INC-2 and INC-3 as before", m.Blocks)
		}
		r.pressOn("ada", m, "ack_all", "")
		r.pass(30 * time.Second)
		for n, who := range map[int]incident.Actor{1: "", 2: "person:bob", 3: "person:ada", 4: ""} {
			if i, _ := r.fold(n); i.AcknowledgedBy != who {
				t.Errorf("%s is acknowledged by %q, want %q", i.Name(), i.AcknowledgedBy, who)
			}
		}
		if said := r.whispers("ada"); !strings.Contains(said, "INC-2") || !strings.Contains(said, "U0BOB") || strings.Contains(said, "INC-3") {
			t.Errorf("ada was told %q, want that bob has INC-2 and no more", said)
		}
		r.pass(time.Minute)
		if got, want := r.abouts("U0ADA", 4), "1 2,3,4 2,3,4"; got != want {
			t.Errorf("ada's messages are about %q, want %q: INC-4 joined and still needs a ring", got, want)
		}
	})
}

// TestAckAllTwice: a double click on a button that is not redrawn yet says
// nothing to whoever has all of it by the first.
func TestAckAllTwice(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declareSome(3)
		r.fault(slacksim.Fault{Method: "chat.update", Latency: 10 * time.Second})
		for range 2 {
			r.pressOn("ada", r.dm("U0ADA")[1], "ack_all", "")
			r.pass(time.Second)
		}
		r.pass(30 * time.Second)
		if said := r.whispers("ada"); said != "" {
			t.Errorf("a double click was answered: %s", said)
		}
	})
}

// TestNoBellForNothing: what was answered, or is over, before the minute ends is
// not rung for again.
func TestNoBellForNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declareSome(4)
		r.command("bob", "general", "ack INC-3")
		r.command("bob", "general", "resolve INC-4 it was nothing")
		r.pass(2 * time.Minute)
		if got, want := r.abouts("U0ADA", 4), "1 2,3,4"; got != want {
			t.Errorf("ada's messages are about %q, want %q: nothing that joined still needs her", got, want)
		}
	})
}

// TestWorseRingsAtOnce: what is worse than all before it does not join anything,
// and neither do words of a colleague.
func TestWorseRingsAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n, severity := range []string{"sev2", "sev2", "sev1", "sev1"} {
			r.declare(n+1, severity)
			r.pass(time.Second)
		}
		if got, want := r.abouts("U0ADA", 4), "1 2,4 3"; got != want {
			t.Errorf("ada's messages are about %q, want %q", got, want)
		}
		r.command("eve", "general", "page INC-4 <@U0ADA> please come")
		r.pass(3 * time.Second)
		if m := r.dm("U0ADA"); len(m) != 4 || !shows(m[3], "please come") {
			t.Errorf("a page by hand is not a message of its own: %s", list(m))
		}
	})
}

// TestStormInSlack: sixty incidents within a minute are three messages, and a hundred
// and thirty are five, each within what Slack takes. All are shown.
func TestStormInSlack(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	for _, storm := range []struct{ incidents, messages int }{{60, 3}, {130, 5}} {
		t.Run(fmt.Sprint(storm.incidents), func(t *testing.T) {
			inBubble(t, slacksim.Options{RateLimits: true}, func(r *rig) {
				for n := 1; n <= storm.incidents; n++ {
					r.declare(n, strings.Repeat("🔥&<", n%7*40))
					r.pass(300 * time.Millisecond)
				}
				r.pass(2 * time.Minute)
				refused := 0
				for _, c := range r.sim.Calls(0) {
					if c.Kind == "api" && c.Method == "chat.update" && c.Status == http.StatusTooManyRequests {
						refused++
					}
				}
				if refused > 0 {
					t.Errorf("%d edits were more than Slack takes", refused)
				}
				messages := r.dm("U0ADA")
				if len(messages) != storm.messages {
					t.Errorf("%d incidents are %d messages, want %d", storm.incidents, len(messages), storm.messages)
				}
				for n := 1; n <= storm.incidents; n++ {
					if !slices.ContainsFunc(messages, func(m slacksim.Message) bool {
						return strings.Contains(string(m.Blocks), incident.Name(n)+" ") || strings.Contains(string(m.Blocks), incident.Name(n)+",") ||
							strings.Contains(string(m.Blocks), incident.Name(n)+".")
					}) {
						t.Errorf("no message shows %s", incident.Name(n))
					}
				}
				for at := range messages {
					if m := r.dm("U0ADA")[at]; shows(m, "Acknowledge all") {
						r.pressOn("ada", m, "ack_all", "")
						r.pass(10 * time.Second)
					}
				}
				for n := 2; n <= storm.incidents; n++ {
					if i, _ := r.fold(n); !i.Acked() {
						t.Errorf("%s is not acknowledged", i.Name())
					}
				}
				r.pass(5 * time.Minute)
				if left := r.buttons("U0ADA"); left != 1 {
					t.Errorf("%d buttons are left, want the one of INC-1", left)
				}
			})
		})
	}
}

// TestLateJoinerRings: a page that Slack did not take until the minute was over
// has no ring to come, so it rings by itself.
func TestLateJoinerRings(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.update", Status: 503})
		r.declare(3, "")
		r.pass(70 * time.Second)
		r.sim.ClearFaults()
		r.pass(30 * time.Second)
		if got, want := r.abouts("U0ADA", 3), "1 2,3 2,3"; got != want {
			t.Errorf("ada's messages are about %q, want %q", got, want)
		}
	})
}

// TestDeletedDigest: a message that ada deleted, or that is gone for another
// reason, is posted anew by the next page for it.
func TestDeletedDigest(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.update", Error: "message_not_found", Times: 1})
		r.declare(3, "")
		r.pass(2 * time.Second)
		if got, want := r.abouts("U0ADA", 3), "1 2 2,3"; got != want { // the first is taken for gone
			t.Errorf("ada's messages are about %q, want %q", got, want)
		}
	})
}

// TestLostAnswerOfDigest: Slack posts the message and its answer is lost. It is
// posted again, both copies are found, and both say what became of it. The answer that is
// lost may be that of another message, which is posted at the same instant: then it is
// tried anew.
func TestLostAnswerOfDigest(t *testing.T) {
	t.Parallel()
	for range 10 {
		if lostAnswerOfDigest(t) {
			return
		}
	}
	t.Error("the answer to ada's message was never the one that was lost")
}

func lostAnswerOfDigest(t *testing.T) (lost bool) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Reset: true, After: true, Times: 1})
		r.declare(2, "")
		r.declare(3, "")
		r.pass(30 * time.Second)
		got := r.abouts("U0ADA", 3)
		if lost = got != "1 2,3"; !lost {
			return
		}
		if got != "1 2,3 2,3" && got != "1 2 2,3" {
			t.Fatalf("ada's messages are about %q, want INC-1 alone and the shared one twice", got)
		}
		r.command("ada", "general", "ack INC-2")
		r.command("ada", "general", "ack INC-3")
		r.pass(time.Minute)
		if left := r.buttons("U0ADA"); left != 1 {
			t.Errorf("%d buttons are left, want the one of INC-1:%s", left, list(r.dm("U0ADA")))
		}
	})
	return lost
}

// TestAnsweredOnTheWay: what is acknowledged while the message about it is on
// its way does not ask when it has arrived.
func TestAnsweredOnTheWay(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: 2})
		r.declare(2, "")
		r.declare(3, "")
		r.sim.ClearFaults()
		r.fault(slacksim.Fault{Method: "chat.postMessage", Latency: 5 * time.Second})
		r.pass(4 * time.Second) // both are on their way, in one message
		r.command("bob", "general", "ack INC-3")
		r.sim.ClearFaults()
		r.pass(20 * time.Second)
		m := r.dm("U0ADA")[len(r.dm("U0ADA"))-1]
		if about(m, 3) != "2,3" || !shows(m, "INC-2 needs you.") || strings.Count(string(m.Blocks), `"action_id":"ack"`) != 1 {
			t.Errorf("the message shows %s, want that only INC-2 needs her", m.Blocks)
		}
	})
}

// TestSharedPagesHoldUpNobody: while Slack hangs on ada's shared message, many
// pages wait for it; cleo's first page leaves at once.
func TestSharedPagesHoldUpNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.update", Latency: 14 * time.Second})
		for n := 3; n <= 50; n++ {
			r.declare(n, "")
		}
		r.command("eve", "general", "page INC-1 <@U0CLEO> please come")
		r.pass(time.Second)
		r.find(r.dm("U0CLEO"), "please come")
	})
}

// TestKilledInDigest kills the bot at each Web API call and at each commit while
// three pages share a message: every incident is shown, and no copy of the
// message asks for what was answered. Of the calls and commits it takes every
// twenty-third, and all of them with EVERY_CASE=1.
func TestKilledInDigest(t *testing.T) {
	t.Parallel()
	at := func(call, write int, done bool) (fell bool) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, slacksim.Options{Seed: 7})
			g := &guillotine{next: r.sim}
			r.server.Handler = g
			r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
			defer r.close()
			r.start()
			r.declare(1, "")
			r.pass(5 * time.Second)
			g.arm(call, write, done)
			var all sync.WaitGroup
			for n := 2; n <= 4; n++ {
				all.Go(func() {
					_, _ = r.sim.As("eve").Command("general", "/incident", fmt.Sprintf("declare trouble number %d", n))
				})
			}
			all.Wait()
			r.pass(70 * time.Second)
			fell = g.last != ""
			r.stop()
			g.lift()
			r.start()
			r.pass(2 * time.Minute)
			r.checkDigest(fmt.Sprintf("killed at call %d, commit %d, done %v (%s)", call, write, done, g.last))
		})
		return fell
	}
	for n := 1; ; n += cases(1, 23, 23) {
		some := false
		for _, done := range []bool{false, true} {
			some = at(n, 0, done) || some
			some = at(0, n, done) || some
		}
		if !some {
			if n < 20 {
				t.Errorf("three declarations made only %d calls and commits", n-1)
			}
			return
		}
	}
}

// checkDigest looks whether every incident but the first asks ada in some
// message, and none of her messages asks when all are acknowledged.
func (r *rig) checkDigest(when string) {
	r.t.Helper()
	active, err := r.desk.Active(r.t.Context(), incident.Bot)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, b := range active {
		n := b.Number
		if !slices.ContainsFunc(r.dm("U0ADA"), func(m slacksim.Message) bool {
			return slices.Contains(strings.Split(about(m, 4), ","), fmt.Sprint(n)) && shows(m, `"action_id":"ack"`)
		}) {
			_, events := r.fold(n)
			r.t.Errorf("%s: nothing asks ada for %s, whose timeline says %s; she has%s", when, incident.Name(n), said(events), list(r.dm("U0ADA")))
		}
		r.command("ada", "general", "ack "+incident.Name(n))
	}
	r.pass(time.Minute)
	if left := r.buttons("U0ADA"); left > 0 {
		r.t.Errorf("%s: %d buttons are left:%s", when, left, list(r.dm("U0ADA")))
	}
}
