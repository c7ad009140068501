package oncall

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// records counts the records under a prefix.
func (x *fixture) records(prefix string) (n int) {
	x.t.Helper()
	err := x.led.View(context.Background(), func(tx *storage.Tx) error {
		for range tx.Scan(prefix) {
			n++
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

// later is a look after some time, at everything that was due in it.
func (x *fixture) later(d time.Duration) {
	x.t.Helper()
	time.Sleep(d)
	ticked(x.t, x)
}

const day = 24 * time.Hour

// TestSwapRecordEnds asks for swaps that end in every way: each record is there as
// long as somebody may take the swap back, and thirty days after it is gone.
func TestSwapRecordEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(x *fixture, seq int) error
		over time.Duration // when the swap is over, from the day it was asked for
	}{
		{"accepted", func(x *fixture, seq int) error {
			_, err := x.AcceptSwap(background(), Caller{Actor: "person:bob"}, "r00000", seq)
			return err
		}, 11 * day},
		{"declined", func(x *fixture, seq int) error {
			_, err := x.DeclineSwap(background(), Caller{Actor: "person:bob"}, "r00000", seq)
			return err
		}, 11 * day},
		{"called off", func(x *fixture, seq int) error {
			_, err := x.CancelSwap(background(), Caller{Actor: "person:ada"}, "r00000", seq)
			return err
		}, 11 * day},
		{"not answered", func(*fixture, int) error { return nil }, 11 * day},
		{"the rotation is gone", func(x *fixture, _ int) error { x.apply(strings.ReplaceAll(weekly(1), "r00000", "other")); return nil }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withRoster(t, weekly(1), func(x *fixture) {
				start := time.Now().Add(10 * day)
				a, err := x.AskSwap(background(), Caller{Actor: "person:ada"}, SwapRequest{Rotation: "r00000",
					Swap: rotation.Swap{Person: "ada", With: "bob", Start: start, End: start.Add(day)}})
				if err != nil {
					t.Fatal(err)
				}
				if err := tt.end(x, a.Seq); err != nil {
					t.Fatal(err)
				}
				x.later(tt.over)
				x.later(swapFor - 2*time.Hour)
				if n := x.records("swap/"); n != 1 {
					t.Errorf("%d records shortly before the end of the thirty days, want 1", n)
				}
				x.reopen()
				x.later(3 * time.Hour)
				if n, wakes := x.records("swap/"), x.records("wake/swap/"); n != 0 || wakes != 0 {
					t.Errorf("%d records and %d wake-ups after the thirty days, want none", n, wakes)
				}
			})
		})
	}
}

// TestForget leaves what earlier versions left: records of swaps that nobody looks
// at, of gaps of rotations and of groups of teams that are gone. They go, what is
// still needed stays, and there may be more of them than fit into a transaction.
func TestForget(t *testing.T) {
	text := weekly(1) + "teams: [{id: a, members: [ada], slack_group: a-oncall}]\n"
	withRoster(t, text, func(x *fixture) {
		const many = 3*forgetAtOnce + 5
		for n := range many {
			err := x.update(background(), Caller{}, time.Time{}, func(w *work) error {
				return errFirst(
					w.Save(fmt.Sprintf("gaps/gone%03d", n), gapsRecord{V: 1}),
					w.Save(fmt.Sprintf("group/gone%03d", n), groupRecord{V: 1}),
					w.Save(swapName(fmt.Sprintf("gone%03d", n), 1), swapRecord{V: 1}),
					w.Save("gaps/r00000", gapsRecord{V: 1, Told: []Span{{Start: w.Now.Add(100 * day)}}}),
					w.Save("group/a", groupRecord{V: 1}))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		x.later(2 * time.Hour)
		for prefix, want := range map[string]int{"gaps/": 1, "group/": 1, "swap/": many, "wake/swap/": many} {
			if n := x.records(prefix); n != want {
				t.Errorf("%d records under %s after a look, want %d", n, prefix, want)
			}
		}
		x.later(swapFor)
		if n := x.records("swap/"); n != 0 {
			t.Errorf("%d records of swaps after thirty days, want none", n)
		}
	})
}

// TestAnnounceGone wakes for a change of which nobody is to be told any more.
func TestAnnounceGone(t *testing.T) {
	withRoster(t, weekly(1), func(x *fixture) {
		ticked(t, x)
		if err := x.update(background(), Caller{}, time.Time{}, func(w *work) error { return w.Wake(announceName(7), w.Now) }); err != nil {
			t.Fatal(err)
		}
		ticked(t, x)
		if n := x.records("wake/announce/"); n != 0 {
			t.Errorf("%d wake-ups left, want none", n)
		}
	})
}

// TestGapsOfManyTeams tells of the gaps of as many rotations as are looked at
// together, each in a team of its own.
func TestGapsOfManyTeams(t *testing.T) {
	const many = 2*gapsBatch + 1
	var b strings.Builder
	b.WriteString("people: [{id: ada, slack: U0ADA}]\nteams:\n")
	for n := range many {
		fmt.Fprintf(&b, "  - {id: t%03d, members: [ada]}\n", n)
	}
	b.WriteString("rotations:\n")
	for n := range many {
		fmt.Fprintf(&b, "  - {id: r%03d, team: t%03d, time_zone: UTC, layers: [{id: l, people: [ada], start: 1999-01-04T09:00, every: {weeks: 1}, until: 2000-01-05T00:00:00Z}]}\n", n, n)
	}
	withRoster(t, b.String(), func(x *fixture) {
		x.later(2*day + 10*time.Hour) // on Monday 3 January
		if got := noticeKinds(t, x)[NoticeGaps]; got != many {
			t.Errorf("%d notices about gaps, want %d", got, many)
		}
		if n := x.records("gaps/"); n != many {
			t.Errorf("%d rotations with gaps that were told, want %d", n, many)
		}
	})
}
