package rotation

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// What people write is read here as far as it can be understood, for one purpose:
// an error says what to write instead, computed, not guessed. Nothing of it is taken
// for granted; who is woken hangs on these values.

// typedTime is a date as people write them, perhaps with a time of day, perhaps with
// an offset.
type typedTime struct {
	dates []Local // their midnights; two where day and month may be swapped
	clock int64   // seconds after midnight; -1: not said
	loc   *time.Location
}

// walls are the wall-clock times that may be meant, of the zone in loc.
func (t typedTime) walls() []Local {
	list := make([]Local, len(t.dates))
	for i, d := range t.dates {
		list[i] = d + Local(max(t.clock, 0))
	}
	return list
}

var dateForms = []struct {
	form  *pattern.Pattern
	order string // of the groups: y, m, d; ? where day and month may be swapped
}{
	{pattern.New(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:\D|$)`), "ymd"},
	{pattern.New(`^(\d{4})(\d{2})(\d{2})(?:\D|$)`), "ymd"},
	{pattern.New(`^(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})(?:\D|$)`), "dmy"},
	{pattern.New(`^(\d{1,2})[-/](\d{1,2})[-/](\d{4})(?:\D|$)`), "??y"},
	{pattern.New(`^(\d{1,2})(?:st|nd|rd|th)?\.? ?-?([a-z]{3,9})\.?,?[ -]?(\d{4})(?:\D|$)`), "dmy"},
	{pattern.New(`^([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?:\D|$)`), "mdy"},
}

var (
	weekdayWord = pattern.New(`^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? `)
	clockForm   = pattern.New(`^(\d{1,2})(?:[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?|(\d{2})(\d{2})?)? ?(am|pm|a\.m\.|p\.m\.|h|uhr|o'clock)?`)
	offsetForm  = pattern.New(`^(?:utc|gmt)? ?([-+])(\d{1,2})(?::?(\d{2}))?$`)
	monthWords  = "janfebmaraprmayjunjulaugsepoctnovdec"
)

// readTime reads s; zone finds a zone by a name.
func readTime(s string, zone func(string) (*time.Location, bool)) (typedTime, bool) {
	s = strings.TrimSpace(s)
	low := asciiLower(s)
	skip := len(weekdayWord.FindString(low))
	s, low = s[skip:], low[skip:]
	for _, f := range dateForms {
		m := f.form.FindStringSubmatchIndex(low)
		if m == nil {
			continue
		}
		t := typedTime{clock: -1}
		group := func(i int) string { return low[m[2*i]:m[2*i+1]] }
		t.dates = datesOf(f.order, group(1), group(2), group(3))
		rest := strings.TrimLeft(low[m[7]:], "t ,")
		s = s[len(s)-len(rest):]
		ok := len(t.dates) > 0
		if rest != "" && ok {
			var n int
			t.clock, n = readClock(rest)
			if ok = t.clock >= 0; ok {
				t.loc, ok = readOffset(strings.TrimSpace(s[n:]), zone)
			}
		}
		return t, ok
	}
	return typedTime{}, false
}

// asciiLower keeps every byte in its place.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// datesOf is the midnights of the dates that three words may mean.
func datesOf(order, a, b, c string) []Local {
	switch order {
	case "mdy":
		return datesOf("dmy", b, a, c)
	case "ymd":
		return datesOf("dmy", c, b, a)
	case "??y":
		list := datesOf("dmy", a, b, c)
		if a != b {
			list = append(list, datesOf("dmy", b, a, c)...)
		}
		return list
	}
	d, _ := strconv.Atoi(a)
	m, err := strconv.Atoi(b)
	if err != nil {
		m = strings.Index(monthWords, b[:3])/3 + 1
		if i := strings.Index(monthWords, b[:3]); i%3 != 0 || !strings.HasPrefix(asciiLower(time.Month(m).String()), b) && b != "sept" {
			return nil
		}
	}
	y, _ := strconv.Atoi(c)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if m < 1 || m > 12 || t.Day() != d {
		return nil
	}
	return []Local{Local(t.Unix())}
}

// readClock is the seconds after midnight that s begins with, and how long it is; -1
// where it is none.
func readClock(s string) (seconds int64, n int) {
	for word, at := range map[string]int64{"noon": 12 * hour, "midday": 12 * hour, "midnight": 0} {
		if strings.HasPrefix(s, word) {
			return at, len(word)
		}
	}
	m := clockForm.FindStringSubmatch(s)
	if m == nil {
		return -1, 0
	}
	num := func(s string) int64 { x, _ := strconv.ParseInt(s, 10, 64); return x }
	h, mi, sec := num(m[1]), num(m[2]+m[4]), num(m[3]+m[5])
	switch half := strings.ReplaceAll(m[6], ".", ""); {
	case (half == "am" || half == "pm") && (h < 1 || h > 12):
		return -1, 0
	case half == "am" || half == "pm":
		h %= 12
		if half == "pm" {
			h += 12
		}
	}
	if h > 24 || mi > 59 || sec > 59 || h == 24 && mi+sec > 0 {
		return -1, 0
	}
	return h*hour + mi*minute + sec, len(m[0])
}

// readOffset is the zone that stands behind a time: nil for none.
func readOffset(s string, zone func(string) (*time.Location, bool)) (*time.Location, bool) {
	s = strings.Trim(s, "[]()")
	low := asciiLower(s)
	switch low {
	case "":
		return nil, true
	case "z", "utc", "gmt":
		return time.UTC, true
	}
	if m := offsetForm.FindStringSubmatch(low); m != nil {
		h, _ := strconv.Atoi(m[2])
		mi, _ := strconv.Atoi(m[3])
		off := h*hour + mi*minute
		if m[1] == "-" {
			off = -off
		}
		return time.FixedZone("", off), h <= 14 && mi < 60
	}
	return zone(s)
}

// zoneOf finds a zone by its name or by a word for it that means one zone only.
func (r *reader) zoneOf(name string) (*time.Location, bool) {
	if names := zoneWords(name); len(names) == 1 {
		name = names[0]
	}
	z, err := r.zones.zone(name)
	if err != nil || name == "" {
		return nil, false
	}
	return z.loc, true
}

// localHint is what to write for s where the wall clock of a zone is needed.
func (o *object) localHint(s, zone string) string {
	t, ok := readTime(s, o.zoneOf)
	if !ok {
		return "write the wall clock like 2026-01-05T09:00"
	}
	if t.clock < 0 {
		list := make([]string, len(t.dates))
		for i, d := range t.dates {
			list[i] = fmt.Sprintf("%s for midnight, %s for nine in the morning", d, d+9*hour)
		}
		return "add the time of day: " + strings.Join(list, "; or ")
	}
	if t.loc == nil {
		return "write " + orWords(texts(t.walls()))
	}
	z, err := o.zones.zone(zone)
	if err != nil || zone == "" {
		return "leave the offset out and write what the clock shows in the zone of the rotation"
	}
	var list []string
	again := ""
	for _, w := range t.walls() {
		at := Instant(t.loc, w)
		l := LocalOf(at, z.loc)
		list = append(list, l.String())
		if z.place(l).Verdict == Ask && !z.place(l).First.Equal(at) {
			again = ", for the second time that day; the first would be taken"
		}
	}
	return "a wall clock has no offset: in " + z.loc.String() + " it is then " + orWords(list) + again
}

// instantHint is what to write for s where an instant is needed, and what it means
// on the clock of a zone when it says none.
func (o *object) instantHint(s, zone string) string {
	t, ok := readTime(s, o.zoneOf)
	if !ok {
		return "write it with its offset, like 2026-03-01T18:00:00Z or 2026-03-01T19:00:00+01:00"
	}
	z, err := o.zones.zone(zone)
	switch {
	case len(t.dates) > 1:
		return "write the year first, and which of the two is meant: " + orWords(texts(t.walls()))
	case t.loc != nil:
		return "write " + Instant(t.loc, t.walls()[0]).In(t.loc).Format(time.RFC3339)
	case err != nil || zone == "":
		return "add the offset, or Z for UTC: " + t.walls()[0].utc().Format(time.RFC3339)
	case t.clock < 0:
		begin, end := Instant(z.loc, t.dates[0]), Instant(z.loc, t.dates[0]+day)
		return fmt.Sprintf("in %s that day begins at %s and ends at %s", z.loc, begin.In(z.loc).Format(time.RFC3339), end.In(z.loc).Format(time.RFC3339))
	}
	return typedHint(z.place(t.walls()[0]), z.loc)
}

// dateHint is what to write for s where a date is needed.
func dateHint(s string) string {
	t, ok := readTime(s, func(string) (*time.Location, bool) { return nil, true })
	if !ok {
		return "write dates like 2026-12-25"
	}
	list := make([]string, len(t.dates))
	for i, d := range t.dates {
		list[i] = d.utc().Format(time.DateOnly)
	}
	return "write " + orWords(list)
}

func texts(list []Local) []string {
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = l.String()
	}
	return out
}

func orWords(list []string) string { return strings.Join(list, " or ") }

// clockHint is what to write for s where a time of day is needed; end is where 24:00
// may be.
func clockHint(s string, end bool) string {
	low := asciiLower(strings.TrimSpace(s))
	seconds, n := readClock(low)
	if seconds < 0 || n != len(low) || seconds%minute != 0 {
		return `write it like "09:00", with the quotes`
	}
	text := clockText(int(seconds / minute))
	if end && seconds == 0 {
		text = "24:00"
	} else if text == "24:00" {
		text = "00:00"
	}
	return `write "` + text + `", with the quotes`
}

var (
	durationPart = pattern.New(`^(\d+(?:[.,]\d+)?) *([a-z]+)[ ,]*(?:and +)?`)
	isoDuration  = pattern.New(`^p((?:\d+[wd])*)t?((?:\d+[hms])*)$`)
	clockLength  = pattern.New(`^(\d+):(\d{2})(?::(\d{2}))?$`)
)

var durationUnits = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "mn": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "wk": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

// durationHint is what to write for s where a duration is needed.
func durationHint(s string) string {
	low := strings.TrimPrefix(asciiLower(strings.TrimSpace(s)), "-")
	if n, err := strconv.Atoi(low); err == nil && n <= 1_000_000 {
		if n == 0 {
			return "say the unit: 0s"
		}
		return fmt.Sprintf("say the unit: %dm for minutes, %ds for seconds", n, n)
	}
	if m := clockLength.FindStringSubmatch(low); m != nil {
		if m[3] != "" {
			return "write " + orWords(lengths(m[1]+"h"+m[2]+"m"+m[3]+"s"))
		}
		return "say the units: " + orWords(append(lengths(m[1]+"h"+m[2]+"m"), lengths(m[1]+"m"+m[2]+"s")...))
	}
	if m := isoDuration.FindStringSubmatch(low); m != nil {
		low = m[1] + m[2]
	}
	if list := lengths(low); len(list) > 0 {
		return "write " + list[0]
	}
	return "write it like 90s, 5m or 1h30m"
}

// lengths is the sum of numbers and units in Go's form, or nothing where a part is
// not understood.
func lengths(s string) []string {
	var sum float64
	if s == "" {
		return nil
	}
	for s != "" {
		m := durationPart.FindStringSubmatch(s)
		if m == nil {
			return nil
		}
		unit, known := durationUnits[m[2]]
		if !known {
			unit, known = durationUnits[strings.TrimSuffix(m[2], "s")]
		}
		n, err := strconv.ParseFloat(strings.Replace(m[1], ",", ".", 1), 64)
		if !known || err != nil {
			return nil
		}
		sum += n * float64(unit)
		s = s[len(m[0]):]
	}
	if sum > math.MaxInt64/2 {
		return nil
	}
	return []string{DurationText(time.Duration(sum))}
}

// dayWords are words for several days.
var dayWords = map[string]string{"weekdays": "mon-fri", "workdays": "mon-fri", "weekday": "mon-fri", "businessdays": "mon-fri",
	"weekend": "sat-sun", "weekends": "sat-sun", "daily": "mon-sun", "everyday": "mon-sun", "all": "mon-sun", "*": "mon-sun"}

// shortDays are words of two letters.
var shortDays = map[string]string{"su": "sun", "mo": "mon", "tu": "tue", "we": "wed", "th": "thu", "fr": "fri", "sa": "sat"}

var dayCut = pattern.New(`\s*(?:[,;/&+]|\s|\band\b)\s*`)

// readDays is the days that s may mean, in their short words; nothing where a part
// of it is not understood.
func readDays(s string) []string {
	low := strings.NewReplacer("–", "-", "—", "-", "..", "-", " to ", "-", " through ", "-", " - ", "-").Replace(strings.ToLower(strings.TrimSpace(s)))
	if w := dayWords[strings.NewReplacer(" ", "", "-", "").Replace(low)]; w != "" {
		low = w
	}
	var list []string
	for _, part := range dayCut.Split(low, -1) {
		from, to, several := strings.Cut(part, "-")
		a, b := dayNumber(from), dayNumber(to)
		if a < 0 || several && b < 0 {
			return nil
		}
		list = append(list, dayNames[a])
		for several && a != b {
			a = (a + 1) % len(dayNames)
			list = append(list, dayNames[a])
		}
	}
	return list
}

// dayNumber is the weekday that a word means; -1 for none.
func dayNumber(word string) int {
	word = strings.TrimSuffix(word, ".")
	if full := shortDays[word]; full != "" {
		word = full
	}
	for i, name := range dayNames {
		full := strings.ToLower(time.Weekday(i).String())
		if strings.HasPrefix(word, name) && (strings.HasPrefix(full, word) || word == full+"s" || word == "tues" || word == "thur" || word == "thurs") {
			return i
		}
	}
	return -1
}

var everyForm = pattern.New(`^(?:every )?(\d*) ?([a-z]+)$`)

// readCadence is what to write for a cadence in words; empty where it is not
// understood.
func readCadence(s string) string {
	m := everyForm.FindStringSubmatch(asciiLower(strings.TrimSpace(s)))
	if m == nil {
		return ""
	}
	n := 1
	if m[1] != "" {
		n, _ = strconv.Atoi(m[1])
	}
	word := map[string]string{"hourly": "hours", "daily": "days", "weekly": "weeks", "monthly": "months"}[m[2]]
	switch {
	case m[2] == "fortnight" || m[2] == "fortnights" || m[2] == "biweekly" || m[2] == "fortnightly":
		word, n = "weeks", 2*n
	case word == "":
		for _, u := range units {
			if m[2] == u || m[2] == strings.TrimSuffix(u, "s") || m[2] == u[:1] && u != "months" {
				word = u
			}
		}
	}
	if word == "" || n < 1 {
		return ""
	}
	return "every: {" + word + ": " + strconv.Itoa(n) + "}"
}
