package incident

import (
	"slices"
	"testing"
)

func TestRank(t *testing.T) {
	order := []Incident{
		{Severity: Sev1, Status: Declared},
		{Severity: Sev1, Status: Investigating, AcknowledgedBy: "person:ada"},
		{Severity: Sev2, Status: Investigating, AcknowledgedBy: "person:ada", Asking: true},
		{Severity: Sev2, Status: Mitigating, AcknowledgedBy: "person:ada"},
		{Severity: Sev4, Status: Declared},
		{Severity: Sev1, Status: Declared, Test: true},
		{Severity: Sev1, Status: Resolved},
		{Severity: Sev3, Status: Cancelled},
		{Severity: Sev4, Status: Closed, Test: true, AcknowledgedBy: "person:ada"},
	}
	var ranks []int
	for _, i := range order {
		ranks = append(ranks, i.Rank())
	}
	if !slices.IsSorted(ranks) || len(slices.Compact(slices.Clone(ranks))) != len(ranks) || ranks[0] != 0 || ranks[len(ranks)-1] != Ranks-1 {
		t.Errorf("ranks %v, want them to rise from 0 to %d", ranks, Ranks-1)
	}
}
