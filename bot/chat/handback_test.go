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
