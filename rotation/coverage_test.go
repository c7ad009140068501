package rotation

import (
	"testing"
	"time"

	"pgregory.net/rapid"
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

func TestCoverageNext(t *testing.T) {
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	every := append([]time.Weekday{time.Saturday, time.Sunday}, week...)
	office := &Coverage{Days: week, From: "09:00", To: "17:00", TimeZone: "Europe/Berlin", Holidays: []string{"2026-12-25", "2026-12-28"}}
	night := &Coverage{Days: []time.Weekday{time.Friday}, From: "22:00", To: "06:00", TimeZone: "Europe/Berlin"}
	early := &Coverage{Days: every, From: "02:30", To: "12:00", TimeZone: "Europe/Berlin"}
	gone := &Coverage{Days: every, From: "02:00", To: "03:00", TimeZone: "Europe/Berlin"}
	round := &Coverage{Days: week, From: "00:00", To: "24:00", TimeZone: "Europe/Berlin"}
	for _, c := range []struct {
		name     string
		coverage *Coverage
		at, want string // want empty: never
	}{
		{"no coverage holds always", nil, "2026-03-02T03:00:00Z", "2026-03-02T03:00:00Z"},
		{"night waits for the morning", office, "2026-03-02T03:00:00Z", "2026-03-02T08:00:00Z"},
		{"by day at once", office, "2026-03-02T12:00:00.5Z", "2026-03-02T12:00:00.5Z"},
		{"the begin is in", office, "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"},
		{"the end is out", office, "2026-03-02T16:00:00Z", "2026-03-03T08:00:00Z"},
		{"a second before the end", office, "2026-03-02T15:59:59Z", "2026-03-02T15:59:59Z"},
		{"a weekend", office, "2026-03-06T20:00:00Z", "2026-03-09T08:00:00Z"},
		{"a weekend in which summer begins", office, "2026-03-27T20:00:00Z", "2026-03-30T07:00:00Z"},
		{"a weekend in which winter begins", office, "2026-10-23T20:00:00Z", "2026-10-26T08:00:00Z"},
		{"holidays around a weekend", office, "2026-12-24T20:00:00Z", "2026-12-29T08:00:00Z"},
		{"over midnight, in its evening", night, "2026-03-06T22:30:00Z", "2026-03-06T22:30:00Z"},
		{"over midnight, in its morning", night, "2026-03-07T04:30:00Z", "2026-03-07T04:30:00Z"},
		{"over midnight, after its end", night, "2026-03-07T05:00:00Z", "2026-03-13T21:00:00Z"},
		{"over midnight, the morning of a day that has none", night, "2026-03-06T04:30:00Z", "2026-03-06T21:00:00Z"},
		{"they begin in a skipped hour", early, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		{"they begin in a repeated hour", early, "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"},
		{"in the second pass they hold still", early, "2026-10-25T01:15:00Z", "2026-10-25T01:15:00Z"},
		{"all of them are skipped", gone, "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"},
		{"all of them happen twice", gone, "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"},
		{"whole days touch", round, "2026-03-03T22:59:59Z", "2026-03-03T22:59:59Z"},
		{"whole days, at the weekend", round, "2026-03-08T12:00:00Z", "2026-03-08T23:00:00Z"},
		{"a day that the zone left out", &Coverage{Days: []time.Weekday{time.Friday}, From: "09:00", To: "17:00", TimeZone: "Pacific/Apia"},
			"2011-12-25T00:00:00Z", "2012-01-05T19:00:00Z"},
		{"no days, as no parser lets through", &Coverage{From: "09:00", To: "17:00", TimeZone: "UTC"}, "2026-03-02T03:00:00Z", ""},
		{"a zone that is gone silences nobody", &Coverage{Days: week, From: "09:00", To: "17:00", TimeZone: "Mars/Olympus"}, "2026-03-02T03:00:00Z", "2026-03-02T03:00:00Z"},
	} {
		got, ok := c.coverage.Next(instantOf(t, c.at))
		if ok != (c.want != "") || ok && !got.Equal(instantOf(t, c.want)) {
			t.Errorf("%s: Next(%s) = %v, %t, want %q", c.name, c.at, got.UTC(), ok, c.want)
		}
	}
}

// TestCoverageNextAgainstCounted walks about: between an instant and the one that
// Next gives nothing counts, and something does right after it.
func TestCoverageNextAgainstCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(oracleZones).Draw(t, "zone")
		date, err := time.Parse(time.DateOnly, rapid.SampledFrom(z.dates).Draw(t, "date"))
		if err != nil {
			t.Fatal(err)
		}
		clock := func(label string) string { return clockText(rapid.IntRange(0, 47).Draw(t, label) * 30) }
		c := &Coverage{From: clock("from"), To: clock("to"), TimeZone: z.name}
		c.Days = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) time.Weekday { return time.Weekday(rapid.IntRange(0, 6).Draw(t, "d")) }), 1, 7, rapid.ID).Draw(t, "days")
		for range rapid.IntRange(0, 3).Draw(t, "holidays") {
			c.Holidays = append(c.Holidays, date.AddDate(0, 0, rapid.IntRange(-3, 9).Draw(t, "holiday")).Format(time.DateOnly))
		}
		at := date.Add(time.Duration(rapid.IntRange(-72*60, 72*60).Draw(t, "minute")) * time.Minute)
		next, ok := c.Next(at)
		if !ok || next.Before(at) {
			t.Fatalf("%+v.Next(%v) = %v, %t", c, at, next, ok)
		}
		if d := c.Counted(at, next); d != 0 {
			t.Fatalf("%+v.Next(%v) = %v, but %v of the time before it counts", c, at, next, d)
		}
		if d := c.Counted(next, next.Add(time.Second)); d != time.Second {
			t.Fatalf("%+v.Next(%v) = %v, and of the second after it only %v counts", c, at, next, d)
		}
	})
}

func TestPolicyFirst(t *testing.T) {
	hours := func(day time.Weekday) *Coverage {
		return &Coverage{Days: []time.Weekday{day}, From: "09:00", To: "17:00", TimeZone: "UTC"}
	}
	monday := instantOf(t, "2026-03-02T12:00:00Z")
	passed := Step{Wait: 1, Hours: hours(time.Tuesday), Outside: OutsideSkip}
	waits := Step{Wait: 2, Hours: hours(time.Tuesday), Outside: OutsideWait}
	asks := Step{Wait: 3, Hours: hours(time.Monday), Outside: OutsideSkip}
	always := Step{Wait: 4}
	for _, c := range []struct {
		name  string
		steps []Step
		want  time.Duration // its wait; 0: none
	}{
		{"no steps", nil, 0},
		{"no hours", []Step{always, asks}, 4},
		{"within its hours", []Step{passed, asks, always}, 3},
		{"one that waits is not passed", []Step{passed, waits, always}, 2},
		{"all are passed", []Step{passed, passed}, 1},
	} {
		got, ok := (&Policy{Steps: c.steps}).First(monday)
		if got.Wait != c.want || ok != (c.want > 0) {
			t.Errorf("%s: First = %+v, %t, want the one with wait %d", c.name, got, ok, c.want)
		}
	}
}

func TestCoverageShow(t *testing.T) {
	at := instantOf(t, "2026-03-02T08:00:00Z")
	for zone, want := range map[string]string{"Europe/Berlin": "Mon 2 Mar 09:00 (Europe/Berlin)", "Mars/Olympus": "Mon 2 Mar 08:00 (UTC)", "": "Mon 2 Mar 08:00 (UTC)"} {
		if got := (&Coverage{TimeZone: zone}).Show(at); got != want {
			t.Errorf("Show in %q = %q, want %q", zone, got, want)
		}
	}
	if got := (*Coverage)(nil).Show(at); got != "Mon 2 Mar 08:00 (UTC)" {
		t.Errorf("Show of always = %q, want it in UTC", got)
	}
}
