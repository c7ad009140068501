package rotation

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// clumsy is one place of a roster, written with %s, and what it then means.
type clumsy struct {
	text  string
	means func(*testing.T, *Roster) string
}

const clumsyRotation = `
people: [{id: ada, slack: U01ADA}, {id: bob, slack: U01BOB}]
teams: [{id: shop, members: [ada]}]
rotations:
  - {id: r, time_zone: %s, layers: [{id: l, people: [ada, bob], start: %s, every: %s, windows: [%s]}], overrides: [{set: [bob], start: %s, end: 2027-01-01T00:00:00Z}]}
policies: [{id: p, repeat: %s, steps: [{notify: [%s], wait: %s, round_robin: %s}], last_resort: [person:ada]}]
services: [{id: s, policy: p, runbook: {url: "https://x.example", reviewed: %s}}]
`

// clumsyPlaces are the places by name; every other value is a good one.
func clumsyPlaces() map[string]clumsy {
	good := []any{"Europe/Berlin", "2026-01-05T09:00", "{weeks: 1}", `{days: [mon], from: "09:00", to: "17:00"}`, "2026-03-01T18:00:00Z", "0", "person:ada", "5m", "false", "2026-06-01"}
	at := func(i int, form string) string {
		values := append([]any(nil), good...)
		values[i] = form
		return fmt.Sprintf(clumsyRotation, values...)
	}
	layer := func(r *Roster) Layer { return r.Rotations[0].Layers[0] }
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return map[string]clumsy{
		"zone": {at(0, "%s"), func(t *testing.T, r *Roster) string {
			january, july := time.Date(2026, 1, 5, 9, 0, 0, 0, r.Rotations[0].location()), time.Date(2026, 7, 5, 9, 0, 0, 0, r.Rotations[0].location())
			return january.Format("-07:00") + " " + july.Format("-07:00")
		}},
		"start": {at(1, "%s"), func(t *testing.T, r *Roster) string {
			return stamp(Instant(r.Rotations[0].location(), layer(r).Start))
		}},
		"every":  {at(2, "%s"), func(t *testing.T, r *Roster) string { return cadenceText(layer(r).Every) }},
		"days":   {at(3, `{days: %s, from: "09:00", to: "17:00"}`), func(t *testing.T, r *Roster) string { return daysText(layer(r).Windows[0].Days) }},
		"from":   {at(3, `{days: [mon], from: %s, to: "23:00"}`), func(t *testing.T, r *Roster) string { return clockText(layer(r).Windows[0].From) }},
		"to":     {at(3, `{days: [mon], from: "08:00", to: %s}`), func(t *testing.T, r *Roster) string { return clockText(layer(r).Windows[0].To) }},
		"when":   {at(4, "%s"), func(t *testing.T, r *Roster) string { return stamp(r.Rotations[0].Overrides[0].Start) }},
		"repeat": {at(5, "%s"), func(t *testing.T, r *Roster) string { return fmt.Sprint(r.Policies[0].Repeat) }},
		"target": {at(6, "%s"), func(t *testing.T, r *Roster) string { return targetsText(r.Policies[0].Steps[0].Notify) }},
		"wait":   {at(7, "%s"), func(t *testing.T, r *Roster) string { return r.Policies[0].Steps[0].Wait.String() }},
		"robin":  {at(8, "%s"), func(t *testing.T, r *Roster) string { return fmt.Sprint(r.Policies[0].Steps[0].RoundRobin) }},
		"date":   {at(9, "%s"), func(t *testing.T, r *Roster) string { return r.Services[0].Reviewed }},
		"phone":  {"people: [{id: ada, phone: %s}]", func(t *testing.T, r *Roster) string { return r.People[0].Phone }},
		"id":     {"people: [{id: %s}]", func(t *testing.T, r *Roster) string { return r.People[0].ID }},
		"slack":  {"people: [{id: ada, slack: %s}]", func(t *testing.T, r *Roster) string { return r.People[0].Slack }},
		"email":  {"people: [{id: ada, email: %s}]", func(t *testing.T, r *Roster) string { return r.People[0].Email }},
		"via": {"people: [{id: ada, phone: \"+4915112345678\", slack: U01ADA, rules: {high: [{via: %s}]}}]", func(t *testing.T, r *Roster) string {
			return r.People[0].Rules.High[0].Via
		}},
		"list": {"people: [{id: ada}, {id: bob}]\nteams: [{id: t, members: %s}]", func(t *testing.T, r *Roster) string { return flow(r.Teams[0].Members) }},
	}
}

// TestAdviceIsRight writes what people write, does what the error says to the letter,
// and looks at what the roster then means.
func TestAdviceIsRight(t *testing.T) {
	places := clumsyPlaces()
	for _, c := range []struct{ place, in, mend, means string }{
		// An instant where the wall clock of Berlin is needed.
		{"start", "2026-01-05T08:00:00Z", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-07-06T08:00:00Z", "2026-07-06T10:00", "2026-07-06T08:00:00Z"},
		{"start", "2026-01-05T09:00:00+01:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T03:00:00-05:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-07-06T09:00:00+01:00", "2026-07-06T10:00", "2026-07-06T08:00:00Z"},
		{"start", "2026-01-05T08:00:00.250Z", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T08:00Z", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T08:00:30Z", "2026-01-05T09:00:30", "2026-01-05T08:00:30Z"},
		{"start", "2026-01-05 08:00:00Z", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05 08:00 UTC", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05t08:00:00z", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "20260105T080000Z", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T13:30:00+0530", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T03:00 America/New_York", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "\"2026-01-05T03:00-05:00[America/New_York]\"", "", ""},
		{"start", "2026-01-05T00:00 PST", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-07-06T10:00 CEST", "2026-07-06T10:00", "2026-07-06T08:00:00Z"},
		{"start", "2025-12-31T23:30:00Z", "2026-01-01T00:30", "2025-12-31T23:30:00Z"},
		{"start", "2026-10-25T00:30:00Z", "2026-10-25T02:30", "2026-10-25T00:30:00Z"},
		// A wall clock in another form.
		{"start", "2026-01-05", "2026-01-05T00:00", "2026-01-04T23:00:00Z"},
		{"start", "2026-01-05", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05 09:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05 9:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T09", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05T0900", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-1-5 9am", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05 9:30 PM", "2026-01-05T21:30", "2026-01-05T20:30:00Z"},
		{"start", "2026-01-05T24:00", "2026-01-06T00:00", "2026-01-05T23:00:00Z"},
		{"start", "2026/01/05 09:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "05.01.2026 09:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "05/01/2026 09:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "01/05/2026 09:00", "2026-05-01T09:00", "2026-05-01T07:00:00Z"},
		{"start", "13/01/2026 09:00", "2026-01-13T09:00", "2026-01-13T08:00:00Z"},
		{"start", "5 Jan 2026 09:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "\"January 5th, 2026 09:00\"", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "Mon 5 Jan 2026 09:00", "2026-01-05T09:00", "2026-01-05T08:00:00Z"},
		{"start", "2026-01-05 12am", "2026-01-05T00:00", "2026-01-04T23:00:00Z"},
		// What nobody can compute gets an example, and nothing invented.
		{"start", "tomorrow", "", ""},
		{"start", "2026-02-30T09:00", "", ""},
		{"start", "2026-01-05T25:00", "", ""},
		{"start", "2026-01-05T09:00 IST", "", ""},
		// A wall clock where an instant is needed.
		{"when", "2026-03-01T18:00", "2026-03-01T18:00:00+01:00", "2026-03-01T17:00:00Z"},
		{"when", "2026-03-01 18:00", "2026-03-01T18:00:00+01:00", "2026-03-01T17:00:00Z"},
		{"when", "2026-03-01 18:00:00", "2026-03-01T18:00:00+01:00", "2026-03-01T17:00:00Z"},
		{"when", "2026-03-01", "2026-03-01T00:00:00+01:00", "2026-02-28T23:00:00Z"},
		{"when", "2026-03-01", "2026-03-02T00:00:00+01:00", "2026-03-01T23:00:00Z"},
		{"when", "2026-03-01T18:00Z", "2026-03-01T18:00:00Z", "2026-03-01T18:00:00Z"},
		{"when", "2026-03-01 18:00:00+01:00", "2026-03-01T18:00:00+01:00", "2026-03-01T17:00:00Z"},
		{"when", "2026-03-01T18:00:00+0100", "2026-03-01T18:00:00+01:00", "2026-03-01T17:00:00Z"},
		{"when", "2026-03-01T18:00:00 Asia/Tokyo", "2026-03-01T18:00:00+09:00", "2026-03-01T09:00:00Z"},
		{"when", "01.03.2026 18:00", "2026-03-01T18:00:00+01:00", "2026-03-01T17:00:00Z"},
		{"when", "2026-10-25T02:30", "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"},
		{"when", "2026-03-29T02:30", "2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00Z"},
		{"when", "next week", "", ""},
		// Dates.
		{"date", "25.12.2026", "2026-12-25", "2026-12-25"},
		{"date", "2026/12/25", "2026-12-25", "2026-12-25"},
		{"date", "12/25/2026", "2026-12-25", "2026-12-25"},
		{"date", "20261225", "2026-12-25", "2026-12-25"},
		{"date", "25 December 2026", "2026-12-25", "2026-12-25"},
		{"date", "\"Dec 25, 2026\"", "2026-12-25", "2026-12-25"},
		{"date", "2026-12-25T09:00:00Z", "2026-12-25", "2026-12-25"},
		{"date", "2026-6-1", "2026-06-01", "2026-06-01"},
		{"date", "June", "", ""},
		// Times of day.
		{"from", "9", "\"09:00\"", "09:00"},
		{"from", "9:00", "\"09:00\"", "09:00"},
		{"from", "\"0900\"", "\"09:00\"", "09:00"},
		{"from", "9am", "\"09:00\"", "09:00"},
		{"from", "5 p.m.", "\"17:00\"", "17:00"},
		{"from", "12 am", "\"00:00\"", "00:00"},
		{"from", "9.30", "\"09:30\"", "09:30"},
		{"from", "\"9h30\"", "\"09:30\"", "09:30"},
		{"from", "noon", "\"12:00\"", "12:00"},
		{"from", "\"24:00\"", "\"00:00\"", "00:00"},
		{"from", "\"09:00:00\"", "\"09:00\"", "09:00"},
		{"to", "midnight", "\"24:00\"", "24:00"},
		{"to", "17h", "\"17:00\"", "17:00"},
		{"to", "\"25:00\"", "", ""},
		// Durations.
		{"wait", "5 min", "5m", "5m0s"},
		{"wait", "5 minutes", "5m", "5m0s"},
		{"wait", "\"5\"", "5m", "5m0s"},
		{"wait", "5M", "5m", "5m0s"},
		{"wait", "1 day", "24h", "24h0m0s"},
		{"wait", "2d", "48h", "48h0m0s"},
		{"wait", "1w", "168h", "168h0m0s"},
		{"wait", "1h 30m", "1h30m", "1h30m0s"},
		{"wait", "1 hour 30 minutes", "1h30m", "1h30m0s"},
		{"wait", "1 hour and 30 minutes", "1h30m", "1h30m0s"},
		{"wait", "\"1,5h\"", "1h30m", "1h30m0s"},
		{"wait", "1d12h", "36h", "36h0m0s"},
		{"wait", "90 sec", "1m30s", "1m30s"},
		{"wait", "PT5M", "5m", "5m0s"},
		{"wait", "P1DT2H", "26h", "26h0m0s"},
		{"wait", "\"00:05:00\"", "5m", "5m0s"},
		{"wait", "\"0:05\"", "5m", "5m0s"},
		{"wait", "\"0:05\"", "5s", "5s"},
		{"wait", "-5m", "5m", "5m0s"},
		{"wait", "5 months", "", ""},
		{"wait", "500 msec", "", ""},
		{"wait", "soon", "", ""},
		{"wait", "99999999999999999999d", "", ""},
		// Zones; winter and summer.
		{"zone", "UTC+1", "Etc/GMT-1", "+01:00 +01:00"},
		{"zone", "UTC+1", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "GMT+1", "Etc/GMT-1", "+01:00 +01:00"},
		{"zone", "+01:00", "Etc/GMT-1", "+01:00 +01:00"},
		{"zone", "UTC-5", "Etc/GMT+5", "-05:00 -05:00"},
		{"zone", "UTC+05:30", "Asia/Kolkata", "+05:30 +05:30"},
		{"zone", "UTC+0", "UTC", "+00:00 +00:00"},
		{"zone", "UTC+25", "", ""},
		{"zone", "CEST", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "MESZ", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "BST", "Europe/London", "+00:00 +01:00"},
		{"zone", "EDT", "America/New_York", "-05:00 -04:00"},
		{"zone", "PST", "America/Los_Angeles", "-08:00 -07:00"},
		{"zone", "PDT", "America/Los_Angeles", "-08:00 -07:00"},
		{"zone", "IST", "Asia/Kolkata", "+05:30 +05:30"},
		{"zone", "IST", "Europe/Dublin", "+00:00 +01:00"},
		{"zone", "JST", "Asia/Tokyo", "+09:00 +09:00"},
		{"zone", "AEST", "Australia/Sydney", "+11:00 +10:00"},
		{"zone", "Asia/Beijing", "Asia/Shanghai", "+08:00 +08:00"},
		{"zone", "Asia/Mumbai", "Asia/Kolkata", "+05:30 +05:30"},
		{"zone", "US/San Francisco", "America/Los_Angeles", "-08:00 -07:00"},
		{"zone", "America/Boston", "America/New_York", "-05:00 -04:00"},
		{"zone", "Munich", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "Germany", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "Berlin", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "europe/berlin", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "Europe/Belin", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "New York", "America/New_York", "-05:00 -04:00"},
		{"zone", "Eastern Time", "America/New_York", "-05:00 -04:00"},
		{"zone", "W. Europe Standard Time", "Europe/Berlin", "+01:00 +02:00"},
		{"zone", "Mars/Olympus", "", ""},
		{"zone", "Local", "", ""},
		// Days.
		{"days", "mon-fri", "[mon, tue, wed, thu, fri]", "[mon, tue, wed, thu, fri]"},
		{"days", "[mon-fri]", "mon, tue, wed, thu, fri", "[mon, tue, wed, thu, fri]"},
		{"days", "Mon - Fri", "[mon, tue, wed, thu, fri]", "[mon, tue, wed, thu, fri]"},
		{"days", "Monday to Friday", "[mon, tue, wed, thu, fri]", "[mon, tue, wed, thu, fri]"},
		{"days", "mon–fri", "[mon, tue, wed, thu, fri]", "[mon, tue, wed, thu, fri]"},
		{"days", "fri-mon", "[fri, sat, sun, mon]", "[fri, sat, sun, mon]"},
		{"days", "weekdays", "[mon, tue, wed, thu, fri]", "[mon, tue, wed, thu, fri]"},
		{"days", "weekend", "[sat, sun]", "[sat, sun]"},
		{"days", "daily", "[mon, tue, wed, thu, fri, sat, sun]", "[mon, tue, wed, thu, fri, sat, sun]"},
		{"days", "\"mon, wed\"", "[mon, wed]", "[mon, wed]"},
		{"days", "mon wed", "[mon, wed]", "[mon, wed]"},
		{"days", "mon", "[mon]", "[mon]"},
		{"days", "[Monday]", "mon", "[mon]"},
		{"days", "[tues]", "tue", "[tue]"},
		{"days", "[Mo]", "mon", "[mon]"},
		{"days", "[montag]", "", ""},
		{"days", "[1]", "", ""},
		{"days", "[n]", "", ""},
		// Turns.
		{"every", "1 week", "{weeks: 1}", "{weeks: 1}"},
		{"every", "weekly", "{weeks: 1}", "{weeks: 1}"},
		{"every", "2 weeks", "{weeks: 2}", "{weeks: 2}"},
		{"every", "12h", "{hours: 12}", "{hours: 12}"},
		{"every", "7d", "{days: 7}", "{days: 7}"},
		{"every", "daily", "{days: 1}", "{days: 1}"},
		{"every", "month", "{months: 1}", "{months: 1}"},
		{"every", "fortnight", "{weeks: 2}", "{weeks: 2}"},
		{"every", "{week: 1}", "weeks", ""},
		{"every", "now and then", "", ""},
		// Words.
		{"repeat", "forever", "-1", "-1"},
		{"repeat", "\"3x\"", "", ""},
		{"robin", "yes", "true", "true"},
		{"robin", "off", "false", "false"},
		{"via", "call", "voice", "voice"},
		{"via", "phone", "voice", "voice"},
		{"via", "Text", "sms", "sms"},
		{"via", "DM", "slack", "slack"},
		{"via", "SMS", "sms", "sms"},
		{"list", "ada", "[ada]", "[ada]"},
		{"list", "\"ada, bob\"", "[ada, bob]", "[ada, bob]"},
		// Targets.
		{"target", "ada", "person:ada", "[person:ada]"},
		{"target", "\"@ada\"", "person:ada", "[person:ada]"},
		{"target", "r", "rotation:r", "[rotation:r]"},
		{"target", "shop", "team:shop", "[team:shop]"},
		{"target", "\"#incidents\"", "channel:incidents", "[channel:incidents]"},
		{"target", "person: ada", "person:ada", "[person:ada]"},
		{"target", "{channel: incidents}", "channel:incidents", "[channel:incidents]"},
		{"target", "Person:ada", "person:ada", "[person:ada]"},
		{"target", "user:ada", "person:ada", "[person:ada]"},
		{"target", "schedule:r", "rotation:r", "[rotation:r]"},
		{"target", "persn:ada", "person:ada", "[person:ada]"},
		{"target", "service:s", "", ""},
		// People. Phone numbers are not repeated, so their mend is in words only.
		{"phone", "\"+49 151 12345678\"", "blanks", ""},
		{"phone", "\"+49 (0)151 12345678\"", "leave out the (0)", ""},
		{"phone", "\"+49-151-12345678\"", "dashes", ""},
		{"phone", "\"+49 (151) 12345678\"", "brackets", ""},
		{"phone", "\"0049 151 12345678\"", "+ in the place of the 00", ""},
		{"phone", "\"tel:+4915112345678\"", "leave out tel:", ""},
		{"phone", "\"0151 12345678\"", "country code", ""},
		{"phone", "\"+49\"", "7 to 15", ""},
		{"id", "\"no good\"", "no-good", "no-good"},
		{"id", "\"Jürgen M\"", "J-rgen-M", "J-rgen-M"},
		{"id", "\"@ada\"", "ada", "ada"},
		{"id", "ada/shop", "ada-shop", "ada-shop"},
		{"id", "\"???\"", "", ""},
		{"slack", "\"<@U01ABCDEF>\"", "U01ABCDEF", "U01ABCDEF"},
		{"slack", "u01abcdef", "U01ABCDEF", "U01ABCDEF"},
		{"slack", "\"https://shop.slack.com/team/U01ABCDEF\"", "U01ABCDEF", "U01ABCDEF"},
		{"slack", "\"@ada\"", "", ""},
		{"email", "\"Ada <ada@shop.example>\"", "ada@shop.example", "ada@shop.example"},
		{"email", "\"mailto:ada@shop.example\"", "ada@shop.example", "ada@shop.example"},
		{"email", "ada", "", ""},
	} {
		t.Run(c.place+" "+c.in, func(t *testing.T) {
			p := places[c.place]
			_, err := Parse("roster.yaml", []byte(fmt.Sprintf(p.text, c.in)))
			var problems Problems
			if !errors.As(err, &problems) || len(problems) != 1 && c.place != "id" {
				t.Fatalf("Parse = %v, want one problem", err)
			}
			hint := problems[0].Hint
			if c.mend == "" {
				if strings.HasPrefix(hint, "write ") && !strings.Contains(hint, "like ") && !strings.Contains(hint, "such as ") && !strings.Contains(hint, " number ") && !strings.Contains(hint, " in front of ") {
					t.Errorf("%v\ninvents a value", err)
				}
				return
			}
			if !strings.Contains(hint, c.mend) {
				t.Fatalf("%v\ndoes not say %s", err, c.mend)
			}
			if c.means == "" {
				return
			}
			mend := c.mend
			if strings.HasPrefix(c.in, "[") && !strings.HasPrefix(mend, "[") {
				mend = "[" + mend + "]"
			}
			r, err := Parse("roster.yaml", []byte(fmt.Sprintf(p.text, mend)))
			if err != nil {
				t.Fatalf("what it says, %s, is refused: %v", c.mend, err)
			}
			if got := p.means(t, r); got != c.means {
				t.Errorf("%s in the place of %s means %s, want %s", c.mend, c.in, got, c.means)
			}
		})
	}
}
