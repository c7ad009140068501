package rotation

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

var benchDay = time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)

// fiveLayers is a rotation as large as they come: five layers, four of them with
// windows, in three zones, and a hundred overrides.
func fiveLayers(b *testing.B) *Rotation {
	weekdays := []time.Weekday{1, 2, 3, 4, 5}
	r := &Rotation{ID: "big", TimeZone: "Europe/Berlin"}
	zones := []string{"", "America/New_York", "Asia/Kolkata", "", "Europe/London"}
	for i, zone := range zones {
		l := Layer{
			ID: fmt.Sprintf("l%d", i), Priority: i, TimeZone: zone, Start: Local(1451898000),
			People: []Slot{{"ada"}, {"bob"}, {"cleo"}, {"dan"}}, Every: Cadence{Weeks, 1},
		}
		if i > 0 {
			l.Windows = []Window{{Days: weekdays, From: 60 * (6 + i), To: 60 * (14 + i)}}
		}
		r.Layers = append(r.Layers, l)
	}
	for i := range 100 {
		start := benchDay.Add(time.Duration(i-50) * 30 * time.Hour)
		r.Overrides = append(r.Overrides, Override{Seq: i + 1, Kind: Replace, Person: "ada", By: "eve", Start: start, End: start.Add(48 * time.Hour)})
	}
	if err := r.build(atlas{}); err != nil {
		b.Fatal(err)
	}
	return r
}

func BenchmarkPeople(b *testing.B) {
	r := fiveLayers(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.People(benchDay.Add(time.Duration(i%100_000) * time.Minute))
	}
}

// BenchmarkPeopleWorst asks while every layer but the lowest is closed and all
// hundred overrides hold at once.
func BenchmarkPeopleWorst(b *testing.B) {
	r := fiveLayers(b)
	sunday := benchDay.AddDate(0, 0, -1)
	for i := range r.Overrides {
		r.Overrides[i].Start, r.Overrides[i].End = sunday.Add(-time.Duration(i)*time.Hour), sunday.AddDate(0, 0, 1)
		if i%2 == 1 {
			r.Overrides[i].Kind, r.Overrides[i].People = Add, []string{"dan"}
		}
	}
	if err := r.build(atlas{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.People(sunday)
	}
}

func BenchmarkAt(b *testing.B) {
	r := fiveLayers(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.At(benchDay.Add(time.Duration(i%100_000) * time.Minute))
	}
}

func BenchmarkNextChange(b *testing.B) {
	r := fiveLayers(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.NextChange(benchDay.Add(time.Duration(i%100_000) * time.Minute))
	}
}

func BenchmarkPreview90Days(b *testing.B) {
	r := fiveLayers(b)
	b.ReportAllocs()
	for b.Loop() {
		r.Final(benchDay, benchDay.AddDate(0, 0, 90))
	}
}

// thousands is n ordinary rotations: a weekly one, its office hours, an override.
func thousands(n int) []Rotation {
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Europe/London", "Australia/Sydney"}
	list := make([]Rotation, n)
	for i := range list {
		people := func(k int) Slot { return Slot{fmt.Sprintf("p%d", (i+k)%500)} }
		list[i] = Rotation{
			ID: fmt.Sprintf("r%d", i), TimeZone: zones[i%len(zones)],
			Layers: []Layer{
				{ID: "weekly", People: []Slot{people(0), people(1), people(2), people(3)}, Start: Local(1767603600), Every: Cadence{Weeks, 1}},
				{ID: "office", Priority: 1, People: []Slot{people(4), people(5)}, Start: Local(1767603600), Every: Cadence{Days, 1},
					Windows: []Window{{Days: []time.Weekday{1, 2, 3, 4, 5}, From: 540, To: 1020}}},
			},
			Overrides: []Override{{Seq: 1, Kind: Replace, Person: people(0)[0], By: people(1)[0], Start: benchDay, End: benchDay.Add(24 * time.Hour)}},
		}
	}
	return list
}

// BenchmarkCold10000 builds ten thousand rotations and asks each once.
func BenchmarkCold10000(b *testing.B) {
	list := thousands(10_000)
	b.ReportAllocs()
	for b.Loop() {
		zones := atlas{}
		for i := range list {
			if err := list[i].build(zones); err != nil {
				b.Fatal(err)
			}
			list[i].People(benchDay)
		}
	}
}

func BenchmarkYearOf100(b *testing.B) {
	list := thousands(100)
	zones := atlas{}
	for i := range list {
		if err := list[i].build(zones); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range list {
			list[i].Final(benchDay, benchDay.AddDate(1, 0, 0))
		}
	}
}

// bigRoster is a file of ten thousand rotations and five hundred people.
func bigRoster() []byte {
	r := &Roster{Rotations: thousands(10_000)}
	for i := range 500 {
		r.People = append(r.People, Person{ID: fmt.Sprintf("p%d", i), Name: "Somebody", Slack: fmt.Sprintf("U%04d", i)})
	}
	return r.Export()
}

func BenchmarkParse10000(b *testing.B) {
	data := bigRoster()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("big.yaml", data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExport10000(b *testing.B) {
	r, err := Parse("big.yaml", bigRoster())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Export()
	}
}

// TestPeopleAllocates holds the promise that a question costs two allocations, its
// working memory and the answer, however long ago the rotation began.
func TestPeopleAllocates(t *testing.T) {
	r := thousands(1)[0]
	if err := r.build(atlas{}); err != nil {
		t.Fatal(err)
	}
	for _, year := range []int{2026, 2045} {
		at := time.Date(year, 5, 6, 12, 0, 0, 0, time.UTC)
		if n := testing.AllocsPerRun(100, func() { r.People(at) }); n > 2 {
			t.Errorf("People(%d) allocates %v times, want at most 2", year, n)
		}
	}
}

// TestPeopleAllocatesWithOverrides holds the same promise for a rotation with a hundred
// overrides that all hold at once, in which the duty goes to and fro.
func TestPeopleAllocatesWithOverrides(t *testing.T) {
	r := thousands(1)[0]
	r.Overrides = nil
	for i := range 100 {
		o := Override{Seq: i + 1, Kind: Replace, Person: "p0", By: "p1", Start: benchDay.Add(-time.Duration(i) * time.Hour), End: benchDay.Add(time.Duration(1+i) * time.Hour)}
		if i%2 == 1 {
			o.Person, o.By = o.By, o.Person
		}
		r.Overrides = append(r.Overrides, o)
	}
	if err := r.build(atlas{}); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { r.People(benchDay) }); n > 2 {
		t.Errorf("People allocates %v times with 100 overrides, want at most 2", n)
	}
}

// TestManyCovers asks among more covers than fit into the small set of marks.
func TestManyCovers(t *testing.T) {
	const n = 3000
	list := make([]cover, n)
	for i := range list {
		list[i] = cover{from: int64(i % 7), to: int64(10 + i%5), order: (i * 7919) % n}
	}
	for _, at := range []int64{-1, 0, 3, 9, 10, 12, 14, 15} {
		want := 0
		for _, v := range list {
			if v.from <= at && at < v.to {
				want++
			}
		}
		got, last := 0, -1
		c := newCovers(slices.Clone(list))
		c.active(at, func(v *cover) {
			if got++; v.from > at || v.to <= at {
				t.Errorf("at %d: one that holds from %d to %d", at, v.from, v.to)
			}
			if v.order <= last {
				t.Errorf("at %d: %d comes after %d", at, v.order, last)
			}
			last = v.order
		})
		if got != want {
			t.Errorf("at %d: %d covers hold, want %d", at, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/full.yaml", "testdata/problems/values.yaml", "testdata/problems/references.yaml", "../configs/roster.example.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("people: [{id: ada, name: \"\\u2028\\x00 a\\tb\"}]\nrotations: [{id: r, time_zone: UTC, layers: [{id: l, people: [ada, [ada], null, []], start: 2026-01-01T00:00, every: {months: 1}}]}]"))
	f.Add([]byte("people:\n- id: \"\""))
	f.Fuzz(func(t *testing.T, data []byte) { checkParse(t, data) })
}

// checkParse reads any bytes as a roster; what is accepted is read back from its export.
func checkParse(t *testing.T, data []byte) {
	t.Helper()
	r, err := Parse("fuzz", data)
	if err != nil {
		if problems, ok := err.(Problems); !ok || len(problems) == 0 {
			t.Fatalf("Parse: error is %T without a problem: %v", err, err)
		}
		return
	}
	text := r.Export()
	again, err := Parse("export", text)
	if err != nil {
		t.Fatalf("Parse of an export: %v, of\n%s", err, text)
	}
	if second := again.Export(); string(second) != string(text) {
		t.Fatalf("the second export differs:\n%s\n%s", text, second)
	}
	if diff := sameFields(r, again); diff != "" {
		t.Fatalf("Parse(Export) differs: -want +got\n%s", diff)
	}
	for i := range r.Rotations {
		r.Rotations[i].At(benchDay)
		r.Rotations[i].Final(benchDay, benchDay.AddDate(0, 0, 3))
	}
}
