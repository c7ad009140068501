package bot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// byLine is ada, who works by the command line while Slack is away.
var byLine = desk.Caller{Actor: incident.Person("ada"), Through: incident.ThroughAdmin}

// declares declares an incident by the command line.
func (r *rig) declares(d incident.Declaration) int {
	r.t.Helper()
	a, err := r.desk.Declare(r.t.Context(), byLine, d)
	if err != nil {
		r.t.Fatal(err)
	}
	return a.Incident.Number
}

// does acts on an incident by the command line.
func (r *rig) does(n int, a desk.Act) {
	r.t.Helper()
	if _, err := r.desk.Do(r.t.Context(), byLine, n, a); err != nil {
		r.t.Fatal(err)
	}
}

// histories returns the messages in an incident's channel that say what happened before
// it stood.
func (r *rig) histories(n int) []slacksim.Message {
	r.t.Helper()
	i, _ := r.fold(n)
	return r.marked(r.channelOf(i.Channel).Messages, "meanwhile", incident.Name(n))
}

// shownText returns what a message shows, as it was written.
func shownText(list []slacksim.Message) string {
	var b strings.Builder
	for _, m := range list {
		var blocks []struct {
			Text struct{ Text string } `json:"text"`
		}
		if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
			panic(err)
		}
		for _, x := range blocks {
			b.WriteString(x.Text.Text + "\n")
		}
	}
	return b.String()
}

// unfinished fails where jobs are left.
func (r *rig) unfinished() {
	r.t.Helper()
	left, err := r.ledger.Unfinished(r.t.Context())
	if err != nil || len(left) > 0 {
		r.t.Errorf("%d jobs are left, %v: %+v", len(left), err, left)
	}
}

// manyNotes is more than one message holds: three are needed.
const manyNotes = 30

// TestReturnKilled kills the bot at each call that follows when Slack is back, or without
// EVERY_CASE=1 at each thirtieth, before Slack has heard of it and after: every entry is
// told once, in order.
func TestReturnKilled(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	for call := 1; ; call += cases(1, 30, 70) {
		at := ""
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("at call %d, done: %t", call, done), func(t *testing.T) {
				at = returnKilled(t, call, done)
			})
		}
		if at == "" {
			if call < 8 {
				t.Errorf("what is told when Slack is back made only %d calls", call-1)
			}
			return
		}
	}
}

func returnKilled(t *testing.T, call int, done bool) (at string) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{Seed: 7})
		g := &guillotine{next: r.sim}
		r.server.Handler = g
		r.wrap = func(e storage.Engine) storage.Engine { return mortal{e, g} }
		defer r.close()
		r.start()
		r.fault(slacksim.Fault{Down: true})
		n := r.declares(incident.Declaration{Title: "card payments fail", Severity: incident.Sev1})
		r.pass(2 * time.Minute)
		for k := range manyNotes {
			r.does(n, desk.Act{Verb: desk.Note, Text: fmt.Sprintf("[%02d] ", k) + strings.Repeat("y", 900)})
			r.pass(time.Minute)
		}
		g.arm(call, 0, done)
		r.sim.ClearFaults()
		r.pass(2 * time.Minute)
		at = g.last
		r.stop()
		g.lift()
		r.start()
		r.pass(3 * time.Minute)
		r.toldOnce(n, manyNotes)
		r.pass(time.Minute) // what was due at this very instant
		r.unfinished()
	})
	return at
}

// toldOnce looks whether each note stands once in the history, in order.
func (r *rig) toldOnce(n, notes int) {
	r.t.Helper()
	text, last := shownText(r.histories(n)), -1
	for k := range notes {
		mark := fmt.Sprintf("[%02d] ", k)
		if c := strings.Count(text, mark); c != 1 {
			r.t.Errorf("the note %s is told %d times, want once", mark, c)
		}
		if at := strings.Index(text, mark); at < last {
			r.t.Errorf("the note %s is told before an earlier one", mark)
		} else {
			last = at
		}
	}
}

// TestReturnTwice: Slack goes away again in the middle of telling, for an hour in which
// more happens. What was told is not told again, and nothing is left out.
func TestReturnTwice(t *testing.T) {
	t.Parallel()
	longLife(t)
	for _, after := range []time.Duration{1, 2, 3, 4, 5, 6, 8, 10, 15} {
		if int(after)%cases(1, 5, 5) > 0 {
			continue
		}
		t.Run(fmt.Sprint(after*time.Second), func(t *testing.T) {
			inBubble(t, slacksim.Options{RateLimits: true, RateBurst: 1}, func(r *rig) {
				r.fault(slacksim.Fault{Down: true})
				n := r.declares(incident.Declaration{Title: "card payments fail", Severity: incident.Sev1})
				r.pass(2 * time.Minute)
				for k := range manyNotes {
					r.does(n, desk.Act{Verb: desk.Note, Text: fmt.Sprintf("[%02d] ", k) + strings.Repeat("y", 900)})
					r.pass(10 * time.Second)
				}
				r.sim.ClearFaults()
				r.pass(after * time.Second)
				r.fault(slacksim.Fault{Down: true})
				r.does(n, desk.Act{Verb: desk.Note, Note: incident.Update, Text: "while it is away again"})
				r.pass(30 * time.Minute)
				r.sim.ClearFaults()
				r.pass(5 * time.Minute)
				r.toldOnce(n, manyNotes)
				i, _ := r.fold(n)
				if c := strings.Count(shown(r.channelOf(i.Channel).Messages), "while it is away again"); c < 1 {
					t.Errorf("what happened in the second outage is not told")
				}
				r.pass(time.Minute) // what was due at this very instant
				r.unfinished()
			})
		})
	}
}

// TestReturnOfMany: twelve incidents, or a hundred with EVERY_CASE=1, from one outage.
// Each has its channel and its history soon, sev1 before the others.
func TestReturnOfMany(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{KeepCalls: 200_000, RateLimits: true, RateBurst: 1}, func(r *rig) {
		many := cases(100, 12, 12)
		r.fault(slacksim.Fault{Down: true})
		var worst, others []int
		for k := range many {
			s := []incident.Severity{incident.Sev3, incident.Sev2, incident.Sev1, incident.Sev2}[k%4]
			n := r.declares(incident.Declaration{Title: fmt.Sprintf("trouble number %d", k), Severity: s, Private: k%10 == 7})
			if s == incident.Sev1 {
				worst = append(worst, n)
			} else {
				others = append(others, n)
			}
			r.pass(20 * time.Second)
			r.does(n, desk.Act{Verb: desk.Note, Text: fmt.Sprintf("note of number %d", k)})
		}
		r.pass(2 * time.Minute)
		before := r.last()
		r.sim.ClearFaults()
		r.pass(15 * time.Minute)
		numbers, _ := r.made(before)
		if len(numbers) != many {
			t.Fatalf("%d channels were made within a quarter of an hour, want %d", len(numbers), many)
		}
		for at, n := range numbers[:len(worst)] {
			if at%5 != 4 && !slices.Contains(worst, n) { // one in five is for what has waited longest
				t.Errorf("the channel number %d was made for %s, want a sev1", at+1, incident.Name(n))
			}
		}
		for _, n := range append(worst, others...) {
			if got := r.histories(n); len(got) != 1 || !strings.Contains(shownText(got), fmt.Sprintf("note of number %d\n", n-1)) {
				t.Errorf("%s has %d histories: %s", incident.Name(n), len(got), shownText(got))
			}
		}
		for _, m := range r.channel("incidents").Messages {
			for n := 8; n <= many; n += 10 {
				if shows(m, incident.Name(n)+" ") || shows(m, fmt.Sprintf("trouble number %d ", n-1)) {
					t.Errorf("everybody reads of the private %s: %s", incident.Name(n), m.Text)
				}
			}
		}
		r.pass(time.Minute) // what was due at this very instant
		r.unfinished()
	})
}

// TestReturnOfReopened: what was resolved and reopened while Slack was away has a
// channel, the history tells both, and it offers to resolve it once.
func TestReturnOfReopened(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.fault(slacksim.Fault{Down: true})
		n := r.declares(incident.Declaration{Title: "card payments fail", Severity: incident.Sev1})
		r.pass(5 * time.Minute)
		r.does(n, desk.Act{Verb: desk.Acknowledge})
		r.pass(5 * time.Minute)
		r.does(n, desk.Act{Verb: desk.Resolve, Text: "rolled back"})
		r.pass(2 * time.Hour)
		r.does(n, desk.Act{Verb: desk.Reopen, Text: "it is back"})
		r.pass(10 * time.Minute)
		r.sim.ClearFaults()
		r.pass(5 * time.Minute)
		got := shownText(r.histories(n))
		at := 0
		for _, want := range []string{"declared", "acknowledged", "resolved it", "it is back"} {
			found := strings.Index(got[at:], want)
			if found < 0 {
				t.Fatalf("the history lacks %q in its place:\n%s", want, got)
			}
			at += found
		}
		i, _ := r.fold(n)
		all := r.channelOf(i.Channel).Messages
		for _, m := range all {
			if m.User == r.sim.BotUserID() && strings.HasPrefix(m.Text, "Resolved. Thank you.") {
				t.Errorf("the channel of what is open is told that it is resolved: %s", m.Text)
			}
		}
		if docs := r.marked(all, "postmortem", incident.Name(n)); len(docs) > 0 {
			t.Errorf("the channel of what is open has the document of its first end:%s", list(docs))
		}
		r.pass(time.Minute) // what was due at this very instant
		r.unfinished()
	})
}

// TestReturnOfThousandWords: a hundred notes of 4,000 emoji each, or 300 with
// EVERY_CASE=1, are told in a few messages that Slack takes, which say what they leave out.
func TestReturnOfThousandWords(t *testing.T) {
	t.Parallel()
	many := cases(300, 100, 40)
	inBubble(t, slacksim.Options{RateLimits: true, RateBurst: 1}, func(r *rig) {
		r.fault(slacksim.Fault{Down: true})
		n := r.declares(incident.Declaration{Title: "card payments fail", Severity: incident.Sev1})
		r.pass(2 * time.Minute)
		for k := range many {
			r.does(n, desk.Act{Verb: desk.Note, Text: fmt.Sprintf("[%03d] ", k) + strings.Repeat("🔥", 3990)})
			r.pass(time.Second)
		}
		r.sim.ClearFaults()
		r.pass(5 * time.Minute)
		parts := r.histories(n)
		text := shownText(parts)
		if len(parts) < 2 || len(parts) > 4 || !strings.Contains(text, "[000]") || !strings.Contains(text, fmt.Sprintf("[%03d]", many-1)) || !strings.Contains(text, "entries are left out here") {
			t.Errorf("%d messages, which must have the first, the last, and how many are left out:\n%.200s", len(parts), text)
		}
		_, events := r.fold(n)
		for _, e := range events {
			if strings.HasPrefix(e.Text, "Could not") && !strings.Contains(e.Text, "yet") {
				t.Errorf("the timeline has %q", e.Text)
			}
		}
		r.pass(time.Minute) // what was due at this very instant
		r.unfinished()
	})
}
