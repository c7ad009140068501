package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
)

// TestGivenBack: somebody who cannot do it after all gives it back, and the
// ladder goes on where it was.
func TestGivenBack(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		if seen := r.command("eve", "general", "unack INC-1"); !strings.Contains(seen.Text, "There is no INC-1") {
			t.Errorf("unack of nothing: %q", seen.Text)
		}
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(5 * time.Second)
		if seen := r.command("bob", "general", "unack INC-1"); !strings.Contains(seen.Text, "Nobody has acknowledged INC-1") {
			t.Errorf("unack before the ack: %q, want that there is nothing to take back", seen.Text)
		}
		r.command("bob", "general", "ack INC-1")
		r.pass(time.Hour)
		before := counts(p, "0002")
		r.command("bob", "general", "unack INC-1")
		r.pass(5 * time.Second)
		if got := counts(p, "0002"); got["sms"] != before["sms"]+1 {
			t.Errorf("after the unack bob has %v, had %v, want the step again", got, before)
		}
		if i, _ := r.fold(1); i.AcknowledgedBy != "" || i.Acked() {
			t.Errorf("acknowledged by %q after it was given back", i.AcknowledgedBy)
		}
		r.find(r.channel("inc-1-search-is-slow").Messages, "took the acknowledgement back: People are paged again.")
	})
}

// TestSnooze: silence, then from the start; nonsense is answered with an example.
func TestSnooze(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(time.Minute)
		for _, wrong := range []string{"snooze INC-1", "snooze INC-1 a while", "snooze INC-1 0m", "snooze INC-1 9999h"} {
			if seen := r.command("ada", "general", wrong); !strings.Contains(seen.Text, "snooze 15m") {
				t.Errorf("%s: %q, want an example", wrong, seen.Text)
			}
		}
		if seen := r.command("ada", "general", "snooze INC-1 30 min, waiting for\nthe *provider*"); !strings.Contains(seen.Text, "for 30 min") {
			t.Errorf("snooze: %q, want for how long", seen.Text)
		}
		r.pass(29 * time.Minute)
		r.find(r.channel("inc-1-card-payments-fail").Messages, "Then the escalation starts again. The reason: waiting for the *provider*.")
		if got := counts(p, "ada", "0001", "0002"); len(got) > 0 {
			t.Errorf("during the silence: %v, want nothing", got)
		}
		n := len(r.dm("U0ADA"))
		r.pass(2 * time.Minute)
		if got := len(r.dm("U0ADA")); got != n+1 {
			t.Errorf("after the silence ada has %d messages, had %d, want the first step again", got, n)
		}
	})
}

// TestReassign: one person is asked, and without an answer the ladder begins.
func TestReassign(t *testing.T) {
	t.Parallel()
	withWays(t, "", func(r *rig, p *providers) {
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(time.Minute)
		r.command("ada", "general", "ack INC-1")
		if seen := r.command("ada", "general", "reassign INC-1 <@U0EVE>"); !strings.Contains(seen.Text, "The roster does not say how to reach") {
			t.Errorf("to somebody who is not in the roster: %q", seen.Text)
		}
		if seen := r.command("ada", "general", "reassign INC-1"); !strings.Contains(seen.Text, "reassign @ada") {
			t.Errorf("to nobody: %q, want an example", seen.Text)
		}
		r.command("ada", "general", "reassign INC-1 <@U0BOB>")
		r.pass(2 * time.Minute)
		if got := counts(p, "0002"); !cmp.Equal(got, map[string]int{"sms": 1, "voice": 1}) {
			t.Errorf("bob got %v, want his own rules", got)
		}
		n := len(r.dm("U0ADA"))
		r.pass(4 * time.Minute)
		if got := len(r.dm("U0ADA")); got != n+1 {
			t.Errorf("after five minutes without an answer ada has %d messages, had %d, want the ladder from its start", got, n)
		}
		p.reply("+4915100000002", codeOf(p.taken("sms", "0002")[0]))
		r.pass(10 * time.Second)
		if i, _ := r.fold(1); i.AcknowledgedBy != incident.Person("bob") {
			t.Errorf("acknowledged by %q, want bob", i.AcknowledgedBy)
		}
	})
}
