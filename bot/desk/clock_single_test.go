package desk

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// ahead runs f as in a process whose clock is three years ahead, and then comes back: the
// clock is set while the program runs, or the program is started again.
func (x *fixture) ahead(restarts bool, f func(pass func(time.Duration) []string)) (pass func(time.Duration) []string) {
	x.t.Helper()
	x.complain = func(err error) {
		if !errors.Is(err, storage.ErrClosed) { // at the end of the test
			x.t.Errorf("complaint: %v", err)
		}
	}
	if restarts {
		x.led.Wall = func() time.Time { return time.Now().Add(3 * year) }
		f(func(time.Duration) []string { return x.pages() })
		x.reopen()
		_, pass, _ = x.setClock()
		return pass
	}
	set, pass, _ := x.setClock()
	pass(2 * time.Second)
	set(3 * year)
	pass(2 * time.Second)
	f(pass)
	x.pages()
	set(-3 * year)
	if got := pass(12 * time.Second); len(got) > 0 { // it is noticed
		x.t.Errorf("paged %v just because the clock was set back", got)
	}
	return pass
}

// planned is when a name is looked at.
func (x *fixture) lookedAt(name string) (at time.Time, ok bool) {
	x.t.Helper()
	err := x.led.View(background(), func(tx *storage.Tx) (err error) {
		at, ok, err = ledger.DueIn(tx, name)
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return at, ok
}

// reminds has somebody been reminded of a follow-up by a clock that is ahead.
func (x *fixture) reminds(n, k int) {
	x.t.Helper()
	err := x.led.Update(background(), ledger.Request{}, func(t *ledger.Tx) error {
		r, _, err := ledger.Load[followUpRecord](t.Tx, followUpKey(n, k))
		r.Reminded = t.Now
		return errors.Join(err, t.Save(followUpKey(n, k), r), t.Wake(morningName+r.For, r.next(time.UTC)))
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// reviewOf is the post-mortem of an incident that is to come.
func (x *fixture) reviewOf(n int) (r reviewRecord, known bool) {
	x.t.Helper()
	err := x.led.View(background(), func(tx *storage.Tx) (err error) {
		r, known, err = ledger.Load[reviewRecord](tx, reviewKey(n))
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return r, known
}

// TestSinglesAfterClockAhead: what was planned of one incident, one person or one message while
// the clock was years ahead comes when it is due by the clock that is right again, whether that
// was set while the program ran or between two starts.
func TestSinglesAfterClockAhead(t *testing.T) {
	t.Parallel()
	for _, restarts := range []bool{false, true} {
		for name, f := range map[string]func(x *fixture){
			"an escalation goes on": func(x *fixture) {
				pass := x.ahead(restarts, func(pass func(time.Duration) []string) {
					x.declare(incident.Declaration{})
					if got := pass(time.Second); !slices.Contains(got, "ada by slack") {
						x.t.Fatalf("paged %v, want ada", got)
					}
				})
				if got := pass(5*time.Minute + 10*time.Second); len(got) == 0 {
					x.t.Error("nobody was paged when the five minutes of the step were over")
				}
			},
			"a snooze ends": func(x *fixture) {
				pass := x.ahead(restarts, func(pass func(time.Duration) []string) {
					x.declare(incident.Declaration{})
					pass(time.Second)
					if _, err := x.Snooze(background(), Caller{Actor: eve}, 1, time.Hour, ""); err != nil {
						x.t.Fatal(err)
					}
				})
				if got := pass(61 * time.Minute); !slices.Contains(got, "ada by slack") {
					x.t.Errorf("paged %v when the snooze of an hour was over, want ada", got)
				}
			},
			"an update is missed": func(x *fixture) {
				pass := x.ahead(restarts, func(func(time.Duration) []string) {
					x.declare(incident.Declaration{Severity: incident.Sev1})
					x.act(ada, 1, Act{Verb: Acknowledge})
				})
				pass(time.Hour)
				_, events := x.folds(1)
				if !slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindMissed }) {
					x.t.Error("an hour without an update is no miss")
				}
				if at, ok := x.lookedAt(promiseKey(1)); !ok || at.After(time.Now().Add(2*time.Hour)) {
					x.t.Errorf("it is looked at next at %s (%t)", at, ok)
				}
			},
			"a follow-up is reminded of": func(x *fixture) { // it was reminded of while the clock was ahead
				x.declare(incident.Declaration{Severity: incident.Sev2})
				due := time.Now().Add(48 * time.Hour)
				if _, _, err := x.OpenFollowUp(background(), Caller{Actor: ada}, 1, incident.FollowUp{Title: "Make the pool larger", Owner: ada, Due: due}); err != nil {
					x.t.Fatal(err)
				}
				pass := x.ahead(restarts, func(pass func(time.Duration) []string) {
					pass(48 * time.Hour)
					if restarts {
						x.reminds(1, 1)
					}
				})
				pass(2 * time.Second)
				if at, ok := x.lookedAt(morningName + string(ada)); !ok || at.After(time.Now().Add(10*24*time.Hour)) {
					x.t.Errorf("ada is looked at at %s (%t)", at, ok)
				}
			},
			"a post-mortem is asked for": func(x *fixture) {
				pass := x.ahead(restarts, func(func(time.Duration) []string) {
					x.declare(incident.Declaration{Severity: incident.Sev1})
					x.act(ada, 1, Act{Verb: Acknowledge})
					x.act(ada, 1, Act{Verb: Resolve, How: incident.Fix, Text: "a larger pool"})
				})
				pass(2 * time.Second)
				r, known := x.reviewOf(1)
				if !known || r.Since.After(time.Now()) || r.Publish.After(time.Now().Add(30*24*time.Hour)) {
					x.t.Errorf("the post-mortem is %+v, %t", r, known)
				}
				if at, ok := x.lookedAt(morningName + string(r.Writer)); !ok || at.After(time.Now().Add(7*24*time.Hour)) {
					x.t.Errorf("%s is looked at at %s (%t)", r.Writer, at, ok)
				}
			},
			"a link ends": func(x *fixture) {
				var g Grant
				pass := x.ahead(restarts, func(func(time.Duration) []string) {
					x.declare(incident.Declaration{})
					var err error
					if g, err = x.Grant(background(), GrantRequest{Person: ada, Via: "sms", Incidents: []int{1}}); err != nil {
						x.t.Fatal(err)
					}
				})
				pass(2 * time.Second)
				names := x.led.Planned("grant/")
				if len(names) != 1 {
					x.t.Fatalf("planned are %q", names)
				}
				if at, _ := x.lookedAt(names[0]); at.After(time.Now().Add(grantKept)) {
					x.t.Errorf("it is forgotten at %s", at)
				}
				if _, err := x.Offered(background(), g.Token); err != nil {
					x.t.Errorf("the link is good no more: %v", err)
				}
				time.Sleep(grantFor + time.Minute)
				if _, err := x.Offered(background(), g.Token); err == nil {
					x.t.Error("the link is good still")
				}
			},
		} {
			t.Run(fmt.Sprintf("%s, restarts %t", name, restarts), func(t *testing.T) {
				t.Parallel()
				inBubble(t, f)
			})
		}
	}
}
