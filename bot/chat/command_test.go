package chat

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file that -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if that is right, run with -update:\n%s", file, diff)
	}
}

// typed is what people type at three in the morning, in groups.
var typed = []struct {
	group string
	lines []string
}{
	{"nothing, and asking", []string{"", "  ", "?", "??", "help", "HELP", "help me", "/help", "hello", "…", "\u00a0"}},
	{"declaring", []string{
		"declare", "declare checkout is slow", "DECLARE Checkout Is Slow", "new checkout is slow", "Declare: checkout is slow",
		"declare sev1 checkout is down", "declare checkout is down SEV-1", "declare checkout sev 2 is down", "declare checkout sev–3 down",
		"declare checkout down sev1.", "declare severity 1 checkout is down", "declare sev0 x", "declare sev5 is no severity",
		"declare checkout is down service:checkout", "declare checkout is down Service:Edge-Gateway, sev2", "declare x service: edge", "declare x service:", "declare checkout is slow, sev2", "declare a first test sev2 test", "declare p1 api is down", "declare p95 is high",
		"declare x service=edge", "declare two service:a service:b", "declare private keys leaked", "declare keys leaked private", "declare private test",
		"declare load test fails", "declare a drill test sev4", "declare test", "declare “checkout is down”", "declare \"checkout is down\" sev1", "“declare checkout is down”",
		"declare checkout is down\nsince noon\n\nerror 500 &amp; more", "declare sev1\ncheckout is down\nsince noon", "declare &lt;!channel&gt; is down",
		"declare <@U0ADA|ada> says <#C0GEN|general> and <https://x.example/a?b=1&amp;c=2|the page> are down", "declare <!here> <!subteam^S0PAY|@payments> <!channel>",
		"declare INC-4 is back", "declare checkout &amp;amp; login", "declare 100% of &lt;b&gt;", "declare don't panic",
		"declare checkout down —sev1", "declare checkout down --private –drill", "declare checkout down drill private sev2 service:search", "declare checkout down sev1,private", "declare drill", "declare private drill",
		"declare database drill", "declare this is a drill", "declare not a drill", "declare checkout fails after the drill", "declare checkout down critical", "declare search slow, not critical", "declare disk is critical",
		"declare checkout down\nsince noon sev1\nprivate", "declare checkout down\nwe had a drill", "declare checkout down sev1 sev2", "declare checkout down severity=2", "declare checkout down --severity 2 --service search", "declare checkout down p0",
		"declare sprinklers went off in the fire test", "declare private beta is slow", "declare — checkout is slow sev1", "declare - checkout is slow"}},
	{"an incident, named", []string{
		"INC-4", "inc-4", "inc4", "Inc 4", "INC–4", "INC-4 ack", "inc 4 ack", "ack INC-4", "ack inc4", "ack INC 4", "ack INC–4.", "ack (INC-4)", "ack 4", "ack #4",
		"ack #inc-4-checkout-is-slow", "ack <#C0INC|inc-4-checkout-is-slow>", "show 4", "show INC-4", "INC-4 show", "timeline 12", "postmortem INC-12", "INC-0", "INC-99999999999", "INC-4x"}},
	{"acting", []string{
		"ack", "acknowledge", "ACK!", "mine", "resolve", "resolve all is calm", "resolve INC-4 all is calm", "resolved", "fixed it", "close", "cancel false alarm",
		"mitigate rollback of 431", "mitigated", "reopen errors are rising", "reopen INC-4 errors are rising", "escalate", "escalate INC-4",
		"rename Checkout is down", "rename INC-4 Checkout is down", "status", "status mitigated", "status INC-4 monitoring", "status happy", "status fixing: rolling back"}},
	{"severities", []string{"sev 1", "sev1", "SEV-1", "sev–1 payments too", "sev 2 not so bad", "severity 3", "priority p1", "sev", "sev one", "sev 9", "sev 1 INC-4", "sev INC-4 1 worse", "INC-4 sev1", "sev critical"}},
	{"roles", []string{
		"role commander", "commander", "lead", "role commander <@U0ADA>", "role <@U0ADA|ada> commander", "commander <@U0ADA>", "role comms ada", "role responder @Ada",
		"role INC-4 commander <@U0ADA>", "role", "role king", "role comander", "role commander to <@U0ADA>"}},
	{"notes", []string{
		"note what: error rate is 12 %", "note 3 pods restarted", "note #3 pod restarted", "note INC-4 where: provider B", "note", "decide roll back", "decide INC-4: roll back",
		"task call provider <@U0ADA>", "update", "update customers can pay again", "note a < b &amp;&amp; c > d", "note line one\nline two", "note  two  spaces"}},
	{"follow-ups", []string{
		"task load the roots weekly", "task load the roots <@U0ADA>", "task load the roots @ada due:2026-12-24", "task INC-4 load the roots due:friday team:payments",
		"task load the roots INC-4 due:2w", "task <@U0ADA> load the roots", "task <@U0ADA>", "task", "task ask @ada for the roots", "task due:friday",
		"followups", "followups mine", "followups overdue", "follow-ups payments", "tasks all", "followups INC-4", "followups INC-4-F1", "show INC-4-F1", "INC-4-F1",
		"done INC-4-F1", "done INC-4-F1 https://git.example/431", "done inc4f1: the pool has a limit", "INC-4-F1 done it is there", "resolve it is there INC-4-F1", "done it is INC-4-F1 that we did",
		"done F1 https://git.example/431", "done", "resolve we moved to f2", "drop INC-4-F1 the provider goes", "drop", "cancel INC-4-F1", "date INC-4-F1 2026-12-24 it waits", "date INC-4-F1",
		"due INC-4-F1 to friday", "give INC-4-F1 <@U0ADA>", "give INC-4-F1 to team:payments", "give INC-4-F1 @ada", "reassign INC-4-F1 payments"}},
	{"entries", []string{
		"object provider B is full", "object 2 provider B is full", "object #2: no", "object INC-4 2 no", "object", "disagree 3 pods are too few", "hide 12 a name", "hide INC-4 12 a name", "hide", "hide it",
		"retime 12 14:05 the log says so", "retime #12 2026-11-29 14:05 the log", "retime 12", "retime INC-4 12 2pm log", "timeline what", "timeline decisions page 2", "timeline page 3", "timeline INC-4 pages", "timeline page", "timeline INC-4 page 2"}},
	{"owners", []string{"service edge", "service", "reroute edge pages are fine behind it", "reroute service:edge fine", "duplicate INC-4", "INC-7 duplicate INC-4", "duplicate of INC-4", "duplicate INC-7 INC-4", "duplicate", "merge INC-4"}},
	{"paging", []string{"page <@U0ADA> we need you", "page <@U0ADA> <@U0BOB|bob>, db", "page @ada now", "page payments", "page service:checkout for the db", "page INC-4 <@U0ADA>", "page", "call edge"}},
	{"in two words", []string{"post mortem INC-3", "Post Mortem", "post mortem publish", "post update we are on it", "post we are on it", "open incidents", "Open incidents, please", "open incidents are not shown in the list", "open checkout", "action items", "action items INC-3", "action item for ada", "todo list", "todo list the keys", "follow ups INC-3", "follow up", "follow up with the bank", "time line INC-3", "call off", "call off the shop"}},
	{"handing over", []string{"handover", "handover <@U0ADA>", "hand over to <@U0ADA>", "handover INC-4 @jonas", "hand over command to @jonas", "command @jonas", "handoff", "hand it to ada"}},
	{"the same", []string{"same as 13", "same INC-13 i clicked twice", "update same"}},
	{"names anywhere", []string{
		"sev 9 INC-14", "sev 1 INC-14", "sev1 payments too INC-14", "page @ada INC-14", "page <@U0ADA> INC-14", "page INC-14 @ada come", "role commander INC-14", "role commander <@U0ADA> INC-14",
		"snooze 15m INC-14", "snooze INC-14 15m", "status mitigated INC-14", "status INC-14", "note error rate falls INC-14", "note the same as INC-14", "rename Checkout is down INC 14.", "page @ada for INC-14",
		"resolve INC-27 INC-28", "resolve INC-27, INC-28 and INC-29", "resolve INC-27 and INC-28 all is calm", "resolve INC-27 INC-28 has the rest", "ack INC-1, INC-2", "INC-1 INC-2 ack", "INC-1 INC-2",
		"duplicate 13", "duplicate INC-13", "duplicate #13 the same alert", "merge into INC-13", "merge INC-7 into INC-13", "merge INC-7 into 13", "merge INC-7 with INC-13 same cause",
		"done INC-13-F1", "done INC-13-F1 https://x.example/1", "done with inc–13–f1", "resolve INC-13-F1", "close INC-13-F2", "INC-13-F1", "INC-13-F1#", "done INC-13-F1#", "#inc-13-f1 done", "note see INC-13-F1",
		"sev1 card payments fail", "sev0 all is down", "sev9", "p1 it is worse", "role responder @clara @jonas", "role responder <@U0ADA> <@U0BOB>", "role responder @clara and @jonas",
		"update public: we are on it", "update public we are on it", "update public:we are on it", "update publicly known", "cancel", "cancel INC-4"}},
	{"lists", []string{"list", "ls", "open", "open checkout is down", "timeline", "history", "postmortem", "post-mortem", "pm"}},
	{"mistakes", []string{"acknowlege", "resovle INC-4", "declre checkout is down", "checkout is down", "weather", "xyzzy plugh", "🔥🔥🔥", "sev-9", "<@U0ADA>", "ac", "decalre", "akc", "what: orders fell to zero", "n what: it is slow", "what is going on", "how: we rolled back INC-4"}},
}

func TestParse(t *testing.T) {
	var b strings.Builder
	for _, group := range typed {
		fmt.Fprintf(&b, "# %s\n", group.group)
		for _, line := range group.lines {
			fmt.Fprintf(&b, "%q\n    %s\n", line, shown(Parse(line)))
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/commands.txt", b.String())
}

// shown writes what a command holds.
func shown(c Command) string {
	var parts []string
	add := func(name string, v any, zero bool) {
		if !zero {
			parts = append(parts, fmt.Sprintf("%s=%v", name, v))
		}
	}
	parts = append(parts, c.Word)
	add("incident", c.Incident, c.Incident == 0)
	add("more", c.More, len(c.More) == 0)
	add("perhaps", c.Perhaps, c.Perhaps == 0)
	add("follow-up", c.FollowUp, c.FollowUp == "")
	add("team", c.Team, c.Team == "")
	add("when", c.When, c.When == "" || c.Word == "retime")
	add("also", c.Also, len(c.Also) == 0)
	add("severity", c.Severity, c.Severity == 0)
	add("service", c.Service, c.Service == "")
	add("private", c.Private, !c.Private)
	add("test", c.Test, !c.Test)
	add("role", c.Role, c.Role == "")
	add("people", c.People, len(c.People) == 0)
	add("target", c.Target, c.Target == "")
	add("into", c.Into, c.Into == 0)
	add("doubts", fmt.Sprintf("%q", c.Doubts), len(c.Doubts) == 0)
	add("unknown", fmt.Sprintf("%q", c.Unknown), c.Unknown == "")
	add("near", c.Near, c.Near == "")
	add("text", fmt.Sprintf("%q", c.Text), c.Text == "")
	add("details", fmt.Sprintf("%q", c.Details), c.Details == "")
	return strings.Join(parts, " ")
}

// TestActs says which acts commands become, or how they are refused.
func TestActs(t *testing.T) {
	tests := map[string]string{
		"ack": "ack", "resolve all is calm": "resolve all is calm", "sev 1 worse": "sev worse", "status monitoring": "mitigate",
		"status cancelled: false alarm": "cancel false alarm", "note x": "note x", "decide x": "note x", "duplicate INC-4": "duplicate", "role ic": "role",
		"list": "no act", "status": "no act", "show": "no act",
		"sev":            "Say which severity: 1, 2, 3 or 4; 1 is the worst. As in: sev 1 checkout is down for everybody.",
		"service":        "Say which service it belongs to. As in: reroute edge-gateway pages are fine behind it.",
		"duplicate":      "Say of which incident it is a part. As in: duplicate INC-4.",
		"role":           "Say which role: commander, responder, communicator or shadow. As in: role commander, or: role communicator @ada.",
		"role comander":  "There is no role comander: commander, responder, communicator or shadow. Did you mean commander?",
		"status resovld": "There is no status resovld. Use investigating, mitigating, mitigated, resolved, closed or cancelled.",
	}
	for text, want := range tests {
		a, ok, err := Parse(text).act()
		got := strings.TrimSpace(string(a.Verb) + " " + a.Text)
		switch {
		case err != nil:
			got = err.Error()
		case !ok:
			got = "no act"
		}
		if got != want {
			t.Errorf("Parse(%q).act() = %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, group := range typed {
		for _, line := range group.lines {
			f.Add(line)
		}
	}
	f.Add("INC-1-F0#")
	f.Fuzz(func(t *testing.T, text string) {
		c := Parse(text)
		if c.Typed != tidy(text) {
			t.Errorf("Parse(%q).Typed = %q, want all of it", text, c.Typed)
		}
		if c.Word == "" && (c.Text != c.Typed || c.Unknown == "") {
			t.Errorf("Parse(%q) knows no verb, and keeps %q of %q", text, c.Text, c.Typed)
		}
		if utf8.ValidString(text) && !utf8.ValidString(c.Text+c.Details+c.Service+c.Target+string(c.Role)+c.Unknown) {
			t.Errorf("Parse(%q) cut a character in two: %+v", text, c)
		}
		// Nothing is lost: whatever letter was typed is in one of the fields, as
		// often, apart from the verb and the words that were understood.
		if left := lost(c); left != "" {
			t.Errorf("Parse(%q) lost %q: %s", text, left, shown(c))
		}
		c.act()
	})
}

// lost returns the words that were typed and are nowhere. The verb, names of
// incidents, and the words of their own of a declaration are understood.
func lost(c Command) string {
	kept := strings.Join([]string{c.Text, c.Details, c.Service, c.Target, string(c.Role), c.Unknown, c.When, strings.Join(c.People, " "), strings.Join(c.Also, " "), c.FollowUp,
		"due:" + c.When, "for:" + c.When, "team:" + c.Team}, " ")
	leads := map[string]bool{"and": true, "for": true, "on": true, "into": true, "with": true, "as": true, "in": true, "public": c.Word == "public"}
	seconds := map[string]bool{}
	for _, two := range twoWords {
		if words[two.verb] == c.Word {
			seconds[two.first], seconds[two.second], seconds["please"] = true, true, seconds["please"] || two.alone
		}
	}
	var gone []string
	for _, w := range strings.Fields(c.Typed) {
		w = strings.Trim(w, trimmed+"#@<>‐‑‒–—―−-")
		lower := strings.ToLower(w)
		_, verb := words[lower]
		_, _, named := takeIncident(w + " 1")
		_, severity := ownSeverity(w)
		digits := strings.Trim(lower, "sevp-0123456789") == ""
		switch {
		case c.Word == "timeline" && lower == "page", seconds[lower]:
		case c.FollowUp != "" && isFollowUp(w):
		case w == "" || verb || named || severity || digits || leads[lower] || strings.HasPrefix(lower, "public:") || lower == "private" || lower == "drill" || lower == "critical" || lower == "major" || lower == "minor" || lower == "crit" || len(c.Doubts) > 0 || lower == "of" || lower == "to":
		case strings.HasPrefix(lower, "service:"), strings.HasPrefix(lower, "service="), strings.HasPrefix(lower, "severity"):
		case strings.Contains(strings.ToLower(kept), lower), c.Severity > 0, c.Role != "", len(c.People) > 0:
		default:
			gone = append(gone, w)
		}
	}
	return strings.Join(gone, " ")
}
