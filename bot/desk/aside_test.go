package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// aside sets a job aside as the outbox does.
func (x *fixture) aside(j ledger.Job) {
	x.t.Helper()
	if err := x.SetAside(background(), Result{Job: j, Outcome: Outcome{Failed: "the program made a mistake."}}); err != nil {
		x.t.Fatal(err)
	}
}

// waitingOf returns the jobs of a kind that wait.
func (x *fixture) waitingOf(kind ledger.Kind) (list []ledger.Job) {
	x.t.Helper()
	jobs, err := x.led.Unfinished(background())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Kind == kind {
			list = append(list, j)
		}
	}
	return list
}

// TestSetAsideOfADigest: nobody is left unrung because the program cannot write the
// message that was to ring.
func TestSetAsideOfADigest(t *testing.T) {
	for _, kind := range []ledger.Kind{ledger.Digest, ledger.DigestDue} {
		inBubble(t, func(x *fixture) {
			t := x.t
			const incidents = 13
			for range incidents {
				x.declare(incident.Declaration{})
			}
			page := x.jobOf(incidents)
			task, err := x.Begin(background(), page, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			shown := task.Digest.At(ledger.Message{Channel: "D1", TS: "2.2"}).Showing(task.Digested, false)
			for n := 2; n <= incidents; n++ {
				if err := x.Done(background(), Result{Job: x.jobOf(n), Outcome: Outcome{Message: shown.Messages[0], Digest: &shown}}); err != nil {
					t.Fatal(err)
				}
			}
			x.act(ada, 2, Act{Verb: Acknowledge})
			ring := x.waitingOf(ledger.DigestDue)[0]
			if kind == ledger.Digest {
				if err := x.Done(background(), Result{Job: ring}); err != nil {
					t.Fatal(err)
				}
				ring = x.waitingOf(ledger.Digest)[0]
			}
			x.aside(ring)
			for n := 3; n <= incidents; n++ {
				_, events := x.folds(n)
				if !slices.ContainsFunc(events, func(e incident.Event) bool {
					return e.Kind == incident.KindPageFailed && e.Via == "slack" && e.Person == ada
				}) {
					t.Errorf("INC-%d: the escalation does not know that ada was not rung for it", n)
				}
			}
			told := ""
			for _, j := range x.waitingOf(ledger.Alarm) {
				if j.Person == string(ada) {
					told += j.Text
				}
			}
			if !strings.Contains(told, "You are paged about INC-3, INC-4") || strings.Contains(told, "INC-2,") {
				t.Errorf("ada is told %q, want all that she was not rung for and nobody acknowledged", told)
			}
		})
	}
}

// TestSetAsideIsAFailure: what waits for a job hears that it is set aside.
func TestSetAsideIsAFailure(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		page, err := x.TestPages(background(), Caller{Actor: ada}, ada)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range x.waitingOf(ledger.TestPage) {
			x.aside(j)
		}
		got, err := x.TestPageOf(background(), page.ID)
		if err != nil || !got.Over() || got.Methods[0].Result != "failed" || got.Methods[0].Cause != "the program made a mistake." {
			t.Errorf("the test page is %+v, %v; want it over and failed", got, err)
		}

		x.apply(strings.Replace(sampleRoster, "services:", "rotations:\n  - {id: main, team: payments, time_zone: UTC, layers: [{id: l, people: [ada, bob], start: 1999-12-27T09:00, every: {weeks: 1}}]}\nservices:", 1))
		time.Sleep(8 * 24 * time.Hour)
		if err := x.led.Tick(background(), time.Now()); err != nil {
			t.Fatal(err)
		}
		notices := x.waitingOf(ledger.Notice)
		if len(notices) == 0 {
			t.Fatal("no on-call notice waits")
		}
		for _, j := range notices {
			x.aside(j)
			err := x.db.View(background(), func(tx *storage.Tx) error { _, err := oncall.NoticeOf(tx, j); return err })
			if err == nil {
				t.Errorf("the notice %d, which nobody tells any more, is kept for ever", j.Number)
			}
		}
	})
}

// TestSetAsideOfPrompts: the digests that show an incident are refreshed although its
// own messages cannot be.
func TestSetAsideOfPrompts(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		n := x.declare(incident.Declaration{}).Number
		_, err := x.Desk.act(background(), byBot, n, func(w *work) error {
			for d := 1; d <= refreshedAtOnce+2; d++ {
				p := Prompt{V: 1, Message: ledger.Message{Channel: "D1", TS: ledger.Number(d)}, Person: ada, Digest: d}
				if err := w.Save(promptKey(n, p.Message), p); err != nil {
					return err
				}
			}
			return w.refreshPrompts()
		})
		if err != nil {
			t.Fatal(err)
		}
		before := len(x.waitingOf(ledger.Digest))
		x.aside(x.waitingOf(ledger.Prompts)[0])
		if got := len(x.waitingOf(ledger.Digest)); before != refreshedAtOnce || got != refreshedAtOnce+2 {
			t.Errorf("%d digests are refreshed with the act and %d after it, want %d and all %d", before, got, refreshedAtOnce, refreshedAtOnce+2)
		}
	})
}
