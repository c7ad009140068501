package report

import (
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// TestS12OutcomesAreCountedApart counts each incident once.
func TestS12OutcomesAreCountedApart(t *testing.T) {
	for _, c := range []struct {
		i    incident.Incident
		want Counts
	}{
		{incident.Incident{Status: incident.Declared}, Counts{Counted: 1}},
		{incident.Incident{Status: incident.Closed}, Counts{Counted: 1}},
		{incident.Incident{Status: incident.Cancelled}, Counts{Cancelled: 1}},
		{incident.Incident{Status: incident.Cancelled, Outcome: incident.NearMiss}, Counts{NearMiss: 1}},
		{incident.Incident{Status: incident.Cancelled, Outcome: incident.FalseAlarm}, Counts{FalseAlarm: 1}},
		{incident.Incident{Status: incident.Merged, MergedInto: 4}, Counts{Merged: 1}},
		{incident.Incident{Status: incident.Cancelled, Outcome: incident.NearMiss, Test: true}, Counts{Drills: 1}},
	} {
		if got := CountsOf([]incident.Incident{c.i}); got != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.i.Status, c.i.Outcome, got, c.want)
		}
	}
}

// TestLeftOutWords: every reason for which an incident is not counted is said.
func TestLeftOutWords(t *testing.T) {
	h := Head{LeftOut: []LeftOut{{"INC-1", Unread}, {"INC-2", "drill"}, {"INC-3", Unread}, {"INC-4", "a new reason"}}}
	if got, want := h.LeftOutWords(), "drill 1 (INC-2), archive file cannot be read 2 (INC-1, INC-3), a new reason 1 (INC-4)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
