package rotation

import (
	"fmt"
	"time"
)

// Local is a wall-clock time without a zone, in seconds since
// 1970-01-01T00:00 on that clock. Arithmetic on it is plain integer
// arithmetic: a day is 86,400, whatever a zone does that day.
type Local int64

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// ParseLocal reads YYYY-MM-DDTHH:MM or YYYY-MM-DDTHH:MM:SS. An offset or a
// trailing Z is an error: a wall-clock time has none.
func ParseLocal(s string) (Local, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if len(s) != len(layout) {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil {
			return Local(t.Unix()), nil
		}
	}
	return 0, fmt.Errorf("local time %q: not YYYY-MM-DDTHH:MM", s)
}

// String returns the form that [ParseLocal] reads, without seconds where they
// are zero.
func (l Local) String() string {
	layout := "2006-01-02T15:04"
	if l%minute != 0 {
		layout = "2006-01-02T15:04:05"
	}
	return l.utc().Format(layout)
}

// utc is the same reading on a UTC clock, for calendar arithmetic only.
func (l Local) utc() time.Time { return time.Unix(int64(l), 0).UTC() }

// LocalOf returns what the clock of loc shows at t, cut to the second.
func LocalOf(t time.Time, loc *time.Location) Local {
	_, off := t.In(loc).Zone()
	return Local(t.Unix() + int64(off))
}

// Verdict is what a form does with a wall-clock time that somebody typed.
type Verdict string

// The verdicts.
const (
	Accept Verdict = "accept" // it happens once
	Reject Verdict = "reject" // the clocks skip it; offer the neighbours
	Ask    Verdict = "ask"    // it happens twice; ask for the first or the second
)

// Moment is a wall-clock time placed in a zone.
type Moment struct {
	Local    Local
	Verdict  Verdict
	First    time.Time   // the first instant at which the clock shows Local or later
	Instants []time.Time // every instant at which the clock shows Local: none, one or two

	// Before and After are the last minute that exists before a skipped Local
	// and the first one after it. They equal Local for any other verdict.
	Before, After Local
}

// Instant returns the first instant at which the wall clock of loc shows l or
// later. It is defined for every l and never reorders: a skipped time becomes
// the instant of the change, a repeated one its first pass, a time of a day
// that was left out the end of that day. time.Date gives other answers on
// either side of Greenwich and must not be used for hand-overs.
func Instant(loc *time.Location, l Local) time.Time {
	return unix(tableAround(loc, int64(l)).first(int64(l)))
}

// Place says what somebody who types l in loc can have meant.
func Place(loc *time.Location, l Local) Moment {
	return placeIn(tableAround(loc, int64(l)), l)
}

func placeIn(tab *table, l Local) Moment {
	m := Moment{Local: l, First: unix(tab.first(int64(l))), Before: l, After: l}
	for _, t := range tab.occurrences(int64(l)) {
		m.Instants = append(m.Instants, unix(t))
	}
	switch len(m.Instants) {
	case 0:
		m.Verdict = Reject
		change := tab.first(int64(l))
		m.After = ceilMinute(change + tab.offset(change))
		m.Before = floorMinute(change - 1 + tab.offset(change-1))
	case 1:
		m.Verdict = Accept
	default:
		m.Verdict = Ask
	}
	return m
}

// ceilMinute and floorMinute keep the offered neighbours typable even where a
// historical offset has seconds.
func ceilMinute(l int64) Local  { return Local(-floorDiv(-l, minute) * minute) }
func floorMinute(l int64) Local { return Local(floorDiv(l, minute) * minute) }

// shifted places l by RFC 5545 3.3.5: a skipped time is read with the offset
// before the gap, a repeated one is its first pass. Calendars that other
// programs wrote mean this.
func shifted(loc *time.Location, l Local) time.Time {
	tab := tableAround(loc, int64(l))
	if len(tab.occurrences(int64(l))) > 0 {
		return unix(tab.first(int64(l)))
	}
	change := tab.first(int64(l))
	return unix(int64(l) - tab.offset(change-1))
}

func unix(t int64) time.Time { return time.Unix(t, 0).UTC() }

// floorDiv is division rounded towards minus infinity; b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// floorMod is the remainder that belongs to [floorDiv]: never negative.
func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
