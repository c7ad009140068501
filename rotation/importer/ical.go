package importer

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/rotation"
)

// calendars is the name of what is no system: iCalendar files from any program, each of
// which becomes a rotation.
const calendars = "ical"

// It is registered here, since it looks among the others for whose a file is.
func init() { systems[calendars] = &ical }

var ical = system{name: calendars, take: func(*reading, *document) bool { return false }, read: importCalendars}

// calendarMonths is how far ahead a calendar is read.
const calendarMonths = 13

// isCalendar reports whether a file is an iCalendar file.
func isCalendar(f File) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf"))), []byte("BEGIN:VCALENDAR"))
}

// importCalendars makes a rotation of each calendar.
func importCalendars(s *system, files []File, o Options) (*Result, error) {
	b := newBuilding(newReading(s), o)
	for _, f := range files {
		switch {
		case f.Refused != nil:
			b.refused = append(b.refused, *f.Refused)
		case !isCalendar(f):
			if other, ok := Detect([]File{f}); ok {
				b.refuse(f.Name, "looks like "+other, "say: stormbell import "+other+" …")
				continue
			}
			b.refuse(f.Name, "not an iCalendar file", "save the calendar as one")
		default:
			b.calendar(f)
		}
	}
	if len(b.refused) > 0 {
		return nil, b.refused
	}
	return b.finish(len(files))
}

var calendarKey = pattern.New(`(?mi)^(X-WR-CALNAME|X-WR-TIMEZONE)[^:\r\n]*:([^\r\n]*)`)

func (b *building) calendar(f File) {
	said := map[string]string{}
	for _, m := range calendarKey.FindAllSubmatch(f.Data, -1) {
		said[strings.ToUpper(string(m[1]))] = string(m[2])
	}
	name := cmp.Or(strings.TrimSpace(said["X-WR-CALNAME"]), stem(f.Name))
	entry := "calendar " + clean(name)
	zoneName, loc, ok := zone(said["X-WR-TIMEZONE"])
	if !ok {
		zoneName, loc = "UTC", time.UTC
	}
	m := rotation.Import{TimeZone: zoneName, From: b.At, To: b.At.AddDate(0, calendarMonths, 0), People: map[string]string{}}
	first, err := m.Read(f.Data)
	if err != nil {
		b.refuse(f.Name, strings.TrimPrefix(err.Error(), "calendar: "), "export it again")
		return
	}
	for _, w := range first.Warnings {
		if who, ok := strings.CutPrefix(w, "unknown_user:"); ok && who != "" {
			m.People[strings.ToLower(who)] = who
		}
	}
	read, err := m.Read(f.Data)
	if err != nil {
		b.refuse(f.Name, strings.TrimPrefix(err.Error(), "calendar: "), "export it again")
		return
	}
	for _, w := range read.Warnings {
		kind, what, _ := strings.Cut(w, ":")
		b.leftOut(entry, strings.ReplaceAll(kind, "_", " ")+" "+quote(what), "see who is on call in those events")
	}
	r := rotation.Rotation{ID: b.id("rotation", name), TimeZone: zoneName}
	list := b.named(read.Segments)
	if len(b.roster.People) == 0 {
		b.refuse(f.Name, "nobody is on call after "+instantWords(b.At), "see whether it is the right calendar, and --at")
		return
	}
	end := m.To.Format(time.DateOnly)
	if l, ok := ruleOf(list, loc); ok {
		r.Layers = []rotation.Layer{l}
		b.lookAt(entry, "its turns repeat, so they go on after "+end+", until which it was read", "add people to the list when the calendar gets more")
	} else {
		r.Layers = []rotation.Layer{{ID: "nobody", People: []rotation.Slot{nil}, Start: rotation.LocalOf(b.At, loc) / 60 * 60, Every: rotation.Cadence{Unit: rotation.Weeks, Length: 1}}}
		for _, s := range list {
			if !s.Gap() {
				r.Overrides = append(r.Overrides, rotation.Override{Kind: rotation.Set, People: s.People, Start: s.Start, End: s.End})
			}
		}
		b.differs("rotation "+r.ID, entry, "a calendar has no rule, so its events until "+end+" became overrides, and afterwards nobody is on call", "write a layer, or import it again before")
	}
	b.carried(f.Name, entry, r)
	b.lookAt(entry, "a calendar has no escalation policy", "write one that tells rotation:"+r.ID)
}

// named are segments with IDs of the roster, to which those who are on call are added.
func (b *building) named(segments []rotation.Segment) []rotation.Segment {
	for i := range segments {
		var people []string
		for _, name := range segments[i].People {
			id, known := b.people[strings.ToLower(name)]
			if !known {
				s := someone{source: strings.ToLower(name), entry: "person " + clean(name), name: name, noZones: true}
				if emailForm.MatchString(name) {
					s.email = name
				}
				id = b.person(s)
			}
			people = append(people, id)
		}
		slices.Sort(people)
		segments[i].People = slices.Compact(people)
	}
	return segments
}

// ruleOf finds a layer that says the same as the segments: turns of so many days in a
// list that repeats. False where there is none.
func ruleOf(segments []rotation.Segment, loc *time.Location) (l rotation.Layer, ok bool) {
	if len(segments) < 4 {
		return l, false
	}
	start := rotation.LocalOf(segments[1].Start, loc)
	length := rotation.LocalOf(segments[2].Start, loc) - start
	if length <= 0 || length%localDay != 0 {
		return l, false
	}
	l = rotation.Layer{ID: "turns", Every: rotation.Cadence{Unit: rotation.Days, Length: int(length / localDay)}, Start: start - length}
	if length%localWeek == 0 {
		l.Every = rotation.Cadence{Unit: rotation.Weeks, Length: int(length / localWeek)}
	}
	for n := 1; 2*n <= len(segments); n++ {
		l.People = nil
		for _, s := range segments[:n] {
			l.People = append(l.People, s.People)
		}
		r := rotation.Rotation{TimeZone: loc.String(), Layers: []rotation.Layer{l}}
		have := r.Final(segments[0].Start, segments[len(segments)-1].End)
		if slices.EqualFunc(have, segments, func(a, b rotation.Segment) bool { return a.Start.Equal(b.Start) && slices.Equal(a.People, b.People) }) {
			return l, true
		}
	}
	return l, false
}
