package rotation

import (
	"iter"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// oracle answers who is on call by walking the timeline minute by minute and
// keeping state, the way a person with a calendar and a clock would. It shares
// no arithmetic with the package: no closed form, no table, no search.
type oracle struct {
	r      *Rotation
	layers []*oracleLayer
	t      int64
}

type oracleLayer struct {
	*Layer
	loc     *time.Location
	high    int64 // the latest wall clock seen
	list    []Slot
	cur     int // index of the slot whose turn it is
	turn    int64
	running bool
	start   int64
	every   Cadence
	began   int64 // windows that have begun since the start, for turns counted in them
	origin  int64 // the minute at which the start was reached
	edits   []Edit
	waiting []Slot // for the next hand-over
	waits   bool
	later   *Edit   // a cadence whose start is ahead
	skip    []int64 // SkipDates and OnlyDates, in days since 1970
	only    []int64
}

// newOracle begins well before anything in r happens.
func newOracle(t *rapid.T, r *Rotation, from time.Time) *oracle {
	o := &oracle{r: r, t: from.Unix()}
	for i := range r.Layers {
		l := &oracleLayer{Layer: &r.Layers[i], list: r.Layers[i].People, start: int64(r.Layers[i].Start), every: r.Layers[i].Every}
		zone := l.TimeZone
		if zone == "" {
			zone = r.TimeZone
		}
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		l.loc, l.high = loc, -1<<62
		l.skip, l.only = oracleDays(t, l.SkipDates), oracleDays(t, l.OnlyDates)
		l.edits = slices.Clone(l.Edits)
		slices.SortStableFunc(l.edits, func(a, b Edit) int { return a.At.Compare(b.At) })
		o.layers = append(o.layers, l)
	}
	return o
}

func oracleDays(t *rapid.T, dates []string) (days []int64) {
	for _, d := range dates {
		date, err := time.Parse(time.DateOnly, d)
		if err != nil {
			t.Fatal(err)
		}
		days = append(days, date.Unix()/86400)
	}
	return days
}

// step moves on by one minute.
func (o *oracle) step() {
	o.t += 60
	for _, l := range o.layers {
		l.step(o.t)
	}
}

func (l *oracleLayer) step(t int64) {
	before := l.high
	l.high = max(l.high, int64(LocalOf(time.Unix(t, 0), l.loc)))
	if l.later != nil && l.high >= int64(l.later.Start) {
		// The waiting cadence begins, and with it the next person.
		l.retime(l.later.Start, l.later.Every, t)
		l.later = nil
		l.handOver(1)
		before = l.start
	}
	l.countTurns(before, t)
	for len(l.edits) > 0 && l.edits[0].At.Unix() <= t {
		l.edit(l.edits[0], t)
		l.edits = l.edits[1:]
	}
}

// countTurns hands over for every boundary that was passed in this minute.
func (l *oracleLayer) countTurns(before, t int64) {
	if !l.running {
		if l.high < l.start {
			return
		}
		l.running, l.origin, l.turn, l.began = true, t, 0, 0
		for b := range l.windowBegins(l.start-40*86400, l.start) {
			if b.end > l.start {
				l.began++
			}
		}
		before = l.start
	}
	if l.every.Unit == Windows {
		for range l.windowBegins(before, l.high) {
			l.began++
		}
	}
	n := l.number(t)
	if n > l.turn {
		l.handOver(int(n - l.turn))
		l.turn = n
	}
}

// number counts the boundaries up to now, one by one from the present turn.
func (l *oracleLayer) number(t int64) int64 {
	n := l.turn
	if l.every.Unit == Windows {
		return max(0, l.began-1) / int64(l.every.Length)
	}
	for {
		next, elapsed := l.boundary(n + 1)
		if elapsed && t < next || !elapsed && l.high < next {
			return n
		}
		n++
	}
}

// boundary n: an instant for elapsed hours, a wall clock otherwise.
func (l *oracleLayer) boundary(n int64) (int64, bool) {
	k := n * int64(l.every.Length)
	switch l.every.Unit {
	case Hours:
		wall := 24%l.every.Length == 0 || l.every.Length%24 == 0
		if l.Clock == WallClock || l.Clock == "" && wall {
			return l.start + k*3600, false
		}
		return l.origin + k*3600, true
	case Days, Weeks:
		k *= map[Unit]int64{Days: 86400, Weeks: 7 * 86400}[l.every.Unit]
		if l.Clock == ElapsedClock {
			return l.origin + k, true
		}
		return l.start + k, false
	}
	s := time.Unix(l.start, 0).UTC()
	y, m := s.Year(), int(s.Month())+int(k)
	d := s.Day()
	for time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() != d {
		d--
	}
	return time.Date(y, time.Month(m), d, s.Hour(), s.Minute(), 0, 0, time.UTC).Unix(), false
}

type oracleWindow struct{ begin, end int64 }

// windowBegins goes through the windows that begin in (from, to] of the wall clock.
func (l *oracleLayer) windowBegins(from, to int64) iter.Seq[oracleWindow] {
	return func(yield func(oracleWindow) bool) {
		for d := from/86400 - 1; from < to && d <= to/86400+1; d++ {
			if slices.Contains(l.skip, d) || len(l.only) > 0 && !slices.Contains(l.only, d) {
				continue
			}
			day := time.Unix(d*86400, 0).UTC().Weekday()
			for _, w := range l.Windows {
				if len(w.Days) > 0 && !slices.Contains(w.Days, day) {
					continue
				}
				begin := d*86400 + int64(w.From)*60
				span := w.Span
				if span == 0 && w.To <= w.From {
					span = 1
				}
				if begin > from && begin <= to && !yield(oracleWindow{begin, (d+int64(span))*86400 + int64(w.To)*60}) {
					return
				}
			}
		}
	}
}

func (l *oracleLayer) open() bool {
	if len(l.Windows) == 0 {
		return true
	}
	for w := range l.windowBegins(l.high-40*86400, l.high) {
		if w.end > l.high {
			return true
		}
	}
	return false
}

// handOver gives the turn on by n slots; a waiting list comes into force.
func (l *oracleLayer) handOver(n int) {
	if l.waits {
		old := l.list
		l.waits = false
		cur, kept := oracleFollow(old, l.cur, l.waiting)
		l.list, l.cur = l.waiting, cur
		if !kept {
			n--
		}
	}
	if len(l.list) > 0 {
		l.cur = (l.cur + n) % len(l.list)
	}
}

func (l *oracleLayer) edit(e Edit, t int64) {
	if e.People != nil {
		l.waits = false
		switch {
		case !l.running:
			l.list, l.cur = e.People, 0
		case e.Rollout == RolloutNextHandoff:
			l.waiting, l.waits = e.People, true
		default:
			l.cur, _ = oracleFollow(l.list, l.cur, e.People)
			l.list = e.People
		}
	}
	if e.Every.Length == 0 {
		return
	}
	if l.running && int64(e.Start) > l.high {
		l.later = &e
		return
	}
	l.later = nil
	wasRunning, cur := l.running, l.cur
	l.retime(e.Start, e.Every, t)
	l.running = false
	if l.high >= l.start {
		// The person who is on call, or the first of the list, has the turn
		// that runs; handing over up to it must not move them.
		waits := l.waits
		l.waits = false
		l.countTurns(l.start, l.originOf(t))
		l.waits = waits
		l.cur = cur
		if !wasRunning {
			l.cur = 0
		}
	}
}

// originOf finds the minute at which the wall clock first showed the start, and
// leaves it as the layer's; it returns t for the count that follows.
func (l *oracleLayer) originOf(t int64) int64 {
	u := t - 40*86400
	for int64(LocalOf(time.Unix(u, 0), l.loc)) < l.start {
		u += 60
	}
	l.running, l.origin, l.turn, l.began = true, u, 0, 0
	if l.every.Unit == Windows {
		for b := range l.windowBegins(l.start-40*86400, l.start) {
			if b.end > l.start {
				l.began++
			}
		}
	}
	return t
}

func (l *oracleLayer) retime(start Local, every Cadence, t int64) {
	l.start, l.every = int64(start), every
	l.origin, l.turn, l.began = t, 0, 0
	if every.Unit == Windows {
		for b := range l.windowBegins(l.start-40*86400, l.start) {
			if b.end > l.start {
				l.began++
			}
		}
	}
}

// oracleFollow is rule 2.8: the same slot, else the one that keeps most of its
// people, else the next of the old order that is still listed.
func oracleFollow(old []Slot, cur int, list []Slot) (int, bool) {
	find := func(s Slot) int {
		best, most := -1, 0
		for i, x := range list {
			n := 0
			for _, p := range s {
				if slices.Contains(x, p) {
					n++
				}
			}
			if n == len(s) && n == len(x) {
				return i
			}
			if n > most {
				best, most = i, n
			}
		}
		return best
	}
	if len(old) == 0 || len(list) == 0 {
		return 0, false
	}
	if i := find(old[cur]); i >= 0 {
		return i, true
	}
	for k := 1; k < len(old); k++ {
		s := old[(cur+k)%len(old)]
		if len(s) == 0 {
			continue
		}
		if i := find(s); i >= 0 {
			return i, false
		}
	}
	return 0, false
}

// people is who is on call now, each duty with everybody it passed through.
func (o *oracle) people() []string {
	var duties [][]string
	best := -1 << 31
	for _, l := range o.layers {
		if d := o.layer(l); len(d) > 0 {
			switch {
			case l.Priority > best:
				duties, best = d, l.Priority
			case l.Priority == best:
				duties = append(duties, d...)
			}
		}
	}
	duties = o.acts(duties, "")
	var people []string
	for _, d := range duties {
		people = append(people, d[len(d)-1])
	}
	slices.Sort(people)
	return slices.Compact(people)
}

func (o *oracle) layer(l *oracleLayer) [][]string {
	var duties [][]string
	ended := !l.Until.IsZero() && o.t >= l.Until.Unix()
	if l.running && !ended && len(l.list) > 0 && l.open() {
		duties = o.present(l)
	}
	return o.acts(duties, l.ID)
}

// present is the people of the turn, or whoever covers for them.
func (o *oracle) present(l *oracleLayer) [][]string {
	owners := l.list[l.cur]
	if len(owners) == 0 {
		return nil
	}
	for k := range l.list {
		var duties [][]string
		for i, p := range l.list[(l.cur+k)%len(l.list)] {
			if o.away(p) {
				continue
			}
			d := []string{p}
			if k > 0 {
				d = []string{owners[min(i, len(owners)-1)], p}
			}
			duties = append(duties, d)
		}
		if len(duties) > 0 {
			return duties
		}
	}
	return nil
}

func (o *oracle) away(p string) bool {
	if o.r.TimeOffPolicy != TimeOffSkip {
		return false
	}
	return slices.ContainsFunc(o.r.TimeOff, func(a TimeOff) bool {
		return a.Person == p && a.Start.Unix() <= o.t && o.t < a.End.Unix()
	})
}

// acts applies the overrides of one scope, and the swaps where it is the whole.
func (o *oracle) acts(duties [][]string, scope string) [][]string {
	for seq := range o.r.lastSeq() + 1 {
		for _, v := range o.r.Overrides {
			if v.Seq == seq && v.Layer == scope && v.Start.Unix() <= o.t && o.t < v.End.Unix() {
				duties = oracleOverride(duties, v)
			}
		}
		for _, s := range o.r.Swaps {
			if s.Seq == seq && scope == "" {
				duties = o.swap(duties, s)
			}
		}
	}
	return duties
}

func (o *oracle) swap(duties [][]string, s Swap) [][]string {
	first := s.Start
	if !s.BackStart.IsZero() && s.BackStart.Before(first) {
		first = s.BackStart
	}
	agreed := s.Status == SwapAccepted || s.Status == SwapCancelled && o.t < s.CancelledAt.Unix()
	if !agreed || s.AcceptedAt.IsZero() || s.AcceptedAt.After(first) {
		return duties
	}
	if s.Start.Unix() <= o.t && o.t < s.End.Unix() {
		duties = oracleReplace(duties, s.Person, s.With)
	}
	if s.BackStart.Unix() <= o.t && o.t < s.BackEnd.Unix() {
		duties = oracleReplace(duties, s.With, s.Person)
	}
	return duties
}

func oracleReplace(duties [][]string, person, by string) [][]string {
	var out [][]string
	for _, d := range duties {
		if slices.Contains(d, person) {
			d = append(slices.Clone(d), by)
		}
		out = append(out, d)
	}
	return out
}

func oracleOverride(duties [][]string, v Override) [][]string {
	switch v.Kind {
	case Replace:
		return oracleReplace(duties, v.Person, v.By)
	case Set:
		duties = nil
		fallthrough
	case Add:
		for _, p := range v.People {
			duties = append(duties, []string{p})
		}
		return duties
	}
	return slices.DeleteFunc(slices.Clone(duties), func(d []string) bool { return slices.Contains(v.People, d[len(d)-1]) })
}
