package rotation

import (
	"testing"
	"time"
)

// TestCoverageAfter says when working hours have passed, over nights, weekends,
// holidays and a change of the clocks, and agrees with Counted.
func TestCoverageAfter(t *testing.T) {
	week := &Coverage{Days: []time.Weekday{1, 2, 3, 4, 5}, From: "09:00", To: "17:00", TimeZone: "Europe/Berlin", Holidays: []string{"2026-12-25"}}
	tests := []struct {
		name, from string
		d          time.Duration
		want       string
	}{
		{"within a day", "2026-11-30T09:00:00Z", 4 * time.Hour, "2026-11-30T13:00:00Z"},
		{"over a night", "2026-11-30T14:00:00Z", 4 * time.Hour, "2026-12-01T10:00:00Z"},
		{"from the night", "2026-11-30T02:00:00Z", 4 * time.Hour, "2026-11-30T12:00:00Z"},
		{"over a weekend", "2026-12-04T15:00:00Z", 8 * time.Hour, "2026-12-07T15:00:00Z"},
		{"over a holiday and its weekend", "2026-12-24T15:00:00Z", 8 * time.Hour, "2026-12-28T15:00:00Z"},
		{"over the change of the clocks", "2026-10-23T14:00:00Z", 8 * time.Hour, "2026-10-26T15:00:00Z"},
		{"to the very end of a day", "2026-11-30T08:00:00Z", 8 * time.Hour, "2026-11-30T16:00:00Z"},
		{"no time at all", "2026-11-29T03:00:00Z", 0, "2026-11-29T03:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			from, _ := time.Parse(time.RFC3339, test.from)
			got := week.After(from, test.d)
			if got.UTC().Format(time.RFC3339Nano) != test.want {
				t.Errorf("After(%s, %s) = %s, want %s", test.from, test.d, got.UTC().Format(time.RFC3339Nano), test.want)
			}
			if c := week.Counted(from, got); c != test.d {
				t.Errorf("of that %s counts, want %s", c, test.d)
			}
		})
	}
	from := time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)
	if got := (*Coverage)(nil).After(from, time.Hour); !got.Equal(from.Add(time.Hour)) {
		t.Errorf("without hours an hour ends at %s", got)
	}
	never := &Coverage{From: "09:00", To: "17:00", TimeZone: "UTC"}
	if got := never.After(from, time.Hour); got.Sub(from) < afterMost {
		t.Errorf("hours that never come end at %s", got)
	}
}
