package desk

import (
	"testing"
	"time"
)

// TestQuiet: what joins a message is shown by an edit only while a ring is to
// come, and a clock that was set back does not put that off.
func TestQuiet(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stands := Together{Until: until, Messages: []Message{{Channel: "D1", TS: "1.1"}}}
	for _, c := range []struct {
		name string
		t    Together
		now  time.Time
		want bool
	}{
		{"within the minute", stands, until.Add(-time.Minute), true},
		{"at its end", stands, until, false},
		{"after it", stands, until.Add(time.Second), false},
		{"the clock was set back", stands, until.Add(-time.Hour), false},
		{"it stands nowhere yet", Together{Until: until}, until.Add(-time.Second), false},
	} {
		if got := c.t.Quiet(c.now); got != c.want {
			t.Errorf("%s: Quiet = %t, want %t", c.name, got, c.want)
		}
	}
}
