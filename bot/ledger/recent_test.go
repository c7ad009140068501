package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

type recentSample struct {
	V     int      `json:"v"`
	Names []string `json:"names,omitempty"`
}

// TestRecentIsWhatIsStored: a record that was discarded, or that others have written, or that
// has the place of another one, is not taken for the present one.
func TestRecentIsWhatIsStored(t *testing.T) {
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	l, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	var r Recent[recentSample]
	many := 2 * len(r)
	key := func(n int) string { return "sample/" + Number(n) }
	check := func(when string, tx *storage.Tx) error {
		for n := range many {
			want, _, err := Load[recentSample](tx, key(n))
			if err != nil {
				return err
			}
			for range 2 {
				if got, ok, err := r.Load(tx, key(n)); err != nil || !ok || !cmp.Equal(got, want) {
					t.Errorf("%s: record %d is %+v, %v, %v, want %+v", when, n, got, ok, err, want)
				}
			}
		}
		if _, ok, err := r.Load(tx, key(many)); ok || err != nil {
			t.Errorf("%s: one that is not there: %v, %v", when, ok, err)
		}
		return nil
	}
	discard := errors.New("discard")
	for step, save := range []func(*Tx, string, recentSample) error{
		r.Save,
		func(tx *Tx, key string, s recentSample) error { return tx.Save(key, s) },
		func(tx *Tx, key string, s recentSample) error { return errors.Join(r.Save(tx, key, s), discard) },
		r.Save,
		func(tx *Tx, key string, s recentSample) error {
			first := r.Save(tx, key, recentSample{V: 1, Names: []string{"replaced"}})
			return errors.Join(first, r.Save(tx, key, s))
		},
		func(tx *Tx, key string, s recentSample) error { // what others have written meanwhile is replaced, too
			return errors.Join(r.Save(tx, key, s), tx.Save(key, recentSample{}), r.Save(tx, key, s))
		},
		func(tx *Tx, key string, s recentSample) error {
			return errors.Join(r.Save(tx, key, recentSample{}), tx.Save(key, s))
		},
	} {
		when := fmt.Sprint("step ", step)
		err := l.Update(t.Context(), Request{}, func(tx *Tx) error {
			var failed error
			for n := range many {
				err := save(tx, key(n), recentSample{V: 1, Names: []string{fmt.Sprint(step, n)}})
				if errors.Is(err, discard) {
					failed = err
				} else if err != nil {
					return err
				}
			}
			return errors.Join(check(when+", within", tx.Tx), failed)
		})
		if err != nil && !errors.Is(err, discard) {
			t.Fatal(err)
		}
		if err := l.View(t.Context(), func(tx *storage.Tx) error { return check(when, tx) }); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTooLargeIsNoFaultOfTheStore: a record without room is the fault of the act that saves
// it, also where that is found out at its end.
func TestTooLargeIsNoFaultOfTheStore(t *testing.T) {
	t.Parallel()
	inBubble(t, func(x *fixture) {
		var r Recent[recentSample]
		err := x.Update(x.t.Context(), Request{}, func(tx *Tx) error {
			return r.Save(tx, "sample", recentSample{V: 1, Names: []string{filler(storage.MaxBytes)}})
		})
		if !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("Update() = %v, want that it is too large", err)
		}
		if err := x.CheckWrite(x.t.Context()); err != nil {
			t.Fatal(err)
		}
		err = x.View(x.t.Context(), func(tx *storage.Tx) error {
			h, _, err := Load[healthRecord](tx, healthKey)
			if h.Room != "" {
				t.Errorf("the check of the store needs %d bytes, as if it had refused a commit", len(h.Room))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestNothingAlongIsTooMuch: what is written along refuses no act, however little room that
// has left, in changes or in bytes, and however late it says so.
func TestNothingAlongIsTooMuch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(x *fixture) {
		var r Recent[recentSample]
		x.Along(func(tx *Tx) error { return tx.Save("along", filler(1000)) })
		for name, f := range map[string]func(tx *Tx) error{
			"bytes": func(tx *Tx) error { return tx.Put("act", []byte(filler(storage.MaxBytes-500))) },
			"late bytes": func(tx *Tx) error {
				return r.Save(tx, "act", recentSample{Names: []string{filler(storage.MaxBytes - 500)}})
			},
			"changes": func(tx *Tx) (err error) {
				for n := range storage.MaxChanges {
					err = errors.Join(err, tx.Put(fmt.Sprint("act", n), nil))
				}
				return err
			},
		} {
			if err := x.Update(x.t.Context(), Request{}, f); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
