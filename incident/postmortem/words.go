package postmortem

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// clock shows instants: in UTC, and beside that in the zone of the business.
type clock struct{ zone *time.Location }

func newClock(zone *time.Location) clock {
	if zone == nil {
		zone = time.UTC
	}
	return clock{zone}
}

// at shows the minute: 07:50 UTC (09:50 CEST). The local date stands beside the
// local time where it is another one.
func (c clock) at(t time.Time) string {
	u, l := t.UTC(), t.In(c.zone)
	s := u.Format("15:04 UTC")
	zone, offset := l.Zone()
	if offset == 0 && (zone == "UTC" || zone == "GMT") {
		return s
	}
	if u.YearDay() != l.YearDay() {
		return s + l.Format(" (Mon 2 Jan 15:04 ") + zone + ")"
	}
	return s + l.Format(" (15:04 ") + zone + ")"
}

// full is at with the date in UTC before it.
func (c clock) full(t time.Time) string {
	if t.IsZero() {
		return "not yet"
	}
	return t.UTC().Format("Mon 2 Jan 2006, ") + c.at(t)
}

// list returns at for the lines of a list, in their order: where the day in UTC is not
// that of the line before, or at first not that of start, the date stands before it.
func (c clock) list(start time.Time) func(time.Time) string {
	last := start.UTC().Format(time.DateOnly)
	return func(t time.Time) string {
		day := t.UTC().Format(time.DateOnly)
		if day == last {
			return c.at(t)
		}
		last = day
		return t.UTC().Format("Mon 2 Jan, ") + c.at(t)
	}
}

// list returns how instants are shown in the lines of a list: without the day where
// everything until it was resolved happened on one, and otherwise with that of the first.
func (f *facts) list() func(time.Time) string {
	end := f.moments().resolved.At
	if end.IsZero() {
		end = f.i.Updated
	}
	if end.UTC().Format(time.DateOnly) != f.i.Declared.UTC().Format(time.DateOnly) {
		return f.clock.list(time.Time{})
	}
	return f.clock.list(f.i.Declared)
}

// short shows the minute in UTC alone, with the date where it is not that of near.
func (c clock) short(t, near time.Time) string {
	if t.UTC().Format(time.DateOnly) == near.UTC().Format(time.DateOnly) {
		return t.UTC().Format("15:04")
	}
	return t.UTC().Format("15:04 on 2 Jan")
}

// date shows the day that it is for the business.
func (c clock) date(t time.Time) string { return t.In(c.zone).Format("2 January 2006") }

// Span is a duration. As text it is what people say: 45 s, 33 min, 1 h 41 min.
type Span time.Duration

// String returns the span in its two largest units, rounded down.
func (s Span) String() string {
	d := time.Duration(s)
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	day := 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%s%d s", sign, d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%s%d min", sign, d/time.Minute)
	case d < day:
		return strings.TrimSuffix(fmt.Sprintf("%s%d h %d min", sign, d/time.Hour, d%time.Hour/time.Minute), " 0 min")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%s%d d %d h", sign, d/day, d%day/time.Hour), " 0 h")
	}
}

// MarshalText writes the span as Go writes a duration, 33m0s.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads what MarshalText has written.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*s = Span(d)
	return err
}

// wording shows what an event names as the document does: people by what they
// did, and nothing that somebody typed without its names replaced.
func (f *facts) wording() incident.Wording {
	return incident.Wording{
		Actor:   f.cast.label,
		Service: func(id string) string { return or(f.service(id), "another service") },
		Date:    f.clock.date,
		Text:    f.cast.clean,
	}
}

// typed returns what was written with an event, as it was typed but for names.
func (f *facts) typed(e incident.Event, s incident.Sentence) string {
	list := make([]string, 0, len(s.Wrote))
	for _, text := range s.Wrote {
		switch e.Kind {
		case incident.KindStep: // which step it is, and whom the rotation had, is said already
			text = stepTarget.ReplaceAllString(stepAsks.ReplaceAllString(text, "It asked "), "")
			text = stepHead.ReplaceAllString(text, "")
		case incident.KindPaged:
			if text == "by hand" {
				continue // the line before says who asked for it
			}
		}
		if text = f.cast.clean(text); text != "" {
			list = append(list, text)
		}
	}
	return strings.Join(list, "\n")
}

// What the program wrote about a step says its number once more, and by which rule
// somebody was asked.
var (
	stepAsks   = pattern.New(`^Step \d+(?: \(round \d+\))?: `)
	stepHead   = pattern.New(`^Step \d+(?: \(round \d+\))?(?:\. |$)`)
	stepTarget = pattern.New(` as (?:rotation|team|service|schedule|group) [\pL\pN._-]*[\pL\pN](?:, (?:rotation|team|service|schedule|group) [\pL\pN._-]*[\pL\pN])*`)
)

// paged returns to whom a page went: a person by label, anything else as people say it.
func (f *facts) paged(e incident.Event) string {
	if e.Person != "" {
		return f.cast.label(e.Person)
	}
	return or(f.cast.clean(incident.TargetWords(e.Target)), "somebody")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
