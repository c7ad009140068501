package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestPrivateStaysPrivate lives through a private incident with nobody answering
// until the last resort, and looks for its title, its name, its severity and its
// people everywhere in the workspace.
func TestPrivateStaysPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare keys leaked to a customer sev1 private")
		r.pass(25 * time.Minute) // the whole ladder, and the last resort in a channel
		if len(r.dm("U0BOB")) == 0 {
			t.Fatal("the last resort was not told, or this tests nothing")
		}
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "note INC-1 the keys are revoked")
		r.pass(time.Minute)
		r.command("ada", "general", "mitigate INC-1 workaround")
		r.command("ada", "general", "resolve INC-1 the keys are of no use")
		r.pass(time.Minute)

		// Max came later, and has nothing to do with it.
		max, err := r.sim.AddPerson(slacksim.Person{Name: "max"})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"list", "list all", "list sev2", "search leaked", "search inc-1", "show INC-1", "ack INC-1", "timeline INC-1", "postmortem INC-1", "note INC-1 hello",
			"resolve INC-1", "page INC-1 @ada", "escalate INC-1", "role INC-1 commander", "reopen INC-1 hello", "sev INC-1 1"} {
			seen := r.command("max", "general", text)
			if all := seen.Text + string(seen.Blocks); strings.Contains(all, "keys") {
				t.Errorf("/incident %s: max sees %s", text, all)
			}
			if !strings.HasPrefix(text, "list") && !strings.HasPrefix(text, "search") && !strings.Contains(seen.Text, "There is no INC-1") {
				t.Errorf("/incident %s: max sees %q, want that there is none", text, seen.Text)
			}
		}
		if _, err := r.sim.As("max").OpenHome(); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)

		state := r.sim.State()
		c, ok := state.Channel("inc-1-keys-leaked-to-a-customer")
		if !ok || !c.IsPrivate || contains(c.Members, max) {
			t.Errorf("the channel: %t, private %t, members %v", ok, c.IsPrivate, c.Members)
		}
		involved := map[string]bool{"U0EVE": true, "U0ADA": true, "U0BOB": true, "U0CLEO": true}
		for _, ch := range state.Channels {
			if ch.ID == c.ID || ch.IsIM && anyOf(ch.Members, involved) {
				continue
			}
			for _, m := range ch.Messages {
				for _, secret := range secrets(c.ID) {
					if strings.Contains(everything(m), secret) {
						t.Errorf("#%s says %q in %s", ch.Name, secret, everything(m))
					}
				}
			}
		}
		for _, f := range state.Files {
			if len(f.Channels) != 1 || f.Channels[0] != c.ID {
				t.Errorf("the file %s is shared in %v", f.Name, f.Channels)
			}
		}
		for user, list := range state.Whispers {
			for _, e := range list {
				if !involved[user] && shows(e.Message, "keys") {
					t.Errorf("%s was told %s", user, e.Text)
				}
			}
		}
		home, _ := json.Marshal(state.Homes[max])
		if strings.Contains(string(home), "keys") {
			t.Errorf("max's Home tab shows it: %s", home)
		}
	})
}

// secrets are what nobody else may read of the private incident INC-1.
func secrets(channel string) []string {
	return []string{"keys", "INC-1", "inc-1", "/000001/", "sev1", "U0EVE", "U0ADA", "U0BOB", "U0CLEO", "Ada Okafor", "Bob Stone", "Cleo Marsh", channel}
}

// everything is a message with what only other apps see of it, but for the people
// who wrote it or are in its channel.
func everything(m slacksim.Message) string {
	s := m.Text + string(m.Blocks) + string(m.Attachments)
	if m.Metadata != nil {
		b, _ := json.Marshal(m.Metadata)
		s += string(b)
	}
	return s
}

// TestMergedIntoPrivate makes a public incident a part of a private one, and looks
// for the name of the private one wherever others read.
func TestMergedIntoPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare keys leaked to a customer sev1 private")
		r.command("eve", "general", "declare checkout is slow")
		r.pass(2 * time.Minute)
		seen := r.command("eve", "general", "duplicate INC-2 of INC-1")
		r.pass(2 * time.Minute)
		if i, _ := r.fold(2); i.MergedInto != 1 {
			t.Fatalf("INC-2 is a part of INC-%d (%s), or this tests nothing", i.MergedInto, seen.Text)
		}
		public, private := r.channel("inc-2-checkout-is-slow"), r.channel("inc-1-keys-leaked-to-a-customer")
		r.find(public.Messages, "a part of a private incident")
		r.find(r.channel("incidents").Messages, "Part of a private incident.")
		r.find(private.Messages, "INC-2 is a part of this incident now.")
		if _, err := r.sim.AddPerson(slacksim.Person{Name: "max"}); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"list", "list all", "list closed", "search inc-2", "show INC-2", "ack INC-2", "timeline INC-2", "postmortem INC-2", "note INC-2 hello"} {
			seen := r.command("max", "general", text)
			if all := seen.Text + string(seen.Blocks); strings.Contains(all, "INC-1") || strings.Contains(all, "keys") {
				t.Errorf("/incident %s: max sees %s", text, all)
			}
		}
		for _, ch := range r.sim.State().Channels {
			if ch.ID == private.ID || ch.IsIM {
				continue
			}
			for _, m := range ch.Messages {
				if all := everything(m); strings.Contains(all, "INC-1") || strings.Contains(all, "keys") {
					t.Errorf("#%s says %s", ch.Name, all)
				}
			}
		}
	})
}

func anyOf(list []string, of map[string]bool) bool {
	for _, s := range list {
		if of[s] {
			return true
		}
	}
	return false
}
