package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// lines counts the lines that Slack itself posts in a channel about its topic or
// its purpose.
func lines(c slacksim.Channel, subtype string) int {
	n := 0
	for _, m := range c.Messages {
		if m.Subtype == subtype {
			n++
		}
	}
	return n
}

// TestTopicIsNoNoise changes an incident in a burst, and restarts the bot: each
// setting of a topic is a line that everybody in the channel reads.
func TestTopicIsNoNoise(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout & https://shop.example are down")
		r.pass(30 * time.Second)
		c := r.channelOf(r.incidentChannel(1))
		if n := lines(c, "channel_topic"); n != 1 {
			t.Errorf("%d lines about the topic after the declaration, want 1", n)
		}
		for _, text := range []string{"ack", "sev3", "sev2", "title checkout, example.com and <search> are down"} {
			if seen := r.command("ada", c.ID, text); seen.Error != "" {
				t.Fatalf("%s: %+v", text, seen)
			}
			r.pass(1500 * time.Millisecond)
		}
		r.pass(30 * time.Second)
		c = r.channelOf(c.ID)
		if n := lines(c, "channel_topic"); n != 2 {
			t.Errorf("%d lines about the topic after a burst of changes, want 2", n)
		}
		if !strings.Contains(c.Topic.Value, "sev2") || !strings.Contains(c.Topic.Value, "search") {
			t.Errorf("the topic is %q, want the newest", c.Topic.Value)
		}
		r.stop()
		r.start()
		r.command("ada", c.ID, "role commander @ada")
		r.pass(time.Minute)
		if n := lines(r.channelOf(c.ID), "channel_topic"); n != 2 {
			t.Errorf("%d lines about the topic after a restart and a new commander, want still 2: it has not changed", n)
		}
		r.command("ada", c.ID, "resolve")
		r.pass(time.Minute)
		c = r.channelOf(c.ID)
		if n := lines(c, "channel_topic"); n != 3 || !strings.Contains(c.Topic.Value, "resolved") {
			t.Errorf("%d lines, topic %q; want a third that says resolved", n, c.Topic.Value)
		}
		if n := lines(c, "channel_purpose"); n != 1 {
			t.Errorf("%d lines about the purpose, want 1", n)
		}
	})
}

// TestPurposeOnce loses the answer of setPurpose and restarts: one line all the same.
func TestPurposeOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.fault(slacksim.Fault{Method: "conversations.setPurpose", After: true, Times: 1})
		r.command("eve", "general", "declare checkout is down")
		r.pass(time.Minute)
		r.stop()
		r.start()
		r.pass(time.Minute)
		c := r.channelOf(r.incidentChannel(1))
		if n := lines(c, "channel_purpose"); n != 1 || c.Purpose.Value == "" {
			t.Errorf("%d lines about the purpose %q, want 1", n, c.Purpose.Value)
		}
		if strings.Contains(c.Purpose.Value, "verything") {
			t.Errorf("the purpose promises too much: %q", c.Purpose.Value)
		}
	})
}

// incidentChannel is the ID of an incident's channel.
func (r *rig) incidentChannel(n int) string {
	r.t.Helper()
	p, err := r.desk.Artifacts(r.t.Context(), n)
	if err != nil || p.Channel == "" {
		r.t.Fatalf("incident %d has no channel: %v", n, err)
	}
	return p.Channel
}
