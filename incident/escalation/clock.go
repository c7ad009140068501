package escalation

import "time"

// ClockSet returns the escalation as it is when the clock was set by that much,
// backward if it is negative: every wait ends as long from now as it would have
// ended, on whichever clock. What belongs to the time of day stays where it is on
// the clock: the beginning of hours, and of somebody's waking. Where the clock was ahead
// by days it moves by whole days, or it would come as many days late. It reports
// whether anything was moved. It must be called once for each time the clock was set,
// on an escalation that no act has changed since.
func (p Escalation) ClockSet(by time.Duration) (Escalation, bool) {
	if _, waits := p.Due(); !waits || by == 0 {
		return p, false
	}
	days := min(by.Truncate(24*time.Hour), 0)
	p = p.shift(by, days, p.byDay)
	p.RaiseAt = moved(p.RaiseAt, days)
	return p, true
}

// byDay reports whether a way is tried when its person wakes, or some time after
// that. A step begins the rules of everybody else at its own instant.
func (p Escalation) byDay(w Pending) bool {
	return p.Urgency == Low && !p.StepAt.IsZero() && w.Reason != ByFailure && w.At.Add(-w.After).After(p.StepAt)
}

// shift moves all instants at which something happens, or from which a wait is
// measured; what hours named, and ways that stay, by days.
func (p Escalation) shift(by, days time.Duration, stays func(Pending) bool) Escalation {
	p = p.clone()
	stay := make([][]bool, len(p.Rings)) // asked before StepAt moves
	for i, r := range p.Rings {
		for _, w := range r.Pending {
			stay[i] = append(stay[i], stays(w))
		}
	}
	if hours := p.Cause == StepHours && !p.Running; hours {
		p.Wake = moved(p.Wake, days)
	} else {
		p.Wake = moved(p.Wake, by)
	}
	p.StepAt = moved(p.StepAt, by)
	for i := range p.Rings {
		r := &p.Rings[i]
		for j := range r.Pending {
			if stay[i][j] {
				r.Pending[j].At = moved(r.Pending[j].At, days)
			} else {
				r.Pending[j].At = moved(r.Pending[j].At, by)
			}
		}
		for j := range r.Receipts {
			r.Receipts[j].Until = moved(r.Receipts[j].Until, by)
		}
	}
	return p
}

// moved is t later by that much, where zero is never.
func moved(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}
