package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// swapWith asks bob for ada's next shift in primary, and returns the message that
// asks him.
func (r *rig) swapWith(person string, more map[string]any) slacksim.Message {
	r.t.Helper()
	now := time.Now()
	shifts := oncall.Conflicts(r.people.Current().Roster, "ada", now, now.Add(60*24*time.Hour))
	var next oncall.Gap
	for _, g := range shifts {
		if g.Start.After(now) {
			next = g
			break
		}
	}
	values := map[string]any{"shift": stretchOf(next), "with": person, "reason": "a wedding"}
	for k, v := range more {
		values[k] = v
	}
	res := r.fill("ada", r.form("ada", "swap"), values)
	if len(res.Errors) > 0 || !res.Closed {
		r.t.Fatalf("ask for a swap: %+v", res)
	}
	return r.seek(r.dm(userID(r, person)), "asks <@"+userID(r, person)+"> to take")
}

func stretchOf(g oncall.Gap) string {
	return strings.Join([]string{g.Rotation, unix(g.Start), unix(g.End), ""}, "/")
}

// TestSwap is asked for, reminded of, and agreed to once; the messages change, and
// both are told.
func TestSwap(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm(), func(r *rig) {
		m := r.swapWith("cleo", nil) // ada's shift from Monday 10 January 09:00
		if who := r.people.Current().Roster; len(who.Rotations[0].Swaps) != 1 || r.onCall("primary") != "ada" {
			t.Fatalf("an open request changes nothing: %+v", who.Rotations[0].Swaps)
		}
		r.stop()
		r.start()
		r.pass(3 * 24 * time.Hour) // a reminder is due 7 days ahead, on Monday 3 January
		if n := count(r.dm("U0CLEO"), "Still open"); n != 1 {
			t.Errorf("cleo was reminded %d times, want once:%s", n, list(r.dm("U0CLEO")))
		}
		r.press("cleo", mustDM(r, "U0CLEO"), m, "Accept")
		for _, m := range r.dm("U0CLEO") {
			if says(m, "shift_accept") {
				t.Errorf("a message still offers Accept: %s", m.Blocks)
			}
		}
		r.seek(r.dm("U0ADA"), "<@U0CLEO> takes it.")
		swap := r.people.Current().Roster.Rotations[0].Swaps[0]
		if swap.Status != rotation.SwapAccepted || swap.With != "cleo" {
			t.Errorf("swap = %+v, want it accepted by cleo", swap)
		}
		r.pass(time.Until(swap.Start) + time.Hour)
		if who := r.onCall("primary"); who != "cleo" {
			t.Errorf("on call in the swapped shift: %s, want cleo", who)
		}
		r.noErrors()
	})
}

// TestCover asks everybody: the first who takes it counts, the second is told who
// that was, and whoever asks cannot accept.
func TestCover(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		now := time.Now()
		next := oncall.Conflicts(r.people.Current().Roster, "ada", now.Add(4*24*time.Hour), now.Add(60*24*time.Hour))[0]
		r.fill("ada", r.form("ada", "cover"), map[string]any{"shift": stretchOf(next)})
		m := r.seek(r.channel("team-payments").Messages, "asks who takes *primary*")
		r.press("ada", "team-payments", m, "Take this shift")
		if told := r.whispers("ada"); !strings.Contains(told, "Whoever asks cannot accept.") {
			t.Errorf("ada, who asks, was told %s", told)
		}
		r.press("eve", "team-payments", m, "Take this shift")
		if told := r.whispers("eve"); !strings.Contains(told, "you are not in it") {
			t.Errorf("eve, a stranger, was told %s", told)
		}
		r.press("cleo", "team-payments", m, "Take this shift")
		if a, err := r.people.AcceptSwap(r.t.Context(), desk.Caller{Actor: incident.Person("cleo")}, "primary", 1); err != nil || !a.Repeated {
			t.Errorf("cleo pressed twice: %+v, %v; want that it is done", a, err)
		}
		// Bob pressed before he could see that.
		_, err := r.people.AcceptSwap(r.t.Context(), desk.Caller{Actor: incident.Person("bob")}, "primary", 1)
		if err == nil || !strings.Contains(err.Error(), "cleo takes it already.") {
			t.Errorf("bob, the second, was told %v; want that cleo takes it", err)
		}
		m, _ = r.channel("team-payments").Message(m.TS)
		if says(m, "shift_take") || !says(m, "<@U0CLEO> takes it.") {
			t.Errorf("the request shows %s; want that cleo takes it", m.Blocks)
		}
	})
}

// TestConsentExpires lets a swap begin without an answer: nothing changes, the
// one who asked is told, and an answer is too late.
func TestConsentExpires(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm(), func(r *rig) {
		m := r.swapWith("cleo", nil)
		asked := postedAt(m)
		r.pass(time.Until(r.people.Current().Roster.Rotations[0].Swaps[0].Start) - time.Minute)
		r.stop() // it begins while nobody is there
		r.pass(10 * time.Minute)
		r.start()
		r.seek(r.dm("U0ADA"), "nobody took it. <@U0ADA> stays on call.")
		if who := r.onCall("primary"); who != "ada" {
			t.Errorf("on call = %s, want ada still", who)
		}
		m, _ = r.channel(mustDM(r, "U0CLEO")).Message(m.TS)
		if says(m, "shift_accept") {
			t.Errorf("the request still offers Accept: %s", m.Blocks)
		}
		if n := count(r.dm("U0CLEO"), "asked for somebody to take") - 1; n < 3 || n > 5 {
			t.Errorf("cleo was reminded %d times within nine days, want at 7, 3, 2 and 1 days and 12 hours, less what fell together", n)
		}
		for _, m := range r.dm("U0CLEO") {
			if at := postedAt(m); says(m, "asked for somebody to take") && at.Sub(asked) > time.Minute && (at.Hour() < 8 || at.Hour() >= 18) {
				t.Errorf("cleo was reminded at %s, outside of her working hours", at)
			}
		}
	})
}

// TestTimeOff records an absence and offers to ask who takes the shift.
func TestTimeOff(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.fill("ada", r.form("ada", "time off"), map[string]any{"from_date": "2000-01-11", "from_time": "00:00", "to_date": "2000-01-13", "to_time": "00:00"})
		m := r.seek(r.channel("team-payments").Messages, "is away and on call all the same")
		r.seek(r.dm("U0ADA"), "is away and on call all the same")
		r.press("cleo", "team-payments", m, "Ask who takes it") // ada's lead
		ask := r.seek(r.channel("team-payments").Messages, "asks who takes *primary*")
		r.press("bob", "team-payments", ask, "Take this shift")
		r.pass(time.Until(time.Date(2000, 1, 12, 0, 0, 0, 0, time.UTC)))
		if who := r.onCall("primary"); who != "bob" {
			t.Errorf("on call while ada is away: %s, want bob", who)
		}
		r.noErrors()
	})
}

// TestRemovedWhileOnCall takes the person on call out of the roster: the next one
// is on call at once, and the team hears of it.
func TestRemovedWhileOnCall(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		text := strings.Replace(rosterText, "people: [ada, bob]", "people: [bob]", 1)
		r.apply(text)
		if who := r.onCall("primary"); who != "bob" {
			t.Fatalf("on call = %s, want bob", who)
		}
		m := r.seek(r.channel("team-payments").Messages, "The schedule has changed")
		if !says(m, "<@U0BOB>") {
			t.Errorf("the team is told %s; want who is on call now", m.Blocks)
		}
		r.seek(r.dm("U0ADA"), "and are not any more")
		r.seek(r.dm("U0BOB"), "Your shifts have moved")
		r.noErrors()
	})
}

// TestWhoIsOnCall answers a team, a typo and nobody's name.
func TestWhoIsOnCall(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		for _, tt := range []struct{ text, want string }{
			{"", "*primary* (Payments): <@U0ADA> until"},
			{"payments", "then <@U0BOB>"},
			{"paymets", "Did you mean `/oncall payments`?"},
			{"overide", "Did you mean `/oncall override`?"},
			{"xyzzyplugh", "There is no team “xyzzyplugh”. Teams: payments."},
			{"requests", "Nothing is open or planned"},
			{"history", "applied by Stormbell"},
			{"help", "/oncall override` puts somebody else"},
			{"<!channel>", "There is no team"},
		} {
			seen := r.oncall("eve", tt.text)
			if shown := seen.Text + string(seen.Blocks); !strings.Contains(unescaped(shown), tt.want) {
				t.Errorf("/oncall %s shows %s; want %q", tt.text, shown, tt.want)
			}
		}
		if seen := r.oncall("eve", "override"); !strings.Contains(seen.Text, "you are not in it") {
			t.Errorf("/oncall override by a stranger shows %+v; want a refusal", seen)
		}
		if seen := r.oncall("cleo", "swap"); !strings.Contains(seen.Text, "nothing to give away") {
			t.Errorf("/oncall swap by somebody who is never on call shows %+v; want a refusal", seen)
		}
	})
}

// TestOverrideKeepsWhatWasTyped: the form has the rotation and the person that were named, and
// shows the words that it could not be filled in from.
func TestOverrideKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		r.oncall("ada", "override primary <@U0BOB|bob> tomorrow 18:00 to 20:00")
		form := string(r.view("U0ADA").Blocks)
		for _, want := range []string{`"initial_users":["U0BOB"]`, `"value":"primary"`, "You typed: override primary", "tomorrow 18:00 to 20:00"} {
			if !strings.Contains(form, want) {
				t.Errorf("the form lacks %q: %s", want, form)
			}
		}
		r.oncall("ada", "override primary")
		if form := string(r.view("U0ADA").Blocks); strings.Contains(form, "You typed") {
			t.Errorf("all of it was understood, and the form says it again: %s", form)
		}
	})
}

// TestAppliedSwaps applies rosters from files: a request that is not in one any
// more says so, and one that came with it is asked.
func TestAppliedSwaps(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		m := r.swapWith("cleo", nil)
		r.apply(rosterText)
		r.pass(10 * time.Second)
		m, _ = r.channel(mustDM(r, "U0CLEO")).Message(m.TS)
		if says(m, "shift_accept") || !says(m, "not in the roster any more") {
			t.Errorf("the request that was applied away shows %s", m.Blocks)
		}
		r.apply(strings.Replace(rosterText, "time_zone: UTC\n", "time_zone: UTC\n    swaps: [{person: ada, with: bob, start: 2000-01-11T00:00:00Z, end: 2000-01-12T00:00:00Z, status: open}]\n", 1))
		r.pass(10 * time.Second)
		ask := r.seek(r.dm("U0BOB"), "asks <@U0BOB> to take")
		r.press("bob", mustDM(r, "U0BOB"), ask, "Accept")
		if s := r.people.Current().Roster.Rotations[0].Swaps[0]; s.Status != rotation.SwapAccepted {
			t.Errorf("swap = %+v, want it accepted", s)
		}
		r.noErrors()
	})
}

// TestWoken proposes a late start when somebody was woken in the night before a
// hand-over.
func TestWoken(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.pass(51 * time.Hour) // Monday 03:00
		r.command("eve", "general", "declare checkout is down")
		r.pass(time.Minute)
		r.command("ada", "general", "ack INC-1")
		r.pass(6*time.Hour + time.Minute)
		m := r.seek(r.channel("team-payments").Messages, "<@U0BOB> is on call now")
		if !says(m, "<@U0ADA> was woken") || !says(m, "They should start late") {
			t.Errorf("the hand-over shows %s; want that ada was woken", m.Blocks)
		}
	})
}

// TestCoverRunningShift asks for what is left of a shift that runs: there is half
// an hour to answer.
func TestCoverRunningShift(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		now := oncall.Conflicts(r.people.Current().Roster, "ada", time.Now(), time.Now().Add(10*24*time.Hour))[0]
		v := r.form("ada", "cover")
		now.Start = time.Now().Add(-time.Second).UTC() // the form was made a second ago
		r.fill("ada", v, map[string]any{"shift": stretchOf(now)})
		m := r.seek(r.channel("team-payments").Messages, "asks who takes *primary*")
		r.pass(20 * time.Minute)
		r.press("bob", "team-payments", m, "Take this shift")
		if who := r.onCall("primary"); who != "ada" {
			t.Errorf("on call at once = %s, want ada until it begins", who)
		}
		r.pass(15 * time.Minute)
		if who := r.onCall("primary"); who != "bob" {
			t.Errorf("on call half an hour later = %s, want bob", who)
		}
	})
}
