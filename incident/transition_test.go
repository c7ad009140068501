package incident

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	eve = Actor("slack:U0EVE")
	ada = Actor("person:ada")
	bob = Actor("person:bob")
	mon = Actor("alert:monitor")
)

var start = time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)

// minute returns the n-th minute after the start.
func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

// does returns what a change led to; it must not be refused.
func does(t *testing.T, c Change, err error) Incident {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return c.Incident
}

// opened is an incident that was just declared.
func opened(t *testing.T) Incident {
	t.Helper()
	c, err := Declare(7, Declaration{Title: "Checkout is slow", Service: "checkout"}, eve, start)
	return does(t, c, err)
}

// inStatus returns an incident for each status, in the order of a life; ada is
// on every one but the first.
func inStatus(t *testing.T) []Incident {
	t.Helper()
	step := func(c Change, err error) Incident { return does(t, c, err) }
	declared := opened(t)
	acked := step(declared.Acknowledge(ada, minute(2)))
	mitigating := step(acked.Mitigating(ada, "", minute(5)))
	mitigated := step(mitigating.Mitigate(ada, "rollback", "payments", minute(9)))
	resolved := step(mitigated.Resolve(ada, "", minute(30)))
	return []Incident{
		declared, acked, mitigating, mitigated, resolved,
		step(resolved.Close(ada, "", minute(40))),
		step(acked.Cancel(ada, "a false alarm", minute(6))),
		step(acked.Merge(Incident{Number: 3}, "", ada, minute(6))),
	}
}

// acts are all transitions, done by bob, who is in no role.
var acts = []struct {
	name string
	do   func(i Incident, now time.Time) (Change, error)
}{
	{"ack", func(i Incident, now time.Time) (Change, error) { return i.Acknowledge(bob, now) }},
	{"ack by ada", func(i Incident, now time.Time) (Change, error) { return i.Acknowledge(ada, now) }},
	{"investigate", func(i Incident, now time.Time) (Change, error) { return i.Investigate(bob, "", now) }},
	{"mitigating", func(i Incident, now time.Time) (Change, error) { return i.Mitigating(bob, "", now) }},
	{"mitigate", func(i Incident, now time.Time) (Change, error) { return i.Mitigate(bob, "restart", "search", now) }},
	{"mitigate for good", func(i Incident, now time.Time) (Change, error) { return i.Mitigate(bob, "fixed", "search", now) }},
	{"resolve", func(i Incident, now time.Time) (Change, error) { return i.Resolve(bob, "calm", now) }},
	{"close", func(i Incident, now time.Time) (Change, error) { return i.Close(bob, "", now) }},
	{"reopen", func(i Incident, now time.Time) (Change, error) { return i.Reopen(bob, "it is back", now) }},
	{"reopen by ada", func(i Incident, now time.Time) (Change, error) { return i.Reopen(ada, "it is back", now) }},
	{"reopen without a reason", func(i Incident, now time.Time) (Change, error) { return i.Reopen(bob, " \u200b ", now) }},
	{"cancel", func(i Incident, now time.Time) (Change, error) { return i.Cancel(bob, "", now) }},
	{"merge", func(i Incident, now time.Time) (Change, error) { return i.Merge(Incident{Number: 4}, "", bob, now) }},
	{"merge into itself", func(i Incident, now time.Time) (Change, error) { return i.Merge(Incident{Number: 7}, "", bob, now) }},
	{"note", func(i Incident, now time.Time) (Change, error) { return i.Note("", "what: 500s", bob, now) }},
	{"empty note", func(i Incident, now time.Time) (Change, error) { return i.Note("", "\n", bob, now) }},
	{"sev 1", func(i Incident, now time.Time) (Change, error) { return i.SetSeverity(Sev1, "worse", bob, now) }},
	{"sev 2", func(i Incident, now time.Time) (Change, error) { return i.SetSeverity(Sev2, "", bob, now) }},
	{"sev 3", func(i Incident, now time.Time) (Change, error) { return i.SetSeverity(Sev3, "", bob, now) }},
	{"sev 9", func(i Incident, now time.Time) (Change, error) { return i.SetSeverity(9, "", bob, now) }},
	{"rename", func(i Incident, now time.Time) (Change, error) { return i.Rename("Checkout is down", bob, now) }},
	{"rename to the same", func(i Incident, now time.Time) (Change, error) { return i.Rename(" Checkout  is slow ", bob, now) }},
	{"reroute", func(i Incident, now time.Time) (Change, error) { return i.Reroute("edge", "fine behind it", bob, now) }},
	{"reroute to the same", func(i Incident, now time.Time) (Change, error) { return i.Reroute("checkout", "", bob, now) }},
	{"take command", func(i Incident, now time.Time) (Change, error) { return i.TakeRole(Commander, bob, bob, now) }},
	{"offer command", func(i Incident, now time.Time) (Change, error) { return i.TakeRole(Commander, eve, bob, now) }},
	{"command again", func(i Incident, now time.Time) (Change, error) { return i.TakeRole(Commander, ada, bob, now) }},
	{"respond", func(i Incident, now time.Time) (Change, error) { return i.TakeRole(Responder, eve, bob, now) }},
	{"alert again", func(i Incident, now time.Time) (Change, error) {
		return i.AlertFires(Fires{Title: "slow", Again: 2, Told: true}, mon, now), nil
	}},
	{"another alert", func(i Incident, now time.Time) (Change, error) {
		return i.AlertFires(Fires{Title: "slower", Alerts: 2, Ask: "An alert fires after all were over", Withdraw: true}, mon, now), nil
	}},
	{"alert over", func(i Incident, now time.Time) (Change, error) { return i.AlertCleared("", true, mon, now), nil }},
	{"lapse", func(i Incident, now time.Time) (Change, error) { return i.Lapse(Bot, "No sign of life.", now), nil }},
}

// TestAssumed keeps apart a severity that somebody said and the default.
func TestAssumed(t *testing.T) {
	i := opened(t)
	if i.Severity != DefaultSeverity || i.Said() != 0 {
		t.Errorf("declared without a severity: %v, said %d; want the default, said by nobody", i.Severity, i.Said())
	}
	c, err := i.SetSeverity(Sev3, "", bob, minute(1))
	if i := does(t, c, err); i.Said() != Sev3 {
		t.Errorf("set to sev3: said %d", i.Said())
	}
	c, err = Declare(8, Declaration{Title: "Checkout is slow", Severity: DefaultSeverity}, eve, start)
	if i := does(t, c, err); i.Said() != DefaultSeverity {
		t.Errorf("declared as %v: said %d", DefaultSeverity, i.Said())
	}
}

// TestTransitions writes down what every act does in every status.
func TestTransitions(t *testing.T) {
	var b strings.Builder
	for _, i := range inStatus(t) {
		fmt.Fprintf(&b, "%s\n", i.Status)
		for _, act := range acts {
			c, err := act.do(i, minute(60))
			fmt.Fprintf(&b, "  %-24s %s\n", act.name, outcome(i, c, err))
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/transitions.txt", b.String())
}

// outcome says in a line what an act led to.
func outcome(before Incident, c Change, err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return "refused: " + r.Error()
	}
	if err != nil {
		return "error: " + err.Error()
	}
	what := string(c.Incident.Status)
	if c.Incident.Status == before.Status {
		what = "stays"
	}
	if c.Incident.AcknowledgedBy != before.AcknowledgedBy {
		what += ", on it: " + string(c.Incident.AcknowledgedBy)
		if c.Incident.AcknowledgedBy == "" {
			what += "nobody"
		}
	}
	if c.Incident.Asking != before.Asking {
		what += fmt.Sprintf(", asking: %t", c.Incident.Asking)
	}
	var events, effects []string
	for _, e := range c.Events {
		events = append(events, string(e.Kind))
	}
	for _, e := range c.Effects {
		s := string(e.Kind)
		if e.Seq > 0 {
			s += fmt.Sprintf(":%d", e.Seq-before.Events)
		}
		effects = append(effects, s)
	}
	return fmt.Sprintf("%s [%s] → %s", what, strings.Join(events, " "), strings.Join(effects, " "))
}

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

func TestSecondAcknowledgementIsToldWhoWasFirst(t *testing.T) {
	i := opened(t)
	c, err := i.Acknowledge(ada, minute(2))
	i = does(t, c, err)
	_, err = i.Acknowledge(bob, minute(3))
	var r *Refusal
	if !errors.As(err, &r) || r.Who != ada || !r.When.Equal(minute(2)) {
		t.Fatalf("second Acknowledge = %v, want a refusal that names ada at %s", err, minute(2))
	}
	if got, want := r.Text("<@U0ADA>", "03:06"), "INC-7 is already acknowledged by <@U0ADA> (03:06). To help, say so in its channel."; got != want {
		t.Errorf("Text = %q, want %q", got, want)
	}
}

// TestAcknowledgedSinceIsTheHolders keeps the first acknowledgement, which the
// agreement counts, apart from the one that holds now.
func TestAcknowledgedSinceIsTheHolders(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := step(opened(t).Acknowledge(ada, minute(2)))
	i = step(i.Reroute("edge", "not ours", ada, minute(4)))
	if i.Reroutes != 1 || len(i.Roles) != 0 {
		t.Errorf("rerouted %d times, roles %+v; want once, and ada free of those that she got by acknowledging", i.Reroutes, i.Roles)
	}
	if i.Acked() || i.Status != Declared {
		t.Errorf("after the reroute: acknowledged by %q, %s; want nobody, declared", i.AcknowledgedBy, i.Status)
	}
	i = step(i.Acknowledge(bob, minute(9)))
	if i.AcknowledgedBy != bob || !i.Since.Equal(minute(9)) || !i.Acknowledged.Equal(minute(2)) {
		t.Errorf("on it: %s since %s, first %s; want bob since %s, first %s",
			i.AcknowledgedBy, i.Since, i.Acknowledged, minute(9), minute(2))
	}
	if i.Holder(Commander) != bob {
		t.Errorf("commander = %s, want bob", i.Holder(Commander))
	}
	i = step(i.TakeRole(Commander, ada, ada, minute(10)))
	i = step(i.Reroute("search", "neither", bob, minute(11)))
	if i.Holder(Commander) != ada {
		t.Errorf("commander = %s, want ada still: she took command by herself", i.Holder(Commander))
	}
}

// TestLapseIsEndedByAnybody keeps whoever was on it until somebody answers.
func TestLapseIsEndedByAnybody(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	for _, by := range []Actor{ada, bob} {
		i := step(opened(t).Acknowledge(ada, minute(2)))
		i = i.Lapse(Bot, "Nothing was heard.", minute(30)).Incident
		if i.Acked() || i.AcknowledgedBy != ada {
			t.Errorf("after the lapse: acknowledged %t, by %s; want not, by ada", i.Acked(), i.AcknowledgedBy)
		}
		i = step(i.Acknowledge(by, minute(31)))
		if !i.Acked() || i.AcknowledgedBy != by || !i.Since.Equal(minute(31)) {
			t.Errorf("acknowledged %t, by %s since %s; want by %s since %s", i.Acked(), i.AcknowledgedBy, i.Since, by, minute(31))
		}
	}
}

func TestImpactCountsAgainFromReopening(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := step(opened(t).Mitigate(ada, "restart", "", minute(10)))
	i = step(i.Resolve(ada, "", minute(20)))
	i = step(i.Reopen(bob, "back", minute(50)))
	i = step(i.Mitigate(bob, "fixed", "", minute(55)))
	want := []Interval{{start, minute(10)}, {minute(50), minute(55)}}
	if diff := cmp.Diff(want, i.Impact); diff != "" {
		t.Errorf("impact (-want +got):\n%s", diff)
	}
	if got := i.Hurting(minute(99)); got != 15*time.Minute {
		t.Errorf("Hurting = %s, want 15m", got)
	}
	if !i.Mitigated.Equal(minute(10)) || !i.Resolved.Equal(minute(20)) {
		t.Errorf("mitigated %s, resolved %s; want the first mitigation and the last resolution", i.Mitigated, i.Resolved)
	}
	if len(i.FollowUps) != 1 || i.FollowUps[0].ID != "INC-7-F1" {
		t.Errorf("follow-ups = %v, want one, for the restart", i.FollowUps)
	}
}

func TestFollowUpIsDueBySeverity(t *testing.T) {
	for sev, days := range map[Severity]int{Sev1: 15, Sev2: 30, Sev3: 60, Sev4: 90} {
		c, err := Declare(1, Declaration{Title: "x is slow", Severity: sev}, eve, start)
		i := does(t, c, err)
		c, err = i.Mitigate(ada, "rolled back", "search", minute(1))
		i = does(t, c, err)
		f := i.FollowUps[0]
		if want := minute(1).AddDate(0, 0, days); !f.Due.Equal(want) || f.Team != "search" {
			t.Errorf("%s: follow-up for %s due %s, want search %s", sev, f.Team, f.Due, want)
		}
	}
}

func TestDeclareKeepsAllThatWasTyped(t *testing.T) {
	long := strings.Repeat("word ", 60)
	c, err := Declare(1, Declaration{Title: long, Details: "seen since noon"}, eve, start)
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, e := range c.Events {
		if e.Kind == KindNote {
			notes = append(notes, e.Text)
		}
	}
	if want := []string{strings.TrimSpace(long), "seen since noon"}; !cmp.Equal(notes, want) {
		t.Errorf("notes = %q, want %q", notes, want)
	}
	if !strings.HasSuffix(c.Incident.Title, "…") {
		t.Errorf("title = %q, want it cut", c.Incident.Title)
	}
}

func TestDeclareRefusesWhatCannotBeSeen(t *testing.T) {
	for _, title := range []string{"", "   ", "\u200b\u200b", "\u202e", "\u0301", "\x00\n"} {
		if _, err := Declare(1, Declaration{Title: title}, eve, start); err == nil {
			t.Errorf("Declare(%q) was taken, want a refusal", title)
		}
	}
}

func TestPrivateIsSeenByThoseInvolved(t *testing.T) {
	c, err := Declare(1, Declaration{Title: "keys leaked", Private: true}, eve, start)
	i := does(t, c, err)
	i = i.Record(minute(1), Event{Kind: KindPaged, Person: ada, Via: "slack"}).Incident
	i = i.Record(minute(2), Event{Kind: KindStep, Calls: []Actor{"person:cleo"}}).Incident
	for who, want := range map[Actor]bool{eve: true, ada: true, "person:cleo": true, bob: false, mon: false} {
		if got := i.Sees(who); got != want {
			t.Errorf("Sees(%s) = %t, want %t", who, got, want)
		}
	}
}

// TestFoldRefuses is about timelines that cannot be true.
func TestFoldRefuses(t *testing.T) {
	declared := Event{Seq: 1, At: start, By: eve, Kind: KindDeclared, Title: "x"}
	for name, events := range map[string][]Event{
		"nothing":         nil,
		"no declaration":  {{Seq: 1, Kind: KindNote}},
		"a hole":          {declared, {Seq: 3, Kind: KindNote}},
		"a number twice":  {declared, {Seq: 1, Kind: KindNote}},
		"begins with two": {{Seq: 2, Kind: KindDeclared}},
	} {
		if i, err := Fold(7, events); err == nil {
			t.Errorf("Fold of a timeline with %s = %+v, want an error", name, i)
		}
	}
}
