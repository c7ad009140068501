package incident

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// usual are the terms where no agreement says others, with a restore target.
func usual(s Severity) Targets {
	first, step := UpdateTargets(s)
	return Targets{First: first, Update: step,
		Acknowledge: map[Severity]time.Duration{Sev1: 5 * time.Minute, Sev2: 10 * time.Minute}[s],
		Restore:     map[Severity]time.Duration{Sev1: time.Hour, Sev2: 4 * time.Hour}[s]}
}

// story makes a timeline of events at minutes after the start.
type story []Event

func (s story) at(n int, e Event) story {
	e.Seq, e.At = len(s)+1, minute(n)
	if e.By == "" {
		e.By = ada
	}
	return append(slices.Clip(s), e)
}

func declaredAs(s Severity) story { return story{}.at(0, Event{Kind: KindDeclared, Severity: s}) }

var updateNote = Event{Kind: KindNote, Note: Update, Text: "We are on it."}

// due says of a timeline at which minutes its promises are due; -1: they do not run.
func due(s story) map[Promise]int {
	c := PromisesOf(s, usual)
	m := func(d Deadline) int {
		if !d.Runs() {
			return -1
		}
		return int(d.Due.Sub(start) / time.Minute)
	}
	return map[Promise]int{PromiseAck: m(c.Ack), PromiseUpdate: m(c.Update), PromiseRestore: m(c.Restore)}
}

// TestPromises goes through the rules of the clock, one by one.
func TestPromises(t *testing.T) {
	acked := Event{Kind: KindAcknowledged}
	raise := func(s Severity) Event { return Event{Kind: KindSeverity, Severity: s} }
	mitigated := Event{Kind: KindMitigated, How: Rollback}
	tests := []struct {
		name                 string
		story                story
		ack, update, restore int
	}{
		{"sev1 has all from the declaration", declaredAs(Sev1), 5, 15, 60},
		{"sev2 has later ones", declaredAs(Sev2), 10, 30, 240},
		{"sev4 promises nothing", declaredAs(Sev4), -1, -1, -1},
		{"an acknowledgement keeps its promise", declaredAs(Sev1).at(3, acked), -1, 15, 60},
		{"a sender's acknowledgement keeps none", declaredAs(Sev1).at(3, Event{Kind: KindAcknowledged, By: mon}), 5, 15, 60},
		{"an update starts the next step", declaredAs(Sev1).at(3, acked).at(12, updateNote), -1, 42, 60},
		{"words for the public do not", declaredAs(Sev1).at(3, acked).at(12, Event{Kind: KindPublic, Text: "x"}), -1, 15, 60},
		{"on a raise what comes first holds, the old", declaredAs(Sev2).at(25, raise(Sev1)), 10, 30, 85},
		{"on a raise what comes first holds, the new", declaredAs(Sev2).at(1, raise(Sev1)), 6, 16, 61},
		{"on a lowering what comes last holds", declaredAs(Sev1).at(3, raise(Sev2)), 10, 30, 240},
		{"a lowering to sev4 promises no more updates", declaredAs(Sev1).at(3, acked).at(4, raise(Sev4)), -1, -1, -1},
		{"a raise from sev4 promises from now", declaredAs(Sev4).at(20, raise(Sev1)), 25, 35, 80},
		{"what is mitigated waits for nothing", declaredAs(Sev1).at(3, acked).at(40, mitigated), -1, -1, -1},
		{"opened again, what was left goes on", declaredAs(Sev1).at(3, acked).at(40, mitigated).at(100, Event{Kind: KindReopened, Text: "x"}), -1, 115, 120},
		{"investigated again likewise", declaredAs(Sev1).at(3, acked).at(40, mitigated).at(100, Event{Kind: KindInvestigate}), -1, 115, 120},
		{"what is over has no deadline that moves", declaredAs(Sev1).at(3, acked).at(20, Event{Kind: KindResolved}).at(30, raise(Sev2)).at(40, raise(Sev1)), -1, -1, -1},
		{"a missed update is due again a step later", declaredAs(Sev1).at(3, acked).at(15, Event{Kind: KindMissed, Promise: PromiseUpdate, Due: minute(15)}), -1, 45, 60},
		{"steps that nobody was there for are one miss", declaredAs(Sev1).at(3, acked).at(200, Event{Kind: KindMissed, Promise: PromiseUpdate, Due: minute(15)}), -1, 225, 60},
		{"a missed restore target stays missed when the severity falls",
			declaredAs(Sev1).at(3, acked).at(50, updateNote).at(60, Event{Kind: KindMissed, Promise: PromiseRestore, Due: minute(60)}).at(61, raise(Sev2)), -1, 110, -1},
		{"and when it is opened again",
			declaredAs(Sev1).at(3, acked).at(60, Event{Kind: KindMissed, Promise: PromiseRestore, Due: minute(60)}).at(61, mitigated).at(70, Event{Kind: KindReopened, Text: "x"}), -1, 85, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := map[Promise]int{PromiseAck: test.ack, PromiseUpdate: test.update, PromiseRestore: test.restore}
			if diff := cmp.Diff(want, due(test.story)); diff != "" {
				t.Errorf("minutes after the declaration at which the promises are due (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPromisesDue lists what has passed, the earliest first, and what comes next.
func TestPromisesDue(t *testing.T) {
	c := PromisesOf(declaredAs(Sev1), usual)
	if next, ok := c.Next(); !ok || next.Promise != PromiseAck {
		t.Errorf("next is %+v, %t; want the acknowledgement", next, ok)
	}
	var got []Promise
	for _, d := range c.Due(minute(16)) {
		got = append(got, d.Promise)
	}
	if diff := cmp.Diff([]Promise{PromiseAck, PromiseUpdate}, got); diff != "" {
		t.Errorf("what has passed after 16 minutes (-want +got):\n%s", diff)
	}
	if list := c.Due(minute(4)); len(list) > 0 {
		t.Errorf("after 4 minutes %+v has passed, want nothing", list)
	}
	if warn := c.Update.Warn(usual(Sev1)); !warn.Equal(minute(12)) {
		t.Errorf("the first update is reminded of at %s, want after 12 minutes", warn)
	}
	if _, ok := PromisesOf(declaredAs(Sev4), usual).Next(); ok {
		t.Error("a sev4 has a next promise")
	}
}

// TestOldWordsOfAReassignment reads a step as earlier versions wrote it.
func TestOldWordsOfAReassignment(t *testing.T) {
	e := Event{By: Bot, Kind: KindStep, Pass: 1, Text: "Step 0: Dana as person:dana"}
	if got := (Wording{}).Line(e); got != "Paging only Dana." {
		t.Errorf("Line() = %q", got)
	}
}

// TestFirstUpdateAgreed: the first update is usual sooner than the agreement demands.
// That it is not there then is no promise missed; it is when the agreed time is over.
func TestFirstUpdateAgreed(t *testing.T) {
	terms := func(s Severity) Targets {
		t := usual(s)
		t.FirstAgreed = t.Update // 30 minutes for sev1, an hour for sev2
		return t
	}
	early := Event{Kind: KindMissed, Promise: PromiseUpdate, Due: minute(15), Assumed: true}
	acked := declaredAs(Sev1).at(3, Event{Kind: KindAcknowledged})
	tests := []struct {
		name  string
		story story
		due   int
		early bool
	}{
		{"declared", acked, 15, true},
		{"usual and not there", acked.at(15, early), 30, false},
		{"agreed and not there", acked.at(15, early).at(30, Event{Kind: KindMissed, Promise: PromiseUpdate, Due: minute(30)}), 60, false},
		{"then it is there", acked.at(15, early).at(20, updateNote), 50, false},
		{"there at once", acked.at(5, updateNote), 35, false},
		{"lowered meanwhile", acked.at(15, early).at(20, Event{Kind: KindSeverity, Severity: Sev2}), 60, false},
		{"lowered before", acked.at(5, Event{Kind: KindSeverity, Severity: Sev2}), 30, true},
		{"it came back", acked.at(15, early).at(40, Event{Kind: KindMitigated, How: Rollback}).at(100, Event{Kind: KindReopened, Text: "x"}), 115, true},
	}
	for _, tt := range tests {
		d := PromisesOf(tt.story, terms).Update
		if got := int(d.Due.Sub(start) / time.Minute); got != tt.due || d.Early != tt.early {
			t.Errorf("%s: due after %d minutes, early %t; want %d, %t", tt.name, got, d.Early, tt.due, tt.early)
		}
	}
	if r := RecordOf(acked.at(15, early)); len(r.Missed) > 0 {
		t.Errorf("missed %v, want nothing that was promised", r.Missed)
	}
}
