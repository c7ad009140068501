package bot

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestChannelHears tells the incident's channel what those in it wait for: that
// nobody answered and who is asked now, and updates, which the announcement
// shows too.
func TestChannelHears(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(time.Minute)
		room := "inc-1-checkout-is-down"
		for _, m := range r.channel(room).Messages {
			if shows(m, "No answer yet") {
				t.Errorf("after a minute the channel hears %q", m.Text)
			}
		}
		r.pass(5 * time.Minute)
		r.find(r.channel(room).Messages, "No answer yet. Paging <@U0CLEO>.")

		r.command("cleo", room, "ack")
		seen := r.command("cleo", room, "update Card payments fail; cash works. Next update at 10:30.")
		if !seen.Ephemeral || seen.Text == "" {
			t.Errorf("update: seen %+v, want an answer", seen)
		}
		r.pass(10 * time.Second)
		r.find(r.channel(room).Messages, "*Update* by")
		r.find(r.channel("incidents").Messages, "Next update at 10:30.")
	})
}
