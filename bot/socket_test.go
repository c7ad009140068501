package bot

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// opens returns when connections were asked for since a call.
func (r *rig) opens(since int) []time.Time {
	var at []time.Time
	for _, c := range r.sim.Calls(since) {
		if c.Kind == "api" && c.Method == "apps.connections.open" {
			at = append(at, c.At)
		}
	}
	return at
}

// last is the number of the last call or frame.
func (r *rig) last() int {
	calls := r.sim.Calls(0)
	return calls[len(calls)-1].N
}

// envelopes returns the IDs of what was delivered of a kind since a call.
func (r *rig) envelopes(since int, kind string) []string {
	var ids []string
	for _, c := range r.sim.Calls(since) {
		if c.Kind == "frame_out" && c.Method == kind && c.EnvelopeID != "" {
			ids = append(ids, c.EnvelopeID)
		}
	}
	return ids
}

// TestEveryDisconnect ends the connections for each reason that there is, and
// goes on.
func TestEveryDisconnect(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets", "cut", "silent"} {
		t.Run(reason, func(t *testing.T) {
			inBubble(t, slacksim.Options{PingInterval: pings}, func(r *rig) {
				r.pass(2 * time.Minute)
				for round := range 3 {
					before := r.last()
					if err := r.sim.Fault(slacksim.Fault{Socket: reason}); err != nil {
						t.Fatal(err)
					}
					r.pass(90 * time.Second)
					at := r.opens(before)
					if len(at) < 2 || len(at) > 6 {
						t.Errorf("round %d: %d connections were asked for, want one for each of the two and few more", round, len(at))
					}
					seldom(t, at)
					if seen := r.command("eve", "general", "list"); seen.Error != "" || !seen.Ephemeral {
						t.Errorf("round %d: after %s eve sees %+v", round, reason, seen)
					}
					if n := r.sim.State().Sockets; n != 2 {
						t.Errorf("round %d: %d sockets after %s, want 2", round, n, reason)
					}
				}
			})
		})
	}
}

// TestSilence: connections on which nothing comes any more, not even pings, are
// dead after thirty seconds, whenever in slack-go's own rhythm that begins.
func TestSilence(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{PingInterval: pings}, func(r *rig) {
		for round := range 4 {
			r.pass(2*time.Minute + time.Duration(round)*7*time.Second)
			if err := r.sim.Fault(slacksim.Fault{Socket: "silent"}); err != nil {
				t.Fatal(err)
			}
			r.pass(33 * time.Second)
			if seen := r.command("eve", "general", "list"); seen.Error != "" || !seen.Ephemeral {
				t.Errorf("round %d: 33 s after it fell silent eve sees %+v", round, seen)
			}
		}
	})
}

// seldom checks that connections were asked for at most once a second.
func seldom(t *testing.T, at []time.Time) {
	t.Helper()
	for n := 1; n < len(at); n++ {
		if d := at[n].Sub(at[n-1]); d < time.Second {
			t.Errorf("connections were asked for %s apart, want a second at least", d)
		}
	}
}

// TestClosedAtOnce meets a Slack that ends every connection at once, during its
// handshake or right after it, as it does when there are too many: the bot asks
// ever more rarely, once a minute in the end, and at once again when a connection
// has lived.
func TestClosedAtOnce(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"handshake", "hello"} {
		t.Run(when, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { closedAtOnce(t, when) }) })
	}
}

func closedAtOnce(t *testing.T, when string) {
	r := newRig(t, slacksim.Options{})
	var closing atomic.Bool
	r.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/link") && closing.Load() && when == "handshake" {
			panic(http.ErrAbortHandler)
		}
		r.sim.ServeHTTP(w, req)
	})
	defer r.close()
	r.start()
	r.pass(2 * time.Minute)
	closing.Store(true)
	before := r.last()
	for end := time.Now().Add(40 * time.Minute); time.Now().Before(end); r.pass(100 * time.Millisecond) {
		if r.sim.State().Sockets > 0 {
			if err := r.sim.Fault(slacksim.Fault{Socket: "too_many_websockets"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := r.opens(before)
	if len(at) < 70 || len(at) > 100 {
		t.Errorf("%d connections were asked for in forty minutes, want about 90 for the two sockets", len(at))
	}
	seldom(t, at)
	late := at[len(at)-4:]
	if d := late[3].Sub(late[0]); d < time.Minute {
		t.Errorf("four requests within %s after forty minutes, want one a minute for each socket", d)
	}
	closing.Store(false)
	r.pass(61 * time.Second)
	if n := r.sim.State().Sockets; n != 2 {
		t.Fatalf("%d sockets a minute after Slack was well again, want 2", n)
	}
	r.pass(2 * time.Minute)
	if err := r.sim.Fault(slacksim.Fault{Socket: "refresh_requested"}); err != nil {
		t.Fatal(err)
	}
	r.pass(2 * time.Second)
	if n := r.sim.State().Sockets; n != 2 {
		t.Errorf("%d sockets two seconds after a refresh, want 2: they had lived", n)
	}
}

// TestTokenRefused has Slack refuse the token for an hour: the bot asks rarely, and
// is back within a minute of being let in.
func TestTokenRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid_auth", "token_revoked", "not_allowed_token_type", "internal_error", "a 500"} {
		t.Run(code, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				r.pass(2 * time.Minute)
				before := r.last()
				fault := slacksim.Fault{Method: "apps.connections.open", Error: code}
				if code == "a 500" {
					fault = slacksim.Fault{Method: "apps.connections.open", Status: 500}
				}
				r.fault(fault)
				r.fault(slacksim.Fault{Socket: "cut"})
				r.pass(time.Hour)
				at := r.opens(before)
				if len(at) < 10 || len(at) > 140 {
					t.Errorf("%d connections were asked for in an hour, want about one a minute for each socket at most", len(at))
				}
				seldom(t, at)
				r.sim.ClearFaults()
				r.pass(62 * time.Second)
				if n := r.sim.State().Sockets; n != 2 {
					t.Errorf("%d sockets a minute after Slack is well again, want 2", n)
				}
			})
		})
	}
}

// TestRedelivered has Slack deliver a command, a press and a form again, each
// after it was acknowledged.
func TestRedelivered(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		again := func(since int, kind string) {
			t.Helper()
			ids := r.envelopes(since, kind)
			if len(ids) != 1 {
				t.Fatalf("%d envelopes of kind %s, want 1", len(ids), kind)
			}
			for range 3 {
				if err := r.sim.Fault(slacksim.Fault{Redeliver: ids[0]}); err != nil {
					t.Fatal(err)
				}
			}
			r.pass(5 * time.Second)
		}
		n := r.last()
		r.command("eve", "general", "declare checkout is slow")
		again(n, "slash_commands")
		if active, _ := r.desk.Active(r.t.Context(), incident.Bot); len(active) != 1 {
			t.Fatalf("%d incidents of one command, want 1", len(active))
		}
		page := r.find(r.dm("U0ADA"), "checkout is slow")
		n = r.last()
		if _, err := r.sim.As("ada").Press(slacksim.Press{Channel: mustDM(r, "U0ADA"), TS: page.TS, Label: "Acknowledge"}); err != nil {
			t.Fatal(err)
		}
		again(n, "interactive")
		if w := r.sim.State().Whispers["U0ADA"]; len(w) != 0 {
			t.Errorf("ada was told %d things for pressing once: %+v", len(w), w[0].Text)
		}
		n = r.last()
		r.command("ada", "general", "note INC-1 what: 500s")
		again(n, "slash_commands")
		seen := r.command("eve", "general", "declare")
		r.pass(time.Second)
		views := r.sim.State().Views["U0EVE"]
		if len(views) != 1 {
			t.Fatalf("eve has %d forms (%+v), want the one to declare", len(views), seen)
		}
		n = r.last()
		result, err := r.sim.As("eve").Submit(views[0].ID, map[string]map[string]any{"title": {"value": "search is down"}})
		if err != nil || !result.Closed {
			t.Fatalf("Submit() = %+v, %v; want closed", result, err)
		}
		again(n, "interactive")
		active, _ := r.desk.Active(r.t.Context(), incident.Bot)
		_, events := r.fold(1)
		notes := 0
		for _, e := range events {
			if e.Kind == incident.KindNote {
				notes++
			}
		}
		if len(active) != 2 || notes != 1 {
			t.Errorf("%d incidents and %d notes, want 2 and 1", len(active), notes)
		}
	})
}

// TestLostAcknowledgement loses the answer to a declaration: eve sees an error
// and types it once more, which is another request. Events come again by
// themselves.
func TestLostAcknowledgement(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.fault(slacksim.Fault{Method: "*", Latency: time.Second}) // or what follows could be acknowledged first
		r.fault(slacksim.Fault{LoseAcks: 1})
		if seen := r.command("eve", "general", "declare checkout is slow"); seen.Error == "" {
			t.Fatalf("eve sees %+v, want an error: the answer was lost", seen)
		}
		r.sim.ClearFaults()
		r.pass(10 * time.Second)
		if seen := r.command("eve", "general", "list"); !strings.Contains(string(seen.Blocks), "INC-1") {
			t.Errorf("the list shows %s, want the incident that was declared", seen.Blocks)
		}
	})
}

// TestCutWhileDeclaring cuts the sockets while the store is at work on a
// declaration: it is kept, and everything follows.
func TestCutWhileDeclaring(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		store := &slow{}
		r.wrap = store.over
		defer r.close()
		r.start()
		store.delay.Store(int64(time.Second))
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.sim.As("eve").Command("general", "/incident", "declare checkout is slow")
		}()
		r.pass(500 * time.Millisecond)
		if err := r.sim.Fault(slacksim.Fault{Socket: "cut"}); err != nil {
			t.Fatal(err)
		}
		<-done
		store.delay.Store(0)
		r.pass(time.Minute)
		r.acked(1)
	})
}

// slow is an engine on a disk that takes its time.
type slow struct {
	storage.Engine
	delay atomic.Int64 // of each commit
}

func (s *slow) over(e storage.Engine) storage.Engine {
	s.Engine = e
	return s
}

// Commit commits after the delay.
func (s *slow) Commit(ctx context.Context, changes []storage.Change) error {
	time.Sleep(time.Duration(s.delay.Load()))
	return s.Engine.Commit(ctx, changes)
}

// TestSlowStore answers in time when the store does not: with an apology, and
// nothing is done later that was said not to be.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		store := &slow{}
		r.wrap = store.over
		defer r.close()
		r.start()
		store.delay.Store(int64(20 * time.Second))
		go r.sim.As("bob").Command("general", "/incident", "declare search is slow") // has its turn, and waits for the disk
		r.pass(100 * time.Millisecond)
		start := time.Now()
		seen, err := r.sim.As("eve").Command("general", "/incident", "declare checkout is slow sev1")
		took := time.Since(start)
		if err != nil || took >= 3*time.Second || !shows(slacksim.Message{Text: seen.Text, Blocks: seen.Blocks}, "That did not work, and nothing was recorded") {
			t.Errorf("after %s eve sees %+v, %v; want an apology within three seconds", took, seen, err)
		}
		if !strings.Contains(string(seen.Blocks), "declare checkout is slow sev1") {
			t.Errorf("what eve typed is not shown again: %s", seen.Blocks)
		}
		store.delay.Store(0)
		r.pass(time.Minute)
		active, _ := r.desk.Active(r.t.Context(), incident.Bot)
		if len(active) != 1 || active[0].Title != "search is slow" {
			t.Errorf("open: %v; want only what was not refused", active)
		}
	})
}

// TestEventsFlood sends a thousand messages while the store is slow: they are
// acknowledged, and a command among them is answered.
func TestEventsFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{KeepCalls: 50_000})
		store := &slow{}
		r.wrap = store.over
		defer r.close()
		r.start()
		r.command("eve", "general", "declare checkout is slow")
		r.pass(10 * time.Second)
		channel := r.channel("inc-1-checkout-is-slow")
		store.delay.Store(int64(time.Second))
		before := r.last()
		for n := range 1000 {
			if _, err := r.sim.As("eve").Message(channel.ID, fmt.Sprint("line ", n), ""); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		seen := r.command("ada", channel.ID, "ack")
		if took := time.Since(start); seen.Error != "" || took > 2500*time.Millisecond {
			t.Errorf("ada's acknowledgement was answered after %s with %+v", took, seen)
		}
		r.pass(10 * time.Second)
		store.delay.Store(0)
		delivered := r.envelopes(before, "events_api")
		acked := map[string]bool{}
		for _, c := range r.sim.Calls(before) {
			if c.Kind == "frame_in" {
				acked[c.EnvelopeID] = true
			}
			if c.Attempt > 0 {
				t.Fatalf("an event was delivered again (attempt %d)", c.Attempt)
			}
		}
		if len(delivered) < 1000 {
			t.Fatalf("%d events, want a thousand, or this tests nothing", len(delivered))
		}
		for _, id := range delivered {
			if !acked[id] {
				t.Fatalf("the event in %s was not acknowledged", id)
			}
		}
	})
}

// TestStopping stops the bot in the middle of everything: what was acknowledged
// is done or in the store, and it takes less than ten seconds.
func TestStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		defer r.close()
		r.start()
		if err := r.sim.Fault(slacksim.Fault{Method: "*", Latency: time.Minute}); err != nil {
			t.Fatal(err)
		}
		seen := make([]slacksim.Seen, 20)
		done := make(chan struct{})
		for n := range seen {
			go func() {
				seen[n], _ = r.sim.As("eve").Command("general", "/incident", fmt.Sprint("declare checkout is slow ", n))
				done <- struct{}{}
			}()
		}
		time.Sleep(time.Millisecond)
		start := time.Now()
		r.stop()
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("stopping took %s, want at most 10 s", took)
		}
		for range seen {
			<-done
		}
		r.sim.ClearFaults()
		answered := 0
		for _, s := range seen {
			if s.Error == "" && s.Ephemeral {
				answered++
			}
		}
		if answered == 0 {
			t.Fatal("none was answered, or this tests nothing")
		}
		r.start()
		r.pass(time.Minute)
		active, _ := r.desk.Active(r.t.Context(), incident.Bot)
		if len(active) < answered {
			t.Errorf("%d were answered, %d are in the store", answered, len(active))
		}
		for _, i := range active {
			if i.Channel == "" {
				t.Errorf("%s has no channel after the restart", i.Name())
			}
		}
	})
}

// TestChannelsAtStart starts with the rosters of many teams in a large workspace,
// and lets each of them be told of its hand-over: the list of channels is read
// once.
func TestChannelsAtStart(t *testing.T) {
	t.Parallel()
	var opt slacksim.Options
	for n := range 2000 {
		opt.Channels = append(opt.Channels, fmt.Sprintf("c%04d", n))
	}
	var teams, rotations strings.Builder
	for n := range 10 {
		fmt.Fprintf(&teams, "  - {id: t%d, name: Team %d, members: [ada, bob], channel: \"#c%04d\"}\n", n, n, 200*n)
		fmt.Fprintf(&rotations, "  - {id: r%d, team: t%d, time_zone: UTC, layers: [{id: daily, people: [ada, bob], start: 1999-12-27T09:00, every: {days: 1}}]}\n", n, n)
	}
	roster := strings.NewReplacer("rotations:\n", teams.String()+"rotations:\n"+rotations.String()).Replace(rosterText)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, opt)
		r.roster = roster
		defer r.close()
		r.start()
		r.pass(25 * time.Hour)
		n := 0
		for _, c := range r.sim.Calls(0) {
			if c.Method == "conversations.list" {
				n++
			}
		}
		if n != 3 {
			t.Errorf("the list of channels was read with %d calls, want 3: one for each page of it", n)
		}
		for k := range 10 {
			if told := r.channel(fmt.Sprintf("c%04d", 200*k)).Messages; count(told, "on call now") == 0 {
				t.Errorf("team %d was not told of its hand-over:%s", k, list(told))
			}
		}
	})
}
