package incident

import (
	"slices"
	"time"
)

// How long nothing happens in an incident before whoever has it is asked how it goes on.
const (
	idleMitigated = 24 * time.Hour
	idleResolved  = 72 * time.Hour
)

// IdleAt returns when whoever has the incident is asked what is to become of it, on a
// weekday at 9:30 in their zone, so that one message has all incidents of a day: a day
// after the last thing that happened while it is mitigated, three days while it is
// resolved, and then once each working day. since is when anything happened last, asked
// when they were asked last. Zero: never.
func (i Incident) IdleAt(since, asked time.Time, zone *time.Location) time.Time {
	var after time.Duration
	switch {
	case i.Test, since.IsZero():
	case i.Status == Mitigated:
		after = idleMitigated
	case i.Status == Resolved:
		after = idleResolved
	}
	if after == 0 {
		return time.Time{}
	}
	at := since.Add(after)
	if zone == nil {
		zone = time.UTC
	}
	if asked.After(since) {
		y, m, d := asked.In(zone).AddDate(0, 0, 1).Date()
		if next := time.Date(y, m, d, 0, 0, 0, 0, zone); next.After(at) {
			at = next
		}
	}
	return nextWorkday(at, zone)
}

// nextWorkday is the first 9:30 of a weekday that is not before an instant.
func nextWorkday(at time.Time, zone *time.Location) time.Time {
	for day := 0; ; day++ {
		y, m, d := at.In(zone).AddDate(0, 0, day).Date()
		from := time.Date(y, m, d, remindHour, remindMinute, 0, 0, zone)
		if w := from.Weekday(); w != time.Saturday && w != time.Sunday && !from.Before(at) {
			return from.UTC()
		}
	}
}

// Stirs reports whether an event shows that people, or a sender of alerts, still have to
// do with an incident: then nobody is asked whether they do.
func (e Event) Stirs() bool {
	_, moves := leads[e.Kind]
	return moves || e.By.Human() || e.Kind == KindAlert || e.Kind == KindAlertJoined
}

// Tends returns who is asked what is to become of an incident: the commander, whoever is
// or was on it, or who declared it; empty where no person is known.
func (i Incident) Tends() Actor {
	if all := i.Tending(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Tending returns all who could be asked that, in the order in which they are: the next one
// where somebody has left.
func (i Incident) Tending() []Actor {
	var list []Actor
	for _, a := range []Actor{i.Holder(Commander), i.AcknowledgedBy, i.Holder(Responder), i.Reviewer, i.DeclaredBy} {
		if kind, _ := a.Split(); (kind == "person" || kind == "slack") && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}
