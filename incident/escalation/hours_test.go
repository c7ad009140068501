package escalation

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

func TestUrgencyOf(t *testing.T) {
	for severity, want := range map[incident.Severity]Urgency{
		0: High, incident.Sev1: High, incident.Sev2: High, incident.Sev3: Low, incident.Sev4: None, 7: High,
	} {
		if got := UrgencyOf(severity); got != want {
			t.Errorf("UrgencyOf(%v) = %q, want %q", severity, got, want)
		}
	}
}

func TestUrgencyAt(t *testing.T) {
	office := rotation.Policy{SupportHours: hours("mon,tue,wed,thu,fri/09:00-17:00/Europe/Berlin")}
	never := rotation.Policy{SupportHours: &rotation.Coverage{From: "09:00", To: "17:00", TimeZone: "Europe/Berlin"}}
	const night, morning, monday = "2026-03-02T02:00:00Z", "2026-03-02T08:00:00Z", "2026-03-09T08:00:00Z"
	tests := []struct {
		name     string
		policy   rotation.Policy
		severity incident.Severity
		at       string
		want     Urgency
		raise    string // empty: never
	}{
		{"sev2 at night", office, incident.Sev2, night, Low, morning},
		{"sev2 when they begin", office, incident.Sev2, morning, High, ""},
		{"sev2 in their last second", office, incident.Sev2, "2026-03-06T15:59:59Z", High, ""},
		{"sev2 when they end", office, incident.Sev2, "2026-03-06T16:00:00Z", Low, monday},
		{"sev1 at night", office, incident.Sev1, night, High, ""},
		{"nobody has said, at night", office, 0, night, High, ""},
		{"sev3 at night", office, incident.Sev3, night, Low, ""},
		{"sev3 by day", office, incident.Sev3, morning, Low, ""},
		{"sev4 at night", office, incident.Sev4, night, None, ""},
		{"sev2 at night, always supported", rotation.Policy{}, incident.Sev2, night, High, ""},
		{"sev2 where they never begin", never, incident.Sev2, night, High, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, raise := UrgencyAt(tt.policy, tt.severity, must(time.Parse(time.RFC3339, tt.at))(t))
			var want time.Time
			if tt.raise != "" {
				want = must(time.Parse(time.RFC3339, tt.raise))(t)
			}
			if got != tt.want || !raise.Equal(want) {
				t.Errorf("UrgencyAt(%v, %s) = %s, %v, want %s, %v", tt.severity, tt.at, got, raise, tt.want, want)
			}
		})
	}
}

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
			shown := rotation.LocalOf(next, zone) % day
			before := rotation.LocalOf(next.Add(-time.Second), zone) % day
			if shown != seconds(w.From) && !(before < seconds(w.From) && seconds(w.From) < shown) && before != day-1 {
				t.Fatalf("%+v.Next(%v, %v) = %v, where the clock goes from %d to %d s", w, zone, at, next, before, shown)
			}
		}
	})
}
