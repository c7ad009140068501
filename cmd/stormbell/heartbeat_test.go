package main

import (
	"strings"
	"testing"
	"time"
)

// TestPrintBeats prints each state of a heartbeat, in the zone of the business.
func TestPrintBeats(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	for _, tt := range []struct{ answer, want string }{
		{`{"heartbeats":[]}`, "the roster expects no heartbeat; add some to heartbeats\n"},
		{`{"heartbeats":[{"name":"backup","state":"waiting","service":"checkout","severity":"sev3","every":"24h0m0s","grace":"30m0s","due":"2026-11-23T03:30:00Z"},
			{"name":"sync","state":"alive","service":"search","last":"2026-11-22T02:00:00Z","key":"cron","due":"2026-11-22T03:05:00Z"},
			{"name":"late","state":"missing","service":"checkout","last":"2026-11-22T01:00:00Z","key":"cron","due":"2026-11-22T01:11:00Z","missing":"2026-11-22T01:11:00Z","incident":"INC-7"}]}`, `
backup  waiting  checkout  has never come                         due by 2026-11-23 04:30 CET
sync    alive    search    came 2026-11-22 03:00 CET, by cron  due by 2026-11-22 04:05 CET
late    missing  checkout  came 2026-11-22 02:00 CET, by cron  missing since 2026-11-22 02:11 CET, INC-7
`},
	} {
		var out strings.Builder
		if err := printBeats(&out, []byte(tt.answer), zone); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Fields(out.String()), strings.Fields(tt.want); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("printed:\n%s\nwant:\n%s", out.String(), tt.want)
		}
	}
}
