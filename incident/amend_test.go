package incident

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// wordy is an incident whose every change of status has words, with its timeline.
func wordy(t *testing.T) (Incident, []Event) {
	t.Helper()
	c, err := Declare(7, Declaration{Title: "Checkout is slow"}, eve, start)
	i, events := does(t, c, err), slices.Clone(c.Events)
	step := func(c Change, err error) {
		t.Helper()
		i = does(t, c, err)
		events = append(events, c.Events...)
	}
	step(i.Mitigating(ada, "secret of mitigating", minute(3)))
	step(i.MitigateBy(ada, Mitigation{How: Rollback, Text: "secret of mitigated", Undo: "secret of undo"}, minute(9)))
	step(i.MitigateBy(ada, Mitigation{How: Restart, Text: "secret of corrected"}, minute(10)))
	step(i.SetSeverity(Sev1, "secret of severity", ada, minute(11)))
	step(i.Resolve(ada, "secret of resolved", minute(30)))
	step(i.Reopen(ada, "secret of reopened", minute(40)))
	step(i.Note(Decision, "secret of decision", ada, minute(41)))
	return i, events
}

// TestWordsOfAChangeAreHidden hides everything that holds a secret. How the incident stands
// and stood is as before; the words are in nothing that people are shown.
func TestWordsOfAChangeAreHidden(t *testing.T) {
	i, events := wordy(t)
	was := i
	for _, e := range slices.Clone(events) {
		if !strings.Contains(e.Text, "secret") {
			continue
		}
		c, err := i.Hide(Entries(events), e.Seq, "a customer's name", bob, minute(50))
		i = does(t, c, err)
		events = append(events, c.Events...)
		if _, err := i.Hide(Entries(events), e.Seq, "again", bob, minute(51)); err == nil {
			t.Errorf("%s was hidden twice", e.Kind)
		}
	}
	if i.Status != was.Status || i.Severity != was.Severity || len(i.Impact) != len(was.Impact) {
		t.Errorf("hiding words led to %s, %s, %v", i.Status, i.Severity, i.Impact)
	}
	w := Wording{Actor: func(a Actor) string { return string(a) }}
	for _, n := range Shown(Entries(events)) {
		if line := w.Line(n.Event); strings.Contains(line, "secret") {
			t.Errorf("shown: %s", line)
		}
	}
	for _, e := range Readable(events) {
		if strings.Contains(e.Text+e.Undo, "secret") {
			t.Errorf("%s has its words yet: %q", e.Kind, e.Text)
		}
	}
	if r := i.ReliefOf(events); len(r.Undo) > 0 {
		t.Errorf("the hand-over tells how it is undone: %q", r.Undo)
	}
	if h := i.HandoverOf(events, minute(52)); len(h.Decisions) > 0 || len(h.Doing) > 0 {
		t.Errorf("the brief for a new commander has %v", h)
	}
	kinds := func(list []Event) (k []Kind) {
		for _, e := range list {
			if e.stays() && !e.Edits() {
				k = append(k, e.Kind)
			}
		}
		return k
	}
	if got, want := kinds(Readable(events)), kinds(events); !slices.Equal(got, want) {
		t.Errorf("the changes that are shown are %v, want all of them: %v", got, want)
	}
}

// TestWhatStaysIsNotAmended refuses to hide a change of status that has no words, and to
// give one another time.
func TestWhatStaysIsNotAmended(t *testing.T) {
	c, err := opened(t).Mitigating(ada, "", minute(3))
	i := does(t, c, err)
	_, all := wordy(t)
	if _, err := i.Hide(Entries(c.Events), c.Events[len(c.Events)-1].Seq, "x", bob, minute(4)); err == nil {
		t.Error("a change without words was hidden")
	}
	for _, e := range all {
		if _, err := i.Retime(Entries(all), e.Seq, minute(1), "x", bob, minute(50)); err == nil && e.stays() {
			t.Errorf("%s got another time", e.Kind)
		}
	}
}

// TestNoIncidentLeavesNothingTemporary ends a mitigated incident as none: the permanent
// fix that was opened by itself is dropped with it, unless something nearly happened.
func TestNoIncidentLeavesNothingTemporary(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(Incident) (Change, error)
		want string // why it was dropped; empty: it was not
	}{
		"cancelled":   {func(i Incident) (Change, error) { return i.Cancel(ada, "a test", minute(20)) }, "It was no incident."},
		"false alarm": {func(i Incident) (Change, error) { return i.EndAs(FalseAlarm, "the probe was wrong", ada, minute(20)) }, "It was a false alarm."},
		"near miss":   {func(i Incident) (Change, error) { return i.EndAs(NearMiss, "nobody was hit", ada, minute(20)) }, ""},
	} {
		change, err := opened(t).Mitigate(ada, "rollback", "payments", minute(9))
		i := does(t, change, err)
		change, err = i.OpenFollowUp(FollowUp{Title: "mend the probe"}, ada, minute(10))
		i = does(t, change, err)
		change, err = c.end(i)
		i = does(t, change, err)
		f := i.FollowUps[0]
		if f.Open() != (c.want == "") || f.Outcome != c.want {
			t.Errorf("%s: the permanent fix is %s because of %q, want %q", name, f.StateWords(), f.Outcome, c.want)
		}
		if !i.FollowUps[1].Open() {
			t.Errorf("%s: what somebody asked for was dropped", name)
		}
		if change, err = i.Reopen(ada, "it is one", minute(30)); err != nil {
			t.Fatal(err)
		}
		change, err = change.Incident.Mitigate(ada, "restart", "payments", minute(40))
		if n := len(open(does(t, change, err))); n != 2 {
			t.Errorf("%s, reopened and mitigated: %d follow-ups are open, want the fix and the task", name, n)
		}
	}
}

// TestOnlyWhatWasOverIsBack presses "It is back" in each status.
func TestOnlyWhatWasOverIsBack(t *testing.T) {
	for _, i := range inStatus(t) {
		c, err := i.Back(ada, "errors are rising", minute(60))
		if i.Status == Mitigated {
			if got := does(t, c, err); got.Status != Investigating || len(got.Impact) != 2 {
				t.Errorf("mitigated and back: %s, impact %v", got.Status, got.Impact)
			}
			continue
		}
		r, refused := errors.AsType[*Refusal](err)
		if !refused || r.Next == "" || !strings.Contains(r.Why, i.Name()) {
			t.Errorf("%s: back gave %v", i.Status, err)
		}
	}
}

// TestNobodyHitStaysSo goes on after somebody said that nobody was hit: that stands until
// it was over and is back.
func TestNobodyHitStaysSo(t *testing.T) {
	c, err := opened(t).SetImpact(ImpactSaid{None: true}, ada, minute(2))
	i := does(t, c, err)
	for _, step := range []func(Incident) (Change, error){
		func(i Incident) (Change, error) { return i.Investigate(ada, "", minute(3)) },
		func(i Incident) (Change, error) { return i.Mitigating(ada, "", minute(4)) },
		func(i Incident) (Change, error) { return i.Investigate(ada, "", minute(5)) },
		func(i Incident) (Change, error) { return i.Mitigate(ada, "rollback", "", minute(6)) },
	} {
		c, err = step(i)
		if i = does(t, c, err); !i.ImpactNone() {
			t.Fatalf("%s: the impact is %v, want none", i.Status, i.Impact)
		}
	}
	c, err = i.Back(ada, "errors are rising", minute(9))
	if i = does(t, c, err); len(i.Impact) != 1 || !i.Impact[0].Start.Equal(minute(9)) {
		t.Errorf("back: the impact is %v, want from then on", i.Impact)
	}
}

// TestOverSince says when it stopped hurting, whichever way.
func TestOverSince(t *testing.T) {
	at := func(k Kind, n int) Event { return Event{Kind: k, At: minute(n)} }
	for name, c := range map[string]struct {
		events []Event
		want   time.Time
	}{
		"open":              {[]Event{at(KindDeclared, 0)}, time.Time{}},
		"mitigated":         {[]Event{at(KindDeclared, 0), at(KindMitigated, 5), at(KindResolved, 9)}, minute(5)},
		"back and resolved": {[]Event{at(KindDeclared, 0), at(KindMitigated, 5), at(KindInvestigate, 6), at(KindResolved, 9)}, minute(9)},
		"cancelled":         {[]Event{at(KindDeclared, 0), at(KindCancelled, 7)}, minute(7)},
		"back, cancelled":   {[]Event{at(KindDeclared, 0), at(KindMitigated, 5), at(KindReopened, 6), at(KindCancelled, 7)}, minute(7)},
		"reopened":          {[]Event{at(KindDeclared, 0), at(KindCancelled, 7), at(KindReopened, 8)}, time.Time{}},
	} {
		if got := OverSince(c.events); !got.Equal(c.want) {
			t.Errorf("%s: over since %v, want %v", name, got, c.want)
		}
	}
}

// TestImpactOfACancelledIncidentEnds says since when somebody was hit after all.
func TestImpactOfACancelledIncidentEnds(t *testing.T) {
	c, err := opened(t).EndAs(NearMiss, "nobody was hit", ada, minute(20))
	i := does(t, c, err)
	c, err = i.SetImpact(ImpactSaid{Since: minute(-5), Over: minute(20)}, ada, minute(900))
	if i = does(t, c, err); len(i.Impact) != 1 || !i.Impact[0].End.Equal(minute(20)) {
		t.Errorf("the impact is %v, want until it was cancelled", i.Impact)
	}
}

// TestReasonsForWhatIsOver says of an incident that was none, and of a part, why nobody
// asks for a reason.
func TestReasonsForWhatIsOver(t *testing.T) {
	for _, i := range inStatus(t) {
		for what, do := range map[string]func(string, Actor, time.Time) (Change, error){
			"waive": i.Waive, "accept": i.AcceptMiss, "no-follow-ups": i.NeedsNoFollowUp,
		} {
			_, err := do("the provider", ada, minute(90))
			switch r, _ := errors.AsType[*Refusal](err); {
			case i.Status == Merged && (r == nil || !strings.Contains(r.Why, "belongs there")):
				t.Errorf("%s of a part: %v", what, err)
			case i.Status == Cancelled && (r == nil || strings.Contains(r.Why, "there.") || !strings.Contains(r.Why, "is cancelled; ")):
				t.Errorf("%s of no incident: %v", what, err)
			case i.Status != Merged && i.Status != Cancelled && err != nil:
				t.Errorf("%s of what is %s: %v", what, i.Status, err)
			}
		}
	}
}
