package bot

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// mitigatedRoom declares an incident of a severity by eve, has ada mitigate it by a
// rollback after some minutes, and returns its channel.
func (r *rig) mitigatedRoom(sev string) string {
	r.t.Helper()
	room := r.takenOn("card payments fail " + sev)
	r.command("ada", room, "mitigate rollback: to 430")
	r.pass(30 * time.Second)
	return room
}

// handovers are the hand-overs of mitigations in a channel.
func (r *rig) handovers(room string) []slacksim.Message {
	var list []slacksim.Message
	for _, m := range r.channelOf(room).Messages {
		if shows(m, "Hand-over: what was changed") {
			list = append(list, m)
		}
	}
	return list
}

// oneHandover returns the hand-over, of which there must be one.
func (r *rig) oneHandover(room string) slacksim.Message {
	r.t.Helper()
	got := r.handovers(room)
	if len(got) != 1 {
		r.t.Fatalf("%d hand-overs in the channel, want one:%s", len(got), list(got))
	}
	return got[0]
}

// TestS05HandoverInTheChannel mitigates an incident: one message says what was changed,
// how it is undone, what is temporary and who watches, and goes on saying it as it changes.
func TestS05HandoverInTheChannel(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "note how: the pool is empty after each deploy")
		r.command("ada", room, "decide roll back & keep the data")
		r.command("ada", room, "status mitigating rolling back to 430")
		r.pass(time.Minute)
		if got := r.handovers(room); len(got) != 0 {
			t.Fatalf("before it is mitigated there is a hand-over:%s", list(got))
		}
		r.command("ada", room, "mitigate rollback: to 430")
		r.pass(30 * time.Second)
		m := r.oneHandover(room)
		for _, words := range []string{"the pool is empty", "roll back &amp; keep the data", "rolling back to 430", "nobody has said how",
			"INC-1-F1 Replace the rollback with a permanent fix · Payments · due", "*Watching:* Ada Okafor, until"} {
			if !says(m, words) {
				t.Errorf("the hand-over does not say %q:%s", words, list([]slacksim.Message{m}))
			}
		}
		r.press("ada", room, m, "Correct")
		r.submit("U0ADA", r.view("U0ADA"), map[string]map[string]any{"undo": {"value": "deploy 431 with the flag off"}})
		r.command("ada", room, "note how: seen in staging too")
		r.pass(30 * time.Second)
		if again := r.oneHandover(room); again.TS != m.TS || !shows(again, "deploy 431 with the flag off") || !shows(again, "seen in staging too") {
			t.Errorf("the hand-over was not brought up to date:%s", list([]slacksim.Message{again}))
		}
		r.stop()
		r.start()
		r.command("ada", room, "resolve stable")
		r.pass(30 * time.Second)
		if m := r.oneHandover(room); !shows(m, "nobody; it is resolved") || shows(m, "It is back") {
			t.Errorf("after it is resolved the hand-over says:%s", list([]slacksim.Message{m}))
		}
		i, _ := r.fold(1)
		if len(i.FollowUps) != 1 {
			t.Errorf("%d follow-ups, want one", len(i.FollowUps))
		}
		r.noErrors()
	})
}

// TestS04MitigatedByAFixLeavesNothing says so in the hand-over.
func TestS04MitigatedByAFixLeavesNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "mitigate fix: the limit is right now")
		r.pass(30 * time.Second)
		if m := r.oneHandover(room); !shows(m, "nothing; it is a permanent fix") {
			t.Errorf("the hand-over says:%s", list([]slacksim.Message{m}))
		}
		if i, _ := r.fold(1); len(i.FollowUps) != 0 {
			t.Errorf("follow-ups %v, want none", i.FollowUps)
		}
	})
}

// watchAsks are the messages to somebody that ask whether it is over.
func (r *rig) watchAsks(user string) []slacksim.Message {
	var list []slacksim.Message
	for _, m := range r.dm(user) {
		if shows(m, "Is it over?") {
			list = append(list, m)
		}
	}
	return list
}

// ofKind counts events of a kind.
func ofKind(events []incident.Event, k incident.Kind) int {
	n := 0
	for _, e := range events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// TestWatchTimeEnds asks whoever watches how it went when the watch time is over, once,
// by severity, though the bot was away meanwhile.
func TestWatchTimeEnds(t *testing.T) {
	t.Parallel()
	for sev, after := range map[string]time.Duration{"sev1": time.Hour, "sev2": 30 * time.Minute, "sev3": 15 * time.Minute, "sev4": 0} {
		t.Run(sev, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				r.mitigatedRoom(sev)
				if after == 0 {
					r.pass(3 * time.Hour)
					if _, events := r.fold(1); ofKind(events, incident.KindWatched) != 0 || len(r.watchAsks("U0ADA")) != 0 {
						t.Error("a sev4 is asked about after its mitigation")
					}
					return
				}
				r.pass(after - 2*time.Minute)
				if n := len(r.watchAsks("U0ADA")); n != 0 {
					t.Fatalf("%d messages ask before the time is over", n)
				}
				r.stop()
				r.pass(5 * time.Minute)
				r.start()
				r.pass(2 * time.Hour)
				if n := len(r.watchAsks("U0ADA")); n != 1 {
					t.Errorf("ada was asked %d times, want once", n)
				}
				if _, events := r.fold(1); ofKind(events, incident.KindWatched) != 1 {
					t.Errorf("the timeline has %d ends of the watch time, want one", ofKind(events, incident.KindWatched))
				}
				r.noErrors()
			})
		})
	}
}

// TestWatchTimeEndsForNothing asks nobody where it was resolved, or came back, before.
func TestWatchTimeEndsForNothing(t *testing.T) {
	t.Parallel()
	longLife(t)
	for _, does := range []string{"resolve stable", "status investigating errors are rising again", "cancel it was a test of ours"} {
		t.Run(does, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				room := r.mitigatedRoom("sev2")
				r.command("ada", room, does)
				r.pass(2 * time.Hour)
				if _, events := r.fold(1); ofKind(events, incident.KindWatched) != 0 || len(r.watchAsks("U0ADA")) != 0 {
					t.Error("it is asked whether it is over")
				}
			})
		})
	}
}

// TestWatchTimeAnswers presses each of the buttons.
func TestWatchTimeAnswers(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		r.pass(31 * time.Minute)
		m := r.watchAsks("U0ADA")[0]
		r.press("ada", r.dmOf("U0ADA"), m, "Keep watching 30 min")
		if n := len(r.watchAsks("U0ADA")); n != 0 {
			t.Errorf("after the press %d messages still ask", n)
		}
		if m := r.find(r.dm("U0ADA"), "it is watched until"); shows(m, "Keep watching") {
			t.Errorf("the answered message has its buttons still: %s", m.Blocks)
		}
		r.pass(31 * time.Minute)
		if n := len(r.watchAsks("U0ADA")); n != 1 {
			t.Fatalf("%d messages ask after the half hour more, want one", n)
		}
		r.press("ada", r.dmOf("U0ADA"), r.watchAsks("U0ADA")[0], "It is back")
		r.submit("U0ADA", r.view("U0ADA"), map[string]map[string]any{"text": {"value": "errors are rising again"}})
		r.pass(10 * time.Second)
		i, _ := r.fold(1)
		if i.Status != incident.Investigating || len(i.Impact) != 2 {
			t.Errorf("it is %s with %d intervals of impact, want investigating and a second interval", i.Status, len(i.Impact))
		}
		r.find(r.channelOf(room).Messages, "Back to investigating: errors are rising again")
		if n := len(r.watchAsks("U0ADA")); n != 0 {
			t.Errorf("%d messages ask whether it is over though it is back", n)
		}
		if m := r.oneHandover(room); !shows(m, "It hurts again") {
			t.Errorf("the hand-over does not say that it is back:%s", list([]slacksim.Message{m}))
		}
		r.command("ada", room, "mitigate restart: the pool")
		r.pass(31 * time.Minute)
		r.press("ada", r.dmOf("U0ADA"), r.watchAsks("U0ADA")[0], "Resolve")
		r.submit("U0ADA", r.view("U0ADA"), nil)
		if i, _ := r.fold(1); i.Status != incident.Resolved || len(i.FollowUps) != 1 {
			t.Errorf("it is %s with %d follow-ups, want resolved with one", i.Status, len(i.FollowUps))
		}
		r.noErrors()
	})
}

// TestWatchTimeAsksWhoHoldsCommand moves command: the new holder is asked.
func TestWatchTimeAsksWhoHoldsCommand(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("something leaks sev2 private")
		r.command("ada", room, "mitigate rollback")
		r.command("ada", room, "page @cleo please take over")
		r.pass(10 * time.Second)
		r.press("cleo", room, r.find(r.channelOf(room).Messages, "Take command"), "Take command")
		r.pass(40 * time.Minute)
		if ada, cleo, eve := len(r.watchAsks("U0ADA")), len(r.watchAsks("U0CLEO")), len(r.watchAsks("U0EVE")); ada != 0 || cleo != 1 || eve != 0 {
			t.Errorf("ada was asked %d times, cleo %d, eve %d; want cleo alone", ada, cleo, eve)
		}
		if n := count(r.channel("incidents").Messages, "leaks"); n != 0 {
			t.Error("the channel for announcements says something of a private incident")
		}
	})
}

// TestSecondMitigationHandsOverAnew mitigates again what came back: another hand-over is
// posted where people read, the first one says that it is superseded, and a correction is
// no second mitigation.
func TestSecondMitigationHandsOverAnew(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		first := r.oneHandover(room)
		r.command("ada", room, "mitigate restart: of all nodes")
		r.pass(30 * time.Second)
		if m := r.oneHandover(room); m.TS != first.TS || shows(m, "superseded") {
			t.Errorf("a correction posts a hand-over anew:%s", list(r.handovers(room)))
		}
		for k := range 2 {
			r.command("bob", room, "status investigating errors are rising again")
			r.pass(30 * time.Second)
			r.oneHandover(room)
			r.stop()
			r.start()
			r.command("ada", room, "mitigate failover: to the other provider")
			r.pass(30 * time.Second)
			now := r.oneHandover(room)
			if now.TS == first.TS || !shows(now, "of all nodes") || !shows(now, "to the other provider") || !shows(now, "It is back") {
				t.Errorf("after mitigation %d the hand-over is:%s", k+2, list([]slacksim.Message{now}))
			}
			old := 0
			for _, m := range r.channelOf(room).Messages {
				if shows(m, "This hand-over is superseded") {
					if old++; shows(m, "It is back") {
						t.Errorf("what is superseded has a button:%s", list([]slacksim.Message{m}))
					}
				}
			}
			if old != k+1 {
				t.Errorf("%d messages say that they are superseded, want %d", old, k+1)
			}
			first = now
		}
		r.noErrors()
	})
}
