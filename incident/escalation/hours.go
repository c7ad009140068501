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

// Waking is the part of every day in which a page of low urgency may reach a
// person, on the person's own wall clock: from From until To after midnight. To
// at or before From means until To on the next day, so equal ones are always.
type Waking struct {
	From, To time.Duration
}

// Daytime is the waking time where nobody says otherwise: 08:30 to 18:00.
func Daytime() Waking {
	return Waking{From: 8*time.Hour + 30*time.Minute, To: 18 * time.Hour}
}

// Next returns the first instant from at on that lies in the waking time of
// somebody who lives in zone. Both edges are the first instant at which the
// clock shows that time or later, so a morning that the clocks skip begins when
// they have jumped, one that happens twice begins the first time, and a day that
// a zone left out has no morning.
func (w Waking) Next(zone *time.Location, at time.Time) time.Time {
	from, to := seconds(w.From), seconds(w.To)
	if to <= from {
		to += day
	}
	local := rotation.LocalOf(at, zone)
	midnight := local - (local%day+day)%day
	for d := midnight - day; ; d += day { // yesterday's may still last
		start, end := rotation.Instant(zone, d+from), rotation.Instant(zone, d+to)
		switch {
		case !start.Before(end): // nothing of it exists
		case at.Before(start):
			return start
		case at.Before(end):
			return at
		}
	}
}

const day rotation.Local = 24 * 60 * 60

func seconds(d time.Duration) rotation.Local { return rotation.Local(d / time.Second) }
