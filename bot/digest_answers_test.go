package bot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// offers returns the buttons that a message has for an incident.
func offers(m slacksim.Message, n int) string {
	var blocks []struct {
		Elements []struct {
			Action string `json:"action_id"`
			Value  string
		}
	}
	_ = json.Unmarshal(m.Blocks, &blocks) // of the simulator: it is JSON
	var list []string
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Value == fmt.Sprint(n) {
				list = append(list, e.Action)
			}
		}
	}
	return strings.Join(list, " ")
}

// digest declares three incidents and returns ada's message about the last two.
func (r *rig) digest() slacksim.Message {
	r.t.Helper()
	for n := 1; n <= 3; n++ {
		r.declare(n, "")
	}
	r.pass(2 * time.Second)
	if got := r.abouts("U0ADA", 3); got != "1 2,3" {
		r.t.Fatalf("ada's messages are about %q, want 1 2,3", got)
	}
	return r.dm("U0ADA")[1]
}

// TestResolveInDigest: a message about several incidents offers both answers for
// each, and only those that are of use.
func TestResolveInDigest(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		m := r.digest()
		want := func(when string, two, three string) {
			t.Helper()
			for _, m := range r.dm("U0ADA")[1:] {
				if offers(m, 2) != two || offers(m, 3) != three {
					t.Errorf("%s a copy offers %q for INC-2 and %q for INC-3, want %q and %q: %s", when, offers(m, 2), offers(m, 3), two, three, m.Blocks)
				}
			}
		}
		want("at first", "ack resolve", "ack resolve")
		r.pressOn("ada", m, "ack", "incident_3")
		r.pass(2 * time.Second)
		want("when INC-3 is acknowledged", "ack resolve", "resolve")
		r.pass(time.Minute) // nothing rings, or there are two copies
		r.pressOn("ada", r.dm("U0ADA")[1], "resolve", "incident_3")
		r.pass(time.Second)
		if result := r.submit("ada", r.view("U0ADA"), nil); !result.Closed {
			t.Fatalf("Submit() of the empty form = %+v, want closed", result)
		}
		r.pass(5 * time.Second)
		want("when INC-3 is over", "ack resolve", "")
		if i, _ := r.fold(3); i.Status != incident.Resolved {
			t.Errorf("INC-3 is %s, want resolved", i.Status)
		}
		r.pressOn("ada", r.dm("U0ADA")[1], "resolve", "incident_2") // without an acknowledgement before
		r.pass(time.Second)
		r.submit("ada", r.view("U0ADA"), nil)
		r.pass(5 * time.Second)
		want("when both are over", "", "")
	})
}

// TestResolveWhileTaken: two people answer one incident of a digest at the same
// time, one by the form and one by a command; both acts stand, in their order.
func TestResolveWhileTaken(t *testing.T) {
	t.Parallel()
	t.Run("acknowledged while the form is open", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			m := r.digest()
			r.pressOn("ada", m, "resolve", "incident_3")
			r.pass(time.Second)
			r.command("bob", "general", "ack INC-3")
			r.submit("ada", r.view("U0ADA"), nil)
			r.pass(10 * time.Second)
			if i, _ := r.fold(3); i.Status != incident.Resolved || i.AcknowledgedBy != "person:bob" {
				t.Errorf("INC-3 is %s and acknowledged by %q, want resolved, and by bob", i.Status, i.AcknowledgedBy)
			}
			if m := r.dm("U0ADA")[1]; offers(m, 3) != "" || offers(m, 2) != "ack resolve" {
				t.Errorf("the message offers %q for INC-3 and %q for INC-2", offers(m, 3), offers(m, 2))
			}
		})
	})
	t.Run("resolved while the form is open", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			m := r.digest()
			r.pressOn("ada", m, "resolve", "incident_3")
			r.pass(time.Second)
			r.command("bob", "general", "resolve INC-3 it was nothing")
			if result := r.submit("ada", r.view("U0ADA"), nil); result.Closed || !strings.Contains(fmt.Sprint(result.Errors), "already") {
				t.Errorf("Submit() = %+v, want to be told in the form that it is over", result)
			}
			r.pass(10 * time.Second)
			if _, events := r.fold(3); countOf(events, incident.KindResolved) != 1 {
				t.Errorf("INC-3 was resolved %d times", countOf(events, incident.KindResolved))
			}
		})
	})
	t.Run("pressed on a button that is out of date", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			m := r.digest()
			r.fault(slacksim.Fault{Method: "chat.update", Latency: 10 * time.Second})
			r.command("bob", "general", "resolve INC-3 it was nothing")
			r.pressOn("ada", m, "resolve", "incident_3")
			r.pressOn("ada", m, "ack", "incident_3")
			r.pass(30 * time.Second)
			if said := r.whispers("ada"); strings.Count(said, "INC-3 is") != 2 {
				t.Errorf("ada was told %q, want for each press that INC-3 is over", said)
			}
		})
	})
}

func countOf(events []incident.Event, kind incident.Kind) (n int) {
	for _, e := range events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// TestActedWhileRewritten: commands that come while Slack takes its time for an
// edit of the digest are all in the message in the end.
func TestActedWhileRewritten(t *testing.T) {
	t.Parallel()
	for _, latency := range []time.Duration{300 * time.Millisecond, 3 * time.Second, 14 * time.Second} {
		t.Run(latency.String(), func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				r.digest()
				r.fault(slacksim.Fault{Method: "chat.update", Latency: latency})
				r.declare(4, "")
				r.pass(latency / 2) // it is being rewritten for INC-4
				r.command("bob", "general", "ack INC-2")
				r.command("bob", "general", "resolve INC-3 it was nothing")
				r.pass(latency / 2)
				r.command("ada", "general", "ack INC-4")
				r.command("ada", "general", "sev 1 INC-4 worse than thought")
				r.command("bob", "general", "reopen INC-3 it was something")
				r.sim.ClearFaults()
				r.pass(2 * time.Minute)
				for _, m := range r.dm("U0ADA")[1:] {
					if about(m, 4) != "2,3,4" {
						continue
					}
					if got := []string{offers(m, 2), offers(m, 3), offers(m, 4)}; !slices.Equal(got, []string{"resolve", r.wants(3), "resolve"}) {
						t.Errorf("a copy offers %q, want resolve, %q, resolve: %s", got, r.wants(3), m.Blocks)
					}
				}
				if got := r.abouts("U0ADA", 4); !strings.Contains(got, "2,3,4") {
					t.Errorf("ada's messages are about %q, and none about all", got)
				}
			})
		})
	}
}

// wants is which buttons are of use for an incident.
func (r *rig) wants(n int) string {
	switch i, _ := r.fold(n); {
	case !i.Status.Active():
		return ""
	case i.Acked():
		return "resolve"
	default:
		return "ack resolve"
	}
}

// TestAckAllAtOnce: two people press the button for all at the same instant,
// twice each. Each incident is acknowledged once, and whoever got none of one
// hears who has it.
func TestAckAllAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		m := r.digest()
		dm, _ := r.sim.State().DM("U0ADA", r.sim.BotUserID())
		r.fault(slacksim.Fault{Method: "chat.update", Latency: 5 * time.Second})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				_, err := r.sim.As("ada").Press(slacksim.Press{Channel: dm.ID, TS: m.TS, ActionID: "ack_all"})
				if err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := r.sim.As("bob").Command("general", "/incident", "ack INC-3"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		r.pass(30 * time.Second)
		two, events2 := r.fold(2)
		three, events3 := r.fold(3)
		if countOf(events2, incident.KindAcknowledged) != 1 || countOf(events3, incident.KindAcknowledged) != 1 || two.AcknowledgedBy != "person:ada" {
			t.Errorf("acknowledged %d and %d times, by %s and %s", countOf(events2, incident.KindAcknowledged), countOf(events3, incident.KindAcknowledged),
				two.AcknowledgedBy, three.AcknowledgedBy)
		}
		if said := r.whispers("ada"); three.AcknowledgedBy == "person:ada" && said != "" || strings.Contains(said, "INC-2") {
			t.Errorf("ada, who has what she pressed for, was told %q", said)
		}
		if m := r.dm("U0ADA")[1]; offers(m, 2) != "resolve" || offers(m, 3) != "resolve" || shows(m, "Acknowledge all") {
			t.Errorf("the message still asks: %s", m.Blocks)
		}
	})
}

// TestAnswerThoseWithoutButtons: a message has room for the buttons of some; every
// other incident that it names is answered by a form.
func TestAnswerThoseWithoutButtons(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		const incidents = 25
		for n := 1; n <= incidents; n++ {
			r.declare(n, "")
		}
		r.pass(2 * time.Minute)
		copies := r.dm("U0ADA")
		last := copies[len(copies)-1]
		var without []int
		for n := 2; n <= incidents; n++ {
			if offers(last, n) == "" {
				without = append(without, n)
			}
		}
		if len(without) < 4 {
			t.Fatalf("only %v have no buttons of their own", without)
		}
		answer := func(how string, names ...string) slacksim.SubmitResult {
			r.pressOn("ada", last, "others", "together")
			return r.submit("ada", r.view("U0ADA"), map[string]map[string]any{"incidents": {"value": names}, "answer": {"value": how}})
		}
		a, b, c := incident.Name(without[0]), incident.Name(without[1]), incident.Name(without[2])
		if result := answer("ack", a, b); !result.Closed {
			t.Fatalf("the form says %+v", result)
		}
		if result := answer("resolve", b, c); !result.Closed {
			t.Fatalf("the form says %+v", result)
		}
		r.pass(10 * time.Second)
		for k, want := range []incident.Status{incident.Investigating, incident.Resolved, incident.Resolved} {
			if i, _ := r.fold(without[k]); i.Status != want {
				t.Errorf("%s is %s, want %s", i.Name(), i.Status, want)
			}
		}
		r.fault(slacksim.Fault{Method: "chat.update", Status: 500}) // the copy stays as it is
		for n := 2; n <= incidents; n++ {
			r.command("ada", "general", "resolve "+incident.Name(n))
		}
		r.pass(10 * time.Second)
		r.pressOn("ada", last, "others", "together")
		r.pass(time.Second)
		if !strings.Contains(r.whispers("ada"), "None of these is open any more") {
			t.Errorf("ada, who presses in an old copy, sees %q", r.whispers("ada"))
		}
	})
}
