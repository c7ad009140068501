package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestOfferOfCommand moves command only when the one it was offered to takes it.
func TestOfferOfCommand(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("ada", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		room := "inc-1-checkout-is-down"
		r.command("ada", room, "ack")
		seen := r.command("ada", room, "role commander <@U0CLEO>")
		if !strings.Contains(seen.Text, "is asked to take command") {
			t.Errorf("offering command: seen %q, want that she is asked", seen.Text)
		}
		r.pass(10 * time.Second)
		offer := r.find(r.channel(room).Messages, "take_offer")
		if err := r.sim.As("bob").Join(room); err != nil {
			t.Fatal(err)
		}
		press := slacksim.Press{Channel: room, TS: offer.TS, Label: "Take command"}
		if _, err := r.sim.As("bob").Press(press); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if i, _ := r.fold(1); i.Holder(incident.Commander) != "person:ada" {
			t.Errorf("after somebody else pressed, the commander is %s, want ada still", i.Holder(incident.Commander))
		}
		told := false
		for _, w := range r.sim.State().Whispers["U0BOB"] {
			told = told || strings.Contains(w.Text, "<@U0CLEO> was asked to take command")
		}
		if !told {
			t.Error("bob was not told that it was offered to cleo")
		}
		if _, err := r.sim.As("cleo").Press(press); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if i, _ := r.fold(1); i.Holder(incident.Commander) != "person:cleo" {
			t.Errorf("after she took it, the commander is %s, want cleo", i.Holder(incident.Commander))
		}
	})
}

// TestBurstForOne pages one person many times in one moment: Slack refuses, and
// then takes one post a second. No storm of calls, and somebody else's page does
// not wait for it.
func TestBurstForOne(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		const burst = 16
		for n := range burst {
			r.command("eve", "general", fmt.Sprintf("declare sev4 small thing %d", n+1))
		}
		r.pass(time.Minute)
		if err := r.sim.Fault(slacksim.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: 2, Times: 1}); err != nil {
			t.Fatal(err)
		}
		before := len(r.sim.Calls(0))
		for n := range burst {
			r.command("eve", "general", fmt.Sprintf("page INC-%d <@U0ADA> checkout is down", n+1))
		}
		r.command("eve", "general", "page INC-1 <@U0CLEO> the database, please")
		r.pass(time.Second)
		r.find(r.dm("U0CLEO"), "the database, please")
		r.pass(time.Minute)
		pages, refused := 0, 0
		for _, m := range r.dm("U0ADA") {
			if shows(m, "checkout is down") {
				pages++
			}
		}
		for _, c := range r.sim.Calls(before) {
			if c.Method == "chat.postMessage" && c.Status == 429 {
				refused++
			}
		}
		if pages != burst || refused > 1 {
			t.Errorf("%d of %d pages arrived and %d posts were refused; want all and 1", pages, burst, refused)
		}
	})
}
