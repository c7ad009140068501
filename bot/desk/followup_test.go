package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

func ids(list []ListedFollowUp) string {
	var names []string
	for _, f := range list {
		names = append(names, f.ID)
	}
	return strings.Join(names, " ")
}

func (x *fixture) task(by incident.Actor, n int, f incident.FollowUp) incident.FollowUp {
	x.t.Helper()
	_, opened, err := x.OpenFollowUp(background(), Caller{Actor: by}, n, f)
	if err != nil {
		x.t.Fatalf("task of INC-%d by %s: %v", n, by, err)
	}
	return opened
}

func (x *fixture) doTask(by incident.Actor, name string, a FollowUpAct) incident.FollowUp {
	x.t.Helper()
	_, f, err := x.DoFollowUp(background(), Caller{Actor: by}, name, a)
	if err != nil {
		x.t.Fatalf("%s %s by %s: %v", a.Verb, name, by, err)
	}
	return f
}

func (x *fixture) followUps(q FollowUpQuery) string {
	x.t.Helper()
	list, _, err := x.FollowUps(background(), mal, q)
	if err != nil {
		x.t.Fatalf("FollowUps(%+v): %v", q, err)
	}
	return ids(list)
}

// TestS19OwnerIsFilled: what is to be done belongs to the team that runs the service,
// without a word, unless somebody else is named.
func TestS19OwnerIsFilled(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "checkout is down", Service: "checkout"})
		if f := x.task(eve, 1, incident.FollowUp{Title: "load the roots weekly"}); f.Team != "payments" || f.Owner != "" || f.Due.IsZero() {
			t.Errorf("the follow-up is %+v, want the team of the service and a date", f)
		}
		if f := x.task(eve, 1, incident.FollowUp{Title: "count them", Team: "Silent"}); f.Team != "silent" {
			t.Errorf("the follow-up is %+v, want the team that was named", f)
		}
		if f := x.task(eve, 1, incident.FollowUp{Title: "count them", Owner: bob}); f.Team != "payments" || f.Owner != bob {
			t.Errorf("the follow-up is %+v, want bob, of the team of the service", f)
		}
		_, _, err := x.OpenFollowUp(background(), Caller{Actor: eve}, 1, incident.FollowUp{Title: "count them", Team: "payment"})
		refused(t, err, "Did you mean payments?")
	})
}

// TestFollowUpsAreListed: by team, person, date and incident, in the order of their dates,
// in pages, and only what somebody may see.
func TestFollowUpsAreListed(t *testing.T) {
	inBubble(t, func(x *fixture) {
		day := func(n int) time.Time { return time.Now().AddDate(0, 0, n) }
		x.declare(incident.Declaration{Title: "checkout is down", Service: "checkout"})
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.declare(incident.Declaration{Title: "edge is slow", Service: "edge"})
		x.task(eve, 1, incident.FollowUp{Title: "a", Due: day(9)})
		x.task(eve, 1, incident.FollowUp{Title: "b", Owner: bob, Due: day(2)})
		x.task(eve, 2, incident.FollowUp{Title: "secret", Owner: eve, Due: day(1)})
		x.task(eve, 3, incident.FollowUp{Title: "c", Team: "silent", Due: day(5)})
		x.task(eve, 3, incident.FollowUp{Title: "d", Due: day(9)})
		x.doTask(bob, "inc3f2", FollowUpAct{Verb: FinishTask, Text: "it has a limit now"})
		for what, row := range map[string]struct {
			q    FollowUpQuery
			want string
		}{
			"all open":     {FollowUpQuery{}, "INC-1-F2 INC-3-F1 INC-1-F1"},
			"team":         {FollowUpQuery{Team: "Payments"}, "INC-1-F2 INC-1-F1"},
			"person":       {FollowUpQuery{Person: bob}, "INC-1-F2"},
			"another's":    {FollowUpQuery{Person: eve}, ""},
			"incident":     {FollowUpQuery{Incident: 3}, "INC-3-F1"},
			"with ended":   {FollowUpQuery{Incident: 3, All: true}, "INC-3-F1 INC-3-F2"},
			"all":          {FollowUpQuery{All: true}, "INC-3-F1 INC-3-F2 INC-1-F1 INC-1-F2"},
			"overdue":      {FollowUpQuery{Overdue: true}, ""},
			"behind":       {FollowUpQuery{Before: "INC-3-F1"}, "INC-1-F1"},
			"behind ended": {FollowUpQuery{Before: "INC-3-F2"}, ""},
			"all, behind":  {FollowUpQuery{All: true, Before: "INC-3-F2"}, "INC-1-F1 INC-1-F2"},
		} {
			if got := x.followUps(row.q); got != row.want {
				t.Errorf("%s: %q, want %q", what, got, row.want)
			}
		}
		if list, more, err := x.FollowUps(background(), eve, FollowUpQuery{Limit: 2}); err != nil || ids(list) != "INC-2-F1 INC-1-F2" || !more {
			t.Errorf("whoever may see it is shown %s, more %t, %v", ids(list), more, err)
		}
		if _, _, err := x.DoFollowUp(background(), Caller{Actor: mal}, "INC-2-F1", FollowUpAct{Verb: FinishTask, Text: "x"}); err == nil {
			t.Error("a follow-up of a private incident was finished by somebody who may not see it")
		} else {
			refused(t, err, "There is no INC-2")
		}
		for _, before := range []string{"INC-2-F1", "INC-9-F1"} {
			_, _, err := x.FollowUps(background(), mal, FollowUpQuery{Before: before})
			refused(t, err, "to go on from")
		}
		time.Sleep(3 * 24 * time.Hour)
		if got := x.followUps(FollowUpQuery{Overdue: true}); got != "INC-1-F2" {
			t.Errorf("overdue after three days: %q", got)
		}
		x.folds(1)
	})
}

// TestFollowUpsOfAnEarlierStore: the index is filled once, when a store is opened that
// has none.
func TestFollowUpsOfAnEarlierStore(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for range 45 {
			i := x.declare(incident.Declaration{Title: "checkout is down", Service: "checkout", Severity: incident.Sev4})
			x.task(eve, i.Number, incident.FollowUp{Title: "a", Kind: incident.PermanentFix})
		}
		want := x.followUps(FollowUpQuery{})
		err := x.led.Update(background(), ledger.Request{}, func(t *ledger.Tx) error {
			for n := 1; n <= 45; n++ {
				if err := t.Delete(followUpKey(n, 1)); err != nil {
					return err
				}
			}
			return t.Delete(followUpsIndexed)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := x.followUps(FollowUpQuery{}); got != "" {
			t.Fatalf("without the index %q are listed", got)
		}
		x.reopen()
		if got := x.followUps(FollowUpQuery{}); got != want {
			t.Errorf("after the next start %q are listed, want %q", got, want)
		}
		if fixes, err := x.OpenFixes(background(), "checkout"); err != nil || len(fixes) != 45 {
			t.Errorf("%d fixes are open, %v", len(fixes), err)
		}
	})
}

// TestOpenFixes: what is temporary in a service is known until the fix is made, also of
// a closed incident; not that of private incidents.
func TestOpenFixes(t *testing.T) {
	inBubble(t, func(x *fixture) {
		fixes := func(service string) string {
			list, err := x.OpenFixes(background(), service)
			if err != nil {
				t.Fatal(err)
			}
			return ids(list)
		}
		x.declare(incident.Declaration{Title: "checkout is down", Service: "checkout"})
		x.act(ada, 1, Act{Verb: Mitigate, Text: "rollback"})
		x.declare(incident.Declaration{Title: "keys leaked", Service: "checkout", Private: true})
		x.act(eve, 2, Act{Verb: Mitigate, Text: "rollback"})
		x.act(ada, 1, Act{Verb: Resolve})
		x.act(ada, 1, Act{Verb: Close, Text: "anyway it is over"})
		if got := fixes("checkout") + "|" + fixes("edge") + "|" + fixes(""); got != "INC-1-F1||" {
			t.Errorf("open fixes: %q", got)
		}
		x.doTask(bob, "INC-1-F1", FollowUpAct{Verb: FinishTask, Text: "https://git.example/change/431"})
		if got := fixes("checkout"); got != "" {
			t.Errorf("open fixes after it was made: %q", got)
		}
		_, _, err := x.DoFollowUp(background(), Caller{Actor: eve}, "INC-1-F1", FollowUpAct{Verb: DropTask, Text: "no"})
		refused(t, err, "already done, by bob")
		x.folds(1)
	})
}

// TestFollowUpTwice: a double tap opens one, which is the answer both times. For somebody
// else, in other words or later it is another one.
func TestFollowUpTwice(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{})
		add := func(by incident.Actor, f incident.FollowUp) (Answer, incident.FollowUp) {
			t.Helper()
			a, made, err := x.OpenFollowUp(background(), Caller{Actor: by}, 1, f)
			if err != nil {
				t.Fatal(err)
			}
			return a, made
		}
		_, first := add(ada, incident.FollowUp{Title: "check the disk"})
		x.tick(time.Second)
		if a, again := add(ada, incident.FollowUp{Title: " check the disk "}); !a.Twin || again.ID != first.ID {
			t.Errorf("twin %t, %s; want it to be %s", a.Twin, again.ID, first.ID)
		}
		add(ada, incident.FollowUp{Title: "check the disk", Owner: incident.Person("bob")})
		add(eve, incident.FollowUp{Title: "check the disk"})
		add(ada, incident.FollowUp{Title: "check the other disk"})
		x.tick(time.Minute)
		add(ada, incident.FollowUp{Title: "check the disk"})
		if i, _ := x.folds(1); len(i.FollowUps) != 5 {
			t.Errorf("%d follow-ups, want 5", len(i.FollowUps))
		}
	})
}
