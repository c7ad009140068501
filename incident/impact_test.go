package incident

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestSetImpact corrects the impact in every state.
func TestSetImpact(t *testing.T) {
	at := func(clock string) time.Time {
		v, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 11, 29, v.Hour(), v.Minute(), 0, 0, time.UTC)
	}
	// declared 14:00, mitigated 14:30, back 15:00, mitigated 15:20
	steps := []func(Incident) (Change, error){
		func(i Incident) (Change, error) { return i.MitigateBy(ada, Mitigation{How: Restart}, at("14:30")) },
		func(i Incident) (Change, error) { return i.Reopen(ada, "it is back", at("15:00")) },
		func(i Incident) (Change, error) { return i.MitigateBy(ada, Mitigation{How: Restart}, at("15:20")) },
	}
	for _, c := range []struct {
		name  string
		after int
		said  ImpactSaid
		want  string // the intervals, or what a refusal says
	}{
		{"it began before", 0, ImpactSaid{Since: at("11:15")}, "11:15-"},
		{"not to come", 0, ImpactSaid{Since: at("17:00")}, "still to come"},
		{"over while it hurts", 0, ImpactSaid{Until: at("14:10")}, "customers are still hit"},
		{"nobody while it hurts", 0, ImpactSaid{None: true}, "none"},
		{"over earlier", 1, ImpactSaid{Until: at("14:20")}, "14:00-14:20"},
		{"both", 1, ImpactSaid{Since: at("13:00"), Until: at("13:30")}, "13:00-13:30"},
		{"over before it began", 1, ImpactSaid{Until: at("13:30")}, "before it began"},
		{"the first of two", 3, ImpactSaid{Since: at("13:00")}, "13:00-14:30 15:00-15:20"},
		{"the last of two", 3, ImpactSaid{Until: at("15:10")}, "14:00-14:30 15:00-15:10"},
		{"since after the first was over", 3, ImpactSaid{Since: at("14:45")}, "before it began"},
		{"until before it came back", 3, ImpactSaid{Until: at("14:50")}, "before it began"},
		{"nobody and since", 1, ImpactSaid{None: true, Since: at("13:00")}, "Nobody was hit, or"},
		{"only whom", 1, ImpactSaid{Hit: &Hit{Who: []Audience{Partners, Customers}, Count: 1200, Source: "orders"}}, "14:00-14:30 customers and partners, about 1,200 (orders)"},
		{"nobody and somebody", 1, ImpactSaid{None: true, Hit: &Hit{Who: []Audience{Customers}}}, "Nobody was hit, or"},
		{"nobody who can be hit", 1, ImpactSaid{Hit: &Hit{Who: []Audience{"cats"}}}, "cats"},
		{"fewer than none", 1, ImpactSaid{Hit: &Hit{Count: -1}}, "no number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			change, err := Declare(1, Declaration{Title: "card payments fail", Severity: Sev1}, ada, at("14:00"))
			if err != nil {
				t.Fatal(err)
			}
			i := change.Incident
			for _, step := range steps[:c.after] {
				if change, err = step(i); err != nil {
					t.Fatal(err)
				}
				i = change.Incident
			}
			change, err = i.SetImpact(c.said, bob, at("16:00"))
			if r, refused := errors.AsType[*Refusal](err); refused {
				if !strings.Contains(r.Why, c.want) {
					t.Errorf("refused with %q, want %q", r.Why, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := intervals(change.Incident); got != c.want {
				t.Errorf("SetImpact() = %s, want %s", got, c.want)
			}
		})
	}
}

func intervals(i Incident) string {
	if i.ImpactNone() {
		return "none"
	}
	var list []string
	for _, v := range i.Impact {
		s := v.Start.Format("15:04") + "-"
		if !v.End.IsZero() {
			s += v.End.Format("15:04")
		}
		list = append(list, s)
	}
	if hit := i.Hit.Words(); hit != "" {
		list = append(list, hit)
	}
	return strings.Join(list, " ")
}

// TestImpactNoneEndsTheClock: while nobody is hit nothing is promised, and what comes back is.
func TestImpactNoneEndsTheClock(t *testing.T) {
	now := time.Date(2026, 11, 29, 14, 0, 0, 0, time.UTC)
	c, err := Declare(1, Declaration{Title: "card payments fail", Severity: Sev1}, ada, now)
	if err != nil {
		t.Fatal(err)
	}
	events := c.Events
	next := func(c Change, err error) Incident {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, c.Events...)
		return c.Incident
	}
	terms := func(Severity) Targets {
		return Targets{Acknowledge: 5 * time.Minute, First: 15 * time.Minute, Update: 30 * time.Minute, Restore: time.Hour}
	}
	i := next(c.Incident.Acknowledge(ada, now.Add(time.Minute)))
	i = next(i.SetImpact(ImpactSaid{None: true}, ada, now.Add(2*time.Minute)))
	if d, runs := PromisesOf(events, terms).Next(); runs {
		t.Errorf("while nobody is hit, %s is due at %s", d.Promise, d.Due)
	}
	if !strings.Contains(i.Draft("Checkout", 0, now.Add(3*time.Minute)), "Nobody is affected.") {
		t.Errorf("the draft is %q", i.Draft("Checkout", 0, now.Add(3*time.Minute)))
	}
	i = next(i.MitigateBy(ada, Mitigation{How: Fix}, now.Add(4*time.Minute)))
	i = next(i.Reopen(ada, "now it hurts", now.Add(10*time.Minute)))
	if got := intervals(i); got != "14:10-" {
		t.Errorf("after it came back the impact is %s", got)
	}
	if _, runs := PromisesOf(events, terms).Next(); !runs {
		t.Error("nothing is promised though it hurts again")
	}
}

// TestNobodyAndThenSomebody: that nobody was hit forgets whom somebody had counted before, and
// who is hit after all was so at some time. Neither says the opposite of the other.
func TestNobodyAndThenSomebody(t *testing.T) {
	h := historyOf(t, Sev1)
	hit := Hit{Who: []Audience{Customers}, Count: 120}
	say := func(s ImpactSaid, at int) string {
		t.Helper()
		h.does(h.i.SetImpact(s, bob, minute(at)))
		return Wording{}.Line(h.events[len(h.events)-1])
	}
	say(ImpactSaid{Hit: &hit}, 5)
	if line := say(ImpactSaid{None: true}, 6); h.i.Hit.Known() || strings.Contains(line, "customers") {
		t.Errorf("nobody is hit, and %q are: %s", h.i.Hit.Words(), line)
	}
	if line := say(ImpactSaid{Hit: &hit}, 7); intervals(h.i) != h.i.Declared.Format("15:04")+"- customers, about 120" || strings.Contains(line, "nobody") {
		t.Errorf("customers are hit after all, and the impact is %s: %s", intervals(h.i), line)
	}
	say(ImpactSaid{None: true}, 8)
	h.does(h.i.MitigateBy(ada, Mitigation{How: Rollback}, minute(10)))
	if say(ImpactSaid{Hit: &hit, Over: OverSince(h.events)}, 12); h.i.Hurting(minute(20)) != 10*time.Minute {
		t.Errorf("customers were hit for %s, want 10 minutes", h.i.Hurting(minute(20)))
	}
}

// TestImpactAfterAllStartsTheClock: who is hit after all is told how it goes on.
func TestImpactAfterAllStartsTheClock(t *testing.T) {
	h := historyOf(t, Sev1)
	h.does(h.i.SetImpact(ImpactSaid{None: true}, bob, minute(5)))
	if p := PromisesOf(h.events, usual); p.Update.Runs() {
		t.Fatalf("nobody is hit, and an update is due at %s", p.Update.Due)
	}
	h.does(h.i.SetImpact(ImpactSaid{Since: minute(0)}, bob, minute(7)))
	if p := PromisesOf(h.events, usual); !p.Update.Runs() || !p.Restore.Runs() {
		t.Errorf("customers are hit after all, and the promises are %+v", p)
	}
	h.does(h.i.MitigateBy(ada, Mitigation{How: Rollback}, minute(10)))
	h.does(h.i.SetImpact(ImpactSaid{Since: minute(1)}, bob, minute(12)))
	if p := PromisesOf(h.events, usual); p.Update.Runs() {
		t.Errorf("it is mitigated, and an update is due at %s", p.Update.Due)
	}
}
