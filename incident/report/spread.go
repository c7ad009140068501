package report

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// From how many points on what is said of them, beside the points. Of less than a few a
// median says nothing; and a p90 of less than twenty is a point near the end, by chance.
const (
	fewPoints    = 5
	enoughPoints = 20
)

// Point is what was measured of one incident.
type Point struct {
	Incident string  `json:"incident"` // INC-N
	Minutes  float64 `json:"minutes"`
	ByHand   bool    `json:"set_by_hand,omitempty"` // one of its ends was said by a person
}

// Spread says of points what their number allows to be said. What it does not allow is nil.
type Spread struct {
	N      int      `json:"n"`
	Points []Point  `json:"points"` // the shortest first
	Median *float64 `json:"median_minutes"`
	Least  *float64 `json:"least_minutes"` // the range is shown as long as there is no p90
	Most   *float64 `json:"most_minutes"`
	P90    *float64 `json:"p90_minutes"`
	Mean   *float64 `json:"mean_minutes"` // only where somebody asked for it
}

// SpreadOf describes points, in any order. The mean is left out unless it is asked for:
// one long incident moves it more than all others together.
func SpreadOf(points []Point, mean Mean) Spread {
	s := Spread{N: len(points), Points: sorted(points)}
	values := s.Values()
	if s.N >= fewPoints {
		s.Median = new(Median(values))
	}
	switch {
	case s.N >= enoughPoints:
		s.P90 = new(P90(values))
	case s.N >= fewPoints:
		s.Least, s.Most = &values[0], &values[s.N-1]
	}
	if mean == WithMean && s.N > 0 {
		s.Mean = new(MeanOf(values))
	}
	return s
}

// Mean says whether a mean is shown.
type Mean bool

// A mean is shown to those who ask for it.
const (
	NoMean   Mean = false
	WithMean Mean = true
)

func sorted(points []Point) []Point {
	list := append([]Point{}, points...)
	slices.SortStableFunc(list, func(a, b Point) int { return cmp.Compare(a.Minutes, b.Minutes) })
	return list
}

// Values are the points in minutes, in their order.
func (s Spread) Values() []float64 {
	list := make([]float64, 0, len(s.Points))
	for _, p := range s.Points {
		list = append(list, p.Minutes)
	}
	return list
}

// Median is the middle of ascending values, of which there is at least one; where there
// are two middles it is halfway between them.
func Median(ascending []float64) float64 {
	n := len(ascending)
	return (ascending[(n-1)/2] + ascending[n/2]) / 2
}

// P90 is value number ceil(0.9 n) of ascending values, of which there is at least one: one
// that really occurred.
func P90(ascending []float64) float64 {
	return ascending[(9*len(ascending)+9)/10-1]
}

// MeanOf is the sum by the number of values, of which there is at least one, to a tenth.
func MeanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return math.Round(10*sum/float64(len(values))) / 10
}

// minutes is a duration in minutes, to a tenth: what people did is not known more
// precisely.
func minutes(d time.Duration) float64 { return math.Round(10*d.Minutes()) / 10 }
