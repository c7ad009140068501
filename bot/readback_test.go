package bot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// deafFor has no socket open for a while, in which f happens after half of it; the Web
// API goes on.
func (r *rig) deafFor(d time.Duration, f func()) {
	r.t.Helper()
	r.fault(slacksim.Fault{Method: "apps.connections.open", Status: 503})
	r.fault(slacksim.Fault{Socket: "cut"})
	r.pass(d / 2)
	f()
	r.pass(d - d/2)
	r.sim.ClearFaults()
}

// says types a message and returns it.
func (r *rig) says(user, channel, text string) slacksim.Message {
	r.t.Helper()
	m, err := r.sim.As(user).Message(channel, text, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// ok fails on any of errors.
func (r *rig) ok(errs ...error) {
	r.t.Helper()
	if err := errors.Join(errs...); err != nil {
		r.t.Fatal(err)
	}
}

// told counts the messages with words in them, each of which the bot wrote.
func told(where []slacksim.Message, words string) (n int) {
	for _, m := range where {
		if shows(m, words) {
			n++
		}
	}
	return n
}

// TestReadBack: what people marked and wrote while no socket was open is in the timeline
// once, with its own time, and says that it was read back; what they unmarked is
// withdrawn; who wrote to the bot is told so, and nothing of it is done.
func TestReadBack(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"sockets", "restart"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, slacksim.Options{KeepCalls: 50_000}, func(r *rig) { readBackAll(r, how) })
		})
	}
}

func readBackAll(r *rig, how string) {
	t := r.t
	r.command("eve", "general", "declare search is slow service:search")
	r.pass(2 * time.Minute)
	room := r.incidentChannel(1)
	eve, ada := r.sim.As("eve"), r.sim.As("ada")
	r.ok(r.sim.As("bob").Join(room))
	before := r.says("ada", room, "written before, marked in it")
	unpin := r.says("ada", room, "pinned before")
	unreact := r.says("ada", room, "reacted before")
	stays := r.says("ada", room, "stays")
	r.ok(eve.Pin(room, unpin.TS), eve.React(room, unreact.TS, "pushpin"), eve.Pin(room, stays.TS), ada.React(room, stays.TS, "pushpin"))
	r.says("ada", mustDM(r, "U0ADA"), "list")
	r.pass(2 * time.Minute)
	if n := len(r.shown("")); n != 3 {
		t.Fatalf("%d entries before the outage, want 3", n)
	}
	answered := told(r.dm("U0ADA"), "not connected")
	var pinned, reacted, thread slacksim.Message
	during := func() {
		pinned = r.says("ada", room, "pinned meanwhile")
		reacted = r.says("ada", room, "reacted meanwhile")
		r.pass(time.Minute)
		var err error
		thread, err = r.sim.As("bob").Message(room, "in a thread", pinned.TS)
		r.ok(err, eve.Pin(room, pinned.TS), eve.React(room, reacted.TS, "pushpin"), ada.React(room, reacted.TS, "pushpin"),
			eve.React(room, before.TS, "pushpin"), eve.React(room, thread.TS, "pushpin"),
			eve.Unpin(room, unpin.TS), eve.Unreact(room, unreact.TS, "pushpin"), eve.Unpin(room, stays.TS))
		r.says("ada", mustDM(r, "U0ADA"), "ack")
		r.says("bob", room, "<@"+r.sim.BotUserID()+"> are you there?")
	}
	if how == "sockets" {
		r.deafFor(20*time.Minute, during)
	} else {
		r.stop()
		r.pass(10 * time.Minute)
		during()
		r.pass(10 * time.Minute)
		r.startNow()
	}
	r.pass(3 * time.Minute)
	r.readBackSeen(pinned, reacted, thread)
	for _, gone := range []string{"pinned before", "reacted before"} {
		if n := len(r.shown(gone)); n != 0 {
			t.Errorf("%q is shown %d times, want it withdrawn", gone, n)
		}
	}
	if n := len(r.shown("stays")); n != 1 {
		t.Errorf("what is still marked in one of its ways is shown %d times, want once", n)
	}
	dm := r.dm("U0ADA")
	if n := told(dm, "not connected") - answered; n != 1 {
		t.Fatalf("ada is told %d times that the bot was not connected, want once:%s", n, list(dm))
	}
	late := r.find(dm, "not connected")
	if i, _ := r.fold(1); i.Acked() {
		t.Error("a late word has acknowledged the incident")
	}
	if n := told(r.channelOf(room).Messages, "have not acted on what you wrote"); n != 1 {
		t.Errorf("bob is answered %d times in the channel, want once", n)
	}
	calls := r.last()
	r.pass(time.Hour) // whatever Slack repeats by then
	r.readBackSeen(pinned, reacted, thread)
	if n := told(r.dm("U0ADA"), "not connected") - answered; n != 1 {
		t.Errorf("an hour later ada was told %d times, want once", n)
	}
	for _, c := range r.sim.Calls(calls) {
		if c.Method == "pins.list" {
			t.Error("it is read back again without an outage")
		}
	}
	if _, err := ada.Press(slacksim.Press{Channel: mustDM(r, "U0ADA"), TS: late.TS, Label: "Acknowledge INC-1"}); err != nil {
		t.Fatal(err)
	}
	r.pass(5 * time.Second)
	if i, _ := r.fold(1); i.AcknowledgedBy != incident.Person("ada") {
		t.Errorf("acknowledged by %q, want ada, who pressed the button", i.AcknowledgedBy)
	}
	r.pass(time.Minute)
	r.unfinished()
}

// readBackSeen checks the entries of what was marked meanwhile.
func (r *rig) readBackSeen(marked ...slacksim.Message) {
	r.t.Helper()
	for _, m := range marked {
		got := r.shown(m.Text)
		if len(got) != 1 || !got[0].Mark.ReadBack {
			r.t.Errorf("%q: %d entries, want one that says that it was read back: %+v", m.Text, len(got), got)
			continue
		}
		if want := instantOf(m.TS); got[0].At.Sub(want).Abs() > time.Second {
			r.t.Errorf("%q stands at %v, want %v, when it was written", m.Text, got[0].At, want)
		}
	}
	if got := r.shown("written before, marked in it"); len(got) != 1 {
		r.t.Errorf("what was marked in the outage and written before: %d entries, want one", len(got))
	}
}

// instantOf is the instant of a ts.
func instantOf(ts string) time.Time {
	var sec, us int64
	fmt.Sscanf(ts, "%d.%d", &sec, &us)
	return time.Unix(sec, us*1000)
}

// TestReadBackKilled kills the bot at each call after the outage: nothing is lost and
// nothing is said twice.
func TestReadBackKilled(t *testing.T) {
	t.Parallel()
	longLife(t)
	step := 3
	if everyCase {
		step = 1
	}
	for call := 1; ; call += step {
		at := ""
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("at call %d, done: %t", call, done), func(t *testing.T) { at = readBackKilled(t, call, done) })
		}
		if at == "" {
			if call < 5 {
				t.Errorf("reading back made only %d calls", call-1)
			}
			return
		}
	}
}

// TestReadBackSilent: a socket that is open and says nothing is heard no more than none.
func TestReadBackSilent(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(2 * time.Minute)
		room := r.incidentChannel(1)
		r.fault(slacksim.Fault{Socket: "silent"})
		r.fault(slacksim.Fault{Method: "apps.connections.open", Status: 503})
		r.pass(5 * time.Second)
		m := r.says("ada", room, "said to nobody")
		r.ok(r.sim.As("eve").Pin(room, m.TS))
		r.pass(20 * time.Minute)
		r.sim.ClearFaults()
		r.pass(3 * time.Minute)
		if got := r.shown("said to nobody"); len(got) != 1 || !got[0].Mark.ReadBack {
			t.Errorf("%d entries, want one that was read back", len(got))
		}
	})
}

// TestLateRepeats: what Slack repeats of marks in another order than they were set does
// not undo what holds, and a word that comes late is not carried out.
func TestLateRepeats(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{PingInterval: pings}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(2 * time.Minute)
		room := r.incidentChannel(1)
		eve := r.sim.As("eve")
		m := r.says("ada", room, "pinned and unpinned")
		dm := mustDM(r, "U0ADA")
		r.fault(slacksim.Fault{Method: "apps.connections.open", Status: 503})
		r.fault(slacksim.Fault{Socket: "cut"})
		r.pass(time.Second)
		r.ok(eve.Pin(room, m.TS)) // comes again after one and after six minutes
		r.says("ada", dm, "ack")
		r.pass(59 * time.Second)
		r.ok(eve.Unpin(room, m.TS)) // after one more minute
		r.pass(20 * time.Second)
		r.sim.ClearFaults()
		r.pass(20 * time.Minute)
		if n := len(r.shown("pinned and unpinned")); n != 0 {
			t.Errorf("%d entries for what is not pinned any more", n)
		}
		if i, _ := r.fold(1); i.Acked() {
			t.Error("a word that came minutes late has acknowledged the incident")
		}
		if n := told(r.dm("U0ADA"), "not connected"); n != 1 {
			t.Errorf("ada is told %d times, want once:%s", n, list(r.dm("U0ADA")))
		}
	})
}

// TestReadBackPrivate: a pin in a private incident's channel is kept, whoever of the
// channel set it, and what is unpinned there stays; nobody else hears of either.
func TestReadBackPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("ada", "general", "declare keys leaked private service:search")
		r.pass(2 * time.Minute)
		room := r.incidentChannel(1)
		r.ok(r.sim.As("ada").Invite(room, "eve"))
		kept := r.says("ada", room, "key 7 was used")
		r.ok(r.sim.As("ada").Pin(room, kept.TS))
		r.pass(2 * time.Minute)
		r.deafFor(10*time.Minute, func() {
			m := r.says("ada", room, "key 8 was used")
			r.ok(r.sim.As("eve").Pin(room, m.TS), r.sim.As("ada").Unpin(room, kept.TS))
		})
		r.pass(3 * time.Minute)
		for _, words := range []string{"key 7 was used", "key 8 was used"} {
			if n := len(r.shown(words)); n != 1 {
				t.Errorf("%q: %d entries, want one", words, n)
			}
		}
		for _, c := range r.sim.State().Channels {
			if c.ID == room {
				continue
			}
			for _, m := range c.Messages {
				if strings.Contains(m.Text+string(m.Blocks), "was used") {
					t.Errorf("%s shows it: %s", c.Name, m.Text)
				}
			}
		}
	})
}

// TestReadBackMany: sixty incidents are read back within the limits of Slack, and a page
// in the middle of it is not later for that.
func TestReadBackMany(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{KeepCalls: 200_000, RateLimits: true, RateBurst: 1}, func(r *rig) {
		const many = 30
		for n := range many {
			r.command("eve", "general", fmt.Sprintf("declare trouble number %d sev3 service:search", n))
			r.pass(10 * time.Second)
		}
		r.pass(10 * time.Minute)
		before := r.last()
		r.deafFor(10*time.Minute, func() {
			for n := 1; n <= many; n++ {
				i, _ := r.fold(n)
				r.ok(r.sim.As("ada").Join(i.Channel))
				m := r.says("ada", i.Channel, fmt.Sprintf("word of number %d.", n))
				r.ok(r.sim.As("eve").Pin(i.Channel, m.TS))
			}
		})
		r.pass(11 * time.Second)
		start := time.Now()
		n := r.declares(incident.Declaration{Title: "card payments fail", Severity: incident.Sev1})
		r.pass(2 * time.Second)
		if _, events := r.fold(n); !hasKind(events, incident.KindPaged) {
			t.Errorf("nobody is paged %s after a declaration while it is read back", time.Since(start))
		}
		r.pass(15 * time.Minute)
		for n := 1; n <= many; n++ {
			_, events := r.fold(n)
			found := 0
			for _, e := range events {
				if e.Mark != nil && e.Mark.ReadBack {
					found++
				}
			}
			if found != 1 {
				t.Errorf("INC-%d has %d entries that were read back, want one", n, found)
			}
		}
		refused := 0
		for _, c := range r.sim.Calls(before) {
			if c.Status == 429 || c.Error == "ratelimited" {
				refused++
			}
		}
		if refused > 5 {
			t.Errorf("Slack refused %d calls for their number", refused)
		}
	})
}

func hasKind(events []incident.Event, k incident.Kind) bool {
	for _, e := range events {
		if e.Kind == k {
			return true
		}
	}
	return false
}

func readBackKilled(t *testing.T, call int, done bool) (at string) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{Seed: 7})
		g := &guillotine{next: r.sim}
		r.server.Handler = g
		r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
		defer r.close()
		r.start()
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(2 * time.Minute)
		room := r.incidentChannel(1)
		r.deafFor(20*time.Minute, func() {
			for _, words := range []string{"one", "two"} {
				m := r.says("ada", room, words+" meanwhile")
				r.ok(r.sim.As("eve").Pin(room, m.TS))
			}
			r.says("ada", mustDM(r, "U0ADA"), "ack")
		})
		g.arm(call, 0, done)
		r.pass(2 * time.Minute)
		at = g.last
		r.stop()
		g.lift()
		r.start()
		r.pass(3 * time.Minute)
		for _, words := range []string{"one meanwhile", "two meanwhile"} {
			if got := r.shown(words); len(got) != 1 || !got[0].Mark.ReadBack {
				t.Errorf("%q: %d entries, want one that was read back", words, len(got))
			}
		}
		if n := told(r.dm("U0ADA"), "not connected"); n != 1 {
			t.Errorf("ada is told %d times, want once:%s", n, list(r.dm("U0ADA")))
		}
		r.pass(time.Minute)
		r.unfinished()
	})
	return at
}
