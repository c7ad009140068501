package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// namesIn returns the names of the incidents that a list shows, in its order.
func namesIn(blocks []byte) string {
	var names []string
	for part := range strings.SplitSeq(unescaped(string(blocks)), "*INC-") {
		number, rest, ok := strings.Cut(part, "*")
		if ok && strings.HasPrefix(rest, " · ") {
			names = append(names, number)
		}
	}
	return strings.Join(names, " ")
}

// TestListAndSearch goes through 40 incidents, of which half are over, by list, by its
// words, by its buttons and by search.
func TestListAndSearch(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 40; n++ {
			service, sev := "checkout", "sev3"
			if n%10 == 0 {
				service, sev = "search", "sev1"
			}
			r.command("eve", "general", fmt.Sprintf("declare trouble number%d service:%s %s", n, service, sev))
			if n <= 20 {
				r.command("eve", "general", fmt.Sprintf("resolve INC-%d all is calm", n))
			}
			r.pass(15 * time.Second)
		}
		tests := []struct{ typed, want, says string }{
			{"list", "40 39 38 37 36 35 34 33 32 31 30 29 28 27 26", "15 of 20"},
			{"list all sev1", "40 30 20 10", "4, the newest first"},
			{"list sev1", "40 30", ":red_circle: sev1"},
			{"list closed service:search", "20 10", "Incidents that are over"},
			{"ls mine sev1", "40 30", "concern you"},
			{"list zebra", "", "No list is called zebra."},
			{"list service:nowhere", "", "There is no service"},
			{"search number33", "33", "Incidents with"},
			{"find NUMBER1 trouble Search", "10", ""},
			{"search zebra", "", "there are none"},
			{"search", "", "Say which words"},
		}
		for _, test := range tests {
			seen := r.command("eve", "general", test.typed)
			if got := namesIn(seen.Blocks); got != test.want || !strings.Contains(seen.Text+string(seen.Blocks), test.says) {
				t.Errorf("/incident %s lists %s in\n%s\n%s\nwant %s and %q", test.typed, got, seen.Text, seen.Blocks, test.want, test.says)
			}
		}
		r.pages("eve", r.command("eve", "general", "list all"), 40, 26, 25, 11, 10, 1)
		r.pages("eve", r.command("eve", "general", "search trouble"), 40, 26, 25, 11, 10, 1)
		r.noErrors()
	})
}

// pages turns a list to its end, and back to its beginning. Each page begins and ends with
// the numbers in pairs.
func (r *rig) pages(user string, seen slacksim.Seen, ends ...int) {
	r.t.Helper()
	channel, ts, blocks := seen.Channel, seen.TS, []byte(seen.Blocks)
	press := func(label string) {
		r.t.Helper()
		if _, err := r.sim.As(user).Press(slacksim.Press{Channel: channel, TS: ts, Label: label}); err != nil {
			r.t.Fatal(err)
		}
		r.pass(2 * time.Second)
		for _, w := range r.sim.State().Whispers[userID(r, user)] {
			if w.TS == ts {
				blocks = w.Blocks
			}
		}
	}
	check := func(first, last int) {
		r.t.Helper()
		got := namesIn(blocks)
		if !strings.HasPrefix(got, fmt.Sprintf("%d ", first)) || !strings.HasSuffix(got, fmt.Sprintf(" %d", last)) {
			r.t.Errorf("the page shows %s; want it from %d to %d", got, first, last)
		}
	}
	for n := 0; n < len(ends); n += 2 {
		if n > 0 {
			press("Older ones")
		}
		check(ends[n], ends[n+1])
	}
	if strings.Contains(string(blocks), "Older ones") {
		r.t.Error("the last page offers older ones")
	}
	press("The newest")
	check(ends[0], ends[1])
}

// TestShowMergedAndOld shows what is over, and where a part of another one went.
func TestShowMergedAndOld(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is down")
		r.command("eve", "general", "declare cards fail")
		r.pass(10 * time.Second)
		r.command("eve", "general", "duplicate INC-2 INC-1 the same")
		r.command("eve", "general", "resolve INC-1 all is calm")
		r.pass(time.Minute)
		for typed, want := range map[string]string{"show INC-2": "Part of INC-1", "show inc-1": "Resolved", "list all": "part of INC-1", "show INC-9": "There is no INC-9"} {
			if seen := r.command("bob", "general", typed); !strings.Contains(seen.Text+string(seen.Blocks), want) {
				t.Errorf("/incident %s says %s %s, want %q", typed, seen.Text, seen.Blocks, want)
			}
		}
		if i, _ := r.fold(2); i.Status != incident.Merged {
			t.Errorf("INC-2 is %s", i.Status)
		}
	})
}

// TestOutcomeAndRelated shows what an incident turned out to be, with the reason, and what
// has to do with it: in the list, by show and by More; a hidden reason nowhere, and of a
// private incident nothing in a public one.
func TestOutcomeAndRelated(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "sev3")
		}
		r.command("eve", "general", "declare keys leaked private")
		r.pass(10 * time.Second)
		r.command("ada", "general", "related INC-2 INC-1 the same provider")
		r.command("eve", "general", "related INC-4 INC-1 the same keys")
		r.command("ada", "general", "near-miss INC-2 the switch was off by <chance>.")
		r.command("ada", "general", "false-alarm INC-3 the probe of Acme was broken")
		r.pass(20 * time.Second)
		check := func(what, text string, want ...string) {
			t.Helper()
			text = unescaped(text)
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("%s does not say %q: %s", what, w, text)
				}
			}
			if strings.Contains(text, "INC-4") {
				t.Errorf("%s names a private incident: %s", what, text)
			}
		}
		list := r.command("bob", "general", "list all")
		check("the list", list.Text+string(list.Blocks), "near miss; related to INC-1", "false alarm", "related to INC-2")
		show := r.command("bob", "general", "show INC-2")
		check("show", show.Text+string(show.Blocks), "Ended as a near miss: the switch was off by &lt;chance&gt;. Related to INC-1.")
		show = r.command("bob", "general", "show INC-3")
		check("show", show.Text+string(show.Blocks), "Ended as a false alarm: the probe of Acme was broken.")
		r.click("bob", r.command("bob", "general", "show INC-1"), "more", nil)
		r.pass(5 * time.Second)
		check("More", r.lastWhisper("bob"), "*Related*", "INC-2")
		_, events := r.fold(3)
		for _, e := range events {
			if e.Kind == incident.KindCancelled {
				r.command("ada", "general", fmt.Sprintf("hide INC-3 %d a name", e.Seq))
			}
		}
		r.pass(10 * time.Second)
		show = r.command("bob", "general", "show INC-3")
		if text := show.Text + string(show.Blocks); strings.Contains(text, "Acme") && strings.Contains(fmt.Sprint(r.whispers("ada")), "shown no longer") {
			t.Errorf("what was hidden is shown: %s", text)
		}
	})
}
