package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestSeveralAtOnce names several incidents, as after a storm.
func TestSeveralAtOnce(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.command("eve", "general", "declare search is slow")
		r.command("eve", "general", "declare mails are late")
		r.pass(10 * time.Second)
		seen := r.command("ada", "general", "resolve INC-1, INC-2 all is calm")
		for n, want := range map[int]incident.Status{1: incident.Resolved, 2: incident.Resolved, 3: incident.Declared} {
			if i, _ := r.fold(n); i.Status != want {
				t.Errorf("%s is %s, want %s; ada sees %s", i.Name(), i.Status, want, seen.Text)
			}
		}
		if !strings.Contains(seen.Text, "INC-1 is resolved") || !strings.Contains(seen.Text, "INC-2 is resolved") {
			t.Errorf("ada sees %s, want both", seen.Text)
		}
	})
}

// TestFollowUpIsNotItsIncident: words about a follow-up change no incident, in its own
// channel neither.
func TestFollowUpIsNotItsIncident(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-down").ID
		for _, typed := range []string{"done INC-1-F1", "resolve inc-1-f1 we mended it", "INC-1-F1 done", "close INC-1-F1"} {
			r.command("ada", c, typed)
			if i, _ := r.fold(1); i.Status != incident.Declared {
				t.Fatalf("after %q it is %s", typed, i.Status)
			}
		}
	})
}

// TestSeverityOutsideIsNoAct: "sev1 card payments fail" in a public channel offers to
// declare that, and changes nothing.
func TestSeverityOutsideIsNoAct(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow sev3")
		r.pass(10 * time.Second)
		seen := r.command("eve", "general", "sev1 card payments fail")
		if i, _ := r.fold(1); i.Severity != incident.Sev3 {
			t.Errorf("INC-1 is %s, want untouched", i.Severity)
		}
		r.click("eve", seen, "declare_text", nil)
		if i, _ := r.fold(2); i.Title != "card payments fail" || i.Severity != incident.Sev1 {
			t.Errorf("declared %+v", i)
		}
	})
}

// TestCancelAsks: an open incident is not cancelled by one word, but by a second one.
func TestCancelAsks(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow sev3")
		r.pass(10 * time.Second)
		seen := r.command("eve", "general", "cancel INC-1")
		if i, _ := r.fold(1); i.Status != incident.Declared {
			t.Fatalf("INC-1 is %s after one word", i.Status)
		}
		r.click("eve", seen, "no_incident", nil)
		if i, _ := r.fold(1); i.Status != incident.Cancelled {
			t.Errorf("INC-1 is %s after the click", i.Status)
		}
	})
}
