package escalation

import (
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// UrgencyOf returns how hard an incident of a severity pages: sev1 and sev2 at
// any time, sev3 while the person is awake, sev4 not at all. A severity that
// nobody has said pages like the worst.
func UrgencyOf(s incident.Severity) Urgency {
	switch s {
	case incident.Sev3:
		return Low
	case incident.Sev4:
		return None
	}
	return High
}

// UrgencyAt returns how hard an incident of a severity pages at an instant under
// a policy, and when that becomes high by itself, zero for never (P13). Outside
// the policy's support hours sev2 is low until they begin. They hold back neither
// sev1 nor a severity that nobody has said, which is given as zero: of two
// mistakes that is the one that wakes somebody. Nor do they raise sev3, or hold
// anything back when they never begin again.
func UrgencyAt(p rotation.Policy, s incident.Severity, at time.Time) (u Urgency, raise time.Time) {
	u = UrgencyOf(s)
	if s != incident.Sev2 {
		return u, time.Time{}
	}
	begins, ever := p.SupportHours.Next(at)
	if !ever || !begins.After(at) {
		return u, time.Time{}
	}
	return Low, begins
}
