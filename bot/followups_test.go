package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// answered is what somebody is shown after a command.
func (r *rig) answered(user, channel, text string) string {
	r.t.Helper()
	seen := r.command(user, channel, text)
	r.pass(2 * time.Second)
	return seen.Text + unescaped(string(seen.Blocks))
}

func (r *rig) answers(user, channel, text string, want ...string) {
	r.t.Helper()
	got := r.answered(user, channel, text)
	for _, w := range want {
		if !strings.Contains(got, w) {
			r.t.Errorf("/incident %s: %s sees %s, want %q", text, user, got, w)
		}
	}
}

// TestS34DoneNeedsALinkOrASentence: without either a follow-up stays open, and whoever
// typed it is told what to type; also when its incident is closed long since. The
// incident itself is not touched.
func TestS34DoneNeedsALinkOrASentence(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		room := r.channel("inc-1-checkout-is-down").ID
		r.answers("ada", room, "task load the roots weekly", "INC-1-F1 is open", "Payments")
		r.answers("ada", room, "done F1", "Say with a link or a sentence what was done; INC-1-F1 stays open. As in: done INC-1-F1")
		for _, typed := range []string{"mitigate fix", "resolve all is calm", "close anyway the review is later"} {
			r.command("ada", room, typed)
			r.pass(2 * time.Second)
		}
		r.answers("ada", "general", "done INC-1-F1", "stays open")
		r.answers("ada", "general", "done INC-1-F1 https://git.example/change/431", "INC-1-F1 is done")
		r.answers("bob", "general", "done INC-1-F1 it is", "already done, by <@U0ADA>")
		r.answers("bob", "general", "done INC-1-F7 it is", "There is no follow-up INC-1-F7")
		r.answers("bob", "general", "done F1 it is", "Say which follow-up, by its whole name")
		i, _ := r.fold(1)
		if f := i.FollowUps[0]; i.Status != incident.Closed || f.State != incident.Done || f.Outcome != "https://git.example/change/431" {
			t.Errorf("%s is %s with %+v", i.Name(), i.Status, f)
		}
	})
}

// TestS19FollowUpsDefaultToTheOwningTeam: nobody types an owner; who is named is told.
func TestS19FollowUpsDefaultToTheOwningTeam(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare search is slow sev3")
		r.pass(10 * time.Second)
		room := r.channel("inc-1-search-is-slow").ID
		r.command("ada", room, "ack")
		r.answers("ada", room, "task load the roots weekly due:2000-02-24", "INC-1-F1 is open: load the roots weekly", "Payments", "Thu 24 Feb 2000")
		r.answers("ada", room, "task count the pools <@U0CLEO>", "INC-1-F2 is open", "<@U0CLEO>")
		r.answers("ada", room, "task ask for a quote @bob", "INC-1-F3 is open")
		r.answers("ada", room, "task mine @ada", "INC-1-F4 is open")
		r.answers("ada", room, "task other team:nobody", "There is no team", "There are: payments")
		r.answers("ada", room, "task late due:1999-12-24", "1999-12-24 is over")
		r.answers("ada", room, "task late due:soon", "“soon” is not a date")
		r.pass(5 * time.Second)
		if n := count(r.dm("U0CLEO"), "gave you") + count(r.dm("U0BOB"), "gave you"); n != 0 { // it is a Saturday
			t.Errorf("people who do not work on it were told %d times on a weekend", n)
		}
		r.command("bob", room, "note I look at the pools")
		r.answers("ada", room, "task look at the others, too @bob", "INC-1-F5 is open")
		r.pass(5 * time.Second)
		r.find(r.dm("U0BOB"), "gave you INC-1-F5: look at the others, too")
		r.command("ada", room, "resolve")
		r.pass(60 * time.Hour)
		r.find(r.dm("U0BOB"), "gave you INC-1-F3: ask for a quote")
		r.find(r.dm("U0CLEO"), "gave you INC-1-F2: count the pools")
		if n := count(r.dm("U0ADA"), "gave you"); n != 0 {
			t.Errorf("ada was told %d times what she did herself", n)
		}
		i, _ := r.fold(1)
		if f := i.FollowUps[0]; f.Team != "payments" || f.Owner != "" {
			t.Errorf("the follow-up is %+v", f)
		}
	})
}

// TestFollowUpsByButtons: the list has what can be done to each, with forms; what was
// done by somebody else meanwhile is said.
func TestFollowUpsByButtons(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		room := r.channel("inc-1-checkout-is-down").ID
		for n := range 12 {
			r.command("ada", room, fmt.Sprintf("task number %d @ada due:%dd", n+1, n+3))
			r.pass(time.Second)
		}
		seen := r.command("ada", "general", "followups mine")
		if all := unescaped(string(seen.Blocks)); !strings.Contains(all, "INC-1-F8*") || strings.Contains(all, "INC-1-F9*") || !strings.Contains(all, "More") {
			t.Fatalf("ada sees %s, want eight and More", all)
		}
		r.click("ada", seen, "followups_more", nil)
		if told := r.whispers("ada"); !strings.Contains(told, "INC-1-F12") {
			t.Errorf("More shows %s", told)
		}
		press := func(user string, action, name string) slacksim.View {
			t.Helper()
			p := slacksim.Press{Channel: seen.Channel, TS: seen.TS, ActionID: action, BlockID: "followup_" + name}
			if _, err := r.sim.As(user).Press(p); err != nil {
				t.Fatal(err)
			}
			return r.view("U0ADA")
		}
		v := press("ada", "followup_done", "INC-1-F1")
		if result := r.submit("ada", v, map[string]map[string]any{"text": {"value": "  "}}); !strings.Contains(result.Errors["text"], "stays open") {
			t.Errorf("done without a word: %+v", result)
		}
		if result := r.submit("ada", v, map[string]map[string]any{"text": {"value": "the pool has a limit"}}); !result.Closed {
			t.Errorf("done: %+v", result)
		}
		v = press("ada", "followup_drop", "INC-1-F2")
		r.submit("ada", v, map[string]map[string]any{"text": {"value": "the provider goes"}})
		v = press("ada", "followup_date", "INC-1-F3")
		if result := r.submit("ada", v, map[string]map[string]any{"due": {"value": "1999-01-01"}, "text": {"value": "it waits"}}); !strings.Contains(result.Errors["due"], "is over") {
			t.Errorf("a date that is over: %+v", result)
		}
		r.submit("ada", v, map[string]map[string]any{"due": {"value": "2000-03-01"}, "text": {"value": "it waits"}})
		v = press("ada", "followup_give", "INC-1-F4")
		if result := r.submit("ada", v, nil); !strings.Contains(result.Errors["holder"], "Say to whom") {
			t.Errorf("given to nobody: %+v", result)
		}
		r.submit("ada", v, map[string]map[string]any{"holder": {"value": "U0BOB"}})
		i, _ := r.fold(1)
		f := i.FollowUps
		if f[0].State != incident.Done || f[1].State != incident.Dropped || f[2].Due.Format(time.DateOnly) != "2000-03-01" || f[3].Owner != "person:bob" {
			t.Errorf("follow-ups: %+v", f[:4])
		}
		if told := r.whispers("ada"); !strings.Contains(told, "INC-1-F1 is done") || !strings.Contains(told, "INC-1-F3 is due in") {
			t.Errorf("ada was told %s", told)
		}
		p := slacksim.Press{Channel: seen.Channel, TS: seen.TS, ActionID: "followup_done", BlockID: "followup_INC-1-F1"}
		if _, err := r.sim.As("ada").Press(p); err != nil { // the second click of a double one
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		if told := r.lastWhisper("ada"); !strings.Contains(told, "INC-1-F1 is already done") {
			t.Errorf("the second press: %s", told)
		}
		r.answers("ada", room, "followups", "Follow-ups of INC-1", "Done by", "Those of all incidents")
		r.answers("ada", "general", "followups overdue", "Nothing is overdue")
		r.answers("ada", "general", "followups paymnets", "Did you mean payments?")
		r.answers("ada", "general", "INC-1-F2", "Decided against by", "the provider goes")
		r.answers("ada", "general", "date INC-1-F5 friday", "Say what changed")
		r.answers("ada", "general", "date INC-1-F5 friday it waits", "INC-1-F5 is due in 6 days")
		r.answers("ada", "general", "give INC-1-F5 team:payments", "INC-1-F5 belongs to Payments")
	})
}

// TestFollowUpsOfPrivateIncidents exist only for those who may see these.
func TestFollowUpsOfPrivateIncidents(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare keys leaked sev4 private")
		r.pass(10 * time.Second)
		r.command("eve", "general", "task rotate the keys INC-1 due:10d")
		for _, typed := range []string{"followups", "followups all", "followups payments", "followups overdue"} {
			if got := r.answered("cleo", "general", typed); strings.Contains(got, "keys") || strings.Contains(got, "INC-1") {
				t.Errorf("/incident %s: cleo sees %s", typed, got)
			}
		}
		for _, typed := range []string{"done INC-1-F1 x", "drop INC-1-F1 x", "followups INC-1", "INC-1-F1", "give INC-1-F1 @cleo"} {
			r.answers("cleo", "general", typed, "There is no INC-1")
		}
		r.answers("eve", "general", "give INC-1-F1 @cleo", "Cleo Marsh cannot see INC-1")
		r.answers("eve", "general", "followups mine", "Nothing is left for you to do")
		for range 15 {
			r.pass(24 * time.Hour)
		}
		for _, c := range r.sim.State().Channels {
			if !c.IsPrivate && !c.IsIM && count(c.Messages, "keys") > 0 {
				t.Errorf("#%s was told:%s", c.Name, list(c.Messages))
			}
		}
		r.find(r.dm("U0EVE"), "rotate the keys") // who declared it is reminded
	})
}

// remindedOf are the messages that remind of a follow-up, in the time order.
func remindedOf(where []slacksim.Message, name string) (days []string) {
	for _, m := range where {
		if shows(m, name) && shows(m, "followup_done") && !shows(m, "gave you") {
			days = append(days, writtenAt(m).Format("2006-01-02T15:04"))
		}
	}
	return days
}

func writtenAt(m slacksim.Message) time.Time {
	seconds, _, _ := strings.Cut(m.TS, ".")
	d, _ := time.ParseDuration(seconds + "s")
	return time.Unix(int64(d/time.Second), 0).UTC()
}

// TestFollowUpsAreRemindedOf: in the team's channel at half time, three days before, on
// the day and then weekly; a person gets one message for several; restarts change
// nothing. What is done is not asked for any more.
func TestFollowUpsAreRemindedOf(t *testing.T) {
	t.Parallel()
	longLife(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{Channels: []string{"payments-team"}})
		defer r.close()
		r.roster = strings.Replace(rosterText, "lead: cleo}", "lead: cleo, channel: payments-team}", 1)
		r.start()
		r.command("eve", "general", "declare checkout is down sev4")
		r.pass(10 * time.Second)
		room := r.incidentChannel(1)
		r.command("ada", room, "task load the roots weekly due:2000-01-19")
		r.command("ada", room, "task count the pools @ada due:2000-01-19")
		r.command("ada", room, "task ask for a quote @ada due:2000-01-19")
		r.command("ada", room, "resolve")
		for day := range 27 {
			r.pass(24 * time.Hour)
			switch day {
			case 3, 12, 17, 24:
				r.stop()
				r.start()
			case 20: // 21 January
				r.command("ada", "general", "done INC-1-F2 it is counted")
			}
		}
		want := "2000-01-10T09:30 2000-01-14T09:30 2000-01-19T09:30 2000-01-26T09:30"
		if got := strings.Join(remindedOf(r.channel("payments-team").Messages, "INC-1-F1"), " "); got != want {
			t.Errorf("the team was reminded at %s, want %s", got, want)
		}
		mine := r.dm("U0ADA")
		if got := strings.Join(remindedOf(mine, "INC-1-F3"), " "); got != want {
			t.Errorf("ada was reminded at %s, want %s", got, want)
		}
		if got := strings.Join(remindedOf(mine, "INC-1-F2"), " "); got != "2000-01-10T09:30 2000-01-14T09:30 2000-01-19T09:30" {
			t.Errorf("ada was reminded of what is done, or twice a day: %s", got)
		}
		r.noErrors() // to change the message below, the bot joins the channel
		m := r.seek(r.channel("payments-team").Messages, "was due 7 days ago")
		r.press("bob", r.channel("payments-team").ID, m, "Done")
		r.submit("bob", r.view("U0BOB"), map[string]map[string]any{"text": {"value": "https://git.example/1"}})
		r.pass(2 * time.Second)
		if m := r.seek(r.channel("payments-team").Messages, "Nothing of this is left to do"); shows(m, "followup_done") {
			t.Errorf("the reminder still asks: %s", m.Blocks)
		}
	})
}

// TestS25TwoNightsRaiseThePermanentFix: a service that disturbs people at night twice
// within 14 days has the priority of its open permanent fix raised, once, with the words
// why; the list and the timeline show it. A drill does not count.
func TestS25TwoNightsRaiseThePermanentFix(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		night := func(day int) { // at 3:00 of that day of January
			r.pass(time.Until(time.Date(2000, 1, day, 3, 0, 0, 0, time.UTC)))
		}
		declare := func(words string) {
			r.command("eve", "general", "declare "+words)
			r.pass(20 * time.Second)
		}
		over := func(n int, how string) {
			name := incident.Name(n)
			r.command("ada", "general", "ack "+name)
			r.command("ada", "general", "mitigate "+name+" "+how)
			r.command("ada", "general", "resolve "+name)
			r.pass(20 * time.Second)
		}
		night(5)
		declare("search is slow service:search")
		over(1, "restart")
		night(6)
		declare("search is slow as a drill service:search drill")
		over(2, "restart")
		declare("checkout is down service:checkout")
		over(3, "fix")
		r.pass(9 * time.Hour) // by day
		declare("search is slow again service:search")
		over(4, "fix")
		if i, _ := r.fold(1); i.FollowUps[0].Raised != "" {
			t.Fatalf("raised after one night: %+v", i.FollowUps[0])
		}
		r.stop()
		r.start()
		night(7)
		declare("search is slow once more service:search")
		r.pass(20 * time.Minute) // nobody answers, so others are paged
		over(5, "rollback")
		r.pass(6 * time.Hour) // nobody reads it at night: it is counted in the morning
		want := "People were disturbed twice at night or on a weekend within 14 days: INC-1, INC-5."
		i, events := r.fold(1)
		if i.FollowUps[0].Raised != want {
			t.Errorf("INC-1-F1: %q, want %q", i.FollowUps[0].Raised, want)
		}
		if five, _ := r.fold(5); five.FollowUps[0].Raised != want {
			t.Errorf("INC-5-F1, opened in the second night: %q, want %q", five.FollowUps[0].Raised, want)
		}
		r.answers("ada", "general", "followups", "*Raised:* "+want)
		r.answers("ada", "general", "show INC-5", "Workaround in place since", "*Raised:* People were disturbed twice")
		night(8)
		declare("search is slow for the third time service:search")
		over(6, "fix")
		if i, _ := r.fold(1); i.Events != len(events) {
			t.Errorf("it was raised again: %+v", i.FollowUps[0])
		}
	})
}

// TestFollowUpRemindersKeepToTheDay: what could not be sent in the morning is not sent at
// night, but the next morning; a drill reminds nobody; a team without a channel is told
// where incidents are announced.
func TestFollowUpRemindersKeepToTheDay(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		at := func(day, hour, minute int) { r.pass(time.Until(time.Date(2000, 1, day, hour, minute, 0, 0, time.UTC))) }
		r.command("eve", "general", "declare checkout is down sev4")
		r.command("eve", "general", "declare checkout is down as we practise sev4 drill")
		r.pass(10 * time.Second)
		r.command("ada", "general", "task INC-1 load the roots weekly due:2000-01-11") // half time is the 6th, three days before the Friday
		r.command("ada", "general", "task INC-1 count the pools @ada due:2000-01-11")
		r.command("ada", "general", "task INC-2 practise more due:2000-01-11")
		r.command("ada", "general", "resolve INC-1")
		r.command("ada", "general", "resolve INC-2")
		announced := func() string { return strings.Join(remindedOf(r.channel("incidents").Messages, "INC-1-F1"), " ") }
		mine := func() string { return strings.Join(remindedOf(r.dm("U0ADA"), "INC-1-F2"), " ") }
		at(6, 9, 29)
		r.fault(slacksim.Fault{Method: "chat.postMessage", Status: 500})
		at(6, 9, 31)
		r.stop()
		r.sim.ClearFaults()
		at(6, 23, 0)
		r.start()
		at(7, 9, 0)
		if announced()+mine() != "" {
			t.Fatalf("at night: %s, %s", announced(), mine())
		}
		at(7, 12, 0)
		if announced() != "2000-01-07T09:30" || mine() != "2000-01-07T09:30" {
			t.Errorf("the next morning: %q, %q", announced(), mine())
		}
		at(11, 9, 0)
		r.stop() // the bot is away on the morning of the day
		at(11, 13, 0)
		r.start()
		at(12, 0, 0)
		if announced() != "2000-01-07T09:30 2000-01-11T13:00" || mine() != "2000-01-07T09:30 2000-01-11T13:00" {
			t.Errorf("after a morning away: %q, %q", announced(), mine())
		}
		for _, c := range r.sim.State().Channels {
			if n := len(remindedOf(c.Messages, "INC-2-F1")); n > 0 {
				t.Errorf("#%s was reminded of a drill %d times", c.Name, n)
			}
		}
		r.noErrors()
	})
}
