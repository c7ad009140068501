package oncall

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// TestDifference puts texts together again from what is stored of them.
func TestDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab\nßẞ🔥🔔")), 0, 40, -1)
		was, is := text.Draw(t, "was"), text.Draw(t, "is")
		if rapid.Bool().Draw(t, "grown") {
			at := rapid.IntRange(0, utf8.RuneCountInString(was)).Draw(t, "at")
			is = string([]rune(was)[:at]) + is[:min(len(is), 4*rapid.IntRange(0, 1).Draw(t, "more"))] + string([]rune(was)[at:])
			is = strings.ToValidUTF8(is, "")
		}
		old := rosterRecord{Change: Change{Version: 7}, Delta: &deltaRecord{Base: 6, Depth: rapid.IntRange(1, wholeEvery).Draw(t, "depth")}}
		d, own := difference(old, []byte(was), []byte(is))
		got := string(own)
		if d != nil {
			got = was[:d.Prefix] + got + was[len(was)-d.Suffix:]
			if d.Base != 7 || d.Depth != old.Delta.Depth+1 || d.Depth >= wholeEvery {
				t.Errorf("difference() = %+v after a version at depth %d", d, old.Delta.Depth)
			}
		}
		if got != is || !utf8.Valid(own) {
			t.Errorf("difference(%q, %q) = %+v, %q", was, is, d, own)
		}
	})
}

// bytesStored is how many bytes the values in the store have whose keys begin with
// prefix.
func (x *fixture) bytesStored(prefix string) (n int) {
	x.t.Helper()
	err := x.led.View(context.Background(), func(tx *storage.Tx) error {
		for key, value := range tx.Scan(prefix) {
			n += len(key) + len(value)
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

// TestManyOverrides makes overrides by an act each. The text of every version can
// be read, and what is stored for one does not grow with what there is.
func TestManyOverrides(t *testing.T) {
	withRoster(t, weekly(60), func(x *fixture) {
		const many = 2*wholeEvery + 8
		texts := [][]byte{nil}
		keep := func() {
			text, err := x.RosterText(background(), x.RosterVersion())
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
		keep()
		for n := range many {
			start := time.Now().Add(time.Duration(n) * time.Hour)
			o := rotation.Override{Kind: rotation.Set, People: []string{"bob"}, Start: start, End: start.Add(time.Hour)}
			if _, err := x.Override(background(), Caller{Actor: "person:ada"}, fmt.Sprintf("r%05d", n%60), o); err != nil {
				t.Fatal(err)
			}
			keep()
		}
		x.reopen()
		for version := 1; version < len(texts); version++ {
			if got, err := x.RosterText(background(), version); err != nil || !bytes.Equal(got, texts[version]) {
				t.Fatalf("version %d is another text when it is read again (%v)", version, err)
			}
		}
		whole := len(texts[many])
		per := x.bytesStored("roster/") / many
		t.Logf("%d bytes of text; %d bytes stored for a version", whole, per)
		if per > whole/8 {
			t.Errorf("%d bytes are stored for a version, of a text of %d; want an eighth of it at most", per, whole)
		}
	})
}

// TestDifferencesCutShort cuts the power at each commit of a change that is stored
// as a difference in several pieces: the old version holds and can be read, and
// the next try succeeds.
func TestDifferencesCutShort(t *testing.T) {
	grown := long("x", 30) + strings.NewReplacer("people:\n", "", "id: p", "id: q", "slack: U", "slack: W").Replace(long("y", 12))
	for n, applied := 0, false; !applied; n++ {
		synctest.Test(t, func(t *testing.T) {
			power := &cutting{left: 1000}
			x := &fixture{t: t, path: filepath.Join(t.TempDir(), "store.db"), piece: 1024}
			x.wrap = func(e storage.Engine) storage.Engine {
				power.Engine = e
				return power
			}
			x.open()
			defer func() { x.db.Close() }()
			x.apply(long("x", 30))
			r := parsed(t, grown)
			power.left = n
			_, err := x.Apply(background(), Caller{}, Application{Roster: r, Text: []byte(grown)})
			if applied = err == nil; applied && n < 2 {
				t.Errorf("the change took only %d commits; there is nothing to cut", n)
			}
			power.left = 1000
			x.reopen()
			if !applied && x.RosterVersion() != 1 {
				t.Errorf("cut at commit %d: version %d holds", n+1, x.RosterVersion())
			}
			if _, err := x.Apply(background(), Caller{}, Application{Roster: r, Text: []byte(grown)}); err != nil || !r.Equal(x.Current().Roster) {
				t.Errorf("cut at commit %d: the next try = %v", n+1, err)
			}
			if text, err := x.RosterText(background(), 2); err != nil || string(text) != grown {
				t.Errorf("cut at commit %d: version 2 is another text (%v)", n+1, err)
			}
		})
	}
}

// TestVersionsReadOnce asks twice for the rosters that were in force: the second
// time nothing is read.
func TestVersionsReadOnce(t *testing.T) {
	withRoster(t, weekly(1), func(x *fixture) {
		from := time.Now()
		for n := range 30 {
			time.Sleep(time.Hour)
			x.apply(weekly(2 + n%2))
		}
		x.reopen()
		to := time.Now().Add(time.Hour)
		first, err := x.InForce(background(), from, to)
		if err != nil || len(first) != 31 {
			t.Fatalf("InForce() = %d rosters, %v; want 31", len(first), err)
		}
		again, err := x.InForce(background(), from, to)
		if err != nil || !slices.Equal(again, first) {
			t.Errorf("InForce() once more has read rosters again (%v)", err)
		}
	})
}

// TestInForce makes random changes and compares who was on call by the version that
// held at each instant with what InForce says of it.
func TestInForce(t *testing.T) {
	withRoster(t, weekly(2), func(x *fixture) {
		random := rand.New(rand.NewPCG(1, 2))
		from := time.Now()
		for range 120 {
			time.Sleep(time.Duration(1+random.IntN(40)) * time.Minute)
			x.randomChange(random)
		}
		history, err := x.History(background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(history)
		spans, err := x.InForce(background(), from, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if applied := slices.DeleteFunc(slices.Clone(history), func(c Change) bool { return c.Kind != ChangeApplied }); len(spans) != len(applied) || len(spans) > 40 {
			t.Errorf("InForce() = %d rosters for %d that were applied and %d versions", len(spans), len(applied), len(history))
		}
		if !spans[0].From.Equal(from) || !spans[len(spans)-1].To.Equal(time.Now()) {
			t.Errorf("InForce() goes from %v to %v", spans[0].From, spans[len(spans)-1].To)
		}
		version := 0
		for at := from; at.Before(time.Now()); at = at.Add(time.Minute) {
			for version+1 < len(history) && !history[version+1].At.After(at) {
				version++
			}
			then, err := x.rosterOf(background(), history[version].Version)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(spans, func(s InForce) bool { return !at.Before(s.From) && at.Before(s.To) })
			for k := range then.Rotations {
				want, got := then.Rotations[k].People(at), spans[i].Roster.Rotations[k].People(at)
				if !slices.Equal(got, want) {
					t.Fatalf("at %v, rotation %d: %v was on call, InForce() says %v", at, k, want, got)
				}
			}
		}
	})
}

// randomChange changes the roster in one of the ways in which people do.
func (x *fixture) randomChange(random *rand.Rand) {
	x.t.Helper()
	now := time.Now()
	r := x.Current().Roster
	rot := &r.Rotations[random.IntN(len(r.Rotations))]
	start := now.Add(time.Duration(random.IntN(120)) * time.Minute)
	end := start.Add(time.Duration(1+random.IntN(300)) * time.Minute)
	caller := Caller{Actor: "person:ada"}
	var err error
	switch n := random.IntN(10); {
	case n == 0:
		x.apply(strings.ReplaceAll(weekly(2), "people: [ada, bob]", []string{"people: [bob, ada]", "people: [ada, bob]", "people: [bob]", "people: [[ada, bob]]"}[random.IntN(4)]) +
			"policies: [{id: p, steps: [{notify: [person:ada], wait: " + fmt.Sprint(1+random.IntN(500)) + "m}], last_resort: [person:ada]}]\n")
	case n < 5:
		_, err = x.Override(background(), caller, rot.ID, rotation.Override{Kind: rotation.Set, People: []string{[]string{"ada", "bob"}[random.IntN(2)]}, Start: start, End: end})
	case n < 8 && len(rot.Overrides) > 0:
		_, err = x.EndOverride(background(), caller, rot.ID, rot.Overrides[random.IntN(len(rot.Overrides))].Seq)
	case n == 8 && len(rot.TimeOff) > 0:
		_, err = x.Back(background(), caller, rot.TimeOff[random.IntN(len(rot.TimeOff))])
	default:
		_, err = x.TimeOff(background(), caller, rotation.TimeOff{Person: "ada", Start: start, End: end})
	}
	if err != nil && !isRefusal(err) {
		x.t.Fatal(err)
	}
}

func isRefusal(err error) bool {
	_, ok := err.(*incident.Refusal)
	return ok
}
