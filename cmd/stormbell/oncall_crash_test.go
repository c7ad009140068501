package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestKilledOverride kills the real program with SIGKILL at a random moment of a
// change of who is on call. What was answered as done is in the history, once; and
// of whatever is in the history the team and each person concerned hear, once. The first
// round waits for the answer.
func TestKilledOverride(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes")
	}
	t.Parallel()
	lab := newLab(t)
	lab.start()
	var done []string
	for round := range crashRounds(t) {
		why := fmt.Sprintf("round %d", round)
		view := lab.overrideForm(t, "clara")
		closed := make(chan bool, 1)
		go func() {
			res, err := lab.sim.As("clara").Submit(view.ID, overrideValues(round, why))
			closed <- err == nil && res.Closed
		}()
		if round == 0 {
			closed <- <-closed
		}
		time.Sleep(rand.N(700 * time.Millisecond))
		lab.kill()
		lab.start()
		answered := <-closed
		var log struct{ History []oncall.Change }
		lab.get(t, "/v1/roster/history", &log)
		made := 0
		for _, c := range log.History {
			if c.Why == why {
				made++
			}
		}
		if made > 1 || answered && made != 1 {
			t.Errorf("%s was made %d times, answered as done: %v", why, made, answered)
		}
		if made == 1 {
			done = append(done, why)
			lab.heard(t, why)
		}
	}
	if len(done) == 0 {
		t.Error("no override was made in any round: the test has shown nothing")
	}
	for _, why := range done {
		for whom, n := range lab.told(why) {
			if n != 1 {
				t.Errorf("%s: %s was told %d times, want once", why, whom, n)
			}
		}
	}
}

func (l *lab) overrideForm(t *testing.T, user string) slacksim.View {
	t.Helper()
	changed := l.sim.Watch(t.Context())
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		// On a machine that is busy the three seconds are over in which Slack takes the form:
		// whoever sees none types again.
		if _, err := l.sim.As(user).Command("general", "/oncall", "override"); err != nil {
			t.Fatal(err)
		}
		for again := time.After(5 * time.Second); again != nil; {
			for _, views := range l.sim.State().Views {
				if last := views[len(views)-1]; last.CallbackID == "oncall_override" {
					return last
				}
			}
			select {
			case <-changed:
			case <-again:
				again = nil
			}
		}
	}
	t.Fatalf("no form was opened within %s", patience)
	return slacksim.View{}
}

// overrideValues puts somebody else on call for two hours of another day in each
// round.
func overrideValues(round int, why string) map[string]map[string]any {
	day := time.Now().AddDate(0, 0, 2+round).Format(time.DateOnly)
	who := []string{"mei", "noor"}[round%2]
	values := map[string]map[string]any{}
	for block, v := range map[string]any{"rotation": "checkout-primary", "kind": "set", "by": []string{who}, "from_date": day,
		"from_time": "10:00", "to_date": day, "to_time": "12:00", "reason": why} {
		values[block] = map[string]any{"value": v}
	}
	return values
}

// heard waits until the team has heard of a change, which is told after the people
// concerned.
func (l *lab) heard(t *testing.T, why string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	changed := l.sim.Watch(ctx)
	for l.told(why)["team"] == 0 {
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s: the team was not told within %s", why, patience)
		}
	}
}

// told counts the messages about a change, by whom they are for.
func (l *lab) told(why string) map[string]int {
	n := map[string]int{}
	for _, c := range l.sim.State().Channels {
		whom := "team"
		if c.IsIM {
			whom = strings.Join(c.Members, "+")
		}
		for _, m := range c.Messages {
			if strings.Contains(string(m.Blocks), ": "+why+".") {
				n[whom]++
			}
		}
	}
	return n
}
