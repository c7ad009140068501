package desk

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/incident/report"
)

// demonstration is what was computed by hand, or by another program, from the twelve
// incidents of the demonstration's company, by the rules that stand in the file.
type demonstration struct {
	AsOf      string            `json:"as_of"`
	Incidents []demoIncident    `json:"incidents"`
	Rules     map[string]string `json:"rules"`
}

type demoIncident struct {
	Key       string         `json:"key"`
	Title     string         `json:"title"`
	Service   string         `json:"service"`
	Source    string         `json:"source"`
	Declared  time.Time      `json:"declared_at"`
	First     string         `json:"severity_initial"`
	Final     string         `json:"severity_final"`
	Highest   string         `json:"severity_highest"`
	Status    string         `json:"status"`
	NearMiss  bool           `json:"near_miss"`
	Into      string         `json:"merged_into"`
	Timeline  []demoAct      `json:"timeline"`
	FollowUps []demoFollowUp `json:"follow_ups"`
	Expected  demoExpected   `json:"expected"`
	Functions []string       `json:"functions"`
	Symptom   string         `json:"symptom"`
	Document  struct {
		State     string   `json:"state"`
		Published string   `json:"published_on"`
		Waived    string   `json:"waive_reason"`
		Factors   []string `json:"contributing_factors"`
		Well      []string `json:"went_well"`
		Lucky     []string `json:"lucky"`
		Cause     string   `json:"cause_for_stakeholders"`
		Told      []string `json:"cause_communicated_to"`
	} `json:"post_mortem"`
}

// demoAct is something that happened, Offset minutes after the declaration.
type demoAct struct {
	At       time.Time `json:"at"`
	Offset   int       `json:"offset_min"`
	Type     string    `json:"type"`
	By       string    `json:"by"`
	To       string    `json:"to"`
	From     string    `json:"from"`
	Person   string    `json:"person"`
	Role     string    `json:"role"`
	Kind     string    `json:"kind"`
	Text     string    `json:"text"`
	Reason   string    `json:"reason"`
	Severity string    `json:"severity"`
	Service  string    `json:"to_service"`
	Other    string    `json:"other"`
	Channel  string    `json:"channel"`
	Until    time.Time `json:"until"`
}

type demoFollowUp struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Kind  string `json:"kind"`
	Team  string `json:"owner_team"`
	Due   string `json:"due"`
	Done  string `json:"done_on"`
	State string `json:"state"`
}

type demoExpected struct {
	Detect       *int       `json:"detect_minutes"`
	Ack          *int       `json:"first_ack_minutes"`
	Mitigate     *int       `json:"mitigate_minutes"`
	Stable       *int       `json:"stable_minutes"`
	Impact       *int       `json:"impact_minutes"`
	Resolve      *int       `json:"resolve_minutes"`
	Reopened     int        `json:"reopened"`
	Pages        []demoPage `json:"pages"`
	Roles        []demoRole `json:"roles"`
	Participants []string   `json:"participants"`
	SLA          *struct {
		Ack     demoPromise `json:"ack"`
		Restore demoPromise `json:"restore"`
		Updates struct {
			Gaps []demoGap `json:"gaps"`
			Met  bool      `json:"met"`
		} `json:"updates"`
		Met bool `json:"met"`
	} `json:"sla"`
}

type demoPage struct {
	To      string `json:"to"`
	Sent    int    `json:"sent_min"`
	Acked   *int   `json:"acked_min"`
	Delay   *int   `json:"delay_min"`
	Night   bool   `json:"night"`
	Weekend bool   `json:"weekend"`
	Working bool   `json:"working"`
}

type demoRole struct {
	Role   string `json:"role"`
	Person string `json:"person"`
	From   int    `json:"from_min"`
	Until  int    `json:"until_min"`
}

type demoPromise struct {
	Target float64 `json:"target"`
	Used   float64 `json:"used"`
	Met    bool    `json:"met"`
}

type demoGap struct {
	From  int     `json:"from_min"`
	To    int     `json:"to_min"`
	Took  float64 `json:"minutes"`
	Limit float64 `json:"limit"`
	Met   bool    `json:"met"`
}

func readDemonstration(t *testing.T) demonstration {
	t.Helper()
	b, err := os.ReadFile("testdata/demo_expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var d demonstration
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func (i demoIncident) number() int {
	_, n, _ := incident.ParseFollowUp(i.Key + "-F1")
	return n
}

// counts reports whether its durations and promises count: of what was cancelled, merged
// or a near miss they do not.
func (i demoIncident) counts() bool { return i.Expected.SLA != nil }

// figures are values by their names.
type figures map[string]string

func minutes(d time.Duration) string { return fmt.Sprintf("%g min", d.Minutes()) }

func orNone(n *int) string {
	if n == nil {
		return "none"
	}
	return minutes(time.Duration(*n) * time.Minute)
}

func promised(used, target float64, met bool) string {
	return fmt.Sprintf("%g of %g min, met: %t", used, target, met)
}

// want are the values that an incident is expected to have.
func (i demoIncident) want() figures {
	e := i.Expected
	f := figures{
		"severity highest": i.Highest, "severity final": i.Final,
		"detect": orNone(e.Detect), "first ack": orNone(e.Ack), "mitigate": orNone(e.Mitigate), "stable": orNone(e.Stable),
		"resolve": orNone(e.Resolve), "reopened": fmt.Sprint(e.Reopened), "post-mortem waived": strings.ToLower(i.Document.Waived),
	}
	for n, p := range e.Pages {
		f[fmt.Sprintf("page %d", n+1)] = pageFigure(p.To, p.Sent, p.Acked, p.Delay)
		f[fmt.Sprintf("page %d at night", n+1)] = fmt.Sprint(p.Night)
		f[fmt.Sprintf("page %d in working hours", n+1)] = fmt.Sprint(p.Working)
	}
	for _, r := range e.Roles {
		f[r.name()] = fmt.Sprintf("until %d min", r.Until)
	}
	for _, u := range i.FollowUps {
		f["follow-up "+u.ID] = fmt.Sprintf("%s of %s, due %s, done %s: %s", u.Kind, u.Team, u.Due, u.Done, u.Title)
	}
	if !i.counts() {
		return f
	}
	f["impact"] = orNone(e.Impact)
	f["promise ack"] = promised(e.SLA.Ack.Used, e.SLA.Ack.Target, e.SLA.Ack.Met)
	f["promise restore"] = promised(e.SLA.Restore.Used, e.SLA.Restore.Target, e.SLA.Restore.Met)
	f["promise update met"] = fmt.Sprint(e.SLA.Updates.Met)
	f["all promises met"] = fmt.Sprint(e.SLA.Met)
	for n, g := range e.SLA.Updates.Gaps {
		f[fmt.Sprintf("update gap %d", n+1)] = fmt.Sprintf("from %d to %d: %s", g.From, g.To, promised(g.Took, g.Limit, g.Met))
	}
	return f
}

func pageFigure(to string, sent int, acked, delay *int) string {
	return fmt.Sprintf("%s at %d min, answered at %s, delay %s", to, sent, orNone(acked), orNone(delay))
}

// name is a role at the minute at which somebody wrote it down. Whoever acknowledges
// responds, and leads where nobody does, from that minute on: earlier than it is written.
func (r demoRole) name() string {
	return fmt.Sprintf("%s at %d min held by %s", r.Role, r.From, r.Person)
}

// got are the values of an incident by the product's own code.
func (i demoIncident) got(in incident.Incident, events []incident.Event, doc postmortem.Document) figures {
	f := figures{"severity highest": doc.Highest, "severity final": doc.Severity, "post-mortem waived": strings.ToLower(in.Waived)}
	names := map[string]string{"detected": "detect", "first acknowledged": "first ack", "first mitigated": "mitigate", "stable": "stable", "resolved": "resolve"}
	for _, m := range doc.Measures {
		f[names[m.Name]] = minutes(time.Duration(m.Took))
		if m.Missing != "" {
			f[names[m.Name]] = "none"
		}
	}
	reopened := 0
	for _, e := range events {
		if e.Kind == incident.KindReopened {
			reopened++
		}
	}
	f["reopened"] = fmt.Sprint(reopened)
	i.gotPages(f, in, events, doc)
	i.gotRoles(f, in, events, doc)
	for _, u := range in.FollowUps {
		f["follow-up "+u.ID] = fmt.Sprintf("%s of %s, due %s, done %s: %s", u.Kind, u.Team, dayIn(u.Due), dayIn(u.Ended), u.Title)
	}
	if i.counts() {
		gotPromises(f, in, doc)
	}
	return f
}

// dayIn is a day as the demonstration's company means it; empty for none.
func dayIn(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(business).Format(time.DateOnly)
}

var business = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

func sinceDeclared(in incident.Incident, t time.Time) int {
	return int(t.Sub(in.Declared) / time.Minute)
}

func (i demoIncident) gotPages(f figures, in incident.Incident, events []incident.Event, doc postmortem.Document) {
	var to []string
	for _, e := range events {
		if e.Kind == incident.KindPaged {
			_, id := e.Person.Split()
			to = append(to, id)
		}
	}
	for n, p := range doc.Pages {
		var acked, delay *int
		if !p.Answered.IsZero() {
			at, took := sinceDeclared(in, p.Answered), int(time.Duration(p.Delay)/time.Minute)
			acked, delay = &at, &took
		}
		f[fmt.Sprintf("page %d", n+1)] = pageFigure(to[n], sinceDeclared(in, p.Sent), acked, delay)
		f[fmt.Sprintf("page %d at night", n+1)] = fmt.Sprint(p.Band == "night")
		f[fmt.Sprintf("page %d in working hours", n+1)] = fmt.Sprint(p.Band == "working")
	}
}

func (i demoIncident) gotRoles(f figures, in incident.Incident, events []incident.Event, doc postmortem.Document) {
	var who []string
	for _, e := range events {
		if e.Kind == incident.KindRole && e.Person != "" {
			_, id := e.Person.Split()
			who = append(who, id)
		}
	}
	over := in.Closed
	if over.IsZero() {
		over = in.Updated
		for _, e := range events {
			if e.Kind == incident.KindCancelled || e.Kind == incident.KindMerged {
				over = e.At
			}
		}
	}
	for _, want := range i.Expected.Roles {
		for n, r := range doc.Roles {
			from, until := sinceDeclared(in, r.From), sinceDeclared(in, over)
			if !r.Until.IsZero() {
				until = sinceDeclared(in, r.Until)
			}
			if string(r.Role) == want.Role && who[n] == want.Person && from <= want.From && want.From < until {
				f[want.name()] = fmt.Sprintf("until %d min", until)
			}
		}
	}
}

func gotPromises(f figures, in incident.Incident, doc postmortem.Document) {
	var impact time.Duration
	for _, v := range doc.Impact {
		impact += v.End.Sub(v.Start)
	}
	f["impact"] = minutes(impact)
	all := true
	for _, p := range doc.Promises {
		met := p.State == postmortem.Met
		all = all && met
		switch p.What {
		case "acknowledge":
			f["promise ack"] = promised(time.Duration(p.Used).Minutes(), time.Duration(p.Target).Minutes(), met)
		case "restore":
			f["promise restore"] = promised(time.Duration(p.Used).Minutes(), time.Duration(p.Target).Minutes(), met)
		case "update":
			f["promise update met"] = fmt.Sprint(met)
		}
	}
	f["all promises met"] = fmt.Sprint(all)
	for n, g := range doc.Gaps {
		f[fmt.Sprintf("update gap %d", n+1)] = fmt.Sprintf("from %d to %d: %s", sinceDeclared(in, g.From), sinceDeclared(in, g.To),
			promised(time.Duration(g.Took).Minutes(), time.Duration(g.Limit).Minutes(), g.Met))
	}
}

// compare tells by name which values differ. But are those that the product means
// otherwise, with the reason; each of them must differ.
func compare(t *testing.T, key string, want, got figures, but map[string]string) {
	t.Helper()
	var names []string
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		why, otherwise := but[strings.TrimSpace(key+" "+name)]
		switch same := want[name] == got[name]; {
		case same && otherwise:
			t.Errorf("%s: %s is as expected, so it is not otherwise any more: %s", key, name, why)
		case !same && !otherwise:
			t.Errorf("%s: %s is %q, want %q", key, name, got[name], want[name])
		}
	}
}

// TestFiguresNeedLittle: the figures of many incidents hold few of their events, and are those that
// all events make.
func TestFiguresNeedLittle(t *testing.T) {
	t.Parallel()
	withArchive(t, 6, func(x *fixture) {
		to := time.Now()
		data, err := x.Figures(background(), incident.Bot, to.Add(-MostReport), to)
		if err != nil || len(data.Cases) == 0 {
			x.t.Fatalf("%d cases, %v", len(data.Cases), err)
		}
		made := func(d report.Data) string {
			text, err := json.Marshal([]any{report.IncidentsOf(d), report.ServicesOf(d), report.PromisesOf(d), report.FollowUpsOf(d), report.AlertsOf(d, nil)})
			if err != nil {
				x.t.Fatal(err)
			}
			return string(text)
		}
		few := made(data)
		held, all := 0, 0
		for _, list := range [][]report.Case{data.Cases, data.Before} {
			for k := range list {
				_, events, err := x.Timeline(background(), incident.Bot, list[k].Incident.Number)
				if err != nil {
					x.t.Fatal(err)
				}
				held, all = held+cap(list[k].Events), all+len(events)
				list[k].Events = events
			}
		}
		if diff := cmp.Diff(made(data), few); diff != "" {
			x.t.Errorf("(-of all events +of those that are held):\n%s", diff)
		}
		if held > all/2 {
			x.t.Errorf("%d events are held of %d", held, all)
		}
	})
}
