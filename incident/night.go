package incident

import "time"

// AtNight reports whether an instant is between 22:00 and 7:00 by the clock of a zone.
func AtNight(at time.Time, zone *time.Location) bool {
	if zone == nil {
		zone = time.UTC
	}
	h := at.In(zone).Hour()
	return h >= nightFrom || h < nightUntil
}

// After so much time in command somebody is offered to hand over: at night sooner.
const (
	tiredByDay   = 4 * time.Hour
	tiredAtNight = 2 * time.Hour
)

// Tired returns when somebody in a zone who has had command since an instant is offered to
// hand it over: after two hours at night, or four in all.
func Tired(since time.Time, zone *time.Location) time.Time {
	night := time.Duration(0)
	for at := since; at.Before(since.Add(tiredByDay)); at = at.Add(time.Minute) {
		if night == tiredAtNight {
			return at
		}
		if AtNight(at, zone) {
			night += time.Minute
		}
	}
	return since.Add(tiredByDay)
}

// CommandSpan returns since when the commander has led without a break: since they took
// command, or since the incident was opened again. It is zero where there is none.
func (i Incident) CommandSpan(events []Event) (who Actor, since time.Time) {
	for _, h := range i.Roles {
		if h.Role == Commander && h.Who.Human() {
			who, since = h.Who, h.From
			break
		}
	}
	if who == "" {
		return "", time.Time{}
	}
	for _, e := range events {
		if e.Kind == KindReopened && e.At.After(since) {
			since = e.At
		}
	}
	return who, since
}
