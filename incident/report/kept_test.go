package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeptWords: a sentence for every number of incidents, none among them.
func TestKeptWords(t *testing.T) {
	for _, c := range []struct {
		kept Kept
		want string
	}{
		{Kept{}, "no promise was due"},
		{Kept{Open: 1}, "no promise was due; 1 still open"},
		{Kept{Incidents: Ratio{Of: 1, Met: 1}, Ack: Ratio{Of: 1, Met: 1}}, "1 of 1 incident kept every promise; acknowledged in time: 1 of 1, updated: none was due, restored: none was due"},
		{Kept{Incidents: Ratio{Of: 4, Met: 3}, Ack: Ratio{Of: 4, Met: 4}, Update: Ratio{Of: 4, Met: 3}, Restore: Ratio{Of: 4, Met: 3}},
			"3 of 4 incidents kept every promise; acknowledged in time: 4 of 4, updated: 3 of 4, restored: 3 of 4"},
	} {
		if got := c.kept.Words(); got != c.want {
			t.Errorf("%+v is %q, want %q", c.kept, got, c.want)
		}
	}
}

// TestMissesWords: a line for each incident, every number with its unit, and however long a
// reason is it stands on that line.
func TestMissesWords(t *testing.T) {
	list := []Miss{
		{Incident: "INC-1", Promise: "acknowledge", Used: 80, Target: 5, FollowUps: []string{"INC-1-F1"}},
		{Incident: "INC-2", Promise: "restore", Used: 2880, Target: 240, Accepted: "the provider\nwas down " + strings.Repeat("x", 300)},
		{Incident: "INC-1", Promise: "update", Used: 95.5, Target: 30, FollowUps: []string{"INC-1-F1"}},
		{Incident: "INC-3", Promise: "restore", Used: 101, Target: 88, FollowUps: []string{"INC-3-F1", "INC-3-F2"}},
		{Incident: "INC-4", Promise: "restore", Used: 101, Target: 88},
	}
	want := []string{
		"INC-1: acknowledged after 80 min (promised: 5 min), the next update after 95.5 min (promised: 30 min); follow-up INC-1-F1",
		"INC-2: restored after 2 d (promised: 4 h); accepted: the provider was down " + strings.Repeat("x", 200-len("the provider was down ")) + "…",
		"INC-3: restored after 101 min (promised: 88 min); follow-ups INC-3-F1, INC-3-F2",
		"INC-4: restored after 101 min (promised: 88 min); nothing follows from it yet",
	}
	if diff := cmp.Diff(want, MissesWords(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
