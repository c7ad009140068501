// Package report turns timelines and rosters into figures: how much being on call
// asked of whom, how well the schedule holds, how incidents went, what was promised and
// kept, and what is still to be done.
//
// Its nouns are [Period], what is known of a stretch of time, with [OnCall], the
// figures of it; and [Data], the incidents of a stretch of time, with one report for each
// question: [Incidents], [Services], [Promises], [FollowUps]. Everything is a function of
// those: the schedule as it held at each instant, so that a later change of the roster
// never changes what was, and what happened as the timelines have it.
//
// It refuses to rank people, or to say more than the number of incidents allows: lists are
// in the order of names, what compares people is a property of the rotation, a [Spread]
// leaves out what a few points do not show, and [Compare] says that nothing has changed
// unless it is hardly chance.
package report

import (
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Held is a roster and when it held.
type Held struct {
	From, To time.Time
	Roster   *rotation.Roster
}

// Period is what is known of the half-open time [From, To).
type Period struct {
	From, To time.Time
	Rosters  []Held // in order, without overlaps; a time without one has nobody on call
	Pages    []Page // in any order

	Acts map[string][]time.Time // when each person did something in an incident, see [ActsOf]

	// Holidays are a person's, as YYYY-MM-DD; nil means that nobody has any.
	Holidays func(person string) []string
}

// Page is one message that asked somebody to come.
type Page struct {
	Incident int
	Service  string // that of the incident in the end
	At       time.Time
	Person   string
	Rotation string   // as which they were asked; empty for another reason
	Duty     []string // the rotations whose incident it is, somebody on call or not
	Resort   bool     // they were asked as the last resort: nobody was on call, or nobody came
	Quiet    bool     // by a way that interrupts nobody, such as mail

	Answered   time.Time // the incident's first acknowledgement from then on, or when Person took a role in it; zero: none
	AnsweredBy string
	Nothing    bool // the incident was cancelled: there was nothing to do
	Again      bool // the same service had an incident of the same title within the day before
}

// again is within what time the same trouble counts as repeated.
const again = 24 * time.Hour

// Timeline is an incident with its events.
type Timeline struct {
	Incident incident.Incident
	Events   []incident.Event
}

// PagesOf reads the pages out of timelines, which are in the order of their
// declaration, those of tests left out. Duty returns the rotations that answer for
// a service.
func PagesOf(timelines []Timeline, duty func(service string) []string) []Page {
	var pages []Page
	for n, t := range timelines {
		if t.Incident.Test {
			continue
		}
		repeated := repeats(timelines[:n], t.Incident)
		for k, e := range t.Events {
			kind, person := e.Person.Split()
			if e.Kind != incident.KindPaged || kind != "person" {
				continue
			}
			p := Page{Incident: t.Incident.Number, Service: t.Incident.Service, At: e.At, Person: person, Rotation: rotationIn(e.Reason), Duty: duty(t.Incident.Service),
				Resort: strings.HasPrefix(e.Reason, "last resort"), Quiet: e.Via == "email",
				Nothing: t.Incident.Status == incident.Cancelled, Again: repeated}
			for _, later := range t.Events[k:] {
				if answers(later, e.Person) {
					p.Answered = later.At
					_, p.AnsweredBy = later.By.Split()
					break
				}
			}
			pages = append(pages, p)
		}
	}
	return pages
}

// ActsOf returns when people of the roster did something in incidents, those of tests left
// out, by person.
func ActsOf(timelines []Timeline) map[string][]time.Time {
	acts := map[string][]time.Time{}
	for _, t := range timelines {
		for _, e := range t.Events {
			if kind, person := e.By.Split(); kind == "person" && !t.Incident.Test {
				acts[person] = append(acts[person], e.At)
			}
		}
	}
	return acts
}

// answers reports whether an event answers a page to somebody: while somebody else is on
// it already, that is to take a role.
func answers(e incident.Event, paged incident.Actor) bool {
	return e.Kind == incident.KindAcknowledged || e.Answers() && e.By == paged
}

// repeats looks from the latest incident before i back as far as counts.
func repeats(before []Timeline, i incident.Incident) bool {
	for n := len(before) - 1; n >= 0; n-- {
		b := &before[n].Incident
		d := i.Declared.Sub(b.Declared)
		if d > again {
			return false
		}
		if b.Service == i.Service && b.Title == i.Title && !b.Test && d >= 0 {
			return true
		}
	}
	return false
}

// rotationIn reads why somebody was paged, as in "rotation:primary, person:ada".
func rotationIn(reason string) string {
	_, rest, ok := strings.Cut(reason, "rotation:")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, ",; "); end >= 0 {
		rest = rest[:end]
	}
	return rest
}
