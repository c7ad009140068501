package rotation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestVectorsICalImport(t *testing.T) {
	for _, v := range vectors(t, "ical_import") {
		t.Run(v.ID, func(t *testing.T) {
			m := Import{TimeZone: v.Zone, People: map[string]string{}, From: v.From, To: v.To}
			for _, name := range v.KnownUsers {
				m.People[name] = name
			}
			got, err := m.Read([]byte(v.ICS))
			if err != nil {
				t.Fatalf("Read of\n%s\n%v", v.ICS, err)
			}
			if diff := cmp.Diff(v.Segments, asVector(got.Segments)); diff != "" {
				t.Errorf("Read of\n%s\nsegments: -want +got\n%s", v.ICS, diff)
			}
			if !slices.Equal(got.Warnings, v.Warnings) {
				t.Errorf("Read of\n%s\nwarns %q, want %q", v.ICS, got.Warnings, v.Warnings)
			}
		})
	}
}

// calendarOf wraps events, each given as its lines, in a calendar file.
func calendarOf(events ...string) []byte {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n")
	for i, e := range events {
		b.WriteString("BEGIN:VEVENT\r\n")
		if !strings.Contains(e, "UID:") {
			fmt.Fprintf(&b, "UID:u%d\r\n", i)
		}
		b.WriteString("DTSTAMP:20260101T000000Z\r\n" + strings.ReplaceAll(strings.TrimSpace(e), "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return []byte(b.String())
}

func TestImport(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		events     []string
		from, to   string
		want       string // Z of the start and people of each segment
		warnings   []string
	}{
		{"a whole day, and its end is exclusive", "Europe/Berlin", []string{"DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330\nSUMMARY:ada"},
			"2026-03-28T22:00:00Z", "2026-03-30T00:00:00Z", "22:00 - 23:00 ada 22:00 -", nil},
		{"a whole day without an end", "Europe/Berlin", []string{"DTSTART;VALUE=DATE:20260329\nSUMMARY:ada"},
			"2026-03-28T22:00:00Z", "2026-03-30T00:00:00Z", "22:00 - 23:00 ada 22:00 -", nil},
		{"a Windows zone", "UTC", []string{"DTSTART;TZID=W. Europe Standard Time:20260310T090000\nDTEND;TZID=W. Europe Standard Time:20260310T100000\nSUMMARY:ada"},
			"2026-03-10T07:00:00Z", "2026-03-10T10:00:00Z", "07:00 - 08:00 ada 09:00 -", nil},
		{"a zone behind a prefix", "UTC", []string{"DTSTART;TZID=/citadel.org/20211207_1/America/New_York:20260310T090000\nDURATION:PT1H\nSUMMARY:ada"},
			"2026-03-10T12:00:00Z", "2026-03-10T15:00:00Z", "12:00 - 13:00 ada 14:00 -", nil},
		{"an unknown zone falls back", "Europe/Berlin", []string{"DTSTART;TZID=Mars:20260310T090000\nDURATION:PT1H\nSUMMARY:ada"},
			"2026-03-10T07:00:00Z", "2026-03-10T10:00:00Z", "07:00 - 08:00 ada 09:00 -", []string{"unknown_zone:Mars"}},
		{"a higher level hides a lower one", "UTC", []string{"DTSTART:20260310T080000Z\nDURATION:PT8H\nSUMMARY:ada", "DTSTART:20260310T100000Z\nDURATION:PT1H\nSUMMARY:[L2] bob", "DTSTART:20260310T103000Z\nDURATION:PT1H\nSUMMARY:[L2] cleo"},
			"2026-03-10T08:00:00Z", "2026-03-10T13:00:00Z", "08:00 ada 10:00 bob 10:30 bob,cleo 11:00 cleo 11:30 ada", nil},
		{"until is an instant", "Europe/Berlin", []string{"DTSTART;TZID=Europe/Berlin:20260310T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260311T080000Z\nSUMMARY:ada"},
			"2026-03-11T07:00:00Z", "2026-03-12T09:00:00Z", "07:00 - 08:00 ada 09:00 -", nil},
		{"until a date includes that day", "Europe/Berlin", []string{"DTSTART;TZID=Europe/Berlin:20260310T233000\nDURATION:PT15M\nRRULE:FREQ=DAILY;UNTIL=20260311\nSUMMARY:ada"},
			"2026-03-11T22:00:00Z", "2026-03-13T00:00:00Z", "22:00 - 22:30 ada 22:45 -", nil},
		{"weekdays", "UTC", []string{"DTSTART:20260309T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\nSUMMARY:ada"},
			"2026-03-10T00:00:00Z", "2026-03-13T00:00:00Z", "00:00 - 09:00 ada 10:00 -", nil},
		{"a day of duration is a day on the wall clock", "Europe/Berlin", []string{"DTSTART;TZID=Europe/Berlin:20260327T090000\nDURATION:P1D\nRRULE:FREQ=DAILY\nSUMMARY:ada"},
			"2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z", "00:00 ada", nil},
		{"an excepted day", "UTC", []string{"DTSTART:20260309T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260310\nSUMMARY:ada"},
			"2026-03-10T00:00:00Z", "2026-03-11T09:30:00Z", "00:00 - 09:00 ada", nil},
		{"an excepted whole day, on another clock", "UTC", []string{"DTSTART;VALUE=DATE:20260310\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=W. Europe Standard Time:20260311T000000\nSUMMARY:ada"},
			"2026-03-10T00:00:00Z", "2026-03-13T00:00:00Z", "00:00 ada 00:00 - 00:00 ada", nil},
		{"an excepted whole day, as midnight in UTC", "America/New_York", []string{"DTSTART;VALUE=DATE:20260310\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260311T000000Z\nSUMMARY:ada"},
			"2026-03-10T04:00:00Z", "2026-03-13T04:00:00Z", "04:00 ada 04:00 - 04:00 ada", nil},
		{"an excepted whole day, as the instant of its midnight", "Europe/Berlin", []string{"DTSTART;VALUE=DATE:20260310\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260310T230000Z\nSUMMARY:ada"},
			"2026-03-09T23:00:00Z", "2026-03-12T23:00:00Z", "23:00 ada 23:00 - 23:00 ada", nil},
		{"another whole day in its place, named by an instant", "UTC", []string{"UID:x\nDTSTART;VALUE=DATE:20260310\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:ada", "UID:x\nRECURRENCE-ID;TZID=W. Europe Standard Time:20260311T000000\nDTSTART;VALUE=DATE:20260311\nSUMMARY:bob"},
			"2026-03-10T00:00:00Z", "2026-03-13T00:00:00Z", "00:00 ada 00:00 bob 00:00 ada", nil},
		{"a cancelled instance", "UTC", []string{"UID:x\nDTSTART:20260309T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:ada", "UID:x\nRECURRENCE-ID:20260310T090000Z\nDTSTART:20260310T090000Z\nDURATION:PT1H\nSTATUS:CANCELLED\nSUMMARY:ada"},
			"2026-03-10T00:00:00Z", "2026-03-11T09:30:00Z", "00:00 - 09:00 ada", nil},
		{"the newest version of an instance", "UTC", []string{"UID:x\nDTSTART:20260309T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\nSUMMARY:ada", "UID:x\nSEQUENCE:2\nRECURRENCE-ID:20260310T090000Z\nDTSTART:20260310T110000Z\nDURATION:PT1H\nSUMMARY:bob", "UID:x\nSEQUENCE:1\nRECURRENCE-ID:20260310T090000Z\nDTSTART:20260310T100000Z\nDURATION:PT1H\nSUMMARY:cleo"},
			"2026-03-10T00:00:00Z", "2026-03-10T13:00:00Z", "00:00 - 11:00 bob 12:00 -", nil},
		{"an extra date", "UTC", []string{"DTSTART:20260309T090000Z\nDURATION:PT1H\nRDATE:20260310T120000Z\nSUMMARY:ada"},
			"2026-03-10T00:00:00Z", "2026-03-10T14:00:00Z", "00:00 - 12:00 ada 13:00 -", nil},
		{"rules that are not read", "UTC", []string{"DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY\nSUMMARY:ada", "DTSTART:20260310T110000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYSECOND=1,2,3\nSUMMARY:bob"},
			"2026-03-10T08:00:00Z", "2026-03-10T13:00:00Z", "08:00 - 09:00 ada 10:00 - 11:00 bob 12:00 -", []string{"unsupported_rule:only daily, weekly, monthly and yearly ones without hours are read"}},
		{"times that cannot be read", "UTC", []string{"DTSTART:soon\nDURATION:PT1H\nSUMMARY:ada", "DTSTART:20260310T090000Z\nDURATION:an hour\nSUMMARY:ada"},
			"2026-03-10T08:00:00Z", "2026-03-10T13:00:00Z", "08:00 -", []string{"unreadable_time:soon", "unreadable_time:an hour"}},
		{"some are known", "UTC", []string{"DTSTART:20260310T090000Z\nDURATION:PT1H\nSUMMARY:Ada\\, zoe\\, bob"},
			"2026-03-10T09:00:00Z", "2026-03-10T10:00:00Z", "09:00 ada,bob", []string{"unknown_user:zoe"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Import{TimeZone: c.zone, From: at(t, c.from), To: at(t, c.to), People: map[string]string{"ada": "ada", "bob": "bob", "cleo": "cleo"}}
			data := calendarOf(c.events...)
			got, err := m.Read(data)
			if err != nil {
				t.Fatalf("Read of\n%s\n%v", data, err)
			}
			var parts []string
			for _, s := range got.Segments {
				who := strings.Join(s.People, ",")
				if who == "" {
					who = "-"
				}
				parts = append(parts, s.Start.Format("15:04")+" "+who)
			}
			if s := strings.Join(parts, " "); s != c.want {
				t.Errorf("Read of\n%s\n= %s, want %s", data, s, c.want)
			}
			if !slices.Equal(got.Warnings, c.warnings) {
				t.Errorf("Read of\n%s\nwarns %q, want %q", data, got.Warnings, c.warnings)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	m := Import{TimeZone: "UTC", From: benchDay, To: benchDay.AddDate(0, 1, 0)}
	for name, data := range map[string][]byte{
		"nothing calendar-like": []byte("<html>Sign in</html>"),
		"a cut file":            calendarOf("DTSTART:20260310T090000Z\nSUMMARY:ada")[:120],
		"too much":              make([]byte, mostBytes+1),
	} {
		if got, err := m.Read(data); err == nil {
			t.Errorf("Read of %s = %v, want an error", name, got)
		}
	}
}

func TestCalendar(t *testing.T) {
	r := mustParse(t, `
people:
  - {id: ada, name: "Ada, Countess of Lovelace; \"the first\" \\ 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"}
  - {id: bob, name: Bob}
  - {id: cleo, name: Cleo}
rotations:
  - id: primary
    time_zone: Europe/Berlin
    layers:
      - {id: weekly, people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}}
    overrides:
      - {replace: {person: ada, by: cleo}, start: 2026-03-18T08:00:00Z, end: 2026-03-19T08:00:00Z}
  - id: office
    time_zone: Europe/Berlin
    layers:
      - {id: days, people: [bob, cleo], start: 2026-01-05T09:00, every: {weeks: 1}, windows: [{days: [mon, tue], from: "09:00", to: "17:00"}]}
`)
	r.People[1].Name = "Bob\r\nEND:VCALENDAR" // a file cannot say it; the calendar does not rely on that
	feed := Feed{From: at(t, "2026-03-09T00:00:00Z"), To: at(t, "2026-03-30T00:00:00Z"), Stamp: at(t, "2026-03-10T12:00:00Z")}
	data := r.Calendar(feed)
	golden(t, "testdata/calendar.ics", data)
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Errorf("line %q is %d octets long, or not one line of UTF-8", line, len(line))
		}
	}
	m := Import{TimeZone: "UTC", From: feed.From, To: feed.To, People: map[string]string{"on call: primary": "x", "on call: office": "x"}}
	got, err := m.Read(r.Calendar(Feed{Person: "cleo", From: feed.From, To: feed.To, Stamp: feed.Stamp}))
	if err != nil || len(got.Warnings) > 0 {
		t.Fatalf("Read of Cleo's calendar: %v, warnings %q", err, got.Warnings)
	}
	var starts []string
	for _, s := range got.Segments {
		if !s.Gap() {
			starts = append(starts, s.Start.Format("2 Jan 15:04")+" to "+s.End.Format("2 Jan 15:04"))
		}
	}
	want := []string{"9 Mar 08:00 to 9 Mar 16:00", "10 Mar 08:00 to 10 Mar 16:00", "18 Mar 08:00 to 19 Mar 08:00", "23 Mar 08:00 to 23 Mar 16:00", "24 Mar 08:00 to 24 Mar 16:00"}
	if !slices.Equal(starts, want) {
		t.Errorf("Cleo's shifts by her calendar: %q, want %q", starts, want)
	}
}

// TestCalendarUIDs moves the window of a feed: an event keeps its UID, and no two
// have the same.
func TestCalendarUIDs(t *testing.T) {
	list := thousands(2)
	r := &Roster{Rotations: list}
	for i := range list {
		list[i].Overrides = append(list[i].Overrides, Override{Seq: 2, Kind: Set, People: []string{"p9"}, Start: benchDay.Add(-2 * time.Hour), End: benchDay.Add(30 * time.Hour)})
	}
	if err := r.build(atlas{}); err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for d := range 40 {
		from, to := FeedWindow(benchDay.AddDate(0, 0, d))
		seen := map[string]bool{}
		for i := range r.Rotations {
			for _, s := range r.Rotations[i].shifts(from.Add(-steady), to) {
				if s.Start.Before(from) || s.End.Equal(to) {
					continue
				}
				if seen[s.uid] {
					t.Fatalf("UID %s twice in one feed", s.uid)
				}
				seen[s.uid] = true
				what := fmt.Sprint(s.Start, s.People)
				if old, ok := known[s.uid]; ok && old != what {
					t.Fatalf("UID %s was %s and became %s when the window moved", s.uid, old, what)
				}
				known[s.uid] = what
			}
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add(calendarOf("DTSTART;TZID=Europe/Berlin:20260302T090000\nDTEND;TZID=Europe/Berlin:20260303T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20270101\nEXDATE:20260316T080000Z\nSUMMARY:[L1] ada\\, bob"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := Import{TimeZone: "Europe/Berlin", From: benchDay, To: benchDay.AddDate(0, 1, 0), People: map[string]string{"ada": "ada"}}
		got, err := m.Read(data)
		if err != nil {
			return
		}
		for i, s := range got.Segments {
			if i == 0 && !s.Start.Equal(m.From) || i > 0 && !s.Start.Equal(got.Segments[i-1].End) || !s.End.After(s.Start) {
				t.Fatalf("segments do not tile: %v", got.Segments)
			}
		}
	})
}
