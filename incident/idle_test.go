package incident

import (
	"testing"
	"time"
)

// TestIdleAt asks on mornings of working days of whoever is asked, a day or three days after the last
// thing that happened, and then once a working day, over weekends and clock changes too.
func TestIdleAt(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil && s != "" {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name               string
		status             Status
		since, asked, want string
	}{
		{"mitigated on a Tuesday", Mitigated, "2026-10-06T12:00:00Z", "", "2026-10-08T07:30:00Z"},
		{"mitigated at night", Mitigated, "2026-10-06T01:00:00Z", "", "2026-10-07T07:30:00Z"},
		{"mitigated on a Friday afternoon", Mitigated, "2026-10-09T14:00:00Z", "", "2026-10-12T07:30:00Z"},
		{"resolved on a Tuesday", Resolved, "2026-10-06T12:00:00Z", "", "2026-10-12T07:30:00Z"},
		{"resolved on a Thursday", Resolved, "2026-10-08T12:00:00Z", "", "2026-10-12T07:30:00Z"},
		{"asked on a Tuesday", Mitigated, "2026-10-05T08:00:00Z", "2026-10-06T08:00:00Z", "2026-10-07T07:30:00Z"},
		{"asked on a Friday before the clocks change", Mitigated, "2026-10-20T08:00:00Z", "2026-10-23T08:00:00Z", "2026-10-26T08:30:00Z"},
		{"something happened since", Mitigated, "2026-10-06T08:00:00Z", "2026-10-05T08:00:00Z", "2026-10-08T07:30:00Z"},
		{"closed", Closed, "2026-10-06T08:00:00Z", "", ""},
		{"hurting", Investigating, "2026-10-06T08:00:00Z", "", ""},
	} {
		i := Incident{Status: c.status}
		if got := i.IdleAt(at(c.since), at(c.asked), berlin); !got.Equal(at(c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if i.Test = true; !i.IdleAt(at(c.since), at(c.asked), berlin).IsZero() {
			t.Errorf("%s: a drill is asked for", c.name)
		}
	}
}
