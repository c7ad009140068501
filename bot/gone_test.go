package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// deactivate is what an administrator of Slack does when somebody leaves. The roster
// still has them.
func (r *rig) deactivate(who string) {
	r.t.Helper()
	if err := r.sim.ChangePerson(who, func(u *slacksim.User) { u.Deleted = true }); err != nil {
		r.t.Fatal(err)
	}
	r.pass(time.Minute)
}

// TestPagingSomebodyDeactivated: whoever is on call and has no account in Slack any more is
// passed over at once for the next one, and the timeline says so in words.
func TestPagingSomebodyDeactivated(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.deactivate("ada")
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(20 * time.Second)
		_, events := r.fold(1)
		if got := said(events); !strings.Contains(got, "heir Slack account is deactivated") || !strings.Contains(got, "Step 2: Cleo Marsh") {
			t.Errorf("within 20 seconds the timeline has %s", got)
		}
		if n := len(r.dm("U0CLEO")); n == 0 {
			t.Error("the next one is not paged")
		}
	})
}

// TestTakingOverFromSomebodyDeactivated: what somebody was to do after an incident is asked
// of others from the day on that their account is deactivated, without a restart.
func TestTakingOverFromSomebodyDeactivated(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed() // INC-1, of which ada is to write
		r.command("ada", room, "task count the pools @ada due:2000-01-05")
		r.deactivate("ada")
		r.pass(time.Until(time.Date(2000, 1, 4, 12, 0, 0, 0, time.UTC)))
		if all := r.waitingFor("U0ADA"); len(all) > 0 {
			t.Errorf("ada is told %s", list(all))
		}
		if got := r.waitingFor("U0EVE"); len(got) == 0 || !shows(got[0], "INC-1") || !shows(got[0], "you were there last") {
			t.Errorf("whoever else was there is told %s", list(got))
		}
		if m := r.find(r.channel("incidents").Messages, "INC-1-F2"); !shows(m, "count the pools") {
			t.Errorf("the team is told %s", m.Blocks)
		}
		r.noErrors()
	})
}

// TestHandOverToSomebodyDeactivated: the message about the hand-over warns of it.
func TestHandOverToSomebodyDeactivated(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.deactivate("bob")
		r.pass(time.Until(time.Date(2000, 1, 3, 10, 0, 0, 0, time.UTC)))
		m := r.find(r.channel("incidents").Messages, "on call now")
		if !shows(m, "The Slack account of Bob Stone is deactivated") || shows(m, "Ada Okafor is deactivated") {
			t.Errorf("the hand-over says %s", m.Blocks)
		}
	})
}

// TestOnCallAndDeactivated: who asks who is on call reads that somebody cannot be reached
// in Slack, in the answer and on Home.
func TestOnCallAndDeactivated(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		const warns = "The Slack account of Ada Okafor is deactivated"
		answer := func() string { return unescaped(string(r.oncall("eve", "").Blocks)) }
		if _, err := r.sim.As("eve").OpenHome(); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		if got := answer() + r.home("eve"); strings.Contains(got, "deactivated") {
			t.Errorf("before, people read %s", got)
		}
		r.deactivate("ada")
		if got := answer(); !strings.Contains(got, warns) {
			t.Errorf("/oncall says %s", got)
		}
		if got := r.home("eve"); !strings.Contains(got, warns) {
			t.Errorf("Home says %s", got)
		}
		r.noErrors()
	})
}

// TestQuestionsForSomebodyDeactivated: what only they could know is asked of whoever writes
// the document.
func TestQuestionsForSomebodyDeactivated(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.reviewed() // in which ada wrote where it was
		r.command("ada", room, "postmortem owner @eve")
		r.deactivate("ada")
		r.pass(time.Until(time.Date(2000, 1, 4, 12, 0, 0, 0, time.UTC)))
		if all := r.waitingFor("U0ADA"); len(all) > 0 {
			t.Errorf("ada is told %s", list(all))
		}
		if m := r.find(r.dm("U0EVE"), "post-mortem"); !shows(m, "questions are open for you") {
			t.Errorf("eve is told %s", m.Blocks)
		}
		r.noErrors()
	})
}
