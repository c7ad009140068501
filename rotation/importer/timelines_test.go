package importer

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// TestDetect finds of every sample by its files alone which system exported it.
func TestDetect(t *testing.T) {
	samples, err := filepath.Glob("testdata/*/*/expected.json")
	if err != nil || len(samples) == 0 {
		t.Fatal("no samples", err)
	}
	for _, known := range samples {
		folder := filepath.Dir(known)
		if have, ok := Detect(sampleFiles(t, folder)); !ok || have != filepath.Base(filepath.Dir(folder)) {
			t.Errorf("%s looks like %q", folder, have)
		}
	}
	if have, ok := Detect([]File{{Name: "a.json", Data: []byte(`{"a": 1}`)}}); ok {
		t.Errorf("nothing looks like %q", have)
	}
}

// TestAgreesWithRendering compares what is made of each sample with the source's own
// rendering of its schedules, as far as the sample has one, and wants only differences
// that the report tells.
func TestAgreesWithRendering(t *testing.T) {
	samples, err := filepath.Glob("testdata/*/*/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, known := range samples {
		folder := filepath.Dir(known)
		at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		result, err := Import(filepath.Base(filepath.Dir(folder)), sampleFiles(t, folder), Options{At: at})
		if err != nil {
			t.Fatal(err)
		}
		to := at.AddDate(1, 0, 0)
		c := rotation.Compare(result.Timelines(at, to), result.Roster.Timelines(at, to), nil)
		for _, r := range c.Rotations {
			if slices.ContainsFunc(result.Rendered, func(x rotation.Timeline) bool { return x.Rotation == r.Rotation }) {
				compared++
			}
			told := slices.ContainsFunc(result.Report.Items, func(i Item) bool { return i.rendered && i.at == "rotation "+r.Rotation })
			for _, s := range r.Changes() {
				if !told {
					t.Errorf("%s, %s from %s to %s: the source has %v, the roster %v, and the report is silent", folder, r.Rotation, s.Start, s.End, s.Before, s.After)
				}
			}
		}
	}
	if compared < 3 {
		t.Errorf("only %d schedules have a rendering", compared)
	}
}

func TestReason(t *testing.T) {
	result, err := Import("goalert", sampleFiles(t, "testdata/goalert/fjordbank"), Options{At: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2027, 3, 16, 12, 0, 0, 0, time.UTC)
	fold := time.Date(2027, 10, 31, 1, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		rotation string
		start    time.Time
		length   time.Duration
		before   []string
		want     string
	}{
		"as it was imported":            {"skjev", noon, time.Hour, mustRotation(t, result, "skjev").People(noon), "the roster was changed since the import"},
		"what the report says":          {"skjev", noon, time.Hour, []string{"egil"}, "hands over in America/New_York"},
		"where the clocks change":       {"kjerne", fold, time.Hour, []string{"egil"}, "the clocks change there"},
		"longer than an hour":           {"blandet", fold, 2 * time.Hour, []string{"egil"}, ""},
		"what the roster does not have": {"nowhere", noon, time.Hour, []string{"egil"}, ""},
	} {
		have := result.Reason(rotation.ShiftChange{Rotation: c.rotation, Start: c.start, End: c.start.Add(c.length), Before: c.before, After: []string{"geir"}})
		if c.want == "" && have != "" || !strings.Contains(have, c.want) {
			t.Errorf("%s: the reason is %q, want %q", name, have, c.want)
		}
	}
}

func mustRotation(t *testing.T, r *Result, id string) *rotation.Rotation {
	t.Helper()
	x, ok := r.Roster.Rotation(id)
	if !ok {
		t.Fatalf("there is no rotation %s", id)
	}
	return x
}
