package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// shortcut opens a form by a shortcut.
func (r *rig) shortcut(user string, c slacksim.Shortcut) slacksim.View {
	r.t.Helper()
	if _, err := r.sim.As(user).Shortcut(c); err != nil {
		r.t.Fatal(err)
	}
	return r.view(userID(r, user))
}

// TestS13SymptomIsOneClick chooses what customers see in the form; the card shows it.
func TestS13SymptomIsOneClick(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, storefrontRoster, func(r *rig) {
		r.command("eve", "general", "declare")
		v := r.view("U0EVE")
		for _, s := range incident.Symptoms() {
			if all := unescaped(string(v.Blocks)); !strings.Contains(all, incident.Capital(s.Word())) || !strings.Contains(all, s.Help()) {
				t.Errorf("the form does not offer %q with its question: %s", s.Word(), all)
			}
		}
		if !strings.Contains(string(v.Blocks), "sev1 · critical: customers cannot buy, pay or reach us") {
			t.Errorf("the form does not say what a severity means: %s", v.Blocks)
		}
		if result := r.submit("eve", v, map[string]map[string]any{"title": {"value": "pages take long"}, "symptom": {"value": "slow"}}); !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		r.pass(10 * time.Second)
		i, _ := r.fold(1)
		if i.Symptom != incident.Slow || !i.Assumed || i.Severity != incident.Sev2 {
			t.Errorf("declared %+v, want slow and a severity that nobody said", i)
		}
		card := r.marked(r.channel("inc-1-pages-take-long").Messages, "card", "INC-1")[0]
		if !shows(card, "Customers see: slow") {
			t.Errorf("the card does not show the symptom: %s", card.Blocks)
		}
	})
}

// TestS14PartlyBrokenFunctionPagesItsOwner: support declares that paying is broken, and
// whoever owns that is paged, though no alert and no word names the service.
func TestS14PartlyBrokenFunctionPagesItsOwner(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, storefrontRoster, func(r *rig) {
		v := r.shortcut("eve", slacksim.Shortcut{CallbackID: "declare_incident"})
		r.submit("eve", v, map[string]map[string]any{"title": {"value": "some customers cannot pay"},
			"symptom": {"value": "partial"}, "function": {"value": "card payments"}, "severity": {"value": "sev1"}})
		r.pass(10 * time.Second)
		i, _ := r.fold(1)
		if i.Service != "checkout" || i.ServiceBy != incident.ByFunction || i.Symptom != incident.Partial || i.Function != "card payments" {
			t.Errorf("declared %+v, want checkout by its function", i)
		}
		r.find(r.dm("U0ADA"), "some customers cannot pay")
		card := r.marked(r.channel("inc-1-some-customers-cannot-pay").Messages, "card", "INC-1")[0]
		if !shows(card, "partly broken: card payments") {
			t.Errorf("the card does not show what is broken: %s", card.Blocks)
		}
		told := r.find(r.dm("U0EVE"), "INC-1* is open") // a global shortcut has no other place for an answer
		if !shows(told, "taken from the business function") || !shows(told, "set_severity") {
			t.Errorf("eve was told %s", told.Blocks)
		}
	})
}

// TestS33SecurityIsPrivate: what is declared as security is private, without a box that
// somebody has to tick.
func TestS33SecurityIsPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare")
		r.submit("eve", r.view("U0EVE"), map[string]map[string]any{"title": {"value": "a token is in a log"}, "symptom": {"value": "security"}, "function": {"value": "logging in"}})
		r.pass(10 * time.Second)
		i, _ := r.fold(1)
		if !i.Private || i.Function != "logging in" || !r.channel("inc-1-a-token-is-in-a-log").IsPrivate {
			t.Errorf("declared %+v, want it and its channel private", i)
		}
		if seen := r.command("bob", "general", "list"); strings.Contains(seen.Text, "token") {
			t.Errorf("bob, who is not involved, sees %s", seen.Text)
		}
	})
}

// TestS16SupportNeedsNoEngineer: somebody whom the roster does not know declares, posts
// updates and raises the severity.
func TestS16SupportNeedsNoEngineer(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare customers write that they cannot pay sev3")
		r.pass(10 * time.Second)
		r.command("eve", "general", "update INC-1 twelve tickets so far")
		r.command("eve", "general", "sev 1 INC-1")
		r.pass(10 * time.Second)
		i, events := r.fold(1)
		if i.Severity != incident.Sev1 || !strings.Contains(said(events), "twelve tickets so far") {
			t.Errorf("%s; the timeline says %s", i.Severity, said(events))
		}
		r.find(r.dm("U0ADA"), "cannot pay")
	})
}

// TestDeclareFromMessage declares from what somebody wrote: its words and its link are
// the first note, its author is invited, and its readers are told.
func TestDeclareFromMessage(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		m, err := r.sim.As("cleo").Message("general", "search returns nothing\nsince ten past two", "")
		if err != nil {
			t.Fatal(err)
		}
		general := r.channel("general").ID
		v := r.shortcut("eve", slacksim.Shortcut{CallbackID: "declare_from_message", Channel: general, TS: m.TS})
		r.submit("eve", v, nil)
		r.pass(10 * time.Second)
		i, events := r.fold(1)
		if i.Title != "search returns nothing" || i.Service != "search" {
			t.Errorf("declared %+v", i)
		}
		for _, want := range []string{"Cleo Marsh wrote: search returns nothing\nsince ten past two", "/archives/" + general + "/p" + strings.ReplaceAll(m.TS, ".", "")} {
			if !strings.Contains(said(events), want) {
				t.Errorf("the timeline lacks %q: %s", want, said(events))
			}
		}
		if !contains(r.channel("inc-1-search-returns-nothing").Members, "U0CLEO") {
			t.Error("who wrote the message is not in the channel")
		}
		told := r.find(r.channel("general").Messages, "INC-1* was declared from this message")
		if told.ThreadTS != m.TS {
			t.Errorf("told in %q, want the thread of the message", told.ThreadTS)
		}
		if s := r.whispers("eve"); !strings.Contains(s, "INC-1* is open") {
			t.Errorf("eve was told %s", s)
		}
	})
}
