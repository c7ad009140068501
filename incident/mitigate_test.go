package incident

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseHowNeverGuesses(t *testing.T) {
	for in, want := range map[string]struct {
		how  How
		rest string
	}{
		"": {"", ""}, "rollback": {Rollback, ""}, "Rollback: to 430": {Rollback, "to 430"}, "rolled back": {Rollback, ""},
		"flag": {Flag, ""}, "FLAG : checkout v2 off": {Flag, "checkout v2 off"}, "fix: 431, for good": {Fix, "431, for good"},
		"Fixed!": {Fix, ""}, "restart.": {Restart, ""}, "failover: to b": {Failover, "to b"}, "workaround: cash only": {Workaround, "cash only"},
		// Free words tell nothing.
		"fixed by a restart of the pods":     {"", "fixed by a restart of the pods"},
		"rollback of 431":                    {"", "rollback of 431"},
		"not fixed: still slow":              {"", "not fixed: still slow"},
		"we restarted: it helped":            {"", "we restarted: it helped"},
		"blocked the crawler; a fix follows": {"", "blocked the crawler; a fix follows"},
	} {
		if how, rest := ParseHow(in); how != want.how || rest != want.rest {
			t.Errorf("ParseHow(%q) = %q, %q; want %q, %q", in, how, rest, want.how, want.rest)
		}
	}
}

// open returns the follow-ups of an incident that are still to be done.
func open(i Incident) (list []FollowUp) {
	for _, f := range i.FollowUps {
		if f.Open() {
			list = append(list, f)
		}
	}
	return list
}

func TestS04PermanentFixIsBornByItself(t *testing.T) {
	for _, how := range append([]How{""}, Hows...) {
		for sev, days := range map[Severity]int{Sev1: 15, Sev2: 30, Sev3: 60} {
			c, err := Declare(1, Declaration{Title: "x is slow", Severity: sev}, eve, start)
			i := does(t, c, err)
			c, err = i.MitigateBy(ada, Mitigation{How: how, Team: "search"}, minute(9))
			i = does(t, c, err)
			if how == Fix {
				if len(i.FollowUps) > 0 {
					t.Errorf("%s by a fix: follow-ups %v, want none", sev, i.FollowUps)
				}
				continue
			}
			if len(i.FollowUps) != 1 {
				t.Fatalf("%s by %q: follow-ups %v, want one", sev, how, i.FollowUps)
			}
			f := i.FollowUps[0]
			if want := minute(9).AddDate(0, 0, days); !f.Due.Equal(want) || f.Team != "search" || f.Kind != PermanentFix {
				t.Errorf("%s by %q: %s of %s due %s, want the permanent fix of search %s", sev, how, f.Kind, f.Team, f.Due, want)
			}
			if i.HowAssumed != (how == "") || how == "" && i.How != Workaround {
				t.Errorf("by %q it is %q, assumed %t", how, i.How, i.HowAssumed)
			}
		}
	}
}

func TestFreeWordsAreNoFix(t *testing.T) {
	c, err := opened(t).Mitigate(ada, "fixed by a restart of the pods", "search", minute(9))
	i := does(t, c, err)
	if i.How != Workaround || !i.HowAssumed || len(open(i)) != 1 {
		t.Errorf("how %q, assumed %t, open %v; want a workaround until somebody says how, with its follow-up", i.How, i.HowAssumed, open(i))
	}
	if e := c.Events[len(c.Events)-2]; e.Text != "fixed by a restart of the pods" {
		t.Errorf("the timeline has %q; want all that was said", e.Text)
	}
}

func TestMitigatingAgainCorrects(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := step(opened(t).Mitigate(ada, "", "search", minute(9)))
	at := i.Mitigated

	i = step(i.Mitigate(bob, "rollback: to 430", "search", minute(12)))
	if i.How != Rollback || i.HowAssumed || !i.Mitigated.Equal(at) || i.Status != Mitigated {
		t.Errorf("how %q, assumed %t, since %s; want a rollback since the first time", i.How, i.HowAssumed, i.Mitigated)
	}
	if fs := open(i); len(i.FollowUps) != 1 || len(fs) != 1 || fs[0].Title != "Replace the rollback with a permanent fix" {
		t.Errorf("follow-ups %v; want the first one, about the rollback", i.FollowUps)
	}
	i = step(i.Mitigate(bob, "fix", "search", minute(13)))
	if len(i.FollowUps) != 1 || len(open(i)) != 0 {
		t.Errorf("corrected to a fix: %v is still open", open(i))
	}
	i = step(i.Resolve(bob, "", minute(14)))
	i = step(i.Mitigate(bob, "restart", "search", minute(15)))
	if fs := open(i); len(i.FollowUps) != 1 || len(fs) != 1 || fs[0].ID != "INC-7-F1" || fs[0].Outcome != "" {
		t.Errorf("corrected away from a fix, after it was resolved: %v; want the first one open again", i.FollowUps)
	}
	if i.Status != Resolved {
		t.Errorf("a correction left it %s", i.Status)
	}
	if _, err := i.Mitigate(bob, "restart", "search", minute(16)); !refuses(err) {
		t.Errorf("correcting to the same: %v, want a refusal", err)
	}
	i = step(i.FinishFollowUp("INC-7-F1", "the pool has a limit", bob, minute(17)))
	i = step(i.Mitigate(bob, "flag", "search", minute(18)))
	if len(open(i)) != 0 || len(i.FollowUps) != 1 {
		t.Errorf("a correction opened %v although somebody has finished it", open(i))
	}
}

func TestCorrectingAFixOpensTheFollowUp(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := step(opened(t).Mitigate(ada, "fix", "search", minute(9)))
	i = step(i.Mitigate(ada, "flag: checkout v2 off", "search", minute(10)))
	if fs := open(i); len(fs) != 1 || fs[0].Team != "search" || i.How != Flag {
		t.Errorf("how %q, open %v; want a flag with its follow-up", i.How, fs)
	}
}

// TestSameWordsAgainSayNoHow: words that did not say how it was mitigated do not say it the
// second time either.
func TestSameWordsAgainSayNoHow(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := step(opened(t).Mitigate(ada, "switched provider", "search", minute(9)))
	i = step(i.Mitigate(ada, "switched provider", "search", minute(10)))
	if i.How != Workaround || !i.HowAssumed {
		t.Errorf("by %q, assumed %t; want it assumed still", i.How, i.HowAssumed)
	}
	if _, err := i.Mitigate(ada, "", "search", minute(11)); !refuses(err) {
		t.Errorf("without a word: %v, want a refusal", err)
	}
	if i = step(i.Mitigate(ada, "workaround", "search", minute(12))); i.HowAssumed {
		t.Error("now it is said")
	}
}

func TestResolvedWithoutAWordIsAWorkaround(t *testing.T) {
	c, err := opened(t).ResolveUnsaid(ada, "", "search", minute(9))
	i := does(t, c, err)
	if i.Status != Resolved || i.How != Workaround || !i.HowAssumed || !i.Mitigated.Equal(minute(9)) || len(open(i)) != 1 {
		t.Errorf("%s by %q (assumed %t), mitigated %s, open %v", i.Status, i.How, i.HowAssumed, i.Mitigated, open(i))
	}
}

func TestDrillLeavesNothingToDo(t *testing.T) {
	c, err := Declare(1, Declaration{Title: "x is slow", Test: true}, eve, start)
	i := does(t, c, err)
	c, err = i.Mitigate(ada, "restart", "search", minute(9))
	if i = does(t, c, err); len(i.FollowUps) != 0 {
		t.Errorf("a drill opened %v", i.FollowUps)
	}
}

func TestInvestigatingAgainTakesAReason(t *testing.T) {
	c, err := opened(t).Mitigate(ada, "restart", "", minute(10))
	i := does(t, c, err)
	if _, err := i.Investigate(ada, " ", minute(20)); !refuses(err) {
		t.Errorf("without a reason: %v, want a refusal", err)
	}
	c, err = i.Investigate(ada, "errors are rising again", minute(20))
	i = does(t, c, err)
	if len(i.Impact) != 2 || !i.Impact[1].Start.Equal(minute(20)) || !i.Impact[1].End.IsZero() {
		t.Errorf("impact %v; want a second interval from then on", i.Impact)
	}
}

func refuses(err error) bool {
	var r *Refusal
	return errors.As(err, &r)
}

func TestWatchTime(t *testing.T) {
	for sev, want := range map[Severity]time.Duration{Sev1: time.Hour, Sev2: 30 * time.Minute, Sev3: 15 * time.Minute, Sev4: 0} {
		if got := WatchFor(sev); got != want {
			t.Errorf("%s is watched for %s, want %s", sev, got, want)
		}
	}
}

// TestMoreOfHowIsNoCorrection: words without a kind are not said to have named one.
func TestMoreOfHowIsNoCorrection(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := step(opened(t).Mitigate(ada, "switched provider", "search", minute(9)))
	c, err := i.Mitigate(ada, "and told them", "search", minute(10))
	does(t, c, err)
	said := Wording{}.Sentence(c.Events[0])
	if said.Did != "said more of how it was mitigated" || strings.Join(said.Wrote, "") != "and told them" {
		t.Errorf("the timeline says %q, %q", said.Did, said.Wrote)
	}
}
