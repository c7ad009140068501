package report

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Interrupt is one time that somebody was interrupted: pages for one incident within an
// hour, and pages for any within a minute of the one before, are one.
type Interrupt struct {
	At        time.Time
	Person    string
	Incidents []int
	Night     bool // on the clock of the person
}

// Within what time pages are one interrupt.
const (
	sameIncident = time.Hour
	anyIncident  = time.Minute
)

// Interrupts counts pages as people feel them, in the order of their times. Pages by ways
// that interrupt nobody are left out. Zone is a person's.
func Interrupts(pages []Page, zone func(person string) *time.Location) []Interrupt {
	pages = slices.DeleteFunc(slices.Clone(pages), func(p Page) bool { return p.Quiet })
	slices.SortStableFunc(pages, func(a, b Page) int { return a.At.Compare(b.At) })
	var list []Interrupt
	type key struct {
		person   string
		incident int
	}
	last, of := map[string]time.Time{}, map[key]int{} // a person's last page; the interrupt of a person and an incident
	latest := map[string]int{}                        // a person's last interrupt
	for _, p := range pages {
		k := key{p.Person, p.Incident}
		at, seen := of[k]
		switch {
		case seen && p.At.Sub(list[at].At) < sameIncident:
		case !last[p.Person].IsZero() && p.At.Sub(last[p.Person]) <= anyIncident:
			at = latest[p.Person]
		default:
			at = len(list)
			list = append(list, Interrupt{At: p.At, Person: p.Person, Night: incident.AtNight(p.At, zone(p.Person))})
		}
		if !slices.Contains(list[at].Incidents, p.Incident) {
			list[at].Incidents = append(list[at].Incidents, p.Incident)
		}
		of[k], latest[p.Person], last[p.Person] = at, at, p.At
	}
	return list
}
