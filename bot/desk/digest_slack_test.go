package desk

import (
	"strings"
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

// TestShownPageReadsLittle: a page that its message shows already has no more read for
// it than what is said of its company, however many there are.
func TestShownPageReadsLittle(t *testing.T) {
	inBubble(t, func(x *fixture) {
		const incidents = 30
		for n := range incidents {
			x.declare(incident.Declaration{Private: n == 2})
		}
		page := x.jobOf(3)
		task, err := x.Begin(background(), page, time.Now())
		if err != nil || len(task.Digested) != incidents-1 || len(task.Digest.Pages) != incidents-1 {
			t.Fatalf("Begin() = %d incidents of %d pages, %v, want %d", len(task.Digested), len(task.Digest.Pages), err, incidents-1)
		}
		at := ledger.Message{Channel: "D1", TS: "2.2"}
		shown := task.Digest.At(at).Showing(task.Digested, true)
		if err := x.Done(background(), Result{Job: page, Outcome: Outcome{Message: at, Digest: &shown}}); err != nil {
			t.Fatal(err)
		}
		next, err := x.Begin(background(), x.jobOf(20), time.Now())
		if err != nil || !next.Digest.Shows(20) || len(next.Digested) > namedMost+2 { // one is private
			t.Errorf("Begin() of a page that is shown = %d incidents, %v", len(next.Digested), err)
		}
		if got, want := InOneMessage(next.Digested), InOneMessage(task.Digested); got != want || !strings.Contains(got, "others") {
			t.Errorf("the page is said to be %q, want %q", got, want)
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
