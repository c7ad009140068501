package importer

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

func vcalendar(head string, events ...string) File {
	text := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n" + head
	for _, e := range events {
		text += "BEGIN:VEVENT\n" + e + "\nEND:VEVENT\n"
	}
	return File{Name: "exports/duty.ics", Data: []byte(strings.ReplaceAll(text+"END:VCALENDAR\n", "\n", "\r\n"))}
}

func importCalendar(t *testing.T, f File) *Result {
	t.Helper()
	result, err := Import("ical", []File{f}, Options{At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func onCallThen(t *testing.T, r *Result, id string, at string) string {
	t.Helper()
	x, ok := r.Roster.Rotation(id)
	if !ok {
		t.Fatalf("there is no rotation %s in\n%s", id, r.Text)
	}
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(x.People(when), ",")
}

// TestCalendarRepeats: events that come again and again are a rule, which goes on.
func TestCalendarRepeats(t *testing.T) {
	r := importCalendar(t, vcalendar("X-WR-CALNAME:Main duty\nX-WR-TIMEZONE:Europe/Berlin\n",
		"UID:a\nDTSTART;TZID=Europe/Berlin:20251229T090000\nDTEND;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2\nSUMMARY:Ada@shop.example",
		"UID:b\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260112T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2\nSUMMARY:Bob Lind"))
	for at, want := range map[string]string{"2026-01-01T12:00:00Z": "ada", "2026-01-05T07:59:00Z": "ada", "2026-01-05T08:00:00Z": "bob-lind",
		"2026-03-30T06:59:00Z": "ada", "2026-03-30T07:00:00Z": "bob-lind", "2030-01-07T12:00:00Z": "ada"} {
		if have := onCallThen(t, r, "main-duty", at); have != want {
			t.Errorf("at %s: have %q, want %q", at, have, want)
		}
	}
	if p, _ := r.Roster.Person("ada"); p.Email != "Ada@shop.example" {
		t.Errorf("ada is %+v", p)
	}
	if x, _ := r.Roster.Rotation("main-duty"); len(x.Overrides) > 0 || x.Layers[0].Every != (rotation.Cadence{Unit: rotation.Weeks, Length: 1}) {
		t.Errorf("the rotation: %+v", x)
	}
}

// TestCalendarStretches: what has no rule is taken as it stands, days that are left out
// by an instant too.
func TestCalendarStretches(t *testing.T) {
	for _, name := range []string{"o365_allday_exdate.ics", "o365_allday_exdate_z.ics"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		r := importCalendar(t, File{Name: name, Data: data})
		id := slug(stem(name))
		for at, want := range map[string]string{"2026-01-05T12:00:00Z": "ada", "2026-01-06T12:00:00Z": "", "2026-01-07T12:00:00Z": "ada", "2026-01-08T23:59:00Z": "ada", "2026-01-09T00:00:00Z": ""} {
			if have := onCallThen(t, r, id, at); have != want {
				t.Errorf("%s at %s: have %q, want %q", name, at, have, want)
			}
		}
		if !slices.ContainsFunc(r.Report.Lines(), func(s string) bool { return strings.Contains(s, "afterwards nobody is on call") }) {
			t.Errorf("the report does not say that the calendar ends: %q", r.Report.Lines())
		}
	}
}

func TestCalendarRefuses(t *testing.T) {
	old := vcalendar("", "UID:a\nDTSTART:20200101T090000Z\nDTEND:20200102T090000Z\nSUMMARY:ada")
	for name, c := range map[string]struct {
		file File
		want string
	}{
		"not a calendar": {File{Name: "a.ics", Data: []byte("<html>")}, "a.ics: not an iCalendar file; save the calendar as one"},
		"over":           {old, "exports/duty.ics: nobody is on call after 2026-01-01T00:00Z; see whether it is the right calendar, and --at"},
	} {
		_, err := Import("ical", []File{c.file}, Options{At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		var refused Refusals
		if !errors.As(err, &refused) || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestCalendarIsTold: a calendar given for an export of a system is recognised.
func TestCalendarIsTold(t *testing.T) {
	f := vcalendar("", "UID:a\nDTSTART:20260101T090000Z\nDTEND:20260102T090000Z\nSUMMARY:ada")
	for _, name := range Systems() {
		if _, err := Import(name, []File{f}, Options{At: hostileAt}); name != calendars && (err == nil || !strings.Contains(err.Error(), "looks like ical; say: stormbell import ical")) {
			t.Errorf("as %s: %v", name, err)
		}
	}
}
