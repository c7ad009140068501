package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// errKilled is what the store of a killed process answers: nothing that comes
// after is recorded. It is an outcome that is not known, as with a real one.
var errKilled = fmt.Errorf("killed: %w", storage.ErrUnknown)

// guillotine kills the bot at one Web API call, or at one commit: from then on
// nothing is recorded and nothing reaches Slack, until it is lifted.
type guillotine struct {
	next http.Handler

	mu      sync.Mutex
	atCall  int  // it falls at that call, 0: at none
	atWrite int  // and at that commit
	done    bool // the call, or the commit, has been carried out when it falls
	calls   int
	writes  int
	fell    bool
	last    string // what it fell at
}

// falls counts one call or commit, and reports whether the blade falls now.
func (g *guillotine) falls(counter, at *int, what string) (dead, now bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fell {
		return true, false
	}
	*counter++
	if *counter == *at {
		g.fell, g.last = true, what
		return false, true
	}
	return false, false
}

func (g *guillotine) lift() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fell, g.atCall, g.atWrite = false, 0, 0
}

// arm makes it fall at the n-th call, or commit, from now on.
func (g *guillotine) arm(call, write int, done bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls, g.writes, g.atCall, g.atWrite, g.done = 0, 0, call, write, done
}

// ServeHTTP is Slack, as far as a process that may be killed hears of it.
func (g *guillotine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, api := strings.CutPrefix(r.URL.Path, "/api/")
	if !api && !strings.HasPrefix(r.URL.Path, "/upload") || method == "apps.connections.open" {
		g.next.ServeHTTP(w, r)
		return
	}
	dead, now := g.falls(&g.calls, &g.atCall, method)
	if now && g.done {
		g.next.ServeHTTP(discarding{http.Header{}}, r)
	}
	if dead || now {
		panic(http.ErrAbortHandler) // the connection is cut
	}
	g.next.ServeHTTP(w, r)
}

// discarding is an answer that nobody hears.
type discarding struct{ h http.Header }

func (d discarding) Header() http.Header         { return d.h }
func (d discarding) Write(b []byte) (int, error) { return len(b), nil }
func (d discarding) WriteHeader(int)             {}

// mortal is an engine whose process can be killed.
type mortal struct {
	storage.Engine
	g *guillotine
}

func (m mortal) Commit(ctx context.Context, changes []storage.Change) error {
	dead, now := m.g.falls(&m.g.writes, &m.g.atWrite, "commit of "+changes[0].Key)
	if now && m.g.done {
		if err := m.Engine.Commit(ctx, changes); err != nil {
			return err
		}
	}
	if dead || now {
		return errKilled
	}
	return m.Engine.Commit(ctx, changes)
}

// TestKilledAtEveryCall declares an incident and kills the bot at each Web API
// call of it, before Slack has heard of the call and after it was carried out.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	for call := 1; ; call++ {
		before, after := "", ""
		t.Run(fmt.Sprintf("before call %d", call), func(t *testing.T) { before = killed(t, call, 0, false) })
		t.Run(fmt.Sprintf("after call %d", call), func(t *testing.T) { after = killed(t, call, 0, true) })
		if before == "" && after == "" {
			if call < 8 {
				t.Errorf("a declaration made only %d calls", call-1)
			}
			return
		}
	}
}

// TestKilledAtEveryCommit does the same at each commit.
func TestKilledAtEveryCommit(t *testing.T) {
	t.Parallel()
	for write := 1; ; write++ {
		before, after := "", ""
		t.Run(fmt.Sprintf("before commit %d", write), func(t *testing.T) { before = killed(t, 0, write, false) })
		t.Run(fmt.Sprintf("after commit %d", write), func(t *testing.T) { after = killed(t, 0, write, true) })
		if before == "" && after == "" {
			if write < 5 {
				t.Errorf("a declaration made only %d commits", write-1)
			}
			return
		}
	}
}

// TestKilledWhileResolving kills the bot at each third call that follows from a
// resolution, or at each with EVERY_CASE=1: it is told once, and there is one document.
func TestKilledWhileResolving(t *testing.T) {
	t.Parallel()
	for call := 1; ; call += cases(1, 3, 3) {
		at := ""
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("at call %d, done: %t", call, done), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, slacksim.Options{Seed: 7})
					g := &guillotine{next: r.sim}
					r.server.Handler = g
					r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
					defer r.close()
					r.start()
					r.command("eve", "general", "declare card payments fail sev1")
					r.pass(10 * time.Second)
					r.command("ada", "general", "ack INC-1")
					r.pass(10 * time.Second)
					g.arm(call, 0, done)
					r.command("ada", "general", "resolve INC-1 calm")
					r.pass(10 * time.Second)
					at = g.last
					r.stop()
					g.lift()
					r.start()
					r.pass(time.Minute)
					r.resolved(1)
				})
			})
		}
		if at == "" {
			if call < 6 {
				t.Errorf("a resolution made only %d calls", call-1)
			}
			return
		}
	}
}

// buttonsAfter are those that are of use when an incident is resolved.
var buttonsAfter = regexp.MustCompile(`"action_id":"(close|answer|write|to_review|publish)"`)

// resolved looks whether everything about a resolved incident is there, once.
func (r *rig) resolved(n int) {
	r.t.Helper()
	name := incident.Name(n)
	i, _ := r.fold(n)
	c := r.channelOf(i.Channel)
	told := 0
	for _, m := range c.Messages {
		if m.User == r.sim.BotUserID() && strings.HasPrefix(m.Text, "Resolved. Thank you.") {
			told++
		}
		rest := buttonsAfter.ReplaceAllString(string(m.Blocks), "")
		if strings.Contains(rest, `"action_id"`) {
			r.t.Errorf("%s is resolved, and a message has buttons still, besides Close and those of the post-mortem: %s %s", name, m.Text, m.Blocks)
		}
	}
	if told != 1 {
		r.t.Errorf("%s: the resolution is told %d times, want once", name, told)
	}
	if n := len(r.marked(c.Messages, "postmortem", name)); n != 1 {
		r.t.Errorf("%s: %d post-mortems in short, want one", name, n)
	}
	shared := 0
	for _, f := range r.sim.State().Files {
		if contains(f.Channels, c.ID) {
			shared++
		}
	}
	if shared != 2 {
		r.t.Errorf("%s: %d files are shared, want the one document and its picture", name, shared)
	}
}

// killed declares, kills the bot on the way, starts it again, and looks whether
// everything is there, once. It returns at what the bot was killed; "" when the
// declaration was over before.
func killed(t *testing.T, call, write int, done bool) string {
	at := ""
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{RateLimits: true, Seed: 7})
		g := &guillotine{next: r.sim}
		r.server.Handler = g
		r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
		defer r.close()
		r.start()
		g.arm(call, write, done)
		seen := r.command("eve", "general", "declare card payments fail sev1")
		r.pass(5 * time.Second)
		at = g.last
		r.stop()
		g.lift()
		r.start()
		if write == 1 && !done { // killed before anything was durable: then nothing was acknowledged
			if seen.Error == "" && !strings.Contains(seen.Text, "That did not work") {
				t.Errorf("killed before the commit, and eve saw %+v", seen)
			}
			return
		}
		r.pass(30 * time.Second)
		r.acked(1)
	})
	return at
}

// acked acknowledges an incident that was declared by eve as ada, and looks
// whether everything about it is there, exactly once, and says so.
func (r *rig) acked(n int) {
	r.t.Helper()
	name := incident.Name(n)
	pages := r.marked(r.dm("U0ADA"), "page", name)
	if len(pages) == 0 {
		r.t.Fatalf("%s: nobody was paged; ada has%s", name, list(r.dm("U0ADA")))
	}
	if _, err := r.sim.As("ada").Press(slacksim.Press{Channel: mustDM(r, "U0ADA"), TS: pages[len(pages)-1].TS, Label: "Acknowledge"}); err != nil {
		r.t.Fatal(err)
	}
	r.pass(time.Minute)
	var channels []slacksim.Channel
	for _, c := range r.sim.State().Channels {
		if strings.HasPrefix(c.Name, fmt.Sprintf("inc-%d", n)) {
			channels = append(channels, c)
		}
		for _, m := range c.Messages {
			if m.User == r.sim.BotUserID() && shows(m, name) && shows(m, `"action_id":"ack"`) {
				r.t.Errorf("%s is acknowledged, and a message in %s%s offers it still: %s %s", name, c.Name, c.ID, m.Text, m.Blocks)
			}
		}
	}
	if len(channels) != 1 {
		r.t.Fatalf("%s has %d channels, want one", name, len(channels))
	}
	c := channels[0]
	if cards := r.marked(c.Messages, "card", name); len(cards) != 1 || len(c.Pins) != 1 || c.Pins[0].TS != cards[0].TS {
		r.t.Errorf("%s: %d cards, pins %v; want one card, pinned", name, len(cards), c.Pins)
	}
	if lines := r.marked(r.channel("incidents").Messages, "announce", name); len(lines) != 1 || !shows(lines[0], c.ID) {
		r.t.Errorf("%s: %d announcements, want one that leads to the channel:%s", name, len(lines), list(lines))
	}
	for _, user := range []string{"U0EVE", "U0ADA"} {
		if !contains(c.Members, user) {
			r.t.Errorf("%s: members %v, want %s among them", name, c.Members, user)
		}
	}
	if c.Topic.Value == "" || c.Purpose.Value == "" {
		r.t.Errorf("%s: topic %q, purpose %q; want both", name, c.Topic.Value, c.Purpose.Value)
	}
	said := 0
	for _, m := range c.Messages {
		if m.User == r.sim.BotUserID() && strings.Contains(m.Text, "is on it,") {
			said++
		}
	}
	if said != 1 {
		r.t.Errorf("%s: the acknowledgement is told %d times, want once", name, said)
	}
	if i, _ := r.fold(n); i.AcknowledgedBy != "person:ada" {
		r.t.Errorf("%s is acknowledged by %q, want ada", name, i.AcknowledgedBy)
	}
}

// marked returns the messages that a kind of job posted for an incident.
func (r *rig) marked(where []slacksim.Message, kind, name string) []slacksim.Message {
	r.t.Helper()
	var found []slacksim.Message
	for _, m := range where {
		if m.Metadata == nil {
			continue
		}
		var payload map[string]any
		if err := json.Unmarshal(m.Metadata.EventPayload, &payload); err != nil {
			r.t.Fatal(err)
		}
		if payload["kind"] == kind && payload["incident"] == name {
			found = append(found, m)
		}
	}
	return found
}
