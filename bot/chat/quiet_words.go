package chat

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/rotation"
)

// quietWords is what somebody typed about a silence or a maintenance, understood.
type quietWords struct {
	match       []rotation.Matcher
	service     string
	from, until time.Time // zero: not said
	reason      string
}

// linkedHost is what Slack makes of a host name, which was no link when it was typed.
var linkedHost = pattern.New(`<https?://([^>|]*?)/?\|([^>]*)>`)

// unlinked gives host names back as they were typed.
func unlinked(text string) string {
	return linkedHost.ReplaceAllStringFunc(text, func(s string) string {
		if m := linkedHost.FindStringSubmatch(s); m[1] == m[2] {
			return m[2]
		}
		return s
	})
}

// quotePairs are the marks around a value with spaces, as keyboards write them.
var quotePairs = map[rune]rune{'"': '"', '“': '”', '„': '“', '”': '”', '‘': '’', '«': '»'}

// wordsOf splits at white space outside of quotation marks, which it takes off.
func wordsOf(text string) []string {
	var list []string
	var word strings.Builder
	var until rune
	inWord := false
	for _, r := range text {
		switch pair, opens := quotePairs[r]; {
		case until != 0 && (r == until || r == '"'):
			until = 0
		case until != 0:
			word.WriteRune(r)
		case opens:
			until, inWord = pair, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\u00a0':
			if inWord {
				list = append(list, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		list = append(list, word.String())
	}
	return list
}

// parseSilence understands LABEL=VALUE… for 2h REASON, on the clock of a zone.
func parseSilence(text string, now time.Time, zone *time.Location) (quietWords, error) {
	var q quietWords
	words := wordsOf(text)
	rest := words
	for n, word := range words {
		word = strings.Trim(word, "{},")
		if !strings.Contains(word, "=") {
			if word == "" {
				rest = words[n+1:]
				continue
			}
			break
		}
		rest = words[n+1:]
		m, err := matcherOf(word)
		if err != nil {
			return q, err
		}
		q.match = append(q.match, m)
	}
	if d, _ := howLong(words); len(q.match) == 0 && d > 0 && len(words) <= 2 { // what another program calls a silence
		return q, refuse("As in: silence alertname=DiskFull for 2h. To have nobody paged about an incident for a while: snooze "+text+".",
			"Say which alerts, by their labels.")
	}
	if len(q.match) == 0 {
		if ends(words) {
			return q, endByButton()
		}
		return q, refuse("As in: silence alertname=DiskFull instance=db-7 for 2h disk swap. A value between slashes is a regular expression.",
			"Say which alerts, by their labels.")
	}
	return q, q.times(rest, now, zone)
}

// matchersIn understands a line of the form, on which the value may have spaces without
// quotation marks where nothing else stands there.
func matchersIn(line string) ([]rotation.Matcher, error) {
	words := wordsOf(line)
	for n, word := range words {
		if words[n] = strings.Trim(word, "{},"); words[n] != "" && !strings.Contains(words[n], "=") {
			words = []string{strings.Join(words, " ")}
			break
		}
	}
	var list []rotation.Matcher
	for _, word := range words {
		if word == "" {
			continue
		}
		m, err := matcherOf(word)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// matchLine writes a line of the form which matches this value and no other. A value that
// would be understood otherwise, as what stands between slashes, is written as the
// regular expression of its characters.
func matchLine(label, value string) string {
	plain := label + "=" + value
	if list, err := matchersIn(plain); err == nil && len(list) == 1 && list[0].Label == label && list[0].Value == value && list[0].Matches(value) {
		return plain
	}
	var b strings.Builder
	for _, r := range value {
		switch {
		case r == '/' || quotePairs[r] != 0 || slices.ContainsFunc(slices.Collect(maps.Values(quotePairs)), func(q rune) bool { return q == r }) || r != ' ' && (unicode.IsSpace(r) || !unicode.IsPrint(r)):
			fmt.Fprintf(&b, `\x{%x}`, r)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return label + `="/` + b.String() + `/"`
}

// matcherOf understands LABEL=VALUE, LABEL=/PATTERN/ and Alertmanager's LABEL=~PATTERN.
func matcherOf(word string) (rotation.Matcher, error) {
	label, value, ok := strings.Cut(word, "=")
	label, value = strings.TrimSpace(label), strings.TrimSpace(value)
	switch pattern, is := strings.CutPrefix(value, "~"); {
	case !ok || label == "":
		return rotation.Matcher{}, refuse("", "“"+short(word, 60)+"” is not LABEL=VALUE, as in alertname=DiskFull.")
	case strings.HasSuffix(label, "!"):
		return rotation.Matcher{}, refuse("As in: silence alertname=DiskFull instance=db-7 for 2h.", "A silence says what an alert is, not what it is not: "+word+".")
	case is:
		value = "/" + strings.Trim(strings.TrimSpace(pattern), "/") + "/"
	}
	m, err := rotation.NewMatcher(label, value)
	if err != nil {
		return m, refuse("As in: instance=/db-.*/.", "The regular expression "+value+" cannot be read.")
	}
	return m, nil
}

// parseMaintenance understands SERVICE for 2h REASON. The name of a service may be
// several words.
func parseMaintenance(text string, roster *rotation.Roster, now time.Time, zone *time.Location) (quietWords, error) {
	var q quietWords
	words := wordsOf(text)
	if _, known := roster.FindService(strings.Join(words[:min(len(words), 1)], "")); !known && ends(words) {
		return q, endByButton()
	} else if !known && noService(words) {
		return q, refuse("As in: maintenance checkout for 2h database upgrade.", "Say which service.")
	}
	taken := 1
	for n := min(len(words), 6); n > 1; n-- {
		if _, ok := roster.FindService(strings.Join(words[:n], " ")); ok {
			taken = n
			break
		}
	}
	q.service = serviceID(strings.Join(words[:taken], " "))
	return q, q.times(words[taken:], now, zone)
}

// noService reports whether words begin with the times already.
func noService(words []string) bool {
	if len(words) == 0 {
		return true
	}
	d, _ := howLong(words)
	return d > 0 || slices.Contains([]string{"for", "from", "starting", "until", "till"}, strings.ToLower(words[0]))
}

// ends reports whether somebody wants to end one rather than to make one.
func ends(words []string) bool {
	return len(words) > 0 && slices.Contains([]string{"end", "stop", "cancel", "delete", "remove", "off"}, strings.ToLower(words[0]))
}

func endByButton() error {
	return refuse("Type silences, and press End now beside the one that is meant.", "This makes one, it does not end one.")
}

// times takes from when and until when out of words; what is left is the reason.
func (q *quietWords) times(words []string, now time.Time, zone *time.Location) error {
	var length time.Duration
	var reason []string
	for n := 0; n < len(words); {
		word := strings.ToLower(strings.Trim(words[n], ".,;:"))
		used := 0
		timed := length > 0 || !q.until.IsZero()
		switch {
		case (word == "from" || word == "starting") && q.from.IsZero():
			q.from, used = moment(words[n+1:], now, zone)
		case (word == "until" || word == "till" || word == "til" || word == "to" && !q.from.IsZero()) && !timed:
			after := now
			if q.from.After(now) {
				after = q.from
			}
			q.until, used = moment(words[n+1:], after, zone)
		case word == "for" && !timed:
			length, used = howLong(words[n+1:])
		}
		if used > 0 {
			n += 1 + used
			continue
		}
		if d, many := howLong(words[n:]); !timed && d > 0 && (len(reason) == 0 || n+many == len(words)) {
			length, n = d, n+many
			continue
		}
		reason = append(reason, words[n])
		n++
	}
	if length > 0 {
		q.until = now.Add(length)
		if q.from.After(now) {
			q.until = q.from.Add(length)
		}
	}
	q.reason = strings.Join(reasonOf(reason), " ")
	if q.until.IsZero() {
		return refuse("As in: for 30m, for 2h, for 1d, until 14:00, until tomorrow 9:00. The most is 30 days.", "Say for how long, or until when.")
	}
	return nil
}

var (
	spanUnits = map[string]time.Duration{"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
		"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
		"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour}
	spanNumbers = map[string]float64{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "half": 0.5}
)

// reasonOf leaves out what only says that a reason follows.
func reasonOf(words []string) []string {
	if len(words) > 0 && slices.Contains([]string{"because", "reason", "reason:", "-", "–", "—", ":"}, strings.ToLower(words[0])) {
		if words = words[1:]; len(words) > 1 && strings.EqualFold(words[0], "of") {
			words = words[1:]
		}
	}
	return words
}

// howLong reads how long something lasts, and how many words say it; 0 where none do.
func howLong(words []string) (time.Duration, int) {
	if len(words) == 0 {
		return 0, 0
	}
	first := strings.ToLower(strings.Trim(words[0], ".,;:"))
	if d, ok := alerts.Length(first); ok {
		return d, 1
	}
	if len(words) < 2 {
		return 0, 0
	}
	number, known := spanNumbers[first]
	if !known {
		var err error
		if number, err = strconv.ParseFloat(first, 64); err != nil || number <= 0 || number > 10_000 {
			return 0, 0
		}
	}
	next := 1
	if first == "half" && len(words) > 2 && (strings.EqualFold(words[1], "an") || strings.EqualFold(words[1], "a")) {
		next = 2
	}
	unit, ok := spanUnits[strings.ToLower(strings.Trim(words[next], ".,;:"))]
	if !ok {
		return 0, 0
	}
	return time.Duration(number * float64(unit)), next + 1
}

var weekdays = map[string]time.Weekday{"sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
	"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

const daySeconds = 24 * 60 * 60

// moment reads an instant on the clock of a zone, and how many words say it: the next
// 14:00, 2pm, tomorrow 9:00, friday 18:00, 2026-12-01 14:00, 2026-12-01T14:00:00Z. A day
// without a time of day is none: it could be its start or its end.
func moment(words []string, after time.Time, zone *time.Location) (time.Time, int) {
	var none time.Time
	if len(words) == 0 {
		return none, 0
	}
	clean := func(n int) string {
		if n >= len(words) {
			return ""
		}
		return strings.ToLower(strings.Trim(words[n], ".,;"))
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(clean(0))); err == nil {
		return t.UTC(), 1
	}
	if clean(0) == "now" {
		return after, 1
	}
	if l, err := rotation.ParseLocal(strings.ToUpper(clean(0))); err == nil {
		return rotation.Instant(zone, l), 1
	}
	day, again, used := dayOf(clean(0), after, zone)
	if clean(used) == "at" {
		used++
	}
	seconds, many := clock(clean(used), clean(used+1))
	if many == 0 {
		return none, 0
	}
	t := rotation.Instant(zone, day+rotation.Local(seconds))
	if !t.After(after) && again > 0 {
		t = rotation.Instant(zone, day+again*daySeconds+rotation.Local(seconds))
	}
	return t, used + many
}

// dayOf reads a day: its midnight, after how many days it comes again where a time of it
// is over, 0 for never, and how many words say it. Without a word it is today.
func dayOf(word string, after time.Time, zone *time.Location) (midnight, again rotation.Local, used int) {
	here := rotation.LocalOf(after, zone)
	today := here - here%daySeconds
	if weekday, ok := weekdays[word]; ok {
		ahead := (int(weekday) - int(after.In(zone).Weekday()) + 7) % 7
		return today + rotation.Local(ahead*daySeconds), 7, 1
	}
	if date, err := time.Parse(time.DateOnly, word); err == nil {
		return rotation.Local(date.Unix()), 0, 1
	}
	switch word {
	case "today":
		return today, 0, 1
	case "tomorrow":
		return today + daySeconds, 0, 1
	default:
		return today, 1, 0
	}
}

var clockPattern = pattern.New(`^(\d{1,2})(?:[:.](\d{2}))?(am|pm)?$`)

// clock reads a time of day of one word or two, and how many: 14:00, 9.30, 2pm, 2 pm.
func clock(word, next string) (seconds, many int) {
	switch word {
	case "noon", "midday":
		return 12 * 60 * 60, 1
	case "midnight":
		return daySeconds, 1
	}
	m := clockPattern.FindStringSubmatch(word)
	if m == nil {
		return 0, 0
	}
	half, many := m[3], 1
	if half == "" && (next == "am" || next == "pm") {
		half, many = next, 2
	}
	hours, _ := strconv.Atoi(m[1])
	minutes, _ := strconv.Atoi(m[2])
	switch {
	case m[2] == "" && half == "", minutes > 59, hours > 24, half != "" && (hours < 1 || hours > 12):
		return 0, 0
	case half != "":
		hours %= 12
		if half == "pm" {
			hours += 12
		}
	}
	return (hours*60 + minutes) * 60, many
}
