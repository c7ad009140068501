package desk

import (
	"testing"
	"time"
)

// TestMorningAfter: a morning is planned strictly after now, so that a look at it never
// plans itself.
func TestMorningAfter(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ now, want string }{
		{"2026-11-30T03:00:00+01:00", "2026-11-30T08:30:00+01:00"},
		{"2026-11-30T08:29:59+01:00", "2026-11-30T08:30:00+01:00"},
		{"2026-11-30T08:30:00+01:00", "2026-12-01T08:30:00+01:00"},
		{"2026-11-30T17:59:59+01:00", "2026-12-01T08:30:00+01:00"},
		{"2026-11-30T18:00:00+01:00", "2026-12-01T08:30:00+01:00"},
		{"2026-10-24T12:00:00+02:00", "2026-10-25T08:30:00+01:00"}, // the clocks are set back in between
		{"2026-03-28T12:00:00+01:00", "2026-03-29T08:30:00+02:00"},
	} {
		now, _ := time.Parse(time.RFC3339, tt.now)
		want, _ := time.Parse(time.RFC3339, tt.want)
		if at := morningAfter(now, berlin); !at.Equal(want) {
			t.Errorf("morningAfter(%s) = %s, want %s", tt.now, at.Format(time.RFC3339), tt.want)
		}
	}
}
