package bot

import (
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

// TestNoChannelAtAll cannot open the channel for announcements again, nor make
// another one: people on call get what was to be said there.
func TestNoChannelAtAll(t *testing.T) {
	inBubble(t, slacksim.Options{NoUnarchive: true}, func(r *rig) {
		r.archive("incidents")
		r.fault(slacksim.Fault{Method: "conversations.create", Error: "restricted_action"})
		if err := r.desk.Alarm(t.Context(), "the disk is nearly full"); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		r.find(r.dm("U0ADA"), "the disk is nearly full")
	})
}

// TestIncidentChannelArchived archives the channel of an incident that goes on: it
// is opened again, and what was to be said is said there.
func TestIncidentChannelArchived(t *testing.T) {
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
