package report

import "slices"

// Verdict says whether durations have changed from one period to the next.
type Verdict string

// The verdicts. Two small samples of the same thing look different by chance, so that
// nothing is said to have changed unless it is hardly chance.
const (
	NoClearChange Verdict = "no clear change"
	Shorter       Verdict = "shorter"
	Longer        Verdict = "longer"
)

// Comparison is how the medians of two periods differ.
type Comparison struct {
	Before     int      `json:"n_before"`
	Now        int      `json:"n"`
	Verdict    Verdict  `json:"verdict"`
	Why        string   `json:"why"` // in words
	Difference *float64 `json:"difference_minutes"`
	Low        *float64 `json:"low_minutes"` // the 90 % interval of Difference
	High       *float64 `json:"high_minutes"`
}

// draws is how often both periods are drawn again.
const draws = 2000

// Compare tells two periods apart by a bootstrap: points are drawn again from those of
// each period, with repetition, and the difference of the two medians is kept. There is a
// change if nine of ten such differences lie on one side of zero, and if both periods have
// enough points. The same points always give the same answer.
func Compare(before, now Spread) Comparison {
	c := Comparison{Before: before.N, Now: now.N, Verdict: NoClearChange}
	if before.N < enoughPoints || now.N < enoughPoints {
		c.Why = "that takes 20 in both periods"
		return c
	}
	a, b := before.Values(), now.Values()
	r := random(len(a)*1_000_003 + len(b))
	list := make([]float64, draws)
	countA, countB := make([]int, len(a)), make([]int, len(b))
	for k := range list {
		list[k] = r.median(b, countB) - r.median(a, countA)
	}
	slices.Sort(list)
	c.Difference, c.Low, c.High = new(Median(b)-Median(a)), &list[draws/20], &list[draws-draws/20-1]
	switch {
	case *c.High < 0:
		c.Verdict, c.Why = Shorter, "nine of ten draws are shorter"
	case *c.Low > 0:
		c.Verdict, c.Why = Longer, "nine of ten draws are longer"
	default:
		c.Why = "the 90 % interval of the difference holds zero"
	}
	return c
}

// random is a small generator of numbers (splitmix64, Steele and others 2014): figures
// must be the same each time that somebody looks at them.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// median draws as many of the ascending values as there are and returns their median.
// count has their length and is scratch space.
func (r *random) median(ascending []float64, count []int) float64 {
	clear(count)
	n := len(ascending)
	for range n {
		count[r.next()%uint64(n)]++
	}
	low, high := (n-1)/2, n/2 // the places of the two middles
	seen, first := 0, -1
	for k, times := range count {
		seen += times
		if first < 0 && seen > low {
			first = k
		}
		if seen > high {
			return (ascending[first] + ascending[k]) / 2
		}
	}
	return ascending[n-1] // all were drawn before
}
