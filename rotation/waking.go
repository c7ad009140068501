package rotation

import "time"

// Waking is the part of every day in which a notification of low urgency may reach
// a person, on the person's own wall clock: from From until To after midnight. To
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
	from, to := wakingSeconds(w.From), wakingSeconds(w.To)
	if to <= from {
		to += wakingDay
	}
	local := LocalOf(at, zone)
	midnight := local - (local%wakingDay+wakingDay)%wakingDay
	for d := midnight - wakingDay; ; d += wakingDay { // yesterday's may still last
		start, end := Instant(zone, d+from), Instant(zone, d+to)
		switch {
		case !start.Before(end): // nothing of it exists
		case at.Before(start):
			return start
		case at.Before(end):
			return at
		}
	}
}

const wakingDay Local = 24 * 60 * 60

func wakingSeconds(d time.Duration) Local { return Local(d / time.Second) }
