package report

import "github.com/stormbell/stormbell/incident"

// FirstPages says how often the first page of an incident reached the team that runs
// its service, as that was found to be in the end.
type FirstPages struct {
	Of       int   `json:"of"`       // incidents for which anybody was paged
	Reached  int   `json:"reached"`  // whose first page reached the owner
	Reroutes int   `json:"reroutes"` // how often an incident was given from one service to another
	Astray   []int `json:"astray"`   // the incidents whose first page did not
}

// FirstPagesOf reads it out of timelines, those of drills left out. Owner returns the
// team that runs a service; of what nobody owns no page reaches the owner.
func FirstPagesOf(timelines []Timeline, owner func(service string) string) FirstPages {
	f := FirstPages{Astray: []int{}}
	for _, t := range timelines {
		if t.Incident.Test {
			continue
		}
		f.Reroutes += t.Incident.Reroutes
		first, paged := firstPaged(t.Events)
		if !paged {
			continue
		}
		f.Of++
		if team := owner(t.Incident.Service); team != "" && team == owner(first) {
			f.Reached++
		} else {
			f.Astray = append(f.Astray, t.Incident.Number)
		}
	}
	return f
}

// firstPaged returns for which service the first page was.
func firstPaged(events []incident.Event) (service string, ok bool) {
	for _, e := range events {
		switch e.Kind {
		case incident.KindDeclared, incident.KindService:
			service = e.Service
		case incident.KindPaged, incident.KindPageFailed:
			return service, true
		}
	}
	return "", false
}
