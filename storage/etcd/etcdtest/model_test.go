package etcdtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/storage"
)

// TestSnapshots: whatever is committed in between, and whatever the engine remembers of
// earlier answers, a snapshot shows what was there when it was taken.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	e := open(t, options(c))
	key := rapid.StringMatching("[a-c]{1,3}")
	store := map[string]string{}
	type view struct {
		storage.Snapshot
		want map[string]string
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		var views []view
		pick := func() view { return views[rapid.IntRange(0, len(views)-1).Draw(r, "view")] }
		take := func() {
			s, err := e.Snapshot(ctx)
			if err != nil {
				r.Fatalf("Snapshot() = %v", err)
			}
			views = append(views, view{s, maps.Clone(store)})
		}
		take()
		for range rapid.IntRange(5, 30).Draw(r, "steps") {
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				var changes []storage.Change
				for _, k := range slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(key, 1, 25).Draw(r, "keys")))) {
					n++
					change := storage.Change{Key: k, Value: fmt.Append(nil, n), Delete: rapid.Bool().Draw(r, "delete")}
					if changes = append(changes, change); change.Delete {
						delete(store, k)
					} else {
						store[k] = string(change.Value)
					}
				}
				if err := e.Commit(ctx, changes); err != nil {
					r.Fatalf("Commit() = %v", err)
				}
			case 1:
				take()
			case 2:
				v, k := pick(), key.Draw(r, "key")
				got, err := v.Get(k)
				want, there := v.want[k]
				if string(got) != want || there == errors.Is(err, storage.ErrNotFound) || there && err != nil {
					r.Fatalf("Get(%q) = %q, %v, want %q, there: %v", k, got, err, want, there)
				}
			default:
				v := pick()
				in := storage.Range{Start: rapid.OneOf(rapid.Just(""), key).Draw(r, "start"), End: rapid.OneOf(rapid.Just(""), key).Draw(r, "end"), Reverse: rapid.Bool().Draw(r, "reverse")}
				compareScan(r, v, in, v.want, rapid.IntRange(1, 40).Draw(r, "stop"))
			}
		}
	})
}

func compareScan(r *rapid.T, s storage.Snapshot, in storage.Range, records map[string]string, stop int) {
	want := slices.DeleteFunc(slices.Sorted(maps.Keys(records)), func(k string) bool { return !in.Contains(k) })
	if in.Reverse {
		slices.Reverse(want)
	}
	want = want[:min(stop, len(want))]
	got := []string{}
	err := s.Scan(in, func(k string, v []byte) bool {
		got = append(got, k)
		if string(v) != records[k] {
			r.Errorf("Scan(%+v): %q = %q, want %q", in, k, v, records[k])
		}
		return len(got) < stop
	})
	if err != nil || !slices.Equal(got, want) {
		r.Fatalf("Scan(%+v), stopped at %d = %q, %v, want %q", in, stop, got, err, want)
	}
}

// TestPageEnds: a page that is remembered is forgotten when the record at either of its
// ends changes, or one comes in between.
func TestPageEnds(t *testing.T) {
	t.Parallel()
	const page = 16 // of a scan, at first
	e := open(t, options(start(t, 1)))
	store := map[string]string{}
	commit := func(key, value string) {
		t.Helper()
		store[key] = value
		if err := e.Commit(ctx, put(key, value)); err != nil {
			t.Fatalf("Commit() = %v", err)
		}
	}
	for n := range 2 * page {
		commit(fmt.Sprintf("k%02d", n), "0")
	}
	for n, key := range []string{"k00", "k15", "k16", "k31", "k05", "k07x", "k20x"} {
		for round := range 2 {
			for _, reverse := range []bool{false, true} {
				s, err := e.Snapshot(ctx)
				if err != nil {
					t.Fatalf("Snapshot() = %v", err)
				}
				want := slices.Sorted(maps.Keys(store))
				if reverse {
					slices.Reverse(want)
				}
				got := 0
				err = s.Scan(storage.Range{Reverse: reverse}, func(k string, v []byte) bool {
					if k != want[got] || string(v) != store[k] {
						t.Errorf("change %d of %s, round %d, reverse %v: record %d is %s = %s, want %s = %s", n, key, round, reverse, got, k, v, want[got], store[want[got]])
					}
					got++
					return got < page
				})
				if err != nil || got != page {
					t.Errorf("Scan() = %v after %d records", err, got)
				}
			}
			if round == 0 {
				commit(key, fmt.Sprint(n+1))
			}
		}
	}
}
