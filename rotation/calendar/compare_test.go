package calendar

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// comparison is of a roster with one in which bob covers two days of October, and a
// night that nobody has in November.
func comparison(t *testing.T) rotation.Comparison {
	t.Helper()
	old, err := rotation.Parse("old.yaml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(sample, "    overrides:\n", "    overrides:\n"+
		"      - {set: [bob], start: \"2026-10-21T07:00:00Z\", end: \"2026-10-23T07:00:00Z\"}\n"+
		"      - {set: [], start: \"2026-11-10T20:00:00Z\", end: \"2026-11-11T06:00:00Z\"}\n", 1)
	new, err := rotation.Parse("new.yaml", []byte(changed))
	if err != nil {
		t.Fatal(err)
	}
	from, to := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	return rotation.Compare(old.Timelines(from, to), new.Timelines(from, to), nil)
}

func TestCompareDraws(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c, more := Compare(comparison(t), zone, 8)
	text := c.Text()
	for _, want := range []string{
		"|Mon 19 Oct ", "|Mon 9 Nov ",
		"\nold payments-primary |!  |ada────────────────────|≠ada═══════════════════|ada─",
		"\nnew payments-primary |!  |ada────────────────────|≠bob═══════════════════|ada─",
		"Tue 10 Nov 21:00 to Wed 11 Nov 07:00 ≠nobody", "\n≠ the two differ\n", "Days are those of Europe/Berlin.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture lacks %q:\n%s", want, text)
		}
	}
	for _, other := range []string{"Mon 26 Oct", "office-hours"} {
		if strings.Contains(text, other) {
			t.Errorf("nothing differs in %s, but the picture has it:\n%s", other, text)
		}
	}
	if more != 0 {
		t.Errorf("%d more weeks, want none", more)
	}
	c, more = Compare(comparison(t), zone, 1)
	if text := c.Text(); more != 1 || strings.Contains(text, "Mon 9 Nov") {
		t.Errorf("cut to one week, %d more, want 1:\n%s", more, text)
	}
}

func TestCompareOfEqualIsEmpty(t *testing.T) {
	c, more := Compare(rotation.Comparison{Rotations: []rotation.Compared{{Rotation: "r"}}}, time.UTC, 8)
	if len(c.Rows) != 0 || more != 0 {
		t.Errorf("%d rows and %d more weeks of schedules that agree", len(c.Rows), more)
	}
}
