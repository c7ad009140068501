package chat

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

const messagesRoster = `
people:
  - {id: ada, name: Ada <Okafor>, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, slack: U0CLEO}
  - {id: dan, name: Dan & Co}
teams: [{id: payments, name: Payments, members: [ada, bob, cleo], lead: cleo}]
rotations:
  - id: primary
    team: payments
    time_zone: Europe/Berlin
    layers: [{id: weekly, people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}}]
    overrides:
      - {replace: {person: bob, by: cleo}, start: 2026-03-12T08:00:00Z, end: 2026-03-12T20:00:00Z, reason: "<!channel> concert"}
      - {set: [], start: 2026-03-18T08:00:00Z, end: 2026-03-18T10:00:00Z}
      - {set: [], start: 2026-03-30T07:00:00Z, end: 2026-04-06T07:00:00Z}
    swaps:
      - {person: ada, with: cleo, start: 2026-03-17T08:00:00Z, end: 2026-03-17T20:00:00Z, status: open}
      - {person: ada, start: 2026-03-19T08:00:00Z, end: 2026-03-19T20:00:00Z, status: open}
    time_off: [{person: cleo, start: 2026-03-17T00:00:00Z, end: 2026-03-18T00:00:00Z}]
`

func instantOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// messageView is a view of messagesRoster at an instant.
func messageView(t *testing.T, now string) oncallView {
	t.Helper()
	r, err := rotation.Parse("roster.yaml", []byte(messagesRoster))
	if err != nil {
		t.Fatal(err)
	}
	slackID := func(a incident.Actor) string {
		_, id := a.Split()
		if p, ok := r.Person(id); ok {
			return p.Slack
		}
		return ""
	}
	plain := func(a incident.Actor) string {
		_, id := a.Split()
		return personName(r, id)
	}
	return oncallView{roster: r, names: names{slackID: slackID, plain: plain}, now: instantOf(now), command: "/oncall"}
}

func askedSwap(v oncallView, seq int, change func(*oncall.Swap)) oncall.Swap {
	x, _ := v.roster.Rotation("primary")
	for _, s := range x.Swaps {
		if s.Seq == seq {
			out := oncall.Swap{Swap: s, Rotation: "primary", Team: "payments", By: incident.Person("ada"), Why: "a <wedding>"}
			if change != nil {
				change(&out)
			}
			return out
		}
	}
	panic("no such swap")
}

// told is something that is told about on call, at an instant.
type told struct {
	name   string
	now    string
	notice oncall.Notice
	view   func(*oncallView)
}

func everythingTold() []told {
	open := []incident.Incident{{Number: 7, Title: "Cards <fail>", Severity: incident.Sev1, Channel: "C0INC", AcknowledgedBy: incident.Person("bob"), Acknowledged: instantOf("2026-03-09T07:00:00Z")}}
	span := oncall.Span{Start: instantOf("2026-03-16T08:00:00Z"), End: instantOf("2026-03-23T08:00:00Z")}
	return []told{
		{"hand-over", "2026-03-09T08:00:05Z", oncall.Notice{Kind: oncall.NoticeHandover, Team: "payments", Rotation: "primary", At: instantOf("2026-03-09T08:00:00Z")}, func(v *oncallView) {
			v.open, v.woken = open, map[string]time.Time{"ada": instantOf("2026-03-09T02:10:00Z"), "cleo": instantOf("2026-03-09T02:10:00Z")}
		}},
		{"hand-over, late", "2026-03-09T11:00:00Z", oncall.Notice{Kind: oncall.NoticeHandover, Rotation: "primary", At: instantOf("2026-03-09T08:00:00Z")}, nil},
		{"hand-over to nobody", "2026-03-30T07:00:05Z", oncall.Notice{Kind: oncall.NoticeHandover, Rotation: "primary", At: instantOf("2026-03-30T07:00:00Z")}, nil},
		{"soon", "2026-03-15T08:00:00Z", oncall.Notice{Kind: oncall.NoticeSoon, To: "ada", Rotation: "primary", At: instantOf("2026-03-16T08:00:00Z")}, nil},
		{"changed", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeChanged, Team: "payments", By: incident.Person("cleo"), Why: "Bob & Ada swap", Changed: []string{"primary", "gone"}}, nil},
		{"moved", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeMoved, To: "ada", By: incident.Person("cleo"), Moves: []oncall.Move{
			{Rotation: "primary", Before: span}, {Rotation: "primary", After: span},
			{Rotation: "primary", After: oncall.Span{Start: instantOf("2026-03-10T08:00:00Z")}}, {Rotation: "primary", Before: span, After: oncall.Span{Start: span.End}}}}, nil},
		{"gaps", "2026-03-18T08:30:00Z", oncall.Notice{Kind: oncall.NoticeGaps, At: instantOf("2026-03-19T08:30:00Z"), Gaps: []oncall.Gap{
			{Rotation: "primary", Span: oncall.Span{Start: instantOf("2026-03-18T08:00:00Z"), End: instantOf("2026-03-18T10:00:00Z")}},
			{Rotation: "primary", Span: oncall.Span{Start: instantOf("2026-03-18T20:00:00Z"), End: instantOf("2026-03-18T21:00:00Z")}},
			{Rotation: "office", Regular: true, Span: oncall.Span{Start: instantOf("2026-03-20T16:00:00Z"), End: instantOf("2026-03-23T08:00:00Z")}},
			{Rotation: "primary", Span: oncall.Span{Start: instantOf("2026-04-10T16:00:00Z")}}}}, nil},
		{"away", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeAway, Person: "ada", Gaps: []oncall.Gap{{Rotation: "primary", Span: span}}}, nil},
		{"swap, asked", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeSwap}, func(v *oncallView) { v.swap = askedSwap(*v, 1, nil) }},
		{"swap, a trade, again", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeSwap, Again: true}, func(v *oncallView) {
			v.swap = askedSwap(*v, 1, func(s *oncall.Swap) { s.BackStart, s.BackEnd = span.Start, span.End })
		}},
		{"cover", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeSwap}, func(v *oncallView) {
			v.swap, v.load = askedSwap(*v, 2, nil), map[string]float64{"bob": 40, "cleo": 90}
		}},
		{"accepted", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeOutcome, To: "ada"}, func(v *oncallView) {
			v.swap = askedSwap(*v, 1, func(s *oncall.Swap) { s.Status = rotation.SwapAccepted })
		}},
		{"declined", "2026-03-10T08:00:00Z", oncall.Notice{Kind: oncall.NoticeOutcome, To: "ada"}, func(v *oncallView) {
			v.swap = askedSwap(*v, 1, func(s *oncall.Swap) { s.Status = rotation.SwapDeclined })
		}},
		{"expired", "2026-03-18T08:00:00Z", oncall.Notice{Kind: oncall.NoticeOutcome, To: "ada"}, func(v *oncallView) {
			v.swap = askedSwap(*v, 1, func(s *oncall.Swap) { s.Status = rotation.SwapExpired })
		}},
		{"group", "2026-03-18T08:00:00Z", oncall.Notice{Kind: oncall.NoticeGroup, Text: "@payments-oncall is stale: nobody is on call <!here>."}, nil},
	}
}

// TestOncallMessages holds the words of everything that is told about on call, and
// that Slack would take them.
func TestOncallMessages(t *testing.T) {
	var b strings.Builder
	for _, tt := range everythingTold() {
		v := messageView(t, tt.now)
		if tt.view != nil {
			tt.view(&v)
		}
		m, ok := v.notice(tt.notice)
		if !ok {
			t.Errorf("%s: nothing is told", tt.name)
			continue
		}
		blocks, err := json.Marshal(m.blocks)
		if err != nil {
			t.Fatal(err)
		}
		if problems, _ := slacksim.ValidateBlocks(blocks); len(problems) > 0 {
			t.Errorf("%s: Slack would refuse it: %v", tt.name, problems)
		}
		fmt.Fprintf(&b, "== %s\n%s\n%s\n", tt.name, m.text, plainBlocks(t, blocks))
	}
	golden(t, filepath.Join("testdata", "oncall_messages.txt"), b.String())
}

// plainBlocks is the words of blocks, one block a line, buttons in brackets.
func plainBlocks(t *testing.T, blocks []byte) string {
	t.Helper()
	var list []any
	if err := json.Unmarshal(blocks, &list); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var words func(any)
	words = func(v any) {
		switch x := v.(type) {
		case []any:
			for _, e := range x {
				words(e)
			}
		case map[string]any:
			if x["type"] == "button" {
				fmt.Fprintf(&b, " [%v %v %v]", x["text"].(map[string]any)["text"], x["action_id"], x["value"])
				return
			}
			if s, ok := x["text"].(string); ok {
				b.WriteString(s)
			}
			for _, k := range []string{"text", "elements", "accessory"} {
				if _, plain := x[k].(string); !plain {
					words(x[k])
				}
			}
		}
	}
	for _, block := range list {
		b.WriteString("| ")
		words(block)
		b.WriteString("\n")
	}
	return b.String()
}
