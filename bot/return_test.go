package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestSlackReturns: Slack is away for two hours, in which people work by the command
// line. When it is back, channels are made for what is open before what is over, the
// worst first; each is told in order, with times and notes, what happened meanwhile;
// and what was opened and resolved without Slack is one line with its times.
func TestSlackReturns(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{KeepCalls: 200_000, RateLimits: true, RateBurst: 1}, func(r *rig) {
		ada := desk.Caller{Actor: incident.Person("ada"), Through: incident.ThroughAdmin}
		declare := func(title string, s incident.Severity) int {
			t.Helper()
			a, err := r.desk.Declare(r.t.Context(), ada, incident.Declaration{Title: title, Severity: s})
			if err != nil {
				t.Fatal(err)
			}
			return a.Incident.Number
		}
		do := func(n int, a desk.Act) {
			t.Helper()
			if _, err := r.desk.Do(r.t.Context(), ada, n, a); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		until := func(minute time.Duration) { r.pass(time.Until(start.Add(minute * time.Minute))) }

		r.fault(slacksim.Fault{Down: true})
		minor := declare("search is slow", incident.Sev3)
		do(minor, desk.Act{Verb: desk.Note, Text: "only in Europe"})
		until(5)
		over := declare("logins fail", incident.Sev2)
		short := declare("images are missing", incident.Sev2)
		until(20)
		do(short, desk.Act{Verb: desk.Resolve, Text: "the cache was cold"})
		until(30)
		worst := declare("card payments fail", incident.Sev1)
		until(33)
		do(worst, desk.Act{Verb: desk.Acknowledge})
		until(40)
		do(worst, desk.Act{Verb: desk.Note, Text: "the provider <!channel> is down"})
		until(50)
		do(worst, desk.Act{Verb: desk.Note, Note: incident.Update, Text: "we pay by invoice until then"})
		until(80)
		do(over, desk.Act{Verb: desk.Resolve, Text: "rolled back"})
		until(120)
		before := r.last()
		r.sim.ClearFaults()
		r.pass(5 * time.Minute)

		numbers, _ := r.made(before)
		if want := []int{worst, minor, over}; !slices.Equal(numbers, want) {
			t.Errorf("channels were made for %v, want %v: the worst first, what is over last, and none for what was over an hour ago", numbers, want)
		}

		room := r.channel("inc-4-card-payments-fail")
		var lines []string
		for _, m := range room.Messages {
			if m.Metadata != nil && strings.Contains(string(m.Metadata.EventPayload), `"meanwhile"`) {
				lines = append(lines, string(m.Blocks))
			}
			for _, single := range []string{"is on it,", "*Update* by"} {
				if shows(m, single) {
					t.Errorf("the channel is told besides, without its time: %s %s", m.Text, m.Blocks)
				}
			}
		}
		if len(lines) != 1 {
			t.Fatalf("the channel was told %d times what happened, want once:%s", len(lines), list(room.Messages))
		}
		at := 0
		for _, want := range []string{"declared a sev1 incident", "acknowledged", "the provider &lt;!channel&gt; is down", "posted an update: we pay by invoice until then"} {
			found := strings.Index(unescaped(lines[0])[at:], want)
			if found < 0 {
				t.Errorf("the history lacks %q after what came before it: %s", want, unescaped(lines[0]))
				continue
			}
			at += found
		}
		for _, minute := range []time.Duration{30, 33, 40, 50} {
			if when := fmt.Sprintf("<!date^%d^", start.Add(minute*time.Minute).Unix()); !strings.Contains(unescaped(lines[0]), when) {
				t.Errorf("the history lacks the time %s: %s", when, unescaped(lines[0]))
			}
		}

		// What was over before its channel stood: the history comes before the document.
		gone := r.channel("inc-2-logins-fail")
		kinds := []string{}
		for _, m := range gone.Messages {
			for _, k := range []string{"meanwhile", "postmortem"} {
				if m.Metadata != nil && strings.Contains(string(m.Metadata.EventPayload), `"kind":"`+k+`"`) {
					kinds = append(kinds, k)
				}
			}
		}
		if !slices.Equal(kinds, []string{"meanwhile", "postmortem"}) {
			t.Errorf("the channel of what is over has %v, want the history, then the document:%s", kinds, list(gone.Messages))
		}

		announced := r.marked(r.channel("incidents").Messages, "announce", incident.Name(short))
		if len(announced) != 1 {
			t.Fatalf("%d announcements of %s, want one", len(announced), incident.Name(short))
		}
		for _, minute := range []time.Duration{5, 20} {
			if when := fmt.Sprintf("<!date^%d^", start.Add(minute*time.Minute).Unix()); !strings.Contains(unescaped(string(announced[0].Blocks)), when) {
				t.Errorf("the announcement lacks the time %s: %s", when, announced[0].Blocks)
			}
		}
		for n := 1; n <= 4; n++ {
			r.fold(n)
		}
		left, err := r.ledger.Unfinished(r.t.Context())
		if err != nil || len(left) > 0 {
			t.Errorf("%d jobs are left, %v: %+v", len(left), err, left)
		}
	})
}
