package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// notes counts the notes of incident 1 that hold words.
func (r *rig) notes(words string) (n int) {
	r.t.Helper()
	_, events := r.fold(1)
	for _, e := range events {
		if e.Kind == incident.KindNote && strings.Contains(e.Text, words) {
			n++
		}
	}
	return n
}

// loseNextAck lets what is delivered next be delivered twice, once what went
// before has arrived.
func (r *rig) loseNextAck() {
	r.t.Helper()
	r.pass(time.Second)
	if err := r.sim.Fault(slacksim.Fault{LoseAcks: 1}); err != nil {
		r.t.Fatal(err)
	}
}

// TestPinnedIntoTimeline: what somebody pins, or marks with a pushpin, belongs to the timeline, once,
// with whose words they are; what the bot pins, or what is pinned elsewhere, not.
func TestPinnedIntoTimeline(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(5 * time.Second)
		room := r.channel("inc-1-search-is-slow")
		pin := func(channel, by, author, text string) {
			t.Helper()
			m, err := r.sim.As(author).Message(channel, text, "")
			if err != nil {
				t.Fatal(err)
			}
			r.loseNextAck()
			if err := r.sim.As(by).Pin(channel, m.TS); err != nil {
				t.Fatal(err)
			}
			r.pass(10 * time.Second)
		}
		pin(room.Name, "eve", "eve", "the disk of node 7 is full")
		pin(room.Name, "eve", "ada", "it began with the deploy, <!channel>")
		pin("general", "eve", "eve", "lunch is at noon")
		m, err := r.sim.As("ada").Message(room.Name, "rolled back by hand", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"eve", "ada"} { // both, and then it is pinned as well
			if err := r.sim.As(who).React(room.Name, m.TS, "pushpin"); err != nil {
				t.Fatal(err)
			}
			r.pass(5 * time.Second)
		}
		if err := errors.Join(r.sim.As("eve").React(room.Name, m.TS, "eyes"), r.sim.As("eve").Pin(room.Name, m.TS)); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		reply, err := r.sim.As("eve").Message(room.Name, "it holds since then", m.TS)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.sim.As("eve").React(room.Name, reply.TS, "pushpin"); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if got := r.notes("rolled back by hand"); got != 1 {
			t.Errorf("%d notes for a message marked three times, want 1", got)
		}
		if got := r.notes("it holds since then"); got != 1 {
			t.Errorf("%d notes for a marked reply, want 1", got)
		}
		if got := r.notes("the disk of node 7 is full"); got != 1 {
			t.Errorf("%d notes for a pinned message, want 1", got)
		}
		_, events := r.fold(1)
		for _, e := range events {
			if strings.Contains(e.Text, "it began with the deploy") && (e.Person != "person:ada" || e.By != "slack:U0EVE") {
				t.Errorf("what Ada wrote and Eve pinned is recorded as %+v", e)
			}
		}
		if got := r.notes("it began with the deploy"); got != 1 {
			t.Errorf("%d notes for what somebody else pinned, want 1 with who wrote it", got)
		}
		if r.notes("<!channel>") > 0 || r.notes("lunch") > 0 || r.notes("") != 4 {
			t.Errorf("%d notes, want 4 and no mention that rings", r.notes(""))
		}
	})
}

// TestTypedToTheBot: a page is answered by writing back; nonsense gets words;
// one delivery more changes nothing.
func TestTypedToTheBot(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(5 * time.Second)
		write := func(who, text string) []slacksim.Message {
			t.Helper()
			a := r.sim.As(who)
			dm, err := a.OpenDM(r.sim.BotUserID())
			if err != nil {
				t.Fatal(err)
			}
			r.loseNextAck()
			if _, err := a.Message(dm, text, ""); err != nil {
				t.Fatal(err)
			}
			r.pass(10 * time.Second)
			return slices.DeleteFunc(r.dm("U0"+strings.ToUpper(who)), func(m slacksim.Message) bool { return m.User != r.sim.BotUserID() })
		}
		r.find(write("eve", strings.Repeat("🚨", 4000)), "What can be done here")
		if i, _ := r.fold(1); i.Acked() {
			t.Fatal("acknowledged by nobody")
		}
		r.find(write("bob", "ack"), "Say its name") // nobody has paged him
		r.find(write("ada", "Ack"), "You are on INC-1")
		i, _ := r.fold(1)
		if i.AcknowledgedBy == "" {
			t.Fatal("the typed ack did not acknowledge")
		}
		r.find(write("bob", "note INC-1 restarted node 7"), "Noted in INC-1")
		if got := r.notes("restarted node 7"); got != 1 {
			t.Errorf("%d notes, want the one that was typed", got)
		}
		m, err := r.sim.As("eve").Message("general", "<@"+r.sim.BotUserID()+"> help", "")
		if err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		var seen bool
		for _, e := range r.sim.State().Whispers["U0EVE"] {
			seen = seen || strings.Contains(e.Text, "What can be done here")
		}
		if !seen {
			t.Errorf("being mentioned in %s was not answered", m.TS)
		}
	})
}
