package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// agreed is the roster with an agreement of the service.
const agreed = `
agreements:
  - id: gold
    kind: sla
    words: We answer within two minutes.
    targets:
      sev1: {acknowledge: 2m, update: 10m, restore: 20m}
`

// TestS11AgreementsOwnTargets has the targets of the service's agreement hold: what it
// promises is missed after that, each once, and told in one line each.
func TestS11AgreementsOwnTargets(t *testing.T) {
	t.Parallel()
	roster := strings.Replace(rosterText, "    kind: product\n", "    kind: product\n    agreement: gold\n", 1) + agreed
	inBubbleWith(t, roster, func(r *rig) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(3 * time.Minute)
		room := r.incidentChannel(1)
		r.find(r.channelOf(room).Messages, "acknowledgement was due")
		r.command("ada", room, "ack")
		r.pass(6 * time.Minute)
		if n := len(r.reminders("U0ADA")); n != 1 {
			t.Errorf("%d reminders after nine minutes, want one: an update was promised after ten", n)
		}
		r.command("ada", room, "update we are on it")
		r.pass(12 * time.Minute)
		r.find(r.channelOf(room).Messages, "restore target has passed")
		_, events := r.fold(1)
		for _, p := range []incident.Promise{incident.PromiseAck, incident.PromiseUpdate, incident.PromiseRestore} {
			if n := missedOf(events, p); n != 1 {
				t.Errorf("%s was missed %d times in the record, want once", p, n)
			}
		}
		r.command("ada", room, "resolve")
		r.pass(time.Minute)
		before := len(events)
		r.command("ada", room, "sev 2 it was less")
		r.pass(2 * time.Hour)
		if _, events = r.fold(1); missedOf(events[before:], incident.PromiseRestore)+missedOf(events[before:], incident.PromiseUpdate) != 0 {
			t.Error("sev 2 on a resolved sev1 made something due again")
		}
	})
}

// TestS31TopicShowsTheNextPromise reads the topic: it says by when the next promise is to
// be kept, and is set once for each change that people must see, not each minute.
func TestS31TopicShowsTheNextPromise(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		topic := func() string { return r.channelOf(room).Topic.Value }
		for _, want := range []string{":red_circle: sev1", ":eyes: investigating", "commander Ada Okafor", "next update within 15 min, by 00:15 UTC", "card payments fail"} {
			if !strings.Contains(topic(), want) {
				t.Errorf("the topic %q does not say %q", topic(), want)
			}
		}
		n := lines(r.channelOf(room), "channel_topic")
		r.pass(10 * time.Minute)
		if got := lines(r.channelOf(room), "channel_topic"); got != n {
			t.Errorf("%d lines about the topic within ten minutes in which nothing changed, want none", got-n)
		}
		r.stop()
		r.start()
		r.command("ada", room, "status mitigating")
		r.command("ada", room, "status investigating")
		r.pass(30 * time.Second)
		if got := lines(r.channelOf(room), "channel_topic"); got != n {
			t.Errorf("%d lines about the topic after a restart, want none: it is as it was, however Slack writes its marks", got-n)
		}
		r.command("ada", room, "update we are on it")
		r.pass(30 * time.Second)
		if !strings.Contains(topic(), "next update within 30 min, by 00:41 UTC") {
			t.Errorf("after an update the topic is %q", topic())
		}
		r.command("ada", room, "mitigate rollback")
		r.pass(30 * time.Second)
		if strings.Contains(topic(), "next update") || !strings.Contains(topic(), ":adhesive_bandage: mitigated") {
			t.Errorf("after the mitigation the topic is %q", topic())
		}
		card := r.find(r.channelOf(room).Messages, "sev1, critical")
		if shows(card, "Next update by") {
			t.Errorf("the card still promises an update: %s", card.Blocks)
		}
	})
}
