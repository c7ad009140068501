package rotation

import (
	"fmt"
	"slices"
	"testing"
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
	later   *Edit // a cadence whose start is ahead
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
		l.edits = slices.Clone(l.Edits)
		slices.SortStableFunc(l.edits, func(a, b Edit) int { return a.At.Compare(b.At) })
		o.layers = append(o.layers, l)
	}
	return o
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
		for _, b := range l.windowBegins(l.start-40*86400, l.start) {
			if b.end > l.start {
				l.began++
			}
		}
		before = l.start
	}
	if l.every.Unit == Windows {
		l.began += int64(len(l.windowBegins(before, l.high)))
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

// windowBegins lists the windows that begin in (from, to] of the wall clock.
func (l *oracleLayer) windowBegins(from, to int64) []oracleWindow {
	var out []oracleWindow
	if to <= from {
		return nil
	}
	for d := from/86400 - 1; d <= to/86400+1; d++ {
		date := time.Unix(d*86400, 0).UTC()
		if slices.Contains(l.SkipDates, date.Format(time.DateOnly)) {
			continue
		}
		if len(l.OnlyDates) > 0 && !slices.Contains(l.OnlyDates, date.Format(time.DateOnly)) {
			continue
		}
		for _, w := range l.Windows {
			if len(w.Days) > 0 && !slices.Contains(w.Days, date.Weekday()) {
				continue
			}
			begin := d*86400 + int64(w.From)*60
			span := w.Span
			if span == 0 && w.To <= w.From {
				span = 1
			}
			if begin > from && begin <= to {
				out = append(out, oracleWindow{begin, (d+int64(span))*86400 + int64(w.To)*60})
			}
		}
	}
	return out
}

func (l *oracleLayer) open() bool {
	if len(l.Windows) == 0 {
		return true
	}
	for _, w := range l.windowBegins(l.high-40*86400, l.high) {
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
		for _, b := range l.windowBegins(l.start-40*86400, l.start) {
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
		for _, b := range l.windowBegins(l.start-40*86400, l.start) {
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
