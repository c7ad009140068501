package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

func roster(t *testing.T, text string) *rotation.Roster {
	t.Helper()
	r, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(s string) time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v
}

const week = `
people:
  - {id: ada, time_zone: Europe/Berlin, slack: U1}
  - {id: bob, time_zone: America/New_York, slack: U2}
rotations:
  - id: primary
    time_zone: Europe/Berlin
    layers: [{id: weekly, people: [ada, bob], start: 2026-06-15T09:00, every: {weeks: 1}}]
`

// paged is a page to somebody as primary, answered by somebody after a minute.
func paged(when, person, by string) Page {
	return Page{At: at(when), Person: person, Rotation: "primary", Duty: []string{"primary"}, Answered: at(when).Add(time.Minute), AnsweredBy: by}
}

// TestWeeks holds the figures of two ordinary weeks, counted by hand: each has 168
// hours, on the clock of whoever had it.
func TestWeeks(t *testing.T) {
	r := roster(t, week)
	got := Of(Period{From: at("2026-06-15T07:00:00Z"), To: at("2026-06-29T07:00:00Z"), Rosters: []Held{{From: at("2026-01-01T00:00:00Z"), To: at("2027-01-01T00:00:00Z"), Roster: r}},
		Pages: []Page{
			paged("2026-06-16T21:00:00Z", "ada", "ada"),                          // Tuesday 23:00 in Berlin
			paged("2026-06-16T21:00:30Z", "ada", "ada"),                          // the same interruption
			paged("2026-06-17T03:30:00Z", "ada", "ada"),                          // 05:30 of the same night
			paged("2026-06-20T12:00:00Z", "ada", "bob"),                          // Saturday afternoon
			{At: at("2026-06-23T14:00:00Z"), Person: "bob", Rotation: "primary"}, // 10:00 in New York, nobody answered
			{At: at("2026-06-23T15:00:00Z"), Person: "bob", Quiet: true},
		}})
	want := OnCall{From: at("2026-06-15T07:00:00Z"), To: at("2026-06-29T07:00:00Z"),
		People: []Person{
			{ID: "ada", TimeZone: "Europe/Berlin", Business: 40 * 60, WeekdayOff: 80 * 60, Weekend: 48 * 60, Share: 50,
				Interruptions: 3, InOff: 1, InSleep: 2, Nights: 1, LongestRun: 1, DisturbedHours: 3, WeekendsPaged: 1, WeekendsOnCall: 1,
				Weeks: []WeekBurden{{Week: "2026-W25", Burden: Burden{Interrupts: 3, Night: 2, Weekend: 1, Hurts: 3}, Nights: 1}},
				Rests: []Rest{{at("2026-06-17T03:31:00Z"), 2.48}}, Load: 159, Pages: 4, OwnAnswers: 3, Others: 1},
			{ID: "bob", TimeZone: "America/New_York", Business: 40 * 60, WeekdayOff: 80 * 60, Weekend: 48 * 60, Share: 50,
				Interruptions: 1, InBusiness: 1, DisturbedHours: 1, WeekendsOnCall: 1, Load: 152.5, Weeks: []WeekBurden{{Week: "2026-W26", Burden: Burden{Interrupts: 1}}}, Pages: 2, Unanswered: 2},
		},
		Rotations: []Rotation{{ID: "primary", Coverage: 100, Pages: 5, PagesPer12h: 0.18, Worst12h: 3, Incidents12: 1, People: 2, MostShare: 50,
			Balance: 96, Peak: 1.02, Answered: 3}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Of(two weeks) (-want +got):\n%s", diff)
	}
}

// TestPastStays changes the roster in the middle: what was before it held is
// counted by the old one.
func TestPastStays(t *testing.T) {
	before := roster(t, week)
	after := roster(t, strings.Replace(week, "people: [ada, bob]", "people: [bob]", 1))
	cut := at("2026-06-17T07:00:00Z")
	got := Of(Period{From: at("2026-06-15T07:00:00Z"), To: at("2026-06-19T07:00:00Z"),
		Rosters: []Held{{at("2026-01-01T00:00:00Z"), cut, before}, {cut, at("2027-01-01T00:00:00Z"), after}}})
	for _, p := range got.People {
		if total := p.Business + p.WeekdayOff; total != 48*60 || p.Share != 50 {
			t.Errorf("%s has %d minutes, %d %%; want two days of four", p.ID, total, p.Share)
		}
	}
	if r := got.Rotations[0]; r.Coverage != 100 || r.People != 2 || r.MostShare != 50 {
		t.Errorf("rotation = %+v; want full coverage by two people, half of the time each", r)
	}
}

// TestClocksChange counts the weeks in which the clocks change by their true
// length.
func TestClocksChange(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		hours    int
	}{
		{"2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z", 169},
		{"2027-03-22T08:00:00Z", "2027-03-29T07:00:00Z", 167},
	} {
		r := roster(t, week)
		got := Of(Period{From: at(tt.from), To: at(tt.to), Rosters: []Held{{at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"), r}}})
		p := got.People[0]
		if total := p.Business + p.WeekdayOff + p.Weekend; len(got.People) != 1 || total != tt.hours*60 || p.Share != 100 {
			t.Errorf("%s to %s: %s has %d minutes; want one person with %d hours", tt.from, tt.to, p.ID, total, tt.hours)
		}
	}
}

// TestGaps counts a gap once across a change of the roster, and pages that came
// into it.
func TestGaps(t *testing.T) {
	text := week + "    overrides: [{set: [], start: 2026-06-16T07:00:00Z, end: 2026-06-17T07:00:00Z}]\n"
	cut := at("2026-06-16T19:00:00Z")
	got := Of(Period{From: at("2026-06-15T07:00:00Z"), To: at("2026-06-19T07:00:00Z"),
		Rosters: []Held{{at("2026-01-01T00:00:00Z"), cut, roster(t, text)}, {cut, at("2027-01-01T00:00:00Z"), roster(t, text)}},
		Pages: []Page{
			{At: at("2026-06-16T20:00:00Z"), Person: "bob", Resort: true, Duty: []string{"primary"}},
			{At: at("2026-06-16T20:00:00Z"), Person: "ada", Resort: true, Duty: []string{"other"}},
			{At: at("2026-06-18T20:00:00Z"), Person: "bob", Resort: true, Duty: []string{"primary"}},
		}})
	r := got.Rotations[0]
	if r.Coverage != 75 || r.Gaps != 1 || r.GapMinutes != 24*60 || r.Unattended != 1 {
		t.Errorf("rotation = %+v; want 75 %%, one gap of a day, one page in it", r)
	}
	if p := got.People[0]; p.ID != "ada" || p.Lost != 24*60 {
		t.Errorf("ada = %+v; want a day lost", p)
	}
}

func TestPagesOf(t *testing.T) {
	paging := func(n int, declared string, events ...incident.Event) Timeline {
		return Timeline{incident.Incident{Number: n, Title: "disk full", Service: "db", Declared: at(declared)}, events}
	}
	timelines := []Timeline{
		paging(1, "2026-06-15T07:00:00Z",
			incident.Event{Kind: incident.KindDeclared},
			incident.Event{Kind: incident.KindPaged, At: at("2026-06-15T07:00:01Z"), Person: incident.Person("ada"), Via: "slack", Reason: "rotation:primary, person:cleo; no personal rules"},
			incident.Event{Kind: incident.KindPaged, At: at("2026-06-15T07:00:02Z"), Target: "channel:ops", Via: "slack"},
			incident.Event{Kind: incident.KindAcknowledged, At: at("2026-06-15T07:02:00Z"), By: incident.Person("bob")},
			incident.Event{Kind: incident.KindPaged, At: at("2026-06-15T07:30:00Z"), Person: incident.Person("bob"), Via: "email", Reason: "last resort: person:bob"}),
		paging(2, "2026-06-15T20:00:00Z", incident.Event{Kind: incident.KindPaged, At: at("2026-06-15T20:00:01Z"), Person: incident.Person("ada"), Via: "slack", Reason: "rotation:primary"}),
		{incident.Incident{Number: 3, Test: true}, []incident.Event{{Kind: incident.KindPaged, Person: incident.Person("ada")}}},
	}
	timelines[1].Incident.Status = incident.Cancelled
	duty := []string{"primary"}
	want := []Page{
		{Incident: 1, Service: "db", At: at("2026-06-15T07:00:01Z"), Person: "ada", Rotation: "primary", Duty: duty, Answered: at("2026-06-15T07:02:00Z"), AnsweredBy: "bob"},
		{Incident: 1, Service: "db", At: at("2026-06-15T07:30:00Z"), Person: "bob", Duty: duty, Resort: true, Quiet: true},
		{Incident: 2, Service: "db", At: at("2026-06-15T20:00:01Z"), Person: "ada", Rotation: "primary", Duty: duty, Nothing: true, Again: true},
	}
	if diff := cmp.Diff(want, PagesOf(timelines, func(string) []string { return duty })); diff != "" {
		t.Errorf("PagesOf(three incidents) (-want +got):\n%s", diff)
	}
}

// TestPay rounds once, at the end.
func TestPay(t *testing.T) {
	o := OnCall{People: []Person{{ID: "ada", WeekdayOff: 61, Weekend: 90}, {ID: "bob"}}}
	want := []rotation.PayLine{{Person: "ada", Kind: "weekday_off", Minutes: 61, Rate: 500, Amount: 508}, {Person: "ada", Kind: "weekend", Minutes: 90, Rate: 801, Amount: 1202}}
	if diff := cmp.Diff(want, o.Pay(rotation.Rates{WeekdayOff: 500, Weekend: 801})); diff != "" {
		t.Errorf("Pay (-want +got):\n%s", diff)
	}
}

// TestNothing has no roster and no pages.
func TestNothing(t *testing.T) {
	got := Of(Period{From: at("2026-06-15T07:00:00Z"), To: at("2026-06-15T07:00:00Z")})
	if len(got.People) != 0 || len(got.Rotations) != 0 || got.People == nil {
		t.Errorf("Of(nothing) = %+v; want empty lists", got)
	}
}

// TestAnswerWhileSomebodyIsOnIt: whoever is paged as a second person answers by taking a
// role in the incident.
func TestAnswerWhileSomebodyIsOnIt(t *testing.T) {
	event := func(m int, e incident.Event) incident.Event {
		e.At = at("2026-11-24T09:00:00Z").Add(time.Duration(m) * time.Minute)
		return e
	}
	events := []incident.Event{
		event(0, incident.Event{Kind: incident.KindPaged, Person: "person:ada"}),
		event(1, incident.Event{Kind: incident.KindAcknowledged, By: "person:ada"}),
		event(2, incident.Event{Kind: incident.KindPaged, Person: "person:bob"}),
		event(3, incident.Event{Kind: incident.KindRole, By: "person:ada", Person: "person:cleo"}),
		event(4, incident.Event{Kind: incident.KindRole, By: "person:ada", Person: "person:bob"}),
	}
	for _, taken := range []bool{false, true} {
		if taken {
			events = append(events, event(5, incident.Event{Kind: incident.KindRole, By: "person:bob", Person: "person:bob"}))
		}
		pages := PagesOf([]Timeline{{Events: events}}, func(string) []string { return nil })
		if got := !pages[1].Answered.IsZero(); got != taken || taken && pages[1].AnsweredBy != "bob" {
			t.Errorf("bob took a role: %t; the page is %+v", taken, pages[1])
		}
	}
}

// TestAwake counts from the first page of a night to the last thing that they did in it,
// on their own clock.
func TestAwake(t *testing.T) {
	times := func(list string) (at []time.Time) {
		for _, s := range strings.Fields(list) {
			when, err := time.Parse("2006-01-02T15:04Z", s)
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, when)
		}
		return at
	}
	for _, tt := range []struct {
		name, pages, acts string
		want              int
	}{
		{"a night", "2026-06-16T01:00Z", "2026-06-16T01:02Z 2026-06-16T02:25Z", 85},
		{"two pages of one night", "2026-06-15T21:00Z 2026-06-16T02:00Z", "2026-06-15T21:01Z 2026-06-16T02:30Z", 330},
		{"two nights", "2026-06-16T01:00Z 2026-06-17T01:00Z", "2026-06-16T01:10Z 2026-06-17T01:20Z", 30},
		{"nobody knows that they woke", "2026-06-16T01:00Z", "", 0},
		{"only what comes after the page", "2026-06-16T01:00Z", "2026-06-16T00:30Z", 0},
		{"until seven in the morning in Berlin", "2026-06-16T01:00Z", "2026-06-16T04:59Z 2026-06-16T05:01Z", 239},
		{"by day", "2026-06-16T10:00Z", "2026-06-16T11:00Z", 0},
		{"in the evening there", "2026-06-16T19:59Z", "2026-06-16T20:30Z", 0},
		{"the night in which the clocks go back", "2026-10-25T00:00Z", "2026-10-25T02:30Z", 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Period{From: at("2026-06-01T00:00:00Z"), To: at("2026-12-01T00:00:00Z"), Rosters: []Held{{at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"), roster(t, week)}},
				Acts: map[string][]time.Time{"ada": times(tt.acts), "bob": times("2026-06-16T05:30Z")}}
			for _, when := range times(tt.pages) {
				p.Pages = append(p.Pages, Page{At: when, Person: "ada", Rotation: "primary"})
			}
			if got := Of(p).People[0]; got.ID != "ada" || got.Awake != tt.want {
				t.Errorf("%s was awake for %d minutes, want ada for %d", got.ID, got.Awake, tt.want)
			}
		})
	}
	mail := Period{From: at("2026-06-01T00:00:00Z"), To: at("2026-07-01T00:00:00Z"), Pages: []Page{{At: at("2026-06-16T01:00:00Z"), Person: "ada", Quiet: true}},
		Acts: map[string][]time.Time{"ada": {at("2026-06-16T02:00:00Z")}}}
	if got := Of(mail).People[0].Awake; got != 0 {
		t.Errorf("a mail kept somebody up for %d minutes", got)
	}
}

// TestOneNightIsOneNight: two incidents in one night are two interrupts and one night, over
// midnight and the end of a week, too; however a rotation is paged for an incident, it is one.
func TestOneNightIsOneNight(t *testing.T) {
	page := func(n int, when string) Page {
		return Page{Incident: n, At: at(when), Person: "ada", Rotation: "primary"}
	}
	pages := []Page{page(1, "2026-06-14T23:10:00Z"), page(1, "2026-06-14T23:11:00Z"), page(1, "2026-06-14T23:13:00Z"), page(2, "2026-06-15T02:30:00Z"), page(3, "2026-06-17T06:59:00Z")}
	weeks := WeeksOf(Interrupts(pages, func(string) rotation.Desk { return rotation.Desk{Zone: time.UTC} }), "ada")
	want := []WeekBurden{
		{Week: "2026-W24", Burden: Burden{Interrupts: 1, Night: 1, Weekend: 1, Hurts: 1}, Nights: 1},
		{Week: "2026-W25", Burden: Burden{Interrupts: 2, Night: 2, Hurts: 2}, Nights: 1},
	}
	if !slices.Equal(weeks, want) {
		t.Errorf("weeks %+v, want %+v", weeks, want)
	}
	c := count{held: map[string]time.Duration{"primary": 24 * time.Hour}, pages: map[string][]Page{"ada": pages}}
	r := Rotation{ID: "primary"}
	if c.paged(&r); r.Worst12h != 4 || r.Incidents12 != 2 {
		t.Errorf("within 12 hours %d pages for %d incidents, want 4 for 2", r.Worst12h, r.Incidents12)
	}
}
