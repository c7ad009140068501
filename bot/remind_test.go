package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	nagging "github.com/stormbell/stormbell/incident/report"
)

// missedOf counts the promises of a kind that the timeline says were missed.
func missedOf(events []incident.Event, p incident.Promise) int {
	n := 0
	for _, e := range events {
		if e.Kind == incident.KindMissed && e.Promise == p {
			n++
		}
	}
	return n
}

// reminders are the open reminders in somebody's direct messages.
func (r *rig) reminders(user string) []slacksim.Message {
	var list []slacksim.Message
	for _, m := range r.dm(user) {
		if shows(m, "post_draft") {
			list = append(list, m)
		}
	}
	return list
}

// takenOn declares a sev1 by eve and acknowledges it by ada, and returns its channel.
func (r *rig) takenOn(text string) string {
	r.t.Helper()
	r.command("eve", "general", "declare "+text)
	r.pass(30 * time.Second)
	room := r.incidentChannel(1)
	r.command("ada", room, "ack")
	r.pass(30 * time.Second)
	return room
}

// TestSilenceAfterTheAcknowledgement acknowledges a sev1 and does nothing more: whoever
// has command is reminded before the first update is due, when it is, and again, by one
// message at a time; the miss is in the record and in the channel, once.
func TestSilenceAfterTheAcknowledgement(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		if n := len(r.reminders("U0ADA")); n != 0 {
			t.Errorf("%d reminders after a minute, want none", n)
		}
		r.pass(12 * time.Minute)
		first := r.reminders("U0ADA")
		if len(first) != 1 || !shows(first[0], "first update is due") || !shows(first[0], "Customers have been affected for") {
			t.Fatalf("reminders after 13 minutes:%s\nwant one with a draft", list(first))
		}
		r.pass(3 * time.Minute)
		late := r.reminders("U0ADA")
		if len(late) != 1 || late[0].TS != first[0].TS || !shows(late[0], "first update was due") {
			t.Fatalf("reminders after 16 minutes:%s\nwant the same one, which says that it was due", list(late))
		}
		_, events := r.fold(1)
		if n := missedOf(events, incident.PromiseUpdate); n != 1 {
			t.Errorf("the timeline has %d missed updates, want 1", n)
		}
		if n := count(r.channelOf(room).Messages, "update was due and was not there yet"); n != 1 {
			t.Errorf("the channel was told %d times that it is late, want once", n)
		}
		r.pass(10 * time.Minute)
		again := r.reminders("U0ADA")
		if len(again) != 1 || again[0].TS == first[0].TS {
			t.Fatalf("reminders after 26 minutes:%s\nwant one, posted anew", list(again))
		}
		r.press("ada", r.dmOf("U0ADA"), again[0], "Post draft")
		r.pass(10 * time.Second)
		if n := len(r.reminders("U0ADA")); n != 0 {
			t.Errorf("%d reminders after the draft was posted, want none at once", n)
		}
		r.find(r.channelOf(room).Messages, "*Update* by")
		r.pass(20 * time.Minute)
		if n := len(r.reminders("U0ADA")); n != 0 {
			t.Errorf("%d reminders 20 minutes after an update, want none: the next is due after 30", n)
		}
		r.pass(5 * time.Minute)
		next := r.reminders("U0ADA")
		if len(next) != 1 || !shows(next[0], "Same as before") || !shows(next[0], "Last update 24 min ago") {
			t.Fatalf("reminders 25 minutes after an update:%s\nwant one that offers the same as before", list(next))
		}
		r.press("ada", r.dmOf("U0ADA"), next[0], "Same as before")
		r.find(r.channelOf(room).Messages, "no change")
		r.command("ada", room, "mitigate rollback")
		r.pass(3 * time.Hour)
		if n := len(r.reminders("U0ADA")); n != 0 {
			t.Errorf("%d reminders after it was mitigated, want none", n)
		}
		r.noErrors()
	})
}

// TestReminderIsPutOff snoozes a reminder: the time of the promise runs on, and the
// message says so.
func TestReminderIsPutOff(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.pass(12 * time.Minute)
		m := r.reminders("U0ADA")[0]
		r.press("ada", r.dmOf("U0ADA"), m, "+15")
		m = r.reminders("U0ADA")[0]
		if !shows(m, "The time runs on") {
			t.Errorf("the reminder that was put off says %s %s", m.Text, m.Blocks)
		}
		r.pass(14 * time.Minute)
		if got := r.reminders("U0ADA"); len(got) != 1 || got[0].TS != m.TS {
			t.Errorf("reminders within the quarter of an hour:%s\nwant only the old one", list(got))
		}
		if _, events := r.fold(1); missedOf(events, incident.PromiseUpdate) != 1 {
			t.Error("the promise was not missed while its reminder was put off")
		}
		r.pass(2 * time.Minute)
		if got := r.reminders("U0ADA"); len(got) != 1 || got[0].TS == m.TS || shows(got[0], "The time runs on") {
			t.Errorf("reminders after the quarter of an hour:%s\nwant a new one", list(got))
		}
		r.press("ada", r.dmOf("U0ADA"), r.reminders("U0ADA")[0], "Post draft")
		r.find(r.channelOf(room).Messages, "*Update* by")
	})
}

// TestReminderFollowsTheRole moves what is asked to whoever can act now, at once.
func TestReminderFollowsTheRole(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		room := r.takenOn("card payments fail sev1")
		r.pass(12 * time.Minute)
		if n := len(r.reminders("U0ADA")); n != 1 {
			t.Fatalf("%d reminders, want one", n)
		}
		r.command("bob", room, "role communicator")
		r.pass(10 * time.Second)
		if n := len(r.reminders("U0ADA")); n != 0 {
			t.Errorf("the former holder still has %d reminders", n)
		}
		r.find(r.dm("U0ADA"), "you are free of this")
		if n := len(r.reminders("U0BOB")); n != 1 {
			t.Errorf("the communicator has %d reminders, want one", n)
		}
	})
}

// TestThreeRemindersAnHour reminds one person of five incidents: three messages an hour.
func TestThreeRemindersAnHour(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for _, name := range []string{"one", "two", "three", "four", "five"} {
			r.command("eve", "general", "declare "+name+" fails sev1")
			r.pass(time.Second)
		}
		for n := range 5 {
			r.command("ada", "general", "ack INC-"+string(rune('1'+n)))
		}
		before := time.Now()
		r.pass(3 * time.Hour)
		var posts []time.Time
		for _, c := range r.sim.Calls(0) {
			if c.Method == "chat.postMessage" && c.At.After(before) && strings.Contains(c.Args["blocks"], "post_draft") {
				posts = append(posts, c.At)
			}
		}
		for k := 3; k < len(posts); k++ {
			if gap := posts[k].Sub(posts[k-3]); gap < time.Hour-2*time.Second {
				t.Errorf("reminder %d came %s after the third before it, want an hour", k, gap)
			}
		}
		if len(posts) < 6 {
			t.Errorf("%d reminders in three hours, want some", len(posts))
		}
	})
}

// dmOf is the ID of the bot's direct messages with a user.
func (r *rig) dmOf(user string) string {
	c, _ := r.sim.State().DM(user, r.sim.BotUserID())
	return c.ID
}

// TestRemindersAreCounted counts by role what was sent and what followed, and nobody.
func TestRemindersAreCounted(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		start := time.Now()
		room := r.takenOn("card payments fail sev1")
		r.pass(12 * time.Minute)
		r.press("ada", r.dmOf("U0ADA"), r.reminders("U0ADA")[0], "+5")
		r.pass(6 * time.Minute)
		r.press("ada", r.dmOf("U0ADA"), r.reminders("U0ADA")[0], "Post draft")
		r.pass(25 * time.Minute)
		r.stop()
		r.start()
		r.command("eve", room, "role communicator <@U0CLEO>")
		r.pass(10 * time.Second)
		r.command("bob", room, "mitigate rollback")
		r.pass(10 * time.Second)
		r.command("eve", "general", "declare try it out drill")
		r.pass(3 * time.Hour)
		f, err := r.desk.OncallReport(r.t.Context(), incident.Bot, start, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := []nagging.Nags{
			{About: nagging.AboutHands, Role: incident.Responder, Severity: "sev1", Sent: 1},
			{About: nagging.AboutUpdate, Role: incident.Commander, Severity: "sev1", Sent: 3, Answered: 1, PutOff: 1, Moved: 1},
			{About: nagging.AboutUpdate, Role: incident.Communicator, Severity: "sev1", Sent: 1, Over: 1},
		}
		if diff := diff(want, f.Reminders); diff != "" {
			t.Errorf("the counts of reminders (-want +got):\n%s", diff)
		}
		if f.Incidents.Counted != 1 || f.Incidents.Drills != 1 || f.FirstPages.Of != 1 || f.FirstPages.Reached != 1 {
			t.Errorf("incidents %+v, first pages %+v; want one, and a drill that is none", *f.Incidents, *f.FirstPages)
		}
		if only := f.Only("ada", ""); only.Reminders != nil || only.Incidents != nil {
			t.Errorf("the figures of one person have %+v", only.Reminders)
		}
		b, _ := json.Marshal(f.Reminders)
		for _, who := range []string{"ada", "U0ADA", "cleo"} {
			if strings.Contains(string(b), who) {
				t.Errorf("the counts of reminders name %s: %s", who, b)
			}
		}
	})
}
