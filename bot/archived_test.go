package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// archive archives a channel by hand.
func (r *rig) archive(name string) {
	r.t.Helper()
	if err := r.sim.As("eve").Archive(name); err != nil {
		r.t.Fatal(err)
	}
}

// TestAnnouncementsArchived archives the channel for announcements, which is the
// last resort too, before and after the bot has used it. What is to be said there
// is said, and people learn of it.
func TestAnnouncementsArchived(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"while it runs", "before the start", "with a line in it"} {
		for _, can := range []bool{true, false} {
			name := at + ", cannot be opened again"
			if can {
				name = at + ", can be opened again"
			}
			t.Run(name, func(t *testing.T) {
				inBubble(t, slacksim.Options{NoUnarchive: !can}, func(r *rig) {
					if at == "with a line in it" {
						r.command("eve", "general", "declare checkout is down")
						r.pass(30 * time.Second)
					}
					if at == "before the start" {
						r.stop()
					}
					r.archive("incidents")
					if at == "before the start" {
						r.start()
					}
					if at != "with a line in it" {
						r.command("eve", "general", "declare checkout is down")
					} else {
						r.command("eve", "general", "sev1 INC-1")
					}
					r.pass(30 * time.Minute) // the ladder runs out: the last resort is told
					c := r.channel("incidents")
					if can {
						if c.IsArchived {
							r.t.Fatal("#incidents is still archived")
						}
					} else {
						c = r.channel("incidents-2")
					}
					for _, kind := range []string{"announce", "page_channel"} {
						if n := len(r.marked(c.Messages, kind, "INC-1")); n == 0 {
							t.Errorf("#%s has no message of the kind %s:%s", c.Name, kind, list(c.Messages))
						}
					}
					if n := count(r.dm("U0ADA"), "#incidents"); n != 1 {
						t.Errorf("ada, who is on call, was told %d times that #incidents was archived, want once:%s", n, list(r.dm("U0ADA")))
					}
					if c.Name != "incidents" && !strings.Contains(strings.Join(c.Members, " "), "U0ADA") {
						t.Errorf("ada is not in #%s: %v", c.Name, c.Members)
					}
				})
			})
		}
	}
}

// TestAnnouncementIsNotLost: an announcement waits while Slack does not let the bot
// open its archived channel again, nor find another one, and is posted then.
func TestAnnouncementIsNotLost(t *testing.T) {
	t.Parallel()
	for _, can := range []bool{true, false} {
		for _, method := range []string{"conversations.unarchive", "conversations.info", "conversations.create"} {
			for _, fault := range []slacksim.Fault{{Status: 503}, {Status: 429, RetryAfter: 5}, {Reset: true}} {
				t.Run(fmt.Sprint(can, method, fault.Status), func(t *testing.T) {
					inBubble(t, slacksim.Options{NoUnarchive: !can}, func(r *rig) {
						r.command("eve", "general", "declare checkout is down")
						r.pass(30 * time.Second)
						r.archive("incidents")
						fault.Method = method
						r.fault(fault)
						r.command("eve", "general", "sev1 INC-1")
						r.pass(20 * time.Second)
						r.sim.ClearFaults()
						r.pass(2 * time.Minute)
						name := "incidents"
						if !can {
							name = "incidents-2"
						}
						c := r.channel(name)
						found := r.marked(c.Messages, "announce", "INC-1")
						if c.IsArchived || len(found) == 0 || !shows(found[len(found)-1], "sev1") {
							t.Errorf("#%s (archived: %t) has not the announcement as it is now:%s", name, c.IsArchived, list(c.Messages))
						}
					})
				})
			}
		}
	}
}

// TestNoChannelAtAll cannot open the channel for announcements again, nor make
// another one: people on call get what was to be said there.
func TestNoChannelAtAll(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{NoUnarchive: true}, func(r *rig) {
		r.archive("incidents")
		r.fault(slacksim.Fault{Method: "conversations.create", Error: "restricted_action"})
		if err := r.desk.Alarm(r.t.Context(), "the disk is nearly full"); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		r.find(r.dm("U0ADA"), "the disk is nearly full")
	})
}

// TestIncidentChannelArchived archives the channel of an incident that goes on: it
// is opened again, and what was to be said is said there.
func TestIncidentChannelArchived(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		r.archive("inc-1-card-payments-fail")
		r.command("ada", "general", "ack INC-1")
		r.pass(30 * time.Second)
		c := r.channel("inc-1-card-payments-fail")
		if c.IsArchived {
			r.t.Fatal("it is still archived")
		}
		r.find(c.Messages, "opened again")
		r.command("ada", "general", "resolve INC-1")
		r.pass(time.Minute)
		r.archive("inc-1-card-payments-fail")
		r.command("ada", "general", "note INC-1 a last word")
		r.pass(time.Minute)
		if !r.channel("inc-1-card-payments-fail").IsArchived {
			t.Error("the channel of an incident that is over was opened again")
		}
	})
}

// TestIncidentMoves archives the channel of an incident that goes on where a bot
// cannot open it again: the incident moves to another one, with its people and its
// papers, and everybody can see where it is.
func TestIncidentMoves(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{NoUnarchive: true}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail")
		r.pass(30 * time.Second)
		r.archive("inc-1-card-payments-fail")
		r.command("ada", "general", "ack INC-1")
		r.pass(30 * time.Second)
		c := r.channel("inc-1-card-payments-fail-2")
		if members := strings.Join(c.Members, " "); !strings.Contains(members, "U0ADA") || !strings.Contains(members, "U0EVE") {
			t.Errorf("in the new channel are %s; want ada and eve", members)
		}
		if cards := r.marked(c.Messages, "card", "INC-1"); len(cards) != 1 {
			t.Errorf("%d summaries in the new channel, want 1:%s", len(cards), list(c.Messages))
		}
		if c.Topic.Value == "" || c.Purpose.Value == "" {
			t.Errorf("topic %q, purpose %q; want both", c.Topic.Value, c.Purpose.Value)
		}
		line := r.marked(r.channel("incidents").Messages, "announce", "INC-1")[0]
		if !shows(line, c.ID) {
			t.Errorf("the announcement does not lead to the new channel: %s", line.Blocks)
		}
		i, events := r.fold(1)
		if i.Channel != c.ID || !strings.Contains(said(events), "The incident goes on in #inc-1-card-payments-fail-2") {
			t.Errorf("the incident's channel is %s; the timeline says %s", i.Channel, said(events))
		}
		r.command("ada", c.ID, "resolve")
		r.pass(time.Minute)
		if i, _ := r.fold(1); i.Status.Active() {
			t.Error("a command in the new channel does not reach the incident")
		}
		n := 0
		for _, c := range r.sim.State().Channels {
			if strings.HasPrefix(c.Name, "inc-1-") {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d channels for one incident, want the old one and the new one", n)
		}
	})
}
