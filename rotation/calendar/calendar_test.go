package calendar

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"github.com/stormbell/stormbell/rotation"
)

var write = flag.String("write", "", "a `FOLDER` into which the drawings are written, to look at them")

const sample = `
people:
  - {id: ada, name: Ada Okafor}
  - {id: bob, name: Bob Stone}
  - {id: wang, name: 王小明}
  - {id: zoe, name: Zoë Ångström-Löwenherz}
teams: [{id: payments, name: Payments, members: [ada, bob]}]
rotations:
  - id: payments-primary
    team: payments
    time_zone: Europe/Berlin
    layers: [{id: weekly, people: [ada, wang, zoe, bob], start: 2026-10-19T09:00, every: {weeks: 1}}]
    overrides:
      - {set: [bob], start: "2026-10-27T12:00:00Z", end: "2026-10-28T06:00:00Z", reason: dentist}
      - {set: [], start: "2026-10-31T00:00:00Z", end: "2026-11-01T10:00:00Z"}
      - {set: [zoe], start: "2026-10-30T10:00:00Z", end: "2026-10-30T10:30:00Z"}
  - id: office-hours
    time_zone: Europe/Berlin
    layers: [{id: days, people: [ada, zoe], start: 2026-10-19T09:00, every: {days: 1}, windows: [{days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00"}]}]
`

// chart is of the two weeks around the hour at which clocks are set back in Berlin.
func chart(t *testing.T, zone string) Chart {
	t.Helper()
	r, err := rotation.Parse("roster.yaml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	var list []*rotation.Rotation
	for n := range r.Rotations {
		list = append(list, &r.Rotations[n])
	}
	return New(r, Options{Rotations: list, From: time.Date(2026, 10, 19, 10, 0, 0, 0, time.UTC), Weeks: 2, Zone: loc})
}

func TestLayout(t *testing.T) {
	c := chart(t, "Europe/Berlin")
	if len(c.Days) != 15 || c.Days[7].Sub(c.Days[6]) != 25*time.Hour || !c.Days[0].Equal(time.Date(2026, 10, 18, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("the days begin at %v", c.Days)
	}
	for _, r := range c.Rows {
		end := c.Days[0]
		for _, b := range r.Bars {
			if !b.Start.Equal(end) {
				t.Errorf("%s: a bar begins at %v, and the one before ends at %v", r.Rotation, b.Start, end)
			}
			end = b.End
		}
		if !end.Equal(c.Days[14]) {
			t.Errorf("%s ends at %v", r.Rotation, end)
		}
	}
	kinds := map[Kind]int{}
	for _, b := range c.Rows[0].Bars {
		kinds[b.Kind]++
	}
	if kinds[Override] != 2 || kinds[Gap] != 2 { // before the first turn, and the pause
		t.Errorf("the kinds of bars: %v", kinds)
	}
	zoe := c.Rows[0].Bars[len(c.Rows[0].Bars)-1]
	if zoe.End.Sub(zoe.Start) < time.Hour {
		t.Errorf("the last bar is %+v", zoe)
	}
	if got := strings.Join(c.changed(), ","); got != "Sun 25 Oct" {
		t.Errorf("the clocks are changed on %q", got)
	}
	if got := chart(t, "Asia/Kolkata").changed(); got != nil {
		t.Errorf("in India the clocks are changed on %v", got)
	}
}

// TestPlace: noon is in the middle of a day, and midnight at its edge, on a day of 25
// hours as well.
func TestPlace(t *testing.T) {
	c := chart(t, "Europe/Berlin")
	w := week{0, 7}
	for at, want := range map[string]int{"2026-10-18T22:00:00Z": 0, "2026-10-19T10:00:00Z": 50, "2026-10-24T22:00:00Z": 600, "2026-10-25T10:30:00Z": 650,
		"2026-10-25T22:59:59Z": 699, "2026-10-25T23:00:00Z": 700, "2027-01-01T00:00:00Z": 700} {
		i, _ := time.Parse(time.RFC3339, at)
		if got := c.place(w, i, 100); got != want {
			t.Errorf("%s stands at %d, want %d", at, got, want)
		}
	}
}

func TestText(t *testing.T) {
	text := chart(t, "Europe/Berlin").Text()
	for _, want := range []string{"|Mon 19 Oct", "|Sun 1 Nov", "payments-primary", "*bob", "!nobody", "Fri 30 Oct 11:00 to 11:30 *zoe",
		"Days are those of Europe/Berlin.", "The clocks are changed on Sun 25 Oct.", "* somebody was put there by an override"} {
		if !strings.Contains(text, want) {
			t.Errorf("the bars lack %q:\n%s", want, text)
		}
	}
	for l := range strings.SplitSeq(text, "\n") {
		if n := utf8.RuneCountInString(l); n > 17+7*dayWidth+1 && strings.Contains(l, "|") {
			t.Errorf("a line has %d characters: %s", n, l)
		}
	}
	save(t, "calendar.txt", []byte(text))
}

func TestPNG(t *testing.T) {
	var b bytes.Buffer
	now := time.Date(2026, 10, 29, 15, 0, 0, 0, time.UTC)
	if err := chart(t, "Europe/Berlin").WritePNG(&b, now); err != nil {
		t.Fatal(err)
	}
	save(t, "calendar.png", b.Bytes())
	img, err := png.Decode(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X < 1000 || s.Y < 300 || b.Len() > 500_000 {
		t.Errorf("the image has %v pixels in %d bytes", s, b.Len())
	}
	alarmed := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, bl, _ := img.At(x, y).RGBA(); r>>8 == 0xc0 && g>>8 == 0x1b && bl>>8 == 0x3c {
				alarmed++
			}
		}
	}
	if alarmed < 500 {
		t.Errorf("a gap and now do not stand out: %d pixels", alarmed)
	}
}

func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := chart(t, "Europe/Berlin").WriteHTML(&b, time.Date(2026, 10, 29, 15, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	save(t, "calendar.html", b.Bytes())
	for _, want := range []string{"王小明", "Zoë", `class="bar nobody"`, `class="bar override"`, `class="now"`, "<small>override</small>", "Fri 30 Oct 11:00 to 11:30"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestDrawWhateverThereIs draws rosters with nothing in them, and names that are markup.
func TestDrawWhateverThereIs(t *testing.T) {
	for _, text := range []string{"people: []", "people: [{id: x, name: \"<script>alert(1)</script>\"}]\nrotations: [{id: r, time_zone: UTC, layers: [{id: l, people: [x], start: 2020-01-01T00:00, every: {days: 1}}]}]"} {
		r, err := rotation.Parse("roster.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var list []*rotation.Rotation
		for n := range r.Rotations {
			list = append(list, &r.Rotations[n])
		}
		c := New(r, Options{Rotations: list, From: time.Unix(0, 0), Weeks: 1, Zone: time.UTC})
		var image, html bytes.Buffer
		if err := c.WritePNG(&image, time.Time{}); err != nil {
			t.Error(err)
		}
		if err := c.WriteHTML(&html, time.Time{}); err != nil || strings.Contains(html.String(), "<script>") {
			t.Errorf("the page: %v, %s", err, html.String())
		}
		c.Text()
	}
}

func save(t *testing.T, name string, data []byte) {
	t.Helper()
	if *write == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*write, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}
