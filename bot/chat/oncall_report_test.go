package chat

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident/report"
)

// TestBurden: it is too much from more nights on, not from more interrupts in one of them,
// and from more incidents on, not from more ways by which one of them is paged.
func TestBurden(t *testing.T) {
	t.Parallel()
	b := Burden{PagesPerShift: 2, NightsPerWeek: 1, SharePercent: 25}
	for nights, much := range map[int]bool{1: false, 2: true} {
		p := report.Person{Weeks: []report.WeekBurden{{Week: "2026-W25", Burden: report.Burden{Interrupts: 3, Night: 3}, Nights: nights}}}
		if lines := strings.Join(b.weekLines(p, 90), "\n"); strings.Contains(lines, "More than 1 night in the week of 15 June") != much {
			t.Errorf("with %d nights: %s", nights, lines)
		}
	}
	for iso, want := range map[string]string{"2026-W01": "29 December", "2026-W53": "28 December", "2027-W01": "4 January", "odd": "odd"} {
		if got := weekOf(iso); got != want {
			t.Errorf("%s begins on %s, want %s", iso, got, want)
		}
	}
	for incidents, much := range map[int]bool{2: false, 3: true} {
		if got := b.tooMuch(report.Rotation{Worst12h: 9, Incidents12: incidents}); len(got) > 0 != much {
			t.Errorf("with %d incidents: %v", incidents, got)
		}
	}
}
