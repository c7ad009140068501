package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// logs are the messages of a channel in which the notes of its incident stand.
func logs(c slacksim.Channel) (list []slacksim.Message) {
	for _, m := range c.Messages {
		if strings.HasPrefix(m.Text, "INC-1: notes and decisions") {
			list = append(list, m)
		}
	}
	return list
}

// TestNotesAreOneGrowingMessage: what is noted is seen in the channel by everybody, in
// one message that grows; a burst is one edit; a full message is followed by another.
func TestNotesAreOneGrowingMessage(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.channel("inc-1-search-is-slow")
		if n := len(logs(room)); n != 0 {
			t.Fatalf("%d messages about notes before there is one", n)
		}
		r.command("ada", room.ID, "note what: <!channel> error rate is 12 %")
		r.pass(10 * time.Second)
		got := logs(r.channelOf(room.ID))
		if len(got) != 1 || !shows(got[0], "error rate is 12 %") || shows(got[0], "<!channel>") || !shows(got[0], "Ada Okafor") || shows(got[0], "<@") || !shows(got[0], "!date^946") {
			t.Fatalf("after one note: %d messages:%s", len(got), list(got))
		}
		since := len(r.sim.Calls(0))
		for n := range 8 {
			r.command("bob", room.ID, fmt.Sprintf("note burst %d", n))
		}
		r.command("ada", room.ID, "decide roll back")
		r.command("ada", room.ID, "note call the provider")
		r.pass(10 * time.Second)
		got = logs(r.channelOf(room.ID))
		if len(got) != 1 || !shows(got[0], "burst 7") || !shows(got[0], "error rate") || !shows(got[0], "roll back") || !shows(got[0], "call the provider") {
			t.Fatalf("after a burst: %d messages:%s", len(got), list(got))
		}
		edits := 0
		for _, c := range r.sim.Calls(since) {
			if c.Method == "chat.update" && strings.Contains(fmt.Sprint(c), got[0].TS) {
				edits++
			}
		}
		if edits < 1 || edits > 2 {
			t.Errorf("%d edits for ten notes in a burst, want one, or two where it began with one", edits)
		}
		for n := range 60 {
			r.command("bob", room.ID, fmt.Sprintf("note long %02d %s", n, strings.Repeat("x ", 150)))
			r.pass(2 * time.Second)
		}
		r.stop()
		r.start()
		r.command("bob", room.ID, "note the last one")
		r.pass(time.Minute)
		got = logs(r.channelOf(room.ID))
		if len(got) < 2 || len(got) > 6 {
			t.Fatalf("%d messages for 70 notes of 300 characters, want a few", len(got))
		}
		all := ""
		for _, m := range got {
			all += string(m.Blocks)
		}
		for n := range 60 {
			if strings.Count(all, fmt.Sprintf("long %02d", n)) != 1 {
				t.Errorf("note %d stands %d times, want once", n, strings.Count(all, fmt.Sprintf("long %02d", n)))
			}
		}
		if !shows(got[len(got)-1], "the last one") {
			t.Errorf("the newest note does not stand in the newest message:%s", list(got[len(got)-1:]))
		}
	})
}

// TestNotesBeforeTheChannel: what was noted before the channel stood is told in it, and
// the notes of a late channel, which is told all that happened, not twice.
func TestNotesBeforeTheChannel(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		if err := r.sim.Fault(slacksim.Fault{Method: "conversations.create", Status: 503, Times: 200}); err != nil {
			t.Fatal(err)
		}
		r.command("eve", "general", "declare search is slow service:search\nsince noon, all regions")
		r.command("eve", "general", "note INC-1 the queue grows")
		r.pass(3 * time.Minute)
		r.sim.ClearFaults()
		r.pass(5 * time.Minute)
		room := r.channelOf(r.incidentChannel(1))
		told := 0
		for _, m := range room.Messages {
			if shows(m, "the queue grows") && !shows(m, "Recent") && m.Subtype == "" && !strings.HasPrefix(m.Text, "INC-1 ·") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("an early note is told in %d messages, want one:%s", told, list(room.Messages))
		}
	})
}

// TestNoteNeedsWords: a kind of note with nothing behind it says what to do.
func TestNoteNeedsWords(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(5 * time.Second)
		for _, text := range []string{"note what:", "note INC-1 Where: ", "note"} {
			if seen := r.command("ada", "general", text+" "); !strings.Contains(seen.Text, "as in") && !strings.Contains(seen.Text, "Say its name") {
				t.Errorf("%q is answered with %q", text, seen.Text)
			}
		}
		room := r.channel("inc-1-search-is-slow")
		seen := r.command("ada", room.ID, "note what:")
		if !strings.Contains(seen.Text, "note what: ") || !strings.Contains(seen.Text, "empty") {
			t.Errorf("an empty what is answered with %q", seen.Text)
		}
		if n := r.notes(""); n != 0 {
			t.Errorf("%d notes, want none", n)
		}
	})
}
