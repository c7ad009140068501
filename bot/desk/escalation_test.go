package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// pagesAre checks who is paged by what was committed since the last look.
func (x *fixture) pagesAre(when string, want ...string) {
	x.t.Helper()
	if got := x.pages(); !slices.Equal(got, want) {
		x.t.Errorf("%s: paged %v, want %v", when, got, want)
	}
}

func TestLadder(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.pagesAre("declared", "ada by push", "ada by slack")
		x.tick(4 * time.Minute)
		x.act(eve, 1, Act{Verb: Note, Text: "still slow"})
		x.tick(time.Minute)
		x.pagesAre("after 5 min", "cleo by push", "cleo by slack")
		x.tick(6 * time.Minute)
		x.pagesAre("every step has run without an answer", "#incidents", "bob by push", "bob by slack")
		i, _ := x.folds(1)
		if !i.Exhausted {
			t.Error("the incident does not show that every step has run without an answer")
		}
		x.act(bob, 1, Act{Verb: Acknowledge})
		x.tick(29 * time.Minute)
		x.pagesAre("acknowledged")
	})
}

// TestLapse pages again when nothing was heard since the acknowledgement, and
// can be answered, by whoever was on it or by somebody else.
func TestLapse(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(bob, 1, Act{Verb: Acknowledge})
		x.pages()
		x.tick(20 * time.Minute)
		x.act(bob, 1, Act{Verb: Note, Text: "looking"})
		x.tick(29 * time.Minute)
		x.pagesAre("29 min after a note")
		x.tick(2 * time.Minute)
		x.pagesAre("31 min after a note", "ada by push", "ada by slack", "bob by push", "bob by slack")
		i, events := x.folds(1)
		if i.Acked() || i.AcknowledgedBy != bob {
			t.Errorf("acknowledged %t by %s; want asking again, with bob still on it", i.Acked(), i.AcknowledgedBy)
		}
		if !slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindLapsed }) {
			t.Error("the timeline does not say that nothing was heard")
		}
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.tick(20 * time.Minute)
		x.pagesAre("answered")
	})
}

// TestRerouteTakesPagesBack leaves nothing on its way to the wrong people.
func TestRerouteTakesPagesBack(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(eve, 1, Act{Verb: Reroute, Service: "Edge Gateway", Text: "fine behind it"})
		if got, want := x.waitingPages(), []string{"bob by push", "bob by slack"}; !slices.Equal(got, want) {
			t.Errorf("rerouted before anything left: %v wait, want %v", got, want)
		}
	})
}

// TestPagesOfEarlierEscalations reports a page of the ladder that was replaced:
// it must not count for the new one.
func TestPagesOfEarlierEscalations(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		old := x.led.Take()
		x.act(eve, 1, Act{Verb: Reroute, Service: "edge"})
		for _, j := range old {
			if j.Kind == ledger.Notify {
				if err := x.Done(background(), Result{Job: j, Outcome: Outcome{Message: ledger.Message{Channel: "D1", TS: "1.1" + j.Via}}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Nobody took bob's pages: they must count as not confirmed.
		x.stuck = true
		x.tick(time.Minute)
		_, events := x.folds(1)
		if !slices.ContainsFunc(events, func(e incident.Event) bool { return strings.Contains(e.Text, "Bob Stone by slack was not confirmed") }) {
			t.Errorf("bob's page counts as taken because ada's was: %s", texts(events))
		}
	})
}

func texts(events []incident.Event) string {
	var lines []string
	for _, e := range events {
		lines = append(lines, string(e.Kind)+" "+e.Text)
	}
	return "\n  " + strings.Join(lines, "\n  ")
}

// TestSeverities tries what raising and lowering does to the escalation.
func TestSeverities(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev4})
		x.pagesAre("sev4")
		_, err := x.Escalate(background(), Caller{Actor: eve}, 1)
		refused(t, err, "Raise the severity first")
		x.act(eve, 1, Act{Verb: SetSeverity, Severity: incident.Sev1})
		x.pagesAre("raised to sev1", "ada by push", "ada by slack")
		x.act(eve, 1, Act{Verb: SetSeverity, Severity: incident.Sev4})
		x.tick(5 * time.Minute)
		x.pagesAre("lowered: nothing is taken back silently", "cleo by push", "cleo by slack")

		x.declare(incident.Declaration{Severity: incident.Sev4})
		x.act(eve, 2, Act{Verb: Reroute, Service: "edge"})
		x.act(ada, 2, Act{Verb: Acknowledge}) // had no page to acknowledge
		x.act(eve, 2, Act{Verb: Reroute, Service: "checkout"})
		x.pagesAre("a rerouted sev4")
		x.act(eve, 2, Act{Verb: SetSeverity, Severity: incident.Sev2})
		x.pagesAre("raised after a reroute", "ada by push", "ada by slack")
	})
}

// TestLowUrgency waits for the person's morning, and not when it is raised.
func TestLowUrgency(t *testing.T) {
	inBubble(t, func(x *fixture) {
		// The bubble begins at midnight UTC.
		x.declare(incident.Declaration{Severity: incident.Sev3})
		b, err := x.Brief(background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(b.Belongs, ada) {
			t.Error("ada is invited, and so told, while she sleeps")
		}
		x.tick(8 * time.Hour)
		x.pagesAre("at eight")
		x.tick(time.Hour)
		x.pagesAre("at nine", "ada by push", "ada by slack")

		x.tick(14 * time.Hour)
		x.declare(incident.Declaration{Severity: incident.Sev3})
		x.pagesAre("declared at 23:00")
		x.act(eve, 2, Act{Verb: SetSeverity, Severity: incident.Sev1})
		x.pagesAre("raised at 23:00", "ada by push", "ada by slack")
	})
}

// TestReopen pages when the responders have gone.
func TestReopen(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.act(ada, 1, Act{Verb: Resolve})
		x.pages()
		x.act(eve, 1, Act{Verb: Reopen, Text: "it is back"})
		x.pagesAre("reopened by eve", "ada by push", "ada by slack")
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.act(ada, 1, Act{Verb: Resolve})
		x.pages()
		x.act(ada, 1, Act{Verb: Reopen, Text: "back again"})
		x.pagesAre("reopened by ada, who is there")
		if _, err := x.Escalate(background(), Caller{Actor: ada}, 1); err != nil {
			t.Fatalf("Escalate after a reopening: %v", err)
		}
		x.pagesAre("escalated after a reopening", "cleo by push", "cleo by slack")
	})
}

// TestEscalateByHand asks the next ones; whoever acknowledged keeps it.
func TestEscalateByHand(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.pages()
		if _, err := x.Escalate(background(), Caller{Actor: ada}, 1); err != nil {
			t.Fatal(err)
		}
		x.pagesAre("escalated", "cleo by push", "cleo by slack")
		i, _ := x.folds(1)
		if i.AcknowledgedBy != ada || !i.Acked() {
			t.Errorf("on it: %s, acknowledged %t; want ada still", i.AcknowledgedBy, i.Acked())
		}
		x.tick(20 * time.Minute)
		x.pagesAre("ada is on it")
		x.act(ada, 1, Act{Verb: Resolve})
		_, err := x.Escalate(background(), Caller{Actor: ada}, 1)
		refused(t, err, "INC-1 is resolved")
	})
}

// TestEscalateTwice escalates twice within seconds, which is once, whoever does it; when
// somebody is on it and when nobody is. Ten seconds later it is the next step.
func TestEscalateTwice(t *testing.T) {
	inBubble(t, func(x *fixture) {
		escalate := func(by incident.Actor, n int) Answer {
			t.Helper()
			a, err := x.Escalate(background(), Caller{Actor: by}, n)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		x.declare(incident.Declaration{})
		x.pages()
		if escalate(eve, 1).Twin {
			t.Error("the first one is no twin")
		}
		x.pagesAre("escalated", "cleo by push", "cleo by slack")
		x.tick(time.Second)
		_, before := x.folds(1)
		if !escalate(eve, 1).Twin || !escalate(incident.Person("bob"), 1).Twin {
			t.Error("a second later it is said to be another one")
		}
		x.pagesAre("twice")
		if _, after := x.folds(1); len(after) != len(before) {
			t.Errorf("it is told more than once: %s", texts(after))
		}
		x.declare(incident.Declaration{Service: "search"})
		x.act(ada, 2, Act{Verb: Acknowledge})
		x.pages()
		escalate(ada, 2)
		escalate(ada, 2)
		x.pagesAre("more help twice", "cleo by push", "cleo by slack")
		x.tick(escalatedWithin + time.Second)
		x.pages()
		if escalate(eve, 1).Twin {
			t.Error("later it is another one")
		}
		if len(x.pages()) == 0 {
			t.Error("later it pages nobody")
		}
	})
}

// TestPageTwice pages the same person in the same words, named in two ways: that is one
// page. Other words, other people or half a minute later make another.
func TestPageTwice(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.pages()
		page := func(by incident.Actor, call Call) Answer {
			t.Helper()
			a, err := x.Page(background(), Caller{Actor: by}, 1, call)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		page(ada, Call{Target: "bob", Text: "the database"})
		x.pagesAre("once", "bob by push", "bob by slack")
		if a := page(ada, Call{People: []incident.Actor{incident.Person("bob")}, Text: "the database"}); !a.Twin || len(a.Notes) != 1 {
			t.Errorf("twin %t, notes %v; want it known as the same", a.Twin, a.Notes)
		}
		x.pagesAre("twice")
		page(ada, Call{Target: "bob", Text: "the queue"})
		x.pagesAre("in other words", "bob by push", "bob by slack")
		page(incident.Person("cleo"), Call{Target: "bob", Text: "the queue"})
		x.pagesAre("by somebody else", "bob by push", "bob by slack")
		time.Sleep(askAgain + time.Second)
		page(ada, Call{Target: "bob", Text: "the queue"})
		x.pagesAre("once more", "bob by push", "bob by slack")
	})
}

func TestPageByHand(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.act(ada, 1, Act{Verb: Acknowledge})
		x.pages()
		for target, want := range map[string][]string{
			"bob": {"bob by push", "bob by slack"}, "@Bob Stone": {"bob by push", "bob by slack"}, "EDGE": {"bob by push", "bob by slack"},
			"payments": {"ada by push", "ada by slack", "bob by push", "bob by slack", "cleo by push", "cleo by slack"},
		} {
			if _, err := x.Page(background(), Caller{Actor: ada}, 1, Call{Target: target, Text: "we need you for " + target}); err != nil {
				t.Errorf("Page(%s): %v", target, err)
			}
			x.pagesAre("by hand: "+target, want...)
		}
		if _, err := x.Page(background(), Caller{Actor: ada}, 1, Call{People: []incident.Actor{"slack:U0NEW"}, Text: ""}); err != nil {
			t.Errorf("Page of somebody who is not in the roster: %v", err)
		}
		x.pagesAre("by hand: a stranger", "U0NEW by slack")
		_, err := x.Page(background(), Caller{Actor: ada}, 1, Call{Target: "paymets", Text: ""})
		refused(t, err, "Did you mean payments?")
		if _, err = x.Page(background(), Caller{Actor: ada}, 1, Call{Target: "dan", Text: ""}); err != nil {
			t.Errorf("Page(dan), who has a push at least: %v", err)
		}
		x.pages()
		x.stuck = true
		x.Page(background(), Caller{Actor: ada}, 1, Call{People: []incident.Actor{bob}, Text: "now"})
		x.act(ada, 1, Act{Verb: Resolve})
		if got := x.waitingPages(); len(got) > 0 {
			t.Errorf("resolved: %v wait, want a page by hand taken back too", got)
		}
	})
}

// TestTestPagesOnlyTheCaller keeps a test from waking anybody else.
func TestTestPagesOnlyTheCaller(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for who, want := range map[incident.Actor][]string{ada: {"ada by push", "ada by slack"}, eve: {"U0EVE by slack"}} {
			if _, err := x.Declare(background(), Caller{Actor: who}, incident.Declaration{Title: "a drill", Test: true, Severity: incident.Sev1}); err != nil {
				t.Fatal(err)
			}
			x.pagesAre("a test by "+string(who), want...)
		}
		x.tick(time.Hour)
		for _, p := range x.pages() {
			if !strings.HasPrefix(p, "ada") {
				t.Errorf("a test paged %s", p)
			}
		}
	})
}

// TestNobodyAtAll tells the announcement channel where there is no roster.
func TestNobodyAtAll(t *testing.T) {
	withRoster(t, "people: []\n", func(x *fixture) {
		x.declare(incident.Declaration{})
		x.pagesAre("no roster", "#incidents")
	})
}

// crowd is a roster with a step of n people and one of their channels.
func crowd(n int, channels int) string {
	var b strings.Builder
	b.WriteString("people:\n")
	var ids []string
	for k := range n {
		id := fmt.Sprintf("p%03d", k)
		ids = append(ids, id)
		fmt.Fprintf(&b, "  - {id: %s, name: Person %d, slack: U%05d}\n", id, k, k)
	}
	fmt.Fprintf(&b, "teams:\n  - {id: all, name: All, members: [%s]}\n", strings.Join(ids, ", "))
	b.WriteString("policies:\n  - id: all\n    repeat: 3\n    steps:\n")
	targets := []string{"team:all"}
	for k := range channels {
		targets = append(targets, fmt.Sprintf("channel:team-%d", k))
	}
	fmt.Fprintf(&b, "      - {notify: [%s], wait: 5m}\n", strings.Join(targets, ", "))
	fmt.Fprintf(&b, "    last_resort: [%s]\n", strings.Join(targets, ", "))
	b.WriteString("services:\n  - {id: s, name: S, kind: service, team: all, policy: all}\ndefaults: {service: s, policy: all}\n")
	return b.String()
}

// TestCrowd pages two hundred people by two ways each, lets three passes pile up
// while nothing can leave, and acknowledges: no transaction may be too large.
func TestCrowd(t *testing.T) {
	withRoster(t, crowd(200, 12), func(x *fixture) {
		x.stuck = true
		x.declare(incident.Declaration{})
		x.tick(time.Second)
		b, err := x.Brief(background(), 1)
		if err != nil || len(b.Asked) != 200 {
			t.Fatalf("Brief: %d are called, %v; want 200", len(b.Asked), err)
		}
		x.tick(16 * time.Minute)
		waiting := count(x, "outbox/")
		if waiting < 1000 {
			t.Fatalf("%d jobs wait, want more than a thousand, or this tests nothing", waiting)
		}
		x.act("person:p007", 1, Act{Verb: Acknowledge})
		if got := x.waitingPages(); len(got) > 0 {
			t.Errorf("acknowledged: %d pages wait, want none", len(got))
		}
		if left := count(x, "outbox/"); left > 40 {
			t.Errorf("%d jobs are left in the store, want the few that are no pages", left)
		}
		x.act("person:p007", 1, Act{Verb: Resolve})
		x.folds(1)
	})
}

// TestCrowdOfChannels has an escalation whose every step names many channels and
// nobody who can be found.
func TestCrowdOfChannels(t *testing.T) {
	var b strings.Builder
	b.WriteString("people:\n  - {id: nil, name: Nobody}\npolicies:\n  - id: all\n    steps:\n")
	var channels []string
	for k := range 20 {
		channels = append(channels, fmt.Sprintf("channel:team-%d", k))
	}
	for range 10 {
		fmt.Fprintf(&b, "      - {notify: [person:nil, %s], wait: 5m, round_robin: true}\n", strings.Join(channels, ", "))
	}
	b.WriteString("    last_resort: [" + strings.Join(channels, ", ") + "]\ndefaults: {policy: all}\n")
	withRoster(t, b.String(), func(x *fixture) {
		x.declare(incident.Declaration{})
		x.tick(time.Minute)
		if n := len(x.pages()); n < 20 {
			t.Errorf("%d channels were told, want all of them", n)
		}
	})
}

// TestOneBadPageHoldsUpNothing spoils the escalation of one incident; the others
// are paged all the same.
func TestOneBadPageHoldsUpNothing(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.spoilt = true
		x.declare(incident.Declaration{})
		x.declare(incident.Declaration{})
		x.pages()
		err := x.db.Update(background(), func(tx *storage.Tx) error { return tx.Put(escalationKey(1), []byte("{")) })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute)
		if err := x.led.Tick(background(), time.Now()); err == nil || !strings.Contains(err.Error(), "page/000001") {
			t.Errorf("Tick() = %v, want an error that names the spoiled record", err)
		}
		x.pagesAre("the other incident", "cleo by push", "cleo by slack")
	})
}

// TestResume is away for an hour: the ladder goes on where it stood, and not
// through all its steps at once.
func TestResume(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		x.pages()
		time.Sleep(time.Hour)
		x.reopen()
		x.tick(time.Second)
		x.pagesAre("after the hour", "cleo by push", "cleo by slack")
		x.tick(4 * time.Minute)
		x.pagesAre("four minutes later")
		x.tick(time.Minute)
		x.pagesAre("five minutes later", "#incidents", "bob by push", "bob by slack")
		_, events := x.folds(1)
		if !strings.Contains(texts(events), "Nothing could be sent for 55m0s") {
			t.Errorf("the timeline does not say so: %s", texts(events))
		}
	})
}

// TestDueQueue keeps exactly one key for each escalation that waits.
func TestDueQueue(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		for range 12 {
			x.deliver()
			x.tick(time.Minute)
			if n := pageKeys(x); n > 1 {
				t.Fatalf("%d keys for one escalation", n)
			}
		}
		x.act(ada, 1, Act{Verb: Acknowledge})
		if n := pageKeys(x); n != 1 {
			t.Errorf("%d keys while acknowledged with a timeout, want 1", n)
		}
		x.act(ada, 1, Act{Verb: Resolve})
		if n := pageKeys(x); n != 0 {
			t.Errorf("%d keys when resolved, want none", n)
		}
		r, err := pageOf(x, 1)
		if err != nil || r.Page.State != escalation.Resolved {
			t.Errorf("the escalation is %s, %v; want resolved", r.Page.State, err)
		}
	})
}

func pageKeys(x *fixture) int {
	n := 0
	x.view(func(key string, _ []byte) {
		if strings.HasPrefix(key, "wake/escalation/") {
			n++
		}
	})
	return n
}

func pageOf(x *fixture, n int) (r escalationRecord, err error) {
	err = x.db.View(background(), func(tx *storage.Tx) error {
		r, err = storage.Load[escalationRecord](tx, escalationKey(n))
		return err
	})
	return r, err
}

// TestNamesNotIDs keeps what people read free of IDs.
func TestNamesNotIDs(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.stuck = true
		x.declare(incident.Declaration{})
		x.tick(12 * time.Minute)
		_, events := x.folds(1)
		var got []string
		for _, e := range events {
			if e.Kind == incident.KindStep || e.Kind == incident.KindExhausted {
				got = append(got, e.Text)
			}
		}
		want := []string{
			"Step 1: Ada Okafor as person:ada",
			"The notification to Ada Okafor by slack was not confirmed", "The notification to Ada Okafor by push was not confirmed",
			"Step 2: Cleo Marsh as person:cleo",
			"The notification to Cleo Marsh by slack was not confirmed", "The notification to Cleo Marsh by push was not confirmed",
			"Nobody answered any step. The last resort is told; nobody is paged any more",
			"The notification to Bob Stone by slack was not confirmed", "The notification to Bob Stone by push was not confirmed",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the escalation says (-want +got):\n%s", diff)
		}
	})
}
