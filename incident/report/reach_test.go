package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
)

// TestS26FirstPagesReachTheOwner counts first pages by the team that owns the service in
// the end.
func TestS26FirstPagesReachTheOwner(t *testing.T) {
	owners := map[string]string{"checkout": "shop", "search": "shop", "edge": "platform"}
	owner := func(service string) string { return owners[service] }
	declared := func(service string) incident.Event {
		return incident.Event{Kind: incident.KindDeclared, Service: service}
	}
	moved := func(service string) incident.Event {
		return incident.Event{Kind: incident.KindService, Service: service}
	}
	page := incident.Event{Kind: incident.KindPaged, Person: "person:ada"}
	for name, c := range map[string]struct {
		of     incident.Incident
		events []incident.Event
		want   FirstPages
	}{
		"the owner":             {incident.Incident{Service: "edge"}, []incident.Event{declared("edge"), page}, FirstPages{1, 1, 0, []int{}}},
		"moved afterwards":      {incident.Incident{Service: "edge", Reroutes: 1}, []incident.Event{declared("checkout"), page, moved("edge"), page}, FirstPages{1, 0, 1, []int{7}}},
		"moved before any page": {incident.Incident{Service: "edge", Reroutes: 1}, []incident.Event{declared("checkout"), moved("edge"), page}, FirstPages{1, 1, 1, []int{}}},
		"within the team":       {incident.Incident{Service: "search", Reroutes: 1}, []incident.Event{declared("checkout"), page, moved("search")}, FirstPages{1, 1, 1, []int{}}},
		"to and back":           {incident.Incident{Service: "edge", Reroutes: 2}, []incident.Event{declared("edge"), page, moved("checkout"), page, moved("edge"), page}, FirstPages{1, 1, 2, []int{}}},
		"nobody owns it":        {incident.Incident{Service: "mails"}, []incident.Event{declared("mails"), page}, FirstPages{1, 0, 0, []int{7}}},
		"no service":            {incident.Incident{}, []incident.Event{declared(""), page}, FirstPages{1, 0, 0, []int{7}}},
		"nobody was paged":      {incident.Incident{Service: "edge"}, []incident.Event{declared("edge")}, FirstPages{0, 0, 0, []int{}}},
		"a drill":               {incident.Incident{Service: "edge", Test: true}, []incident.Event{declared("edge"), page}, FirstPages{0, 0, 0, []int{}}},
		"a page that failed":    {incident.Incident{Service: "edge"}, []incident.Event{declared("checkout"), {Kind: incident.KindPageFailed}, moved("edge"), page}, FirstPages{1, 0, 0, []int{7}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.of.Number = 7
			if diff := cmp.Diff(c.want, FirstPagesOf([]Timeline{{c.of, c.events}}, owner)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
