package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestS32MonthOfAnAgreement tells on the first working day of a month, 9:30, what was kept of
// each agreement in the one before, once: with every miss and what follows from it, complete
// without the picture that comes after it. Private incidents are in neither.
func TestS32MonthOfAnAgreement(t *testing.T) {
	t.Parallel()
	roster := strings.Replace(rosterText, "    kind: product\n", "    kind: product\n    agreement: gold\n", 1) + agreed
	inBubbleWith(t, roster, func(r *rig) {
		told := func() (all []slacksim.Message, pictures int) {
			for _, m := range r.channel("incidents").Messages {
				if shows(m, "gold, January 2000") {
					all = append(all, m)
				}
				for _, f := range m.Files {
					if f.Name == "gold-2000-01.png" {
						pictures++
					}
				}
			}
			return all, pictures
		}
		for _, declare := range []string{"card payments fail sev1", "something leaks sev1 private", "an exercise sev1 drill"} {
			r.command("ada", "general", "declare "+declare)
			r.pass(3 * time.Minute) // the acknowledgement is promised within two
		}
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "mitigate INC-1 fix")
		r.command("ada", "general", "resolve INC-1")
		r.command("ada", "general", "resolve INC-2")
		away := func(until time.Time) { // a bot that runs would take the whole month
			r.stop()
			time.Sleep(time.Until(until))
			r.start()
			r.pass(time.Minute)
		}
		away(time.Date(2000, 2, 1, 9, 27, 0, 0, time.UTC))
		if got, _ := told(); len(got) != 0 {
			t.Fatalf("before the first working day, 9:30:%s", list(got))
		}
		r.pass(5 * time.Minute)
		got, pictures := told()
		if len(got) != 1 || pictures != 1 {
			t.Fatalf("%d pictures, and the message%s", pictures, list(got))
		}
		for _, want := range []string{"Agreement gold, January 2000: 1 incident.", "acknowledged in time: 0 of 1", "Promises were missed in 1 incident:", "• INC-1: acknowledged after ", " min (promised: 2 min)", "; nothing follows from it yet",
			"Still without a follow-up or an acceptance: INC-1"} {
			if !shows(got[0], want) {
				t.Errorf("the message lacks %q:%s", want, list(got))
			}
		}
		if shows(got[0], "INC-2") || !shows(got[0], "Left out: drill 1 (INC-3)") {
			t.Errorf("a private incident is in it, or a drill is not left out:%s", list(got))
		}
		away(time.Date(2000, 2, 1, 12, 0, 0, 0, time.UTC))
		if got, pictures := told(); len(got) != 1 || pictures != 1 {
			t.Errorf("after another start: %d messages, %d pictures", len(got), pictures)
		}
		away(time.Date(2000, 3, 1, 9, 40, 0, 0, time.UTC))
		for _, m := range r.channel("incidents").Messages {
			if shows(m, "February 2000") {
				t.Errorf("of a month without an incident people read %q", m.Text)
			}
		}
		r.noErrors()
	})
}
