package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// TestQuiet: what joins a message is shown by an edit only while a ring is to
// come, and a clock that was set back does not put that off.
func TestQuiet(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stands := Digest{Until: until, Messages: []ledger.Message{{Channel: "D1", TS: "1.1"}}}
	for _, c := range []struct {
		name string
		t    Digest
		now  time.Time
		want bool
	}{
		{"within the minute", stands, until.Add(-time.Minute), true},
		{"at its end", stands, until, false},
		{"after it", stands, until.Add(time.Second), false},
		{"the clock was set back", stands, until.Add(-time.Hour), false},
		{"it stands nowhere yet", Digest{Until: until}, until.Add(-time.Second), false},
	} {
		if got := c.t.Quiet(c.now); got != c.want {
			t.Errorf("%s: Quiet = %t, want %t", c.name, got, c.want)
		}
	}
}

// TestDigestIsMerged: what a slower job has to say of a message takes nothing
// back of what was recorded meanwhile.
func TestDigestIsMerged(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for range 3 {
			x.declare(incident.Declaration{})
		}
		page := x.jobOf(3)
		task, err := x.Begin(background(), page, time.Now())
		first, briefs := task.Digest, task.Digested
		if err != nil || len(first.Pages) != 2 {
			t.Fatalf("Begin() = %+v, %v, want a digest of two", first, err)
		}
		shown := first.At(ledger.Message{Channel: "D1", TS: "2.2"}).Showing(briefs, true)
		if err := x.Done(background(), Result{Job: page, Outcome: Outcome{Message: ledger.Message{Channel: "D1", TS: "2.2"}, Digest: &shown}}); err != nil {
			t.Fatal(err)
		}
		stray := first.At(ledger.Message{Channel: "D1", TS: "1.1"}) // read before that, done after
		_, err = x.Desk.act(background(), byBot, 3, func(w *work) error { return w.keepDigest(page, stray) })
		if err != nil {
			t.Fatal(err)
		}
		var got Digest
		err = x.db.View(background(), func(tx *storage.Tx) (err error) {
			got, err = loadDigest(tx, page)
			return err
		})
		if err != nil || len(got.Messages) != 2 {
			t.Errorf("the message stands at %v, %v, want both places", got.Messages, err)
		}
		for _, p := range got.Pages {
			if p.Shown == 0 || !p.Rung {
				t.Errorf("the page %+v is not shown any more, or not rung for", p)
			}
		}
	})
}

// jobOf returns the page about an incident that has not left.
func (x *fixture) jobOf(n int) ledger.Job {
	x.t.Helper()
	jobs, err := x.led.Unfinished(background())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Incident == n && j.Kind == ledger.Notify && j.Via == "slack" {
			return j
		}
	}
	x.t.Fatalf("there is no page about INC-%d among %+v", n, jobs)
	return ledger.Job{}
}
