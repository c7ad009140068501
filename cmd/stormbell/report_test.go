package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
)

// threeIncidents are of three incidents: one with a miss and a hostile follow-up, one that is
// not mitigated, and a false alarm.
func threeIncidents() report.Data {
	declared := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	bad := incident.Incident{Number: 1, Service: "checkout", Status: incident.Closed, Highest: incident.Sev1, Declared: declared, DeclaredBy: "person:ada",
		FollowUps: []incident.FollowUp{{ID: "INC-1-F1", Kind: incident.PermanentFix, Title: `=HYPERLINK("http://example.com")`, Opened: declared}}}
	open := incident.Incident{Number: 2, Service: "checkout", Status: incident.Investigating, Highest: incident.Sev3, Declared: declared, DeclaredBy: "alert:prom", Alert: "a"}
	false1 := incident.Incident{Number: 3, Status: incident.Cancelled, Outcome: incident.FalseAlarm, Highest: incident.Sev3, Declared: declared}
	return report.Data{From: declared.AddDate(0, 0, -1), To: declared.AddDate(0, 0, 8), Earlier: []incident.Incident{bad, open, false1},
		Cases: []report.Case{
			{Incident: bad, Agreement: "gold", Took: map[report.Measure]report.Took{report.Mitigate: {Took: 90 * time.Minute, ByHand: true}},
				Promises: []report.Promise{{What: "restore", Target: time.Hour, Used: 90 * time.Minute, State: report.Missed}}},
			{Incident: open, Took: map[report.Measure]report.Took{report.Mitigate: {Missing: "not mitigated"}}},
			{Incident: false1},
		},
		Owner: func(string) string { return "payments" }, Duty: func(string) []string { return nil },
		Desk: func(string) rotation.Desk { return rotation.Desk{Zone: time.UTC} }}
}

// TestReportsOnATerminal shows what is counted and what is not, and that nothing follows
// from a miss.
func TestReportsOnATerminal(t *testing.T) {
	data := threeIncidents()
	for kind, c := range map[string]struct {
		report any
		wants  []string
	}{
		"incidents": {report.IncidentsOf(data), []string{"declared from 2026-11-01 08:00 to 2026-11-10 08:00 (UTC): 2", "Left out: false alarm 1 (INC-3)", "Highest severity: sev1 1, sev3 1",
			"mitigate, from declared to first mitigated", "90 min (1 figure)\n", "no clear change (n 0 before; that takes 20 in both periods)", "an end was set by hand: INC-1", "not counted: INC-2, not mitigated"}},
		"services":  {report.ServicesOf(data), []string{"checkout (payments)", "open permanent fix: INC-1-F1", "8 days old, no date"}},
		"alerts":    {report.AlertsOf(data, nil), []string{"nothing_to_do"}},
		"promises":  {report.PromisesOf(data), []string{"gold: 0 of 1 incident kept every promise", "missed: INC-1: restored after 90 min (promised: 60 min); nothing follows from it yet", "with neither a follow-up nor an acceptance: INC-1"}},
		"followups": {report.FollowUpsOf(data), []string{"Opened in that time: 1: 0 done, 1 open", "INC-1-F1 =HYPERLINK"}},
	} {
		answer, err := json.Marshal(c.report)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := reportShown[kind].text(&out, answer, time.UTC); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for _, want := range c.wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s lacks %q:\n%s", kind, want, out.String())
			}
		}
		if strings.Contains(string(answer), ":null,\"points\"") {
			t.Errorf("%s: a list is null: %s", kind, answer)
		}
	}
}

// TestReportsForASpreadsheet: every row is as long as its head, and nothing in it can be
// taken for a formula.
func TestReportsForASpreadsheet(t *testing.T) {
	data := threeIncidents()
	for kind, r := range map[string]any{"incidents": report.IncidentsOf(data), "services": report.ServicesOf(data), "alerts": report.AlertsOf(data, nil),
		"promises": report.PromisesOf(data), "followups": report.FollowUpsOf(data)} {
		answer, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := reportShown[kind].rows(answer)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printRows(&out, rows, true); err != nil {
			t.Fatal(err)
		}
		read, err := csv.NewReader(&out).ReadAll() // refuses rows of another length
		if err != nil || len(read) < 2 {
			t.Errorf("%s: %d rows, %v", kind, len(read), err)
		}
		for _, row := range read {
			if slices.ContainsFunc(row, func(cell string) bool { return cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") }) {
				t.Errorf("%s: %q could be a formula", kind, row)
			}
		}
	}
}
