package report

import (
	"fmt"
	"slices"
	"testing"
)

func points(minutes ...float64) []Point {
	var list []Point
	for n, m := range minutes {
		list = append(list, Point{Incident: fmt.Sprintf("INC-%d", n+1), Minutes: m})
	}
	return list
}

func upTo(n int) []Point {
	var list []float64
	for k := n; k > 0; k-- {
		list = append(list, float64(k))
	}
	return points(list...)
}

// TestSpreadSaysWhatItsSizeAllows: of four points nothing but the points, up to nineteen
// median and range, then median and p90 by nearest rank; a mean only where it is asked for.
func TestSpreadSaysWhatItsSizeAllows(t *testing.T) {
	for _, c := range []struct {
		points []Point
		mean   Mean
		want   string
	}{
		{nil, WithMean, "0: [] median - range - - p90 - mean -"},
		{upTo(4), NoMean, "4: [1 2 3 4] median - range - - p90 - mean -"},
		{upTo(5), NoMean, "5: [1 2 3 4 5] median 3 range 1 5 p90 - mean -"},
		{points(31, 33, 15, 1260, 101, 24, 47, 44, 27), WithMean, "9: [15 24 27 31 33 44 47 101 1260] median 33 range 15 1260 p90 - mean 175.8"},
		{upTo(19), NoMean, "19: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19] median 10 range 1 19 p90 - mean -"},
		{upTo(20), NoMean, "20: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20] median 10.5 range - - p90 18 mean -"},
	} {
		s := SpreadOf(c.points, c.mean)
		got := fmt.Sprintf("%d: %v median %s range %s %s p90 %s mean %s", s.N, s.Values(), or(s.Median), or(s.Least), or(s.Most), or(s.P90), or(s.Mean))
		if got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

func or(f *float64) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("%g", *f)
}

// TestP90IsOneThatOccurred by the rank ceil(0.9 n).
func TestP90IsOneThatOccurred(t *testing.T) {
	for n, want := range map[int]float64{1: 1, 9: 9, 10: 9, 11: 10, 19: 18, 20: 18, 21: 19, 100: 90, 101: 91} {
		s := SpreadOf(upTo(n), NoMean)
		if got := P90(s.Values()); got != want {
			t.Errorf("p90 of 1 to %d = %g, want %g", n, got, want)
		}
	}
}

// TestCompare: nothing is said to have changed unless it is hardly chance.
func TestCompare(t *testing.T) {
	shifted := func(n int, by float64) Spread {
		list := upTo(n)
		for k := range list {
			list[k].Minutes += by
		}
		return SpreadOf(list, NoMean)
	}
	for _, c := range []struct {
		name        string
		before, now Spread
		want        Verdict
	}{
		{"too few now", shifted(40, 0), shifted(19, 500), NoClearChange},
		{"too few before", shifted(19, 0), shifted(40, 500), NoClearChange},
		{"the same", shifted(20, 0), shifted(20, 0), NoClearChange},
		{"a little", shifted(40, 0), shifted(40, 3), NoClearChange},
		{"much longer", shifted(20, 0), shifted(20, 30), Longer},
		{"much shorter", shifted(20, 30), shifted(20, 0), Shorter},
	} {
		got := Compare(c.before, c.now)
		if got.Verdict != c.want || got.Why == "" {
			t.Errorf("%s: %s (%s), want %s", c.name, got.Verdict, got.Why, c.want)
		}
		again := Compare(c.before, c.now)
		if got.Low != nil && (*got.Low != *again.Low || *got.High != *again.High) {
			t.Errorf("%s: another interval the second time", c.name)
		}
	}
}

// TestCompareIsRarelyFooled: of two periods in which nothing has changed, about one pair of
// ten is told apart by a 90 % interval, and not more.
func TestCompareIsRarelyFooled(t *testing.T) {
	r, fooled := random(7), 0
	draw := func() Spread {
		var list []Point
		for range 30 {
			u := float64(r.next()%1_000_000+1) / 1_000_001
			list = append(list, Point{Minutes: 60 * u / (1 - u)}) // median 60, and a long tail
		}
		return SpreadOf(list, NoMean)
	}
	const pairs = 200
	for range pairs {
		if Compare(draw(), draw()).Verdict != NoClearChange {
			fooled++
		}
	}
	if fooled < 2 || fooled > 34 {
		t.Errorf("%d of %d pairs of the same thing are told apart, want about 20", fooled, pairs)
	}
}

// TestMedianOfADraw agrees with sorting what was drawn.
func TestMedianOfADraw(t *testing.T) {
	for n := 1; n < 40; n++ {
		a, b := random(n), random(n)
		values := SpreadOf(upTo(n), NoMean).Values()
		var drawn []float64
		for range n {
			drawn = append(drawn, values[b.next()%uint64(n)])
		}
		slices.Sort(drawn)
		if got, want := a.median(values, make([]int, n)), Median(drawn); got != want {
			t.Errorf("of %d: %g, want %g", n, got, want)
		}
	}
}

// TestLongSpreadsAreSaidInHours: nobody divides minutes at half past nine.
func TestLongSpreadsAreSaidInHours(t *testing.T) {
	for _, c := range []struct {
		minutes []float64
		want    string
	}{
		{[]float64{15, 33}, "15, 33 min (2 figures)"},
		{[]float64{27, 197}, "27 min, 3 h 17 min (2 figures)"},
		{[]float64{1260}, "21 h (1 figure)"},
		{[]float64{0.5, 3000}, "0.5 min, 2 d 2 h (2 figures)"},
		{[]float64{1, 2, 3, 4, 90}, "1, 2, 3, 4, 90 min (5 figures); median 3 min, range 1 to 90 min"},
	} {
		var points []Point
		for _, m := range c.minutes {
			points = append(points, Point{Minutes: m})
		}
		if s := SpreadOf(points, NoMean); s.Words() != c.want {
			t.Errorf("%v is said as %q, want %q", c.minutes, s.Words(), c.want)
		}
	}
}
