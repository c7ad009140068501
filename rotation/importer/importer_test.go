package importer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// toy is a system as small as can be.
var toy = system{
	name:      "toy",
	users:     "/users",
	schedules: "/schedules",
	take: func(r *reading, d *document) bool {
		m := d.object()
		for _, kind := range []string{"user", "schedule"} {
			list, _ := m[kind+"s"].([]any)
			for _, x := range list {
				e, _ := x.(map[string]any)
				r.put(kind, text(e, "id"), d.file, e)
			}
			if list != nil {
				r.pages = append(r.pages, page{file: d.file, kind: kind, have: len(list), total: number(m, "total"), at: number(m, "offset"), next: number(m, "next")})
			}
		}
		return has(m, "users") || has(m, "schedules")
	},
	build: func(b *building) {
		for _, u := range all[struct{ Name, Email string }](b, "user") {
			b.person(someone{source: u.id, entry: "user " + clean(u.v.Name), name: u.v.Name, email: u.v.Email})
		}
	},
}

func importToy(t *testing.T, files ...File) (*Result, error) {
	t.Helper()
	systems["toy"] = &toy
	t.Cleanup(func() { delete(systems, "toy") })
	return Import("toy", files, Options{At: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
}

func TestRefusals(t *testing.T) {
	const schedules = `{"schedules": [{"id": "S"}]}`
	for name, test := range map[string]struct {
		files []string // name, then content
		want  string
	}{
		"cut off":            {[]string{"a.json", "{\n\"users\": [\n"}, "a.json: line 2: not JSON: unexpected end; export it again"},
		"not JSON":           {[]string{"a.json", "{}\n<html>"}, "a.json: line 2: not JSON: invalid character '<' looking for beginning of value; export it again"},
		"empty":              {[]string{"a.json", "\n"}, "a.json: line 1: not JSON: there is nothing in it; export it again"},
		"error with a code":  {[]string{"users.json", `{"message": "Could not authenticate", "took": 0.1, "code": 401}`}, "users.json: the answer is an error (401), not data; export it again with a key that may read users"},
		"error in a block":   {[]string{"users.json", `{"error": {"code": 2006, "message": "Invalid"}}`}, "users.json: the answer is an error (2006), not data; export it again with a key that may read users"},
		"error as a detail":  {[]string{"users.json", `{"detail": "no"}`}, "users.json: the answer is an error, not data; export it again with a key that may read users"},
		"errors of a query":  {[]string{"x y.json", `{"errors": [{"message": "no"}], "data": null}`}, "x y.json: the answer is an error, not data; export it again with a key that may read it"},
		"another system":     {[]string{"a.json", `{"users": 1, "x": {"contact_methods": []}}`, "b.json", `{"x": [{"userContacts": []}]}`}, "b.json: looks like opsgenie (userContacts); say: stormbell import opsgenie …"},
		"nothing":            {[]string{"a.json", `{"a": 1}`, "b.json", `[]`, "c.json", `3`}, "nothing to import in 3 files; see docs on moving in"},
		"no users":           {[]string{"a.json", schedules}, "no users in the export: nobody could be paged; add the answer of /users"},
		"no schedules":       {[]string{"a.json", `{"users": [{"id": "U"}]}`}, "no schedules in the export: nobody would be on call; add the answer of /schedules"},
		"one page of two":    {[]string{"a.json", `{"users": [{"id": "U"}], "total": 240, "next": 1}`}, "a.json: holds 1 of 240 users; export the other pages too"},
		"a page in between":  {[]string{"a.json", `{"users": [{"id": "U"}], "next": 1}`, "b.json", `{"users": [{"id": "V"}], "offset": 2}`}, "a.json: holds 1 user, and there are more; export the other pages too"},
		"two of one ID":      {[]string{"a.json", `{"users": [{"id": "U", "name": "Ada"}]}`, "b.json", `{"users": [{"id": "U", "name": "Bob"}]}`}, "user U stands in a.json and b.json and differs; keep the newer"},
		"another form":       {[]string{"a.json", schedules, "b.json", `{"users": [{"id": "U", "name": [1]}]}`}, "b.json: user U: Name is array, which it cannot be; export it again"},
		"everything at once": {[]string{"a.json", "{", "b.json", "["}, "a.json: line 1: not JSON: unexpected end; export it again\nb.json: line 1: not JSON: unexpected end; export it again"},
	} {
		t.Run(name, func(t *testing.T) {
			var files []File
			for i := 0; i < len(test.files); i += 2 {
				files = append(files, File{Name: test.files[i], Data: []byte(test.files[i+1])})
			}
			_, err := importToy(t, files...)
			var refused Refusals
			if !errors.As(err, &refused) || !strings.EqualFold(err.Error(), test.want) {
				t.Errorf("have %v\nwant %s", err, test.want)
			}
		})
	}
	if _, err := importToy(t, File{Name: "big.json", Data: make([]byte, MaxFile+1)}); err == nil || err.Error() != "big.json: 64 MiB; split it" {
		t.Errorf("a file that is too long: %v", err)
	}
}

// TestTogether puts what several answers say about one entity together.
func TestTogether(t *testing.T) {
	result, err := importToy(t, File{Name: "a.json", Data: []byte(`{"users": [{"id": "U", "name": "Ada"}, {"id": "V", "name": "Bob"}], "next": 2}{"schedules": [{"id": "S"}]}`)},
		File{Name: "b.json", Data: []byte(`{"users": [{"id": "U", "name": "Ada", "email": "ada@shop.example"}], "offset": 2}`)})
	if err != nil {
		t.Fatal(err)
	}
	ada, ok := result.Roster.Person("ada")
	if !ok || ada.Email != "ada@shop.example" || len(result.Roster.People) != 2 {
		t.Errorf("have %+v", result.Roster.People)
	}
	if want := "# Imported from toy on 2026-12-01, from 2 files.\n"; !strings.HasPrefix(string(result.Text), want) {
		t.Errorf("the text begins with %.60q, want %q", result.Text, want)
	}
	if want := "  # differs: no rule for urgent pages; every known way is tried at once\n  - id: ada\n"; !strings.Contains(string(result.Text), want) {
		t.Errorf("no comment above ada:\n%s", result.Text)
	}
}

func TestIDs(t *testing.T) {
	b := newBuilding(newReading(&toy), Options{})
	for _, test := range [][2]string{{"Jörg.Müßig", "joerg-muessig"}, {"Ben Åström", "ben-astroem"}, {"ben Ästrom", "ben-aestrom"}, {"Ada", "ada"}, {"ADA", "ada-2"}, {"ada-2", "ada-2-2"}, {"ada", "ada-3"},
		{"Łukasz  & Søn!", "lukasz-son"}, {"日本", "user"}, {"", "user-2"}, {"admin", "admin-2"}, {"e\u0301te\u0301", "ete"}, {strings.Repeat("a", 200), strings.Repeat("a", 80)}, {strings.Repeat("a", 90), strings.Repeat("a", 78) + "-2"}} {
		if have := b.id("person", test[0]); have != test[1] {
			t.Errorf("%q: have %q, want %q", test[0], have, test[1])
		}
	}
}

func TestPhone(t *testing.T) {
	for _, test := range [][3]string{{"49", "1511 0000001", "+4915110000001"}, {"", "+49 (151) 1000-0001", "+4915110000001"}, {"1", "555-123-4567", "+15551234567"}, {"", "15110000001", ""}, {"49", "12", ""}, {"44", "x", ""}} {
		if have, ok := phone(test[0], test[1]); ok != (test[2] != "") || ok && have != test[2] {
			t.Errorf("%v: have %q, %t", test, have, ok)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, test := range []struct {
		from, length int
		to, span     int
	}{{8 * 60, 12 * 60, 20 * 60, 0}, {20 * 60, 12 * 60, 8 * 60, 0}, {0, 24 * 60, 24 * 60, 0}, {12 * 60, 24 * 60, 12 * 60, 0}, {18 * 60, 6 * 60, 24 * 60, 0},
		{12 * 60, 25 * 60, 13 * 60, 1}, {17*60 + 30, 3750, 8 * 60, 3}, {0, 7 * 24 * 60, 24 * 60, 6}} {
		if w := window(nil, test.from, test.length); w.To != test.to || w.Span != test.span {
			t.Errorf("%+v: have to %d, span %d", test, w.To, w.Span)
		}
	}
}

// TestBegin turns the list of a layer that begins later, in the middle of a turn.
func TestBegin(t *testing.T) {
	loc := zoneOf("Europe/Berlin")
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	counted := time.Date(2026, 12, 7, 8, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		holds time.Time
		want  []string // on call a minute before it holds, a minute after, a week and two weeks after
	}{
		{"with the first turn", counted, []string{"", "a", "b", "c"}},
		{"in the middle of the second turn", counted.AddDate(0, 0, 9), []string{"", "b", "c", "a"}},
		{"with the third turn", counted.AddDate(0, 0, 14), []string{"", "c", "a", "b"}},
		{"before turns are counted", counted.AddDate(0, 0, -3), []string{"", "c", "a", "b"}},
		{"already", at.AddDate(0, 0, -1), []string{"b", "b", "c", "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rotation.Rotation{ID: "r", TimeZone: "Europe/Berlin"}
			l := rotation.Layer{ID: "l", People: []rotation.Slot{{"a"}, {"b"}, {"c"}}, Every: rotation.Cadence{Unit: rotation.Weeks, Length: 1}}
			begin(&r, &l, loc, counted, test.holds, at)
			r.Layers = []rotation.Layer{l}
			for i, after := range []time.Duration{-time.Minute, time.Minute, 7*day + time.Minute, 14*day + time.Minute} {
				if have := strings.Join(r.People(test.holds.Add(after)), " "); have != test.want[i] {
					t.Errorf("%s after it holds: have %q, want %q", after, have, test.want[i])
				}
			}
		})
	}
}

func TestCompare(t *testing.T) {
	start := time.Date(2026, 12, 7, 8, 0, 0, 0, time.UTC)
	r := rotation.Rotation{ID: "r", TimeZone: "UTC", Layers: []rotation.Layer{{ID: "l", People: []rotation.Slot{{"a"}, {"b"}}, Start: rotation.LocalOf(start, time.UTC), Every: rotation.Cadence{Unit: rotation.Weeks, Length: 1}}}}
	theirs := []stretch{{start, start.Add(3 * day), "a"}, {start.Add(3 * day), start.Add(7 * day), "a"}, {start.Add(8 * day), start.Add(14 * day), "b"}, {start.Add(14 * day), start.Add(21 * day), "a"}}
	checked, differences := compare(&r, theirs, start.Add(-day))
	if (checked != Checked{4, 3}) || len(differences) != 1 || !differences[0].start.Equal(start.Add(7*day)) || !differences[0].end.Equal(start.Add(8*day)) {
		t.Errorf("have %+v, %+v", checked, differences)
	}
}

func TestRailsZones(t *testing.T) {
	for name, iana := range railsZones() {
		if _, _, ok := zone(name); !ok {
			t.Errorf("%s: there is no zone %s", name, iana)
		}
	}
}
