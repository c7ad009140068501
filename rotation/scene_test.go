package rotation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The zones of the vectors, and the days in 2026 around which their clocks
// change; the others have an ordinary day.
var oracleZones = []struct {
	name  string
	dates []string
}{
	{"America/New_York", []string{"2026-03-08", "2026-11-01"}},
	{"Europe/Berlin", []string{"2026-03-29", "2026-10-25"}},
	{"Australia/Lord_Howe", []string{"2026-04-05", "2026-10-04"}},
	{"America/St_Johns", []string{"2026-03-08", "2026-11-01", "2010-11-07", "2011-03-13"}},
	{"Asia/Kathmandu", []string{"2026-03-08", "1986-01-01"}},
	{"Asia/Kolkata", []string{"2026-03-08"}},
	{"Africa/Casablanca", []string{"2025-02-23", "2025-04-06"}},
	{"Pacific/Apia", []string{"2011-12-30"}},
	{"America/Santiago", []string{"2026-09-06", "2026-04-05"}},
	{"America/Havana", []string{"2026-03-08", "2026-11-01"}},
	{"Africa/Cairo", []string{"2024-04-26", "2024-11-01"}},
	{"UTC", []string{"2026-03-08", "2028-02-29"}},
}

// scene is a random rotation and the day around which it is looked at.
type scene struct {
	r   *Rotation
	day time.Time
}

func drawScene(t *rapid.T) scene {
	z := rapid.SampledFrom(oracleZones).Draw(t, "zone")
	date, err := time.Parse(time.DateOnly, rapid.SampledFrom(z.dates).Draw(t, "date"))
	if err != nil {
		t.Fatal(err)
	}
	d := drawer{t: t, day: date}
	r := &Rotation{ID: "random", TimeZone: z.name}
	for i := range rapid.IntRange(1, 3).Draw(t, "layers") {
		r.Layers = append(r.Layers, d.layer(fmt.Sprintf("l%d", i)))
	}
	seq := 0
	for range rapid.IntRange(0, 4).Draw(t, "overrides") {
		seq++
		r.Overrides = append(r.Overrides, d.override(seq, len(r.Layers)))
	}
	for range rapid.IntRange(0, 2).Draw(t, "swaps") {
		seq++
		r.Swaps = append(r.Swaps, d.swap(seq))
	}
	if rapid.Bool().Draw(t, "skip") {
		r.TimeOffPolicy = TimeOffSkip
	}
	for range rapid.IntRange(0, 2).Draw(t, "absences") {
		from, to := d.period()
		r.TimeOff = append(r.TimeOff, TimeOff{Person: d.person(), Start: from, End: to})
	}
	if err := r.build(atlas{}); err != nil {
		t.Fatal(err)
	}
	return scene{r, date}
}

type drawer struct {
	t   *rapid.T
	day time.Time
}

var oraclePeople = []string{"ada", "bob", "cleo", "dan", "eve", "finn"}

func (d drawer) person() string { return rapid.SampledFrom(oraclePeople).Draw(d.t, "person") }

// instant is a minute within two days of the day.
func (d drawer) instant() time.Time {
	return d.day.Add(time.Duration(rapid.IntRange(-48*60, 48*60).Draw(d.t, "minute")) * time.Minute)
}

func (d drawer) period() (time.Time, time.Time) {
	from := d.instant()
	return from, from.Add(time.Duration(rapid.IntRange(1, 40*60).Draw(d.t, "minutes")) * time.Minute)
}

// list is slots without a person twice, sometimes with one off turn.
func (d drawer) list() []Slot {
	people := rapid.Permutation(oraclePeople).Draw(d.t, "people")
	people = people[:rapid.IntRange(0, 5).Draw(d.t, "count")]
	slots := []Slot{}
	for len(people) > 0 {
		n := min(len(people), rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(d.t, "together"))
		slots = append(slots, Slot(people[:n]))
		people = people[n:]
	}
	if rapid.IntRange(0, 4).Draw(d.t, "off") == 0 {
		slots = append(slots, nil)
	}
	return slots
}

func (d drawer) local(back int) Local {
	l := d.day.Unix() - int64(rapid.IntRange(-24, back*24).Draw(d.t, "hours ago"))*3600
	return Local(l + int64(rapid.SampledFrom([]int{0, 0, 1, 15, 30, 45, 59}).Draw(d.t, "past the hour"))*60)
}

func (d drawer) cadence(windows bool) Cadence {
	units := []Unit{Hours, Hours, Days, Days, Weeks, Months}
	if windows {
		units = append(units, Windows, Windows, Windows)
	}
	unit := rapid.SampledFrom(units).Draw(d.t, "unit")
	n := rapid.IntRange(1, 3).Draw(d.t, "length")
	if unit == Hours {
		n = rapid.SampledFrom([]int{1, 2, 3, 5, 7, 8, 12, 24, 36, 48}).Draw(d.t, "hours")
	}
	return Cadence{unit, n}
}

func (d drawer) layer(id string) Layer {
	l := Layer{ID: id, Priority: rapid.IntRange(0, 1).Draw(d.t, "priority"), People: d.list()}
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(d.t, "windows") {
		w := Window{From: rapid.IntRange(0, 47).Draw(d.t, "from") * 30, To: rapid.IntRange(0, 48).Draw(d.t, "to") * 30}
		w.Days = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) time.Weekday { return time.Weekday(rapid.IntRange(0, 6).Draw(t, "d")) }), 0, 6, rapid.ID).Draw(d.t, "days")
		w.Span = rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(d.t, "span")
		l.Windows = append(l.Windows, w)
	}
	if len(l.Windows) > 0 && rapid.IntRange(0, 3).Draw(d.t, "dates") == 0 {
		l.SkipDates = []string{d.day.Format(time.DateOnly), d.day.AddDate(0, 0, -3).Format(time.DateOnly)}
	}
	if len(l.Windows) > 0 && rapid.IntRange(0, 5).Draw(d.t, "only") == 0 {
		l.OnlyDates = []string{d.day.AddDate(0, 0, -1).Format(time.DateOnly), d.day.Format(time.DateOnly), d.day.AddDate(0, 0, -7).Format(time.DateOnly)}
	}
	l.Start, l.Every = d.local(10), d.cadence(len(l.Windows) > 0)
	if l.Every.Unit == Hours {
		l.Clock = rapid.SampledFrom([]Clock{"", "", WallClock, ElapsedClock}).Draw(d.t, "clock")
	}
	if rapid.IntRange(0, 4).Draw(d.t, "ends") == 0 {
		l.Until = d.instant()
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 2, 3}).Draw(d.t, "edits") {
		l.Edits = append(l.Edits, d.edit(len(l.Windows) > 0))
	}
	return l
}

func (d drawer) edit(windows bool) Edit {
	e := Edit{At: d.instant()}
	what := rapid.IntRange(0, 3).Draw(d.t, "what")
	if what != 0 {
		e.People = d.list()
		e.Rollout = rapid.SampledFrom([]Rollout{RolloutNow, RolloutNextHandoff}).Draw(d.t, "rollout")
	}
	if what == 0 || what == 3 {
		e.Start, e.Every = d.local(4), d.cadence(windows)
	}
	return e
}

func (d drawer) override(seq, layers int) Override {
	v := Override{Seq: seq, Kind: rapid.SampledFrom([]OverrideKind{Replace, Add, Remove, Set}).Draw(d.t, "kind")}
	v.Start, v.End = d.period()
	if rapid.IntRange(0, 2).Draw(d.t, "scoped") == 0 {
		v.Layer = fmt.Sprintf("l%d", rapid.IntRange(0, layers-1).Draw(d.t, "layer"))
	}
	if v.Kind == Replace {
		v.Person, v.By = d.person(), d.person()
		return v
	}
	v.People = rapid.SliceOfNDistinct(rapid.SampledFrom(oraclePeople), 0, 2, rapid.ID).Draw(d.t, "who")
	return v
}

func (d drawer) swap(seq int) Swap {
	s := Swap{Seq: seq, Person: d.person(), With: d.person(), AcceptedAt: d.instant()}
	s.Start, s.End = d.period()
	if rapid.Bool().Draw(d.t, "trade") {
		s.BackStart, s.BackEnd = d.period()
	}
	s.Status = rapid.SampledFrom([]SwapStatus{SwapAccepted, SwapAccepted, SwapCancelled, SwapOpen, SwapDeclined}).Draw(d.t, "status")
	if s.Status == SwapCancelled {
		s.CancelledAt = d.instant()
	}
	return s
}

// TestOracle holds the closed forms against the walk, minute by minute over three
// days around a change of the clocks (property c).
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		o := newOracle(t, s.r, s.day.AddDate(0, 0, -14))
		from, to := s.day.Add(-36*time.Hour).Unix(), s.day.Add(36*time.Hour).Unix()
		for o.t < to {
			o.step()
			if o.t < from {
				continue
			}
			at := time.Unix(o.t, 0).UTC()
			if got, want := s.r.People(at), o.people(); !slices.Equal(got, want) {
				t.Fatalf("People(%s) = %v, want %v, of\n%s", at.Format(time.RFC3339), got, want, asRoster(s.r).Export())
			}
		}
	})
}

// TestFinalAgrees holds segments against point queries at every edge and a second
// before (a), and shifted ranges against each other (b).
func TestFinalAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		from, to := s.day.AddDate(0, 0, -4), s.day.AddDate(0, 0, 4)
		whole := s.r.Final(from, to)
		if whole[0].Start != from || whole[len(whole)-1].End != to {
			t.Fatalf("Final(%s, %s) covers %s to %s", from, to, whole[0].Start, whole[len(whole)-1].End)
		}
		for i, x := range whole {
			for _, at := range []time.Time{x.Start, x.End.Add(-time.Second)} {
				got := s.r.At(at)
				if !slices.Equal(got.People, x.People) {
					t.Fatalf("At(%s).People = %v, Final says %v, of\n%s", at, got.People, x.People, asRoster(s.r).Export())
				}
				if i > 0 && !got.Since.Equal(x.Start) || i < len(whole)-1 && !got.Until.Equal(x.End) {
					t.Fatalf("At(%s) = since %s until %s, Final says %s to %s", at, got.Since, got.Until, x.Start, x.End)
				}
			}
			if i > 0 && (whole[i-1].End != x.Start || slices.Equal(whole[i-1].People, x.People)) {
				t.Fatalf("Final: %v then %v are not maximal or not joined", whole[i-1], x)
			}
		}
		cut := s.day.Add(time.Duration(rapid.IntRange(-80*3600, 80*3600).Draw(t, "cut")) * time.Second)
		if got, want := people(s.r.Final(cut, to)), people(clip(whole, cut)); !slices.Equal(got, want) {
			t.Fatalf("Final(%s, %s) = %v, the overlap with a longer range is %v", cut, to, got, want)
		}
	})
}

func clip(list []Segment, from time.Time) []Segment {
	var out []Segment
	for _, s := range list {
		if s.End.After(from) {
			if s.Start.Before(from) {
				s.Start = from
			}
			out = append(out, s)
		}
	}
	return out
}

func people(list []Segment) []string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprint(s.Start, s.End, s.People))
	}
	return out
}
