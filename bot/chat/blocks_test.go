package chat

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/rotation"
)

// The hour at which clocks are set back in Berlin, as an instant.
var noon = time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)

// people shows ada and eve as Slack users, and everybody else by name.
var people = names{
	slackID: func(a incident.Actor) string {
		return map[incident.Actor]string{"person:ada": "U0ADA", "slack:U0EVE": "U0EVE"}[a]
	},
	plain: func(a incident.Actor) string { _, id := a.Split(); return id },
}

// hostile are texts from outside, each bad in its own way.
var hostile = map[string]string{
	"plain":         "Card payments fail",
	"emoji":         strings.Repeat("🔥", 4000),
	"family":        strings.Repeat("👩‍👩‍👧‍👦", 600),
	"channel":       "<!channel> <!here> <!everyone> <@U0ADA> <#C0GEN|general> <!subteam^S1> <https://evil.example|click> <!date^0^{date}|x>",
	"ampersands":    strings.Repeat("&", 3000),
	"escaped":       "&lt;!channel&gt; &amp;amp; &lt;@U0ADA&gt;",
	"right to left": "\u202eteg a ni yaP\u202c \u2066x\u2069 \u200fend",
	"markup":        "*bold* _it_ ~no~ `code` ```block``` > quote\n> lines\n• list",
	"lines":         strings.Repeat("line\n", 900),
	"one word":      strings.Repeat("x", 4000),
	"angles":        strings.Repeat("<>", 2000),
	"nul":           "a\x00b\x1b[31mc\u2028d",
	"broken":        "a\xff\xfe\xf0\x9f",
	"braces":        "{who} {when} {{.Title}} %s %d",
	"links":         "http://x.example <mailto:a@b|c> @channel @here",
	"pipe":          "a|b>c|d",
	"zalgo":         strings.Repeat("Z\u0350\u0351\u0352\u0353", 500),
}

// subject is an incident that says text everywhere, in the given status.
func subject(t *testing.T, text string, private bool) (desk.Brief, []incident.Event) {
	t.Helper()
	var events []incident.Event
	var i incident.Incident
	add := func(c incident.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		i, events = c.Incident, append(events, c.Events...)
	}
	ada, eve := incident.Person("ada"), incident.SlackUser("U0EVE")
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	add(incident.Declare(42, incident.Declaration{Title: text, Service: "checkout", Severity: incident.Sev1, Private: private, Details: text,
		Says: text, Runbook: "https://runbooks.example/" + text}, eve, at(0)))
	add(i.Record(at(0), incident.Event{Kind: incident.KindStep, Pass: 1, Step: 1, Text: "Step 1: Ada", Calls: []incident.Actor{ada}}), nil)
	add(i.Record(at(0), incident.Event{Kind: incident.KindPaged, Person: ada, Via: "slack", Reason: "rotation:primary"},
		incident.Event{Kind: incident.KindPaged, Target: "channel:incidents", Via: "slack"},
		incident.Event{Kind: incident.KindPageFailed, Person: "person:bob", Via: "sms", Text: text}), nil)
	add(i.Note("", text, "alert:"+incident.Actor(text), at(1)))
	add(i.Note(incident.Decision, text, eve, at(1)))
	add(i.TakeRole(incident.Commander, ada, eve, at(1)))
	add(i.AlertCleared(text, true, incident.Actor("alert:"+text), at(2)), nil)
	add(i.SetSeverity(incident.Sev2, text, eve, at(2)))
	add(i.Lapse(incident.Bot, "Nothing was heard.", at(3)), nil)
	b := desk.Brief{
		Incident: i, Artifacts: desk.Artifacts{Channel: "C0INC"},
		Service: rotation.Service{ID: "checkout", Name: text, QuickActions: []string{text, text, text, text}, FirstLooks: []string{text, text},
			Runbook:    rotation.Link{URL: "https://runbooks.example/" + text},
			Dashboards: []rotation.Link{{Title: text, URL: "https://x.example/?a=1&b=<>|" + text}, {Title: "evil", URL: "javascript:alert(1)"}}},
		Team:   rotation.Team{Name: text},
		Notes:  []incident.Event{events[len(events)-1], events[1], events[1]},
		Paging: true, Asked: []incident.Actor{ada, eve, "person:bob"},
	}
	return b, events
}

// relieved is an incident that was mitigated, when its watch time is over.
func relieved(t *testing.T, b desk.Brief, events []incident.Event) (desk.Brief, incident.Event, incident.Relief) {
	t.Helper()
	ada := incident.Person("ada")
	do := func(c incident.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b.Incident, events = c.Incident, append(events[:len(events):len(events)], c.Events...)
	}
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	do(b.Incident.Mitigating(ada, b.Incident.Title, at(10)))
	for range 14 {
		do(b.Incident.Note(incident.HowNote, b.Incident.Title, ada, at(11)))
	}
	do(b.Incident.MitigateBy(ada, incident.Mitigation{How: incident.Rollback, Text: b.Incident.Title, Undo: b.Incident.Title, Team: "payments"}, at(12)))
	do(b.Incident.Watched(at(42)), nil)
	b.Watch = incident.WatchOf(events)
	return b, events[len(events)-1], b.Incident.ReliefOf(events)
}

// produced returns every message that is made of an incident, by name.
func produced(t *testing.T, b desk.Brief, events []incident.Event) map[string]message {
	t.Helper()
	again := b
	again.Again = "An alert fires again after all were over: " + b.Incident.Title
	all := map[string]message{
		"page again":   pageMessage(again, desk.Prompt{Person: "person:ada"}, people),
		"digest again": gatheredFrom(again, 3, func(n int) bool { return n == 1 }),
		"page":         pageMessage(b, desk.Prompt{Person: "person:ada", Why: "Asked for by Eve: " + b.Incident.Title}, people),
		"page resort":  pageMessage(b, desk.Prompt{Resort: true}, people),
		"card":         cardMessage(b, around{}, people),
		"announcement": announcement(b, people),
		"topic":        plainMessage(topic(b, people, time.UTC)),
		"purpose":      plainMessage(purpose(b)),
		"list":         listOf(many(b.Incident, 30), "", 0),
		"list older":   listOf(many(b.Incident, 20), "all closed sev1 service:"+strings.Join(strings.Fields(b.Incident.Title), "-"), 21),
		"list found":   listOf(many(b.Incident, 3), "? "+b.Incident.Title, 0),
		"empty list":   listOf(nil, "", 0),
		"heartbeats":   {text: "Heartbeats", blocks: sections(heartbeatsText(beatsNamed(b.Incident.Title, 60)))},
		"timeline":     timelineMessage(timelineView{incident: b.Incident, entries: incident.Entries(repeated(events, 30)), zone: time.UTC, names: people}),
		"post-mortem":  wholeFollows(postmortemMessage(b.Incident, document(b, events))),
		"typed":        {text: "typed", blocks: typedBlocks(b.Incident.Title + b.Service.Name)},
		"together":     gatheredFrom(b, 100, func(int) bool { return false }),
		"together too": gatheredFrom(b, 13, func(n int) bool { return n%2 == 0 }),
	}
	if b.Incident.Status.Active() {
		calm, asks, left := relieved(t, b, events)
		all["relief"], all["watch over"] = reliefMessage(calm, left, people), saidMessage(calm, asks, people)
	}
	for _, e := range events {
		all["said "+string(e.Kind)] = saidMessage(b, e, people)
	}
	return all
}

// gatheredFrom is a message about that many incidents like the one of b, of which
// those that are done are resolved.
func gatheredFrom(b desk.Brief, n int, done func(int) bool) message {
	var t desk.Digest
	var briefs []desk.Brief
	for at := range n {
		each := b
		each.Incident.Number = b.Incident.Number + at
		if done(at) {
			each.Incident.Status, each.Incident.Resolved = incident.Resolved, noon
		}
		briefs = append(briefs, each)
		t.Pages = append(t.Pages, desk.DigestEntry{Incident: each.Incident.Number, Resort: at == 1})
	}
	return digestMessage(briefs, t, people)
}

func document(b desk.Brief, events []incident.Event) postmortem.Document {
	return postmortem.New(b.Incident, events, postmortem.Context{Services: map[string]string{"checkout": b.Service.Name}, Zone: time.UTC})
}

func many(i incident.Incident, n int) []incident.Incident {
	var list []incident.Incident
	for range n {
		list = append(list, i)
	}
	return list
}

func repeated(events []incident.Event, n int) []incident.Event {
	var list []incident.Event
	for range n {
		list = append(list, events...)
	}
	return list
}

// TestHostileText puts every bad text into every message, and looks at what
// Slack would get.
func TestHostileText(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			for _, private := range []bool{false, true} {
				b, events := subject(t, text, private)
				for what, m := range produced(t, b, events) {
					sound(t, what, m)
				}
				b.Incident.Status, b.Incident.Resolved = incident.Resolved, noon
				for what, m := range produced(t, b, events) {
					sound(t, "resolved "+what, m)
				}
			}
			sound(t, "too much typed", message{text: "typed", blocks: typedBlocks(text)})
		})
	}
}

// sound checks a message that may answer a command, too, against Slack's rules and ours.
func sound(t *testing.T, what string, m message) {
	t.Helper()
	posted(t, what, m)
	sized(t, what, ephemeral(m.text, m.blocks...))
}

// posted checks a message that is posted against Slack's rules and ours.
func posted(t *testing.T, what string, m message) {
	t.Helper()
	blocks, err := json.Marshal(m.blocks)
	if err != nil {
		t.Fatal(err)
	}
	if ps, format := slacksim.ValidateBlocks(blocks); len(ps) > 0 || format {
		t.Errorf("%s: Slack refuses it: %v\n%.600s", what, ps, blocks)
	}
	if n := slacksim.ContentLength(blocks); n > 10_000 {
		t.Errorf("%s: %d characters of content, want at most 10,000", what, n)
	}
	if n := len(m.notice()); n > 4000 || n == 0 {
		t.Errorf("%s: the text has %d bytes, want 1 to 4,000", what, n)
	}
	escapedOnce(t, what+", text", m.notice())
	for _, s := range textsIn(t, blocks) {
		escapedOnce(t, what, s)
	}
}

// sized checks that an answer is short enough for an acknowledgement. What Slack
// would get is a little more than the answer itself.
func sized(t *testing.T, what string, r reply) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 20_480-200 {
		t.Errorf("%s: as an answer it has %d bytes, and Slack drops 20,480", what, len(b))
	}
}

// beatsNamed are heartbeats of a hostile name, in each state.
func beatsNamed(name string, n int) (list []alerts.Heartbeat) {
	for k := range n {
		h := alerts.Heartbeat{State: []string{alerts.BeatAlive, alerts.BeatWaiting, alerts.BeatMissing}[k%3]}
		h.Name, h.Due = clip(name, 60), time.Unix(int64(1e9+k), 0)
		if k%3 != 1 {
			h.Last = time.Unix(1e9, 0)
		}
		if k%3 == 2 {
			h.Missing = h.Due
		}
		list = append(list, h)
	}
	return list
}

// ours is the markup that we write ourselves.
var ours = regexp.MustCompile(`<@[UW][A-Z0-9]+>|<#C[A-Z0-9]+>|<!date\^\d+\^[^<>|]*\|[^<>]*>|<https?://[^<>| ]*(\|[^<>|]*)?>`)

// escapedOnce checks that nothing foreign is markup, and that nothing was
// escaped twice.
func escapedOnce(t *testing.T, what, s string) {
	t.Helper()
	rest := ours.ReplaceAllString(s, "")
	rest = regexp.MustCompile(`(?m)^(> ?)+`).ReplaceAllString(rest, "") // our quotations
	if strings.ContainsAny(rest, "<>") {
		t.Errorf("%s: markup that is not ours in %.300q", what, rest)
	}
	if bad := regexp.MustCompile(`&(?:[^algt]|a[^m]|$)`).FindString(rest); bad != "" {
		t.Errorf("%s: %q is half an entity in %.300q", what, bad, rest)
	}
	if twice := regexp.MustCompile(`&amp;(amp|lt|gt);`).FindString(s); twice != "" && !strings.Contains(t.Name(), "escaped") {
		t.Errorf("%s: escaped twice: %.300q", what, s)
	}
	for _, r := range s {
		if r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r < ' ' && r != '\n' {
			t.Errorf("%s: the character %U gets through in %.100q", what, r, s)
			return
		}
	}
}

// textsIn returns the texts of all text objects.
func textsIn(t *testing.T, raw []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var list []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if s, ok := v["text"].(string); ok {
				list = append(list, s)
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(v)
	return list
}

// TestMessages holds fast what people read.
func TestMessages(t *testing.T) {
	b, events := subject(t, "Card payments fail & <time out>", false)
	b.Service = rotation.Service{ID: "checkout", Name: "Checkout", QuickActions: []string{"Roll back the last release"}, FirstLooks: []string{"Error rate by provider"},
		Runbook: rotation.Link{URL: "https://runbooks.example/checkout?a=1&b=2"}, Dashboards: []rotation.Link{{Title: "Errors", URL: "https://x.example/errors"}}}
	b.Team = rotation.Team{Name: "Payments"}
	acked := b
	c, err := b.Incident.Acknowledge(incident.Person("ada"), noon.Add(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	acked.Incident = c.Incident
	over := acked
	c, err = acked.Incident.Resolve(incident.Person("ada"), "calm again", noon.Add(40*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	over.Incident = c.Incident
	private := b
	private.Incident.Private = true
	again := b
	again.Again = "An alert of sev1 fires, the worst so far: the database is gone"
	calm, asks, left := relieved(t, b, events)
	back := calm
	hurts, err := calm.Incident.Investigate(incident.Person("ada"), "errors are rising again", noon.Add(50*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	back.Incident, back.Watch = hurts.Incident, incident.Watch{}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := desk.Rested{Zone: berlin, Day: "2026-10-25", Start: time.Date(2026, 10, 25, 11, 0, 0, 0, berlin), Night: incident.Night{
		From: noon, To: noon.Add(65 * time.Minute), Missed: incident.MissedPage{At: noon, Call: noon.Add(2 * time.Minute)}}}
	paged := night
	paged.To, paged.Missed.Call = time.Time{}, time.Time{}
	goesOn := calm
	goesOn.Watch = incident.Watch{Since: noon, Until: noon.Add(time.Hour)}
	for name, m := range map[string]message{
		"page":                pageMessage(b, desk.Prompt{Person: "person:ada"}, people),
		"page-again":          pageMessage(again, desk.Prompt{Person: "person:ada"}, people),
		"page-together-again": gatheredFrom(again, 3, func(n int) bool { return n == 1 }),
		"page-by-hand":        pageMessage(acked, desk.Prompt{Person: "person:ada", Why: "Asked for by Eve: we need you"}, people),
		"page-acknowledged":   pageMessage(acked, desk.Prompt{Person: "person:ada"}, people),
		"page-resolved":       pageMessage(over, desk.Prompt{Person: "person:ada"}, people),
		"page-last-resort":    pageMessage(b, desk.Prompt{Resort: true}, people),
		"page-private":        pageMessage(private, desk.Prompt{Resort: true}, people),
		"page-together":       gatheredFrom(b, 3, func(n int) bool { return n == 1 }),
		"page-together-done":  gatheredFrom(b, 2, func(n int) bool { return true }),
		"page-together-many":  gatheredFrom(b, 25, func(n int) bool { return n > 21 }),
		"card":                cardMessage(b, around{}, people),
		"card-acknowledged":   cardMessage(acked, around{}, people),
		"card-resolved":       cardMessage(over, around{}, people),
		"announcement":        announcement(b, people),
		"said-resolved":       saidMessage(over, c.Events[0], people),
		"said-alert-over":     saidMessage(b, find(t, events, incident.KindAlertOver), people),
		"said-offered":        saidMessage(b, find(t, events, incident.KindOffered), people),
		"relief":              reliefMessage(calm, left, people),
		"relief-back":         reliefMessage(back, left, people),
		"watch-over":          saidMessage(calm, asks, people),
		"watch-goes-on":       saidMessage(goesOn, asks, people),
		"rest-late":           morningMessage(night),
		"rest-paged":          morningMessage(paged),
		"rest-missed":         missedPageMessage(night),
		"rest-no-call":        missedPageMessage(paged),
		"rest-team":           lateMessage("Ada <Okafor>", night),
		"again":               againMessage(desk.Task{Brief: back, Event: hurts.Events[0]}),
		"tired":               tiredMessage(acked.Incident, ledger.Job{Created: noon.Add(2 * time.Hour)}),
		"said-offered-taken":  saidMessage(acked, find(t, events, incident.KindOffered), people),
	} {
		sound(t, name, m)
		j, err := json.MarshalIndent(map[string]any{"text": m.notice(), "blocks": m.blocks}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(j))
		golden(t, filepath.Join("testdata", "blocks", name+".json"), plain+"\n")
	}
}

func find(t *testing.T, events []incident.Event, kind incident.Kind) incident.Event {
	t.Helper()
	for _, e := range events {
		if e.Kind == kind {
			return e
		}
	}
	t.Fatalf("no event %s", kind)
	return incident.Event{}
}

// TestTimelineLines says every kind of event in a line.
func TestTimelineLines(t *testing.T) {
	stored, err := os.ReadFile("../../incident/testdata/v1/timeline.json")
	if err != nil {
		t.Fatal(err)
	}
	var events []incident.Event
	if err := json.Unmarshal(stored, &events); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range events {
		line := people.line(e)
		if strings.TrimSpace(line) == "" {
			t.Errorf("%s says nothing", e.Kind)
		}
		fmt.Fprintf(&b, "%-18s %s\n", e.Kind, line)
	}
	golden(t, "testdata/lines.txt", b.String())
}

// TestLinesThrough tells what a person did from what was done in their name.
func TestLinesThrough(t *testing.T) {
	for _, test := range []struct {
		e    incident.Event
		want string
	}{
		{incident.Event{Kind: incident.KindAcknowledged, By: "person:ada"}, "ada acknowledged."},
		{incident.Event{Kind: incident.KindAcknowledged, By: "person:ada", Through: incident.ThroughAdmin}, "ada (by the command line) acknowledged."},
		{incident.Event{Kind: incident.KindResolved, By: "person:ada", Through: incident.ThroughAdmin}, "ada (by the command line) resolved it."},
		{incident.Event{Kind: incident.KindNote, By: "person:ada", Through: incident.ThroughAdmin, Text: "seen"}, "ada (by the command line) noted: seen"},
	} {
		if got := people.line(test.e); got != test.want {
			t.Errorf("line(%+v) = %q, want %q", test.e, got, test.want)
		}
		if said := people.said(incident.Incident{}, test.e); strings.Contains(said, "command line") != (test.e.Through != "") && test.e.Kind == incident.KindAcknowledged {
			t.Errorf("said(%+v) = %q", test.e, said)
		}
	}
}

// TestPrivateTellsChannelsNothing looks for the title in what a channel gets.
func TestPrivateTellsChannelsNothing(t *testing.T) {
	b, _ := subject(t, "keys leaked", true)
	for _, ask := range []desk.Prompt{{}, {Resort: true}} {
		m := pageMessage(b, ask, people)
		j, _ := json.Marshal(m.blocks)
		if s := m.text + string(j); strings.Contains(s, "keys") || strings.Contains(s, "checkout") || strings.Contains(s, "C0INC") ||
			strings.Contains(s, b.Incident.Name()) || strings.Contains(s, "sev") || strings.Contains(s, "U0") {
			t.Errorf("a channel is told of a private incident: %s", s)
		}
	}
	own := pageMessage(b, desk.Prompt{Resort: true, Message: ledger.Message{Channel: b.Artifacts.Channel}}, people)
	if own.discreet || !strings.Contains(own.text, "keys leaked") {
		t.Errorf("its own channel is told %q", own.text)
	}
}

// TestNoMessageAsksForACause greps what the bot says while customers are hurt.
func TestNoMessageAsksForACause(t *testing.T) {
	b, events := subject(t, "x", false)
	asks := regexp.MustCompile(`(?i)\bwhy\b|\broot cause\b|\bwho did\b|!\B`)
	for what, m := range produced(t, b, events) {
		j, _ := json.Marshal(m.blocks)
		for _, s := range append(textsIn(t, j), m.text) {
			if found := asks.FindString(ours.ReplaceAllString(s, "")); found != "" && what != "post-mortem" {
				t.Errorf("%s says %q in %q", what, found, s)
			}
		}
	}
}

// TestForms validates the forms, with hostile text and with rosters of any size.
func TestForms(t *testing.T) {
	rosters := map[string][]rotation.Service{"none": nil, "one": services(1), "a hundred": services(100), "101": services(101), "300": services(300), "20,000": services(20_000)}
	for name, list := range rosters {
		t.Run(name, func(t *testing.T) {
			for what, text := range hostile {
				c := Command{Text: text, Service: "SERVICE-77", Private: true, Test: true, Severity: incident.Sev3}
				valid(t, what, declareForm(c, list, formState{Incident: 7, ReplyURL: "https://hooks.example/" + text}))
				if len(list) > 300 {
					break // once is enough for so long a form
				}
			}
			valid(t, "nothing typed", declareForm(Command{}, list, formState{}))
		})
	}
	for what, text := range hostile {
		i := incident.Incident{Number: 999_999_999, Title: text}
		i.Title, _ = incident.CleanTitle(text)
		valid(t, what, resolveForm(i, formState{Incident: 1}))
		valid(t, what, updateForm(i, formState{Incident: 1}))
	}
}

func services(n int) []rotation.Service {
	var list []rotation.Service
	for k := range n {
		s := rotation.Service{ID: fmt.Sprintf("service-%d", k), Name: fmt.Sprintf("Service <%d> & more %s", k, strings.Repeat("x", k%90))}
		if k%7 == 0 {
			s.Name = ""
		}
		list = append(list, s)
	}
	return list
}

func valid(t *testing.T, what string, v slack.ModalViewRequest) {
	t.Helper()
	j, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if ps := slacksim.ValidateView(j); len(ps) > 0 {
		t.Errorf("%s: Slack refuses the form: %v", what, ps)
	}
	if len(j) > 250_000 {
		t.Errorf("%s: the form has %d bytes, want at most 250,000", what, len(j))
	}
}

// TestChosenServiceIsFound keeps the service that was typed in a form for 300.
func TestChosenServiceIsFound(t *testing.T) {
	for _, n := range []int{100, 300} {
		j, _ := json.Marshal(declareForm(Command{Service: "Service-77"}, services(n), formState{}))
		if !strings.Contains(string(j), `"initial_option":{"text":`) || strings.Count(string(j), `"value":"service-77"`) != 2 {
			t.Errorf("%d services: service-77 is not chosen in the form", n)
		}
	}
}

func TestClip(t *testing.T) {
	tests := []struct {
		in   string
		most int
		want string
	}{
		{"short", 10, "short"},
		{"exactly ten", 11, "exactly ten"},
		{"a longer text", 8, "a longe…"},
		{"a &amp; b", 5, "a…"},
		{"a &amp; b", 8, "a &amp;…"},
		{"ask <@U0ADA> now", 10, "ask…"},
		{"ask <@U0ADA> now", 14, "ask <@U0ADA>…"},
		{"🔥🔥🔥", 5, "🔥🔥…"},
		{"🔥🔥🔥", 6, "🔥🔥🔥"},
		{"", 5, ""},
	}
	for _, test := range tests {
		if got := clip(test.in, test.most); got != test.want || length(got) > test.most {
			t.Errorf("clip(%q, %d) = %q of length %d, want %q", test.in, test.most, got, length(got), test.want)
		}
	}
}

func TestLong(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "under a minute", 59 * time.Second: "under a minute", 7 * time.Minute: "7 min", 59*time.Minute + 40*time.Second: "1 h",
		65 * time.Minute: "1 h 5 min", 26 * time.Hour: "26 h", -time.Minute: "under a minute",
	} {
		if got := long(d); got != want {
			t.Errorf("long(%s) = %q, want %q", d, got, want)
		}
	}
}
