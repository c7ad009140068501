package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// again is the form that a submission was answered with: it says the words and is in front
// of whoever sent it.
func (r *rig) again(res slacksim.SubmitResult, words ...string) slacksim.View {
	r.t.Helper()
	if res.Closed || res.View == nil || res.Error != "" {
		r.t.Fatalf("the form was answered with %+v, want it once more", res)
	}
	for _, w := range words {
		if !strings.Contains(unescaped(string(res.View.Blocks)), w) {
			r.t.Errorf("the form does not say %q: %s", w, res.View.Blocks)
		}
	}
	return *res.View
}

// impactForm opens the form about the impact of INC-1.
func (r *rig) impactForm(user string) slacksim.View {
	r.t.Helper()
	r.command(user, "general", "impact INC-1")
	return r.view(userID(r, user))
}

// TestImpactFormSaysWhatChanged sends the form as it was, which says nothing, and with one
// field changed, which leaves what others said meanwhile as they said it.
func TestImpactFormSaysWhatChanged(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.pass(10 * time.Minute)
		i, _ := r.fold(1)
		before, told := i, len(r.channelOf(room).Messages)
		if res := r.fill("ada", r.impactForm("ada"), nil); !res.Closed {
			t.Fatalf("the unchanged form: %+v", res)
		}
		if i, events := r.fold(1); i.ImpactBy != "" || ofKind(events, incident.KindImpact) != 0 || len(r.channelOf(room).Messages) != told {
			t.Errorf("an unchanged form said something: %s", said(events))
		}
		if res := r.fill("ada", r.impactForm("ada"), map[string]any{"reason": "I looked"}); !strings.Contains(res.Errors["reason"], "Nothing else") {
			t.Errorf("a reason for nothing: %+v", res)
		}
		r.sim.As("ada").CloseView(r.view("U0ADA").ID, slacksim.Cancel)

		form := r.impactForm("ada")
		r.command("bob", room, "impact since "+before.Declared.Add(-2*time.Hour).UTC().Format("2006-01-02 15:04"))
		r.fill("bob", r.impactForm("bob"), map[string]any{"who": []any{"customers"}, "function": "card payments"})
		if res := r.fill("ada", form, map[string]any{"count": "1,200", "source": "orders"}); !res.Closed {
			t.Fatalf("how many was refused: %+v", res)
		}
		i, _ = r.fold(1)
		want := before.Declared.Add(-2 * time.Hour).Truncate(time.Minute)
		if !i.Impact[0].Start.Equal(want) || i.Function != "card payments" || i.Hit.Words() != "customers, about 1,200 (orders)" {
			t.Errorf("the impact began %s, function %q, hit %q", i.Impact[0].Start, i.Function, i.Hit.Words())
		}
		r.noErrors()
	})
}

// TestImpactFormIsOvertaken has two people change the same fields: the second is told what
// they are by now, with what was filled in kept, and decides.
func TestImpactFormIsOvertaken(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.takenOn("card payments fail sev2")
		r.pass(10 * time.Minute)
		ada, bob := r.impactForm("ada"), r.impactForm("bob")
		r.fill("bob", bob, map[string]any{"count": "700", "who": []any{"partners"}, "source": "the shop's own count of its orders in the last hour"})
		res := r.fill("ada", ada, map[string]any{"count": "900", "who": []any{"end_users", "customers"}, "function": "paying"})
		v := r.again(res, "“How many” is 700 by now", "“Who is hit” is partners by now", "send the form again")
		if got := v.Values["count"]["value"]["value"]; got != "900" {
			t.Errorf("what ada wrote is %v, want it kept", got)
		}
		if i, _ := r.fold(1); i.Hit.Count != 700 || i.Function != "" {
			t.Errorf("what was refused is recorded: %+v", i.Hit)
		}
		if res := r.fill("ada", v, nil); !res.Closed {
			t.Fatalf("sent again: %+v", res)
		}
		i, _ := r.fold(1)
		if i.Hit.Words() != "end users and customers, about 900 (the shop's own count of its orders in the last hour)" || i.Function != "paying" {
			t.Errorf("hit are %q, function %q", i.Hit.Words(), i.Function)
		}
		// The same value twice is no contradiction, and the bot may go away meanwhile.
		ada, bob = r.impactForm("ada"), r.impactForm("bob")
		r.fill("bob", bob, map[string]any{"count": "1000"})
		r.stop()
		r.start()
		if res := r.fill("ada", ada, map[string]any{"count": "1000", "source": "invoices"}); !res.Closed {
			t.Errorf("the same number: %+v", res)
		}
		if i, _ := r.fold(1); i.Hit.Count != 1000 || i.Hit.Source != "invoices" {
			t.Errorf("hit are %q", i.Hit.Words())
		}
		r.noErrors()
	})
}

// TestNobodyAndSomebodyInTheForm says that nobody was hit, and that somebody was after all.
func TestNobodyAndSomebodyInTheForm(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.takenOn("card payments fail sev2")
		r.pass(10 * time.Minute)
		r.fill("ada", r.impactForm("ada"), map[string]any{"who": []any{"nobody"}})
		if i, _ := r.fold(1); !i.ImpactNone() {
			t.Fatalf("nobody was hit, and the impact is %v", i.Impact)
		}
		v := r.impactForm("ada")
		if res := r.fill("ada", v, map[string]any{"count": "5"}); !strings.Contains(res.Errors["who"], "nobody was hit") {
			t.Errorf("nobody, and five: %+v", res)
		}
		if res := r.fill("ada", v, map[string]any{"who": []any{}, "count": ""}); !strings.Contains(res.Errors["who"], "Say who") {
			t.Errorf("somebody, and nobody says who: %+v", res)
		}
		if res := r.fill("ada", v, map[string]any{"who": []any{"staff"}}); !res.Closed {
			t.Errorf("staff: %+v", res)
		}
		if i, _ := r.fold(1); i.ImpactNone() || i.Hit.Words() != "staff" {
			t.Errorf("hit are %q, impact %v", i.Hit.Words(), i.Impact)
		}
	})
}

// TestHowIsOvertaken mitigates by two forms: the second does not undo what the first said.
func TestHowIsOvertaken(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		card := r.marked(r.channelOf(room).Messages, "card", "INC-1")[0]
		r.press("ada", room, card, "Mitigated")
		r.press("bob", room, card, "Mitigated")
		ada, bob := r.view("U0ADA"), r.view("U0BOB")
		r.fill("bob", bob, map[string]any{"how": "fix", "text": "the limit is right now"})
		v := r.again(r.fill("ada", ada, map[string]any{"how": "rollback"}), "it was said that it is a fix", "send the form again")
		if i, _ := r.fold(1); i.How != incident.Fix || len(i.FollowUps) != 0 {
			t.Errorf("how %q, %d follow-ups", i.How, len(i.FollowUps))
		}
		r.fill("ada", v, nil)
		if i, _ := r.fold(1); i.How != incident.Rollback || len(i.FollowUps) != 1 {
			t.Errorf("sent again: how %q, %d follow-ups", i.How, len(i.FollowUps))
		}
		// Only how it is undone is said: how it was mitigated stays as it was corrected.
		r.press("ada", room, r.oneHandover(room), "Correct")
		ada = r.view("U0ADA")
		r.command("bob", room, "mitigate failover: to B")
		r.pass(5 * time.Second)
		r.fill("ada", ada, map[string]any{"undo": "switch back to A"})
		if i, _ := r.fold(1); i.How != incident.Failover {
			t.Errorf("after the undo it was mitigated by %q, want failover", i.How)
		}
	})
}

// TestRerouteIsOvertaken moves an incident that was moved meanwhile.
func TestRerouteIsOvertaken(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.apply(strings.Replace(rosterText, "defaults:", "  - {id: mail, name: Mail, kind: service, team: payments, policy: payments}\ndefaults:", 1))
		room := r.takenOn("something fails sev2")
		r.command("ada", room, "not ours")
		form := r.view("U0ADA")
		r.command("bob", room, "reroute search it is the index")
		r.pass(5 * time.Second)
		v := r.again(r.fill("ada", form, map[string]any{"service": "mail"}), "INC-1 was moved to Search")
		if i, _ := r.fold(1); i.Service != "search" {
			t.Errorf("it was moved to %q", i.Service)
		}
		r.fill("ada", v, nil)
		if i, _ := r.fold(1); i.Service != "mail" {
			t.Errorf("sent again it is moved to %q", i.Service)
		}
	})
}

// TestDateIsOvertaken gives a follow-up a date that it got another one of meanwhile.
func TestDateIsOvertaken(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.mitigatedRoom("sev2")
		seen := r.command("ada", room, "followups")
		open := func() slacksim.View {
			t.Helper()
			r.click("ada", seen, "followup_date", nil)
			return r.view("U0ADA")
		}
		v := open()
		f := r.followUp("INC-1-F1")
		if res := r.fill("ada", v, map[string]any{"text": "it waits"}); !strings.Contains(res.Errors["due"], "is due on "+f.Due.Format(time.DateOnly)+" already") {
			t.Errorf("the date as it was: %+v", res)
		}
		to := f.Due.AddDate(0, 0, 20).Format(time.DateOnly)
		r.command("bob", room, "date INC-1-F1 "+f.Due.AddDate(0, 0, 10).Format(time.DateOnly)+" the provider")
		v = r.again(r.fill("ada", v, map[string]any{"due": to}), "INC-1-F1 was moved to "+f.Due.AddDate(0, 0, 10).Format(time.DateOnly))
		r.fill("ada", v, nil)
		if got := r.followUp("INC-1-F1").Due.Format(time.DateOnly); got != to {
			t.Errorf("sent again it is due %s, want %s", got, to)
		}
	})
}

// TestCloseFormIsOvertaken fills in what somebody else has seen to meanwhile.
func TestCloseFormIsOvertaken(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.command("ada", room, "resolve")
		r.pass(20 * time.Second)
		r.press("ada", room, r.marked(r.channelOf(room).Messages, "card", "INC-1")[0], "Close")
		v := r.view("U0ADA")
		r.command("bob", room, "postmortem owner @cleo")
		r.command("bob", room, "mitigate fix")
		r.pass(5 * time.Second)
		v = r.again(r.fill("ada", v, map[string]any{"how": "rollback", "reviewer": "U0ADA"}), "somebody else has seen to a part of the list", ":white_check_mark: Post-mortem: somebody writes it")
		if i, _ := r.fold(1); i.Status != incident.Resolved || i.Reviewer != incident.Person("cleo") {
			t.Errorf("it is %s, and %s writes the post-mortem", i.Status, i.Reviewer)
		}
		r.fill("ada", v, map[string]any{"anyway": "the rest is done in the review"})
		if i, _ := r.fold(1); i.Status != incident.Closed || i.Reviewer != incident.Person("cleo") || i.How != incident.Fix {
			t.Errorf("it is %s, by %s, and %s writes the post-mortem", i.Status, i.How, i.Reviewer)
		}
		r.noErrors()
	})
}
