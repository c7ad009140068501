package rotation

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const comparedOld = `
people: [{id: ada, name: Ada, email: Ada@shop.example}, {id: bob, name: Bob}, {id: cleo, name: Cleo}]
rotations:
  - {id: primary, time_zone: Europe/Berlin, layers: [{id: weekly, people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}}]}
  - {id: gone, time_zone: UTC, layers: [{id: days, people: [ada], start: 2026-01-05T09:00, every: {days: 1}}]}
`

const comparedNew = `
people: [{id: okafor, name: Ada, email: ada@shop.example}, {id: bob, name: Bob}, {id: cleo, name: Cleo}]
rotations:
  - {id: new, time_zone: UTC, layers: [{id: days, people: [bob], start: 2026-01-05T09:00, every: {days: 1}}]}
  - id: primary
    time_zone: Europe/Berlin
    layers: [{id: weekly, people: [okafor, bob], start: 2026-01-05T09:00, every: {weeks: 1}}]
    overrides:
      - {set: [cleo], start: "2026-01-11T08:00:00Z", end: "2026-01-13T08:00:00Z"}
      - {set: [], start: "2026-01-13T08:00:00Z", end: "2026-01-13T12:00:00Z"}
`

func TestCompare(t *testing.T) {
	old, new := mustParse(t, comparedOld), mustParse(t, comparedNew)
	from, to := at(t, "2026-01-05T08:00:00Z"), at(t, "2026-02-02T08:00:00Z")
	got := Compare(old.Timelines(from, to), new.Timelines(from, to), SamePeople(old, new))
	if !slices.Equal(got.OnlyOld, []string{"gone"}) || !slices.Equal(got.OnlyNew, []string{"new"}) || len(got.Rotations) != 1 {
		t.Fatalf("Compare = %+v, want gone and new on one side and primary on both", got)
	}
	want := []ShiftChange{
		{"primary", at(t, "2026-01-11T08:00:00Z"), at(t, "2026-01-12T08:00:00Z"), []string{"okafor"}, []string{"cleo"}},
		{"primary", at(t, "2026-01-12T08:00:00Z"), at(t, "2026-01-13T08:00:00Z"), []string{"bob"}, []string{"cleo"}},
		{"primary", at(t, "2026-01-13T08:00:00Z"), at(t, "2026-01-13T12:00:00Z"), []string{"bob"}, []string{}},
	}
	primary := got.Rotations[0]
	if diff := cmp.Diff(want, primary.Changes()); diff != "" {
		t.Errorf("changes: -want +got\n%s", diff)
	}
	all, different := primary.Time()
	if all != to.Sub(from) || different != 52*time.Hour || len(primary.Stretches) != 7 {
		t.Errorf("%s compared, %s different, in %d stretches; want %s, 52h and 7", all, different, len(primary.Stretches), to.Sub(from))
	}
}

// TestCompareCoversBoth: what one side does not cover is not compared.
func TestCompareCoversBoth(t *testing.T) {
	old, new := mustParse(t, comparedOld), mustParse(t, comparedNew)
	a := old.Timelines(at(t, "2026-01-05T08:00:00Z"), at(t, "2026-01-12T08:00:00Z"))
	b := new.Timelines(at(t, "2026-01-10T08:00:00Z"), at(t, "2026-02-02T08:00:00Z"))
	got := Compare(a, b, SamePeople(old, new)).Rotations[0]
	if all, different := got.Time(); all != 48*time.Hour || different != 24*time.Hour || len(got.Stretches) != 2 {
		t.Errorf("the two days that both cover: %+v", got)
	}
}

// TestCompareIsPointwise asks both schedules at random instants: they differ exactly
// where a change says so, and in those words.
func TestCompareIsPointwise(t *testing.T) {
	from := at(t, "2026-03-20T00:00:00Z")
	to := from.AddDate(0, 0, 20)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) *Rotation {
			x := &Rotation{ID: "r", TimeZone: "Europe/Berlin", Layers: []Layer{{
				ID: "l", People: []Slot{{"ada"}, {"bob", "cleo"}, nil}, Start: Local(from.Unix()) + Local(rapid.IntRange(-90, 90).Draw(t, label+" start"))*hour,
				Every: Cadence{Hours, rapid.IntRange(5, 60).Draw(t, label+" hours")}, Clock: WallClock,
			}}}
			start := from.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, label+" override")) * time.Hour)
			x.Overrides = []Override{{Seq: 1, Kind: Set, People: []string{"dan"}, Start: start, End: start.Add(30 * time.Hour)}}
			return x
		}
		a, b := draw("old"), draw("new")
		c := Compare([]Timeline{{"r", a.Final(from, to)}}, []Timeline{{"r", b.Final(from, to)}}, nil).Rotations[0].Changes()
		for k := 1; k < len(c); k++ {
			p, q := c[k-1], c[k]
			if p.End.After(q.Start) || p.End.Equal(q.Start) && slices.Equal(p.Before, q.Before) && slices.Equal(p.After, q.After) {
				t.Fatalf("changes are not maximal: %v, %v", p, q)
			}
		}
		for range 30 {
			when := from.Add(time.Duration(rapid.IntRange(0, 20*24*3600-1).Draw(t, "at")) * time.Second)
			before, after := a.People(when), b.People(when)
			k := slices.IndexFunc(c, func(s ShiftChange) bool { return !when.Before(s.Start) && when.Before(s.End) })
			if differ := !slices.Equal(before, after); differ != (k >= 0) || differ && (!slices.Equal(c[k].Before, before) || !slices.Equal(c[k].After, after)) {
				t.Fatalf("at %s %v and %v are on call; the changes: %v", when, before, after, c)
			}
		}
	})
}

// TestUnder: the timeline on top counts as far as it reaches, and no further than the
// other one.
func TestUnder(t *testing.T) {
	hours := func(list ...any) Timeline {
		x := Timeline{Rotation: "r"}
		for k := 0; k+1 < len(list); k += 2 {
			s := Segment{Start: benchDay.Add(time.Duration(list[k].(int)) * time.Hour)}
			if who := list[k+1].(string); who != "" {
				s.People = []string{who}
			}
			if k+2 < len(list) {
				s.End = benchDay.Add(time.Duration(list[k+2].(int)) * time.Hour)
				x.Segments = append(x.Segments, s)
			}
		}
		return x
	}
	ours := hours(0, "ada", 10, "bob", 20, "")
	for _, c := range []struct{ over, want Timeline }{
		{hours(), ours},
		{hours(5, "cleo", 12, ""), hours(0, "ada", 5, "cleo", 12, "bob", 20, "")},
		{hours(-5, "cleo", 2, "", 4, ""), hours(0, "cleo", 2, "", 4, "ada", 10, "bob", 20, "")},
		{hours(15, "bob", 30, ""), ours},
		{hours(30, "cleo", 40, ""), ours},
	} {
		if diff := cmp.Diff(c.want, ours.Under(c.over)); diff != "" {
			t.Errorf("under %v: -want +got\n%s", c.over, diff)
		}
	}
}
