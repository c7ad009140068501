package chart

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident/report"
)

func month(minutes ...float64) report.Incidents {
	var r report.Incidents
	for _, m := range report.Measures() {
		d := report.Duration{Measure: m}
		var points []report.Point
		for _, x := range minutes {
			points = append(points, report.Point{Incident: "INC-1", Minutes: x})
		}
		d.Spread = report.SpreadOf(points, report.NoMean)
		r.Durations = append(r.Durations, d)
	}
	return r
}

// TestMonth draws months of all sizes: without points, with points that took no time, with
// many. Two drawings of the same month are the same bytes. With KEEP_PICTURE the last one
// is written there, to be looked at.
func TestMonth(t *testing.T) {
	many := make([]float64, 500)
	for n := range many {
		many[n] = float64(n * n)
	}
	for name, c := range map[string]struct {
		r report.Incidents
		k report.Kept
	}{
		"none":    {month(), report.Kept{}},
		"at once": {month(0), report.Kept{Ack: report.Ratio{Of: 1, Met: 0}}},
		"many":    {month(many...), report.Kept{Ack: report.Ratio{Of: 500, Met: 493}, Update: report.Ratio{Of: 500, Met: 500}}},
		"usual":   {month(15, 24, 27, 31, 33, 44, 47, 101, 1260), report.Kept{Ack: report.Ratio{Of: 9, Met: 8}, Update: report.Ratio{Of: 9, Met: 8}, Restore: report.Ratio{Of: 9, Met: 9}}},
	} {
		b, err := Month("Gold, October 2026", c.r, c.k)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		picture, err := png.Decode(bytes.NewReader(b))
		if err != nil || picture.Bounds().Dx() < 600 || len(b) > 200_000 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if again, _ := Month("Gold, October 2026", c.r, c.k); !bytes.Equal(b, again) {
			t.Errorf("%s: drawn twice, it differs", name)
		}
		if dir := os.Getenv("KEEP_PICTURE"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestWeek draws weeks of one service and of many; twice the same one is the same bytes.
func TestWeek(t *testing.T) {
	many := []report.Disturbance{}
	for n := range 25 {
		many = append(many, report.Disturbance{Service: "a service with a name that is long and goes on " + string(rune('a'+n)), Times: 60 - n, Hurt: n})
	}
	for name, list := range map[string][]report.Disturbance{
		"week of one": {{Service: "Payments", Times: 1, Hurt: 1}}, "week of three": {{Service: "Payments", Times: 7, Hurt: 2}, {Service: "Shop", Times: 3}, {Service: "検索", Times: 1}}, "week of many": many,
	} {
		b, err := Week("Payments, week of 5 October 2026", list)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		picture, err := png.Decode(bytes.NewReader(b))
		if err != nil || picture.Bounds().Dx() < 600 || len(b) > 200_000 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if again, _ := Week("Payments, week of 5 October 2026", list); !bytes.Equal(b, again) {
			t.Errorf("%s: drawn twice, it differs", name)
		}
		if dir := os.Getenv("KEEP_PICTURE"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestNamesAreDrawn: a name of which the font has no letters leaves no bar without one.
func TestNamesAreDrawn(t *testing.T) {
	for name, want := range map[string]string{"Payments": "Payments", "Płatności": "Płatności", "Поиск": "Поиск", "検索": "service 3 of the message", "البحث": "service 3 of the message",
		"🔥🔥": "service 3 of the message", "R&D (2nd) – “x”": "R&D (2nd) – “x”"} {
		if got := drawn(name, 2); got != want {
			t.Errorf("%q is drawn as %q, want %q", name, got, want)
		}
	}
}

// TestWideNames: however wide the letters of a name are, there is room for its bar, and a
// title never leaves the picture.
func TestWideNames(t *testing.T) {
	for _, name := range []string{strings.Repeat("W", 300), strings.Repeat("@ ", 200), strings.Repeat("i", 500), "a\nb", ""} {
		style := titled("").Y.Tick.Label
		const times = ": 1200, 1100 off hours"
		if got := fitted(style, name, times, nameMost); style.Width(got+times) > nameMost || len(name) > 100 && len(got) < 10 {
			t.Errorf("%.20q is %q, %g points wide", name, got, style.Width(got+times))
		}
		p := titled(name)
		if wide := p.Title.TextStyle.Width(p.Title.Text); wide > width-2*edge || strings.Contains(p.Title.Text, "\n") {
			t.Errorf("the title %.20q is %q, %g points wide", name, p.Title.Text, wide)
		}
		if _, err := Week(name, []report.Disturbance{{Service: name, Times: 1200, Hurt: 1100}}); err != nil {
			t.Error(err)
		}
	}
}
