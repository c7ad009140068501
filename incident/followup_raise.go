package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Interruption is that people were disturbed because of an incident, at night or on a
// weekend.
type Interruption struct {
	Incident int       `json:"incident"`
	At       time.Time `json:"at"`
}

// Two interruptions of one service within raiseWithin raise the priority of its fix.
// What disturbs several people, or one several times, within sameNight because of one
// incident is one interruption: it is the same night. So is what disturbs within
// sameMoment, whatever it is about.
const (
	raiseWithin = 14 * 24 * time.Hour
	raiseCount  = 2
	sameNight   = 12 * time.Hour
	sameMoment  = time.Minute
)

// The night, by the clock of whoever is disturbed.
const (
	nightFrom  = 22
	nightUntil = 7
)

// OffHours reports whether an instant is at night, from 22:00 to 7:00, or on a weekend,
// by the clock of a zone.
func OffHours(at time.Time, zone *time.Location) bool {
	if zone == nil {
		zone = time.UTC
	}
	local := at.In(zone)
	switch h := local.Hour(); {
	case h >= nightFrom, h < nightUntil:
		return true
	default:
		return local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
	}
}

// Disturbed adds an interruption to those of a service, and leaves out what is too long
// ago. It reports whether anything is new.
func Disturbed(of []Interruption, x Interruption) ([]Interruption, bool) {
	kept := make([]Interruption, 0, len(of)+1)
	for _, y := range of {
		if y.Incident == x.Incident && x.At.Sub(y.At) < sameNight || x.At.Sub(y.At) < sameMoment {
			return of, false
		}
		if x.At.Sub(y.At) <= raiseWithin {
			kept = append(kept, y)
		}
	}
	return append(kept, x), true
}

// RaisedBy says which interruptions make the permanent fix of a service matter more;
// empty: there were not enough lately.
func RaisedBy(of []Interruption, now time.Time) string {
	var names []string
	count := 0
	for _, x := range of {
		if now.Sub(x.At) > raiseWithin {
			continue
		}
		count++
		if name := Name(x.Incident); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if count < raiseCount {
		return ""
	}
	return fmt.Sprintf("People were disturbed %s at night or on a weekend within 14 days: %s.", times(count), strings.Join(names, ", "))
}

func times(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// RaiseFollowUp says that an open follow-up matters more than others, and why.
func (i Incident) RaiseFollowUp(f FollowUp, why string, now time.Time) Change {
	f.Raised = why
	return i.changeFollowUp(Event{Kind: KindFollowUpRaised, FollowUp: &f, Text: why}, Bot, now)
}
