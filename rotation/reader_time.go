package rotation

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// zone is the IANA name at key. Whether it exists is asked once per name.
func (o *object) zone(key string) string {
	name := o.text(key)
	if name == "" {
		return ""
	}
	if _, err := o.zones.zone(name); err == nil {
		return name
	}
	hint, known := o.badZones[name]
	if !known {
		hint = "write an IANA name such as Europe/Berlin"
		if near := nearestZone(name); near != "" {
			hint = "did you mean " + near + "?"
		}
		o.badZones[name] = hint
	}
	o.bad(key, "unknown time zone "+strconv.Quote(name), hint)
	return ""
}

// local is the wall-clock time at key.
func (o *object) local(key string) Local {
	s := o.text(key)
	if s == "" {
		return 0
	}
	l, err := ParseLocal(s)
	if err == nil {
		o.within(key, l.utc().Year())
		return l
	}
	hint := "write the wall clock like 2026-01-05T09:00"
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		hint = "leave the offset out and write the wall clock: " + s[:len("2006-01-02T15:04")]
	} else if _, err := time.Parse(time.DateOnly, s); err == nil {
		hint = "add the time of day: " + s + "T09:00"
	}
	o.bad(key, key+" is "+strconv.Quote(s)+", not a wall-clock time", hint)
	return 0
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
	o.bad(key, key+" is "+strconv.Quote(s)+", not an instant", o.instantHint(s, zone))
	return time.Time{}
}

// within refuses years that only a slip of the finger means, and that zone data
// and date formats are not made for.
func (o *object) within(key string, year int) {
	if year < 1900 || year > 2500 {
		o.bad(key, fmt.Sprintf("%s is in the year %d", key, year), "write a year from 1900 to 2500")
	}
}

func (o *object) instantHint(s, zone string) string {
	l, err := ParseLocal(s)
	if err != nil {
		return "write it with its offset, like 2026-03-01T18:00:00Z or 2026-03-01T19:00:00+01:00"
	}
	z, err := o.zones.zone(zone)
	if err != nil {
		return "add the offset, or Z for UTC: " + s + ":00Z"
	}
	return typedHint(Place(z.loc, l), z.loc)
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
		o.bad(key, key+" is "+strconv.Quote(s)+", not a time of day", `write it like "09:00", with the quotes`)
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

// dates is the list of dates at key.
func (o *object) dates(key string) []string {
	list := o.texts(key)
	for _, s := range list {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			o.bad(key, strconv.Quote(s)+" in "+key+" is not a date", "write dates like 2026-12-25")
		}
	}
	return list
}

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// days is the list of weekdays at key.
func (o *object) days(key string) []time.Weekday {
	var days []time.Weekday
	for _, s := range o.texts(key) {
		found := false
		for i, name := range dayNames {
			if s == name {
				days, found = append(days, time.Weekday(i)), true
			}
		}
		if !found {
			hint := "use mon, tue, wed, thu, fri, sat, sun"
			if low := strings.ToLower(s); len(low) >= 3 && strings.Contains(strings.Join(dayNames[:], " "), low[:3]) {
				hint = "write " + low[:3]
			}
			o.bad(key, "unknown day "+strconv.Quote(s), hint)
		}
	}
	return days
}
