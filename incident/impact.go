package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Audience is somebody whom an incident hits.
type Audience string

// The audiences, in the order in which people are asked.
const (
	EndUsers  Audience = "end_users"
	Customers Audience = "customers"
	Partners  Audience = "partners"
	Staff     Audience = "staff"
)

// Audiences are all of them.
var Audiences = []Audience{EndUsers, Customers, Partners, Staff}

// Words name the audience, within a sentence.
func (a Audience) Words() string { return plainWord(string(a)) }

// ParseAudience reads the name of an audience as people write it.
func ParseAudience(s string) (Audience, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, a := range Audiences {
		if s == string(a) || s == a.Words() || s == strings.TrimSuffix(a.Words(), "s") {
			return a, true
		}
	}
	other := map[string]Audience{"users": EndUsers, "user": EndUsers, "everybody": EndUsers, "everyone": EndUsers,
		"employees": Staff, "colleagues": Staff, "merchants": Partners, "clients": Customers}
	a, ok := other[s]
	return a, ok
}

// Seen says who saw an incident first.
type Seen string

// Who can see an incident first.
const (
	SeenByAlert     Seen = "alert"
	SeenByStaff     Seen = "staff"
	SeenByCustomers Seen = "customers"
)

// Sights are all who can see an incident first.
var Sights = []Seen{SeenByAlert, SeenByStaff, SeenByCustomers}

// ParseSeen reads who saw it first, as people write it.
func ParseSeen(s string) (Seen, bool) {
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "by ") {
	case "alert", "alerts", "an alert", "monitoring":
		return SeenByAlert, true
	case "staff", "us", "colleagues", "a colleague", "one of us", "somebody of us":
		return SeenByStaff, true
	case "customer", "customers", "a customer", "users", "users first", "customers first":
		return SeenByCustomers, true
	}
	return "", false
}

// Words name who saw it first, within a sentence.
func (s Seen) Words() string {
	switch s {
	case SeenByAlert:
		return "an alert"
	case SeenByStaff:
		return "one of us"
	case SeenByCustomers:
		return "customers"
	default:
		return ""
	}
}

// SeenBy returns who saw the incident first: as somebody said, or else an alert where one
// opened it, and one of us where a person declared it.
func (i Incident) SeenBy() Seen {
	switch {
	case i.Seen != "":
		return i.Seen
	case i.Alert != "":
		return SeenByAlert
	case i.DeclaredBy.Human():
		return SeenByStaff
	default:
		return ""
	}
}

// Hit says whom an incident hits, and how many of them.
type Hit struct {
	Who    []Audience `json:"who,omitempty"`
	Count  int        `json:"count,omitempty"`  // zero: nobody has counted
	Source string     `json:"source,omitempty"` // where Count is from
}

// Hits reports whether an audience is among those who are hit.
func (h Hit) Hits(a Audience) bool { return slices.Contains(h.Who, a) }

// Known reports whether anything is said.
func (h Hit) Known() bool { return len(h.Who) > 0 || h.Count > 0 }

// Words say who is hit, as in "customers and partners, about 120 (orders dashboard)";
// empty where nobody has said.
func (h Hit) Words() string {
	var parts []string
	var who []string
	for _, a := range Audiences {
		if h.Hits(a) {
			who = append(who, a.Words())
		}
	}
	if len(who) > 0 {
		parts = append(parts, and(who))
	}
	if h.Count > 0 {
		count := fmt.Sprintf("about %s", grouped(h.Count))
		if h.Source != "" {
			count += " (" + h.Source + ")"
		}
		parts = append(parts, count)
	}
	return strings.Join(parts, ", ")
}

// grouped writes a number as people read it: 12,000.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for k := len(s) - 3; k > 0; k -= 3 {
		s = s[:k] + "," + s[k:]
	}
	return s
}

// ImpactSaid is what somebody says of the impact. What is zero stays as it is.
type ImpactSaid struct {
	Since, Until time.Time // when it began at first, and when it was over at last
	None         bool      // nobody was hit
	Function     string    // the business function that is hit
	Hit          *Hit
	Seen         Seen   // who saw it first
	Text         string // what it is known from

	Over time.Time // when the timeline says that it stopped hurting, see [OverSince]
}

// maxHits is more than any number of people who can be hit.
const maxHits = 10_000_000_000

// ImpactNone reports whether somebody said that nobody was hit.
func (i Incident) ImpactNone() bool { return i.ImpactBy != "" && len(i.Impact) == 0 }

// SetImpact corrects what the record says of the impact: it often began before the
// incident was declared, and was over before somebody said so.
func (i Incident) SetImpact(s ImpactSaid, by Actor, now time.Time) (Change, error) {
	if i.Status == Merged {
		return Change{}, i.over("its impact counts there")
	}
	h := i.Hit
	switch {
	case s.None && s.Hit != nil && s.Hit.Known():
		return Change{}, Refuse("Say one of the two.", "Nobody was hit, or somebody was.")
	case s.None:
		h = Hit{} // whom somebody had counted before was not hit either
	case s.Hit != nil:
		var err error
		if h, err = cleanHit(*s.Hit); err != nil {
			return Change{}, err
		}
	}
	list, err := i.impactOf(s, now)
	if err != nil {
		return Change{}, err
	}
	e := Event{Kind: KindImpact, Impact: list, Function: i.Function, Text: CleanText(s.Text)}
	if f, _ := CleanTitle(s.Function); f != "" {
		e.Function = f
	}
	if h.Known() {
		e.Hit = &h
	}
	if e.Seen = s.Seen; e.Seen == "" {
		e.Seen = i.Seen
	}
	c := begin(i, by, now)
	c.say(c.add(e))
	c.do(RefreshCard)
	return c.change(), nil
}

// impactOf returns the intervals of impact as s says them.
func (i Incident) impactOf(s ImpactSaid, now time.Time) ([]Interval, error) {
	if s.None {
		if !s.Since.IsZero() || !s.Until.IsZero() {
			return nil, Refuse("Say one of the two.", "Nobody was hit, or somebody was at a time.")
		}
		return nil, nil
	}
	list := slices.Clone(i.Impact)
	after := len(list) == 0 && s.Hit != nil && s.Hit.Known() // somebody was hit after all
	if s.Since.IsZero() && s.Until.IsZero() && !after {
		return list, nil
	}
	if len(list) == 0 { // nobody was hit, it was said
		list = []Interval{{Start: i.Declared}}
		if !i.Status.Hurting() {
			if list[0].End = s.Over; s.Over.IsZero() {
				list[0].End = now
			}
		}
	}
	if !s.Since.IsZero() {
		list[0].Start = s.Since
	}
	last := &list[len(list)-1]
	if !s.Until.IsZero() {
		if i.Status.Hurting() {
			return nil, Refuse("Say first how it was mitigated: mitigate rollback, for example; then when the impact was over.",
				"%s is %s: as far as the record goes, customers are still hit.", i.Name(), i.Status)
		}
		last.End = s.Until
	}
	return list, ordered(list, now)
}

// OverSince is when an incident stopped hurting for the last time, as its timeline says;
// zero: it hurts, as far as that goes.
func OverSince(events []Event) time.Time {
	var over time.Time
	for _, e := range events {
		switch e.Kind {
		case KindMitigated, KindResolved, KindCancelled:
			over = first(over, e.At)
		case KindDeclared, KindInvestigate, KindMitigating, KindReopened:
			over = time.Time{}
		}
	}
	return over
}

// ordered refuses intervals that have no length, lie in the future or run into each other.
func ordered(list []Interval, now time.Time) error {
	for k, v := range list {
		switch {
		case v.Start.After(now) || v.End.After(now):
			return Refuse("Use a time that has been, as in 14:05, or with the day, as in 2026-11-29 14:05.", "That time is still to come.")
		case !v.End.IsZero() && !v.End.After(v.Start):
			return Refuse("Give both: when it began and when it was over.", "The impact cannot be over before it began.")
		case k > 0 && v.Start.Before(list[k-1].End):
			return Refuse("Correct the last time only.", "The impact stopped in between and came back later than that.")
		}
	}
	return nil
}

func cleanHit(h Hit) (Hit, error) {
	for _, a := range h.Who {
		if !slices.Contains(Audiences, a) {
			return h, Refuse("There are: end users, customers, partners, staff.", "“%s” is nobody who can be hit.", string(a))
		}
	}
	if h.Count < 0 || h.Count > maxHits {
		return h, Refuse("Leave it empty where nobody has counted.", "%d is no number of people.", h.Count)
	}
	h.Source, _ = CleanTitle(h.Source)
	return h, nil
}

// setImpact says the impact in words.
func (w Wording) setImpact(e Event) (did string) {
	if len(e.Impact) == 0 {
		did = "said that nobody was hit"
	} else {
		did = "said that the impact began " + w.moment(e.Impact[0].Start, e.At)
		if end := e.Impact[len(e.Impact)-1].End; !end.IsZero() {
			did += " and was over " + w.moment(end, e.At)
		}
	}
	if e.Hit != nil {
		did += "; hit: " + w.text(e.Hit.Words())
	}
	if e.Function != "" {
		did += "; function: " + w.text(e.Function)
	}
	if e.Seen != "" {
		did += "; first seen by " + e.Seen.Words()
	}
	return did
}
