package bot

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// between stands between the bot and Slack, and answers some calls itself.
type between struct {
	next http.Handler

	mu     sync.Mutex
	answer func(method string, form url.Values) string // cut, an answer, or nothing for Slack's own
}

func (b *between) set(f func(method string, form url.Values) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

// ServeHTTP answers a call, or lets Slack do so.
func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, ok := strings.CutPrefix(r.URL.Path, "/api/")
	b.mu.Lock()
	f := b.answer
	b.mu.Unlock()
	if !ok || f == nil || method != "chat.postMessage" && method != "chat.update" {
		b.next.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	switch answer := f(method, form); answer {
	case "":
		b.next.ServeHTTP(w, r)
	case "cut": // after longer than a call may take
		select {
		case <-time.After(20 * time.Second):
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}
}

func withBetween(t *testing.T, roster string, f func(*rig, *between)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		r.roster = roster
		b := &between{next: r.sim}
		r.server.Handler = b
		defer r.close()
		r.start()
		f(r, b)
	})
}

// apartRoster has two services whose pages go to two people.
const apartRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo}
policies:
  - {id: adas, steps: [{notify: [person:ada], wait: 1h}], last_resort: [channel:incidents]}
  - {id: bobs, steps: [{notify: [person:bob], wait: 1h}], last_resort: [channel:incidents]}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: adas}
  - {id: search, name: Search, kind: service, team: payments, policy: bobs}
defaults: {service: checkout, policy: adas}
`

// TestOutageDigest lets Slack fail for minutes while pages of all kinds wait:
// when it is back they arrive, and so does what comes after that.
func TestOutageDigest(t *testing.T) {
	t.Parallel()
	longLife(t)
	t.Run("a shared page and one by hand", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			r.declare(1, "")
			r.declare(2, "")
			r.pass(2 * time.Second)
			r.fault(slacksim.Fault{Method: "chat.postMessage", Status: 503})
			r.fault(slacksim.Fault{Method: "chat.update", Status: 503})
			r.declare(3, "")
			r.command("eve", "general", "page INC-3 <@U0ADA> please come")
			r.pass(4 * time.Minute)
			r.sim.ClearFaults()
			r.pass(3 * time.Minute)
			r.declare(4, "")
			r.declare(5, "")
			r.pass(3 * time.Minute)
			for n := 3; n <= 5; n++ {
				r.find(r.dm("U0ADA"), fmt.Sprintf("trouble number %d", n))
			}
			r.find(r.dm("U0ADA"), "please come")
		})
	})
	t.Run("a second round that joins", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			r.fault(slacksim.Fault{Method: "chat.postMessage", Status: 503})
			r.declare(1, "")
			r.pass(95 * time.Second) // with nobody reached, the second round begins after 100 s
			r.declare(2, "")
			r.pass(4 * time.Minute)
			r.sim.ClearFaults()
			r.pass(10 * time.Minute)
			before := len(r.dm("U0ADA"))
			r.declare(3, "")
			r.pass(3 * time.Minute)
			if len(r.dm("U0ADA")) == before {
				t.Errorf("ada has no page about INC-3, ten minutes after Slack came back:%s", list(r.dm("U0ADA")))
			}
			r.command("eve", "general", "page INC-3 <@U0CLEO> please come")
			r.pass(time.Minute)
			r.find(r.dm("U0CLEO"), "please come")
		})
	})
}

// TestTakenWhileAnotherPosts: bob has INC-3 before the message that another page
// posts about it stands; it does not go on asking.
func TestTakenWhileAnotherPosts(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.pass(5 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Error: "token_expired"})
		r.declare(2, "")
		r.pass(3 * time.Second)
		r.declare(3, "")
		r.pass(20 * time.Second)
		r.sim.ClearFaults()
		r.fault(slacksim.Fault{Method: "chat.postMessage", Latency: 6 * time.Second})
		r.pass(38 * time.Second) // a second after the message about both is under way
		r.command("bob", "general", "ack INC-3")
		r.pass(10 * time.Second)
		r.sim.ClearFaults()
		r.pass(10 * time.Minute)
		if m := r.dm("U0ADA")[1]; about(m, 3) != "2,3" || shows(m, "2 incidents need you") {
			t.Errorf("bob has INC-3 for ten minutes and ada's message says %s", m.Blocks)
		}
	})
}

// TestNotToldAsPaged: a page that was taken back before its turn is none.
func TestNotToldAsPaged(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Latency: 8 * time.Second})
		r.declare(2, "")
		r.pass(time.Second)
		r.declare(3, "")
		r.pass(time.Second)
		r.command("bob", "general", "ack INC-3")
		r.pass(30 * time.Second)
		if got := r.abouts("U0ADA", 3); got != "1 2" {
			t.Fatalf("ada has %q", got)
		}
		_, events := r.fold(3)
		for _, e := range events {
			if e.Kind == incident.KindPaged && e.Person == "person:ada" {
				t.Errorf("INC-3 was never shown to ada, and its timeline says %+v", e)
			}
		}
	})
}

// TestEditRefused: what cannot be shown by an edit is posted.
func TestEditRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"edit_window_closed", "invalid_blocks", "msg_too_long", "channel_not_found"} {
		t.Run(code, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				r.declare(1, "")
				r.declare(2, "")
				r.pass(2 * time.Second)
				r.fault(slacksim.Fault{Method: "chat.update", Error: code})
				r.declare(3, "")
				r.pass(3 * time.Second)
				if got, want := r.abouts("U0ADA", 3), "1 2 2,3"; got != want {
					t.Errorf("ada's messages are about %q, want %q", got, want)
				}
			})
		})
	}
}

// TestOneCopyIsStuck: a copy that cannot be edited any more keeps no other from it.
func TestOneCopyIsStuck(t *testing.T) {
	t.Parallel()
	withBetween(t, rosterText, func(r *rig, b *between) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "")
		}
		r.pass(70 * time.Second)
		if got := r.abouts("U0ADA", 3); got != "1 2,3 2,3" {
			t.Fatal(got)
		}
		first := r.dm("U0ADA")[1].TS
		b.set(func(method string, form url.Values) string {
			if method == "chat.update" && form.Get("ts") == first {
				return `{"ok":false,"error":"edit_window_closed"}`
			}
			return ""
		})
		r.command("bob", "general", "ack INC-2")
		r.command("bob", "general", "ack INC-3")
		r.pass(3 * time.Minute)
		if m := r.dm("U0ADA")[2]; shows(m, "incidents need you") {
			t.Errorf("the newer copy can be edited, and still asks: %s", m.Blocks)
		}
	})
}

// TestEditsHeld: Slack wants no edits for five minutes, and takes posts. What
// joined is shown at the end of the minute at the latest.
func TestEditsHeld(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.update", Status: 429, RetryAfter: 300, Times: 1})
		r.declare(3, "")
		r.pass(61 * time.Second)
		if got, want := r.abouts("U0ADA", 3), "1 2 2,3"; got != want {
			t.Errorf("after a minute ada's messages are about %q, want %q", got, want)
		}
	})
}

// TestRefreshHeld: a refresh that Slack does not take for minutes holds up no page
// of the same message, and is made in the end.
func TestRefreshHeld(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "")
		}
		r.pass(2 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.update", Status: 429, RetryAfter: 300})
		r.command("bob", "general", "ack INC-3")
		r.pass(2 * time.Second)
		r.declare(4, "")
		r.pass(61 * time.Second)
		r.sim.ClearFaults()
		if got, want := r.abouts("U0ADA", 4), "1 2,3 2,3,4"; got != want {
			t.Errorf("after a minute ada's messages are about %q, want %q", got, want)
		}
		r.pass(5 * time.Minute)
		for _, m := range r.dm("U0ADA")[1:3] {
			if about(m, 4) != "2,3,4" || !shows(m, "2 incidents need you") {
				t.Errorf("six minutes after bob took INC-3 a copy shows %s", m.Blocks)
			}
		}
	})
}

// TestDiskFullInDigest fills the disk at three moments of a shared message: it is
// not posted again and again, and when there is room it is known and edited.
func TestDiskFullInDigest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		when string
		fill func(r *rig, disk *full)
		most int // messages to ada
	}{
		{"while it is posted", func(r *rig, disk *full) {
			r.declare(1, "")
			r.pass(2 * time.Second)
			r.fault(slacksim.Fault{Method: "chat.postMessage", Latency: 2 * time.Second})
			r.declare(2, "")
			r.declare(3, "")
			disk.is.Store(true)
		}, 3},
		{"before it rings", func(r *rig, disk *full) {
			for n := 1; n <= 3; n++ {
				r.declare(n, "")
			}
			r.pass(30 * time.Second)
			disk.is.Store(true)
		}, 3},
		{"while it is edited", func(r *rig, disk *full) {
			r.declare(1, "")
			r.declare(2, "")
			r.pass(5 * time.Second)
			r.fault(slacksim.Fault{Method: "chat.update", Latency: time.Second})
			r.declare(3, "")
			disk.is.Store(true)
		}, 3},
	} {
		t.Run(c.when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slacksim.Options{})
				disk := &full{}
				r.wrap = disk.over
				defer r.close()
				r.start()
				c.fill(r, disk)
				r.pass(5 * time.Minute)
				if n := len(r.dm("U0ADA")); n > c.most {
					t.Errorf("ada has %d messages while the disk is full, want at most %d", n, c.most)
				}
				disk.is.Store(false)
				r.sim.ClearFaults()
				r.pass(2 * time.Minute)
				r.checkDigest("after the disk was full")
			})
		})
	}
}

// TestOneConversationHangs: Slack does not answer edits in ada's conversation.
// Nobody else waits for it, neither with a page nor with an incident's channel.
func TestOneConversationHangs(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	hang := func(r *rig, b *between) {
		ada, _ := r.sim.State().DM("U0ADA", r.sim.BotUserID())
		b.set(func(method string, form url.Values) string {
			if method == "chat.update" && form.Get("channel") == ada.ID {
				return "cut"
			}
			return ""
		})
	}
	withBetween(t, apartRoster, func(r *rig, b *between) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(2 * time.Second)
		hang(r, b)
		for n := 3; n <= 40; n++ {
			r.declare(n, "")
		}
		r.pass(time.Second)
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(2 * time.Second)
		r.command("eve", "general", "declare search is down service:search")
		r.pass(5 * time.Second)
		if n := len(r.dm("U0BOB")); n != 2 {
			t.Errorf("bob, whose conversation works, has %d pages after five seconds, want 2", n)
		}
	})
	withBetween(t, apartRoster, func(r *rig, b *between) {
		for n := 1; n <= 41; n++ {
			r.declare(n, "")
		}
		r.pass(2 * time.Minute)
		hang(r, b)
		r.pressOn("ada", r.dm("U0ADA")[1], "ack_all", "")
		r.pass(time.Second)
		r.command("eve", "general", "declare search is down service:search")
		r.pass(20 * time.Second)
		if i, _ := r.fold(42); i.Channel == "" {
			t.Error("the new incident has no channel after twenty seconds")
		}
	})
}

// crowdRoster has a step of many people by Slack and one of twenty by text message.
func crowdRoster(people int) string {
	var b, all, others strings.Builder
	b.WriteString("people:\n  - {id: ada, name: Ada Okafor, slack: U0ADA}\n  - {id: bob, name: Bob Stone, slack: U0BOB}\n")
	for n := range people {
		fmt.Fprintf(&b, "  - {id: p%d, name: P %d, slack: U0P%d}\n", n, n, n)
		fmt.Fprintf(&all, "person:p%d, ", n)
	}
	for n := range 20 {
		fmt.Fprintf(&b, "  - {id: q%d, name: Q %d, phone: \"+49151000%05d\", rules: {high: [{via: sms}]}}\n", n, n, n)
		fmt.Fprintf(&others, "person:q%d, ", n)
	}
	fmt.Fprintf(&b, `
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: ada}
policies:
  - {id: all, steps: [{notify: [%s person:ada], wait: 1h}], last_resort: [channel:incidents]}
  - {id: others, steps: [{notify: [%s], wait: 1h}], last_resort: [channel:incidents]}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: all}
  - {id: search, name: Search, kind: service, team: payments, policy: others}
defaults: {service: checkout, policy: all}
`, all.String(), strings.TrimSuffix(others.String(), ", "))
	return b.String()
}

// TestCrowd: what happens to an incident that paged many people has room in one
// transaction, and all of their messages say so.
func TestCrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		people := []slacksim.Person{}
		for n := range 40 {
			people = append(people, slacksim.Person{ID: fmt.Sprintf("U0P%d", n), Name: fmt.Sprintf("p%d", n)})
		}
		r := newRig(t, slacksim.Options{People: people})
		r.roster, r.world = crowdRoster(40), newProviders()
		defer r.close()
		r.start()
		r.command("eve", "general", "declare trouble number 1 service:search")
		r.declare(2, "")
		r.pass(5 * time.Second)
		r.command("eve", "general", "declare trouble number 3 service:search")
		r.pass(5 * time.Second)
		if seen := r.command("eve", "general", "service INC-3 checkout"); strings.Contains(seen.Text, "did not work") {
			t.Errorf("another service: %s", seen.Text)
		}
		r.pass(10 * time.Second)
		if seen := r.command("bob", "general", "ack INC-3"); strings.Contains(seen.Text, "did not work") {
			t.Errorf("an acknowledgement: %s", seen.Text)
		}
		r.pass(time.Minute)
		for _, user := range append([]string{"U0ADA"}, ids(people)...) {
			shown := false
			for _, m := range r.dm(user) {
				shown = shown || about(m, 3) == "3"
				if about(m, 3) == "3" && shows(m, `"action_id":"ack"`) {
					t.Errorf("%s is still asked for INC-3: %s", user, m.Blocks)
				}
			}
			if !shown {
				t.Errorf("%s was never asked for INC-3", user)
			}
		}
	})
}

func ids(people []slacksim.Person) []string {
	var list []string
	for _, p := range people {
		list = append(list, p.ID)
	}
	return list
}

// TestKilledThenJoined: the bot is killed when Slack had posted the message and
// that was not recorded, and another page joins before the first is tried again.
func TestKilledThenJoined(t *testing.T) {
	t.Parallel()
	hit := false
	for n := 0; n < 65 && !hit; n++ { // which call it is differs from time to time
		call := 1 + n%13
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, slacksim.Options{Seed: 7})
			g := &guillotine{next: r.sim}
			r.server.Handler = g
			r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
			defer r.close()
			r.start()
			r.declare(1, "")
			r.pass(5 * time.Second)
			g.arm(call, 0, true)
			_, _ = r.sim.As("eve").Command("general", "/incident", "declare trouble number 2") // it may be cut short
			r.pass(2 * time.Second)
			if hit = len(r.dm("U0ADA")) == 2 && g.last == "chat.postMessage"; !hit {
				return
			}
			r.stop()
			g.lift()
			r.fault(slacksim.Fault{Method: "chat.postMessage", Error: "token_expired", Times: 1})
			r.start()
			r.pass(5 * time.Second)
			r.declare(3, "")
			r.pass(3 * time.Minute)
			r.checkDigest("killed, then joined")
		})
	}
	if !hit {
		t.Error("never killed at the post of the page")
	}
}

// TestBellRefused: a ring that Slack refuses is a page that failed.
func TestBellRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "")
		}
		r.pass(30 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Error: "restricted_action"})
		r.pass(2 * time.Minute)
		r.command("bob", "general", "ack INC-2") // which refreshes the message
		r.pass(10 * time.Second)
		for n, want := range []int{0, 0, 1} {
			_, events := r.fold(n + 1)
			refused := 0
			for _, e := range events {
				if e.Kind == incident.KindPageFailed && e.Person == "person:ada" && e.Step == 0 {
					refused++
				}
			}
			if refused != want {
				t.Errorf("INC-%d tells of %d rings that were refused, want %d", n+1, refused, want)
			}
		}
	})
}

// TestLostBell: the second ring is posted and its answer is lost. Whatever stands
// says what became of it.
func TestLostBell(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "")
		}
		r.pass(30 * time.Second)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Reset: true, After: true, Times: 1})
		r.pass(2 * time.Minute)
		if got, want := r.abouts("U0ADA", 3), "1 2,3 2,3 2,3"; got != want {
			t.Errorf("ada's messages are about %q, want %q", got, want)
		}
		r.checkDigest("a ring was lost")
	})
}

// TestUserChanged: ada has another Slack user within the minute. What joins is
// for the new one, and the other one, who is a stranger, sees nothing of it.
func TestUserChanged(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(2 * time.Second)
		r.apply(strings.ReplaceAll(r.roster, "slack: U0ADA", "slack: U0EVE"))
		r.declare(3, "")
		r.pass(10 * time.Second)
		if old, now := r.abouts("U0ADA", 3), r.abouts("U0EVE", 3); old != "1 2" || now != "2,3" {
			t.Errorf("the old user's messages are about %q and the new one's about %q, want 1 2 and 2,3", old, now)
		}
	})
}

// TestPrivateIsNotNamed: the timeline of an incident that all may see does not
// tell of a private one that shared its page.
func TestPrivateIsNotNamed(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.declare(1, "")
		r.declare(2, "")
		r.pass(time.Second)
		r.command("eve", "general", "declare payroll data of the board leaked private")
		r.pass(time.Second)
		r.declare(4, "")
		r.pass(10 * time.Second)
		if i, _ := r.fold(3); !i.Private {
			t.Fatalf("not private: %+v", i)
		}
		_, events := r.fold(4)
		if all := said(events); strings.Contains(all, "INC-3") || strings.Contains(all, "others") || !strings.Contains(all, "in one message about INC-2, INC-4") {
			t.Errorf("the timeline of INC-4 says %q", all)
		}
	})
}

// TestShortLadder: an escalation whose steps are shorter than the minute would climb
// past people who heard nothing, so each of its pages rings.
func TestShortLadder(t *testing.T) {
	t.Parallel()
	short := strings.ReplaceAll(apartRoster, "wait: 1h", "wait: 20s")
	inBubbleWith(t, short, func(r *rig) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "")
		}
		r.pass(5 * time.Second)
		if got := r.abouts("U0ADA", 3); got != "1 2 3" {
			t.Errorf("ada's messages are about %q, want each incident in its own", got)
		}
	})
}

// slowDisk takes its time for each commit.
type slowDisk struct {
	storage.Engine
	each *time.Duration
}

// Commit waits, and commits.
func (s slowDisk) Commit(ctx context.Context, changes []storage.Change) error {
	time.Sleep(*s.each)
	return s.Engine.Commit(ctx, changes)
}

// TestAckAllOnSlowDisk: Slack hears of the press in time, and all forty are
// acknowledged even when the disk needs longer. A hundred, and a disk that needs
// little, are tried with EVERY_CASE=1.
func TestAckAllOnSlowDisk(t *testing.T) {
	t.Parallel()
	disks := []time.Duration{300 * time.Millisecond}
	if everyCase {
		disks = append(disks, 20*time.Millisecond)
	}
	for _, each := range disks {
		t.Run(each.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slacksim.Options{})
				wait := time.Duration(0)
				r.wrap = func(e storage.Engine) storage.Engine { return slowDisk{e, &wait} }
				defer r.close()
				r.start()
				many := cases(100, 40, 30)
				for n := range many + 1 {
					r.declare(n+1, "")
				}
				r.pass(2 * time.Minute)
				wait = each
				start := time.Now()
				r.pressOn("ada", r.dm("U0ADA")[1], "ack_all", "")
				took := time.Since(start)
				r.pass(time.Minute)
				acked := 0
				for n := range many {
					if i, _ := r.fold(n + 2); i.Acked() {
						acked++
					}
				}
				if acked != many || took > 3*time.Second || r.whispers("ada") != "" {
					t.Errorf("%d of %d acknowledged, the press taken after %s; ada is told: %s", acked, many, took, r.whispers("ada"))
				}
			})
		})
	}
}
