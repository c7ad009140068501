package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestS15WhoIsHit says whom an incident hits, since when and how many, in words and by the form: the card, the
// draft of an update and the document say it, too.
func TestS15WhoIsHit(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("ada", "general", "declare card payments fail sev1 service:checkout")
		r.pass(time.Minute)
		r.command("ada", "general", "ack INC-1")
		r.pass(10 * time.Minute)
		i, _ := r.fold(1)
		declared := i.Declared

		r.command("ada", "general", "impact INC-1 since 14:99")
		if i, _ := r.fold(1); !i.Impact[0].Start.Equal(declared) {
			t.Errorf("a time that is none moved the impact to %s", i.Impact[0].Start)
		}
		r.command("ada", "general", "impact INC-1 until now")
		r.command("ada", "general", "impact INC-1 since "+declared.Add(-165*time.Minute).UTC().Format("2006-01-02 15:04")+" customers wrote to support")
		r.pass(time.Minute)
		i, _ = r.fold(1)
		if want := declared.Add(-165 * time.Minute).Truncate(time.Minute); !i.Impact[0].Start.Equal(want) {
			t.Fatalf("the impact began %s, want %s", i.Impact[0].Start, want)
		}
		said := r.channel(i.ChannelName).Messages
		r.find(said, "customers wrote to support")

		r.command("ada", "general", "impact INC-1")
		form := r.view("U0ADA")
		if res := r.fill("ada", form, map[string]any{"who": []any{"customers", "nobody"}}); len(res.Errors) == 0 {
			t.Errorf("customers and nobody at once: %+v", res)
		}
		if res := r.fill("ada", form, map[string]any{"count": "some"}); len(res.Errors) == 0 {
			t.Errorf("a number that is none: %+v", res)
		}
		r.fill("ada", form, map[string]any{"who": []any{"customers", "partners"}, "count": "1,200", "source": "the orders dashboard", "function": "card payments"})
		r.pass(time.Minute)
		i, _ = r.fold(1)
		if got := i.Hit.Words(); got != "customers and partners, about 1,200 (the orders dashboard)" || i.Function != "card payments" {
			t.Errorf("hit are %q, function %q", got, i.Function)
		}
		if want := declared.Add(-165 * time.Minute).Truncate(time.Minute); !i.Impact[0].Start.Equal(want) {
			t.Errorf("the form moved the beginning to %s", i.Impact[0].Start)
		}
		card := r.find(r.channel(i.ChannelName).Messages, "Impact since")
		if text := shown([]slacksim.Message{card}); !strings.Contains(text, "customers and partners, about 1,200") {
			t.Errorf("the card says %s", text)
		}
		if draft := i.Draft("Checkout", 0, time.Now()); !strings.Contains(draft, "Customers and partners, about 1,200, have been affected for") {
			t.Errorf("the draft of an update is %q", draft)
		}
		r.command("ada", "general", "mitigate INC-1 rollback")
		r.pass(time.Minute)
		document, err := r.desk.Postmortem(r.t.Context(), incident.Person("ada"), 1, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, s := range document.Sections {
			found = found || s.ID == "impact" && strings.Contains(strings.Join(s.Lines, "\n"), "Affected: customers and partners, about 1,200 (the orders dashboard).")
		}
		if !found {
			t.Error("the document does not say who was hit")
		}
		r.command("ada", "general", "impact INC-1 none a bot of ours asked")
		r.pass(time.Minute)
		if i, _ := r.fold(1); !i.ImpactNone() || i.Hurting(time.Now()) != 0 {
			t.Errorf("after none the impact is %v", i.Impact)
		}
	})
}

// TestNobodyIsHitSoNothingIsDue says in an incident that is worked on that nobody was hit: nobody is
// reminded of updates any more, and none is missed, until somebody is hit after all. The hand-over of an
// earlier mitigation is kept all the while.
func TestNobodyIsHitSoNothingIsDue(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "mitigate rollback")
		r.command("ada", room, "status investigating it seems to be back")
		r.pass(13 * time.Minute)
		if n := len(r.reminders("U0ADA")); n != 1 {
			t.Fatalf("%d reminders before the first update is due, want 1", n)
		}
		r.command("ada", room, "impact none our own probe was wrong")
		r.stop()
		r.start()
		r.command("ada", room, "decide keep looking") // which the hand-over shows
		r.pass(time.Hour)
		_, events := r.fold(1)
		if n := missedOf(events, incident.PromiseUpdate); n != 0 || len(r.reminders("U0ADA")) != 0 {
			t.Errorf("nobody is hit, and %d updates were missed; ada is reminded by%s", n, list(r.reminders("U0ADA")))
		}
		if card := r.find(r.channelOf(room).Messages, "Hand-over: what was changed"); !shows(card, "keep looking") {
			t.Errorf("the hand-over does not show what was decided: %s", card.Blocks)
		}
		r.command("ada", room, "impact since 01:00 customers wrote")
		r.pass(20 * time.Minute)
		if _, events := r.fold(1); missedOf(events, incident.PromiseUpdate) != 1 {
			t.Error("customers are hit after all, and no update was due")
		}
		r.noErrors()
	})
}

// TestCustomersSawItFirst: somebody says who saw it, which figures count by; the form
// without words stays what it was.
func TestCustomersSawItFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "impact seen first by customers they wrote to us")
		r.pass(time.Minute)
		i, _ := r.fold(1)
		if i.SeenBy() != incident.SeenByCustomers {
			t.Errorf("first seen by %s, want customers", i.SeenBy())
		}
		r.find(r.channelOf(room).Messages, "first seen by customers")
		r.noErrors()
	})
}

// TestFirstSeenByTheForm: the form begins with who saw it first as the record has it, says
// it of nobody who leaves it as it is, and a choice that was overtaken is asked again.
func TestFirstSeenByTheForm(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		form := r.impactForm("ada")
		if !strings.Contains(unescaped(string(form.Blocks)), `"initial_option":{"text":{"emoji":true,"text":"One of us"`) {
			t.Errorf("the form does not begin with who is thought to have seen it: %s", form.Blocks)
		}
		r.fill("ada", form, map[string]any{"count": "12"})
		if i, _ := r.fold(1); i.Seen != "" || i.Hit.Count != 12 {
			t.Errorf("what was left as it is was said: seen by %q", i.Seen)
		}
		form = r.impactForm("ada")
		r.command("bob", room, "impact seen by alert")
		form = r.again(r.fill("ada", form, map[string]any{"seen": "customers"}), "“First seen by” is alert by now")
		if res := r.fill("ada", form, map[string]any{"seen": "customers"}); !res.Closed {
			t.Fatalf("sent again: %+v", res)
		}
		if i, _ := r.fold(1); i.SeenBy() != incident.SeenByCustomers {
			t.Errorf("first seen by %s, want customers", i.SeenBy())
		}
		r.find(r.channelOf(room).Messages, "first seen by customers")
		r.fill("ada", r.impactForm("ada"), map[string]any{"who": []any{"nobody"}, "count": "", "seen": "staff"})
		if i, _ := r.fold(1); !i.ImpactNone() || i.SeenBy() != incident.SeenByStaff {
			t.Errorf("nobody was hit is %t, first seen by %s", i.ImpactNone(), i.SeenBy())
		}
		r.noErrors()
	})
}
