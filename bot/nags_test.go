package bot

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// nagWeek is a week of incidents that nobody is in a hurry to tell of, with a restart
// every few hours, and what was seen of the reminders meanwhile.
type nagWeek struct {
	*rig
	rand   *rand.Rand
	start  time.Time
	reboot time.Time // when the bot is restarted next
	put    map[int]time.Time
	offs   []ring // in pairs: from when to when somebody is not reminded of an incident
	free   int    // how often somebody gave command away who was reminded at that time
}

// TestNagsOverAWeek lives through a sev1 of two days whose command moves twice, a sev2
// whose severity changes, and a sev3 of which only working hours count, with a restart
// every few hours. Of each incident one reminder is open at most, at whoever can act, in
// their direct messages; it backs off, and is neither lost nor doubled.
func TestNagsOverAWeek(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2000, 1, 3, 8, 0, 0, 0, time.UTC)))
				opt := calm()
				opt.KeepCalls = 1_000_000
				r := newRig(t, opt)
				defer r.close()
				r.start()
				w := &nagWeek{rig: r, rand: rand.New(rand.NewPCG(seed, 46)), start: time.Now(), put: map[int]time.Time{}}
				w.reboot = w.start.Add(2 * time.Hour)
				w.week()
				w.rang()
				w.told()
			})
		})
	}
}

// week is what people do.
func (w *nagWeek) week() {
	w.command("eve", "general", "declare card payments fail sev1")
	w.command("eve", "general", "declare search is slow sev2")
	w.command("eve", "general", "declare a label is wrong sev3")
	w.pass(time.Minute)
	for n := 1; n <= 3; n++ {
		w.command("ada", "general", fmt.Sprintf("ack INC-%d", n))
	}
	w.until(6 * time.Hour)
	w.handOver("ada", "U0BOB", "bob")
	w.until(18 * time.Hour)
	w.handOver("bob", "U0CLEO", "cleo")
	w.until(26 * time.Hour)
	w.command("ada", "general", "sev INC-2 sev3 few searches")
	w.until(48 * time.Hour)
	w.command("cleo", "general", "mitigate INC-1 rolled back")
	w.until(50 * time.Hour)
	w.command("ada", "general", "sev INC-2 sev1 nobody finds anything")
	w.until(53 * time.Hour)
	w.command("ada", "general", "mitigate INC-2 a second index")
	w.until(98 * time.Hour)
	w.command("ada", "general", "mitigate INC-3 the old label")
	w.until(120 * time.Hour)
}

// handOver offers command of the sev1 to somebody, who accepts.
func (w *nagWeek) handOver(from, id, to string) {
	w.t.Helper()
	had := len(w.asks(1))
	w.command(from, w.incidentChannel(1), "role commander <@"+id+">")
	w.pass(10 * time.Second)
	w.press(to, w.dmOf(id), w.offered(id), "Accept")
	w.pass(time.Minute)
	w.free += had
	if n := w.freed(); n != w.free {
		w.t.Errorf("after command went to %s, %d messages say that somebody is free of it, want %d", to, n, w.free)
	}
	w.looks()
}

// freed counts the messages that say that somebody is free of a reminder.
func (w *nagWeek) freed() int {
	n := 0
	for _, user := range []string{"U0ADA", "U0BOB", "U0CLEO"} {
		n += count(w.dm(user), "you are free of this")
	}
	return n
}

// until lets time pass until so long after the start of the week, looks at the reminders
// now and then, answers one here and there, and restarts the bot.
func (w *nagWeek) until(after time.Duration) {
	for end := w.start.Add(after); time.Now().Before(end); {
		w.pass(min(time.Until(end), time.Duration(3+w.rand.IntN(10))*time.Minute))
		w.looks()
		switch w.rand.IntN(24) {
		case 0:
			w.putOff()
		case 1:
			w.answer()
		}
		if time.Now().After(w.reboot) {
			w.stop()
			w.pass(time.Duration(w.rand.IntN(8*60)) * time.Second)
			w.again()
		}
	}
}

func (w *nagWeek) again() {
	w.rig.start()
	w.reboot = time.Now().Add(time.Duration(90+w.rand.IntN(200)) * time.Minute)
}

// ask is an open reminder.
type ask struct {
	user string
	slacksim.Message
}

// asks are the open reminders of an incident, with whose they are.
func (w *nagWeek) asks(n int) []ask { return w.open()[n] }

// open are the open reminders by incident.
func (w *nagWeek) open() map[int][]ask {
	list := map[int][]ask{}
	for _, user := range []string{"U0ADA", "U0BOB", "U0CLEO", "U0EVE"} {
		for _, m := range w.reminders(user) {
			n := nagOf(string(m.Blocks))
			list[n] = append(list[n], ask{user, m})
		}
	}
	return list
}

// nagOf is which incident a reminder is about.
func nagOf(blocks string) int {
	var n int
	_, rest, _ := strings.Cut(blocks, `"action_id":"post_draft"`)
	_, rest, _ = strings.Cut(rest, `"value":"`)
	_, _ = fmt.Sscanf(rest, "%d", &n)
	return n
}

// looks checks what is open now.
func (w *nagWeek) looks() {
	w.t.Helper()
	all := w.open()
	for n := 1; n <= 3; n++ {
		i, _ := w.fold(n)
		open := all[n]
		switch {
		case len(open) == 0 && w.lateFor(n) > 65*time.Minute && w.worst(n): // an hour may have no room for it
			w.t.Errorf("%s: the update of INC-%d is late for %s, and nobody is asked", w.clock(), n, w.lateFor(n))
		case len(open) > 1:
			w.t.Errorf("%s: %d reminders of INC-%d are open: %v", w.clock(), len(open), n, open)
		case len(open) == 1 && !i.Status.Hurting():
			w.t.Errorf("%s: INC-%d is %s, and %s is asked for an update", w.clock(), n, i.Status, open[0].user)
		case len(open) == 1 && w.people.Current().Slack(strings.TrimPrefix(string(i.Informs()), "person:")) != open[0].user:
			w.t.Errorf("%s: %s is asked for an update of INC-%d, which %s gives", w.clock(), open[0].user, n, i.Informs())
		}
	}
}

// worst reports whether nothing worse hurts of which the same person is asked: what is
// less waits where an hour has no room for all.
func (w *nagWeek) worst(n int) bool {
	mine, _ := w.fold(n)
	for k := 1; k <= 3; k++ {
		i, _ := w.fold(k)
		if k != n && i.Status.Hurting() && i.Informs() == mine.Informs() && i.Severity <= mine.Severity {
			return false
		}
	}
	return true
}

// lateFor is for how long the update of an incident has been missed.
func (w *nagWeek) lateFor(n int) time.Duration {
	var since time.Time
	i, events := w.fold(n)
	for _, e := range events {
		switch {
		case e.Kind == incident.KindNote && e.Note == incident.Update, e.Kind == incident.KindRole, e.Kind == incident.KindSeverity:
			since = time.Time{}
		case e.Kind == incident.KindMissed && e.Promise == incident.PromiseUpdate && since.IsZero():
			since = e.At
		}
	}
	if since.IsZero() || !i.Status.Hurting() {
		return 0
	}
	return time.Since(since)
}

func (w *nagWeek) clock() string { return time.Now().Format("Mon 15:04:05") }

// putOff has whoever is reminded of an incident put it off.
func (w *nagWeek) putOff() {
	n := 1 + w.rand.IntN(3)
	open := w.asks(n)
	if len(open) == 0 || w.put[n].After(time.Now()) {
		return
	}
	minutes := []int{5, 15, 30}[w.rand.IntN(3)]
	w.press(strings.ToLower(open[0].user[2:]), w.dmOf(open[0].user), open[0].Message, fmt.Sprintf("+%d", minutes))
	w.put[n] = time.Now().Add(time.Duration(minutes)*time.Minute - 10*time.Second)
	w.offs = append(w.offs, ring{time.Now(), w.dmOf(open[0].user), n}, ring{w.put[n], w.dmOf(open[0].user), n})
	w.pass(10 * time.Second)
	if open = w.asks(n); len(open) != 1 || !shows(open[0].Message, "The time runs on") {
		w.t.Errorf("%s: put off by %d minutes: %v", w.clock(), minutes, open)
	}
}

// answer posts the draft of a reminder.
func (w *nagWeek) answer() {
	n := 1 + w.rand.IntN(3)
	open := w.asks(n)
	if len(open) == 0 {
		return
	}
	w.press(strings.ToLower(open[0].user[2:]), w.dmOf(open[0].user), open[0].Message, "Post draft")
	w.pass(10 * time.Second)
	if open = w.asks(n); len(open) > 0 {
		w.t.Errorf("%s: an update was posted, and it is asked for: %v", w.clock(), open)
	}
}

// ring is a reminder that was posted.
type ring struct {
	at time.Time
	dm string
	n  int
}

// rings are all that were posted.
func (w *nagWeek) rings() (list []ring) {
	for _, c := range w.sim.Calls(0) {
		if c.Kind == "api" && c.Method == "chat.postMessage" && c.Error == "" && strings.Contains(c.Args["blocks"], "post_draft") {
			dm := c.Args["channel"]
			if strings.HasPrefix(dm, "U") { // the first message opens the direct messages
				dm = w.dmOf(dm)
			}
			list = append(list, ring{c.At, dm, nagOf(c.Args["blocks"])})
		}
	}
	return list
}

// rang looks at when people were rung.
func (w *nagWeek) rang() {
	t, of := w.t, map[string][]time.Time{}
	for _, x := range w.rings() {
		if !strings.HasPrefix(x.dm, "D") {
			t.Errorf("a reminder went to %s, where others read it", x.dm)
		}
		of[x.dm] = append(of[x.dm], x.at)
	}
	for dm, at := range of {
		for k := incident.RemindersMost; k < len(at); k++ {
			if gap := at[k].Sub(at[k-incident.RemindersMost]); gap < time.Hour-2*time.Second {
				t.Errorf("the reminder at %s in %s came %s after the third before it, want an hour", at[k].Format("Mon 15:04:05"), dm, gap)
			}
		}
	}
	for k := 0; k < len(w.offs); k += 2 {
		from, to := w.offs[k], w.offs[k+1]
		for _, x := range w.rings() {
			if x.dm == from.dm && x.n == from.n && x.at.After(from.at) && x.at.Before(to.at) {
				t.Errorf("%s was reminded of INC-%d at %s, which was put off from %s to %s", x.dm, x.n, x.at, from.at, to.at)
			}
		}
	}
	if len(w.offs) < 6 {
		t.Errorf("only %d reminders were put off, which shows little", len(w.offs)/2)
	}
	for n := 1; n <= 3; n++ {
		w.backsOff(n)
	}
}

// backsOff looks at the reminders of one incident since each update: the one ahead and at
// the due instant, ten and thirty minutes later, and then one for each step.
func (w *nagWeek) backsOff(n int) {
	_, events := w.fold(n)
	var at []time.Time
	for _, x := range w.rings() {
		if x.n == n {
			at = append(at, x.at)
		}
	}
	var misses []time.Time // since the last update
	who := incident.Actor("")
	check := func(until time.Time) {
		if len(misses) < 2 {
			return
		}
		for k, miss := range misses[1:] { // the steps after the first one
			end := until
			if k+2 < len(misses) {
				end = misses[k+2]
			}
			got := 0
			for _, x := range at {
				if !x.Before(miss) && x.Before(end) {
					got++
				}
			}
			if end.Sub(miss) < 25*time.Minute {
				continue
			}
			if got > 1 {
				w.t.Errorf("INC-%d: %d reminders from %s to %s, a later step of what was missed already; want one", n, got, miss.Format("Mon 15:04"), end.Format("Mon 15:04"))
			}
		}
	}
	for _, e := range events {
		switch {
		case e.Kind == incident.KindMissed && e.Promise == incident.PromiseUpdate:
			misses = append(misses, e.At)
		case e.Kind == incident.KindNote && e.Note == incident.Update, e.Kind == incident.KindRole && e.Person != who,
			e.Kind == incident.KindSeverity, e.Kind == incident.KindMitigated:
			check(e.At)
			misses, who = nil, e.Person
		}
	}
	w.t.Logf("INC-%d: %d reminders", n, len(at))
}

// told looks at what the record and the channels say.
func (w *nagWeek) told() {
	for n := 1; n <= 3; n++ {
		_, events := w.fold(n)
		if twice := missedTwice(events); twice != "" {
			w.t.Errorf("INC-%d: the update due %s is missed twice", n, twice)
		}
		misses := missedOf(events, incident.PromiseUpdate)
		if said := count(w.channel(w.incidentChannel(n)).Messages, "was due and was not there yet"); said != misses || misses == 0 {
			w.t.Errorf("INC-%d: %d misses, and the channel was told of %d", n, misses, said)
		}
		for _, e := range events {
			if e.Kind == incident.KindMissed && n == 3 && (e.Due.Hour() < 9 || e.Due.Hour() > 17 || e.Due.Weekday() == time.Sunday) {
				w.t.Errorf("INC-3: an update was due at %s, out of working hours", e.Due)
			}
		}
	}
	if !slices.ContainsFunc(w.rings(), func(x ring) bool { return x.n == 3 }) {
		w.t.Error("nobody was reminded of the sev3")
	}
	for _, x := range w.rings() {
		if x.n == 3 && (x.at.Hour() < 9 || x.at.Hour() >= 18) {
			w.t.Errorf("a reminder of a sev3 came at %s", x.at)
		}
	}
	w.unfinished()
	w.noErrors()
}

// TestWorstRemindedFirst leaves one person with a sev1 among many sev2: when the hour has
// room for one more reminder, it is of the sev1, but for one an hour of what has waited.
func TestWorstRemindedFirst(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm(), func(r *rig) {
		const worst = 7
		for n := 1; n <= worst; n++ {
			r.command("eve", "general", fmt.Sprintf("declare thing %d fails %s", n, []string{"sev2", "sev1"}[n/worst]))
			r.pass(time.Second)
			r.command("ada", "general", fmt.Sprintf("ack INC-%d", n))
		}
		r.pass(65 * time.Minute)
		w := &nagWeek{rig: r}
		var at []time.Time
		for range 48 {
			r.pass(5 * time.Minute)
			if len(w.asks(worst)) != 1 {
				t.Errorf("%s: %d reminders of the sev1 are open, want one", w.clock(), len(w.asks(worst)))
			}
		}
		for _, x := range w.rings() {
			if x.n == worst {
				at = append(at, x.at)
			}
		}
		for k := 2; k < len(at); k++ {
			if gap := at[k].Sub(at[k-1]); gap > 75*time.Minute {
				t.Errorf("after %s the sev1 was not reminded of for %s", at[k-1].Format("15:04:05"), gap)
			}
		}
		if len(at) < 5 {
			t.Errorf("the sev1 was reminded of %d times in five hours", len(at))
		}
	})
}

// TestNoReminderStarves leaves one person with a sev3 among five late sev1, which could
// use all the room there is: the sev3 gets its turn within two hours, and within working
// hours, and the sev1 all the rest.
func TestNoReminderStarves(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, calm(), func(r *rig) {
		r.pass(time.Until(time.Date(2000, 1, 3, 8, 55, 0, 0, time.UTC)))
		const least = 6
		for n := 1; n <= least; n++ {
			r.command("eve", "general", fmt.Sprintf("declare thing %d fails %s", n, []string{"sev1", "sev3"}[n/least]))
			r.pass(time.Second)
			r.command("ada", "general", fmt.Sprintf("ack INC-%d", n))
		}
		r.pass(14 * time.Hour)
		w := &nagWeek{rig: r}
		rings := w.rings()
		var at []time.Time
		for k, x := range rings {
			if x.n == least {
				at = append(at, x.at)
			}
			if k >= 3 && x.at.Sub(rings[k-3].at) < time.Hour-2*time.Second {
				t.Errorf("the reminder at %s is the fourth within an hour", x.at.Format("15:04:05"))
			}
		}
		if len(at) == 0 || at[0].After(time.Date(2000, 1, 3, 14, 12, 0, 0, time.UTC)) {
			t.Fatalf("the sev3, to be told of by 13:00, was reminded of at %v, want by 14:12", at)
		}
		if last := at[len(at)-1]; last.Hour() >= 17 {
			t.Errorf("the sev3 was reminded of at %s, after working hours", last.Format("15:04"))
		}
		if len(rings)-len(at) < 3*len(at) {
			t.Errorf("%d reminders of the sev1 and %d of the sev3: the worse ones go first", len(rings)-len(at), len(at))
		}
	})
}
