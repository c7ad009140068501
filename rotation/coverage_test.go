package rotation

import (
	"testing"
	"time"
)

func TestCounted(t *testing.T) {
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office := &Coverage{Days: week, From: "08:00", To: "18:00", TimeZone: "Europe/Berlin", Holidays: []string{"2026-10-03", "2026-12-25"}}
	night := &Coverage{Days: []time.Weekday{time.Saturday}, From: "22:00", To: "06:00", TimeZone: "Europe/Berlin"}
	for _, c := range []struct {
		name     string
		coverage *Coverage
		from, to string
		want     time.Duration
	}{
		{"no coverage counts all", nil, "2026-09-27T15:20:00Z", "2026-09-28T12:20:00Z", 21 * time.Hour},
		{"a Sunday does not count", office, "2026-09-27T15:20:00Z", "2026-09-28T12:20:00Z", 380 * time.Minute},
		{"within a day", office, "2026-09-28T08:00:00Z", "2026-09-28T09:30:00Z", 90 * time.Minute},
		{"over a night", office, "2026-09-28T15:00:00Z", "2026-09-29T07:00:00Z", 2 * time.Hour},
		{"a weekend", office, "2026-10-02T15:00:00Z", "2026-10-05T07:00:00Z", 2 * time.Hour},
		{"a holiday on a Friday", office, "2026-12-24T16:00:00Z", "2026-12-28T08:00:00Z", 2 * time.Hour},
		{"winter begins", office, "2026-10-23T15:00:00Z", "2026-10-26T08:00:00Z", 2 * time.Hour},
		{"the night with an hour more", night, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", 9 * time.Hour},
		{"the night with an hour less", night, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", 7 * time.Hour},
		{"the morning of a night", night, "2026-10-25T01:30:00Z", "2026-10-25T12:00:00Z", 210 * time.Minute},
		{"backwards", office, "2026-09-29T07:00:00Z", "2026-09-28T15:00:00Z", 0},
	} {
		from, to := instantOf(t, c.from), instantOf(t, c.to)
		if got := c.coverage.Counted(from, to); got != c.want {
			t.Errorf("%s: Counted(%s, %s) = %s, want %s", c.name, c.from, c.to, got, c.want)
		}
	}
}

func instantOf(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
