package rotation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// summerless are names that people take for a place's and that never change clocks.
var summerless = map[string]string{"EST": "America/New_York", "MST": "America/Denver"}

// zone is the IANA name at key. Whether it exists is asked once per name.
func (o *object) zone(key string) string {
	name := o.text(key)
	if name == "" {
		return ""
	}
	if _, err := o.zones.zone(name); err == nil {
		if place := summerless[name]; place != "" {
			o.warn(o.line(key), o.at, name+" has no summer time: its clocks never change", "write "+place+" if they do")
		}
		return name
	}
	hint, known := o.badZones[name]
	if !known {
		hint = "write an IANA name such as Europe/Berlin"
		if len(o.badZones) < 100 { // a look at every zone costs its time
			hint = zoneHint(name)
		}
		o.badZones[name] = hint
	}
	o.bad(key, "unknown time zone "+quote(name), hint)
	return ""
}

// local is the wall-clock time at key, of the clock of zone.
func (o *object) local(key, zone string) Local {
	s := o.text(key)
	if s == "" {
		return 0
	}
	l, err := ParseLocal(s)
	if err != nil {
		o.bad(key, key+" is "+quote(s)+", not a wall-clock time", o.localHint(s, zone))
		return 0
	}
	o.within(key, l.utc().Year())
	return l
}

// instant is the RFC 3339 time at key, in UTC and whole seconds. A wall-clock
// time is refused, with the instants that it may mean in zone.
func (o *object) instant(key, zone string) time.Time {
	s := o.text(key)
	if s == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		o.within(key, t.UTC().Year())
		return t.UTC().Truncate(time.Second)
	}
	o.bad(key, key+" is "+quote(s)+", not an instant", o.instantHint(s, zone))
	return time.Time{}
}

// within refuses years that only a slip of the finger means, and that zone data
// and date formats are not made for.
func (o *object) within(key string, year int) {
	if year < 1900 || year > 2500 {
		o.bad(key, fmt.Sprintf("%s is in the year %d", key, year), "write a year from 1900 to 2500")
	}
}

// typedHint is what to write for a wall-clock time that somebody typed where an
// instant is needed.
func typedHint(m Moment, loc *time.Location) string {
	form := func(t time.Time) string { return t.In(loc).Format(time.RFC3339) }
	switch m.Verdict {
	case Reject:
		return fmt.Sprintf("in %s the clocks skip %s: take %s (%s) or %s (%s)", loc, m.Local,
			m.Before, form(Instant(loc, m.Before)), m.After, form(m.First))
	case Ask:
		return fmt.Sprintf("in %s %s happens twice: the first is %s, the second %s", loc, m.Local,
			form(m.Instants[0]), form(m.Instants[1]))
	}
	return fmt.Sprintf("with its offset in %s it is %s", loc, form(m.First))
}

// period is start and end, both needed and in order.
func (o *object) period(from, to, zone string) (start, end time.Time) {
	for _, key := range []string{from, to} {
		if !o.has(key) && o.keys != nil {
			o.bad(key, "has no "+key, "add "+key+": an instant like 2026-03-01T18:00:00Z")
		}
	}
	start, end = o.instant(from, zone), o.instant(to, zone)
	if !start.IsZero() && !end.IsZero() && !end.After(start) {
		o.bad(to, to+" is not after "+from, "swap them, or correct the one that is wrong")
	}
	return start, end
}

// clock is the time of day at key in minutes; 24:00 is allowed where an end is.
func (o *object) clock(key string) int {
	s := o.need(key, `"09:00"`)
	if s == "" {
		return 0
	}
	if s == "24:00" && key == "to" {
		return 24 * 60
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		o.bad(key, key+" is "+quote(s)+", not a time of day", clockHint(s, key == "to"))
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

// dates is the list of dates at key.
func (o *object) dates(key string) []string {
	var list []string
	for _, n := range o.scalars(key) {
		if _, err := time.Parse(time.DateOnly, n.text); err != nil {
			o.problem(n.line, o.at, quote(n.text)+" in "+key+" is not a date", dateHint(n.text))
		}
		list = append(list, n.text)
	}
	return list
}

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// days is the list of weekdays at key.
func (o *object) days(key string) []time.Weekday {
	if v := o.keys[key]; v != nil && v.kind == scalarNode {
		hint := "write days: [mon, tue, wed, thu, fri, sat, sun], as far as they are meant"
		if list := readDays(v.text); len(list) > 0 {
			hint = "write days: [" + strings.Join(list, ", ") + "]"
		}
		o.bad(key, key+" is a single value, not a list", hint)
		return nil
	}
	var days []time.Weekday
	for _, n := range o.scalars(key) {
		if i := slices.Index(dayNames[:], n.text); i >= 0 {
			days = append(days, time.Weekday(i))
			continue
		}
		hint := "use mon, tue, wed, thu, fri, sat, sun"
		if list := readDays(n.text); len(list) > 0 {
			hint = "write " + strings.Join(list, ", ")
		}
		o.problem(n.line, o.at, "unknown day "+quote(n.text), hint)
	}
	return days
}
