package storagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// random draws what a test does, and tells with a failure what was done.
type random struct {
	*testing.T
	*rand.Rand
	steps []string
}

// between draws a number from low to high, with both.
func (r *random) between(low, high int) int { return low + r.IntN(high-low+1) }

// text draws from low to high of the letters.
func (r *random) text(letters string, low, high int) string {
	text := make([]byte, r.between(low, high))
	for n := range text {
		text[n] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

// key draws a key of one to four letters: few, so that they meet and begin each other.
func (r *random) key() string { return r.text("ab/\x00", 1, 4) }

func (r *random) did(format string, args ...any) {
	r.steps = append(r.steps, fmt.Sprintf(format, args...))
}

func (r *random) failed(format string, args ...any) {
	r.Helper()
	r.Fatalf("%s\nafter %s", fmt.Sprintf(format, args...), strings.Join(r.steps, ", "))
}

// testModel compares random transactions with a plain map. They are drawn here, without a
// library for it: the tests of commands have this package in them, and start that often
// that what a library prepares at each start counted.
func testModel(t *testing.T, o Open) {
	db := open(t, o)
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	for range rounds {
		r := &random{T: t, Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
		clear := func(tx *storage.Tx) error {
			for k := range tx.Scan("") {
				if err := tx.Delete(k); err != nil {
					return err
				}
			}
			return nil
		}
		if err := db.Update(context.Background(), clear); err != nil {
			r.failed("emptying the store: %v", err)
		}
		model := map[string]string{}
		for range r.between(1, 4) {
			model = modelTransaction(r, db, model)
		}
	}
}

// modelTransaction runs one random transaction and returns the model after it.
func modelTransaction(r *random, db *storage.DB, model map[string]string) map[string]string {
	next := maps.Clone(model)
	no := errors.New("no")
	fails := r.IntN(2) == 0
	r.did("transaction that fails: %v", fails)
	err := db.Update(context.Background(), func(tx *storage.Tx) error {
		for range r.between(0, 8) {
			modelStep(r, tx, next)
		}
		if fails {
			return no
		}
		return nil
	})
	if fails != errors.Is(err, no) || !fails && err != nil {
		r.failed("Update() = %v, closure fails: %v", err, fails)
	}
	if fails {
		next = model
	}
	err = db.View(context.Background(), func(tx *storage.Tx) error {
		compare(r, tx, storage.Range{}, next)
		return nil
	})
	if err != nil {
		r.failed("View() = %v", err)
	}
	return next
}

func modelStep(r *random, tx *storage.Tx, model map[string]string) {
	k := r.key()
	switch []string{"put", "delete", "get", "scan"}[r.IntN(4)] {
	case "put":
		v := r.text("x\x00\xffé ", 0, 6)
		r.did("put %q=%q", k, v)
		if err := tx.Put(k, []byte(v)); err != nil {
			r.failed("Put(%q) = %v", k, err)
		}
		model[k] = v
	case "delete":
		r.did("delete %q", k)
		if err := tx.Delete(k); err != nil {
			r.failed("Delete(%q) = %v", k, err)
		}
		delete(model, k)
	case "get":
		got, err := tx.Get(k)
		want, ok := model[k]
		if string(got) != want || ok == errors.Is(err, storage.ErrNotFound) || ok && err != nil {
			r.failed("Get(%q) = %q, %v, want %q, present: %v", k, got, err, want, ok)
		}
	case "scan":
		end := ""
		if r.IntN(2) == 0 {
			end = r.key()
		}
		compare(r, tx, storage.Range{Start: k, End: end, Reverse: r.IntN(2) == 0}, model)
	}
}

func compare(r *random, tx *storage.Tx, rng storage.Range, model map[string]string) {
	want := slices.DeleteFunc(sorted(model), func(p pair) bool { return !rng.Contains(p.Key) })
	if rng.Reverse {
		slices.Reverse(want)
	}
	if diff := cmp.Diff(want, list(tx, rng)); diff != "" {
		r.failed("scan of %+v (-want +got):\n%s", rng, diff)
	}
}
