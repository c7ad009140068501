package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestHeartbeatsThatComeIn: beats stop and the owner is paged; the bot is killed and
// started meanwhile; the beat returns and the channel hears it.
func TestHeartbeatsThatComeIn(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, rosterText+"heartbeats: [{name: nightly-backup, every: 10m, grace: 1m, service: search, severity: sev2}]\n", func(r *rig) {
		beat := func() {
			t.Helper()
			if known, err := r.alerts.Beat(r.t.Context(), alerts.Key{Name: "cron"}, "nightly-backup"); err != nil || !known {
				t.Fatalf("Beat() = %t, %v", known, err)
			}
			r.pass(time.Second)
		}
		const title = "No sign of life from nightly-backup since "
		pages := func() (n int) {
			for _, user := range []string{"U0ADA", "U0BOB"} {
				for _, m := range r.dm(user) {
					if shows(m, title) {
						n++
					}
				}
			}
			return n
		}
		for range 6 {
			beat()
			r.pass(10 * time.Minute)
		}
		if n := pages(); n > 0 {
			t.Fatalf("%d pages while it comes", n)
		}
		r.stop() // with the next beat due in its grace
		time.Sleep(5 * time.Minute)
		r.start()
		if n := pages(); n > 0 {
			t.Fatalf("%d pages at the start, want none before a full period", n)
		}
		r.pass(11 * time.Minute)
		if n := pages(); n != 1 {
			t.Fatalf("%d pages a full period after the start, want one", n)
		}
		i, _ := r.fold(1)
		if i.Service != "search" || !strings.Contains(i.Title, "the bot itself was away from") {
			t.Errorf("%s of %s", i.Title, i.Service)
		}
		if seen := r.command("eve", "general", "heartbeats"); !shows(slacksim.Message{Text: seen.Text, Blocks: seen.Blocks}, ":red_circle: *nightly-backup* · came ") {
			t.Errorf("/incident heartbeats shows %s %s", seen.Text, seen.Blocks)
		}
		r.command("ada", "general", "ack INC-1")
		r.pass(4 * time.Minute)
		beat()
		r.pass(time.Minute)
		said := r.channel(i.ChannelName).Messages
		r.find(said, "nightly-backup is back at")
		if m := r.find(said, "it was away for"); !says(m, "If customers are fine, resolve it.") || !says(m, "Resolve") || count(said, "The alert is over, says") != 0 {
			t.Errorf("the return is not one line with its button:%s", list(said))
		}
		if i, _ := r.fold(1); !i.AlertOver || !i.Status.Active() {
			t.Errorf("over is %t, the incident is %s; want that resolving it is offered", i.AlertOver, i.Status)
		}
		r.pass(5 * time.Minute)
		if n := pages(); n != 1 {
			t.Errorf("%d pages in the end, want one", n)
		}
	})
}
