package bot

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestHandover goes over a hand-over: the incoming person hears a day and a
// quarter of an hour ahead, the team once, and a restart repeats nothing.
func TestHandover(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.command("eve", "general", "declare checkout is slow sev4")
		r.pass(33*time.Hour - time.Minute) // Sunday, a minute before a day ahead
		if n := len(r.dm("U0BOB")); n != 0 {
			t.Errorf("bob was told %d things before a day ahead, want none", n)
		}
		r.pass(2 * time.Minute)
		r.seek(r.dm("U0BOB"), "You are on call for *primary*")
		r.stop()
		r.start()
		r.pass(24 * time.Hour)
		r.stop()
		r.start()
		r.pass(time.Hour)
		if n := len(r.dm("U0BOB")); n != 2 {
			t.Errorf("bob was told %d things, want one a day and one a quarter of an hour ahead:%s", n, list(r.dm("U0BOB")))
		}
		if n := len(r.dm("U0ADA")); n != 0 {
			t.Errorf("ada, who leaves, was told %d things", n)
		}
		team := r.channel("team-payments").Messages
		m := r.seek(team, "<@U0BOB> is on call now")
		for _, words := range []string{"Their shift ended: <@U0ADA>", "Next: <@U0ADA>", "INC-1", "checkout is slow"} {
			if !says(m, words) {
				t.Errorf("the hand-over does not show %q: %s", words, m.Blocks)
			}
		}
		if says(m, "late") || count(team, "on call now") != 1 {
			t.Errorf("want one hand-over message that is not late:%s", list(team))
		}
		r.noErrors()
	})
}

// TestLateHandover is away for three hand-overs: the last one is told, once, and
// that it comes late.
func TestLateHandover(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		r.stop()
		r.pass(16*24*time.Hour + 10*time.Hour) // Monday 17 January, 10:00
		r.start()
		r.pass(time.Minute)
		told := r.channel("incidents").Messages
		m := r.seek(told, "This is late")
		if count(told, "on call now") != 1 || !says(m, "<@U0BOB> is on call now") {
			t.Errorf("want one late message about the last hand-over:%s", list(told))
		}
		if n := len(r.dm("U0ADA")) + len(r.dm("U0BOB")); n != 0 {
			t.Errorf("%d direct messages about shifts that have begun, want none", n)
		}
	})
}

const springRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, time_zone: Europe/Berlin}
  - {id: bob, name: Bob Stone, slack: U0BOB, time_zone: Europe/Berlin}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO, time_zone: Europe/Berlin}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo, channel: payments-talk}
rotations:
  - id: primary
    team: payments
    time_zone: Europe/Berlin
    layers:
      - {id: daily, people: [ada, bob], start: 1999-12-27T02:30, every: {days: 1}}
policies:
  - {id: payments, steps: [{notify: [rotation:primary], wait: 5m}], last_resort: [channel:incidents, person:bob]}
defaults: {policy: payments}
`

// TestClockChanges hands over at 02:30 across both changes of the clocks: skipped
// on 26 March 2000, when it happens at 03:00, and twice on 29 October, when it
// happens the first time. Each day has one hand-over.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, want string }{
		{"forward", "2000-03-25T12:00:00Z", "2000-03-26T01:00:00Z"},
		{"back", "2000-10-28T12:00:00Z", "2000-10-29T00:30:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, calm("payments-talk"), func(r *rig) {
				from, _ := time.Parse(time.RFC3339, tt.from)
				want, _ := time.Parse(time.RFC3339, tt.want)
				r.stop()
				r.pass(time.Until(from))
				r.start()
				r.apply(springRoster)
				before := count(r.channel("payments-talk").Messages, "on call now")
				r.pass(time.Until(want) - time.Second)
				if n := count(r.channel("payments-talk").Messages, "on call now") - before; n != 0 {
					t.Errorf("%d hand-overs before %s, want none", n, tt.want)
				}
				r.pass(time.Minute)
				if n := count(r.channel("payments-talk").Messages, "on call now") - before; n != 1 {
					t.Errorf("%d hand-overs at %s, want one", n, tt.want)
				}
				r.pass(22 * time.Hour)
				if n := count(r.channel("payments-talk").Messages, "on call now") - before; n != 1 {
					t.Errorf("%d hand-overs within a day, want one", n)
				}
				r.noErrors()
			})
		})
	}
}

// wrongOverrides are forms with one mistake, and what is said at which input.
var wrongOverrides = []struct {
	name        string
	more        map[string]any
	block, want string
}{
	{"whose", map[string]any{"person": nil}, "person", "Choose whose duty it is."},
	{"two who take it", map[string]any{"by": []string{"cleo", "bob"}}, "by", "Choose one person who takes it."},
	{"oneself", map[string]any{"by": []string{"ada"}}, "by", "Nobody can stand in for themselves."},
	{"a stranger", map[string]any{"by": []string{"eve"}}, "by", "is not in the roster"},
	{"end before start", map[string]any{"to_date": "2000-01-09"}, "to_time", "The end is not after the start."},
	{"over", map[string]any{"from_date": "1999-12-01", "to_date": "1999-12-02"}, "to_time", "That is over already."},
	{"skipped", map[string]any{"from_date": "2000-03-26", "from_time": "02:30", "to_date": "2000-03-27"}, "from_time", "The clocks skip 02:30 that day in Europe/Berlin. Take 01:59 or 03:00."},
}

// TestOverrideForm changes who is on call by the form: what is wrong is said at
// its input, a time that is skipped is refused, and one that happens twice asked.
func TestOverrideForm(t *testing.T) {
	t.Parallel()
	opt := calm("payments-talk")
	opt.Manifest = manifest(t)
	inBubble(t, opt, func(r *rig) {
		if err := r.sim.ChangePerson("cleo", func(u *slacksim.User) { u.TimeZone = "Europe/Berlin" }); err != nil {
			t.Fatal(err)
		}
		r.apply(springRoster)
		v := r.form("cleo", "override")
		at := func(more map[string]any) map[string]any {
			values := map[string]any{"kind": "replace", "person": "ada", "by": []string{"cleo"},
				"from_date": "2000-01-10", "from_time": "09:00", "to_date": "2000-01-12", "to_time": "09:00", "reason": "concert"}
			for k, x := range more {
				values[k] = x
			}
			return values
		}
		for _, tt := range wrongOverrides {
			res := r.fill("cleo", v, at(tt.more))
			if got := res.Errors[tt.block]; !strings.Contains(got, tt.want) || len(res.Errors) != 1 {
				t.Errorf("%s: errors %v; want %q at %s only", tt.name, res.Errors, tt.want, tt.block)
			}
		}
		res := r.fill("cleo", v, at(map[string]any{"from_date": "2000-10-29", "from_time": "02:30", "to_date": "2000-10-29", "to_time": "09:00"}))
		if res.View == nil || !strings.Contains(string(res.View.Blocks), "02:30 happens twice that day. Which one?") {
			t.Fatalf("a time that happens twice: %+v; want the form with the question", res)
		}
		res = r.fill("cleo", *res.View, map[string]any{"from_pass": "second"})
		if !res.Closed {
			t.Fatalf("with the second one chosen: %+v; want it closed", res)
		}
		x, _ := r.people.Current().Roster.Rotation("primary")
		want := time.Date(2000, 10, 29, 1, 30, 0, 0, time.UTC)
		if len(x.Overrides) != 1 || !x.Overrides[0].Start.Equal(want) || x.Overrides[0].Reason != "concert" {
			t.Fatalf("overrides = %+v; want one from %s", x.Overrides, want)
		}
		if told := r.whispers("cleo"); !strings.Contains(told, "Done: <@U0CLEO> instead of <@U0ADA>") || !strings.Contains(told, "Now: *primary*") {
			t.Errorf("cleo was told %s; want what was done and who is on call now", told)
		}
		h, err := r.people.History(r.t.Context(), 1)
		if err != nil || h[0].By != incident.Person("cleo") || h[0].Kind != oncall.ChangeOverride || h[0].Why != "concert" {
			t.Errorf("history = %+v, %v; want cleo's override with its reason", h, err)
		}
	})
}

// TestS02OverrideForAnEvening puts a stand-in on call from 18:00 to 22:00 by one form: a page
// at 19:00 is theirs, and one at 22:01 is not.
func TestS02OverrideForAnEvening(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm("payments-talk"), func(r *rig) {
		if err := r.sim.ChangePerson("cleo", func(u *slacksim.User) { u.TimeZone = "Europe/Berlin" }); err != nil {
			t.Fatal(err)
		}
		r.apply(springRoster)
		until := func(clock string) {
			t.Helper()
			at, err := time.Parse(time.RFC3339, clock)
			if err != nil {
				t.Fatal(err)
			}
			r.pass(time.Until(at))
		}
		until("2000-01-10T12:00:00+01:00")
		x, _ := r.people.Current().Roster.Rotation("primary")
		who := x.People(time.Now())
		if len(who) != 1 {
			t.Fatalf("on call: %v", who)
		}
		v := r.form("cleo", "override")
		res := r.fill("cleo", v, map[string]any{"kind": "replace", "person": who[0], "by": []string{"cleo"},
			"from_date": "2000-01-10", "from_time": "18:00", "to_date": "2000-01-10", "to_time": "22:00", "reason": "school play"})
		if !res.Closed {
			t.Fatalf("the form stays open: %v", res.Errors)
		}
		paged := func(n int) []incident.Actor {
			t.Helper()
			var list []incident.Actor
			_, events := r.fold(n)
			for _, e := range events {
				if e.Kind == incident.KindPaged {
					list = append(list, e.Person)
				}
			}
			return list
		}
		until("2000-01-10T19:00:00+01:00")
		r.command("eve", "general", "declare the till is slow sev1")
		r.pass(time.Minute)
		if got := paged(1); !slices.Equal(got, []incident.Actor{incident.Person("cleo")}) {
			t.Errorf("at 19:00 %v are paged, want cleo alone", got)
		}
		r.command("cleo", "general", "resolve INC-1")
		until("2000-01-10T22:01:00+01:00")
		r.command("eve", "general", "declare the queue is long sev1")
		r.pass(time.Minute)
		if got := paged(2); !slices.Equal(got, []incident.Actor{incident.Person(who[0])}) {
			t.Errorf("at 22:01 %v are paged, want %s alone", got, who[0])
		}
	})
}

// TestOverrideTold tells everybody whose next shift moved, with before and after.
func TestOverrideTold(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("payments-talk"), func(r *rig) {
		r.apply(springRoster)
		r.fill("cleo", r.form("cleo", "override primary"), map[string]any{"kind": "replace", "person": r.onCall("primary"), "by": []string{"cleo"},
			"from_date": "2000-01-01", "from_time": "00:00", "to_date": "2000-01-03", "to_time": "00:00"})
		if who := r.onCall("primary"); who != "cleo" {
			t.Fatalf("on call = %s, want cleo", who)
		}
		m := r.seek(r.dm("U0CLEO"), "Your shifts have moved")
		if !says(m, "you are on call *now*") {
			t.Errorf("cleo is told %s; want that it is now", m.Blocks)
		}
		r.seek(r.channel("payments-talk").Messages, "The schedule has changed by <@U0CLEO>")
		moved := 0
		for _, u := range []string{"U0ADA", "U0BOB"} {
			moved += count(r.dm(u), "you were on call")
		}
		if moved == 0 {
			t.Errorf("nobody who lost a shift was told")
		}
		r.noErrors()
	})
}

// TestAnswersLost loses the answers to messages that Slack has posted: none is
// posted twice, and a request is mended all the same when it is answered.
func TestAnswersLost(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.pass(57*time.Hour - 20*time.Minute) // before the quarter of an hour ahead
		lost := slacksim.Fault{Method: "chat.postMessage", Reset: true, After: true, Times: 2}
		if err := r.sim.Fault(lost); err != nil {
			t.Fatal(err)
		}
		r.pass(30 * time.Minute)
		if n := count(r.channel("team-payments").Messages, "<@U0BOB> is on call now"); n != 1 {
			t.Errorf("the hand-over was told %d times, want once:%s", n, list(r.channel("team-payments").Messages))
		}
		if n := count(r.dm("U0BOB"), "You are on call for *primary*"); n != 2 {
			t.Errorf("bob was told %d times, want a day and a quarter of an hour ahead:%s", n, list(r.dm("U0BOB")))
		}
		lost.Times = 1
		if err := r.sim.Fault(lost); err != nil {
			t.Fatal(err)
		}
		m := r.swapWith("cleo", nil)
		r.pass(time.Minute)
		if n := count(r.dm("U0CLEO"), "asks <@U0CLEO> to take"); n != 1 {
			t.Errorf("cleo was asked %d times, want once:%s", n, list(r.dm("U0CLEO")))
		}
		r.press("cleo", mustDM(r, "U0CLEO"), m, "Decline")
		m, _ = r.channel(mustDM(r, "U0CLEO")).Message(m.TS)
		if !says(m, "<@U0CLEO> declined.") || says(m, "shift_decline") {
			t.Errorf("the request shows %s; want that it is declined", m.Blocks)
		}
		ask := r.seek(r.dm("U0ADA"), "<@U0CLEO> declined.")
		r.press("ada", mustDM(r, "U0ADA"), ask, "Ask everybody")
		r.seek(r.channel("team-payments").Messages, "asks who takes *primary*")
	})
}

// TestTeamChannelClosed has a team whose channel is archived: the channel for
// announcements is told instead.
func TestTeamChannelClosed(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.api("conversations.join", url.Values{"channel": {r.channel("team-payments").ID}})
		r.api("conversations.archive", url.Values{"channel": {r.channel("team-payments").ID}})
		r.pass(58 * time.Hour)
		r.seek(r.channel("incidents").Messages, "<@U0BOB> is on call now")
	})
}
