package escalation

import "time"

// Held records that the send with that key leaves only at an instant, as part
// of a message about several incidents (see [Digest]). The time that the
// provider has to take it runs from then. A send that has gone further than
// being handed out, or an unknown key, does not change.
func (p Escalation) Held(key string, until time.Time) Escalation {
	return p.receipt(key, func(s *Receipt) {
		if s.Level == Handed {
			s.Until = instant(until).Add(acceptWithin)
		}
	})
}
