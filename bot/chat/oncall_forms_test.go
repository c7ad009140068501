package chat

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestTypedTimes reads dates and times as they come out of a form.
func TestTypedTimes(t *testing.T) {
	tests := []struct {
		name, zone, date, clock, pass string
		want, wrong                   string // instant; block: words
		twice                         bool
	}{
		{"ordinary", "Europe/Berlin", "2026-06-15", "09:00", "", "2026-06-15T07:00:00Z", "", false},
		{"nothing", "Europe/Berlin", "", "", "", "0001-01-01T00:00:00Z", "", false},
		{"no date", "Europe/Berlin", "", "09:00", "", "", "from_date: Choose the date too.", false},
		{"no time", "Europe/Berlin", "2026-06-15", "", "", "", "from_time: Choose the time too.", false},
		{"no date at all", "Europe/Berlin", "2026-02-30", "09:00", "", "", "from_time: 2026-02-30 09:00 is not a date and a time.", false},
		{"skipped", "Europe/Berlin", "2026-03-29", "02:30", "", "", "from_time: The clocks skip 02:30 that day in Europe/Berlin. Take 01:59 or 03:00.", false},
		{"skipped half an hour", "Australia/Lord_Howe", "2026-10-04", "02:15", "", "", "from_time: The clocks skip 02:15 that day in Australia/Lord_Howe. Take 01:59 or 02:30.", false},
		{"twice", "Europe/Berlin", "2026-10-25", "02:30", "", "2026-10-25T00:30:00Z", "", true},
		{"the first", "Europe/Berlin", "2026-10-25", "02:30", "first", "2026-10-25T00:30:00Z", "", false},
		{"the second", "Europe/Berlin", "2026-10-25", "02:30", "second", "2026-10-25T01:30:00Z", "", false},
		{"the third", "Europe/Berlin", "2026-10-25", "02:30", "third", "2026-10-25T00:30:00Z", "", true},
		{"a day that never was", "Pacific/Apia", "2011-12-30", "12:00", "", "", "from_time: The clocks skip 12:00 that day in Pacific/Apia. Take 23:59 or 00:00.", false},
		{"a zone that is none", "Mars/Olympus", "2026-06-15", "09:00", "", "2026-06-15T09:00:00Z", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &filled{state: oncallState{Zone: tt.zone}, errors: map[string]string{}, values: map[string]slack.BlockAction{
				"from_date": {SelectedDate: tt.date}, "from_time": {SelectedTime: tt.clock},
				"from_pass": {SelectedOption: slack.OptionBlockObject{Value: tt.pass}}}}
			got := f.instant(inputFrom)
			wrong := ""
			for block, words := range f.errors {
				wrong += block + ": " + words
			}
			if tt.want != "" && got.UTC().Format(time.RFC3339) != tt.want || wrong != tt.wrong || (len(f.twice) > 0) != tt.twice {
				t.Errorf("instant(%s %s %s in %s) = %s, wrong %q, twice %v; want %s, %q, %v",
					tt.date, tt.clock, tt.pass, tt.zone, got.UTC().Format(time.RFC3339), wrong, f.twice, tt.want, tt.wrong, tt.twice)
			}
		})
	}
}

// TestStretchValues holds that what a button carries comes back, and that nothing
// else is taken for it.
func TestStretchValues(t *testing.T) {
	g := oncall.Gap{Rotation: "primary", Span: oncall.Span{Start: instantOf("2026-03-09T08:00:00Z"), End: instantOf("2026-03-16T08:00:00Z")}}
	got, person, ok := stretch(stretchValue(g, "ada"))
	if !ok || person != "ada" || !cmp.Equal(g, got) {
		t.Errorf("stretch(stretchValue(%+v, ada)) = %+v, %s, %v; want the same", g, got, person, ok)
	}
	for _, bad := range []string{"", "primary", "primary/1/2", "primary/x/2/ada", "primary/1/y/ada", "a/1/2/b/c"} {
		if g, person, ok := stretch(bad); ok {
			t.Errorf("stretch(%q) = %+v, %s; want that it is none", bad, g, person)
		}
	}
}

// TestFormsAreTaken holds every form against Slack's rules, with a roster beyond
// what a list may hold and with questions about times that happen twice.
func TestFormsAreTaken(t *testing.T) {
	v := messageView(t, "2026-03-10T08:00:00Z")
	roster := *v.roster
	for len(roster.Rotations) < 250 {
		roster.Rotations = append(roster.Rotations, roster.Rotations[0])
	}
	var shifts []oncall.Gap
	for n := range 200 {
		start := v.now.Add(time.Duration(n) * time.Hour)
		shifts = append(shifts, oncall.Gap{Rotation: "primary", Span: oncall.Span{Start: start, End: start.Add(time.Hour)}})
	}
	f := oncallForm{roster: &roster, state: oncallState{Zone: "Europe/Berlin", Asked: []string{inputFrom, inputTo, inputBackFrom, inputBackTo}},
		values: map[string]slack.BlockAction{inputRotation: {SelectedOption: slack.OptionBlockObject{Value: "not in the list"}}}}
	for name, form := range map[string]slack.ModalViewRequest{"override": f.override(), "swap": f.swap(shifts), "cover": f.cover(shifts), "away": f.away()} {
		view, err := json.Marshal(form)
		if err != nil {
			t.Fatal(err)
		}
		if problems := slacksim.ValidateView(view); len(problems) > 0 {
			t.Errorf("Slack would refuse the form %s: %v", name, problems)
		}
	}
}
