package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// answered is a list of incidents as a script reads it.
type answered struct {
	Incidents []shown
	More      string
}

func (a answered) names() string {
	var list []string
	for _, i := range a.Incidents {
		list = append(list, i.Name)
	}
	return strings.Join(list, " ")
}

func TestList(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		`{"title":"Card payments fail","severity":"sev1"}`,
		`{"title":"Search is slow","service":"search","severity":"sev3"}`,
		`{"title":"Payments of some cards are slow","severity":"sev3"}`,
		`{"title":"A secret","private":true}`,
	} {
		w.want(t, post("/v1/incidents", body).admin(), 201, nil)
	}
	w.want(t, post("/v1/incidents/INC-2/resolve", "").admin(), 200, nil)
	i, _, err := w.desk.Timeline(t.Context(), viewer, 3)
	if err != nil {
		t.Fatal(err)
	}
	third := i.Declared
	at := func(d time.Duration) string { return url.QueryEscape(third.Add(d).Format(time.RFC3339Nano)) }
	tests := []struct{ query, want, more string }{
		{"", "INC-4 INC-3 INC-1", ""},
		{"?all", "INC-4 INC-3 INC-2 INC-1", ""},
		{"?all=true&limit=2", "INC-4 INC-3", "INC-3"},
		{"?all=true&limit=2&before=INC-3", "INC-2 INC-1", ""},
		{"?all=true&limit=4", "INC-4 INC-3 INC-2 INC-1", ""},
		{"?all=false&limit=3", "INC-4 INC-3 INC-1", ""},
		{"?limit=1", "INC-4", "INC-4"},
		{"?limit=1&before=4", "INC-3", "INC-3"},
		{"?limit=1&before=inc3", "INC-1", ""},
		{"?before=INC-1", "", ""},
		{"?status=resolved", "INC-2", ""},
		{"?status=done,declared", "INC-4 INC-3 INC-2 INC-1", ""},
		{"?status=resolved&status=Merged", "INC-2", ""},
		{"?severity=sev1", "INC-1", ""},
		{"?all&severity=3", "INC-3 INC-2", ""},
		{"?severity=sev1,sev2", "INC-4 INC-1", ""},
		{"?service=search", "", ""},
		{"?all&service=Search", "INC-2", ""},
		{"?service=checkout", "INC-4 INC-3 INC-1", ""},
		{"?search=PAYMENTS", "INC-3 INC-1", ""},
		{"?search=slow+cards", "INC-3", ""},
		{"?search=inc-1", "INC-1", ""},
		{"?all&search=search", "INC-2", ""},
		{"?all&from=" + at(0), "INC-4 INC-3", ""},
		{"?all&to=" + at(0), "INC-2 INC-1", ""},
		{"?all&from=" + at(0) + "&to=" + at(1), "INC-3", ""},
	}
	for _, test := range tests {
		var got answered
		w.want(t, get("/v1/incidents"+test.query).admin(), 200, &got)
		if got.names() != test.want || got.More != test.more {
			t.Errorf("GET /v1/incidents%s = %s, more %q; want %s, more %q", test.query, got.names(), got.More, test.want, test.more)
		}
	}
	empty := newWorld(t)
	if body := empty.want(t, get("/v1/incidents").admin(), 200, nil); strings.TrimSpace(body) != `{"incidents":[]}` {
		t.Errorf("GET /v1/incidents of an empty store = %s, want an empty list", body)
	}
}

// TestListIsNeverCutSilently goes through a long list by what `more` says, open
// ones and all of them, and finds each incident once.
func TestListIsNeverCutSilently(t *testing.T) {
	w := newWorld(t)
	const all = 130
	for n := range all {
		if _, err := w.desk.Declare(t.Context(), byCLI, incident.Declaration{Title: fmt.Sprint("trouble ", n+1), Severity: incident.Sev4}); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{"?", "?all", "?limit=7", "?all&limit=130", "?severity=sev4&limit=129"} {
		var seen []string
		for before := ""; ; {
			var got answered
			w.want(t, get("/v1/incidents"+query+before).admin(), 200, &got)
			seen = append(seen, strings.Fields(got.names())...)
			if got.More == "" {
				break
			}
			before = "&before=" + got.More
		}
		if slices.Sort(seen); len(slices.Compact(slices.Clone(seen))) != all || len(seen) != all {
			t.Errorf("%s: %d incidents listed, want each of %d once", query, len(seen), all)
		}
	}
}

func TestListRefuses(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		query     string
		status    int
		why, next string
	}{
		{"?stauts=resolved", 400, `There is no parameter "stauts".`, "Did you mean status?"},
		{"?colour=red", 400, `There is no parameter "colour".`, "There are: all, status"},
		{"?status=resolvd", 400, `There is no status "resolvd".`, "Did you mean resolved?"},
		{"?status=blue", 400, `There is no status "blue".`, "There are: declared, "},
		{"?severity=sev9", 400, `severity is "sev9".`, "sev1, sev2, sev3 or sev4"},
		{"?service=chekout", 422, `There is no service "chekout".`, "Did you mean checkout?"},
		{"?limit=1001", 400, "limit must be a number from 1 to 1000.", ""},
		{"?limit=0", 400, "limit must be", ""},
		{"?before=yesterday", 400, "before must name an incident", ""},
		{"?from=yesterday", 400, "from must be an instant", ""},
		{"?to=2026-11-28", 400, "to must be an instant", ""},
		{"?from=2026-11-28T00:00:00Z&to=2026-11-27T00:00:00Z", 400, "from must be before to.", ""},
		{"?all=maybe", 400, "all must be true or false.", ""},
	}
	for _, test := range tests {
		var p problem
		body := w.want(t, get("/v1/incidents"+test.query).admin(), test.status, &p)
		if !strings.Contains(p.Why, test.why) || !strings.Contains(p.Next, test.next) {
			t.Errorf("GET /v1/incidents%s = %s; want %q and %q", test.query, body, test.why, test.next)
		}
	}
}

// TestHistoryIsNeverCutSilently goes through the roster's history by what `more`
// says.
func TestHistoryIsNeverCutSilently(t *testing.T) {
	w := newWorld(t)
	for n := 2; n <= 7; n++ {
		r, err := rotation.Parse("roster.yaml", []byte(strings.ReplaceAll(rosterText, "name: Payments", fmt.Sprint("name: Payments ", n))))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.people.ApplyRoster(t.Context(), r, incident.Bot, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 3, 6, 7, 100} {
		var seen []int
		for before := ""; ; {
			var got HistoryPage
			w.want(t, get(fmt.Sprintf("/v1/roster/history?limit=%d%s", limit, before)).admin(), 200, &got)
			for _, c := range got.History {
				seen = append(seen, c.Version)
			}
			if got.More == 0 {
				break
			}
			before = fmt.Sprint("&before=", got.More)
		}
		if !slices.Equal(seen, []int{7, 6, 5, 4, 3, 2, 1}) {
			t.Errorf("limit %d: versions %v, want each from 7 to 1", limit, seen)
		}
	}
	for _, query := range []string{"?before=0", "?before=x", "?limit=0", "?limit=10001"} {
		w.want(t, get("/v1/roster/history"+query).admin(), 400, nil)
	}
}

var byCLI = oncall.Caller{Actor: oncall.CommandLine}
