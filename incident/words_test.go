package incident

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kindsOf returns every constant of type Kind in event.go, so that a kind that
// is added there cannot be forgotten here.
func kindsOf(t *testing.T) []Kind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := v.Type.(*ast.Ident); !ok || name.Name != "Kind" {
			return true
		}
		for _, x := range v.Values {
			s, err := strconv.Unquote(x.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, Kind(s))
		}
		return true
	})
	if len(kinds) < 20 {
		t.Fatalf("found only %d kinds in event.go", len(kinds))
	}
	return kinds
}

// TestEveryKindHasWords goes over all kinds, with everything filled in and with
// nothing: no timeline may show the name of a kind or of a field in the code.
func TestEveryKindHasWords(t *testing.T) {
	full := Event{By: "person:ada", Title: "Checkout is slow", Severity: Sev2, Service: "checkout", Note: Decision, How: Rollback,
		Role: Commander, Person: "person:bob", Via: "push", Pass: 2, Step: 1, Reason: "seen", ChannelName: "inc-1", Count: 3, Into: 4,
		Text: "It is better.", FollowUp: &FollowUp{ID: "INC-1-F1", Kind: "permanent_fix", Title: "Fix it", Due: time.Unix(0, 0)}}
	seen := map[string]Kind{}
	for _, k := range kindsOf(t) {
		for _, e := range []Event{full, {By: "bot", Role: Shadow}, {By: "alert:grafana", Role: Shadow}} {
			e.Kind = k
			s, line := Wording{}.Sentence(e), Wording{}.Line(e)
			if strings.TrimSpace(s.Did) == "" || strings.Contains(s.Did, "has no words") {
				t.Errorf("%s has no words: %+v", k, s)
			}
			for _, text := range []string{s.Did, line} {
				if strings.Contains(text, "_") || strings.Contains(text, "%!") || strings.Contains(text, "  ") {
					t.Errorf("%s is said as %q", k, text)
				}
			}
			if e.By == full.By {
				if other, ok := seen[s.Did]; ok {
					t.Errorf("%s and %s have the same words: %q", k, other, s.Did)
				}
				seen[s.Did] = k
			}
		}
	}
	if got := (Wording{}).Line(Event{Kind: "of_next_year", By: "person:ada"}); strings.Contains(got, "of_next_year") {
		t.Errorf("a kind of a later version is shown raw: %q", got)
	}
}

// TestLine reads sentences as people see them.
func TestLine(t *testing.T) {
	w := Wording{
		Actor: func(a Actor) string {
			return ActorWords(a, func(a Actor) string { _, id := a.Split(); return upperFirst(id) }, nil)
		},
		Service: upperFirst,
		Text:    func(s string) string { return strings.ReplaceAll(s, "<", "&lt;") },
	}
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{By: "person:ada", Kind: KindDeclared, Severity: Sev2, Service: "checkout", Title: "<b> is slow"},
			"Ada declared a sev2 incident for Checkout: &lt;b> is slow"},
		{Event{By: "alert:grafana", Kind: KindDeclared, Severity: Sev3, Alert: "k", Title: "CPU"}, "An alert from grafana opened a sev3 incident: CPU"},
		{Event{By: "person:ada", Kind: KindAcknowledged}, "Ada acknowledged."},
		{Event{By: "person:bob", Kind: KindAnsweredToo}, "Bob acknowledged as well."},
		{Event{By: "person:ada", Kind: KindMitigated, How: Rollback, Text: "to 430"}, "Ada mitigated it with a rollback: to 430"},
		{Event{By: "person:ada", Kind: KindOffered, Role: Commander, Person: "person:bob"}, "Ada asked Bob to be commander."},
		{Event{By: "person:ada", Kind: KindRole, Role: Commander, Person: "person:ada"}, "Ada took the role of commander."},
		{Event{By: "person:ada", Kind: KindRole, Role: Commander}, "Ada left the role of commander empty."},
		{Event{By: "person:ada", Kind: KindGivenBack, Text: "People are paged again."}, "Ada took the acknowledgement back: People are paged again."},
		{Event{By: "admin:root", Kind: KindNote, Text: "hello"}, "root (command line) noted: hello"},
		{Event{By: Bot, Kind: KindPaged, Person: "person:bob", Via: "sms", Reason: "rotation:primary"}, "Paged Bob by text message: rotation primary"},
		{Event{By: Bot, Kind: KindPaged, Target: "channel:ops"}, "Paged #ops by Slack."},
		{Event{By: Bot, Kind: KindReceipt, Person: "person:bob", Via: "push", Reason: "seen", Text: "x"}, "The notification to Bob by push was seen."},
		{Event{By: Bot, Kind: KindStep, Step: 1, Text: "Step 1: Bob as rotation:primary"}, "Step 1: Bob as rotation primary."},
		{Event{By: Bot, Kind: KindStep, Text: "Step 0: Dana Ng as person:dana"}, "Paging only Dana Ng."},
		{Event{By: Bot, Kind: KindPaged, Person: "person:bob", Via: "slack", Reason: "person:bob"}, "Paged Bob by Slack."},
		{Event{By: Bot, Kind: KindStep, Text: "Step 1: Bob as rotation:checkout-primary, person:bob, Eve as team:web"}, "Step 1: Bob as rotation checkout-primary, Eve as team web."},
		{Event{By: Bot, Kind: KindStep, Step: 2, Pass: 3}, "Came to step 2 of the escalation, round 3."},
		{Event{By: Bot, Kind: KindLapsed}, "Is paging again, although it was acknowledged."},
		{Event{By: Bot, Kind: KindChannel, ChannelName: "inc-1"}, "Opened the channel #inc-1."},
	} {
		if got := w.Line(c.e); got != c.want {
			t.Errorf("%s is said as %q, not %q", c.e.Kind, got, c.want)
		}
	}
}

// machine is what no text that people read may hold: names in the program's own writing,
// and kind:id.
var machine = regexp.MustCompile(`[a-z]_[a-z]|\b(person|rotation|team|channel|service|policy|slack|alert|admin|bot):\w|\bStep 0\b|%!`)

// TestNoMachineWords renders every kind with what versions have written into its fields.
func TestNoMachineWords(t *testing.T) {
	for _, k := range kindsOf(t) {
		for _, text := range []string{"", "Step 0: Dana as person:dana", "Step 2 (round 2): Bob as rotation:checkout-primary, team:web"} {
			for _, via := range []string{"slack", "sms", "voice", "email", "push", "webhook", ""} {
				e := Event{Kind: k, By: "bot", Severity: Sev2, Service: "checkout", How: Workaround, Role: "customer_liaison", Person: "person:dana",
					Via: via, Reason: "rotation:checkout-primary", Count: 2, Of: 3, Into: 4, Calls: []Actor{"person:bob", "slack:U0EVE"},
					FollowUp: &FollowUp{ID: "INC-1-F1", Kind: "permanent_fix", Title: "Fix it"}, ChannelName: "inc-1"}
				if k == KindReceipt {
					e.Reason = "not_seen"
				}
				if k == KindAlertJoined || k == KindAlert { // why somebody is asked is a sentence
					e.Reason = "It got worse"
				}
				if k == KindCancelled {
					e.Reason = string(NearMiss)
				}
				switch k {
				case KindStep, KindExhausted, KindLapsed: // whose text the program writes
					e.Text = text
				case KindPaged, KindPageFailed:
					e.Person, e.Target = "", "channel:ops"
				}
				if line := (Wording{}).Line(e); machine.MatchString(line) {
					t.Errorf("%s is said as %q", k, line)
				}
				for _, by := range []Actor{"person:dana", "slack:U0EVE", "alert:grafana", "admin:cli", "admin:root", "bot", ""} {
					e.By = by
					w := Wording{Actor: func(a Actor) string {
						return ActorWords(a, func(a Actor) string { _, id := a.Split(); return id }, nil)
					}}
					if line := w.Line(e); machine.MatchString(line) {
						t.Errorf("%s by %s is said as %q", k, by, line)
					}
				}
			}
		}
	}
}
