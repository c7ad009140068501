package alert

import (
	"strconv"
	"strings"
	"time"
)

// layouts are how senders write a time. Fractions of a second may have any
// number of digits; a time without a zone is UTC.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700", // PagerDuty, CloudWatch: +0000
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05 MST", // such as UTC
	"2006-01-02 15:04:05",     // RDS, Uptime Kuma
	"2006-01-02 15:04:05 -0700 MST",
	"2006.01.02 15:04:05", // Zabbix
	time.RFC1123,          // AWS Health
	time.RFC1123Z,
	"2006-01-02T15:04Z07:00",
	"2006-01-02 15:04",
	"2006-01-02",
}

// ReadTime reads a time as senders write it: RFC 3339 and its relatives, RFC
// 1123, or a count of seconds, milliseconds, microseconds or nanoseconds since
// 1970, which differ by their size. It returns the zero time for anything else,
// and for years that no alert is of, such as the year 1 that means "not yet".
func ReadTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if len(s) < 8 || len(s) > 64 {
		return time.Time{}
	}
	if t, ok := epoch(s); ok {
		return plausible(t)
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			if _, offset := t.Zone(); strings.Contains(layout, "MST") && offset == 0 && !zeroZone(s) {
				return time.Time{} // the name of a zone that is not known here
			}
			return plausible(t.UTC())
		}
	}
	return time.Time{}
}

// zeroZone reports whether s ends in a name of UTC.
func zeroZone(s string) bool {
	for _, name := range []string{"UTC", "GMT", "Z"} {
		if strings.HasSuffix(s, name) {
			return true
		}
	}
	return false
}

func plausible(t time.Time) time.Time {
	if t.Year() < 1980 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

// epoch reads a count since 1970: digits, perhaps with a fraction or an exponent.
func epoch(s string) (time.Time, bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && (i == 0 || c != 'e' && c != 'E' && c != '+') {
			return time.Time{}, false
		}
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if strings.ContainsAny(s, "eE") || err != nil {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f < 0 || f > 1e19 {
			return time.Time{}, false
		}
		n, fraction = int64(f), ""
	}
	switch {
	case n < 1e11:
		nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return time.Unix(n, nanos).UTC(), true
	case n < 1e14:
		return time.UnixMilli(n).UTC(), true
	case n < 1e17:
		return time.UnixMicro(n).UTC(), true
	default:
		return time.Unix(0, n).UTC(), true
	}
}

// when reads a time of the body.
func (n node) when() time.Time {
	if n.kind() != isString && n.kind() != isNumber || len(n) > 80 {
		return time.Time{}
	}
	return ReadTime(n.text())
}
