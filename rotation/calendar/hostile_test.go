package calendar

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/picture"
	"github.com/stormbell/stormbell/rotation"
)

// hourly is a rotation of two hundred people who take turns of an hour, with names that
// the fonts of the image do not have.
func hourly(t *testing.T, zone string) Chart {
	t.Helper()
	var people, ids []string
	for n := range 200 {
		people = append(people, fmt.Sprintf(`{id: p%d, name: "🔥 Ye\u0301 שלום <b> %d"}`, n, n))
		ids = append(ids, fmt.Sprintf("p%d", n))
	}
	r, err := rotation.Parse("roster.yaml", []byte("people: ["+strings.Join(people, ", ")+"]\nteams: [{id: storm, name: \"🔥 шторм 王\", members: [p1]}]\n"+
		"rotations: [{id: r, team: storm, time_zone: Australia/Lord_Howe, layers: [{id: l, people: ["+strings.Join(ids, ", ")+"], start: 2026-01-01T00:00, every: {hours: 1}}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return New(r, Options{Rotations: []*rotation.Rotation{&r.Rotations[0]}, From: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Weeks: 2, Zone: loc})
}

// TestManyShortTurns draws turns that have no room for a name, on clocks of half hours and
// of half-hour changes, and says so below the image, which would name nobody otherwise.
func TestManyShortTurns(t *testing.T) {
	for _, zone := range []string{"Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"} {
		c := hourly(t, zone)
		var image, html bytes.Buffer
		if err := c.WritePNG(&image, c.Days[3]); err != nil || image.Len() > 500_000 {
			t.Errorf("%s: %v, %d bytes", zone, err, image.Len())
		}
		if err := c.WriteHTML(&html, c.Days[3]); err != nil || strings.Contains(html.String(), "<b>") {
			t.Errorf("%s: the page: %v, or a name is markup in it", zone, err)
		}
		save(t, "short-"+strings.ReplaceAll(zone, "/", "-")+".png", image.Bytes())
		if got := len(c.Rows[0].Bars); got < 300 {
			t.Errorf("%s: %d bars", zone, got)
		}
		if got := strings.Join(imageLegend(t, c), "\n"); !strings.Contains(got, "too short for a name") {
			t.Errorf("%s: the legend is %q", zone, got)
		}
	}
	if got := strings.Join(imageLegend(t, chart(t, "Europe/Berlin")), "\n"); strings.Contains(got, "too short for a name") {
		t.Errorf("the legend of turns with names is %q", got)
	}
}

func imageLegend(t *testing.T, c Chart) []string {
	t.Helper()
	var list []string
	onCanvas(t, func(on *picture.Canvas) { list = (&drawing{Canvas: on, c: c, tint: map[string]int{}}).legend() })
	return list
}

// TestLettersOfTheFont writes no empty boxes: of a team's name what the font has, of a
// person's all or the ID.
func TestLettersOfTheFont(t *testing.T) {
	onCanvas(t, func(p *picture.Canvas) { lettersOfTheFont(t, p) })
}

// onCanvas lets f look at a canvas.
func onCanvas(t *testing.T, f func(*picture.Canvas)) {
	t.Helper()
	if err := picture.WritePNG(io.Discard, func(c *picture.Canvas) { c.Size(1, 1); f(c) }); err != nil {
		t.Fatal(err)
	}
}

func lettersOfTheFont(t *testing.T, p *picture.Canvas) {
	for name, want := range map[string]string{"🔥 шторм 王": "шторм", "Payments": "Payments", "王小明": "", "Zoë's  team": "Zoë's team"} {
		if got := p.Letters(name); got != want {
			t.Errorf("letters(%q) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"王小明": "id", "🔥": "id", "Zoë": "Zoë", "שלום": "id"} {
		if got := (&drawing{Canvas: p}).called(Person{"id", name}); got != want {
			t.Errorf("called(%q) = %q, want %q", name, got, want)
		}
	}
}
