package escalation

import (
	"testing"
	"time"
	_ "time/tzdata"

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
