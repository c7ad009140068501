package rotation

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// Limits of an imported calendar; a rota needs a fraction of them.
const (
	mostBytes  = 4 << 20
	mostEvents = 10_000
	mostRules  = 200
	mostShifts = 20_000 // within the range
)

// Import is a calendar that somebody else keeps.
type Import struct {
	TimeZone string            // for floating times and whole days; IANA name
	People   map[string]string // text found in the calendar → person ID, in lower case
	From, To time.Time
}

// Imported is what a calendar says over the range of its [Import].
type Imported struct {
	Segments []Segment // maximal, gaps included; By is empty
	Warnings []string  // "unknown_user:NAME", "unknown_zone:NAME", "unsupported_rule:WHY", "unreadable_time:VALUE"
}

// Read reads the calendar in data. Times with a zone mean that zone, times in UTC
// are exact, others and whole days mean the import's zone; skipped times by RFC
// 5545 3.3.5, recurring ones too (erratum 4271), so that no instance is lost. The
// end of a recurring event keeps its wall clock. Summaries name people, several
// with commas; [L1] in front makes an event hide those of a lower level. A name
// that nobody has is a gap and a warning. The error means that nothing could be
// read and the last good copy should be kept.
func (m Import) Read(data []byte) (Imported, error) {
	if len(data) > mostBytes {
		return Imported{}, fmt.Errorf("calendar: larger than %d MiB", mostBytes>>20)
	}
	loc, err := loadZone(m.TimeZone)
	if err != nil {
		return Imported{}, fmt.Errorf("calendar: %v", err)
	}
	events, err := readICal(data)
	if err != nil {
		return Imported{}, err
	}
	if len(events) > mostEvents {
		return Imported{}, fmt.Errorf("calendar: more than %d events", mostEvents)
	}
	i := &importing{Import: m, loc: loc, moved: make(map[string]event)}
	for _, e := range events {
		i.note(e)
	}
	for _, e := range events {
		if i.add(e); len(i.shifts) > mostShifts {
			return Imported{}, fmt.Errorf("calendar: more than %d shifts between %s and %s", mostShifts, m.From.Format(time.DateOnly), m.To.Format(time.DateOnly))
		}
	}
	return Imported{Segments: i.segments(), Warnings: i.warnings}, nil
}

// importing is a calendar being read.
type importing struct {
	Import
	loc      *time.Location
	moved    map[string]event // by UID and the instance they replace, newest version
	rules    int
	shifts   []imported
	warnings []string
}

// imported is one stretch that an event puts people on call for.
type imported struct {
	from, to int64
	level    int
	people   []string
}

func (i *importing) warn(kind, what string) {
	if w := kind + ":" + what; !slices.Contains(i.warnings, w) {
		i.warnings = append(i.warnings, w)
	}
}

// note remembers the events that replace an instance of a series.
func (i *importing) note(e event) {
	if e.recurrence.value == "" {
		return
	}
	at, ok := i.instance(e, e.recurrence)
	if !ok {
		return
	}
	key := instanceKey(e.uid, at.t)
	if old, known := i.moved[key]; !known || e.sequence >= old.sequence {
		i.moved[key] = e
	}
}

func instanceKey(uid string, t int64) string { return strconv.FormatInt(t, 10) + " " + uid }

// placed is a date or time in its zone.
type placed struct {
	t     int64
	local Local
	loc   *time.Location // nil for an exact time in UTC
}

// in places a wall-clock time as p was placed.
func (p placed) in(l Local) int64 {
	if p.loc == nil {
		return int64(l)
	}
	return shifted(p.loc, l).Unix()
}

// instant reads a date or time.
func (i *importing) instant(p property) (placed, bool) {
	layout, value := "20060102T150405", p.value
	exact := strings.HasSuffix(value, "Z")
	value = strings.TrimSuffix(value, "Z")
	if p.date {
		layout = "20060102"
	}
	t, err := time.Parse(layout, value)
	if err != nil || t.Year() < 1900 || t.Year() > 2500 {
		i.warn("unreadable_time", p.value)
		return placed{}, false
	}
	at := placed{local: Local(t.Unix()), loc: i.loc}
	switch {
	case exact:
		at.loc = nil
	case p.zone != "" && !p.date:
		at.loc = i.zone(p.zone)
	}
	at.t = at.in(at.local)
	return at, true
}

// instance reads which instance of e is meant. That of a whole-day event is a day,
// also where a time names it, as Microsoft's calendars do: midnight on whatever clock
// is that day's, another exact time falls into a day of the import's zone.
func (i *importing) instance(e event, p property) (placed, bool) {
	at, ok := i.instant(p)
	if !ok || !e.start.date || p.date {
		return at, ok
	}
	if at.loc == nil && floorMod(int64(at.local), day) != 0 {
		at.local = LocalOf(unix(at.t), i.loc)
	}
	at.loc, at.local = i.loc, Local(floorDiv(int64(at.local), day)*day)
	at.t = at.in(at.local)
	return at, true
}

// zone resolves a TZID: an IANA name, one behind a prefix, or a Windows name. The
// import's own zone stands in for an unknown one.
func (i *importing) zone(name string) *time.Location {
	parts := strings.Split(name, "/")
	for k := range min(len(parts), 8) {
		if loc, err := loadZone(strings.Join(parts[k:], "/")); err == nil && parts[k] != "" {
			return loc
		}
	}
	if iana, ok := windowsZone(name); ok {
		if loc, err := loadZone(iana); err == nil {
			return loc
		}
	}
	i.warn("unknown_zone", name)
	return i.loc
}

// windowsZones maps the zone names of Windows to IANA's, by Unicode's CLDR
// (windowsZones.xml, territory 001).
//
//go:embed windows_zones.txt
var windowsZones string

func windowsZone(name string) (string, bool) {
	for line := range strings.Lines(windowsZones) {
		windows, iana, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.EqualFold(windows, name) {
			return iana, true
		}
	}
	return "", false
}

// add reads one event. One that replaces an instance is read where it is the
// newest version; a series leaves the replaced instances out.
func (i *importing) add(e event) {
	start, ok := i.instant(e.start)
	if !ok {
		return
	}
	if e.recurrence.value != "" {
		at, ok := i.instance(e, e.recurrence)
		newest := i.moved[instanceKey(e.uid, at.t)]
		if !ok || newest.sequence != e.sequence || newest.start != e.start || newest.summary != e.summary {
			return
		}
	}
	if e.status == "CANCELLED" {
		return
	}
	level, people := i.people(e.summary)
	length, ok := i.length(e, start)
	if !ok {
		return
	}
	gone := i.exceptions(e)
	for _, l := range i.instances(e, start) {
		from := start.in(l)
		_, moved := i.moved[instanceKey(e.uid, from)]
		if gone.instants[from] || gone.days[floorDiv(int64(l), day)] || moved && e.recurrence.value == "" {
			continue
		}
		to := length.end(start, l, from)
		if to > i.From.Unix() && from < ceilUnix(i.To) {
			i.shifts = append(i.shifts, imported{from: from, to: to, level: level, people: people})
		}
	}
}

// exceptions are the instances that an event leaves out: by instant, or by the
// local day where only a date is given.
type exceptions struct {
	instants, days map[int64]bool
}

func (i *importing) exceptions(e event) exceptions {
	x := exceptions{instants: make(map[int64]bool), days: make(map[int64]bool)}
	for _, p := range e.except {
		at, ok := i.instance(e, p)
		switch {
		case ok && (p.date || e.start.date):
			x.days[floorDiv(int64(at.local), day)] = true
		case ok:
			x.instants[at.t] = true
		}
	}
	return x
}

// extent is how long an event lasts: days and a rest on the wall clock, or
// exactly.
type extent struct {
	nominal Local // added to the wall clock of the start
	exact   int64 // then added to the instant
	least   int64 // used instead where the end would not be after the start
}

func (x extent) end(start placed, l Local, from int64) int64 {
	to := from + x.exact
	if x.nominal != 0 {
		to = start.in(l+x.nominal) + x.exact
	}
	if to <= from {
		return from + x.least
	}
	return to
}

var durationForm = pattern.New(`^\+?P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$`)

// length reads DTEND or DURATION. A whole-day event without either lasts its day.
func (i *importing) length(e event, start placed) (extent, bool) {
	switch {
	case e.duration != "":
		m := durationForm.FindStringSubmatch(e.duration)
		if m == nil {
			i.warn("unreadable_time", e.duration)
			return extent{}, false
		}
		n := func(k int) int64 { v, _ := strconv.ParseInt(m[k], 10, 64); return v }
		exact := n(3)*hour + n(4)*minute + n(5)
		nominal := (n(1)*7 + n(2)) * day
		return extent{nominal: Local(nominal), exact: exact, least: nominal + exact}, nominal+exact > 0
	case e.end.value == "":
		return extent{nominal: day, least: day}, e.start.date
	}
	end, ok := i.instant(e.end)
	if !ok || end.t <= start.t {
		return extent{}, false
	}
	sameClock := start.loc != nil && end.loc != nil && start.loc.String() == end.loc.String()
	if sameClock && (e.rule != "" || len(e.more) > 0 || e.start.date) && end.local > start.local {
		return extent{nominal: end.local - start.local, least: end.t - start.t}, true
	}
	return extent{exact: end.t - start.t, least: end.t - start.t}, true
}

// instances are the wall clocks at which the event begins, up to the end of the
// range.
func (i *importing) instances(e event, start placed) []Local {
	list := []Local{start.local}
	for _, x := range e.more {
		if at, ok := i.instant(x); ok {
			l := Local(at.t)
			if start.loc != nil {
				l = LocalOf(unix(at.t), start.loc)
			}
			list = append(list, l)
		}
	}
	if e.rule == "" || e.recurrence.value != "" {
		return list
	}
	if i.rules++; i.rules > mostRules {
		i.warn("unsupported_rule", fmt.Sprintf("more than %d rules", mostRules))
		return list
	}
	starts, err := recur(untilless(e.rule), start.local, Local(i.To.Unix()+2*day))
	if err != nil {
		i.warn("unsupported_rule", strings.TrimPrefix(err.Error(), "rule: "))
		return list
	}
	last := i.until(e.rule, start)
	starts = slices.DeleteFunc(starts, func(l Local) bool { return start.in(l) > last })
	starts = append(starts, list[1:]...)
	slices.Sort(starts)
	return slices.Compact(starts)
}

var untilForm = pattern.New(`(?i)(^|;)UNTIL=([0-9TZ]+)`)

// untilless takes UNTIL out of a rule: it is an instant, while the rule is
// expanded on a wall clock.
func untilless(rule string) string {
	return strings.Trim(untilForm.ReplaceAllString(rule, ""), ";")
}

// until is the last instant at which the rule lets an instance begin; a date
// includes its whole day.
func (i *importing) until(rule string, start placed) int64 {
	m := untilForm.FindStringSubmatch(rule)
	if m == nil {
		return forever
	}
	p := property{value: m[2], date: len(m[2]) == len("20060102")}
	at, ok := i.instant(p)
	if !ok {
		return forever
	}
	if strings.HasSuffix(m[2], "Z") {
		return at.t
	}
	if p.date {
		return start.in(at.local+day) - 1
	}
	return start.in(at.local)
}

var levelForm = pattern.New(`^\s*\[L(\d)\]\s*`)

// people reads a summary. Unknown names are warned about; known ones beside them
// count.
func (i *importing) people(summary string) (level int, ids []string) {
	if m := levelForm.FindStringSubmatch(summary); m != nil {
		level, _ = strconv.Atoi(m[1])
		summary = summary[len(m[0]):]
	}
	for _, name := range strings.Split(summary, ",") {
		name = strings.TrimSpace(name)
		id, ok := i.People[strings.ToLower(name)]
		if !ok {
			i.warn("unknown_user", name)
			continue
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return level, ids
}

// segments lays the shifts over each other: the highest level that has somebody
// wins, equal levels are a union.
func (i *importing) segments() []Segment {
	from, to := i.From.Unix(), ceilUnix(i.To)
	edges := []int64{from}
	shifts := slices.DeleteFunc(i.shifts, func(s imported) bool { return s.to <= from || s.from >= to || len(s.people) == 0 })
	for _, s := range shifts {
		edges = append(edges, max(s.from, from), min(s.to, to))
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	slices.SortFunc(shifts, func(a, b imported) int { return cmp.Compare(a.from, b.from) })
	var list []Segment
	var active []imported
	for k, t := range edges {
		if t >= to {
			break
		}
		for len(shifts) > 0 && shifts[0].from <= t {
			active = append(active, shifts[0])
			shifts = shifts[1:]
		}
		active = slices.DeleteFunc(active, func(s imported) bool { return s.to <= t })
		end := to
		if k+1 < len(edges) {
			end = edges[k+1]
		}
		list = appendSegment(list, Segment{Start: unix(t), End: unix(end), People: highest(active)})
	}
	return list
}

// appendSegment joins s to the last one where they say the same.
func appendSegment(list []Segment, s Segment) []Segment {
	if n := len(list); n > 0 && slices.Equal(list[n-1].People, s.People) {
		list[n-1].End = s.End
		return list
	}
	return append(list, s)
}

func highest(active []imported) []string {
	level := -1
	people := []string{}
	for _, s := range active {
		if s.level > level {
			level, people = s.level, people[:0]
		}
		if s.level == level {
			people = append(people, s.people...)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// CalendarNames are the texts by which an imported calendar may mean somebody of
// the roster: ID, name and email address, in lower case.
func (r *Roster) CalendarNames() map[string]string {
	names := make(map[string]string, 3*len(r.People))
	for i := range r.People {
		p := &r.People[i]
		for _, s := range []string{p.Email, p.Name, p.ID} {
			if s != "" {
				names[strings.ToLower(s)] = p.ID
			}
		}
	}
	return names
}
