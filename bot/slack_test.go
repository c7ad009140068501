package bot

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// declared are the methods of the Web API that a declaration needs.
var declared = []string{
	"chat.postMessage", "conversations.create", "conversations.invite", "conversations.setTopic", "conversations.setPurpose", "pins.add", "chat.update",
}

func (r *rig) fault(f slacksim.Fault) {
	r.t.Helper()
	if err := r.sim.Fault(f); err != nil {
		r.t.Fatal(err)
	}
}

// TestEveryMethodFails lets each method that a declaration needs fail in each
// way, once and, with EVERY_CASE=1, three times in a row: in the end everything is
// there, once.
func TestEveryMethodFails(t *testing.T) {
	t.Parallel()
	faults := map[string]slacksim.Fault{
		"500":            {Status: 500},
		"html":           {HTML: true},
		"reset":          {Reset: true},
		"lost":           {After: true},
		"429":            {Status: 429, RetryAfter: 7},
		"internal error": {Error: "internal_error"},
		"slow":           {Latency: 20 * time.Second}, // longer than we wait
	}
	repeats := []int{1}
	if everyCase {
		repeats = append(repeats, 3)
	}
	for _, method := range declared {
		for name, f := range faults {
			for _, times := range repeats {
				t.Run(fmt.Sprintf("%s/%s/%d", method, name, times), func(t *testing.T) {
					inBubble(t, slacksim.Options{Seed: 3}, func(r *rig) {
						f.Method, f.Times = method, times
						r.fault(f)
						r.command("eve", "general", "declare card payments fail sev1")
						r.pass(2 * time.Minute)
						r.sim.ClearFaults()
						r.acked(1)
					})
				})
			}
		}
	}
}

// TestLimited keeps to the Retry-After of one method, while all others go on.
func TestLimited(t *testing.T) {
	t.Parallel()
	for _, method := range declared {
		t.Run(method, func(t *testing.T) {
			inBubble(t, slacksim.Options{Seed: 3}, func(r *rig) {
				r.fault(slacksim.Fault{Method: method, Status: 429, RetryAfter: 40})
				before, start := r.last(), time.Now()
				r.command("eve", "general", "declare card payments fail sev1")
				r.pass(39 * time.Second)
				if method == "chat.update" { // nothing was edited yet
					r.command("ada", "general", "ack INC-1")
					r.pass(39 * time.Second)
				}
				calls := map[string]int{}
				for _, c := range r.sim.Calls(before) {
					switch {
					case c.Kind != "api":
					case method == "chat.postMessage" && c.Method == method && c.Args["channel"] != "U0ADA":
						// Slack counts posts by channel: a page to somebody else tries.
					default:
						calls[c.Method]++
					}
				}
				if calls[method] > int(time.Since(start)/(40*time.Second))+1 {
					t.Errorf("%s was called %d times within %s, want once per Retry-After", method, calls[method], time.Since(start))
				}
				switch method {
				case "chat.postMessage":
					r.channel("inc-1-card-payments-fail")
				case "conversations.create":
					if len(r.dm("U0ADA")) != 1 {
						t.Error("ada was not paged while channels are limited")
					}
					r.find(r.channel("incidents").Messages, "card payments fail")
				default:
					if len(r.dm("U0ADA")) != 1 || len(r.marked(r.channel("inc-1-card-payments-fail").Messages, "card", "INC-1")) != 1 {
						t.Error("no page or no card while a third thing is limited")
					}
				}
				r.sim.ClearFaults()
				r.pass(5 * time.Second)
				if took := time.Since(start); took > 3*time.Minute {
					t.Fatal("the test itself is too slow")
				}
				r.pass(time.Minute)
				if method != "chat.update" {
					r.acked(1)
				}
			})
		})
	}
}

// TestNobodyMayMakeChannels is in a workspace where only admins do: the page and
// the announcement go out, the caller is told, and the channel is made once it is
// allowed.
func TestNobodyMayMakeChannels(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"restricted_action", "missing_scope", "cannot_create_channel", "ekm_access_denied"} {
		t.Run(code, func(t *testing.T) {
			inBubble(t, slacksim.Options{Channels: []string{"incidents"}}, func(r *rig) {
				r.fault(slacksim.Fault{Method: "conversations.create", Error: code})
				r.command("eve", "general", "declare card payments fail sev1")
				r.pass(30 * time.Second)
				if len(r.dm("U0ADA")) != 1 {
					t.Errorf("ada was paged %d times, want once", len(r.dm("U0ADA")))
				}
				r.find(r.channel("incidents").Messages, "card payments fail")
				if told := r.whispers("eve"); !strings.Contains(told, "has no channel yet") || !strings.Contains(told, code) {
					t.Errorf("eve was told %s; want that there is no channel yet, and %s", told, code)
				}
				n := 0
				for _, c := range r.sim.Calls(0) {
					if c.Method == "conversations.create" {
						n++
					}
				}
				if n > 3 {
					t.Errorf("it was tried %d times in half a minute", n)
				}
				r.sim.ClearFaults()
				r.pass(5 * time.Minute)
				r.acked(1)
				if _, events := r.fold(1); strings.Count(said(events), "Could not make the channel yet") != 1 {
					t.Errorf("the timeline says %s", said(events))
				}
			})
		})
	}
}

func said(events []incident.Event) string {
	var lines []string
	for _, e := range events {
		lines = append(lines, string(e.Kind)+" "+e.Text)
	}
	return strings.Join(lines, "\n  ")
}

// TestNameTaken finds the channel's name in use: by somebody, by something
// archived, and by an incident of another store.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{Channels: []string{"inc-1-card-payments-fail"}}, func(r *rig) {
		id, err := r.sim.As("eve").Create("inc-1-card-payments-fail-2", slacksim.Public)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.sim.As("eve").Archive(id); err != nil {
			t.Fatal(err)
		}
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		r.channel("inc-1-card-payments-fail-3")
		i, _ := r.fold(1)
		if i.ChannelName != "inc-1-card-payments-fail-3" {
			t.Errorf("the channel is %q, want the third of its name", i.ChannelName)
		}
	})
}

// TestAnnouncements finds the channel for announcements in every state.
func TestAnnouncements(t *testing.T) {
	t.Parallel()
	told := func(r *rig) bool {
		return len(r.marked(r.channel("incidents").Messages, "announce", "INC-1")) == 1
	}
	t.Run("missing", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			r.command("eve", "general", "declare card payments fail")
			r.pass(30 * time.Second)
			if !told(r) {
				t.Error("not announced")
			}
		})
	})
	t.Run("bot is not a member", func(t *testing.T) {
		inBubble(t, slacksim.Options{Channels: []string{"incidents"}, Manifest: withoutPublic(t)}, func(r *rig) {
			if err := r.sim.As("eve").Kick("incidents", r.sim.BotUserID()); err != nil && !strings.Contains(err.Error(), "not_in_channel") {
				t.Logf("kick: %v", err)
			}
			r.command("eve", "general", "declare card payments fail")
			r.pass(30 * time.Second)
			if !told(r) {
				t.Error("not announced")
			}
		})
	})
	t.Run("private, and not a member", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			// The bot has made its own by now; another name is taken in private.
			r.stop()
			if _, err := r.sim.As("eve").Create("secret-incidents", slacksim.Private); err != nil {
				t.Fatal(err)
			}
			r.announce = "secret-incidents"
			r.start()
			r.command("eve", "general", "declare card payments fail")
			r.pass(30 * time.Second)
			if len(r.dm("U0ADA")) != 1 {
				t.Error("ada was not paged")
			}
			if _, events := r.fold(1); !strings.Contains(said(events), "Could not announce it: the bot is not in that channel; invite it") {
				t.Errorf("the timeline says %s; want why it was not announced", said(events))
			}
		})
	})
	t.Run("given as an ID, with a hash and capitals", func(t *testing.T) {
		inBubble(t, slacksim.Options{Channels: []string{"ops"}}, func(r *rig) {
			for n, name := range []string{r.channel("ops").ID, "#OPS"} {
				r.stop()
				r.announce = name
				r.start()
				r.command("eve", "general", fmt.Sprint("declare card payments fail ", n))
				r.pass(30 * time.Second)
				if got := r.marked(r.channel("ops").Messages, "announce", incident.Name(n+1)); len(got) != 1 {
					t.Errorf("announce_channel %q: %d announcements, want 1", name, len(got))
				}
			}
		})
	})
	t.Run("deleted by somebody", func(t *testing.T) {
		inBubble(t, slacksim.Options{}, func(r *rig) {
			r.command("eve", "general", "declare card payments fail")
			r.pass(30 * time.Second)
			line := r.marked(r.channel("incidents").Messages, "announce", "INC-1")[0]
			r.removed("incidents", line.TS)
			r.acked(1)
		})
	})
}

// TestCardDeleted posts the summary anew when somebody has deleted it.
func TestCardDeleted(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		c := r.channel("inc-1-card-payments-fail")
		r.removed(c.ID, r.marked(c.Messages, "card", "INC-1")[0].TS)
		r.acked(1)
	})
}

// TestArchivedByHand archives the channel of an incident that goes on, where it can
// neither be opened again nor replaced: nothing storms, the incident goes on, and the document goes to whoever resolves it.
func TestArchivedByHand(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{NoUnarchive: true}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		if err := r.sim.As("eve").Archive("inc-1-card-payments-fail"); err != nil {
			t.Fatal(err)
		}
		r.fault(slacksim.Fault{Method: "conversations.create", Error: "restricted_action"})
		before := r.last()
		for n := range 5 {
			r.command("ada", "general", fmt.Sprint("note INC-1 line ", n))
			r.pass(10 * time.Second)
		}
		r.command("ada", "general", "ack INC-1")
		r.pass(10 * time.Minute)
		calls := 0
		for _, c := range r.sim.Calls(before) {
			if c.Kind == "api" {
				calls++
			}
		}
		if calls > 40 {
			t.Errorf("%d calls for six acts on an archived channel", calls)
		}
		i, events := r.fold(1)
		if !i.Acked() || strings.Count(said(events), "is_archived") > 3 {
			t.Errorf("acknowledged: %t; the timeline says %s", i.Acked(), said(events))
		}
		r.command("cleo", "general", "resolve INC-1 the card network is back")
		r.pass(time.Minute)
		r.find(r.dm("U0CLEO"), "Post-mortem of INC-1")
		if !slices.ContainsFunc(r.dm("U0CLEO"), func(m slacksim.Message) bool {
			return len(m.Files) == 2 && strings.HasPrefix(m.Files[0].Name, "inc-1-post-mortem-")
		}) {
			t.Errorf("cleo, who resolved it, did not get the document:%s", list(r.dm("U0CLEO")))
		}
	})
}

// TestTakenOut takes the bot out of the incident's channel: it comes back.
func TestTakenOut(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		if err := r.sim.As("eve").Kick("inc-1-card-payments-fail", r.sim.BotUserID()); err != nil {
			t.Fatal(err)
		}
		r.acked(1)
	})
}

// TestInvitations has one of several people who cannot be invited, and one who is
// there already.
func TestInvitations(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		channel := r.channel("inc-1-card-payments-fail").ID
		if err := r.sim.As("cleo").Join(channel); err != nil {
			t.Fatal(err)
		}
		if err := r.sim.ChangePerson("bob", func(u *slacksim.User) { u.Deleted = true }); err != nil {
			t.Fatal(err)
		}
		r.command("ada", channel, "page @cleo @bob we need you")
		r.pass(time.Minute)
		r.command("ada", channel, "role communicator @cleo")
		r.pass(time.Minute)
		b, err := r.desk.Brief(r.t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range []string{"U0EVE", "U0ADA", "U0CLEO", "U0BOB"} {
			if !contains(b.Artifacts.Invited, u) && !contains(b.Artifacts.Present, u) { // cleo came by herself
				t.Errorf("invited: %v, there: %v, want %s among them", b.Artifacts.Invited, b.Artifacts.Present, u)
			}
		}
		if _, events := r.fold(1); !strings.Contains(said(events), "Could not invite Bob Stone") {
			t.Errorf("the timeline does not say that bob could not be invited: %s", said(events))
		}
		r.acked(1)
	})
}

// TestPeopleByMail pages somebody whose Slack user is known by mail address only:
// one who was found at the start, and one for whom that failed then.
func TestPeopleByMail(t *testing.T) {
	t.Parallel()
	for _, failing := range []bool{false, true} {
		t.Run(fmt.Sprint("failing at the start: ", failing), func(t *testing.T) {
			r := strings.Replace(rosterText, "slack: U0ADA", "email: ada@shop.example", 1)
			inBubbleWith(t, r, func(r *rig) {
				if failing {
					r.stop()
					r.fault(slacksim.Fault{Method: "users.lookupByEmail", Status: 500})
					r.start()
				}
				r.command("eve", "general", "declare card payments fail")
				if failing {
					r.pass(2 * time.Second)
					r.sim.ClearFaults()
				}
				r.pass(30 * time.Second)
				r.acked(1)
			})
		})
	}
	t.Run("unknown", func(t *testing.T) {
		inBubbleWith(t, strings.Replace(rosterText, "slack: U0ADA", "email: nobody@shop.example", 1), func(r *rig) {
			r.command("eve", "general", "declare card payments fail")
			r.pass(30 * time.Second)
			if len(r.dm("U0CLEO")) == 0 {
				t.Error("cleo was not paged at once, though nobody knows ada's Slack user")
			}
			if _, events := r.fold(1); !strings.Contains(said(events), "this person's Slack user is not known") {
				t.Errorf("the timeline says %s", said(events))
			}
		})
	})
}

// TestBlocksRefused has a Slack that takes no blocks: the page goes as plain
// words, and says how it is answered.
func TestBlocksRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{MaxContent: 10}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		r.find(r.dm("U0ADA"), "/incident ack INC-1")
		r.command("ada", "general", "ack INC-1")
		if i, _ := r.fold(1); !i.Acked() {
			t.Error("not acknowledged")
		}
	})
}

// TestRenamedWhileMade renames an incident whose channel was made, but whose
// answer was lost: there is one channel, not two.
func TestRenamedWhileMade(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.fault(slacksim.Fault{Method: "conversations.create", After: true, Times: 1})
		r.command("eve", "general", "declare card payments fail")
		r.command("eve", "general", "rename INC-1 everything is down")
		r.pass(time.Minute)
		r.acked(1)
	})
}

// removed deletes a message of the bot, as an admin can.
func (r *rig) removed(channel, ts string) {
	r.t.Helper()
	r.api("chat.delete", url.Values{"channel": {r.channel(channel).ID}, "ts": {ts}})
}

// withoutPublic is the manifest of an app that may post only where it is a member.
func withoutPublic(t *testing.T) []byte {
	var lines []string
	for line := range strings.Lines(string(manifest(t))) {
		if !strings.Contains(line, "chat:write.public") {
			lines = append(lines, line)
		}
	}
	return []byte(strings.Join(lines, ""))
}

// TestHundredsOfPages acknowledges after two hours of a ladder that repeats: all
// its pages change, as fast as Slack lets them, and nothing else waits for that.
func TestHundredsOfPages(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	roster := strings.NewReplacer("repeat: 1", "repeat: 120", "wait: 5m", "wait: 1m").Replace(rosterText)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{RateLimits: true, KeepCalls: 50_000})
		r.roster = roster
		defer r.close()
		r.start()
		r.command("eve", "general", "declare card payments fail")
		r.pass(2*time.Hour + 30*time.Minute)
		pages := len(r.dm("U0ADA")) + len(r.dm("U0CLEO"))
		if pages < 140 {
			t.Fatalf("%d pages in two and a half hours, want 150, or this tests nothing", pages)
		}
		r.command("cleo", "general", "ack INC-1")
		r.pass(5 * time.Second)
		newest := r.dm("U0CLEO")
		if shows(newest[len(newest)-1], `"action_id":"ack"`) {
			t.Error("the newest page to cleo still offers Acknowledge after five seconds")
		}
		r.pass(time.Duration(pages) * time.Minute / 40)
		for _, user := range []string{"U0ADA", "U0CLEO"} {
			for k, m := range r.dm(user) {
				if shows(m, `"action_id":"ack"`) {
					t.Fatalf("page %d of %d to %s still offers Acknowledge", k+1, len(r.dm(user)), user)
				}
			}
		}
	})
}
