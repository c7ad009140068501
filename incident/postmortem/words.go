package postmortem

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// clock shows instants: in UTC, and beside that in the zone of the business.
type clock struct{ zone *time.Location }

func newClock(zone *time.Location) clock {
	if zone == nil {
		zone = time.UTC
	}
	return clock{zone}
}

// at shows the minute: 07:50 UTC (09:50 CEST). The local date stands beside the
// local time where it is another one.
func (c clock) at(t time.Time) string {
	u, l := t.UTC(), t.In(c.zone)
	s := u.Format("15:04 UTC")
	zone, offset := l.Zone()
	if offset == 0 && (zone == "UTC" || zone == "GMT") {
		return s
	}
	if u.YearDay() != l.YearDay() {
		return s + l.Format(" (Mon 2 Jan 15:04 ") + zone + ")"
	}
	return s + l.Format(" (15:04 ") + zone + ")"
}

// full is at with the date in UTC before it.
func (c clock) full(t time.Time) string {
	if t.IsZero() {
		return "not yet"
	}
	return t.UTC().Format("Mon 2 Jan 2006, ") + c.at(t)
}

// short shows the minute in UTC alone, with the date where it is not that of near.
func (c clock) short(t, near time.Time) string {
	if t.UTC().Format(time.DateOnly) == near.UTC().Format(time.DateOnly) {
		return t.UTC().Format("15:04")
	}
	return t.UTC().Format("15:04 on 2 Jan")
}

// date shows the day that it is for the business.
func (c clock) date(t time.Time) string { return t.In(c.zone).Format("2 January 2006") }

// Span is a duration. As text it is what people say: 45 s, 33 min, 1 h 41 min.
type Span time.Duration

// String returns the span in its two largest units, rounded down.
func (s Span) String() string {
	d := time.Duration(s)
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	day := 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%s%d s", sign, d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%s%d min", sign, d/time.Minute)
	case d < day:
		return strings.TrimSuffix(fmt.Sprintf("%s%d h %d min", sign, d/time.Hour, d%time.Hour/time.Minute), " 0 min")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%s%d d %d h", sign, d/day, d%day/time.Hour), " 0 h")
	}
}

// MarshalText writes the span as Go writes a duration, 33m0s.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// say returns what e is, in our words. What somebody typed is not in it.
func (f *facts) say(e incident.Event) string {
	switch e.Kind {
	case incident.KindDeclared:
		return f.sayDeclared(e)
	case incident.KindAcknowledged:
		return "acknowledged"
	case incident.KindInvestigate:
		return "status investigating"
	case incident.KindMitigating:
		return "status mitigating"
	case incident.KindMitigated:
		return "mitigated by " + string(e.How)
	case incident.KindResolved:
		return "resolved"
	case incident.KindClosed:
		return "closed"
	case incident.KindReopened:
		return "reopened"
	case incident.KindCancelled:
		return "cancelled"
	case incident.KindMerged:
		return "merged into " + e.Whole()
	case incident.KindNote:
		return sayNote(e.Note)
	case incident.KindSeverity:
		return "severity " + e.Severity.String()
	case incident.KindTitle:
		return "title changed"
	case incident.KindService:
		return "moved to " + or(f.service(e.Service), "no service")
	case incident.KindRole:
		return f.sayRole(e)
	case incident.KindFollowUp:
		return "follow-up opened"
	case incident.KindChannel:
		return "channel opened"
	case incident.KindAlert:
		return fmt.Sprintf("alert fired again, %d times so far", e.Count)
	case incident.KindAlertOver:
		return "the sender says the alert is over"
	case incident.KindPaged:
		return "paged " + f.paged(e) + by(e.Via) + step(e)
	case incident.KindPageFailed:
		return "page to " + f.paged(e) + by(e.Via) + " did not get through"
	case incident.KindStep:
		return "escalation" + step(e)
	case incident.KindExhausted:
		return "escalation at its end, no acknowledgement"
	case incident.KindRemark:
		return "remark"
	default: // a kind that a later version wrote
		return plain(string(e.Kind))
	}
}

func (f *facts) sayDeclared(e incident.Event) string {
	s := "declared " + e.Severity.String()
	if e.Service != "" {
		s += ", " + f.service(e.Service)
	}
	if e.Alert != "" {
		s += ", opened by an alert"
	}
	return s
}

func sayNote(k incident.NoteKind) string {
	switch k {
	case "":
		return "note"
	case incident.Decision, incident.Update, incident.Task:
		return string(k)
	default:
		return "note (" + plain(string(k)) + ")"
	}
}

func (f *facts) sayRole(e incident.Event) string {
	switch {
	case e.Person == "":
		return "role " + plain(string(e.Role)) + " given back"
	case e.Person == e.By:
		return "took a role: " + f.cast.roleAt(e.Seq)
	default:
		return "gave a role: " + f.cast.roleAt(e.Seq)
	}
}

// paged returns to whom a page went: a person by label, anything else by kind and ID.
func (f *facts) paged(e incident.Event) string {
	if e.Person != "" {
		return f.cast.label(e.Person)
	}
	return or(f.cast.clean(strings.Replace(e.Target, ":", " ", 1)), "somebody")
}

func by(via string) string {
	if via == "" {
		return ""
	}
	return " by " + plain(via)
}

func step(e incident.Event) string {
	switch {
	case e.Step == 0:
		return ""
	case e.Pass > 1:
		return fmt.Sprintf(", step %d of pass %d", e.Step, e.Pass)
	default:
		return fmt.Sprintf(", step %d", e.Step)
	}
}

// typed returns what somebody wrote with e, or what else of e is from outside.
func (f *facts) typed(e incident.Event) string {
	parts := make([]string, 0, 3)
	add := func(s string) {
		if s = f.cast.clean(s); s != "" {
			parts = append(parts, s)
		}
	}
	switch e.Kind {
	case incident.KindChannel:
		if e.ChannelName != "" {
			add("#" + e.ChannelName)
		}
	case incident.KindFollowUp:
		if e.FollowUp != nil {
			add(e.FollowUp.ID + ": " + e.FollowUp.Title)
		}
	default:
		add(e.Title)
	}
	add(e.Reason)
	add(e.Text)
	return strings.Join(parts, "\n")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// count returns "1 page", "3 pages".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
