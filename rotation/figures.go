package rotation

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// The figures of on-call work. They are for the person concerned and for whoever
// plans the rotation; nothing here ranks people against each other.

// Stretch is the half-open time [Start, End).
type Stretch struct{ Start, End time.Time }

// Minutes is on-call time by the kind of hour in the person's own zone: business
// is Monday to Friday 09:00 to 17:00, a holiday is its own kind and beats the
// weekend.
type Minutes struct {
	Business, WeekdayOff, Weekend, Holiday int
}

// Total is all minutes.
func (m Minutes) Total() int { return m.Business + m.WeekdayOff + m.Weekend + m.Holiday }

// Desk is where and when somebody ordinarily works: the zone of the person and
// the holidays (YYYY-MM-DD) of the office.
type Desk struct {
	Zone     *time.Location
	Holidays []string
}

const (
	payFrom = 9 * hour
	payTo   = 17 * hour
)

// Minutes sorts stretches into kinds of hours. Each minute counts once, however
// many stretches cover it; seconds are cut from each kind's sum only.
func (d Desk) Minutes(list []Stretch) Minutes {
	var seconds [4]int64
	z := newZone(d.Zone)
	holidays := dayNumbers(d.Holidays)
	for _, s := range union(list) {
		from, to := s.Start.Unix(), s.End.Unix()
		for n := floorDiv(z.high(from), day) - 1; z.first(n*day) < to; n++ {
			edges := [...]int64{z.first(n * day), z.first(n*day + payFrom), z.first(n*day + payTo), z.first((n + 1) * day)}
			for i := range 3 {
				kind := payKind(n, i == 1, holidays)
				seconds[kind] += max(0, min(to, edges[i+1])-max(from, edges[i]))
			}
		}
	}
	return Minutes{int(seconds[0] / 60), int(seconds[1] / 60), int(seconds[2] / 60), int(seconds[3] / 60)}
}

// payKind is the position in [Minutes] of an hour of day n.
func payKind(n int64, atWork bool, holidays []int64) int {
	w := weekday(n)
	switch {
	case contains(holidays, n):
		return 3
	case w == 0 || w == 6:
		return 2
	case atWork:
		return 0
	}
	return 1
}

// union joins stretches that overlap or touch, in order.
func union(list []Stretch) []Stretch {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b Stretch) int { return a.Start.Compare(b.Start) })
	var out []Stretch
	for _, s := range sorted {
		if !s.End.After(s.Start) {
			continue
		}
		if n := len(out); n > 0 && !s.Start.After(out[n-1].End) {
			out[n-1].End = later(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}

// Interruptions is what pages did to one person.
type Interruptions struct {
	Count           int // pages at most a minute after the one before are one
	Business        int // Monday to Friday 08:00 to 18:00
	Off             int // evenings, and the days of weekends and holidays
	Sleep           int // 22:00 to 08:00
	Weekend         int // on a Saturday or Sunday, whatever the hour
	Nights          int // nights with at least one, by the evening's date
	LongestRun      int // most disturbed nights in a row
	DisturbedHours  int // distinct hours of the clock with a page
	WeekendsTouched int // weekends with at least one
}

const (
	sleepFrom = 22
	sleepTo   = 8
	eveningAt = 18
	oneBuzz   = time.Minute
	leastRest = 11 * time.Hour // daily rest by EU directive 2003/88/EC
)

// Interruptions counts pages, in any order, on the clock of the desk.
func (d Desk) Interruptions(pages []time.Time) Interruptions {
	pages = slices.Clone(pages)
	slices.SortFunc(pages, time.Time.Compare)
	holidays := dayNumbers(d.Holidays)
	hours, nights, weekends := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	var x Interruptions
	for i, p := range pages {
		local := int64(LocalOf(p, d.Zone))
		// A repeated hour is two hours: the key is the hour's beginning as an
		// instant.
		hours[p.Unix()-floorMod(local, hour)] = true
		if i > 0 && p.Sub(pages[i-1]) <= oneBuzz {
			continue
		}
		x.Count++
		n, h := floorDiv(local, day), floorMod(local, day)/hour
		restDay := weekday(n) == 0 || weekday(n) == 6
		if restDay {
			x.Weekend++
			weekends[floorDiv(n+5, 7)] = true // weeks that begin on a Saturday
		}
		switch {
		case h >= sleepFrom:
			x.Sleep++
			nights[n] = true
		case h < sleepTo:
			x.Sleep++
			nights[n-1] = true
		case h >= eveningAt || restDay || contains(holidays, n):
			x.Off++
		default:
			x.Business++
		}
	}
	x.Nights, x.DisturbedHours, x.WeekendsTouched = len(nights), len(hours), len(weekends)
	x.LongestRun = longestRun(nights)
	return x
}

func longestRun(days map[int64]bool) int {
	longest := 0
	for d := range days {
		if days[d-1] {
			continue
		}
		n := 0
		for days[d+int64(n)] {
			n++
		}
		longest = max(longest, n)
	}
	return longest
}

// Rest is how long somebody may rest after the last acknowledgement of a night:
// until the next hand-over to them, or the next business morning, 08:00. Short
// reports less than eleven hours. A zero handoff is none.
func (d Desk) Rest(ack, handoff time.Time) (rest time.Duration, short bool) {
	holidays := dayNumbers(d.Holidays)
	n := floorDiv(int64(LocalOf(ack, d.Zone)), day)
	morning := Instant(d.Zone, Local(n*day+sleepTo*hour))
	for !morning.After(ack) || payKind(n, true, holidays) != 0 {
		n++
		morning = Instant(d.Zone, Local(n*day+sleepTo*hour))
	}
	if !handoff.IsZero() && handoff.After(ack) {
		morning = earlier(morning, handoff)
	}
	rest = morning.Sub(ack)
	return rest, rest < leastRest
}

// Weights say how much an hour on call and a page weigh in hours of load.
type Weights struct {
	Business, WeekdayOff, Weekend, Holiday float64 // an hour on call
	BusinessPage, OffPage, SleepPage       float64 // an interruption
}

// DefaultWeights are starting values, not evidence: on-call time counts outside
// business hours, and a page at night as three hours.
func DefaultWeights() Weights {
	return Weights{WeekdayOff: 1, Weekend: 1.5, Holiday: 2, BusinessPage: 0.5, OffPage: 1, SleepPage: 3}
}

// Load is time and interruptions in weighted hours.
func (w Weights) Load(m Minutes, x Interruptions) float64 {
	minutes := float64(m.Business)*w.Business + float64(m.WeekdayOff)*w.WeekdayOff + float64(m.Weekend)*w.Weekend + float64(m.Holiday)*w.Holiday
	return minutes/60 + float64(x.Business)*w.BusinessPage + float64(x.Off)*w.OffPage + float64(x.Sleep)*w.SleepPage
}

// Fairness is how evenly load is spread.
type Fairness struct {
	Balance    int            // percent: the mean over all pairs of the smaller load by the larger; 100 is equal
	Overloaded map[string]int // by person, percent above the average
	Peak       float64        // the largest load by the average; 0 where there is none
}

// FairnessOf compares loads. Listed is the share of the time (0 to 1) that each
// person was in the list; somebody absent from it was there all the time. Fewer
// than two people are always in balance.
func FairnessOf(load, listed map[string]float64) Fairness {
	f := Fairness{Balance: 100, Overloaded: map[string]int{}}
	names := make([]string, 0, len(load))
	scaled := make(map[string]float64, len(load))
	sum, most := 0.0, 0.0
	for name, l := range load {
		if share, ok := listed[name]; ok && share > 0 {
			l /= share
		}
		names = append(names, name)
		scaled[name] = l
		sum, most = sum+l, max(most, l)
	}
	slices.Sort(names)
	pairs, balance := 0, 0.0
	for i, a := range names {
		for _, b := range names[:i] {
			pairs++
			balance += ratio(scaled[a], scaled[b])
		}
	}
	if pairs > 0 {
		f.Balance = int(math.Round(100 * balance / float64(pairs)))
	}
	if sum == 0 {
		return f
	}
	mean := sum / float64(len(names))
	f.Peak = most / mean
	for _, name := range names {
		if over := int(math.Round(100 * (scaled[name]/mean - 1))); over > 0 {
			f.Overloaded[name] = over
		}
	}
	return f
}

// ratio of the smaller to the larger; two that are nothing are equal.
func ratio(a, b float64) float64 {
	if a == b {
		return 1
	}
	return min(a, b) / max(a, b)
}

// Served is one person's time in one rotation over a range.
type Served struct {
	Person       string
	Shifts       []Stretch
	Gained, Lost time.Duration // by overrides and swaps, against the schedule without them
}

// Served lists who was on call in the rotation during [from, to), by person ID.
func (r *Rotation) Served(from, to time.Time) []Served {
	bare := *r
	bare.Overrides, bare.Swaps, bare.built = nil, nil, nil
	byID := map[string]*Served{}
	person := func(id string) *Served {
		if byID[id] == nil {
			byID[id] = &Served{Person: id}
		}
		return byID[id]
	}
	final := r.Final(from, to)
	for _, s := range final {
		for _, id := range s.People {
			p := person(id)
			p.Shifts = append(p.Shifts, Stretch{s.Start, s.End})
		}
	}
	for _, d := range differences(bare.Final(from, to), final) {
		for _, id := range d.After {
			if !slices.Contains(d.Before, id) {
				person(id).Gained += d.End.Sub(d.Start)
			}
		}
		for _, id := range d.Before {
			if !slices.Contains(d.After, id) {
				person(id).Lost += d.End.Sub(d.Start)
			}
		}
	}
	list := make([]Served, 0, len(byID))
	for _, p := range byID {
		p.Shifts = union(p.Shifts)
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Served) int { return cmp.Compare(a.Person, b.Person) })
	return list
}

// Coverage is the part of [from, to) during which somebody is on call, in percent,
// rounded down so that 100 means no gap; 100 for an empty range.
func (r *Rotation) Coverage(from, to time.Time) int {
	whole := to.Sub(from)
	if whole <= 0 {
		return 100
	}
	return int(100 * (whole - length(r.Gaps(from, to))).Seconds() / whole.Seconds())
}
