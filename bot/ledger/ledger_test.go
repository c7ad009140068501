package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// fixture is a ledger on a bolt file of its own.
type fixture struct {
	*Ledger
	t    *testing.T
	path string
	db   *storage.DB
}

func inBubble(t *testing.T, f func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &fixture{t: t, path: filepath.Join(t.TempDir(), "store.db")}
		x.open()
		defer func() { x.db.Close() }()
		f(x)
	})
}

func (x *fixture) open() {
	x.t.Helper()
	engine, err := bolt.Open(x.path, bolt.Options{Unsynced: true})
	if err != nil {
		x.t.Fatal(err)
	}
	x.db = storage.New(engine)
	if x.Ledger, err = Open(x.t.Context(), x.db); err != nil {
		x.t.Fatal(err)
	}
}

func (x *fixture) reopen() {
	x.t.Helper()
	if err := x.db.Close(); err != nil {
		x.t.Fatal(err)
	}
	x.open()
}

// do runs f in a transaction that must succeed.
func (x *fixture) do(f func(*Tx) error) {
	x.t.Helper()
	if err := x.Update(x.t.Context(), Request{}, f); err != nil {
		x.t.Fatal(err)
	}
}

// keys returns the keys of the store that begin with prefix.
func (x *fixture) keys(prefix string) []string {
	x.t.Helper()
	var keys []string
	err := x.db.View(x.t.Context(), func(tx *storage.Tx) error {
		for key := range tx.Scan(prefix) {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return keys
}

// TestNumbersKeepTheirOrder: the order of keys is the order of numbers, beyond six
// digits too.
func TestNumbersKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.IntRange(0, 1<<50).Draw(t, "a"), rapid.IntRange(0, 1<<50).Draw(t, "b")
		if (a < b) != (Number(a) < Number(b)) {
			t.Fatalf("%d is %s, %d is %s", a, Number(a), b, Number(b))
		}
		if got := LastNumber("incident/" + Number(a)); got != a {
			t.Fatalf("%s is read as %d, want %d", Number(a), got, a)
		}
	})
	for n, want := range map[int]string{1: "000001", 999_999: "999999", 1_000_000: "a1000000", 12_345_678: "b12345678"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %s, want %s", n, got, want)
		}
	}
}

// TestAgenda wakes what is due at its time, the earliest first, with the tick's
// instant, and survives a restart.
func TestAgenda(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		start := time.Now().UTC()
		x.do(func(tx *Tx) error {
			return errors.Join(tx.Wake("b/1", start.Add(2*time.Minute)), tx.Wake("a/1", start.Add(time.Minute)), tx.Wake("gone", start.Add(time.Minute)), tx.Sleep("gone"))
		})
		x.reopen()
		var got []string
		var mu sync.Mutex
		note := func(ctx context.Context, name string, now time.Time) error {
			mu.Lock()
			got = append(got, fmt.Sprint(name, " ", now.Sub(start)))
			mu.Unlock()
			return x.Update(ctx, Request{At: now}, func(tx *Tx) error {
				if !tx.Now.Equal(now) {
					t.Errorf("%s: the transaction is at %s, want the tick's %s", name, tx.Now, now)
				}
				if name == "a/1" && now.Sub(start) < 4*time.Minute {
					return tx.Wake(name, start.Add(5*time.Minute))
				}
				return tx.Sleep(name)
			})
		}
		x.Handle("a/", note)
		x.Handle("b/", note)
		ctx, stop := context.WithCancel(x.t.Context())
		done := make(chan error)
		go func() { done <- x.Run(ctx, func(err error) { t.Errorf("complaint: %v", err) }) }()
		time.Sleep(10 * time.Minute)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v", err)
		}
		want := []string{"a/1 1m0s", "b/1 2m0s", "a/1 5m0s"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("looked at (-want +got):\n%s", diff)
		}
		if keys := x.keys("wake/"); !slices.Equal(keys, []string{"wake/sweep"}) {
			t.Errorf("left in the store: %v", keys)
		}
	})
}

// TestAgendaAndTheClock sets the clock back while something is due: it is done in
// that tick, nothing spins, and what was put off does not wait for the old time.
func TestAgendaAndTheClock(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		now := time.Now().UTC().Add(2 * time.Hour)
		looks, fail := 0, true
		x.Handle("a", func(ctx context.Context, name string, at time.Time) error {
			looks++
			if fail {
				return errors.New("not now")
			}
			return x.Update(ctx, Request{At: at}, func(tx *Tx) error { return tx.Wake(name, at.Add(time.Minute)) })
		})
		x.do(func(tx *Tx) error { return tx.Wake("a", now.Add(-time.Hour)) })
		if err := x.Tick(x.t.Context(), now); err == nil || looks != 1 {
			t.Fatalf("Tick() = %v after %d looks; want the failure of one", err, looks)
		}
		fail = false
		back := now.Add(-30 * time.Minute) // an hour's half earlier than the last tick
		if err := x.Tick(x.t.Context(), back); err != nil || looks != 2 {
			t.Fatalf("Tick() = %v after %d looks; want the second look at once", err, looks)
		}
		if at, ok := x.Next(); !ok || !at.Equal(back.Add(time.Minute)) {
			t.Errorf("Next() = %s, %t; want a minute after the tick's instant", at, ok)
		}
	})
}

// TestAgendaGoesOn: a handler that fails, panics, does nothing or always plans for
// the past holds up nothing else, and does not spin.
func TestAgendaGoesOn(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		looks := map[string]int{}
		var mu sync.Mutex
		x.Handle("x/", func(ctx context.Context, name string, now time.Time) error {
			mu.Lock()
			looks[name]++
			mu.Unlock()
			switch name {
			case "x/panics":
				panic("a mistake")
			case "x/fails":
				return errors.New("no")
			case "x/past":
				return x.Update(ctx, Request{At: now}, func(tx *Tx) error { return tx.Wake(name, now.Add(-time.Second)) })
			case "x/good":
				return x.Update(ctx, Request{At: now}, func(tx *Tx) error { return tx.Sleep(name) })
			}
			return nil
		})
		due := time.Now().UTC()
		names := []string{"x/panics", "x/fails", "x/nothing", "x/past", "x/good", "nobody"}
		x.do(func(tx *Tx) error {
			var err error
			for _, name := range names {
				err = errors.Join(err, tx.Wake(name, due))
			}
			return err
		})
		time.Sleep(time.Second)
		err := x.Tick(x.t.Context(), time.Now())
		var mistake *PanicError
		if !errors.As(err, &mistake) || mistake.What != "wake-up x/panics" {
			t.Errorf("Tick() = %v, want a PanicError about x/panics", err)
		}
		for _, words := range []string{"x/fails: no", "x/nothing: it was looked at", "nobody: nobody handles it"} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("Tick() = %v, want %q in it", err, words)
			}
		}
		time.Sleep(2 * time.Second)
		_ = x.Tick(x.t.Context(), time.Now())
		want := map[string]int{"x/panics": 1, "x/fails": 2, "x/nothing": 2, "x/past": 2 * looksMost, "x/good": 1}
		if diff := cmp.Diff(want, looks); diff != "" {
			t.Errorf("looks (-want +got):\n%s", diff)
		}
		time.Sleep(5 * time.Minute)
		_ = x.Tick(x.t.Context(), time.Now())
		if looks["x/panics"] != 2 {
			t.Errorf("%d looks at what panicked, want another one five minutes later", looks["x/panics"])
		}
	})
}

// TestAgendaKeepsUp plans and takes back from many sides at once: at the end
// memory has exactly what the store has.
func TestAgendaKeepsUp(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		var all sync.WaitGroup
		for k := range 64 {
			all.Go(func() {
				for n := range 20 {
					name := fmt.Sprint("n/", (k*7+n)%10)
					err := x.Update(context.Background(), Request{}, func(tx *Tx) error {
						if (k+n)%3 == 0 {
							return tx.Sleep(name)
						}
						return tx.Wake(name, tx.Now.Add(time.Duration(k*100+n)*time.Hour))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for n := range 10 {
			name := fmt.Sprint("n/", n)
			at, ok := x.agenda.at(name)
			err := x.View(x.t.Context(), func(tx *storage.Tx) error {
				due, stored, err := DueIn(tx, name)
				if stored != ok || !due.Equal(at) {
					t.Errorf("%s: %s, %t in memory and %s, %t in the store", name, at, ok, due, stored)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestMemoryIsMended: a wake-up that memory has at another time than the store is
// looked at when the store says.
func TestMemoryIsMended(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		looks := 0
		x.Handle("a", func(ctx context.Context, name string, now time.Time) error {
			looks++
			return x.Update(ctx, Request{At: now}, func(tx *Tx) error { return tx.Sleep(name) })
		})
		now := time.Now().UTC()
		x.do(func(tx *Tx) error { return tx.Wake("a", now.Add(time.Hour)) })
		x.agenda.set("a", now, 1<<60)
		if err := x.Tick(x.t.Context(), now); err != nil || looks != 0 {
			t.Errorf("Tick() = %v, %d looks before it is due", err, looks)
		}
		if at, _ := x.agenda.at("a"); !at.Equal(now.Add(time.Hour)) {
			t.Errorf("memory has %s, want what the store has", at)
		}
	})
}

// TestMigrate reads wake-ups and refreshes as an earlier version kept them.
func TestMigrate(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		at := time.Now().UTC().Add(time.Hour)
		err := x.db.Update(x.t.Context(), func(tx *storage.Tx) error {
			for key := range maps.Keys(map[string]bool{
				"due/" + InstantKey(at) + "/page/000042": true, "due/" + InstantKey(at) + "/roster/gaps": true,
				"due/" + InstantKey(at) + "/roster/announce/000003": true, "due/" + InstantKey(at) + "/grant/abc": true,
				"due/no-instant/page/000001": true,
			}) {
				if err := tx.Put(key, nil); err != nil {
					return err
				}
			}
			err := storage.Save(tx, "wake/gaps", wakeRecord{V: 1, Due: at.Add(time.Minute)})
			for n, kind := range []Kind{Card, "pin", Purpose, Prompts, Notify, Announce} {
				err = errors.Join(err, storage.Save(tx, JobKey(7, n+1), Job{V: 1, Incident: 7, Number: n + 1, Kind: kind}))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for k := range 200 { // more than one transaction holds
			err := x.db.Update(x.t.Context(), func(tx *storage.Tx) error {
				return tx.Put("due/"+InstantKey(at)+"/page/"+Number(1000+k), nil)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		x.reopen()
		for name, want := range map[string]time.Time{"escalation/000042": at, "gaps": at.Add(time.Minute), "announce/000003": at, "grant/abc": at, "escalation/001199": at} {
			if got, ok := x.agenda.at(name); !ok || !got.Equal(want) {
				t.Errorf("%s is at %s, %t; want %s", name, got, ok, want)
			}
		}
		if keys := x.keys("due/"); len(keys) > 0 {
			t.Errorf("%d keys are left", len(keys))
		}
		left, err := x.Unfinished(x.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var kinds []Kind
		for _, j := range left {
			kinds = append(kinds, j.Kind)
			if j.Incident != 7 || !j.Doubtful {
				t.Errorf("%+v; want a doubtful job of INC-7", j)
			}
		}
		slices.Sort(kinds)
		if want := []Kind{Announce, Prompts, Card, Notify, Purpose}; !slices.Equal(kinds, want) {
			t.Errorf("left: %v, want %v", kinds, want)
		}
	})
}

// TestTakeAll: what several transactions have decided is taken at once, in their order.
func TestTakeAll(t *testing.T) {
	inBubble(t, func(x *fixture) {
		for n := range 3 {
			x.do(func(tx *Tx) error {
				return errors.Join(tx.Add(Job{Incident: 1, Number: 2*n + 1, Kind: Say}), tx.Add(Job{Incident: 1, Number: 2*n + 2, Kind: Say}))
			})
		}
		var got []int
		for _, j := range x.Take() {
			got = append(got, j.Number)
		}
		if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(got, want) {
			x.t.Errorf("taken: %v, want %v", got, want)
		}
		if again := x.Take(); len(again) > 0 {
			x.t.Errorf("taken twice: %v", again)
		}
	})
}

// TestMarks: what is marked again while it is being refreshed stays marked; the
// last refresh takes the record along.
func TestMarks(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.do(func(tx *Tx) error { return errors.Join(tx.Refresh(3, Card, Topic), tx.Refresh(3, Card)) })
		first := x.Take()
		if len(first) != 2 || len(x.keys("stale/")) != 1 {
			t.Fatalf("%d jobs and %d records, want two jobs and one record", len(first), len(x.keys("stale/")))
		}
		card := first[slices.IndexFunc(first, func(j Job) bool { return j.Kind == Card })]
		topic := first[slices.IndexFunc(first, func(j Job) bool { return j.Kind == Topic })]
		x.do(func(tx *Tx) error { return tx.Refresh(3, Card) }) // while the first is under way
		second := x.Take()
		x.do(func(tx *Tx) error { return errors.Join(tx.Finish(card), tx.Finish(topic)) })
		left, err := x.Unfinished(x.t.Context())
		if err != nil || len(left) != 1 || left[0].Kind != Card || left[0].Number != second[0].Number {
			t.Errorf("left: %+v, %v; want the second mark of the card", left, err)
		}
		x.do(func(tx *Tx) error { return tx.Finish(second[0]) })
		if keys := x.keys("stale/"); len(keys) != 0 {
			t.Errorf("left: %v, want nothing", keys)
		}
	})
}

// TestSetAside keeps what the program cannot do out of the way, for a while.
func TestSetAside(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.do(func(tx *Tx) error { _, err := tx.AddApart(Job{Kind: Alarm, Text: "x"}); return err })
		j := x.Take()[0]
		x.do(func(tx *Tx) error { return tx.SetAside(j, "a mistake") })
		if left, _ := x.Unfinished(x.t.Context()); len(left) != 0 || len(x.keys("setaside/")) != 1 {
			t.Errorf("%d jobs wait and %v is kept; want none, and the job", len(left), x.keys("setaside/"))
		}
		time.Sleep(31 * 24 * time.Hour)
		if err := x.Tick(x.t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if keys := x.keys("setaside/"); len(keys) != 0 {
			t.Errorf("kept after 31 days: %v", keys)
		}
	})
}

// TestEveryKindHasARow: each has words, and what follows from one column is in the
// others.
func TestEveryKindHasARow(t *testing.T) {
	for _, k := range Kinds() {
		row := k.Row()
		if row.Words == nil || row.Words(Job{Kind: k, Person: "person:ada", Via: "slack"}) == "" {
			t.Errorf("%s has no words", k)
		}
		if row.Marked && (row.Replaces == nil || row.Lane != nil) {
			t.Errorf("%s is marked, so it must replace earlier ones in a lane of its own", k)
		}
		if row.Without && !row.NeedsChannel {
			t.Errorf("%s does without a channel that it does not need", k)
		}
		if row.Priority < 0 || row.Priority > 3 {
			t.Errorf("%s has priority %d", k, row.Priority)
		}
	}
}

// TestSeenAboutNoIncident: a request that concerned no incident is recognised.
func TestSeenAboutNoIncident(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		for k := range 2 {
			err := x.Update(x.t.Context(), Request{Key: "r"}, func(tx *Tx) error {
				n, seen, err := tx.Seen()
				if err != nil || n != 0 || seen != (k == 1) {
					t.Errorf("call %d: Seen() = %d, %t, %v", k, n, seen, err)
				}
				return tx.Remember(0)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestKeptForANewerVersion: a job of a kind that this version does not know is kept,
// and the version that knows it takes it up at its start.
func TestKeptForANewerVersion(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		j := Job{Incident: 1, Number: 7, Kind: "hologram", Text: "as it was"}
		x.do(func(tx *Tx) error { return tx.Add(j) })
		x.do(func(tx *Tx) error { return tx.KeepForNewer(j) })
		x.do(func(tx *Tx) error { return tx.SetAside(Job{Incident: 1, Number: 8, Kind: Alarm}, "a mistake") })
		x.reopen()
		if left, _ := x.Unfinished(x.t.Context()); len(left) != 0 {
			t.Errorf("this version, which cannot do it, has %+v to do", left)
		}
		table["hologram"] = Row{Words: plain("show a hologram")}
		defer delete(table, "hologram")
		x.reopen()
		left, err := x.Unfinished(x.t.Context())
		if err != nil || len(left) != 1 || left[0].Kind != "hologram" || left[0].Text != "as it was" {
			t.Errorf("the newer version has %+v to do, %v; want the job that was kept", left, err)
		}
		if keys := x.keys("setaside/"); len(keys) != 1 {
			t.Errorf("set aside: %v, want what a mistake stopped", keys)
		}
	})
}

// TestLateMark: acts that share a commit hand their jobs on in any order. One that
// comes when later ones have been done does not stand for what was marked since.
func TestLateMark(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		refresh := func() Job {
			x.do(func(tx *Tx) error { return tx.Refresh(1, Card) })
			jobs := x.Take()
			return jobs[len(jobs)-1]
		}
		_, late, last := refresh(), refresh(), refresh()
		x.do(func(tx *Tx) error { return tx.Finish(last) })
		if keys := x.keys("stale/"); len(keys) > 0 {
			t.Fatalf("left: %v, want nothing", keys)
		}
		refresh() // which the late one sees when it begins now
		since := refresh()
		x.do(func(tx *Tx) error { return tx.Finish(late) })
		err := x.db.View(x.t.Context(), func(tx *storage.Tx) error {
			waits, err := Waits(tx, since)
			if !waits {
				t.Error("what was marked after a late job had begun counts as shown by it")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		x.do(func(tx *Tx) error { return tx.Finish(since) })
		if keys := x.keys("stale/"); len(keys) > 0 {
			t.Errorf("left: %v, want nothing", keys)
		}
	})
}
