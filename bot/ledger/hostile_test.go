package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestHookThatPanics: what is durable is handed on although a hook has a mistake,
// or it would wait for the next start.
func TestHookThatPanics(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		due := time.Now().UTC().Add(time.Minute)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the mistake was hidden from the caller")
				}
			}()
			_ = x.Update(x.t.Context(), Request{}, func(tx *Tx) error {
				tx.After(func() { panic("a mistake") })
				_, err := tx.AddApart(Job{Kind: Alarm, Text: "x"})
				return errors.Join(err, tx.Wake("a", due))
			})
		}()
		if jobs := x.Take(); len(jobs) != 1 {
			t.Errorf("%d jobs can be taken, want the one that is in the store", len(jobs))
		}
		if at, ok := x.agenda.at("a"); !ok || !at.Equal(due) {
			t.Errorf("the wake-up is at %s, %t; want it heard", at, ok)
		}
	})
}

// TestAgendaForgets: memory does not grow with what was taken back, although one
// name is planned and taken back again and again.
func TestAgendaForgets(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		a := &x.agenda
		for n := range 10 * remembered {
			order := a.order.Add(1)
			a.keep(order, []wake{{name: "busy"}, {name: "busy", due: time.Now().Add(time.Hour)}})
			order = a.order.Add(1)
			a.keep(order, []wake{{name: fmt.Sprint("once/", n)}})
		}
		if len(a.buried) > 2*remembered || len(a.byName) > 2*remembered {
			t.Errorf("%d are remembered as taken back, %d by name; want no more than %d", len(a.buried), len(a.byName), 2*remembered)
		}
		if _, ok := a.at("busy"); !ok {
			t.Error("what is planned was forgotten")
		}
	})
}

// TestAgendaLooksForWhatIsForgotten: a wake-up that was taken back and forgotten
// while its turn came is nothing to do, and no mistake.
func TestAgendaLooksForWhatIsForgotten(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		if err := x.look(x.t.Context(), entry{name: "gone", due: time.Now(), order: 1}, time.Now()); err != nil {
			t.Errorf("look() = %v, want nothing to do", err)
		}
	})
}

// TestNobodyHandlesIt: a wake-up of another version is not looked at every second.
func TestNobodyHandlesIt(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.do(func(tx *Tx) error { return tx.Wake("newer", tx.Now) })
		if err := x.Tick(x.t.Context(), time.Now()); err == nil {
			t.Error("nobody was told")
		}
		if at, ok := x.Next(); !ok || at.Before(time.Now().Add(time.Minute)) {
			t.Errorf("looked at again at %s, %t; want minutes later", at, ok)
		}
	})
}

// TestMarkOfAnotherVersion: a mark whose kind this version does not know stays for
// the one that does, and is not taken for the job that has its number.
func TestMarkOfAnotherVersion(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.do(func(tx *Tx) error {
			return errors.Join(tx.Add(Job{Incident: 3, Number: 1, Kind: Say}),
				storage.Save(tx.Tx, staleKey(3), staleRecord{V: 1, At: tx.Now, Last: 2, Marks: map[Kind]int{"bookmark": 1, Card: 2}}))
		})
		x.reopen()
		left, err := x.Unfinished(x.t.Context())
		if err != nil || len(left) != 2 {
			t.Fatalf("left: %+v, %v; want the line and the card", left, err)
		}
		x.do(func(tx *Tx) error { return errors.Join(tx.Finish(left[0]), tx.Finish(left[1])) })
		if keys := x.keys("stale/"); len(keys) != 1 {
			t.Errorf("left: %v, want the mark that nobody here knows", keys)
		}
	})
}

// spoilt is an engine one of whose records is damaged.
type spoilt struct {
	storage.Engine
	key string
}

func (e spoilt) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := e.Engine.Snapshot(ctx)
	return spoiltView{s, e.key}, err
}

type spoiltView struct {
	storage.Snapshot
	key string
}

func (v spoiltView) Get(key string) ([]byte, error) {
	if key == v.key {
		return nil, &storage.DamagedError{Key: key, Cause: errors.New("it is damaged")}
	}
	return v.Snapshot.Get(key)
}

func (v spoiltView) Scan(r storage.Range, each func(string, []byte) bool) error {
	return v.ScanPast(r, each, func(*storage.DamagedError) bool { return false })
}

func (v spoiltView) ScanPast(r storage.Range, each func(string, []byte) bool, damaged func(*storage.DamagedError) bool) (failed error) {
	err := v.Snapshot.Scan(r, func(key string, value []byte) bool {
		if key == v.key {
			broken := &storage.DamagedError{Key: key, Cause: errors.New("it is damaged")}
			if !damaged(broken) {
				failed = broken
			}
			return failed == nil
		}
		return each(key, value)
	})
	return errors.Join(failed, err)
}

// TestStartWithDamage starts on a store that has a damaged job, mark or wake-up: the others
// are there, a wake-up is looked at now, and somebody is told of what is damaged.
func TestStartWithDamage(t *testing.T) {
	for _, key := range []string{"outbox/000007/000001", "stale/000007", "wake/escalation/000007"} {
		inBubble(t, func(x *fixture) {
			t := x.t
			for n := 6; n < 9; n++ {
				x.do(func(tx *Tx) error {
					err := errors.Join(tx.Add(Job{Incident: n, Number: 1, Kind: Say}), tx.Refresh(n, Card))
					return errors.Join(err, tx.Wake("escalation/"+Number(n), tx.Now.Add(time.Hour)))
				})
			}
			if err := x.db.Close(); err != nil {
				t.Fatal(err)
			}
			engine, err := bolt.Open(x.path, bolt.Options{Unsynced: true})
			if err != nil {
				t.Fatal(err)
			}
			x.db = storage.New(spoilt{engine, key})
			l, err := Open(t.Context(), x.db)
			if err != nil {
				t.Fatalf("%s: Open() = %v", key, err)
			}
			jobs, err := l.Unfinished(t.Context())
			if want := 6; strings.HasPrefix(key, "wake/") && len(jobs) != want || !strings.HasPrefix(key, "wake/") && len(jobs) != want-1 || err != nil {
				t.Errorf("%s: %d jobs are left, %v", key, len(jobs), err)
			}
			var told []string
			l.WhenDamaged(func(key string) { told = append(told, key) })
			if !slices.Equal(told, []string{key}) {
				t.Errorf("told of %v, want %s", told, key)
			}
			at, ok := l.agenda.at("escalation/000007")
			if now := time.Now(); !ok || strings.HasPrefix(key, "wake/") == at.After(now) {
				t.Errorf("%s: it is looked at at %s, %t; it is %s", key, at, ok, now)
			}
		})
	}
}
