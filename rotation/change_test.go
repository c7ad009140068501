package rotation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const changeBase = `
people: [{id: ada, name: Ada}, {id: bob, name: Bob}, {id: cleo, name: Cleo}, {id: dan, name: Dan}, {id: eve, name: Eve}]
teams: [{id: t, members: [ada, bob, cleo, dan]}]
rotations:
  - id: primary
    team: t
    time_zone: UTC
    layers: [{id: l, people: [ada, bob, cleo], start: 2026-01-01T00:00, every: {days: 1}}]
    time_off: [{person: dan, start: 2026-01-12T00:00:00Z, end: 2026-01-20T00:00:00Z}]
  - id: other
    time_zone: UTC
    layers: [{id: l, people: [eve], start: 2026-01-01T00:00, every: {days: 1}, windows: [{days: [sun], from: "00:00", to: "00:00"}]}]
`

// day n of January 2026 at an hour; ada has days 1, 4, 7, bob 2, 5, 8, cleo 3, 6, 9.
func jan(n, h int) time.Time { return time.Date(2026, 1, n, h, 0, 0, 0, time.UTC) }

// act is one step of a story: what somebody does, and how it is answered.
type act struct {
	do   func(*Roster) (Change, error)
	want string // the problem, or the warnings; empty for neither
}

func play(t *testing.T, r *Roster, acts []act) *Roster {
	t.Helper()
	for i, a := range acts {
		before := string(r.Export())
		c, err := a.do(r)
		got := strings.Join(c.Warnings, " ")
		if err != nil {
			p, ok := err.(Problem)
			if !ok {
				t.Fatalf("act %d: error is a %T: %v", i, err, err)
			}
			got = p.Error()
		}
		if got != a.want {
			t.Errorf("act %d answers\n%q, want\n%q", i, got, a.want)
		}
		if string(r.Export()) != before {
			t.Fatalf("act %d changed the roster it was given", i)
		}
		if err == nil {
			if c.Roster == nil {
				t.Fatalf("act %d: no roster and no problem", i)
			}
			r = c.Roster
			if diff := sameFields(r, mustParse(t, string(r.Export()))); diff != "" {
				t.Fatalf("act %d: the new roster does not survive its export: -want +got\n%s", i, diff)
			}
		}
	}
	return r
}

func onCallAt(t *testing.T, r *Roster, at time.Time, want ...string) {
	t.Helper()
	x, _ := r.Rotation("primary")
	if got := x.People(at); !slices.Equal(got, want) {
		t.Errorf("People(%s) = %v, want %v", at.Format(time.RFC3339), got, want)
	}
}

func TestOverrides(t *testing.T) {
	override := func(o Override, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.WithOverride("primary", o, now) }
	}
	replace := func(person, by string, from, to, now time.Time) func(*Roster) (Change, error) {
		return override(Override{Kind: Replace, Person: person, By: by, Start: from, End: to}, now)
	}
	end := func(seq int, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.EndOverride("primary", seq, now) }
	}
	now := jan(1, 12)
	r := play(t, mustParse(t, changeBase), []act{
		{replace("bob", "eve", jan(2, 6), jan(2, 12), now), ""},
		{replace("eve", "ada", jan(2, 8), jan(2, 9), now), ""},
		{replace("ada", "eve", jan(2, 0), jan(3, 0), now), "An earlier override hands the duty of Eve to Ada; it does not reach this newer one."},
		{replace("bob", "eve", jan(3, 6), jan(3, 12), now), "It changes nothing: the same people are on call from Sat 3 Jan 06:00 to Sat 3 Jan 12:00."},
		{replace("ada", "dan", jan(13, 0), jan(14, 0), now), "Dan is away from Mon 12 Jan 00:00 to Tue 20 Jan 00:00."},
		{replace("cleo", "bob", jan(3, 0), jan(3, 1), now), ""},
		{replace("ada", "cleo", jan(3, 0), jan(3, 1), now), "It changes nothing: the same people are on call from Sat 3 Jan 00:00 to Sat 3 Jan 01:00. An earlier override hands the duty of Cleo to Bob; it does not reach this newer one."},
		{override(Override{Kind: Remove, People: []string{"ada"}, Start: jan(4, 6), End: jan(4, 9)}, now), "Nobody would be on call from Sun 4 Jan 06:00 to Sun 4 Jan 09:00."},
		{override(Override{Kind: Add, People: []string{"eve"}, Start: jan(1, 0), End: jan(1, 18)}, now), ""},
		{replace("ada", "eve", jan(1, 15), jan(1, 16), now), "Eve is on call from Thu 1 Jan 15:00 to Thu 1 Jan 16:00 already, so one person fewer would be."},
		{replace("bob", "eve", jan(1, 6), jan(1, 12), now), "override in primary: it is over already; choose an end that is still ahead"},
		{replace("bob", "eve", jan(3, 6), jan(2, 12), now), "override in primary: its end is not after its start; swap them, or correct the one that is wrong"},
		{replace("bob", "bob", jan(2, 6), jan(2, 12), now), "override in primary: Bob cannot stand in for themselves; choose somebody else"},
		{replace("bob", "zoe", jan(2, 6), jan(2, 12), now), "override in primary: nobody called \"zoe\" is in the roster; add them to people, or correct the name"},
		{replace("bob", "", jan(2, 6), jan(2, 12), now), "override in primary: it does not say whose duty goes to whom; choose both people"},
		{override(Override{Kind: Add, Start: jan(2, 6), End: jan(2, 12)}, now), "override in primary: it names nobody; choose somebody"},
		{override(Override{Kind: "move", Start: jan(2, 6), End: jan(2, 12)}, now), "override in primary: there is no kind of override called \"move\"; use replace, add, remove or set"},
		{override(Override{Kind: Set, Layer: "x", Start: jan(2, 6), End: jan(2, 12)}, now), "override in primary: there is no layer called \"x\"; leave the layer out to act on the whole rotation"},
		{func(r *Roster) (Change, error) { return r.WithOverride("no", Override{}, now) }, "rotation no: there is no rotation of that name; look at the list of rotations"},
		{end(1, jan(2, 10)), ""},
		{end(1, jan(2, 11)), "override in primary: it ended Fri 2 Jan 10:00; nothing is left to take back"},
		{end(8, now), ""},
		{end(8, now), "override in primary: there is no override 8 any more; look at what is there now"},
	})
	onCallAt(t, r, jan(2, 7), "eve")
	onCallAt(t, r, jan(2, 8), "eve") // the newest override takes whatever became Ada's
	onCallAt(t, r, jan(2, 11), "bob")
	onCallAt(t, r, jan(4, 7), "ada")
	onCallAt(t, r, jan(1, 11), "ada") // an override that began before now leaves the past alone
	onCallAt(t, r, jan(1, 13), "ada", "eve")
}

func TestSwaps(t *testing.T) {
	swap := func(s Swap, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.WithSwap("primary", s, now) }
	}
	accept := func(seq int, by string, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.AcceptSwap("primary", seq, by, now) }
	}
	decline := func(seq int, by string, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.DeclineSwap("primary", seq, by, now) }
	}
	cancel := func(seq int, by string, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.CancelSwap("primary", seq, by, now) }
	}
	now := jan(1, 12)
	r := play(t, mustParse(t, changeBase), []act{
		{swap(Swap{Person: "bob", Start: jan(2, 0), End: jan(3, 0)}, now), ""},
		{swap(Swap{Person: "bob", Start: jan(2, 12), End: jan(3, 0)}, now), "swap in primary: part of that time is in another swap of Bob already, from Fri 2 Jan 00:00 to Sat 3 Jan 00:00; cancel that one first"},
		{accept(1, "bob", now), "swap in primary: whoever asks cannot accept; somebody else has to"},
		{accept(1, "zoe", now), "swap in primary: nobody called \"zoe\" is in the roster; add them to people, or correct the name"},
		{decline(1, "eve", now), "swap in primary: only the person asked can decline; leave it open for the others"},
		{accept(1, "eve", jan(2, 0)), ""}, // at the start is in time
		{accept(1, "dan", jan(2, 0)), "swap in primary: it is accepted already; nothing needs to be answered"},
		{cancel(1, "cleo", jan(2, 8)), "swap in primary: only Bob and Eve can cancel it; ask them"},
		{cancel(1, "bob", jan(2, 8)), ""},
		{cancel(1, "bob", jan(2, 9)), "swap in primary: it is cancelled already; nothing is left to take back"},
		{swap(Swap{Person: "bob", With: "cleo", Start: jan(5, 0), End: jan(6, 0), BackStart: jan(6, 0), BackEnd: jan(7, 0)}, now), ""},
		{accept(2, "eve", now), "swap in primary: it was offered to Cleo; they have to accept, or Bob asks everybody"},
		{accept(2, "cleo", now), ""},
		{swap(Swap{Person: "bob", With: "eve", Start: jan(8, 0), End: jan(9, 0)}, now), ""},
		{decline(3, "eve", now), ""},
		{accept(3, "eve", now), "swap in primary: it is declined already; nothing needs to be answered"},
		{swap(Swap{Person: "cleo", With: "dan", Start: jan(12, 0), End: jan(13, 0)}, now), "Dan is away from Mon 12 Jan 00:00 to Tue 20 Jan 00:00."},
		{swap(Swap{Person: "bob", With: "eve", Start: jan(11, 0), End: jan(12, 0)}, now), "Eve is on call in other too from Sun 11 Jan 00:00 to Mon 12 Jan 00:00."},
		{accept(5, "eve", jan(11, 1)), "swap in primary: it has expired: it began Sun 11 Jan 00:00; use an override for what is left of it"},
		{swap(Swap{Person: "bob", Start: jan(1, 0), End: jan(2, 0)}, now), "swap in primary: it has begun already, so nobody could agree in time; use an override for what is left of it"},
		{swap(Swap{Person: "bob", Start: jan(3, 0), End: jan(4, 0)}, now), "swap in primary: Bob is not on call there from Sat 3 Jan 00:00 to Sun 4 Jan 00:00; choose a time in which they are"},
		{swap(Swap{Person: "bob", With: "bob", Start: jan(8, 0), End: jan(9, 0)}, now), "swap in primary: Bob cannot swap with themselves; choose somebody else"},
		{swap(Swap{Person: "bob", Start: jan(8, 0), End: jan(9, 0), BackStart: jan(9, 0), BackEnd: jan(10, 0)}, now), "swap in primary: a trade needs the other person; choose whose shift is taken in return"},
		{swap(Swap{Person: "bob", With: "cleo", Start: jan(8, 0), End: jan(9, 0), BackStart: jan(10, 0), BackEnd: jan(11, 0)}, now), "swap in primary: Cleo is not on call there from Sat 10 Jan 00:00 to Sun 11 Jan 00:00; choose a time in which they are"},
		{swap(Swap{Person: "bob", With: "cleo", Start: jan(8, 0), End: jan(10, 0), BackStart: jan(9, 0), BackEnd: jan(11, 0)}, now), "swap in primary: the two halves of the trade overlap; take another time in return"},
		{swap(Swap{Person: "bob", Start: jan(9, 0), End: jan(8, 0)}, now), "swap in primary: an end is not after its start; correct the times"},
		{accept(9, "eve", now), "swap in primary: there is no swap 9 any more; look at what is there now"},
	})
	onCallAt(t, r, jan(2, 7), "eve")
	onCallAt(t, r, jan(2, 8), "bob")
	onCallAt(t, r, jan(5, 12), "cleo")
	onCallAt(t, r, jan(6, 12), "bob")
	onCallAt(t, r, jan(8, 12), "bob")

	x, _ := r.Rotation("primary")
	if got, ok := x.Swaps[4].NextReminder(now); !ok || !got.Equal(jan(4, 0)) {
		t.Errorf("NextReminder = %v, %v, want a week before the start", got, ok)
	}
	if got, ok := x.Swaps[4].NextReminder(jan(10, 13)); ok {
		t.Errorf("NextReminder within twelve hours = %v, want none", got)
	}
	expired, any := r.ExpireSwaps(jan(11, 1))
	if x, _ := expired.Rotation("primary"); !any || x.Swaps[4].Status != SwapExpired || x.Swaps[1].Status != SwapAccepted {
		t.Errorf("ExpireSwaps = %v, %v", any, x.Swaps)
	}
	if same, any := r.ExpireSwaps(jan(11, 0)); any || same != r {
		t.Errorf("ExpireSwaps at the start expired something")
	}
}

func TestTimeOff(t *testing.T) {
	away := func(a TimeOff, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.WithTimeOff(a, now) }
	}
	back := func(a TimeOff, now time.Time) func(*Roster) (Change, error) {
		return func(r *Roster) (Change, error) { return r.WithoutTimeOff(a, now) }
	}
	now := jan(1, 12)
	bob := TimeOff{"bob", jan(4, 0), jan(6, 0)}
	r := play(t, mustParse(t, changeBase+"    time_off_policy: skip\n"), []act{
		{away(bob, now), "Bob is away but on call from Mon 5 Jan 00:00 to Tue 6 Jan 00:00 in primary."},
		{away(TimeOff{"eve", jan(3, 0), jan(5, 0)}, now), "Nobody would be on call in other from Sun 4 Jan 00:00 to Mon 5 Jan 00:00."},
		{away(TimeOff{"zoe", jan(3, 0), jan(5, 0)}, now), "time off: nobody called \"zoe\" is in the roster; add them to people, or correct the name"},
		{away(TimeOff{"bob", jan(1, 0), jan(1, 6)}, now), "time off: it is over already, or ends before it starts; choose an end after the start"},
		{back(TimeOff{"bob", jan(4, 0), jan(5, 0)}, now), "time off: there is no such absence ahead any more; look at what is there now"},
		{back(bob, jan(5, 6)), ""},
		{back(bob, jan(5, 7)), "time off: there is no such absence ahead any more; look at what is there now"},
	})
	x, _ := r.Rotation("primary")
	if want := (TimeOff{"bob", jan(4, 0), jan(5, 6)}); x.TimeOff[1] != want {
		t.Errorf("after coming back early: %v, want %v", x.TimeOff[1], want)
	}
}

func TestCouldCover(t *testing.T) {
	r := mustParse(t, changeBase)
	s := Stretch{jan(13, 0), jan(14, 0)} // Ada's
	// Dan is away; Bob has the day before, Cleo the days around.
	if diff := cmp.Diff([]string{"bob", "cleo"}, r.CouldCover("primary", s, nil)); diff != "" {
		t.Errorf("CouldCover: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"cleo", "bob"}, r.CouldCover("primary", s, map[string]float64{"bob": 10, "cleo": 3})); diff != "" {
		t.Errorf("CouldCover with loads: -want +got\n%s", diff)
	}
	if got := r.CouldCover("nothing", s, nil); got != nil {
		t.Errorf("CouldCover of an unknown rotation = %v", got)
	}
}

// TestLiteralRoster asks a roster that was written as a literal: slower, the same
// answers.
func TestLiteralRoster(t *testing.T) {
	p := mustParse(t, changeBase)
	r := &Roster{People: p.People, Teams: p.Teams}
	for _, x := range p.Rotations {
		x.built = nil
		r.Rotations = append(r.Rotations, x)
	}
	onCallAt(t, r, jan(2, 7), "bob")
	c, err := r.WithOverride("primary", Override{Kind: Set, People: []string{"eve"}, Start: jan(2, 0), End: jan(3, 0)}, jan(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	onCallAt(t, c.Roster, jan(2, 7), "eve")
	if _, ok := c.Roster.Person("eve"); !ok {
		t.Error("Person(eve) of a literal roster: none")
	}
	if loc := r.Location("ada"); loc != time.UTC {
		t.Errorf("Location of somebody without a zone = %v", loc)
	}
}
