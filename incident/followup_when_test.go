package incident

import (
	"testing"
	"time"
)

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestRemindersOfAFollowUp: at half time, three days before, on the day, and then every
// week, at 9:30 of weekdays, over a change of the clocks.
func TestRemindersOfAFollowUp(t *testing.T) {
	zone := berlin(t)
	since := instant(t, "2026-10-05T01:00:00Z") // a Monday, in summer time
	f := FollowUp{Due: instant(t, "2026-11-04T22:59:59Z")}
	want := []string{
		"2026-10-20T07:30:00Z", // half time, a Tuesday
		"2026-10-30T08:30:00Z", // three days before is a Sunday, so the Friday; winter time by now
		"2026-11-04T08:30:00Z",
		"2026-11-11T08:30:00Z",
		"2026-11-18T08:30:00Z",
	}
	last := time.Time{}
	for n, w := range want {
		if last = f.NextReminder(since, last, zone); !last.Equal(instant(t, w)) {
			t.Errorf("reminder %d at %s, want %s", n+1, last.Format(time.RFC3339), w)
		}
	}
	if at := f.NextReminder(since, instant(t, "2027-06-01T00:00:00Z"), zone); !at.Equal(instant(t, "2027-06-02T07:30:00Z")) {
		t.Errorf("half a year late: %s", at)
	}
	// Between two points that fell on one day there is one reminder.
	short := FollowUp{Due: since.AddDate(0, 0, 1)}
	if at := short.NextReminder(since, time.Time{}, zone); !at.Equal(instant(t, "2026-10-05T07:30:00Z")) {
		t.Errorf("due tomorrow: %s", at)
	}
	f.State = Done
	if at := f.NextReminder(since, time.Time{}, zone); !at.IsZero() {
		t.Errorf("what is done is reminded of at %s", at)
	}
	if at := (FollowUp{}).NextReminder(since, time.Time{}, zone); !at.IsZero() {
		t.Errorf("what has no date is reminded of at %s", at)
	}
}

func TestDaytime(t *testing.T) {
	zone := berlin(t)
	for now, want := range map[string]string{
		"2026-11-27T03:00:00Z": "2026-11-27T08:30:00Z", // Friday, at night
		"2026-11-27T08:30:00Z": "2026-11-27T08:30:00Z",
		"2026-11-27T15:59:59Z": "2026-11-27T15:59:59Z",
		"2026-11-27T16:00:00Z": "2026-11-30T08:30:00Z", // Friday, after work
		"2026-11-28T12:00:00Z": "2026-11-30T08:30:00Z",
		"2026-03-28T23:30:00Z": "2026-03-30T07:30:00Z", // the night of the lost hour
		"2026-11-29T23:30:00Z": "2026-11-30T08:30:00Z", // Monday already, in Berlin
	} {
		if got := Daytime(instant(t, now), zone); !got.Equal(instant(t, want)) {
			t.Errorf("Daytime(%s) = %s, want %s", now, got.UTC().Format(time.RFC3339), want)
		}
	}
}

func TestParseDay(t *testing.T) {
	now, zone := instant(t, "2026-11-27T12:00:00Z"), berlin(t) // a Friday
	for text, want := range map[string]string{
		"2026-12-24": "2026-12-24T22:59:59Z", "24.12.2026": "2026-12-24T22:59:59Z", " 2026-12-24. ": "2026-12-24T22:59:59Z",
		"today": "2026-11-27T22:59:59Z", "Tomorrow": "2026-11-28T22:59:59Z", "friday": "2026-12-04T22:59:59Z", "mon": "2026-11-30T22:59:59Z",
		"10d": "2026-12-07T22:59:59Z", "2w": "2026-12-11T22:59:59Z", "2026-11-01": "2026-11-01T22:59:59Z",
		"": "", "soon": "", "d": "", "9999d": "", "-3d": "", "2026-02-30": "", "12/24": "",
	} {
		got, ok := ParseDay(text, now, zone)
		if ok != (want != "") || ok && !got.Equal(instant(t, want)) {
			t.Errorf("ParseDay(%q) = %s, %t; want %s", text, got.Format(time.RFC3339), ok, want)
		}
	}
	for _, text := range []string{"soon", "2026-11-01", "2126-11-01"} {
		if _, err := DayOf(text, now, zone); !refuses(err) {
			t.Errorf("DayOf(%q): %v, want a refusal", text, err)
		}
	}
}

// TestTwoNightsRaise: two incidents at night or on a weekend within 14 days do, several
// pages of one night do not.
func TestTwoNightsRaise(t *testing.T) {
	zone := berlin(t)
	for at, want := range map[string]bool{
		"2026-11-27T12:00:00Z": false, "2026-11-27T20:59:00Z": false, "2026-11-27T21:00:00Z": true, "2026-11-27T05:59:00Z": true,
		"2026-11-27T06:00:00Z": false, "2026-11-28T12:00:00Z": true, "2026-11-29T22:59:00Z": true,
	} {
		if got := OffHours(instant(t, at), zone); got != want {
			t.Errorf("OffHours(%s) = %t", at, got)
		}
	}
	night := instant(t, "2026-11-25T02:00:00Z")
	var of []Interruption
	add := func(n int, at time.Time) bool {
		var changed bool
		of, changed = Disturbed(of, Interruption{n, at})
		return changed
	}
	if !add(6, night) || add(6, night.Add(5*time.Minute)) || RaisedBy(of, night.Add(5*time.Minute)) != "" {
		t.Errorf("after one night: %v", of)
	}
	if add(9, night.Add(5*time.Second)) {
		t.Errorf("two incidents in one moment count twice: %v", of)
	}
	if !add(7, night.Add(48*time.Hour)) {
		t.Errorf("the second incident is not counted: %v", of)
	}
	want := "People were disturbed twice at night or on a weekend within 14 days: INC-6, INC-7."
	if why := RaisedBy(of, night.Add(48*time.Hour)); why != want {
		t.Errorf("why = %q, want %q", why, want)
	}
	if why := RaisedBy(of, night.Add(15*24*time.Hour)); why != "" {
		t.Errorf("15 days later: %q", why)
	}
	if !add(8, night.Add(15*24*time.Hour)) || len(of) != 2 {
		t.Errorf("what is long ago is kept: %v", of)
	}
}
