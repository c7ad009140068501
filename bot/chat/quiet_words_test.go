package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func TestQuietWords(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 18, 13, 30, 0, 0, zone) // a Wednesday
	local := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, zone) }
	for _, c := range []struct {
		typed       string
		match       string
		from, until time.Time
		reason      string
	}{
		{"alertname=DiskFull for 2h disk swap", "{alertname: DiskFull}", time.Time{}, now.Add(2 * time.Hour), "disk swap"},
		{"alertname=DiskFull instance=db-7 2h", "{alertname: DiskFull, instance: db-7}", time.Time{}, now.Add(2 * time.Hour), ""},
		{"alertname=DiskFull disk swap for 30 minutes", "{alertname: DiskFull}", time.Time{}, now.Add(30 * time.Minute), "disk swap"},
		{"alertname=DiskFull because of the swap until 14:00", "{alertname: DiskFull}", time.Time{}, local(18, 14, 0), "the swap"},
		{"alertname=DiskFull until 9:00", "{alertname: DiskFull}", time.Time{}, local(19, 9, 0), ""},
		{"alertname=DiskFull until 2pm, disk swap", "{alertname: DiskFull}", time.Time{}, local(18, 14, 0), "disk swap"},
		{"alertname=DiskFull until tomorrow at 9 am", "{alertname: DiskFull}", time.Time{}, local(19, 9, 0), ""},
		{"alertname=DiskFull till friday 18:00", "{alertname: DiskFull}", time.Time{}, local(20, 18, 0), ""},
		{"alertname=DiskFull until wed 9:00", "{alertname: DiskFull}", time.Time{}, local(25, 9, 0), ""},
		{"alertname=DiskFull until 2026-11-20 14:00", "{alertname: DiskFull}", time.Time{}, local(20, 14, 0), ""},
		{"alertname=DiskFull until 2026-11-20T14:00:00Z", "{alertname: DiskFull}", time.Time{}, local(20, 15, 0), ""},
		{"alertname=DiskFull until midnight", "{alertname: DiskFull}", time.Time{}, local(19, 0, 0), ""},
		{"alertname=DiskFull from 22:00 for 2h", "{alertname: DiskFull}", local(18, 22, 0), local(19, 0, 0), ""},
		{"alertname=DiskFull from 22:00 to 6:00 batch", "{alertname: DiskFull}", local(18, 22, 0), local(19, 6, 0), "batch"},
		{`{alertname="Disk Full", instance=~"db-.*"} for an hour`, "{alertname: Disk Full, instance: /db-.*/}", time.Time{}, now.Add(time.Hour), ""},
		{"title=“p99 above 3 s” for half an hour", "{title: p99 above 3 s}", time.Time{}, now.Add(30 * time.Minute), ""},
		{"alertname=DiskFull for 1d12h - swap for db-7", "{alertname: DiskFull}", time.Time{}, now.Add(36 * time.Hour), "swap for db-7"},
		{"alertname=DiskFull FOR 2H", "{alertname: DiskFull}", time.Time{}, now.Add(2 * time.Hour), ""},
	} {
		q, err := parseSilence(c.typed, now, zone)
		if err != nil {
			t.Errorf("%s: %v", c.typed, err)
			continue
		}
		s := rotation.Silence{Match: q.match}
		if s.Matching() != c.match || !q.from.Equal(c.from) || !q.until.Equal(c.until) || q.reason != c.reason {
			t.Errorf("%s: %s from %v until %v, %q; want %s from %v until %v, %q", c.typed, s.Matching(), q.from, q.until.In(zone), q.reason, c.match, c.from, c.until, c.reason)
		}
	}
	for typed, want := range map[string]string{
		"":                   "Say which alerts",
		"for 2h":             "Say which alerts",
		"15m":                "snooze 15m",
		"end s1":             "press End now",
		"DiskFull for 2h":    "Say which alerts",
		"alertname=DiskFull": "Say for how long",
		"alertname=DiskFull until the disk is in": "Say for how long",
		"alertname=DiskFull until tomorrow":       "Say for how long",
		"alertname=DiskFull until 25:00":          "Say for how long",
		"alertname!=DiskFull for 2h":              "not what it is not",
		"alertname=/(/ for 2h":                    "cannot be read",
	} {
		if _, err := parseSilence(typed, now, zone); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a refusal with %q", typed, err, want)
		}
	}
}

func TestMaintenanceWords(t *testing.T) {
	now := time.Date(2026, 11, 18, 13, 30, 0, 0, time.UTC)
	roster := &rotation.Roster{Services: []rotation.Service{{ID: "payments-api", Name: "Payments API"}, {ID: "checkout", Name: "Checkout"}}}
	for typed, want := range map[string][2]string{
		"checkout for 2h upgrade":              {"checkout", "upgrade"},
		"Payments API for 2h upgrade":          {"Payments API", "upgrade"},
		"checkout database upgrade for 2h":     {"checkout", "database upgrade"},
		"service:checkout for 2h":              {"checkout", ""},
		"chekout for 2h reason: the upgrade":   {"chekout", "the upgrade"},
		`"Payments API" 2h upgrade of 3 hours`: {"Payments API", "upgrade of 3 hours"},
	} {
		q, err := parseMaintenance(typed, roster, now, time.UTC)
		if err != nil || q.service != want[0] || q.reason != want[1] || !q.until.Equal(now.Add(2*time.Hour)) {
			t.Errorf("%s: %q until %v, %q (%v); want %q in two hours, %q", typed, q.service, q.until, q.reason, err, want[0], want[1])
		}
	}
	if _, err := parseMaintenance(" ", roster, now, time.UTC); err == nil {
		t.Error("nothing is taken for a service")
	}
}

func TestUnlinked(t *testing.T) {
	for typed, want := range map[string]string{
		"instance=<http://db-7.shop.example|db-7.shop.example> for 2h": "instance=db-7.shop.example for 2h",
		"see <https://wiki.example/x|the plan>":                        "see <https://wiki.example/x|the plan>",
		"<https://wiki.example/x>":                                     "<https://wiki.example/x>",
	} {
		if got := unlinked(typed); got != want {
			t.Errorf("unlinked(%q) = %q, want %q", typed, got, want)
		}
	}
}
