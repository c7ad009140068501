package desk

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// TestQuiet: what joins a message is shown by an edit only while a ring is to
// come, and a clock that was set back does not put that off.
func TestQuiet(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stands := Together{Until: until, Messages: []Message{{Channel: "D1", TS: "1.1"}}}
	for _, c := range []struct {
		name string
		t    Together
		now  time.Time
		want bool
	}{
		{"within the minute", stands, until.Add(-time.Minute), true},
		{"at its end", stands, until, false},
		{"after it", stands, until.Add(time.Second), false},
		{"the clock was set back", stands, until.Add(-time.Hour), false},
		{"it stands nowhere yet", Together{Until: until}, until.Add(-time.Second), false},
	} {
		if got := c.t.Quiet(c.now); got != c.want {
			t.Errorf("%s: Quiet = %t, want %t", c.name, got, c.want)
		}
	}
}

// TestTogetherIsMerged: what a slower job has to say of a message takes nothing
// back of what was recorded meanwhile.
func TestTogetherIsMerged(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for range 3 {
			x.declare(incident.Declaration{})
		}
		page := x.jobOf(3)
		first, briefs, err := x.Together(background(), page)
		if err != nil || len(first.Pages) != 2 {
			t.Fatalf("Together = %+v, %v, want two pages", first, err)
		}
		shown := first.At(Message{"D1", "2.2"}).Showing(briefs, true)
		if err := x.Done(background(), page, Outcome{Message: Message{"D1", "2.2"}, Together: &shown}); err != nil {
			t.Fatal(err)
		}
		stray := first.At(Message{"D1", "1.1"}) // read before that, done after
		err = x.db.Update(background(), func(tx *storage.Tx) error {
			w := &work{d: x.Desk, tx: tx, now: instant(), who: x.people.Load()}
			if err := w.open(3); err != nil {
				return err
			}
			return w.keepTogether(page, stray)
		})
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := x.Together(background(), page)
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
func (x *fixture) jobOf(n int) Job {
	x.t.Helper()
	jobs, err := x.Unfinished(background())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Incident == n && j.Kind == JobPage && j.Via == "slack" {
			return j
		}
	}
	x.t.Fatalf("there is no page about INC-%d among %+v", n, jobs)
	return Job{}
}
