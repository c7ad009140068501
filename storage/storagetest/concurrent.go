package storagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/storage"
)

// testConcurrent lets many goroutines count in the same record and write one
// of their own, every third of them failing. No step may be lost or doubled,
// and what failed may leave nothing.
func testConcurrent(t *testing.T, o Open) {
	const goroutines, rounds = 16, 12
	db := open(t, o)
	no := errors.New("no")
	step := func(g, i int) error {
		return db.Update(context.Background(), func(tx *storage.Tx) error {
			n := 0
			if v, err := tx.Get("count"); err == nil {
				n, _ = strconv.Atoi(string(v))
			}
			err := errors.Join(
				tx.Put("count", strconv.AppendInt(nil, int64(n+1), 10)),
				tx.Put(fmt.Sprintf("own/%02d/%02d", g, i), nil))
			if (g+i)%3 == 0 {
				return no
			}
			return err
		})
	}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				err := step(g, i)
				if failing := (g+i)%3 == 0; failing != errors.Is(err, no) || !failing && err != nil {
					t.Errorf("Update() of goroutine %d, round %d = %v", g, i, err)
				}
				if n := len(content(t, db)); n == 0 && err == nil {
					t.Errorf("View() after Update() sees nothing")
				}
			}
		})
	}
	wg.Wait()
	want := map[string]string{}
	for g := range goroutines {
		for i := range rounds {
			if (g+i)%3 != 0 {
				want[fmt.Sprintf("own/%02d/%02d", g, i)] = ""
			}
		}
	}
	want["count"] = strconv.Itoa(len(want))
	if diff := cmp.Diff(sorted(want), content(t, db)); diff != "" {
		t.Errorf("store content (-want +got):\n%s", diff)
	}
}

func sorted(m map[string]string) []pair {
	out := []pair{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, pair{k, m[k]})
	}
	return out
}

// testModel compares random transactions with a plain map.
func testModel(t *testing.T, o Open) {
	db := open(t, o)
	key := rapid.StringOfN(rapid.RuneFrom([]rune("ab/\x00")), 1, 4, -1)
	rapid.Check(t, func(r *rapid.T) {
		clear := func(tx *storage.Tx) error {
			for k := range tx.Scan("") {
				if err := tx.Delete(k); err != nil {
					return err
				}
			}
			return nil
		}
		if err := db.Update(context.Background(), clear); err != nil {
			r.Fatalf("emptying the store: %v", err)
		}
		model := map[string]string{}
		for range rapid.IntRange(1, 4).Draw(r, "transactions") {
			model = modelTransaction(r, db, key, model)
		}
	})
}

// modelTransaction runs one random transaction and returns the model after it.
func modelTransaction(r *rapid.T, db *storage.DB, key *rapid.Generator[string], model map[string]string) map[string]string {
	next := maps.Clone(model)
	no := errors.New("no")
	fails := rapid.Bool().Draw(r, "fails")
	err := db.Update(context.Background(), func(tx *storage.Tx) error {
		for range rapid.IntRange(0, 8).Draw(r, "steps") {
			modelStep(r, tx, key, next)
		}
		if fails {
			return no
		}
		return nil
	})
	if fails != errors.Is(err, no) || !fails && err != nil {
		r.Fatalf("Update() = %v, closure fails: %v", err, fails)
	}
	if fails {
		next = model
	}
	err = db.View(context.Background(), func(tx *storage.Tx) error {
		compare(r, tx, storage.Range{}, next)
		return nil
	})
	if err != nil {
		r.Fatalf("View() = %v", err)
	}
	return next
}

func modelStep(r *rapid.T, tx *storage.Tx, key *rapid.Generator[string], model map[string]string) {
	k := key.Draw(r, "key")
	switch rapid.SampledFrom([]string{"put", "delete", "get", "scan"}).Draw(r, "step") {
	case "put":
		v := rapid.StringN(0, 3, -1).Draw(r, "value")
		if err := tx.Put(k, []byte(v)); err != nil {
			r.Fatalf("Put(%q) = %v", k, err)
		}
		model[k] = v
	case "delete":
		if err := tx.Delete(k); err != nil {
			r.Fatalf("Delete(%q) = %v", k, err)
		}
		delete(model, k)
	case "get":
		got, err := tx.Get(k)
		want, ok := model[k]
		if string(got) != want || ok == errors.Is(err, storage.ErrNotFound) || ok && err != nil {
			r.Fatalf("Get(%q) = %q, %v, want %q, present: %v", k, got, err, want, ok)
		}
	case "scan":
		end := rapid.OneOf(rapid.Just(""), key).Draw(r, "end")
		compare(r, tx, storage.Range{Start: k, End: end, Reverse: rapid.Bool().Draw(r, "reverse")}, model)
	}
}

func compare(r *rapid.T, tx *storage.Tx, rng storage.Range, model map[string]string) {
	want := slices.DeleteFunc(sorted(model), func(p pair) bool { return !rng.Contains(p.Key) })
	if rng.Reverse {
		slices.Reverse(want)
	}
	if diff := cmp.Diff(want, list(tx, rng)); diff != "" {
		r.Fatalf("scan of %+v (-want +got):\n%s", rng, diff)
	}
}
