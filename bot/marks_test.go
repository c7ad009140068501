package bot

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// shown are the entries of incident 1 that are shown and hold words.
func (r *rig) shown(words string) (list []incident.Entry) {
	r.t.Helper()
	_, events := r.fold(1)
	for _, n := range incident.Shown(incident.Entries(events)) {
		if n.Kind == incident.KindNote && strings.Contains(n.Text, words) {
			list = append(list, n)
		}
	}
	return list
}

// TestMarkHasItsOwnTime: a message counts from when it was written, not from when it was
// marked; marked in every way it is one entry; when the last mark goes it is withdrawn.
func TestMarkHasItsOwnTime(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		eve, ada := r.sim.As("eve"), r.sim.As("ada")
		m, err := ada.Message(room.ID, "the queue grows", "")
		if err != nil {
			t.Fatal(err)
		}
		written := time.Now()
		r.pass(40 * time.Minute)
		r.command("ada", room.ID, "note between")
		if _, err := eve.Shortcut(slacksim.Shortcut{CallbackID: "add_to_timeline", Channel: room.ID, TS: m.TS}); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if err := errors.Join(eve.React(room.ID, m.TS, "pushpin"), ada.React(room.ID, m.TS, "pushpin"), eve.Pin(room.ID, m.TS)); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		got := r.shown("the queue grows")
		if len(got) != 1 {
			t.Fatalf("%d entries for a message marked in every way, want one", len(got))
		}
		if d := got[0].At.Sub(written).Abs(); d > time.Second {
			t.Errorf("the entry stands at %v, the message was written at %v", got[0].At, written)
		}
		seen := string(r.command("bob", room.ID, "timeline").Blocks)
		if strings.Index(seen, "the queue grows") > strings.Index(seen, "between") {
			t.Errorf("the message stands behind what was noted after it: %s", seen)
		}

		other, err := ada.Message(room.ID, "not so important", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(eve.React(room.ID, other.TS, "pushpin"), eve.Pin(room.ID, other.TS)); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if err := eve.Unreact(room.ID, other.TS, "pushpin"); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if n := len(r.shown("not so important")); n != 1 {
			t.Errorf("%d entries while it is still pinned, want one", n)
		}
		if err := eve.Unpin(room.ID, other.TS); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if n := len(r.shown("not so important")); n != 0 || r.notes("not so important") != 1 {
			t.Errorf("%d entries after the last mark is gone, and %d in the store; want none and one", n, r.notes("not so important"))
		}
		if strings.Contains(list(logs(r.channelOf(room.ID))), "not so important") || strings.Contains(r.document(), "not so important") {
			t.Error("what was withdrawn is still shown in the channel or in the document")
		}
		if err := eve.Pin(room.ID, other.TS); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if n := len(r.shown("not so important")); n != 1 {
			t.Errorf("%d entries when it is marked again, want one", n)
		}
	})
}

// TestPrivateMarksStay: of a private incident nothing vanishes because a pin is taken off.
func TestPrivateMarksStay(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("ada", "general", "declare keys leaked private service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		ada := r.sim.As("ada")
		m, err := ada.Message(room.ID, "key 7 was used", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := ada.Pin(room.ID, m.TS); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if err := ada.Unpin(room.ID, m.TS); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		if n := len(r.shown("key 7 was used")); n != 1 {
			t.Errorf("%d entries after the pin was taken off, want one: it is a private incident", n)
		}
	})
}

// TestMarkOutlivesAKill: a mark that was acknowledged is entered, though its message could
// not be read before the bot was killed.
func TestMarkOutlivesAKill(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channelOf(r.incidentChannel(1))
		m, err := r.sim.As("ada").Message(room.ID, "disk 7 is full", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.sim.Fault(slacksim.Fault{Method: "conversations.replies", Status: 503, Times: 1000}); err != nil {
			t.Fatal(err)
		}
		if err := r.sim.As("eve").React(room.ID, m.TS, "pushpin"); err != nil {
			t.Fatal(err)
		}
		r.pass(3 * time.Second)
		r.stop()
		r.sim.ClearFaults()
		if err := r.sim.As("eve").Unreact(room.ID, m.TS, "eyes"); err == nil {
			t.Fatal("the fixture is not what it was")
		}
		r.start()
		r.pass(time.Minute)
		if n := len(r.shown("disk 7 is full")); n != 1 {
			t.Errorf("%d entries after the kill, want the one that was acknowledged", n)
		}
	})
}
