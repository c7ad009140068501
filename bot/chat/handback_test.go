package chat

import (
	"testing"
	"time"
)

// TestLasting: the length comes first, with its unit; what follows is the reason. A number
// without a unit is minutes only by itself, so that no unit that is not known counts as them.
func TestLasting(t *testing.T) {
	for text, want := range map[string]struct {
		length time.Duration
		reason string
	}{
		"15m": {15 * time.Minute, ""}, "15": {15 * time.Minute, ""}, "15 min.": {15 * time.Minute, ""}, "for 2 hours": {2 * time.Hour, ""}, "1 day": {24 * time.Hour, ""},
		"15m waiting for the provider": {15 * time.Minute, "waiting for the provider"}, "15M: 3 pods restart": {15 * time.Minute, "3 pods restart"},
		"2 h, lunch\nand sleep": {2 * time.Hour, "lunch and sleep"}, "1h30m": {90 * time.Minute, ""}, "1 h 30 min they sleep": {90 * time.Minute, "they sleep"},
		"half an hour until it is deployed": {30 * time.Minute, "until it is deployed"}, "an hour": {time.Hour, ""}, "15m because we know": {15 * time.Minute, "we know"},
		"": {}, "a while": {}, "15 pods": {}, "2 weeks": {14 * 24 * time.Hour, ""}, "15minus": {}, "until noon": {}, "waiting 15m": {}, "-5m": {},
	} {
		length, reason, ok := lasting(text)
		if ok != (want.length > 0) || ok && (length != want.length || reason != want.reason) {
			t.Errorf("lasting(%q) = %s, %q, %v; want %s, %q", text, length, reason, ok, want.length, want.reason)
		}
	}
}

// TestImpactInOneLine: since and until stand in one line, in either order; what does not begin
// a time stays words.
func TestImpactInOneLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][3]string{
		"impact since 14:05 until 14:40":                                    {"14:05", "14:40", ""},
		"impact until 14:40 since 14:05 customers wrote":                    {"14:05", "14:40", "customers wrote"},
		"impact from 14:05 to 14:40: one card":                              {"14:05", "14:40", "one card"},
		"impact since 2026-11-29 23:50 until 2026-11-30 00:20":              {"2026-11-29 23:50", "2026-11-30 00:20", ""},
		"impact since 14:05 to 3 customers of one card":                     {"14:05", "", "to 3 customers of one card"},
		"impact until 14:40 from 9 to 5 nobody looked":                      {"", "14:40", "from 9 to 5 nobody looked"},
		"impact since 14:05, until 14:40":                                   {"14:05", "14:40", ""},
		"impact since 14:05 since 14:10":                                    {"14:05", "", "since 14:10"},
		"impact since 14:05 customers wrote until 14:40 they could not pay": {"14:05", "", "customers wrote until 14:40 they could not pay"},
	} {
		c := Parse(line)
		if got := [3]string{c.Impact.Since, c.Impact.Until, c.Text}; got != want {
			t.Errorf("%q: since, until and the words are %q; want %q", line, got, want)
		}
	}
}
