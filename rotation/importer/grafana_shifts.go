package importer

import (
	"cmp"
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// grafanaShift is one shift of the API.
type grafanaShift struct {
	Schedule, Name, Type string
	TimeZone             string `json:"time_zone"`
	Level                *int
	Start                string
	Duration             int64  // seconds
	RotationStart        string `json:"rotation_start"`
	Frequency            string
	Interval             int
	Until                string
	WeekStart            string   `json:"week_start"`
	ByDay                []string `json:"by_day"`
	ByMonth              []int    `json:"by_month"`
	ByMonthday           []int    `json:"by_monthday"`
	Users                []string
	Rolling              [][]string `json:"rolling_users"`
	Index                int        `json:"start_rotation_from_user_index"`
}

// Lengths on the clock.
const (
	localHour = rotation.Local(3600)
	localDay  = 24 * localHour
	localWeek = 7 * localDay
)

// longestShift is how long an occurrence may last: ten years.
const longestShift = 10 * 366 * 86400

// recurring is a shift as it is read: turns that come again, and when in each of them
// somebody is on call.
type recurring struct {
	v         grafanaShift
	loc       *time.Location
	zone      string // as the layers have it; empty: the rotation's
	priority  int
	start     rotation.Local // of the first occurrence
	counted   rotation.Local // of the first turn
	rotates   rotation.Local // turns before it are not held
	length    rotation.Local // of an occurrence
	interval  int
	days      []time.Weekday
	groups    []rotation.Slot
	rolling   bool
	web       bool
	unit      rotation.Local // that the frequency counts; 0 for months
	perWindow bool           // a turn is so many windows
}

// shift makes layers of a shift.
func (x *onSchedule) shift(s entity[grafanaShift]) {
	v := s.v
	refuse := func(why string) { x.leftOut(x.entry, "shift "+clean(v.Name)+": "+why, "write a layer by hand") }
	name, loc, ok := zone(cmp.Or(v.TimeZone, x.lentTo(v)))
	if !ok {
		refuse("unknown zone " + quote(v.TimeZone))
		return
	}
	if v.Until >= endOfTime.Format(time.DateOnly) {
		v.Until = ""
	}
	r := recurring{v: v, loc: loc, interval: max(v.Interval, 1), length: rotation.Local(v.Duration), rolling: v.Type == "rolling_users", web: x.Type == "web" && v.Schedule == x.id}
	if name != x.rot.TimeZone {
		r.zone = name
	}
	if v.Level != nil {
		r.priority = *v.Level
	}
	if v.Type == "override" {
		r.priority = overrideLevel
	} else if v.TimeZone == "" {
		x.bare = true
	}
	if r.start, ok = grafanaLocal(v.Start); !ok || v.Duration <= 0 || v.Duration > longestShift {
		refuse("its start or its length cannot be read")
		return
	}
	if r.rotates, ok = grafanaLocal(cmp.Or(v.RotationStart, v.Start)); !ok {
		refuse("its rotation_start cannot be read")
		return
	}
	if _, ok := grafanaLocal(v.Until); !ok && v.Until != "" {
		refuse("its end cannot be read")
		return
	}
	r.groups = x.groupsOf(v)
	switch {
	case v.Type == "override" || v.Type == "single_event" || v.Frequency == "":
		x.once(r)
	case len(v.ByMonth) > 0 || len(v.ByMonthday) > 0:
		refuse("by_month and by_monthday have no counterpart")
	default:
		if why := x.recur(r); why != "" {
			refuse(why)
		}
	}
}

// lentTo is the zone of a shift that has none itself.
func (x *onSchedule) lentTo(v grafanaShift) string {
	if v.Type == "override" {
		return "UTC"
	}
	return x.lent
}

// groupsOf are those who take turns, the first turn's first; unknown people drop out of
// their group.
func (x *onSchedule) groupsOf(v grafanaShift) []rotation.Slot {
	there := [][]string{v.Users}
	if v.Type == "rolling_users" || len(v.Users) == 0 && len(v.Rolling) > 0 {
		there = v.Rolling
		if v.Index > 0 && v.Index < len(there) {
			there = slices.Concat(there[v.Index:], there[:v.Index])
		}
	}
	var groups []rotation.Slot
	for _, users := range there {
		groups = append(groups, x.building.persons(users))
	}
	return groups
}

// once makes a layer of what happens one time.
func (x *onSchedule) once(r recurring) {
	begin := rotation.Instant(r.loc, r.start)
	end := begin.Add(time.Duration(r.length) * time.Second)
	if !end.After(x.At) {
		x.past = append(x.past, clean(r.v.Name))
		return
	}
	users := r.v.Users
	if (r.rolling || len(users) == 0) && len(r.v.Rolling) > 0 {
		users = r.v.Rolling[max(0, r.v.Index)%len(r.v.Rolling)]
	}
	id := x.layerID(r.v.Name)
	x.unknown(id, r.v.Name, users)
	if len(r.groups) == 0 || len(r.groups[0]) == 0 {
		x.leftOut(x.entry, "shift "+clean(r.v.Name)+": nobody of it is in the export", "")
		return
	}
	x.rot.Layers = append(x.rot.Layers, rotation.Layer{ID: id, Priority: r.priority, TimeZone: r.zone, People: r.groups[:1], Start: r.start,
		Every: rotation.Cadence{Unit: rotation.Days, Length: 1}, Until: end})
}

// recur makes layers of what comes again. It returns why it cannot.
func (x *onSchedule) recur(r recurring) string {
	days, ok := shortDays(r.v.ByDay)
	if !ok {
		return "a day of by_day cannot be read"
	}
	r.days = days
	switch r.v.Frequency {
	case "hourly":
		r.unit = localHour
	case "daily":
		r.unit = localDay
	case "weekly":
		r.unit = localWeek
	case "monthly":
	default:
		return "the frequency " + clean(r.v.Frequency) + " has no counterpart"
	}
	if len(days) > 0 && r.unit == localHour {
		return "hourly with by_day has no counterpart"
	}
	switch {
	case len(r.groups) == 0:
		return "nobody is in it"
	case !r.sane():
		return "its turns are too long, too many or lie too often over each other"
	}
	r.align()
	held := r.bounds()
	if !held.ever || !held.ends.IsZero() && !held.ends.After(x.At) {
		x.ended = append(x.ended, clean(r.v.Name))
		return ""
	}
	if changesWithin(r.loc, x.At) {
		x.moves = true
	}
	parts, why := r.parts(x.At)
	id := x.layerID(r.v.Name)
	if why != "" {
		x.differs("rotation "+x.rot.ID+"/layer "+id, x.entry, "shift "+clean(r.v.Name)+": "+why, "see who is on call then")
	}
	for _, users := range append(slices.Clone(r.v.Rolling), r.v.Users) {
		x.unknown(id, r.v.Name, users)
	}
	for k, p := range parts {
		l := p.layer
		if l.ID = id; k > 0 {
			l.ID = x.layerID(r.v.Name)
		}
		l.Priority, l.TimeZone, l.Until = r.priority, r.zone, r.over(held, p)
		if l.Every.Unit == rotation.Hours {
			l.Clock = rotation.WallClock
		}
		from := later(held.holds, rotation.Instant(r.loc, r.nth(held.first)+p.after))
		begin(&x.rot, &l, r.loc, rotation.Instant(r.loc, r.counted), from, x.At)
		x.rot.Layers = append(x.rot.Layers, l)
	}
	return ""
}

// part is a layer that a shift becomes, and how long after the beginning of its first
// turn it holds for the first time.
type part struct {
	layer rotation.Layer
	after rotation.Local
}

// parts are the layers that the shift becomes: one, and further ones for what lasts on
// when the next turn has begun. What they do not say exactly is why.
func (r *recurring) parts(at time.Time) (list []part, why string) {
	switch {
	case r.length%60 != 0 || r.counted%60 != 0:
		why = "it begins or ends within a minute; here at the full one"
	case len(r.days) > 0 && r.length > localWeek:
		why = "its occurrences lie over each other"
	}
	switch {
	case r.perWindow:
		return []part{{layer: r.layer(rotation.Windows, r.interval, r.groups, r.window(r.days, r.length))}}, why
	case r.unit == 0:
		list, more := r.months(at)
		return list, cmp.Or(why, more)
	case len(r.days) > 0 && r.unit == localWeek:
		return r.namedDays(), why
	case len(r.days) > 0:
		return []part{{layer: r.layer(rotation.Days, 1, spread(r.groups, 1, r.interval), r.window(r.days, r.length))}}, why
	case r.unit == localHour:
		l, more := r.hours()
		return []part{{layer: l}}, cmp.Or(why, more)
	}
	return r.plain(), why
}

// namedDays are the layers of a shift of weeks that holds on some days of them.
func (r *recurring) namedDays() []part {
	turns := spread(r.groups, 1, r.interval)
	list := []part{{layer: r.layer(rotation.Weeks, 1, turns, r.window(r.days, r.length))}}
	if over := r.lastDay() + r.length - localWeek; over > 0 {
		first := []time.Weekday{weekdayOf(r.counted)}
		list = append(list, part{r.layer(rotation.Weeks, 1, turned(turns, 1), r.window(first, min(over, localWeek))), localWeek})
	}
	return list
}

// plain are the layers of a shift of days or weeks without named ones.
func (r *recurring) plain() (list []part) {
	unit, days := rotation.Days, []time.Weekday(nil)
	if r.unit == localWeek {
		unit, days = rotation.Weeks, []time.Weekday{weekdayOf(r.counted)}
	}
	full, rest := int(r.length/r.unit), r.length%r.unit
	if full == r.interval && rest == 0 {
		return []part{{layer: r.layer(unit, r.interval, r.groups)}}
	}
	for done := 0; done < full; done += r.interval {
		turns := turned(spread(r.groups, min(full-done, r.interval), r.interval), done)
		list = append(list, part{r.layer(unit, 1, turns), rotation.Local(done) * r.unit})
	}
	if rest > 0 {
		turns := turned(spread(r.groups, 1, r.interval), full)
		list = append(list, part{r.layer(unit, 1, turns, r.window(days, rest)), rotation.Local(full) * r.unit})
	}
	return list
}

// hours is the layer of a shift of hours.
func (r *recurring) hours() (l rotation.Layer, why string) {
	turn := rotation.Local(r.interval) * localHour
	switch {
	case r.length > turn:
		why = "its occurrences lie over each other; here each ends when the next begins"
		fallthrough
	case r.length == turn:
		return r.layer(rotation.Hours, r.interval, r.groups), why
	case localDay%turn == 0:
		var windows []rotation.Window
		for at := r.counted % localDay % turn; at < localDay; at += turn {
			windows = append(windows, window(nil, int(at/60), int(r.length/60)))
		}
		return r.layer(rotation.Hours, r.interval, r.groups, windows...), ""
	}
	step := gcd(turn, r.length)
	if step%localHour != 0 {
		step, why = localHour, "it ends within an hour; here at the full one"
	}
	turns := spread(r.groups, int((r.length+step-1)/step), int(turn/step))
	return r.layer(rotation.Hours, int(step/localHour), turns), why
}

func gcd(a, b rotation.Local) rotation.Local {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// layer is a layer with a list and a cadence.
func (r *recurring) layer(unit rotation.Unit, length int, list []rotation.Slot, windows ...rotation.Window) rotation.Layer {
	return rotation.Layer{People: slices.Clone(list), Every: rotation.Cadence{Unit: unit, Length: length}, Windows: windows}
}

// window is the time on some days that an occurrence takes.
func (r *recurring) window(days []time.Weekday, length rotation.Local) rotation.Window {
	return joined([]rotation.Window{window(days, int((r.counted%localDay+localDay)%localDay/60), int(length/60))})[0]
}

// lastDay is how long after the first named day of a week the last one comes.
func (r *recurring) lastDay() rotation.Local {
	var last rotation.Local
	for l := r.counted; l < r.counted+localWeek; l += localDay {
		if slices.Contains(r.days, weekdayOf(l)) {
			last = l - r.counted
		}
	}
	return last
}

// spread is a list in which each group holds some turns of so many, and nobody the rest.
func spread(groups []rotation.Slot, held, of int) []rotation.Slot {
	var list []rotation.Slot
	for _, g := range groups {
		for n := range of {
			if n < held {
				list = append(list, g)
			} else {
				list = append(list, nil)
			}
		}
	}
	return list
}

// turned is a list that begins n turns later, with the last ones in front.
func turned(list []rotation.Slot, n int) []rotation.Slot {
	n = len(list) - n%len(list)
	return slices.Concat(list[n%len(list):], list[:n%len(list)])
}
