package alerts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
)

// answer is what came of a post.
type answer struct {
	taken Taken
	err   error
}

// post posts bodies of one alert each so that all of them wait for the store at the
// same time, in that order, and returns the answers. ctx says whose patience an alert
// has; meanwhile, what happens before the store is free.
func (r *room) post(list []alert.Alert, ctx func(n int) context.Context, meanwhile func()) []answer {
	r.t.Helper()
	free, held := make(chan struct{}), make(chan error, 1)
	go func() { held <- r.db.Update(r.t.Context(), func(*storage.Tx) error { <-free; return nil }) }()
	synctest.Wait()
	answers := make([]answer, len(list))
	done := make(chan struct{})
	for n, in := range list {
		go func() {
			taken, err := r.Take(ctx(n), Key{Name: "prom"}, alert.Body{Alerts: []alert.Alert{in}})
			answers[n] = answer{taken[0], err}
			done <- struct{}{}
		}()
		synctest.Wait()
	}
	meanwhile()
	close(free)
	for range list {
		<-done
	}
	if err := <-held; err != nil && !r.full { // it shares their commit
		r.t.Fatal(err)
	}
	return answers
}

func (r *room) patient(int) context.Context { return r.t.Context() }

func nothing() {}

// TestAlertsThatWaitShareTheirWork: they are one entry of the timeline, as alerts of
// one body are, and each is answered and kept.
func TestAlertsThatWaitShareTheirWork(t *testing.T) {
	inBubble(t, "", func(r *room) {
		var list []alert.Alert
		for n := range 20 {
			list = append(list, firing(fmt.Sprint(n)))
		}
		r.counting()
		for n, got := range r.post(list, r.patient, nothing) {
			want := answer{taken: Taken{Key: fmt.Sprint(n), Incident: 1, Result: alert.Joined, Does: "incident"}}
			if n == 0 {
				want.taken.Result = alert.Opened
			}
			if got != want {
				t.Errorf("answer %d is %+v, want %+v", n, got, want)
			}
		}
		if r.n != 1 {
			t.Errorf("%d commits, want 1", r.n)
		}
		r.tallies(1, 20, 0)
		_, events := r.folds(1)
		joins := 0
		for _, e := range events {
			if e.Kind == incident.KindAlertJoined {
				joins++
			}
		}
		if joins != 1 {
			t.Errorf("%d entries tell of alerts that joined, want 1:\n%s", joins, texts(events))
		}
	})
}

// TestOneThatCannotBeTakenHarmsNoOther: what is kept of it cannot be read.
func TestOneThatCannotBeTakenHarmsNoOther(t *testing.T) {
	inBubble(t, "", func(r *room) {
		r.odd = true
		err := r.db.Update(r.t.Context(), func(tx *storage.Tx) error { return tx.Put(alertKey("prom", "b"), []byte("{")) })
		if err != nil {
			t.Fatal(err)
		}
		r.reopen()
		bad := over("b") // of one that fires it is found before it waits
		for n, got := range r.post([]alert.Alert{firing("a"), bad, firing("c")}, r.patient, nothing) {
			if wrong := n == 1; (got.err != nil) != wrong {
				t.Errorf("answer %d: %+v", n, got)
			}
		}
		r.tallies(1, 2, 0)
		r.folds(1)
	})
}

// TestWhoHasGoneIsNotTaken: callers whose patience ends before their turn, be it the one
// that goes first, harm no other.
func TestWhoHasGoneIsNotTaken(t *testing.T) {
	for _, gone := range [][]int{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}} {
		inBubble(t, "", func(r *room) {
			ctx, cancel := context.WithCancel(r.t.Context())
			whose := func(n int) context.Context {
				if slices.Contains(gone, n) {
					return ctx
				}
				return r.t.Context()
			}
			leave := func() { cancel(); synctest.Wait() }
			for n, got := range r.post([]alert.Alert{firing("a"), firing("b"), firing("c")}, whose, leave) {
				if went := slices.Contains(gone, n); went && !errors.Is(got.err, context.Canceled) || !went && got.err != nil {
					t.Errorf("%v have gone: answer %d: %+v", gone, n, got)
				}
			}
			if len(gone) < 3 {
				r.tallies(1, 3-len(gone), 0)
			}
			if n := len(r.keys("alert/")); n != 3-len(gone) {
				t.Errorf("%v have gone: %d alerts are kept", gone, n)
			}
			// Whoever comes now waits for nobody who has gone.
			for _, got := range r.post([]alert.Alert{firing("d")}, r.patient, nothing) {
				if got.err != nil {
					t.Errorf("%v have gone: the next: %v", gone, got.err)
				}
			}
		})
	}
}

// TestAMistakeBeforeItsTurnHoldsNobodyUp: who goes first panics before it has taken any, while
// others wait behind it.
func TestAMistakeBeforeItsTurnHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	inBubble(t, "", func(r *room) {
		free, held := make(chan struct{}), make(chan error, 1)
		go func() { held <- r.db.Update(r.t.Context(), func(*storage.Tx) error { <-free; return nil }) }()
		synctest.Wait()
		take := func(key string) error {
			ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
			defer cancel()
			_, err := r.Take(ctx, Key{Name: "prom"}, alert.Body{Alerts: []alert.Alert{firing(key)}})
			return err
		}
		broke := false
		r.ledger.Wall = func() time.Time { // is read before the turn, and within it
			if !broke {
				broke = true
				panic("a mistake")
			}
			return time.Now()
		}
		behind := make(chan error, 1)
		go func() {
			defer func() {
				if recover() == nil {
					t.Error("the mistake shows nowhere")
				}
				close(free)
			}()
			_ = take("a")
		}()
		synctest.Wait()
		go func() { behind <- take("b") }()
		if err := <-behind; err != nil {
			t.Errorf("who comes after a mistake: %v", err)
		}
		if err := <-held; err != nil {
			t.Error(err)
		}
		r.tallies(1, 1, 0)
	})
}

// TestMoreWaitThanOneTransactionHolds: each is an incident of its own, of which a
// transaction holds a few.
func TestMoreWaitThanOneTransactionHolds(t *testing.T) {
	inBubble(t, "alerts: {group: {by: [title]}}\n", func(r *room) {
		var list []alert.Alert
		for n := range 40 {
			in := firing(fmt.Sprint(n))
			in.Title = fmt.Sprint("Title ", n)
			list = append(list, in)
		}
		opened := map[int]bool{}
		for n, got := range r.post(list, r.patient, nothing) {
			if got.err != nil || got.taken.Result != alert.Opened || opened[got.taken.Incident] {
				t.Errorf("answer %d: %+v", n, got)
			}
			opened[got.taken.Incident] = true
		}
		if n := len(r.active()); n != len(list) {
			t.Errorf("%d incidents, want %d", n, len(list))
		}
	})
}

// TestAFullDiskFailsAllThatWait: none of them is answered as taken.
func TestAFullDiskFailsAllThatWait(t *testing.T) {
	inBubble(t, "", func(r *room) {
		answers := r.post([]alert.Alert{firing("a"), firing("b"), firing("c")}, r.patient, func() { r.full = true })
		r.full = false
		for n, got := range answers {
			if got.err == nil {
				t.Errorf("answer %d: taken, and the disk is full", n)
			}
		}
		if n := len(r.keys("alert/")) + len(r.active()); n != 0 {
			t.Errorf("%d records of them", n)
		}
		for n, got := range r.post([]alert.Alert{firing("a"), firing("b"), firing("c")}, r.patient, nothing) {
			if got.err != nil {
				t.Errorf("answer %d once there is room: %v", n, got.err)
			}
		}
		r.tallies(1, 3, 0)
	})
}

// TestKilledBeforeTheCommit: a process that is killed while alerts wait has answered
// none of them and kept nothing; what was answered is in the file that it leaves.
func TestKilledBeforeTheCommit(t *testing.T) {
	inBubble(t, "", func(r *room) {
		left := func(name string) *room { // what a process finds that starts after it
			b, err := os.ReadFile(r.path)
			if err != nil {
				t.Fatal(err)
			}
			next := &room{t: t, path: filepath.Join(t.TempDir(), name)}
			if err := os.WriteFile(next.path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			next.open()
			return next
		}
		list := []alert.Alert{firing("a"), firing("b"), firing("c")}
		answers := r.post(list, r.patient, func() {
			next := left("before.db")
			defer next.db.Close()
			if n := len(next.keys("alert/")) + len(next.active()); n != 0 {
				t.Errorf("%d records of alerts that nobody has taken", n)
			}
		})
		next := left("after.db")
		defer next.db.Close()
		for n, got := range answers {
			if got.err != nil {
				t.Errorf("answer %d: %v", n, got.err)
			}
		}
		next.tallies(1, len(list), 0)
		next.folds(1)
	})
}

// TestTogetherIsAsOneByOne: whatever waits together, what comes of it is what would
// come of it one after another, but for how many entries of timelines tell of it.
func TestTogetherIsAsOneByOne(t *testing.T) {
	if os.Getenv("EVERY_CASE") == "" {
		tries(t, 40)
	}
	rapid.Check(t, func(rt *rapid.T) {
		rounds := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawOne), 1, 6), 1, 8).Draw(rt, "rounds")
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			one, all := &room{t: t, path: filepath.Join(t.TempDir(), "one.db")}, &room{t: t, path: filepath.Join(t.TempDir(), "all.db")}
			for _, r := range []*room{one, all} {
				r.open()
				defer func() { r.db.Close() }()
				r.apply(sampleRoster)
			}
			for n, list := range rounds {
				var want []answer
				for _, in := range list {
					taken, err := one.takeAlone(t.Context(), Key{Name: "prom"}, alert.Body{Alerts: []alert.Alert{in}})
					want = append(want, answer{taken, err})
				}
				got := all.post(list, all.patient, nothing)
				if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(answer{})); diff != "" {
					wrong = fmt.Sprintf("answers of round %d (-one by one +together):\n%s", n, diff)
					return
				}
				if diff := gocmp.Diff(one.sum(), all.sum()); diff != "" {
					wrong = fmt.Sprintf("after round %d (-one by one +together):\n%s", n, diff)
					return
				}
				time.Sleep(time.Minute)
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func drawOne(t *rapid.T) alert.Alert {
	in := firing(fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "alert")))
	in.Status = rapid.SampledFrom([]alert.Status{alert.Firing, alert.Firing, alert.Firing, alert.Over, alert.Acknowledged}).Draw(t, "status")
	in.Severity = rapid.SampledFrom([]alert.Severity{alert.Unknown, alert.Sev1, alert.Sev2, alert.Sev3}).Draw(t, "severity")
	in.Service = rapid.SampledFrom([]string{"checkout", "checkout", "edge"}).Draw(t, "service")
	return in
}

// standingOf is how an incident stands with its alerts.
type standingOf struct {
	Status   incident.Status
	Severity incident.Severity
	Acked    incident.Actor
	Asking   bool
	Over     bool
	Tally    alert.Tally
	Alerts   []Alert
}

// sum is how all incidents stand.
func (r *room) sum() map[int]standingOf {
	r.t.Helper()
	all := map[int]standingOf{}
	for _, n := range r.active() {
		i, _ := r.folds(n)
		v, err := r.Of(r.t.Context(), n)
		if err != nil {
			r.t.Fatal(err)
		}
		slices.SortFunc(v.Alerts, func(a, b Alert) int { return cmp.Compare(a.ID, b.ID) })
		all[n] = standingOf{i.Status, i.Severity, i.AcknowledgedBy, i.Asking, i.AlertOver, v.Tally, v.Alerts}
	}
	return all
}

// TestWhoFillsATransactionHarmsNoOther: of two large ones each has room alone, and both
// together all but have it.
func TestWhoFillsATransactionHarmsNoOther(t *testing.T) {
	t.Parallel()
	large, took := 20_000, 0
	post := func(r *room) {
		list := []alert.Alert{firing("a"), firing("b")}
		for n := range list {
			list[n].Details = []alert.KV{{Key: "much", Value: strings.Repeat("x", large)}}
		}
		before := r.sizes()
		r.counting()
		for n, got := range r.post(list, r.patient, nothing) {
			if got.err != nil {
				t.Errorf("answer %d: %v", n, got.err)
			}
		}
		for key, size := range r.sizes() {
			if size != before[key] {
				took += size
			}
		}
	}
	inBubble(t, "", func(r *room) {
		post(r)
		if r.n != 1 {
			t.Fatalf("%d commits, want 1", r.n)
		}
	})
	large, took = large+(storage.MaxBytes-took+300)/2, 0
	inBubble(t, "", post)
	if took < storage.MaxBytes {
		t.Errorf("both are %d bytes, and have room", took)
	}
}

// sizes is what each record of the store counts in a transaction that writes it.
func (r *room) sizes() map[string]int {
	r.t.Helper()
	all := map[string]int{}
	err := r.db.View(r.t.Context(), func(tx *storage.Tx) error {
		for key, value := range tx.Scan("") {
			all[key] = len(key) + len(value) + 64
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}
