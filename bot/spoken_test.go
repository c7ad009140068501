package bot

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestWordsWithAPicture: what somebody writes to the bot counts as much when a file hangs
// on it, at once and read back after an outage.
func TestWordsWithAPicture(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		graph := slacksim.File{Name: "graph.png", Content: []byte("PNG")}
		share := func(user, channel, text string) {
			t.Helper()
			_, err := r.sim.As(user).Share(channel, text, graph)
			r.ok(err)
		}
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(2 * time.Minute)
		room, dm := r.incidentChannel(1), mustDM(r, "U0ADA")
		r.ok(r.sim.As("bob").Join(room))
		share("ada", dm, "ack")
		r.pass(5 * time.Second)
		if i, _ := r.fold(1); i.AcknowledgedBy != incident.Person("ada") {
			t.Errorf("acknowledged by %q, want ada, who wrote ack below a picture", i.AcknowledgedBy)
		}
		r.deafFor(20*time.Minute, func() {
			share("ada", dm, "list")
			share("bob", room, "<@"+r.sim.BotUserID()+"> what is this?")
		})
		r.pass(3 * time.Minute)
		if n := told(r.dm("U0ADA"), "not connected"); n != 1 {
			t.Errorf("ada is told %d times that it was not heard, want once:%s", n, list(r.dm("U0ADA")))
		}
		if n := told(r.channelOf(room).Messages, "have not acted on what you wrote"); n != 1 {
			t.Errorf("bob is told %d times, want once:%s", n, list(r.channelOf(room).Messages))
		}
	})
}
