package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

// TestWeekWords names the services that woke people and those that took their days off,
// each interrupt once, and says nothing of a week in which there was nothing.
func TestWeekWords(t *testing.T) {
	now := time.Date(2026, 10, 12, 9, 30, 0, 0, time.UTC)
	service := map[int]string{1: "Payments", 2: "Shop", 3: "Search"}
	list := []report.Interrupt{
		{Incidents: []int{1}, Night: true, Weekend: true}, {Incidents: []int{2}, Weekend: true}, {Incidents: []int{3}, Holiday: true}, {Incidents: []int{3}},
	}
	fix := ListedFollowUp{FollowUp: incident.FollowUp{Opened: now.AddDate(0, 0, -19)}}
	for _, c := range []struct {
		list  []report.Interrupt
		fixes []ListedFollowUp
		want  string
	}{
		{nil, nil, ""},
		{list, []ListedFollowUp{fix}, "Last week on call: 4 interrupts, 1 at night (Payments), 2 at a weekend or on a holiday (Shop, Search). By service: Search 2, Payments 1, Shop 1. 1 permanent fix is open, for 19 days."},
		{[]report.Interrupt{{Incidents: []int{1, 2}}}, nil, "Last week on call: 1 interrupt. By service: Payments 1, Shop 1; an interrupt because of several services counts for each."},
		{list[3:], nil, "Last week on call: 1 interrupt."},
		{nil, []ListedFollowUp{fix}, "Last week on call: no interrupts. 1 permanent fix is open, for 19 days."},
	} {
		if got := weekWords(c.list, service, report.Disturbances(c.list, service), c.fixes, now); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
