package desk

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// slowEngine lets each commit take a while, during which everybody reads the state
// before it.
type slowEngine struct {
	storage.Engine
	delay *time.Duration
}

func (e slowEngine) Commit(ctx context.Context, changes []storage.Change) error {
	time.Sleep(*e.delay)
	return e.Engine.Commit(ctx, changes)
}

// slow makes the commits of x take a while from now on.
func (x *fixture) slow() *time.Duration {
	delay := new(time.Duration)
	x.wrap = func(e storage.Engine) storage.Engine { return slowEngine{e, delay} }
	x.reopen()
	return delay
}

// TestBeginWhileItIsReopened: a job that was taken back, and is wanted again before
// that could be recorded, is carried out.
func TestBeginWhileItIsReopened(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		delay := x.slow()
		n := x.declare(incident.Declaration{}).Number
		x.deliver()
		if _, err := x.Page(x.t.Context(), Caller{Actor: eve}, n, Call{People: []incident.Actor{bob}, Text: "come"}); err != nil {
			t.Fatal(err)
		}
		jobs := x.led.Take()
		at := slices.IndexFunc(jobs, func(j ledger.Job) bool { return j.Kind == ledger.Notify && j.Text != "" })
		x.act(eve, n, Act{Verb: Resolve, Text: "over", How: "it stopped"})
		*delay = time.Second
		x.reopens(n)
		time.Sleep(time.Millisecond) // that commit is under way
		task, err := x.Begin(x.t.Context(), jobs[at], time.Now())
		if err != nil || task.Needless {
			t.Errorf("Begin() = needless %t, %v; want the page, which is wanted again", task.Needless, err)
		}
	})
}

// TestTidyWhileItIsReopened: what an open incident needs is not removed because it
// was over when somebody looked.
func TestTidyWhileItIsReopened(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		delay := x.slow()
		n := x.declare(incident.Declaration{}).Number
		x.deliver()
		x.act(eve, n, Act{Verb: Cancel, Text: "it was none"})
		x.deliver()
		time.Sleep(keepTidied + time.Hour)
		*delay = time.Second
		x.reopens(n)
		time.Sleep(time.Millisecond) // that commit is under way
		if err := x.tidy(x.t.Context(), "tidy", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		if _, planned := x.planned(escalationName(n)); !planned {
			t.Error("the escalation of the reopened incident is not looked at any more: nobody else is paged")
		}
	})
}

// planned returns when a name is looked at.
func (x *fixture) planned(name string) (at time.Time, ok bool) {
	x.t.Helper()
	err := x.db.View(background(), func(tx *storage.Tx) (err error) {
		at, ok, err = ledger.DueIn(tx, name)
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return at, ok
}

// TestSetAsideOfAnAlarm: an alarm that the program cannot send is not told of by
// another one, which it could not send either, without an end.
func TestSetAsideOfAnAlarm(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.deliver()
		if err := x.Alarm(x.t.Context(), "something"); err != nil {
			t.Fatal(err)
		}
		for _, j := range x.led.Take() {
			if err := x.SetAside(x.t.Context(), Result{Job: j, Outcome: Outcome{Failed: "the program made a mistake."}}); err != nil {
				t.Fatal(err)
			}
		}
		if jobs := x.led.Take(); len(jobs) > 0 {
			t.Errorf("%+v follows, want nothing", jobs)
		}
	})
}

// TestSetAsideOfAChannel: what does without a channel goes ahead when the program
// cannot make it.
func TestSetAsideOfAChannel(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		n := x.declare(incident.Declaration{}).Number
		for _, j := range x.led.Take() {
			if j.Kind == ledger.Channel {
				if err := x.SetAside(x.t.Context(), Result{Job: j, Outcome: Outcome{Failed: "the program made a mistake."}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		a, err := x.Artifacts(x.t.Context(), n)
		if err != nil || !a.ChannelGivenUp || a.ChannelError == "" {
			t.Errorf("artifacts %+v, %v; want the channel given up, or everything waits for it", a, err)
		}
		x.act(bob, n, Act{Verb: Acknowledge})
		if !slices.ContainsFunc(x.led.Take(), func(j ledger.Job) bool { return j.Kind == ledger.Channel }) {
			t.Error("it is not tried again with the next act")
		}
	})
}

// TestHeldByAClockThatWasSetBack: what was noted by a clock that was ahead holds no
// page back until that time comes again.
func TestHeldByAClockThatWasSetBack(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		n := x.declare(incident.Declaration{}).Number
		x.deliver()
		_, err := x.Desk.act(x.t.Context(), byBot, n, func(w *work) error {
			ahead := w.Now.Add(time.Hour)
			r := digestRecord{V: 1, Window: escalation.Digest{Until: ahead.Add(time.Minute)}, Recent: []time.Time{ahead}}
			return errors.Join(w.Save(methodDigestKey("cleo", "email"), r),
				w.job(ledger.Job{Kind: ledger.Notify, Person: "person:cleo", Via: "email", Send: "x"}))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range x.led.Take() {
			if j.Kind == ledger.Notify && j.NotBefore.After(time.Now().Add(3*time.Minute)) {
				t.Errorf("the page is held until %s, in %s", j.NotBefore, time.Until(j.NotBefore))
			}
		}
	})
}

// reopens has eve reopen an incident, while the test goes on.
func (x *fixture) reopens(n int) {
	go func() {
		if _, err := x.Do(x.t.Context(), Caller{Actor: eve}, n, Act{Verb: Reopen, Text: "it is back"}); err != nil {
			x.t.Errorf("reopen INC-%d: %v", n, err)
		}
	}()
}
