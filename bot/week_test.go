package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestWeekOfReminders lives through a week with restarts in it, some of them while
// something falls due: each incident has a restart at another distance from its first
// update. Nobody gets more than three reminders within an hour, nothing that was due is
// lost, no miss is told twice, and what is over asks nobody.
func TestWeekOfReminders(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, calm())
		defer r.close()
		r.start()
		for day := range 7 {
			for k, sev := range []string{"sev1", "sev2"} {
				n := 2*day + k + 1
				r.command("eve", "general", fmt.Sprintf("declare thing %d fails %s", n, sev))
				r.pass(time.Minute)
				r.command("ada", "general", fmt.Sprintf("ack INC-%d", n))
			}
			r.pass(time.Duration(8+day) * time.Minute) // the first reminder is 12 minutes after the declaration
			r.stop()
			r.pass(time.Duration(2*day) * time.Minute)
			r.start()
			r.pass(2 * time.Hour)
			for k := range 2 {
				n := 2*day + k + 1
				_, events := r.fold(n)
				if missedOf(events, incident.PromiseUpdate) == 0 {
					t.Errorf("day %d: no missed update in the record of INC-%d", day, n)
				}
				if twice := missedTwice(events); twice != "" {
					t.Errorf("day %d: INC-%d: the update due %s is missed twice", day, n, twice)
				}
				r.command("ada", "general", fmt.Sprintf("update INC-%d we are on it", n))
				r.pass(time.Minute)
				r.command("ada", "general", fmt.Sprintf("resolve INC-%d", n))
			}
			r.pass(time.Minute)
			if left := r.reminders("U0ADA"); len(left) > 0 {
				t.Errorf("day %d: what is over still asks:%s", day, list(left))
			}
			r.pass(20 * time.Hour)
		}
		r.fewReminders("post_draft", 7*3)
		r.noErrors()
	})
}

// missedTwice returns the due instant of an update that was recorded as missed twice.
func missedTwice(events []incident.Event) string {
	var seen []time.Time
	for _, e := range events {
		if e.Kind != incident.KindMissed || e.Promise != incident.PromiseUpdate {
			continue
		}
		if slices.ContainsFunc(seen, e.Due.Equal) {
			return e.Due.String()
		}
		seen = append(seen, e.Due)
	}
	return ""
}

// fewReminders checks that no hour has more than three posts with a button, and that
// there were at least some.
func (r *rig) fewReminders(button string, least int) {
	r.t.Helper()
	var posts []time.Time
	for _, c := range r.sim.Calls(0) {
		if c.Method == "chat.postMessage" && strings.Contains(c.Args["blocks"], button) {
			posts = append(posts, c.At)
		}
	}
	for k := incident.RemindersMost; k < len(posts); k++ {
		if gap := posts[k].Sub(posts[k-incident.RemindersMost]); gap < time.Hour-2*time.Second {
			r.t.Errorf("reminder %d of %d came %s after the third before it, want an hour", k, len(posts), gap)
		}
	}
	if len(posts) < least {
		r.t.Errorf("%d reminders, want %d at least", len(posts), least)
	}
}
