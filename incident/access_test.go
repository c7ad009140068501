package incident

import (
	"fmt"
	"testing"
)

// TestWhoMay holds every deed against everybody there is: the table of the promises,
// written once more by hand.
func TestWhoMay(t *testing.T) {
	far, close := Standing{}, Standing{Near: true}
	guest := Standing{Outsider: true, Near: true}
	operator := Standing{Operator: true}
	people := []struct {
		name string
		Standing
	}{{"somebody far", far}, {"somebody near", close}, {"guest", guest}, {"operator", operator}}
	want := map[Deed][4]Verdict{
		DoRead:       {Allowed, Allowed, Allowed, Allowed},
		DoWork:       {Allowed, Allowed, ForOutsider, Allowed},
		DoDeclare:    {Allowed, Allowed, ForOutsider, Allowed},
		DoLower:      {TooFar, Allowed, ForOutsider, Allowed},
		DoResolve:    {TooFar, Allowed, ForOutsider, Allowed},
		DoClose:      {TooFar, Allowed, ForOutsider, Allowed},
		DoCancel:     {TooFar, Allowed, ForOutsider, Allowed},
		DoMerge:      {TooFar, Allowed, ForOutsider, Allowed},
		DoHide:       {TooFar, Allowed, ForOutsider, Allowed},
		DoSeePrivate: {NotListed, NotListed, ForOutsider, Allowed},
		DoRoster:     {Allowed, Allowed, ForOutsider, Allowed},
		DoOperate:    {NotListed, NotListed, ForOutsider, Allowed},
	}
	for _, d := range Deeds() {
		row, ok := want[d]
		if !ok {
			t.Errorf("%q: the test does not say who may", d)
			continue
		}
		for n, p := range people {
			if got := May(d, p.Standing); got != row[n] {
				t.Errorf("May(%q) of %s = %q, want %q", d, p.name, got, row[n])
			}
		}
	}
	if len(want) != len(Deeds()) {
		t.Errorf("%d deeds have a rule, %d are tested", len(Deeds()), len(want))
	}
	if May("fly", close) != NotListed || May("fly", operator) != Allowed {
		t.Error("a deed without a rule must be the operators'")
	}
}

// TestWhoMayByList holds every right against every word that a configuration can say
// about somebody, near and far.
func TestWhoMayByList(t *testing.T) {
	deeds := map[Right]Deed{DeclareRight: DoDeclare, ManageRight: DoClose, PrivateRight: DoSeePrivate, RosterRight: DoRoster}
	for right, deed := range deeds {
		for _, isNear := range []bool{false, true} {
			nearly := TooFar
			if isNear {
				nearly = Allowed
			}
			byDefault := map[Right]Verdict{DeclareRight: Allowed, ManageRight: nearly, PrivateRight: NotListed, RosterRight: Allowed}[right]
			for listed, want := range map[Listed]Verdict{DefaultHolds: byDefault, Named: Allowed, NotNamed: NotListed, NearOnly: nearly} {
				s := Standing{Near: isNear, Listed: map[Right]Listed{right: listed}}
				name := fmt.Sprintf("%s listed %d, near %t", right, listed, isNear)
				if got := May(deed, s); got != want {
					t.Errorf("May(%q), %s = %q, want %q", deed, name, got, want)
				}
				s.Outsider = true
				if got := May(deed, s); got != ForOutsider {
					t.Errorf("May(%q) of a guest, %s = %q, want %q", deed, name, got, ForOutsider)
				}
				s.Outsider, s.Listed[AdminRight] = false, Named
				if got := May(deed, s); got != Allowed {
					t.Errorf("May(%q) of an admin, %s = %q, want it allowed", deed, name, got)
				}
			}
		}
	}
}
