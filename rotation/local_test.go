package rotation

import (
	"testing"
	"time"
)

// TestInstantByWalking compares Instant with its definition, for every minute of
// three days around each change of the clocks: walk until the wall clock shows
// the time or later.
func TestInstantByWalking(t *testing.T) {
	for _, z := range oracleZones {
		loc, err := time.LoadLocation(z.name)
		if err != nil {
			t.Fatal(err)
		}
		table := newZone(loc)
		for _, date := range z.dates {
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				t.Fatal(err)
			}
			at := day.Add(-96 * time.Hour)
			for l := Local(day.Add(-36 * time.Hour).Unix()); l < Local(day.Add(60*time.Hour).Unix()); l += 60 {
				// A later wall clock is never reached before an earlier one, so
				// the walk goes on from where it stands.
				for LocalOf(at, loc) < l {
					at = at.Add(time.Minute)
				}
				if got := Instant(loc, l); !got.Equal(at) {
					t.Fatalf("Instant(%s, %s) = %s, want %s", z.name, l, got, at)
				}
				if got := unix(table.first(int64(l))); !got.Equal(at) {
					t.Fatalf("zone(%s).first(%s) = %s, want %s", z.name, l, got, at)
				}
			}
		}
	}
}

// TestHighByWalking compares the high mark with a running maximum over a year.
func TestHighByWalking(t *testing.T) {
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		z := newZone(loc)
		high := Local(0)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for ; at.Year() == 2026; at = at.Add(time.Minute) {
			high = max(high, LocalOf(at, loc))
			// Within a second pass the mark stays at the last second of the first.
			if got := Local(z.high(at.Unix())); got < high || got >= high+60 {
				t.Fatalf("high(%s, %s) = %s, want %s", name, at, got, high)
			}
		}
	}
}

// TestZoneBeyondTable asks for years that the tables do not hold.
func TestZoneBeyondTable(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	z := newZone(loc)
	for _, c := range []struct{ local, want string }{
		{"1985-07-01T12:00", "1985-07-01T10:00:00Z"},
		{"2060-07-01T12:00", "2060-07-01T10:00:00Z"},
		{"2096-02-29T12:00", "2096-02-29T11:00:00Z"},
		{"2096-12-31T23:30", "2096-12-31T22:30:00Z"},
		{"2250-07-01T12:00", "2250-07-01T10:00:00Z"},
	} {
		l := mustLocal(t, c.local)
		if got := unix(z.first(int64(l))).Format(time.RFC3339); got != c.want {
			t.Errorf("first(%s) = %s, want %s", c.local, got, c.want)
		}
		if got := Local(z.high(z.first(int64(l)))); got != l {
			t.Errorf("high at first(%s) = %s, want the same", c.local, got)
		}
	}
}

func TestPlaceOffersNeighbours(t *testing.T) {
	for _, c := range []struct{ zone, local, before, after string }{
		{"America/New_York", "2026-03-08T02:30", "2026-03-08T01:59", "2026-03-08T03:00"},
		{"Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:59", "2026-03-29T03:00"},
		{"America/St_Johns", "2011-03-13T00:30", "2011-03-13T00:00", "2011-03-13T01:01"},
		{"Pacific/Apia", "2011-12-30T09:00", "2011-12-29T23:59", "2011-12-31T00:00"},
		{"Europe/Berlin", "2026-03-29T03:00", "2026-03-29T03:00", "2026-03-29T03:00"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		m := Place(loc, mustLocal(t, c.local))
		if m.Before.String() != c.before || m.After.String() != c.after {
			t.Errorf("Place(%s, %s) offers %s and %s, want %s and %s", c.zone, c.local, m.Before, m.After, c.before, c.after)
		}
	}
}

func TestParseLocal(t *testing.T) {
	for _, s := range []string{"2026-01-05T09:00", "2026-01-05T09:00:30", "1969-12-31T23:59"} {
		if got := mustLocal(t, s).String(); got != s {
			t.Errorf("ParseLocal(%s).String() = %s", s, got)
		}
	}
	for _, s := range []string{"", "2026-01-05", "2026-01-05T09:00Z", "2026-01-05T09:00+01:00", "2026-02-30T09:00", "2026-01-05T24:00", "2026-01-05 09:00"} {
		if l, err := ParseLocal(s); err == nil {
			t.Errorf("ParseLocal(%q) = %s, want an error", s, l)
		}
	}
}
