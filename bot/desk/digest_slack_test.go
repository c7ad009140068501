package desk

import (
	"context"
	"errors"
	"slices"
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
		if err != nil || !next.Digest.Shows(20) || len(next.Digested) > companyNamed+2 { // one is private
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

// fragile refuses one commit, when so many have been let through.
type fragile struct {
	storage.Engine
	refuse *int // 0: none
}

func (e fragile) Commit(ctx context.Context, changes []storage.Change) error {
	if *e.refuse > 0 {
		if *e.refuse--; *e.refuse == 0 {
			return errors.New("no space left")
		}
	}
	return e.Engine.Commit(ctx, changes)
}

// TestNotRungIsOneAct: that a message could not ring, and that its job is done, is
// recorded together or not at all; told again, nothing is recorded twice, however
// many incidents the message is about.
func TestNotRungIsOneAct(t *testing.T) {
	for _, c := range []struct{ incidents, refuse int }{{3, 1}, {3, 3}, {25, 1}, {25, 2}, {25, 3}} {
		inBubble(t, func(x *fixture) {
			t, incidents := x.t, c.incidents
			refuse := 0
			x.wrap = func(e storage.Engine) storage.Engine { return fragile{e, &refuse} }
			x.reopen()
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
				j := x.jobOf(n)
				if err := x.Done(background(), Result{Job: j, Outcome: Outcome{Message: shown.Messages[0], Digest: &shown}}); err != nil {
					t.Fatal(err)
				}
			}
			ring := ledger.Job{}
			_, err = x.Desk.act(background(), byBot, 2, func(w *work) error {
				err := w.job(ledger.Job{Kind: ledger.Digest, Person: page.Person, Digest: page.Digest})
				ring = w.Jobs()[0]
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			failed := func() map[int]int {
				count := map[int]int{}
				for n := 1; n <= incidents; n++ {
					_, events := x.folds(n)
					for _, e := range events {
						if e.Kind == incident.KindPageFailed && e.Via == "slack" {
							count[n]++
						}
					}
				}
				return count
			}
			r := Result{Job: ring, Outcome: Outcome{Failed: "Slack refused it.", Digest: &shown}}
			refuse = c.refuse
			err = x.Done(background(), r)
			if waits, _ := x.wanted(ring); waits != (err != nil) || err == nil && c.refuse == 1 {
				t.Errorf("Done() = %v with commit %d refused, and the job waits: %t", err, c.refuse, waits)
			}
			refuse = 0
			for range 2 {
				if err := x.Done(background(), r); err != nil {
					t.Fatal(err)
				}
			}
			got := failed()
			for n := 2; n <= incidents; n++ {
				if got[n] != 1 {
					t.Errorf("INC-%d has %d failed pages, want one", n, got[n])
				}
			}
			if waits, _ := x.wanted(ring); waits || got[1] != 0 {
				t.Errorf("the job waits: %t; INC-1, which has a message of its own, has %d failed pages", waits, got[1])
			}
		})
	}
}

// TestWithdrawnBeforeShown: a page that is taken back before any message shows it leaves
// nothing behind, and what comes after it is paged all the same.
func TestWithdrawnBeforeShown(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		for range 2 {
			x.declare(incident.Declaration{})
		}
		jobs := x.led.Take()
		x.act(bob, 1, Act{Verb: Cancel, Text: "it was none"})
		x.act(bob, 2, Act{Verb: Cancel, Text: "it was none"})
		for _, j := range jobs {
			if _, err := x.Begin(background(), j, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		left := func(prefix string) (keys []string) {
			x.view(func(key string, _ []byte) {
				if strings.HasPrefix(key, prefix) {
					keys = append(keys, key)
				}
			})
			return keys
		}
		if keys := left("together/"); len(keys) > 0 {
			t.Errorf("left: %v, want nothing: the message has never left", keys)
		}
		x.declare(incident.Declaration{}) // within the minute, so it would join that message
		task, err := x.Begin(background(), x.jobOf(3), time.Now())
		if err != nil || task.Needless || len(task.Digest.Pages) != 1 {
			t.Errorf("the page that follows: %+v, %v; want it in a message of its own number", task.Digest, err)
		}
		x.act(bob, 3, Act{Verb: Cancel, Text: "it was none"})
		x.deliver()
		if keys, complaints := x.tidied(time.Minute, "gather/", "together/"); len(keys) > 0 || len(complaints) > 0 {
			t.Errorf("after a month %v is left, complaints: %v", keys, complaints)
		}
	})
}

// TestJoinedChangesNothing: pages that others hold stay as they are, whichever joins them.
func TestJoinedChangesNothing(t *testing.T) {
	of := func(incidents ...int) (list []DigestEntry) {
		for _, n := range incidents {
			list = append(list, DigestEntry{Incident: n, Job: 10 * n})
		}
		return slices.Grow(list, 4)
	}
	held := of(1, 3, 5)
	later, between, first := joined(held, of(7)[0]), joined(held, of(4)[0]), joined(held, of(0)[0])
	for _, c := range []struct{ got, want []DigestEntry }{
		{held, of(1, 3, 5)}, {later, of(1, 3, 5, 7)}, {between, of(1, 3, 4, 5)}, {first, of(0, 1, 3, 5)}, {joined(nil, of(2)[0]), of(2)},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}
