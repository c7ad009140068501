package incident

import (
	"strings"
	"testing"
	"time"
)

var gitHub = Export{Tracker: "platform", Provider: "GitHub", Key: "octo/app#12", URL: "https://github.example/octo/app/issues/12"}

// exportable is an incident with two follow-ups, of which the second is done.
func exportable(t *testing.T) Incident {
	t.Helper()
	i := Incident{Number: 4, Title: "checkout is down", Severity: Sev2, Highest: Sev2, Status: Resolved, Events: 9, FollowUps: []FollowUp{
		{ID: "INC-4-F1", Kind: PermanentFix, Title: "Replace the restart with a permanent fix"}, {ID: "INC-4-F2", Title: "tell support", State: Done}}}
	return i
}

// TestExportFollowUp puts a follow-up at a tracker once.
func TestExportFollowUp(t *testing.T) {
	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	i := exportable(t)
	for id, want := range map[string]string{"INC-4-F1": "", "INC-4-F2": "already done", "INC-4-F3": "no follow-up INC-4-F3"} {
		if _, err := i.MayExport(id); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("MayExport(%s) = %v, want %q", id, err, want)
		}
	}
	c, err := i.ExportFollowUp("INC-4-F1", gitHub, "person:ada", now)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.Incident.FollowUp("INC-4-F1")
	if f.Export != gitHub || !f.Open() || len(c.Events) != 1 || c.Events[0].Kind != KindFollowUpExport || c.Events[0].By != "person:ada" {
		t.Errorf("ExportFollowUp() = %+v, events %+v", f, c.Events)
	}
	if _, err := c.Incident.ExportFollowUp("INC-4-F1", gitHub, Bot, now); err == nil {
		t.Error("it was exported twice")
	}
	if _, err := c.Incident.MayExport("INC-4-F1"); err == nil || !strings.Contains(err.Error(), gitHub.URL) {
		t.Errorf("MayExport() of what is there = %v, want its address", err)
	}
	if c, err = i.ExportFollowUp("INC-4-F2", gitHub, Bot, now); err != nil {
		t.Errorf("what was finished meanwhile: %v, want it to be recorded", err)
	} else if f, _ = c.Incident.FollowUp("INC-4-F2"); f.State != Done {
		t.Error("it is open again")
	}
}

// TestClosedThere finishes a follow-up with the link to its issue, or drops it with the
// reason that is given there.
func TestClosedThere(t *testing.T) {
	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	c, _ := exportable(t).ExportFollowUp("INC-4-F1", gitHub, Bot, now)
	for _, test := range []struct {
		dropped bool
		reason  string
		state   FollowUpState
		outcome string
	}{
		{false, "", Done, gitHub.URL},
		{true, "not planned", Dropped, "Closed in GitHub as not planned: " + gitHub.URL},
		{true, "", Dropped, "Closed in GitHub as decided against: " + gitHub.URL},
	} {
		closed, err := c.Incident.ClosedThere("INC-4-F1", test.dropped, test.reason, now)
		if err != nil {
			t.Fatal(err)
		}
		if f, _ := closed.Incident.FollowUp("INC-4-F1"); f.State != test.state || f.Outcome != test.outcome || f.EndedBy != Bot || f.Export != gitHub {
			t.Errorf("ClosedThere(%v, %q) = %+v", test.dropped, test.reason, f)
		}
		if _, err := closed.Incident.ClosedThere("INC-4-F1", false, "", now); err == nil {
			t.Error("it was closed twice")
		}
	}
	if got := (Export{Key: "OPS-1"}).Link(); got != "OPS-1" {
		t.Errorf("Link() without a page = %q", got)
	}
}
