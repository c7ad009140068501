package rotation

import (
	"slices"
	"testing"
	"time"
)

// TestShadowsInAGap: with nobody on call there is nobody to shadow, whatever made
// the gap. Otherwise somebody in training reads as the one to call.
func TestShadowsInAGap(t *testing.T) {
	r := mustParse(t, `
people: [{id: ada}, {id: bob}, {id: eve}, {id: fay}]
rotations:
  - id: office
    time_zone: UTC
    layers:
      - {id: day, people: [ada, null], start: 2026-03-02T00:00, every: {days: 1}, windows: [{from: "09:00", to: "17:00"}]}
    overrides:
      - {set: [], start: 2026-03-02T11:00:00Z, end: 2026-03-02T12:00:00Z}
      - {remove: [ada], start: 2026-03-02T13:00:00Z, end: 2026-03-02T14:00:00Z}
    shadows:
      - {person: eve, start: 2026-03-01T00:00:00Z, end: 2026-04-01T00:00:00Z}
      - {person: fay, of: ada, start: 2026-03-01T00:00:00Z, end: 2026-04-01T00:00:00Z}
`)
	x, _ := r.Rotation("office")
	for _, c := range []struct {
		at, why string
		want    []string
	}{
		{"2026-03-01T12:00:00Z", "before the first hand-over", nil},
		{"2026-03-02T10:00:00Z", "on call", []string{"eve", "fay"}},
		{"2026-03-02T11:30:00Z", "a deliberate pause", nil},
		{"2026-03-02T13:30:00Z", "taken off", nil},
		{"2026-03-02T20:00:00Z", "a closed window", nil},
		{"2026-03-03T10:00:00Z", "an off turn", nil},
	} {
		if got := x.At(at(t, c.at)); !slices.Equal(got.Shadows, c.want) {
			t.Errorf("At(%s).Shadows = %v, want %v: %s", c.at, got.Shadows, c.want, c.why)
		}
	}
	from := at(t, "2026-03-01T00:00:00Z")
	for _, s := range x.Final(from, from.Add(72*time.Hour)) {
		if s.Gap() && len(s.Shadows) > 0 {
			t.Errorf("Final: %v shadow the gap from %s to %s", s.Shadows, s.Start, s.End)
		}
	}
}
