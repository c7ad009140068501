package postmortem

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
)

// TestClosedIncidentKeepsItsPromises changes the severity of an incident whose promises
// are settled: what was kept or missed stays as it was when it was.
func TestClosedIncidentKeepsItsPromises(t *testing.T) {
	targets := map[incident.Severity]Target{
		incident.Sev1: {Acknowledge: 5 * time.Minute, Restore: time.Hour},
		incident.Sev2: {Acknowledge: 10 * time.Minute, Restore: 4 * time.Hour},
	}
	settled := func(sev incident.Severity) []Promise {
		r := begin(t, "2026-11-22T03:00:00Z", incident.Declaration{Title: "Checkout is down", Severity: incident.Sev1}, "person:ada")
		r.do(r.i.Acknowledge("person:bob", r.after(3*time.Minute)))
		r.do(r.i.Mitigate("person:bob", "fix", "", r.after(50*time.Minute)))
		r.do(r.i.Resolve("person:bob", "", r.after(10*time.Minute)))
		r.do(r.i.Close("person:bob", "", r.after(time.Hour)))
		if sev != incident.Sev1 {
			r.do(r.i.SetSeverity(sev, "it was less", "person:bob", r.after(time.Hour)))
		}
		f := facts{i: r.i, events: r.events, ctx: Context{Agreement: &Agreement{Targets: targets}}}
		promises, _ := f.promises()
		return promises
	}
	want := settled(incident.Sev1)
	if len(want) != 2 || want[0].State != Met || want[1].State != Met {
		t.Fatalf("the promises of a sev1 are %+v, want two that were kept", want)
	}
	if diff := cmp.Diff(want, settled(incident.Sev2)); diff != "" {
		t.Errorf("sev2 after it was closed rewrote its promises (-before +after):\n%s", diff)
	}
}
