package incident

import (
	"strings"
	"testing"
)

func withTask(t *testing.T) Incident {
	t.Helper()
	c, err := opened(t).OpenFollowUp(FollowUp{Title: "load the roots weekly", Team: "search"}, ada, minute(1))
	return does(t, c, err)
}

func TestS34DoneTakesALinkOrASentence(t *testing.T) {
	i := withTask(t)
	for _, how := range []string{"", "  ", "\n"} {
		if _, err := i.FinishFollowUp("INC-7-F1", how, ada, minute(2)); !refuses(err) {
			t.Errorf("done with %q: %v, want a refusal", how, err)
		}
	}
	c, err := i.FinishFollowUp("INC-7-F1", "https://git.example/change/431", ada, minute(2))
	i = does(t, c, err)
	f := i.FollowUps[0]
	if f.State != Done || f.Outcome != "https://git.example/change/431" || f.EndedBy != ada || !f.Ended.Equal(minute(2)) {
		t.Errorf("the follow-up is %+v", f)
	}
	if i.Status != Declared {
		t.Errorf("finishing a follow-up made the incident %s", i.Status)
	}
	if _, err := i.FinishFollowUp("INC-7-F1", "again", bob, minute(3)); !refuses(err) || !strings.Contains(err.Error(), "ada") {
		t.Errorf("done twice: %v, want a refusal that names who did it", err)
	}
}

func TestFollowUpIsDecidedAgainst(t *testing.T) {
	i := withTask(t)
	if _, err := i.DropFollowUp("INC-7-F1", " ", ada, minute(2)); !refuses(err) {
		t.Errorf("dropped without a reason: %v, want a refusal", err)
	}
	c, err := i.DropFollowUp("INC-7-F1", "the provider goes in March", ada, minute(2))
	if f := does(t, c, err).FollowUps[0]; f.State != Dropped || f.Outcome != "the provider goes in March" || f.Open() {
		t.Errorf("the follow-up is %+v", f)
	}
	if _, err := i.DropFollowUp("INC-7-F9", "no", ada, minute(2)); !refuses(err) {
		t.Errorf("one that does not exist: %v, want a refusal", err)
	}
}

func TestFollowUpGetsAnotherDateAndOwner(t *testing.T) {
	step := func(c Change, err error) Incident { t.Helper(); return does(t, c, err) }
	i := withTask(t)
	for _, bad := range []func() (Change, error){
		func() (Change, error) { return i.DateFollowUp("INC-7-F1", minute(1), "late", ada, minute(2)) },
		func() (Change, error) { return i.DateFollowUp("INC-7-F1", minute(9999), "", ada, minute(2)) },
	} {
		if _, err := bad(); !refuses(err) {
			t.Errorf("%v, want a refusal", err)
		}
	}
	i = step(i.DateFollowUp("INC-7-F1", minute(9999), "waits for the provider", ada, minute(2)))
	i = step(i.GiveFollowUp("INC-7-F1", bob, "", ada, minute(3)))
	if f := i.FollowUps[0]; !f.Due.Equal(minute(9999)) || f.Owner != bob || f.Team != "search" {
		t.Errorf("the follow-up is %+v", f)
	}
	i = step(i.GiveFollowUp("INC-7-F1", "", "payments", ada, minute(4)))
	if f := i.FollowUps[0]; f.Owner != "" || f.Team != "payments" {
		t.Errorf("the follow-up is %+v", f)
	}
}

func TestParseFollowUp(t *testing.T) {
	for in, want := range map[string]string{
		"INC-4-F1": "INC-4-F1", "inc4f1": "INC-4-F1", "inc-4/f12": "INC-4-F12", " INC-4-F01 ": "INC-4-F1",
		"INC-4": "", "inc-4-fix-it": "", "inc-4-f": "", "4-F1": "", "F1": "", "INC-4-F0": "", "INC-4-F1x": "",
	} {
		if got, _, ok := ParseFollowUp(in); ok != (want != "") || ok && got != want {
			t.Errorf("ParseFollowUp(%q) = %q, %t; want %q", in, got, ok, want)
		}
	}
}
