package rotation

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func vectorDesk(t *testing.T, v vector) Desk {
	t.Helper()
	loc, err := time.LoadLocation(v.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return Desk{loc, v.Holidays}
}

func TestVectorsHealth(t *testing.T) {
	for _, v := range vectors(t, "health") {
		t.Run(v.ID, func(t *testing.T) {
			var want map[string]int
			if err := json.Unmarshal(v.Expect, &want); err != nil {
				t.Fatal(err)
			}
			x := vectorDesk(t, v).Interruptions(v.Pages)
			got := map[string]int{"interruptions": x.Count, "business": x.Business, "off": x.Off, "sleep": x.Sleep,
				"weekend": x.Weekend, "nights": x.Nights, "disturbed_hours": x.DisturbedHours}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Interruptions(%v) in %s, %s: -want +got\n%s", v.Pages, v.Zone, v.Note, diff)
			}
		})
	}
}

func TestVectorsPay(t *testing.T) {
	for _, v := range vectors(t, "pay") {
		t.Run(v.ID, func(t *testing.T) {
			var shifts []Stretch
			for _, s := range v.Shifts {
				shifts = append(shifts, Stretch{s.Start, s.End})
			}
			m := vectorDesk(t, v).Minutes(shifts)
			got := map[string]int{"business": m.Business, "weekday_off": m.WeekdayOff, "weekend": m.Weekend, "holiday": m.Holiday}
			if diff := cmp.Diff(v.ExpectMinutes, got); diff != "" {
				t.Errorf("Minutes(%v) in %s, %s: -want +got\n%s", shifts, v.Zone, v.Note, diff)
			}
		})
	}
}

func TestVectorsFairness(t *testing.T) {
	for _, v := range vectors(t, "fairness") {
		t.Run(v.ID, func(t *testing.T) {
			var want struct {
				Balance    int `json:"balance_pct"`
				Overloaded map[string]int
			}
			if err := json.Unmarshal(v.Expect, &want); err != nil {
				t.Fatal(err)
			}
			got := FairnessOf(v.LoadHours, nil)
			if got.Balance != want.Balance || !cmp.Equal(got.Overloaded, want.Overloaded) {
				t.Errorf("FairnessOf(%v) = %d %%, %v, want %d %%, %v", v.LoadHours, got.Balance, got.Overloaded, want.Balance, want.Overloaded)
			}
		})
	}
}

func TestFairnessScales(t *testing.T) {
	f := FairnessOf(map[string]float64{"ada": 20, "bob": 10}, map[string]float64{"bob": 0.5})
	if f.Balance != 100 || len(f.Overloaded) != 0 || f.Peak != 1 {
		t.Errorf("FairnessOf with Bob there half of the time = %+v, want balance", f)
	}
	if f := FairnessOf(nil, nil); f.Balance != 100 || f.Peak != 0 {
		t.Errorf("FairnessOf of nobody = %+v, want balance", f)
	}
	if f := FairnessOf(map[string]float64{"ada": 0, "bob": 0}, nil); f.Balance != 100 {
		t.Errorf("FairnessOf of two idle people = %+v, want balance", f)
	}
}

// TestMinutesByWalking sorts every minute of two months by its own wall clock.
func TestMinutesByWalking(t *testing.T) {
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		d := Desk{loc, []string{"2026-10-26", "2026-03-09"}}
		for _, from := range []time.Time{time.Date(2026, 3, 1, 5, 30, 0, 0, time.UTC), time.Date(2026, 10, 1, 5, 30, 0, 0, time.UTC)} {
			to := from.AddDate(0, 1, 5)
			var want Minutes
			for at := from; at.Before(to); at = at.Add(time.Minute) {
				l := at.In(loc)
				switch date := l.Format(time.DateOnly); {
				case date == "2026-10-26" || date == "2026-03-09":
					want.Holiday++
				case l.Weekday() == time.Saturday || l.Weekday() == time.Sunday:
					want.Weekend++
				case l.Hour() >= 9 && l.Hour() < 17:
					want.Business++
				default:
					want.WeekdayOff++
				}
			}
			mid := from.Add(9 * 24 * time.Hour)
			got := d.Minutes([]Stretch{{mid.Add(-time.Hour), to}, {from, mid}, {mid, mid}})
			if got != want {
				t.Errorf("Minutes(%s to %s) in %s = %+v, want %+v", from, to, name, got, want)
			}
		}
	}
}

func TestInterruptionsMerge(t *testing.T) {
	d := Desk{time.UTC, nil}
	night := at(t, "2026-06-12T23:30:00Z") // a Friday
	x := d.Interruptions([]time.Time{
		night.Add(2 * time.Minute), night, night.Add(time.Minute), // one: each within a minute of the one before
		night.Add(6 * time.Hour),        // the same night, Saturday morning
		night.Add(24*time.Hour - 1),     // the next night
		night.Add(3 * 24 * time.Hour),   // two nights later
		night.Add(-14 * 24 * time.Hour), // another weekend? no, a Friday evening
	})
	want := Interruptions{Count: 5, Sleep: 5, Weekend: 2, Nights: 4, LongestRun: 2, DisturbedHours: 5, WeekendsTouched: 1}
	if x != want {
		t.Errorf("Interruptions = %+v, want %+v", x, want)
	}
}

func TestRest(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d := Desk{loc, []string{"2026-06-15"}}
	for _, c := range []struct {
		ack, handoff string
		want         time.Duration
		short        bool
	}{
		{"2026-06-09T01:00:00Z", "", 5 * time.Hour, true},                                     // Tuesday 03:00, work at 08:00
		{"2026-06-12T21:00:00Z", "", 3*24*time.Hour + 9*time.Hour, false},                     // Friday 23:00; Monday is a holiday
		{"2026-06-12T21:00:00Z", "2026-06-13T07:00:00Z", 10 * time.Hour, true},                // on call again in the morning
		{"2026-06-12T21:00:00Z", "2026-06-12T20:00:00Z", 3*24*time.Hour + 9*time.Hour, false}, // a hand-over that has passed
	} {
		var handoff time.Time
		if c.handoff != "" {
			handoff = at(t, c.handoff)
		}
		if got, short := d.Rest(at(t, c.ack), handoff); got != c.want || short != c.short {
			t.Errorf("Rest(%s, %q) = %s, %v, want %s, %v", c.ack, c.handoff, got, short, c.want, c.short)
		}
	}
}

func TestServedAndPay(t *testing.T) {
	r := mustParse(t, `
people: [{id: ada, time_zone: Europe/Berlin}, {id: bob, time_zone: Asia/Kolkata}, {id: cleo}]
rotations:
  - id: a
    time_zone: UTC
    layers: [{id: l, people: [ada, bob], start: 2026-06-15T00:00, every: {days: 1}}]
    overrides: [{replace: {person: ada, by: cleo}, start: 2026-06-15T06:00:00Z, end: 2026-06-15T18:00:00Z}]
  - id: b
    time_zone: UTC
    layers: [{id: l, people: [ada], start: 2026-06-15T00:00, every: {days: 1}}]
`)
	from, to := at(t, "2026-06-15T00:00:00Z"), at(t, "2026-06-17T00:00:00Z")
	a, _ := r.Rotation("a")
	b, _ := r.Rotation("b")
	want := []Served{
		{Person: "ada", Shifts: []Stretch{{from, from.Add(6 * time.Hour)}, {from.Add(18 * time.Hour), from.Add(24 * time.Hour)}}, Lost: 12 * time.Hour},
		{Person: "bob", Shifts: []Stretch{{from.Add(24 * time.Hour), to}}},
		{Person: "cleo", Shifts: []Stretch{{from.Add(6 * time.Hour), from.Add(18 * time.Hour)}}, Gained: 12 * time.Hour},
	}
	if diff := cmp.Diff(want, a.Served(from, to)); diff != "" {
		t.Errorf("Served: -want +got\n%s", diff)
	}
	p := PayDraft{From: from, To: to, Rates: func(string) Rates { return Rates{100, 1000, 2000, 3000} }, Desk: func(id string) Desk { return Desk{Zone: r.Location(id)} }}
	lines := p.Lines([]*Rotation{a, b})
	wantLines := []PayLine{
		{"ada", "business", 960, 100, 1600}, {"ada", "weekday_off", 1920, 1000, 32000},
		{"bob", "business", 480, 100, 800}, {"bob", "weekday_off", 960, 1000, 16000},
		{"cleo", "business", 480, 100, 800}, {"cleo", "weekday_off", 240, 1000, 4000},
	}
	if diff := cmp.Diff(wantLines, lines); diff != "" {
		t.Errorf("Lines: -want +got\n%s", diff)
	}
	p.Twice = true
	changes := PayChanges(lines, p.Lines([]*Rotation{a, b}))
	wantChanges := []PayChange{{"ada", "weekday_off", 1920, 2640}}
	if diff := cmp.Diff(wantChanges, changes); diff != "" {
		t.Errorf("PayChanges with both rotations paid: -want +got\n%s", diff)
	}
	if got := a.Coverage(from.Add(-24*time.Hour), to); got != 66 {
		t.Errorf("Coverage with a day before the start = %d, want 66", got)
	}
}
