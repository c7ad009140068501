package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestNobodyIsShownAPrivateIncidentByNamingThem names somebody who cannot see a private
// incident, in every way that would show it to them: it is refused with what to do, and
// they see nothing. Once they are invited it is done.
func TestNobodyIsShownAPrivateIncidentByNamingThem(t *testing.T) {
	t.Parallel()
	inBubble(t, withMax, func(r *rig) {
		r.command("ada", "general", "declare keys leaked sev2 private service:checkout")
		r.pass(30 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(10 * time.Second)
		room := r.incidentChannel(1)
		r.command("ada", room, "mitigate rollback")
		max := incident.Actor("slack:U0MAX")
		for _, typed := range []string{"postmortem owner @max", "role communicator @max", "role responder @max", "role commander @max",
			"role shadow @max", "task change the keys @max", "give INC-1-F1 @max"} {
			if got := r.answered("ada", room, typed); !strings.Contains(got, "Invite them into its channel first") {
				t.Errorf("%s: ada sees %s", typed, got)
			}
			if _, err := r.desk.Show(r.t.Context(), max, 1); err == nil {
				t.Fatalf("after %q max sees it", typed)
			}
		}
		if n := len(r.dm("U0MAX")); n != 0 {
			t.Errorf("max was told of it %d times:%s", n, list(r.dm("U0MAX")))
		}
		r.ok(r.sim.As("ada").Invite(room, "max"))
		r.pass(10 * time.Second)
		r.command("ada", room, "postmortem owner @max")
		if i, events := r.fold(1); i.Reviewer != max || ofKind(events, incident.KindAdmitted) == 0 {
			t.Errorf("after the invitation %q writes the post-mortem: %s", i.Reviewer, said(events))
		}
	})
}

// TestListsOfPrivateAreInTheAudit lists what is private, and its follow-ups: each is
// recorded as reading is, once an hour, and nothing that is only sent to somebody's Home.
func TestListsOfPrivateAreInTheAudit(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"followups", "list", "search leaked"} {
		t.Run(typed, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				r.command("ada", "general", "declare keys leaked sev2 private service:checkout")
				r.pass(30 * time.Second)
				r.command("ada", "general", "ack INC-1")
				r.command("ada", "general", "mitigate INC-1 rollback")
				r.pass(2 * time.Hour)
				since := time.Now()
				reads := func(who string) (n int) {
					list, _, err := r.desk.Audit(r.t.Context(), desk.AuditQuery{Incident: 1, Person: who, From: since})
					if err != nil {
						t.Fatal(err)
					}
					for _, e := range list {
						if e.Did == "read" {
							n++
						}
					}
					return n
				}
				r.openHome("ada")
				r.pass(10 * time.Second)
				before := reads("ada")
				if got := r.answered("ada", "general", typed); !strings.Contains(got, "INC-1") {
					t.Fatalf("ada sees %s", got)
				}
				r.answered("ada", "general", typed)
				if got := r.answered("eve", "general", typed); strings.Contains(got, "INC-1") {
					t.Errorf("eve sees %s", got)
				}
				if got := reads("ada"); before != 0 || got != 1 || reads("U0EVE") != 0 {
					t.Errorf("the audit has %d reads of ada, %d of eve, %d before; want one of ada", got, reads("U0EVE"), before)
				}
			})
		})
	}
}

// TestRoleFromElsewhereInvites takes a role by a command outside the channel, after having
// left it too: whoever has a role is in the channel.
func TestRoleFromElsewhereInvites(t *testing.T) {
	t.Parallel()
	inBubble(t, withMax, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		for _, user := range []string{"bob", "max", "bob"} {
			r.command(user, "general", "role communicator INC-1")
			r.pass(20 * time.Second)
			if !contains(r.channelOf(room).Members, userID(r, user)) {
				t.Errorf("%s has a role and is not in the channel", user)
			}
			if err := r.sim.As(user).Leave(room); err != nil {
				t.Fatal(err)
			}
			r.pass(20 * time.Second)
		}
	})
}

// TestNightOfAStorm pages somebody in a night with more incidents than are looked back upon:
// in the morning they are asked all the same.
func TestNightOfAStorm(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inNights(t, func(r *rig, _ *providers) {
		r.until(4, 1, 0)
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(30 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(10 * time.Minute)
		for range 260 {
			r.declares(incident.Declaration{Title: "something else", Severity: incident.Sev4, Service: "checkout"})
		}
		r.until(4, 8, 31)
		if n := count(r.dm("U0ADA"), "Take the morning?"); n != 1 {
			t.Errorf("ada was asked %d times, want once", n)
		}
	})
}

// TestIdleIsNotAskedAtNight has the bot away when somebody was to be asked: they are asked
// on the next morning, not at night.
func TestIdleIsNotAskedAtNight(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev2")
		r.command("ada", room, "mitigate rollback")
		r.pass(57 * time.Hour) // Monday, 09:00
		r.stop()
		r.pass(13 * time.Hour) // 22:00
		r.start()
		r.pass(time.Hour)
		if n := len(r.askedOf("U0ADA")); n != 0 {
			t.Fatalf("ada was asked %d times at 22:00", n)
		}
		r.pass(10*time.Hour + 40*time.Minute) // Tuesday, 09:40
		if n := len(r.askedOf("U0ADA")); n != 1 {
			t.Errorf("ada was asked %d times on the next morning, want once", n)
		}
	})
}
