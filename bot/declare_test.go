package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// storefrontRoster has a default service that nobody means, one without an owner, and
// functions.
var storefrontRoster = strings.NewReplacer(
	"defaults: {service: checkout, policy: payments}", `  - {id: storefront, name: Storefront, kind: product, team: payments, policy: payments}
  - {id: orphan, name: Old Mailer, kind: service, policy: fallback}
defaults: {service: storefront, policy: payments}`,
	"    quick_actions:", "    functions: [card payments, vouchers]\n    quick_actions:",
	"policies:\n", `policies:
  - id: fallback
    steps:
      - {notify: [person:cleo], wait: 5m}
    last_resort: [channel:incidents]
`).Replace(rosterText)

// TestDeclaredInWords types declarations as people do, and looks at what is open and
// what was said of it.
func TestDeclaredInWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ typed, want, said string }{
		{"declare Checkout is down", "sev2 checkout real: Checkout is down", "Checkout (taken from the title)"},
		{"declare Checkout errors since the load test sev1 service:checkout", "sev1 checkout real: Checkout errors since the load test", "This is a drill"},
		{"declare search is slow test", "sev2 search real: search is slow test", "This is a drill"},
		{"declare nothing works", "sev2 storefront real: nothing works", "Storefront (the default, since nobody said which)"},
		{"declare Checkout and Search are slow", "sev2 storefront real: Checkout and Search are slow", "names several services: Checkout, Search"},
		{"declare payments fail —sev1 --private", "sev1 storefront private real: payments fail", "It is private"},
		{"declare payments fail –drill sev3 service:search", "sev3 search drill: payments fail", "It is a drill: only who declared it is paged"},
		{"declare database failover drill", "sev2 storefront drill: database failover", "This is real"},
		{"declare checkout is down, this is not a drill", "sev2 checkout real: checkout is down, this is not a drill", "This is a drill"},
		{"declare payments fail sev0", "sev1 storefront real: payments fail", "“sev0” is taken as sev1"},
		{"declare payments fail sev7", "sev2 storefront real: payments fail", "There is no severity “sev7”"},
		{"declare payments fail p1", "sev1 storefront real: payments fail", ""},
		{"declare payments fail critical", "sev1 storefront real: payments fail", ""},
		{"declare search is slow, not critical", "sev2 search real: search is slow, not critical", "nobody said how bad it is"},
		{"declare payments fail SEV-3 drill", "sev3 storefront drill: payments fail", ""},
		{"declare payments fail\nsince noon\nsev1 service:checkout private", "sev1 checkout private real: payments fail", ""},
		{"declare payments fail\nsince the last drill", "sev2 storefront real: payments fail", ""},
		{"declare private network is down", "sev2 storefront real: private network is down", "“private” is understood as the last word"},
		{"declare payments fail service:chekout", "sev2 storefront real: payments fail", "There is no service \"chekout\". Did you mean checkout? It went to Storefront"},
		{"declare checkout fails service:chekout", "sev2 checkout real: checkout fails", "It went to Checkout"},
	} {
		t.Run(test.typed, func(t *testing.T) {
			inBubbleWith(t, storefrontRoster, func(r *rig) {
				seen := r.command("eve", "general", test.typed)
				i, _ := r.fold(1)
				got := i.Severity.String() + " " + i.Service
				if i.Private {
					got += " private"
				}
				got += map[bool]string{true: " drill", false: " real"}[i.Test] + ": " + i.Title
				if got != test.want {
					t.Errorf("declared %q, want %q", got, test.want)
				}
				if all := seen.Text + unescaped(string(seen.Blocks)); !strings.Contains(all, test.said) {
					t.Errorf("eve sees %s, want %q", all, test.said)
				}
			})
		})
	}
}

// click presses a button, or chooses from a menu, of what only somebody sees.
func (r *rig) click(user string, seen slacksim.Seen, action string, value any) {
	r.t.Helper()
	p := slacksim.Press{Channel: seen.Channel, TS: seen.TS, ActionID: action, Value: value}
	if _, err := r.sim.As(user).Press(p); err != nil {
		r.t.Fatalf("%s by %s on %s: %v", action, user, seen.Blocks, err)
	}
	r.pass(5 * time.Second)
}

// TestDeclaredPutRight changes by clicks what was taken for a declaration.
func TestDeclaredPutRight(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, storefrontRoster, func(r *rig) {
		seen := r.command("eve", "general", "declare nothing works")
		r.pass(5 * time.Second)
		r.click("eve", seen, "set_severity", "1 sev3")
		r.click("eve", seen, "set_service", "1 search")
		i, _ := r.fold(1)
		if i.Severity != incident.Sev3 || i.Assumed || i.Service != "search" || i.ServiceBy != "" {
			t.Errorf("after the clicks %+v, want sev3 for search", i)
		}
		if told := r.whispers("eve"); !strings.Contains(told, "INC-1 is sev3 now") || !strings.Contains(told, "about Search now") {
			t.Errorf("eve was told %s", told)
		}
	})
}

// TestDeclaredTwice taps twice: that is one incident, unless somebody says that it is
// another; later, or by somebody else, it is another.
func TestDeclaredTwice(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		first := r.command("eve", "general", "declare checkout is down sev1")
		second := r.command("eve", "general", "declare  Checkout is down sev1")
		if strings.Contains(first.Text, "already") || !strings.Contains(second.Text, "INC-1* is open already") {
			t.Fatalf("eve sees %s and %s, want the same incident", first.Text, second.Text)
		}
		r.click("eve", second, "declare_another", nil)
		if i, _ := r.fold(2); i.Title != "Checkout is down" || i.Severity != incident.Sev1 {
			t.Errorf("declared another: %+v", i)
		}
		r.command("ada", "general", "declare checkout is down sev1")
		r.pass(11 * time.Second)
		r.command("eve", "general", "declare checkout is down sev1")
		r.command("eve", "general", "cancel INC-4 a slip")
		r.command("eve", "general", "declare checkout is down sev1")
		if i, _ := r.fold(5); i.DeclaredBy != "slack:U0EVE" {
			t.Errorf("five are open but %+v", i)
		}
	})
}

// TestDeclaredAlike says that a new incident is one that is open, by a click.
func TestDeclaredAlike(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare Checkout is down")
		r.pass(10 * time.Second)
		if seen := r.command("bob", "general", "declare refund mails are late service:search"); strings.Contains(string(seen.Blocks), "looks alike") {
			t.Errorf("bob sees %s, though nothing is alike", seen.Blocks)
		}
		seen := r.command("bob", "general", "declare customers cannot reach Checkout, it is down")
		if !strings.Contains(string(seen.Blocks), "INC-1* looks alike") || !strings.Contains(string(seen.Blocks), "It is the same") {
			t.Fatalf("bob sees %s, want INC-1 offered", seen.Blocks)
		}
		r.click("bob", seen, "same", nil)
		if i, _ := r.fold(3); i.MergedInto != 1 {
			t.Errorf("INC-3 is %s, want a part of INC-1", i.Status)
		}
		if told := r.whispers("bob"); !strings.Contains(told, "INC-3 is a part of INC-1 now. It goes on in <#") {
			t.Errorf("bob was told %s, want where it goes on", told)
		}
	})
}

// drill stands before every line of one, as Slack keeps it.
const drill = ":test_tube: Drill"

// TestS17DrillPagesNobodyElse: a drill says so in every line, and pages whoever declared
// it; its owner is paged when it becomes real.
func TestS17DrillPagesNobodyElse(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"eve", "bob"} { // who is not in the roster, and who is
		t.Run(by, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(r *rig) {
				seen := r.command(by, "general", "declare Checkout fails over sev1 drill")
				r.pass(time.Hour)
				if !strings.Contains(seen.Text, drill) || strings.Contains(seen.Text, "Paging") {
					t.Errorf("%s sees %s", by, seen.Text)
				}
				c := r.channel("inc-1-checkout-fails-over").ID
				r.command(by, c, "escalate")
				r.command(by, c, "note the replica leads")
				r.command(by, c, "sev 2 it is enough")
				r.command(by, c, "service search")
				r.pass(time.Hour)
				for _, user := range []string{"U0ADA", "U0CLEO"} {
					if n := len(r.dm(user)); n > 0 {
						t.Errorf("%s has %d messages of a drill", user, n)
					}
				}
				if n := len(r.marked(r.channel("incidents").Messages, "announce", "INC-1")); n > 0 {
					t.Error("a drill is announced")
				}
				lines := append(r.channel(c).Messages, r.dm(userID(r, by))...)
				if len(lines) < 4 {
					t.Fatalf("only %d lines:%s", len(lines), list(lines))
				}
				for _, m := range lines {
					if m.User == r.sim.BotUserID() && !shows(m, drill) && m.Subtype == "" {
						t.Errorf("a line of a drill does not say so: %s %s", m.Text, m.Blocks)
					}
				}
				card := r.marked(r.channel(c).Messages, "card", "INC-1")[0]
				r.press(by, c, card, "This is real")
				r.find(r.dm("U0ADA"), "Checkout fails over")
				if i, _ := r.fold(1); i.Test {
					t.Error("it is a drill still")
				}
				r.find(r.channel("incidents").Messages, "INC-1")
			})
		})
	}
}

// TestRealBecomesDrill by one click, as long as nobody has answered.
func TestRealBecomesDrill(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		seen := r.command("eve", "general", "declare Checkout fails since the load test")
		r.pass(10 * time.Second)
		r.click("eve", seen, "drill", nil)
		r.pass(time.Hour)
		page := r.find(r.dm("U0ADA"), "Checkout fails")
		if !shows(page, drill) {
			t.Errorf("the page of ada still looks real: %s", page.Blocks)
		}
		if n := len(r.dm("U0CLEO")); n > 0 {
			t.Errorf("cleo has %d messages: the escalation went on", n)
		}
		if m := r.find(r.channel("incidents").Messages, "INC-1"); !shows(m, drill) {
			t.Errorf("the announcement does not say that it is a drill: %s", m.Blocks)
		}
		seen = r.command("eve", "general", "declare Search fails")
		r.pass(10 * time.Second)
		r.command("ada", "general", "ack INC-2")
		r.click("eve", seen, "drill", nil)
		if i, _ := r.fold(2); i.Test || !strings.Contains(r.whispers("eve"), "so INC-2 stays real") {
			t.Errorf("drill %t; eve was told %s", i.Test, r.whispers("eve"))
		}
	})
}

// TestS18ServiceWithoutOwner declares for a service that nobody owns: the fallback is
// paged, and a follow-up to find an owner opens.
func TestS18ServiceWithoutOwner(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, storefrontRoster, func(r *rig) {
		r.command("eve", "general", "declare Old Mailer is down")
		r.pass(10 * time.Second)
		r.find(r.dm("U0CLEO"), "Old Mailer is down")
		i, _ := r.fold(1)
		if len(i.FollowUps) != 1 || i.FollowUps[0].Title != "Find an owner for Old Mailer" || i.FollowUps[0].Due.IsZero() {
			t.Errorf("follow-ups %+v, want one to find an owner", i.FollowUps)
		}
	})
}
