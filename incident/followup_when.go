package incident

import (
	"strings"
	"time"
)

// Reminders of what is left to do come on weekdays, at this time or, where something
// was in the way, until the end of the working day.
const (
	remindHour, remindMinute = 9, 30
	remindUntil              = 17
)

// Daytime returns the first instant from now on at which somebody in a zone may be
// reminded of something that is not urgent: on weekdays, from 9:30 to 17:00.
func Daytime(now time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	for day := range 4 {
		y, m, d := local.AddDate(0, 0, day).Date()
		from := time.Date(y, m, d, remindHour, remindMinute, 0, 0, zone)
		switch weekday := from.Weekday(); {
		case weekday == time.Saturday, weekday == time.Sunday:
		case now.Before(from):
			return from.UTC()
		case now.Before(time.Date(y, m, d, remindUntil, 0, 0, 0, zone)):
			return now
		}
	}
	return now // there is no week with four days without one
}

// NextReminder returns when those who own a follow-up are reminded of it next, after
// the instant last: at half time between since, when it was opened or got its date, and
// its date, three days before that, on the day, and then every week. What would fall on
// a weekend comes on the Friday before. Zero: never.
func (f FollowUp) NextReminder(since, last time.Time, zone *time.Location) time.Time {
	if !f.Open() || f.Due.IsZero() {
		return time.Time{}
	}
	if last.Before(since) {
		last = since
	}
	for _, at := range []time.Time{since.Add(f.Due.Sub(since) / 2), f.Due.AddDate(0, 0, -3), f.Due} {
		if at = morning(at, zone); at.After(last) {
			return at
		}
	}
	for due := f.Due.In(zone).AddDate(0, 0, 7); ; due = due.AddDate(0, 0, 7) {
		if at := morning(due, zone); at.After(last) {
			return at
		}
	}
}

// morning is the time of reminders on the day of an instant, or on the Friday before.
func morning(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	at = time.Date(y, m, d, remindHour, remindMinute, 0, 0, zone)
	switch at.Weekday() {
	case time.Saturday:
		at = at.AddDate(0, 0, -1)
	case time.Sunday:
		at = at.AddDate(0, 0, -2)
	}
	return at.UTC()
}

// ParseDay reads a day as people type one: 2026-12-24, 24.12.2026, tomorrow, friday, or
// in days or weeks from now as in 10d or 2w. The instant is the end of that day in the
// zone. A day of the week is the next one that is not today.
func ParseDay(text string, now time.Time, zone *time.Location) (time.Time, bool) {
	if zone == nil {
		zone = time.UTC
	}
	text = strings.ToLower(strings.Trim(strings.TrimSpace(text), ".,;"))
	for _, layout := range []string{time.DateOnly, "2.1.2006", "2006/1/2"} {
		if day, err := time.ParseInLocation(layout, text, zone); err == nil {
			return endOf(day), true
		}
	}
	today := now.In(zone)
	switch text {
	case "today":
		return endOf(today), true
	case "tomorrow":
		return endOf(today.AddDate(0, 0, 1)), true
	}
	if count, unit, ok := counted(text); ok {
		return endOf(today.AddDate(0, 0, count*unit)), true
	}
	for day := 1; day <= 7; day++ {
		then := today.AddDate(0, 0, day)
		if name := strings.ToLower(then.Weekday().String()); text == name || text == name[:3] {
			return endOf(then), true
		}
	}
	return time.Time{}, false
}

// counted reads 10d or 2w.
func counted(text string) (count, days int, ok bool) {
	number, days := text, 0
	switch {
	case strings.HasSuffix(text, "d"):
		number, days = strings.TrimSuffix(text, "d"), 1
	case strings.HasSuffix(text, "w"):
		number, days = strings.TrimSuffix(text, "w"), 7
	}
	if days == 0 || len(number) == 0 || len(number) > 3 {
		return 0, 0, false
	}
	for _, r := range number {
		if r < '0' || r > '9' {
			return 0, 0, false
		}
		count = count*10 + int(r-'0')
	}
	return count, days, true
}

// endOf is the last second of a day.
func endOf(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 23, 59, 59, 0, day.Location()).UTC()
}

// farthest is how far away a date is that somebody may mean.
const farthest = 5 * 366 * 24 * time.Hour

// DayOf reads a day for somebody, and refuses what is none or lies behind them.
func DayOf(text string, now time.Time, zone *time.Location) (time.Time, error) {
	at, ok := ParseDay(text, now, zone)
	short, _ := CleanTitle(text)
	switch {
	case !ok:
		return at, Refuse("As in 2026-12-24, friday, 10d or 2w.", "“%s” is not a date.", short)
	case !at.After(now):
		return at, Refuse("Name a day that is still to come.", "%s is over.", short)
	case at.Sub(now) > farthest:
		return at, Refuse("Name a day within five years.", "%s is far away.", short)
	}
	return at, nil
}

// Day says a date as a business in a zone means it, as in "Thu 24 Dec 2026".
func Day(at time.Time, zone *time.Location) string {
	if at.IsZero() {
		return "no date"
	}
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone).Format("Mon 2 Jan 2006")
}

// DaysUntil is how many days a date is away, by the calendar of a zone: 0 today, 1
// tomorrow, -1 yesterday.
func DaysUntil(due, now time.Time, zone *time.Location) int {
	if zone == nil {
		zone = time.UTC
	}
	day := func(t time.Time) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(due).Sub(day(now)) / (24 * time.Hour))
}
