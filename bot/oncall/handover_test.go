package oncall

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// weekly is a roster of that many rotations that all hand over on Monday 09:00.
func weekly(rotations int) string {
	var b strings.Builder
	b.WriteString("people: [{id: ada, slack: U0ADA}, {id: bob, slack: U0BOB}]\nrotations:\n")
	for n := range rotations {
		fmt.Fprintf(&b, "  - {id: r%05d, time_zone: UTC, layers: [{id: w, people: [ada, bob], start: 1999-12-27T09:00, every: {weeks: 1}}]}\n", n)
	}
	return b.String()
}

// TestManyHandovers hands over six hundred rotations in the same second: each is
// told once, in order, though the process dies in the middle.
func TestManyHandovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 600
		d := opened(t)
		if err := d.ApplyRoster(t.Context(), parsed(t, weekly(many)), incident.Bot, "test"); err != nil {
			t.Fatal(err)
		}
		ticked(t, d)
		d.led.Take()
		time.Sleep(57*time.Hour - time.Minute)
		ticked(t, d)
		if got := noticeKinds(t, d); got[NoticeSoon] != 2*many {
			t.Errorf("before the hand-over: %v; want %d direct messages, a day and a quarter of an hour ahead of each", got, 2*many)
		}
		time.Sleep(2 * time.Minute)
		for range 10 { // a few at each look, so that pages come in between
			if err := d.led.Tick(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		again := d.again() // as after a crash
		ticked(t, again)
		if a, b := noticeKinds(t, d)[NoticeHandover], noticeKinds(t, again)[NoticeHandover]; a != 10*handoverBatch || a+b != many {
			t.Errorf("hand-overs told: %d before and %d after the crash; want %d and %d", a, b, 10*handoverBatch, many-10*handoverBatch)
		}
	})
}

// TestHandoverRecomputed moves the hand-over by an override: the old instant is
// nobody's business any more.
func TestHandoverRecomputed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := opened(t)
		if err := d.ApplyRoster(t.Context(), parsed(t, weekly(1)), incident.Bot, "test"); err != nil {
			t.Fatal(err)
		}
		ticked(t, d)
		o := rotation.Override{Kind: rotation.Replace, Person: "bob", By: "ada", Start: time.Now(), End: time.Now().Add(60 * time.Hour)}
		a, err := d.Override(t.Context(), Caller{Actor: incident.Person("ada")}, "r00000", o)
		if err != nil || a.Version != 2 {
			t.Fatalf("Override() = %+v, %v; want version 2", a, err)
		}
		ticked(t, d)
		d.led.Take()
		time.Sleep(57*time.Hour + time.Minute) // Monday 09:01: ada stays
		ticked(t, d)
		if got := noticeKinds(t, d); got[NoticeHandover] != 0 {
			t.Errorf("at the old hand-over: %v; want none", got)
		}
		time.Sleep(3 * time.Hour)
		ticked(t, d)
		if got := noticeKinds(t, d); got[NoticeHandover] != 1 {
			t.Errorf("at the end of the override: %v; want one hand-over", got)
		}
	})
}

// TestRepeatedChange holds that a request that comes twice changes the roster
// once, and that what could not be loaded again is not stored.
func TestRepeatedChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := opened(t)
		if err := d.ApplyRoster(t.Context(), parsed(t, weekly(1)), incident.Bot, "test"); err != nil {
			t.Fatal(err)
		}
		o := rotation.Override{Kind: rotation.Set, People: []string{"bob"}, Start: time.Now(), End: time.Now().Add(time.Hour)}
		c := Caller{Actor: incident.Person("ada"), Key: "form:V1"}
		for range 2 {
			if _, err := d.Override(t.Context(), c, "r00000", o); err != nil {
				t.Fatal(err)
			}
		}
		if x := d.Current().Roster.Rotations[0]; len(x.Overrides) != 1 || d.Current().Version != 2 {
			t.Errorf("version %d with %d overrides; want version 2 with one", d.Current().Version, len(x.Overrides))
		}
		bad := *d.Current().Roster
		bad.Teams = []rotation.Team{{ID: "x", Members: []string{"nobody"}}}
		if _, err := d.Apply(t.Context(), Caller{}, Application{Roster: &bad}); err == nil || d.Current().Version != 2 {
			t.Errorf("Apply of a roster that cannot be read = %v, version %d; want an error and version 2", err, d.Current().Version)
		}
	})
}

// TestManyMoves changes a thousand rotations of fifty people at once: everybody is
// told of all their shifts, in pieces that fit a transaction, and no piece twice
// though the process dies in between.
func TestManyMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, many = 50, 1000
		text := func(shift int) string {
			var b strings.Builder
			b.WriteString("people:\n")
			for n := range people {
				fmt.Fprintf(&b, "  - {id: p%02d, slack: U0P%02d}\n", n, n)
			}
			b.WriteString("rotations:\n")
			for n := range many {
				fmt.Fprintf(&b, "  - {id: r%05d, time_zone: UTC, layers: [{id: w, people: [p%02d, p%02d], start: 1999-12-27T09:00, every: {weeks: 1}}]}\n", n, (n+shift)%people, (n+shift+1)%people)
			}
			return b.String()
		}
		d := opened(t)
		for shift := range 2 {
			if err := d.ApplyRoster(t.Context(), parsed(t, text(shift)), incident.Bot, "test"); err != nil {
				t.Fatal(err)
			}
			if shift == 0 {
				ticked(t, d)
				d.led.Take()
			}
		}
		if err := d.tickAnnounce(t.Context(), 2, time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		again := d.again() // as after a crash
		ticked(t, again)
		told, moves := map[string]int{}, 0
		for _, n := range append(d.notices(), again.notices()...) {
			if n.Kind != NoticeMoved {
				continue
			}
			told[n.To]++
			moves += len(n.Moves)
		}
		batches := many / announceBatch
		if len(told) != people || told["p07"] != batches || moves < 2*many {
			t.Errorf("%d people told, p07 %d times, of %d moves; want %d people, once for each of %d batches, and at least two moves for each rotation",
				len(told), told["p07"], moves, people, batches)
		}
	})
}

// BenchmarkHandoverCold10000 makes the watch of ten thousand rotations anew, as
// after every change of the roster.
func BenchmarkHandoverCold10000(b *testing.B) {
	d := opened(b)
	who := d.directory(parsed(b, weekly(10_000)), 1, nil)
	from := handoverRecord{Through: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	for b.Loop() {
		d.watch.reset(who, from)
	}
}
