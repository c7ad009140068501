package rotation

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWakingNext(t *testing.T) {
	office := Daytime()
	late := Waking{From: 22 * time.Hour, To: 6 * time.Hour}
	skipped := Waking{From: 2 * time.Hour, To: 3 * time.Hour}
	tests := []struct {
		name     string
		waking   Waking
		zone     string
		at, want string
	}{
		{"evening waits for the morning", office, "Europe/Berlin", "2026-03-10T22:00:00Z", "2026-03-11T07:30:00Z"},
		{"a second before", office, "Europe/Berlin", "2026-03-11T07:29:59Z", "2026-03-11T07:30:00Z"},
		{"on the minute", office, "Europe/Berlin", "2026-03-11T07:30:00Z", "2026-03-11T07:30:00Z"},
		{"by day at once", office, "Europe/Berlin", "2026-03-11T12:00:00.5Z", "2026-03-11T12:00:00.5Z"},
		{"the end is out", office, "Europe/Berlin", "2026-03-11T17:00:00Z", "2026-03-12T07:30:00Z"},
		{"clocks go forward overnight", office, "Europe/Berlin", "2026-03-28T22:00:00Z", "2026-03-29T06:30:00Z"},
		{"clocks go back overnight", office, "Europe/Berlin", "2026-10-24T21:00:00Z", "2026-10-25T07:30:00Z"},
		{"New York forward", office, "America/New_York", "2026-03-08T04:00:00Z", "2026-03-08T12:30:00Z"},
		{"half an hour on Lord Howe", office, "Australia/Lord_Howe", "2026-10-03T13:00:00Z", "2026-10-03T21:30:00Z"},
		{"no 30 December in Apia", office, "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T18:30:00Z"},
		{"quarter hours", office, "Asia/Kathmandu", "2026-03-10T18:00:00Z", "2026-03-11T02:45:00Z"},
		{"over midnight, inside", late, "UTC", "2026-03-11T03:00:00Z", "2026-03-11T03:00:00Z"},
		{"over midnight, outside", late, "UTC", "2026-03-11T06:00:00Z", "2026-03-11T22:00:00Z"},
		{"a window that the clocks skip", skipped, "Europe/Berlin", "2026-03-28T22:00:00Z", "2026-03-30T00:00:00Z"},
		{"always", Waking{}, "UTC", "2026-03-11T03:00:00Z", "2026-03-11T03:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone := must(time.LoadLocation(tt.zone))(t)
			at, want := must(time.Parse(time.RFC3339, tt.at))(t), must(time.Parse(time.RFC3339, tt.want))(t)
			if got := tt.waking.Next(zone, at); !got.Equal(want) {
				t.Errorf("Next(%s, %s) = %v, want %v", tt.zone, tt.at, got.UTC(), want)
			}
		})
	}
}

func TestWakingNextProperties(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"}
	rapid.Check(t, func(t *rapid.T) {
		zone := must(time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone")))(t)
		w := Waking{From: time.Duration(rapid.IntRange(0, 95).Draw(t, "from")) * 15 * time.Minute,
			To: time.Duration(rapid.IntRange(0, 95).Draw(t, "to")) * 15 * time.Minute}
		at := time.Unix(rapid.Int64Range(1262304000, 1830297600).Draw(t, "at"), 0)
		next := w.Next(zone, at)
		if next.Before(at) {
			t.Fatalf("%+v.Next(%v, %v) = %v: in the past", w, zone, at, next)
		}
		if again := w.Next(zone, next); !again.Equal(next) {
			t.Fatalf("%+v.Next(%v, %v) = %v, and from there %v", w, zone, at, next, again)
		}
		if between := at.Add(next.Sub(at) / 2); !w.Next(zone, between).Equal(next) && between.Before(next) {
			t.Fatalf("%+v.Next(%v, %v) = %v, but from %v it is %v", w, zone, at, next, between, w.Next(zone, between))
		}
		if next.After(at) && w.From != w.To { // a start: the clock shows From, or has just jumped over it
			shown := LocalOf(next, zone) % wakingDay
			before := LocalOf(next.Add(-time.Second), zone) % wakingDay
			if shown != wakingSeconds(w.From) && !(before < wakingSeconds(w.From) && wakingSeconds(w.From) < shown) && before != wakingDay-1 {
				t.Fatalf("%+v.Next(%v, %v) = %v, where the clock goes from %d to %d s", w, zone, at, next, before, shown)
			}
		}
	})
}

// must returns a value that a test cannot do without.
func must[T any](v T, err error) func(fatal) T {
	return func(t fatal) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// fatal is a test or a property's one.
type fatal interface {
	Helper()
	Fatal(args ...any)
}
