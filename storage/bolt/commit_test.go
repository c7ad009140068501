package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/storage"
)

// TestCommitsInAnyOrder: changes come in the order of their keys, each key once; were it
// ever otherwise, the last of each key counts, and the count of records is right.
func TestCommitsInAnyOrder(t *testing.T) {
	dir := t.TempDir()
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		path := filepath.Join(dir, fmt.Sprint(round))
		defer os.Remove(path)
		e, err := Open(path, Options{Unsynced: true})
		if err != nil {
			r.Fatal(err)
		}
		want := map[string]string{}
		for range rapid.IntRange(1, 6).Draw(r, "commits") {
			var list []storage.Change
			at, sorted := 0, rapid.Bool().Draw(r, "sorted")
			for range rapid.IntRange(0, 30).Draw(r, "changes") {
				n := rapid.IntRange(0, 60).Draw(r, "n")
				if at += rapid.IntRange(1, 4).Draw(r, "on"); sorted {
					n = at
				}
				c := storage.Change{Key: fmt.Sprintf("%03d", n), Delete: rapid.IntRange(0, 2).Draw(r, "delete") == 0}
				if delete(want, c.Key); !c.Delete {
					c.Value = make([]byte, rapid.SampledFrom([]int{0, 3, 700, 5000}).Draw(r, "size"))
					want[c.Key] = string(c.Value)
				}
				list = append(list, c)
			}
			if err := e.Commit(t.Context(), list); err != nil {
				r.Fatal(err)
			}
			if diff := cmp.Diff(want, all(t, e, storage.Range{})); diff != "" {
				r.Fatalf("(-want +got):\n%s", diff)
			}
		}
		if err := e.Close(); err != nil {
			r.Fatal(err)
		}
		if e, err = Open(path, Options{Unsynced: true}); err != nil { // which counts
			r.Fatal(err)
		}
		defer e.Close()
		if !maps.Equal(want, all(t, e, storage.Range{})) {
			r.Fatal("opened again it is another one")
		}
	})
}

// TestCommitsBesideDamage: a commit goes over no page that it need not, and where keys in a
// page are out of order it finds what it replaces, and counts it.
func TestCommitsBesideDamage(t *testing.T) {
	key := func(n int) string { return fmt.Sprintf("k/%04d", n) }
	damaged := func(t *testing.T, spoil func(file []byte) (at int, b []byte)) *Engine {
		path := filepath.Join(t.TempDir(), "store.db")
		e := open(t, path)
		t.Cleanup(func() { _ = e.Close() })
		var all []storage.Change
		for n := range 400 {
			all = append(all, storage.Change{Key: key(n), Value: []byte("is one of the records")})
		}
		if err := e.Commit(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		at, b := spoil(file)
		if _, err := f.WriteAt(b, int64(at)); err != nil {
			t.Fatal(err)
		}
		return e
	}
	t.Run("page", func(t *testing.T) {
		size, first := os.Getpagesize(), 0
		e := damaged(t, func(file []byte) (int, []byte) {
			page := func(n int) int { return bytes.LastIndex(file, []byte(key(n)+"is one")) / size }
			for first = 101; page(first) == page(first-1); first++ {
			}
			return page(first) * size, bytes.Repeat([]byte{0xFF}, size)
		})
		if err := e.Commit(t.Context(), []storage.Change{{Key: key(first-1) + "/new"}}); err != nil {
			t.Errorf("beside a page that makes no sense: %v", err)
		}
	})
	t.Run("key", func(t *testing.T) {
		const n = 200
		e := damaged(t, func(file []byte) (int, []byte) {
			return bytes.LastIndex(file, []byte(key(n)+"is one")), []byte(key(n + 5))
		})
		behind := ""
		for k := n + 1; behind == "" && k < n+5; k++ {
			if _, err := get(t, e, key(k)); err == nil {
				behind = key(k)
			}
		}
		if behind == "" {
			t.Fatal("nothing can be read behind it")
		}
		if err := e.Commit(t.Context(), []storage.Change{{Key: key(n-1) + "/none", Delete: true}, {Key: behind, Delete: true}}); err != nil {
			t.Fatal(err)
		}
		if _, err := get(t, e, behind); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s was there, and was deleted: %v", behind, err)
		}
	})
}

func get(t *testing.T, e *Engine, key string) ([]byte, error) {
	t.Helper()
	s, err := e.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Get(key)
}
