package bot

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// nightRoster is a company in which ada gets a push and then a call, and bob is in New York.
const nightRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, time_zone: Europe/Berlin, phone: "+4915100000001", rules: {high: [{via: push}, {via: voice, after: 2m}]}}
  - {id: bob, name: Bob Stone, slack: U0BOB, time_zone: America/New_York, phone: "+4915100000002", rules: {high: [{via: slack}]}}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO, phone: "+4915100000003"}
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: ada, channel: general}
rotations:
  - id: primary
    team: payments
    time_zone: Europe/Berlin
    layers:
      - {id: weekly, people: [ada], start: 1999-12-27T09:00, every: {weeks: 1}}
policies:
  - id: payments
    steps:
      - {notify: [person:ada], wait: 10m}
      - {notify: [person:bob], wait: 10m}
    last_resort: [person:cleo]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// inNights runs f with that company, from midnight between Monday and Tuesday in Berlin on.
func inNights(t *testing.T, f func(*rig, *providers)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2000, 1, 3, 23, 0, 0, 0, time.UTC)))
		r := newRig(t, slacksim.Options{})
		defer r.close()
		r.roster, r.world = nightRoster, newProviders()
		r.start()
		f(r, r.world)
	})
}

// until lets time pass until an hour of ada's clock on a day of January.
func (r *rig) until(day, hour, minute int) {
	r.t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		r.t.Fatal(err)
	}
	r.pass(time.Until(time.Date(2000, 1, day, hour, minute, 0, 0, berlin)))
}

// TestS01LateStart offers a late start in the morning to whoever was woken, once, though the
// bot was away in between; the team reads it when they take it.
func TestS01LateStart(t *testing.T) {
	t.Parallel()
	longLife(t)
	inNights(t, func(r *rig, _ *providers) {
		r.until(4, 3, 45)
		r.command("eve", "general", "declare something leaks sev1 private")
		r.pass(30 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.until(4, 4, 50)
		r.command("ada", "general", "resolve INC-1")
		r.stop()
		r.until(4, 7, 0)
		r.start()
		asked := func(user string) int { return count(r.dm(user), "Take the morning?") }
		r.until(4, 8, 29)
		if n := asked("U0ADA"); n != 0 {
			t.Fatalf("ada was asked %d times before the morning", n)
		}
		r.until(4, 8, 31)
		m := r.find(r.dm("U0ADA"), "You were up from ")
		for _, words := range []string{"03:45 CET", "04:50 CET", "Start at 11:00"} {
			if !says(m, words) {
				t.Errorf("the message does not say %q: %s", words, m.Blocks)
			}
		}
		r.stop()
		r.start()
		r.press("ada", r.dmOf("U0ADA"), m, "Start at 11:00")
		r.pass(10 * time.Second)
		told := r.find(r.channel("general").Messages, "Ada Okafor was up on call in the night and starts at")
		if shows(told, "leaks") || shows(told, "INC-1") {
			t.Errorf("the team reads of a private incident: %s", told.Blocks)
		}
		if asked("U0ADA") != 0 {
			t.Error("after the press the message still asks")
		}
		if _, err := r.desk.StartLate(r.t.Context(), desk.Caller{Actor: incident.Person("ada")}, "2000-01-04", true); err == nil {
			t.Error("a second press is not refused")
		}
		r.until(6, 12, 0)
		if n := count(r.channel("general").Messages, "starts at"); n != 1 || asked("U0ADA") != 0 || asked("U0CLEO") != 0 {
			t.Errorf("the team was told %d times, ada asked %d, cleo %d; want once, and no more", n, asked("U0ADA"), asked("U0CLEO"))
		}
		r.noErrors()
	})
}

// TestS01NoLateStart asks nobody who was paged by day, on a day off, or too late.
func TestS01NoLateStart(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	for name, does := range map[string]func(r *rig){
		"by day":     func(r *rig) { r.until(4, 14, 0) },
		"a Saturday": func(r *rig) { r.until(8, 3, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			inNights(t, func(r *rig, _ *providers) {
				does(r)
				r.command("eve", "general", "declare card payments fail sev1")
				r.pass(30 * time.Second)
				r.command("ada", "general", "ack INC-1")
				r.command("ada", "general", "resolve INC-1")
				r.pass(30 * time.Hour)
				if n := count(r.dm("U0ADA"), "Take the morning?"); n != 0 {
					t.Errorf("ada was asked %d times", n)
				}
			})
		})
	}
	t.Run("the bot was away", func(t *testing.T) {
		inNights(t, func(r *rig, _ *providers) {
			r.until(4, 3, 0)
			r.command("eve", "general", "declare card payments fail sev1")
			r.pass(30 * time.Second)
			r.command("ada", "general", "ack INC-1")
			r.stop()
			r.until(4, 23, 0)
			r.start()
			r.pass(time.Hour)
			if n := count(r.dm("U0ADA"), "Take the morning?"); n != 0 {
				t.Errorf("ada was asked %d times in the night", n)
			}
		})
	})
}

// TestLateStartTooLate posts nothing of a late start that is over: neither after its hour nor on another
// day does an old button tell the team that somebody starts later today.
func TestLateStartTooLate(t *testing.T) {
	t.Parallel()
	longLife(t)
	for name, c := range map[string]struct {
		day, hour int
		want      string
	}{"after eleven": {4, 11, "It is past 11:00 by now"}, "the next day": {5, 9, "That was about another morning."}} {
		t.Run(name, func(t *testing.T) {
			inNights(t, func(r *rig, _ *providers) {
				r.until(4, 3, 45)
				r.command("eve", "general", "declare card payments fail sev1")
				r.pass(30 * time.Second)
				r.command("ada", "general", "ack INC-1")
				r.command("ada", "general", "resolve INC-1")
				r.until(4, 8, 40)
				m := r.find(r.dm("U0ADA"), "Take the morning?")
				r.until(c.day, c.hour, 1)
				r.press("ada", r.dmOf("U0ADA"), m, "Start at 11:00")
				r.pass(time.Minute)
				if n := count(r.channel("general").Messages, "starts at"); n != 0 {
					t.Errorf("the team was told %d times", n)
				}
				if told := r.whispers("ada"); !strings.Contains(told, c.want) {
					t.Errorf("ada is told %s", told)
				}
			})
		})
	}
}

// TestLateStartWhileSlackIsAway offers no start at eleven in the afternoon.
func TestLateStartWhileSlackIsAway(t *testing.T) {
	t.Parallel()
	inNights(t, func(r *rig, _ *providers) {
		r.until(4, 3, 45)
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(30 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "resolve INC-1")
		r.until(4, 8, 0)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Status: 503, Times: 100000})
		r.until(4, 11, 5)
		r.sim.ClearFaults()
		r.until(4, 15, 0)
		if n := count(r.dm("U0ADA"), "Take the morning?"); n != 0 {
			t.Errorf("ada was asked %d times", n)
		}
	})
}

// TestMissedPage asks in the morning whether a call is to come first, and says how.
func TestMissedPage(t *testing.T) {
	t.Parallel()
	longLife(t)
	inNights(t, func(r *rig, _ *providers) {
		r.until(4, 3, 40)
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(3 * time.Minute)
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "resolve INC-1")
		r.until(4, 9, 0)
		m := r.find(r.dm("U0ADA"), "Call first at night?")
		if !says(m, "page went out as a push first, the call came 2 minutes later.") {
			t.Errorf("the message says %s", m.Blocks)
		}
		r.press("ada", r.dmOf("U0ADA"), m, "Yes")
		got := r.find(r.dm("U0ADA"), "a call comes first")
		if !strings.Contains(got.Text, "rules: {high: [{via: voice}, {via: push}]}") {
			t.Errorf("the answer says %s", got.Text)
		}
		r.until(5, 3, 40)
		r.command("eve", "general", "declare card payments fail again sev1")
		r.pass(3 * time.Minute)
		r.command("ada", "general", "ack INC-2")
		r.until(5, 9, 0)
		if n := count(r.dm("U0ADA"), "Call first at night?"); n != 0 {
			t.Errorf("after the answer ada was asked %d times more", n)
		}
		if n := count(r.dm("U0ADA"), "Take the morning?"); n != 2 {
			t.Errorf("%d offers of a late start, want one for each night", n)
		}
		r.noErrors()
	})
}

// TestAnsweredPushIsNoMissedPage asks nothing of whoever answered the push.
func TestAnsweredPushIsNoMissedPage(t *testing.T) {
	t.Parallel()
	inNights(t, func(r *rig, _ *providers) {
		r.until(4, 3, 40)
		r.command("eve", "general", "declare card payments fail sev1")
		r.pass(time.Minute)
		r.command("ada", "general", "ack INC-1")
		r.until(4, 12, 0)
		if n := count(r.dm("U0ADA"), "Call first at night?"); n != 0 {
			t.Errorf("ada was asked %d times", n)
		}
	})
}

// TestWeekOfATeam tells a team on Monday, 9:30, how its week was, once, and nothing where
// there is nothing to tell; private incidents and drills are not in it.
func TestWeekOfATeam(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inNights(t, func(r *rig, _ *providers) {
		line := func() []slacksim.Message {
			var all []slacksim.Message
			for _, m := range r.channel("general").Messages {
				if shows(m, "Last week on call") {
					all = append(all, m)
				}
			}
			return all
		}
		r.until(4, 3, 40)
		for n, declare := range []string{"card payments fail sev1", "something leaks sev1 private", "an exercise sev1 drill"} {
			r.command("eve", "general", "declare "+declare)
			r.pass(3 * time.Minute)
			name := incident.Name(n + 1)
			r.command("ada", "general", "ack "+name)
			r.command("ada", "general", "mitigate "+name+" rollback")
			r.command("ada", "general", "resolve "+name)
			r.pass(5 * time.Minute)
		}
		r.until(10, 9, 29)
		if n := len(line()); n != 0 {
			t.Fatalf("%d lines before Monday, 9:30", n)
		}
		slowWords(r)
		r.until(10, 9, 31)
		r.stop()
		r.start()
		r.until(10, 12, 0)
		if got := strings.Join(order(r.channel("general").Messages, "Last week on call"), " "); got != "words file" {
			t.Errorf("in the channel: %s", got)
		}
		got := line()
		if len(got) != 1 || !shows(got[0], "Last week on call: 1 interrupt, 1 at night (Checkout). 1 permanent fix is open, for 5 days.") {
			t.Fatalf("the team reads%s", list(got))
		}
		pictures := func() (all []string) {
			for _, m := range r.channel("general").Messages {
				for _, f := range m.Files {
					all = append(all, f.Name+" "+f.AltText)
				}
			}
			return all
		}
		if got, want := strings.Join(pictures(), "\n"), "payments-week-2000-01-10.png Interrupts by service of Payments, week of 3 January 2000. Checkout 1, of these 1 at night, at a weekend or on a holiday"; got != want {
			t.Errorf("the pictures are %q, want %q", got, want)
		}
		done := desk.FollowUpAct{Verb: desk.FinishTask, Text: "https://git.example/change/431"}
		if _, _, err := r.desk.DoFollowUp(r.t.Context(), desk.Caller{Actor: incident.Person("ada")}, "INC-1-F1", done); err != nil {
			t.Fatal(err)
		}
		r.until(17, 12, 0)
		if n := len(line()); n != 1 {
			t.Errorf("after a week without anything the team reads%s", list(line()))
		}
		if n := len(pictures()); n != 1 {
			t.Errorf("%d pictures", n)
		}
		r.noErrors()
	})
}

// TestWokenAreNotRemindedThatDay has a reminder of a follow-up wait for the next day.
func TestWokenAreNotRemindedThatDay(t *testing.T) {
	t.Parallel()
	longLife(t)
	for name, wakes := range map[string]bool{"woken": true, "asleep": false} {
		t.Run(name, func(t *testing.T) {
			inNights(t, func(r *rig, _ *providers) {
				r.command("eve", "general", "declare a notice sev4")
				r.pass(30 * time.Second)
				task := incident.FollowUp{Title: "load the roots weekly", Owner: "person:ada", Due: time.Date(2000, 1, 5, 12, 0, 0, 0, time.UTC)}
				if _, _, err := r.desk.OpenFollowUp(r.t.Context(), desk.Caller{Actor: incident.Person("bob")}, 1, task); err != nil {
					t.Fatal(err)
				}
				r.until(4, 3, 45)
				if wakes {
					r.command("eve", "general", "declare card payments fail sev1")
					r.pass(30 * time.Second)
					r.command("ada", "general", "ack INC-2")
					r.command("ada", "general", "resolve INC-2")
				}
				reminded := func() int { return count(r.dm("U0ADA"), "load the roots weekly") - count(r.dm("U0ADA"), "gave you") }
				before := reminded()
				r.until(4, 18, 0)
				if got := reminded() - before; (got > 0) == wakes {
					t.Errorf("on the day after the night ada was reminded %d times:%s", got, list(r.dm("U0ADA")))
				}
				r.until(5, 18, 0)
				if got := reminded() - before; got == 0 {
					t.Errorf("ada was never reminded:%s", list(r.dm("U0ADA")))
				}
			})
		})
	}
}
