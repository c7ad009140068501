package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// asked are the messages that ask somebody what is to become of incidents.
func (r *rig) askedOf(user string) []slacksim.Message {
	var list []slacksim.Message
	for _, m := range r.dm(user) {
		if shows(m, "keep_open") {
			list = append(list, m)
		}
	}
	return list
}

// TestNothingHappens leaves two incidents alone: whoever has them is asked once each
// working day, with one message, over a restart, and no more when they have answered.
// The bubble begins on a Saturday at midnight.
func TestNothingHappens(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{ConnectionLife: 1000 * time.Hour}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "mitigate rollback")
		r.command("eve", "general", "declare mails are late sev2")
		r.pass(20 * time.Second)
		r.command("ada", "general", "ack INC-2")
		r.command("ada", "general", "mitigate INC-2 restart")
		r.command("eve", "general", "declare an exercise drill")
		r.pass(32 * time.Hour) // Sunday, 08:00
		if n := len(r.askedOf("U0ADA")); n != 0 {
			t.Fatalf("asked %d times on a weekend", n)
		}
		r.stop()
		r.start()
		r.pass(25*time.Hour + 40*time.Minute) // Monday, 09:40
		first := r.askedOf("U0ADA")
		if len(first) != 1 || !shows(first[0], "INC-1") || !shows(first[0], "INC-2") || shows(first[0], "INC-3") {
			t.Fatalf("on Monday ada is asked by%s\nwant one message about two", list(first))
		}
		r.pass(8 * time.Hour)
		if n := len(r.askedOf("U0ADA")); n != 1 {
			t.Errorf("asked %d times on one day", n)
		}
		r.press("ada", r.dmOf("U0ADA"), first[0], "Not yet")
		r.pass(16 * time.Hour) // Tuesday, 09:40
		second := r.askedOf("U0ADA")
		if len(second) != 2 || shows(second[1], "INC-1") || !shows(second[1], "INC-2") {
			t.Fatalf("on Tuesday ada is asked by%s\nwant INC-2 alone", list(second))
		}
		r.press("ada", r.dmOf("U0ADA"), second[1], "Resolve")
		r.submit("ada", r.view("U0ADA"), nil)
		r.command("ada", "general", "resolve INC-1")
		if i, _ := r.fold(2); i.Status != incident.Resolved {
			t.Fatalf("INC-2 is %s", i.Status)
		}
		r.pass(71 * time.Hour)
		if n := len(r.askedOf("U0ADA")); n != 2 {
			t.Errorf("asked %d times within three days of the end", n)
		}
		r.pass(73 * time.Hour) // Monday, 09:41
		third := r.askedOf("U0ADA")
		if len(third) != 3 || !shows(third[2], "Close") || !shows(third[2], "INC-1") || !shows(third[2], "INC-2") {
			t.Fatalf("on the second Monday ada is asked by%s\nwant to close both", list(third))
		}
		r.command("ada", "general", "close INC-1 anyway it is done")
		r.command("ada", "general", "close INC-2 anyway it is done")
		r.pass(25 * time.Hour) // Tuesday, 10:41
		if n := len(r.askedOf("U0ADA")); n != 3 {
			t.Errorf("asked %d times after both were closed", n)
		}
		r.noErrors()
	})
}

// TestAnswersToWhatIsIdle presses twice and closes from the question: what was said once is noted once, and
// whoever presses is told what it did, since nothing else shows it there.
func TestAnswersToWhatIsIdle(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow sev3")
		r.pass(20 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "mitigate INC-1 fix")
		r.pass(3 * 24 * time.Hour)
		asked := r.askedOf("U0ADA")
		r.press("ada", r.dmOf("U0ADA"), asked[len(asked)-1], "Not yet")
		r.press("ada", r.dmOf("U0ADA"), asked[len(asked)-1], "Not yet")
		if _, events := r.fold(1); countOf(events, incident.KindNote) != 1 {
			t.Errorf("two presses made %d notes", countOf(events, incident.KindNote))
		}
		r.command("ada", "general", "resolve INC-1")
		r.pass(6 * 24 * time.Hour)
		asked = r.askedOf("U0ADA")
		r.press("ada", r.dmOf("U0ADA"), asked[len(asked)-1], "Close")
		if i, _ := r.fold(1); i.Status != incident.Closed || !strings.Contains(r.whispers("ada"), "INC-1 is closed now") {
			t.Errorf("it is %s, and ada is told %s", i.Status, r.whispers("ada"))
		}
	})
}

// TestNothingHappensAndTheyHaveLeft: whoever had the incident is in the roster no more, so
// that somebody else is asked.
func TestNothingHappensAndTheyHaveLeft(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare card payments fail sev2")
		r.pass(20 * time.Second)
		r.command("bob", "general", "ack INC-1")
		r.command("bob", "general", "mitigate INC-1 rollback")
		r.apply(withoutBob)
		r.pass(time.Until(time.Date(2000, 1, 3, 9, 31, 0, 0, time.UTC)))
		if n := len(r.askedOf("U0BOB")); n != 0 {
			t.Errorf("bob is asked %d times", n)
		}
		if all := r.askedOf("U0EVE"); len(all) != 1 || !shows(all[0], "INC-1") {
			t.Errorf("eve, who declared it, is asked by%s", list(all))
		}
		r.noErrors()
	})
}
