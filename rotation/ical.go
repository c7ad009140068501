package rotation

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"
)

// Feed says what a calendar holds.
type Feed struct {
	Person    string   // only this person's shifts, of all rotations; empty: everybody's
	Rotations []string // only these; nil: all
	From, To  time.Time
	Stamp     time.Time // when the calendar was made (DTSTAMP)
}

// FeedWindow is the range a subscribed calendar covers: 15 days back, 180 ahead.
func FeedWindow(now time.Time) (from, to time.Time) {
	return now.AddDate(0, 0, -15), now.AddDate(0, 0, 180)
}

// steady is how far before a feed its events are numbered from, so that an event
// keeps its UID while the window of the feed moves on.
const steady = 60 * 24 * time.Hour

// Calendar returns the final schedule as an iCalendar file (RFC 5545): times in
// UTC, CRLF, lines folded at 75 octets, UIDs made of rotation, layer and turn, or
// of the override, and never of times, so that a changed hour moves an event
// instead of making another. Gaps are not events.
func (r *Roster) Calendar(f Feed) []byte {
	c := ics.NewCalendarFor("Stormbell")
	c.SetProductId("-//Stormbell//On call//EN")
	c.SetMethod(ics.MethodPublish)
	c.SetName(plainLine(r.feedName(f)))
	c.SetRefreshInterval("PT1H")
	c.SetXPublishedTTL("PT1H")
	for i := range r.Rotations {
		x := &r.Rotations[i]
		if f.Rotations == nil || slices.Contains(f.Rotations, x.ID) {
			r.addShifts(c, x, f)
		}
	}
	var b bytes.Buffer
	// Writing to memory cannot fail, and the option is one the library knows.
	_ = c.SerializeTo(&b, ics.WithNewLineWindows)
	return b.Bytes()
}

func (r *Roster) feedName(f Feed) string {
	switch {
	case f.Person != "":
		return "On call: " + r.name(f.Person)
	case len(f.Rotations) == 1:
		return "On call: " + f.Rotations[0]
	}
	return "On call"
}

func (r *Roster) addShifts(c *ics.Calendar, x *Rotation, f Feed) {
	for _, s := range x.shifts(f.From.Add(-steady), f.To) {
		if s.Gap() || !s.End.After(f.From) || f.Person != "" && !slices.Contains(s.People, f.Person) {
			continue
		}
		e := c.AddEvent(s.uid)
		e.SetDtStampTime(f.Stamp)
		e.SetStartAt(later(s.Start, f.From))
		e.SetEndAt(s.End)
		e.SetSequence(x.lastSeq())
		e.SetSummary(plainLine(r.shiftTitle(x, s, f)))
		if by := r.shiftCause(s); by != "" {
			e.SetDescription(plainLine(by))
		}
	}
}

func (r *Roster) shiftTitle(x *Rotation, s shift, f Feed) string {
	if f.Person != "" {
		return "On call: " + x.ID
	}
	return r.namesText(s.People) + " (" + x.ID + ")"
}

func (r *Roster) shiftCause(s shift) string {
	switch s.By {
	case "override":
		return "By an override"
	case "swap":
		return "By a swap"
	}
	return ""
}

// plainLine keeps a text in one line: control characters would end the property
// and begin another.
func plainLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// shift is a segment that a calendar can recognise again.
type shift struct {
	Segment
	uid string
}

// shifts are the segments of [from, to), each with a UID: what gave it out, and a
// number where that gave out several.
func (r *Rotation) shifts(from, to time.Time) []shift {
	c := r.compiled()
	var b buffers
	s := b.state()
	used := make(map[string]int)
	var list []shift
	for _, x := range r.Final(from, to) {
		c.resolve(&s, x.Start.Unix())
		uid := r.ID + "." + c.source(&s, x.Start.Unix())
		used[uid]++
		if n := used[uid]; n > 1 {
			uid += "." + strconv.Itoa(n)
		}
		list = append(list, shift{x, uid + "@stormbell"})
	}
	return list
}

// source names what put the people of s on call at t.
func (c *compiled) source(s *state, t int64) string {
	switch s.cause {
	case byLayer:
		l := &c.layers[s.layer]
		v := l.version(t)
		return l.id + "." + strconv.FormatInt(v.cad.turn(l, t, l.zone.high(t)), 10)
	case byOverride, bySwap:
		return "override-" + strconv.Itoa(s.seq)
	}
	return "nobody"
}

// event is a VEVENT without the library that read it.
type event struct {
	uid, summary, status, rule string
	start, end                 property
	duration                   string
	recurrence                 property // which instance of the series it replaces
	except, more               []property
	sequence                   int
}

// property is a date or time with its parameters.
type property struct {
	value, zone string
	date        bool // a date without a time
}

// readICal reads the events of a calendar file.
func readICal(data []byte) ([]event, error) {
	c, err := ics.ParseCalendarWithOptions(bytes.NewReader(data), ics.WithUnknownPropertyHandler(ics.AcceptUnknownPropertyHandler))
	if err != nil {
		return nil, fmt.Errorf("calendar: %v", err)
	}
	var list []event
	for _, e := range c.Events() {
		list = append(list, readEvent(e))
	}
	return list, nil
}

func readEvent(e *ics.VEvent) event {
	text := func(p ics.ComponentProperty) string {
		if x := e.GetProperty(p); x != nil {
			return strings.TrimSpace(x.Value)
		}
		return ""
	}
	moment := func(p ics.ComponentProperty) property {
		all := moments(e, p)
		if len(all) == 0 {
			return property{}
		}
		return all[0]
	}
	x := event{
		uid: text(ics.ComponentPropertyUniqueId), summary: text(ics.ComponentPropertySummary),
		status: strings.ToUpper(text(ics.ComponentPropertyStatus)), rule: text(ics.ComponentPropertyRrule),
		start: moment(ics.ComponentPropertyDtStart), end: moment(ics.ComponentPropertyDtEnd),
		duration: text(ics.ComponentPropertyDuration), recurrence: moment(ics.ComponentPropertyRecurrenceId),
		except: moments(e, ics.ComponentPropertyExdate), more: moments(e, ics.ComponentPropertyRdate),
	}
	x.sequence, _ = strconv.Atoi(text(ics.ComponentPropertySequence))
	return x
}

// moments reads every value of a date property; EXDATE and RDATE hold lists.
func moments(e *ics.VEvent, p ics.ComponentProperty) []property {
	var list []property
	for _, x := range e.GetProperties(p) {
		zone := ""
		if z := x.ICalParameters[string(ics.ParameterTzid)]; len(z) == 1 {
			zone = z[0]
		}
		for _, v := range strings.Split(x.Value, ",") {
			v = strings.TrimSpace(v)
			list = append(list, property{value: v, zone: zone, date: len(v) == len("20060102")})
		}
	}
	return list
}

// Fences around recurrence rules. The library expands hours and seconds one by
// one and searches eight thousand years for a rule that never matches.
const (
	mostStarts  = 100_000 // daily since 1900 are half of that
	longestRule = 500
)

// recur expands a rule on a wall clock, which is a UTC clock for the library:
// the starts from start to last, in order.
func recur(rule string, start, last Local) ([]Local, error) {
	if len(rule) > longestRule {
		return nil, fmt.Errorf("rule: longer than %d characters", longestRule)
	}
	o, err := rrule.StrToROption(rule)
	if err != nil {
		return nil, fmt.Errorf("rule: %v", err)
	}
	if o.Freq > rrule.DAILY || len(o.Byhour)+len(o.Byminute)+len(o.Bysecond)+len(o.Byeaster) > 0 {
		return nil, fmt.Errorf("rule: only daily, weekly, monthly and yearly ones without hours are read")
	}
	o.Dtstart = start.utc()
	if o.Until.IsZero() || o.Until.After(last.utc()) {
		o.Until = last.utc()
	}
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, fmt.Errorf("rule: %v", err)
	}
	var list []Local
	for next := r.Iterator(); ; {
		t, ok := next()
		if !ok {
			return list, nil
		}
		if len(list) == mostStarts {
			return nil, fmt.Errorf("rule: more than %d instances", mostStarts)
		}
		list = append(list, Local(t.Unix()))
	}
}
