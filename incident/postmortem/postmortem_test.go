package postmortem

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// cases are the incidents whose documents are kept as golden files.
var cases = []struct {
	name string
	play func(t *testing.T) (incident.Incident, []incident.Event, Context)
}{
	{"short", short},
	{"long", long},
	{"empty", func(*testing.T) (incident.Incident, []incident.Event, Context) {
		return incident.Incident{Number: 7}, nil, Context{}
	}},
	{"clock_change", clockChange},
	{"answered", answered},
	{"near_miss", nearMiss},
	{"part", part},
}

func TestMarkdown(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			i, events, ctx := c.play(t)
			golden(t, c.name+".md", New(i, events, ctx).Markdown())
		})
	}
}

func short(t *testing.T) (incident.Incident, []incident.Event, Context) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: "Checkout is slow", Service: "checkout"}, cleo)
	r.log(paged(ada, "push", 1))
	r.do(r.i.Acknowledge(ada, r.after(2*time.Minute)))
	r.do(r.i.Note("", "what: p95 of the basket is 2.9 s, was 0.4 s", ada, r.after(time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(9*time.Minute)))
	r.do(r.i.Resolve(ada, "", r.after(30*time.Minute)))
	return r.i, r.events, shop(t)
}

func long(t *testing.T) (incident.Incident, []incident.Event, Context) {
	r := begin(t, "2026-10-05T01:50:00Z", incident.Declaration{
		Title: "Errors at place-order", Service: "edge", Private: true, Alert: "checkout/errors", Details: "rate = 7%\nhost = web-3",
	}, "alert:checkout/errors")
	r.log(incident.Event{Kind: incident.KindChannel, Channel: "C1", ChannelName: "inc-42-errors-at-place-order"})
	r.log(paged(ada, "push", 1))
	r.now = r.now.Add(30 * time.Second)
	r.log(incident.Event{Kind: incident.KindPageFailed, Person: ada, Via: "push", Text: "the device is gone"})
	r.after(5 * time.Minute)
	r.log(incident.Event{Kind: incident.KindStep, Pass: 1, Step: 2}, paged(bob, "voice", 2),
		incident.Event{Kind: incident.KindPaged, Target: "channel:payments", Via: "slack", Pass: 1, Step: 2})
	r.do(r.i.AlertFires(incident.Fires{Title: "", Again: 10, Told: true}, "alert:checkout/errors", r.after(time.Minute)), nil)
	r.do(r.i.Acknowledge(bob, r.after(time.Minute)))
	r.do(r.i.Reroute("checkout", "pages are fine behind the gateway", bob, r.after(time.Minute)))
	r.log(paged(ada, "voice", 1))
	r.do(r.i.Acknowledge(ada, r.after(time.Minute)))
	r.do(r.i.Note("", "where: the rounding step; cleo saw it with <@U01ADA>", ada, r.after(2*time.Minute)))
	r.do(r.i.Note(incident.Update, "Some orders fail at the last step.", bob, r.after(10*time.Minute)))
	r.do(r.i.SetSeverity(incident.Sev1, "31% of orders fail", cleo, r.after(8*time.Minute)))
	r.do(r.i.TakeRole(incident.Communicator, cleo, bob, r.after(2*time.Minute)))
	r.do(r.i.TakeRole(incident.Commander, cleo, ada, r.after(2*time.Minute)))
	r.do(r.i.Note(incident.Decision, "Finish migration 77, then roll back", ada, r.after(5*time.Minute)))
	r.do(r.i.Mitigate(ada, "rollback: to release 430", "checkout", r.after(40*time.Minute)))
	r.do(r.i.Reopen(ada, "errors are rising again", r.after(20*time.Minute)))
	r.do(r.i.Note("", "how: the cache still held the old rate", bob, r.after(5*time.Minute)))
	r.do(r.i.Mitigate(ada, "restart: of the cache", "checkout", r.after(6*time.Minute)))
	r.do(r.i.AlertCleared("", true, "alert:checkout/errors", r.after(3*time.Minute)), nil)
	r.do(r.i.Resolve(ada, "stable for an hour", r.after(time.Hour)))
	return r.i, r.events, shop(t)
}

// clockChange spans the hour that Berlin has twice.
func clockChange(t *testing.T) (incident.Incident, []incident.Event, Context) {
	r := begin(t, "2026-10-24T23:50:00Z", incident.Declaration{Title: "Login times out", Severity: incident.Sev3}, cleo)
	r.do(r.i.Note("", "before the change", cleo, r.after(20*time.Minute)))
	r.do(r.i.Note("", "in the first of the two hours", cleo, r.after(30*time.Minute)))
	r.do(r.i.Note("", "in the second of the two hours", cleo, r.after(time.Hour)))
	r.do(r.i.Mitigate(cleo, "fix", "checkout", r.after(time.Hour)))
	return r.i, r.events, shop(t)
}

func TestHTML(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			i, events, ctx := c.play(t)
			golden(t, c.name+".html", New(i, events, ctx).HTML())
		})
	}
}

// TestHTMLShowsMarkup writes hostile text through the page: it is shown, and
// nothing of it acts.
func TestHTMLShowsMarkup(t *testing.T) {
	r := begin(t, "2026-03-04T13:00:00Z", incident.Declaration{Title: `<script>alert(1)</script> & "x"`, Service: "checkout"}, cleo)
	r.do(r.i.Note("", "what: <img src=x onerror=alert(1)>\n</td></table>{{.}}", ada, r.after(time.Minute)))
	page := New(r.i, r.events, shop(t)).HTML()
	for _, bad := range []string{"<script", "<img", "</td></table>{{"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the page does not show the title as it was typed")
	}
}

// TestDatesInLists: where the day changes in a list, the line says which day it is.
func TestDatesInLists(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	show := newClock(nil).list(at(23, 22, 0))
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{at(23, 22, 30), "22:30 UTC"},
		{at(24, 0, 10), "Tue 24 Nov, 00:10 UTC"},
		{at(24, 9, 0), "09:00 UTC"},
		{at(26, 9, 0), "Thu 26 Nov, 09:00 UTC"},
		{at(24, 9, 0), "Tue 24 Nov, 09:00 UTC"},
	} {
		if got := show(c.t); got != c.want {
			t.Errorf("%s is shown as %q, want %q", c.t, got, c.want)
		}
	}
}

// TestS07NobodyIsNamed renders documents of incidents with three people in every form: the
// names of none are in them, in whatever case, nor their IDs.
func TestS07NobodyIsNamed(t *testing.T) {
	for _, c := range cases {
		i, events, ctx := c.play(t)
		d := New(i, events, ctx)
		asJSON, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for form, text := range map[string]string{"markdown": d.Markdown(), "html": d.HTML(), "json": string(asJSON)} {
			for who, p := range ctx.People {
				for _, name := range append(strings.Fields(p.Names[0]), p.Names...) {
					if regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(name) + `\b`).MatchString(text) {
						t.Errorf("%s, %s: %s is named as %q", c.name, form, who, name)
					}
				}
			}
		}
	}
}

// TestS29WhatWhereHowWhen has a place for each of the four, and leaves open what nobody has
// noted, with who could know.
func TestS29WhatWhereHowWhen(t *testing.T) {
	i, events, ctx := short(t)
	_, part, _ := strings.Cut(New(i, events, ctx).Markdown(), "\n## What, where, how, when\n")
	part, _, _ = strings.Cut(part, "\n## ")
	if !strings.Contains(part, "- **what**") || !strings.Contains(part, "p95 of the basket is 2.9 s") {
		t.Errorf("what was noted is not there:\n%s", part)
	}
	for _, word := range []string{"where", "how", "when"} {
		if !regexp.MustCompile(`\*\*` + word + `: [^*]+\?\*\* \(could know: [^)]+\)\n\n_Open\._`).MatchString(part) {
			t.Errorf("%s, which nobody noted, is not open:\n%s", word, part)
		}
	}
}

// TestNamesAndDatesStayWhole: a column gets narrow, and a date with a line end in it is none
// that can be read at a glance.
func TestNamesAndDatesStayWhole(t *testing.T) {
	d := Document{Sections: []Section{{Title: "Follow-ups", Table: &Table{Head: []string{"Key", "Due"}, Rows: [][]string{{"INC-4-F1", "2026-11-30"}, {"12026-11-301", "2 INC-4 by 2026-12-01."}, {"acknowledged, Tue 3 Nov 2026, 14:18 UTC (event 3)", "4 December 2026 (3 of 20)"}}}}}}
	for _, want := range []string{`<td dir="auto"><span class="whole">INC-4-F1</span></td><td dir="auto"><span class="whole">2026-11-30</span></td>`,
		`<td dir="auto">12026-11-301</td><td dir="auto">2 <span class="whole">INC-4</span> by <span class="whole">2026-12-01</span>.</td>`,
		`acknowledged, <span class="whole">Tue 3 Nov 2026</span>, <span class="whole">14:18 UTC</span> (event 3)</td><td dir="auto"><span class="whole">4 December 2026</span> (3 of 20)</td>`} {
		if page := d.HTML(); !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page[strings.Index(page, "<section"):])
		}
	}
}
