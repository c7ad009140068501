package desk

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// setClock runs the agenda, with a wall clock that can be set: what it returns
// lets time pass and says who was paged meanwhile.
func (x *fixture) setClock() (set func(time.Duration), pass func(time.Duration) []string, told *[]time.Duration) {
	x.t.Helper()
	var by atomic.Int64
	told = new([]time.Duration)
	x.led.Wall = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	x.led.WhenClockSet(func(_ context.Context, by time.Duration) error { *told = append(*told, by); return nil })
	ctx, stop := context.WithCancel(x.t.Context())
	done := make(chan error)
	complain := x.complain
	if complain == nil {
		complain = func(err error) { x.t.Errorf("complaint: %v", err) }
	}
	go func() { done <- x.led.Run(ctx, complain) }()
	x.stop = func() {
		stop()
		if err := <-done; err != nil {
			x.t.Errorf("Run() = %v", err)
		}
	}
	set = func(d time.Duration) { by.Add(int64(d)) }
	pass = func(d time.Duration) []string {
		for end := time.Now().Add(d); time.Now().Before(end); {
			time.Sleep(min(time.Second, time.Until(end)))
			x.deliver()
		}
		return x.pages()
	}
	return set, pass, told
}

// TestClockSet: waits are as long as they are however the clock is set while the
// program runs, and whether an act or the agenda notices it first.
func TestClockSet(t *testing.T) {
	for name, by := range map[string]time.Duration{"back": -time.Hour, "back a little": -40 * time.Second, "forward": time.Hour, "forward a little": 90 * time.Second} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(x *fixture) {
				set, pass, told := x.setClock()
				t := x.t
				x.declare(incident.Declaration{})
				if got := pass(time.Minute); !slices.Contains(got, "ada by slack") {
					t.Fatalf("paged %v, want ada", got)
				}
				set(by)
				x.act(eve, 1, Act{Verb: Note, Note: incident.What, Text: "seen by an act"})
				if got := pass(4*time.Minute - 5*time.Second); len(got) != 0 {
					t.Errorf("paged %v before the five minutes of the step were over", got)
				}
				if got := pass(10 * time.Second); !slices.Contains(got, "cleo by email") && len(got) == 0 {
					t.Errorf("paged %v when the five minutes of the step were over, want the next ones", got)
				}
				set(by)
				if got := pass(5*time.Minute - 15*time.Second); len(got) != 0 {
					t.Errorf("paged %v before the five minutes of the second step were over", got)
				}
				if got := pass(15 * time.Second); !slices.Contains(got, "#incidents") {
					t.Errorf("paged %v at the end, want the last resort", got)
				}
				if diff := cmp.Diff([]time.Duration{by, by}, *told); diff != "" {
					t.Errorf("the clock was set (-want +got):\n%s", diff)
				}
				_, events := x.folds(1)
				said := 0
				for _, e := range events {
					if strings.HasPrefix(e.Text, "The clock was set") {
						said++
					}
				}
				if said != 2 {
					t.Errorf("the timeline says %d times that the clock was set, want twice", said)
				}
			})
		})
	}
}

// TestClockSetSnooze: a snooze of an hour ends after an hour.
func TestClockSetSnooze(t *testing.T) {
	inBubble(t, func(x *fixture) {
		set, pass, _ := x.setClock()
		t := x.t
		x.declare(incident.Declaration{})
		pass(time.Minute)
		if _, err := x.Snooze(x.t.Context(), Caller{Actor: eve}, 1, time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		set(-3 * time.Hour)
		if got := pass(58 * time.Minute); len(got) != 0 {
			t.Errorf("paged %v while it was snoozed", got)
		}
		if got := pass(2 * time.Minute); !slices.Contains(got, "ada by slack") {
			t.Errorf("paged %v when the snooze of an hour was over, want ada", got)
		}
	})
}

// TestClockSetDuring is set while the agenda does what is due: what it would do by
// the old time, which is an hour ahead then, is not done by it.
func TestClockSetDuring(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		old := time.Now().Add(5 * time.Minute)
		sets := 0
		var set func(time.Duration)
		x.led.Handle("a", func(ctx context.Context, name string, _ time.Time) error { // before escalation/
			if sets++; sets == 1 {
				set(-time.Hour)
			}
			return x.led.Update(ctx, ledger.Request{}, func(tx *ledger.Tx) error { return tx.Sleep(name) })
		})
		complaints := 0
		x.complain = func(err error) {
			if complaints++; !strings.Contains(err.Error(), "the clock was set meanwhile") {
				t.Errorf("complaint: %v", err)
			}
		}
		set, pass, _ := x.setClock()
		x.declare(incident.Declaration{})
		err := x.led.Update(x.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error { return tx.Wake("a", old) })
		if err != nil {
			t.Fatal(err)
		}
		pass(5*time.Minute - time.Second)
		if got := pass(4 * time.Second); !slices.Contains(got, "cleo by push") || slices.Contains(got, "#incidents") {
			t.Errorf("paged %v at the end of the first step, want cleo and nobody else", got)
		}
		if got := pass(5*time.Minute - 5*time.Second); len(got) != 0 {
			t.Errorf("paged %v before the second step was over", got)
		}
		if got := pass(5 * time.Second); !slices.Contains(got, "#incidents") || sets != 1 || complaints == 0 {
			t.Errorf("paged %v at its end after %d looks and %d complaints, want the last resort, and that the tick was broken off", got, sets, complaints)
		}
	})
}
