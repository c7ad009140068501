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
	t.Parallel()
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
		if seen := r.command("ada", "general", "note INC-1 INC-2 INC-3"); strings.Count(seen.Text, "The note is empty") != 1 {
			t.Errorf("of names without a note ada sees %q, want once that it is empty", seen.Text)
		}
	})
}

// TestFollowUpIsNotItsIncident: words about a follow-up change no incident, in its own
// channel neither.
func TestFollowUpIsNotItsIncident(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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

// TestWhatWasMeant does by a button what somebody typed a letter beside, in the channel
// where it was typed, and shows no more than fits above a phone's keyboard.
func TestWhatWasMeant(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-down").ID
		seen := r.command("ada", c, "akc")
		if all := seen.Text + string(seen.Blocks); !strings.Contains(all, "/incident ack") || len(all) > 1500 {
			t.Errorf("ada sees %d bytes: %s", len(all), all)
		}
		r.click("ada", seen, "meant", nil)
		if i, _ := r.fold(1); i.AcknowledgedBy != incident.Person("ada") {
			t.Errorf("on it is %q after the click", i.AcknowledgedBy)
		}
		seen = r.command("ada", c, "noet errors are 12 %")
		r.click("ada", seen, "meant", nil) // and the button is gone
		if got := r.notes("errors are 12 %"); got != 1 {
			t.Errorf("what was typed is noted %d times", got)
		}
	})
}

// TestHelpWithOneWord shows what one word does, however it is written, and all of the help
// for what is none.
func TestHelpWithOneWord(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for typed, want := range map[string]string{"help ack": "says that you are on it", "help Acknowledge": "says that you are on it", "help mitigat": "customers are fine again", "help alerts": "lists both, and ends them"} {
			seen := r.command("ada", "general", typed)
			if all := seen.Text + string(seen.Blocks); !strings.Contains(all, want) || strings.Contains(all, "opens a form for it") {
				t.Errorf("%s: ada sees %s", typed, all)
			}
		}
		if seen := r.command("ada", "general", "help me"); !strings.Contains(string(seen.Blocks), "opens a form for it") {
			t.Errorf("help me: ada sees %s", seen.Blocks)
		}
	})
}

// TestHandOverByWord: "hand over to" offers command, as the button does, and pages nobody;
// without a name it asks to whom.
func TestHandOverByWord(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down sev1")
		r.pass(10 * time.Second)
		c := r.channel("inc-1-checkout-is-down").ID
		r.command("ada", c, "ack")
		r.pass(5 * time.Second)
		if seen := r.command("ada", c, "hand over to <@U0BOB>"); !strings.Contains(seen.Text, "is asked to take command") {
			t.Errorf("ada sees %s", seen.Text)
		}
		r.pass(5 * time.Second)
		if i, _ := r.fold(1); i.AcknowledgedBy != incident.Person("ada") || i.Holder(incident.Commander) != incident.Person("ada") {
			t.Errorf("on it: %s, commander: %s; want ada until bob accepts", i.AcknowledgedBy, i.Holder(incident.Commander))
		}
		r.command("ada", c, "handover")
		r.pass(time.Second)
		if v := r.view(userID(r, "ada")); v.CallbackID != "hand_over" {
			t.Errorf("the form is %s", v.CallbackID)
		}
	})
}
