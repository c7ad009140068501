package bolt

import (
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
