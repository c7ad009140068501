package report

import "testing"

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
	for list, want := range map[*[]string]string{{"INC-1-F1"}: "INC-1: restored after 101 min, 88 were promised; follow-up INC-1-F1", {"INC-1-F1", "INC-1-F2"}: "INC-1: restored after 101 min, 88 were promised; follow-ups INC-1-F1, INC-1-F2"} {
		if got := (Miss{Incident: "INC-1", Promise: "restore", Used: 101, Target: 88, FollowUps: *list}).Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
