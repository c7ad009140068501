package storage

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestThreeLayers compares scans and reads over stored records, changes of
// closures before, and own changes, with a plain map.
func TestThreeLayers(t *testing.T) {
	key := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 1, 3, -1)
	rapid.Check(t, func(r *rapid.T) {
		model := map[string]string{}
		change := func() Change {
			c := Change{Key: key.Draw(r, "key"), Delete: rapid.Bool().Draw(r, "delete")}
			if c.Delete {
				delete(model, c.Key)
				return c
			}
			c.Value = []byte(rapid.StringN(0, 2, -1).Draw(r, "value"))
			model[c.Key] = string(c.Value)
			return c
		}
		e := &MemEngine{}
		e.Commit(context.Background(), changes(r, change))
		snap, _ := e.Snapshot(context.Background())
		tx := &Tx{snap: snap, below: &layer{}, writable: true}
		for _, c := range changes(r, change) {
			tx.below.put(c)
		}
		for _, c := range changes(r, change) {
			tx.own.put(c)
		}
		rng := Range{Start: rapid.OneOf(rapid.Just(""), key).Draw(r, "start"),
			End: rapid.OneOf(rapid.Just(""), key).Draw(r, "end"), Reverse: rapid.Bool().Draw(r, "reverse")}
		checkLayers(r, tx, rng, model)
		checkSizes(r, tx)
	})
}

func changes(r *rapid.T, change func() Change) []Change {
	var out []Change
	for range rapid.IntRange(0, 12).Draw(r, "changes") {
		out = append(out, change())
	}
	return out
}

func checkLayers(r *rapid.T, tx *Tx, rng Range, model map[string]string) {
	want := slices.DeleteFunc(slices.Sorted(maps.Keys(model)), func(k string) bool { return !rng.Contains(k) })
	if rng.Reverse {
		slices.Reverse(want)
	}
	stop := rapid.IntRange(1, 20).Draw(r, "stop")
	want = want[:min(stop, len(want))]
	got := []string{}
	for k, v := range tx.ScanRange(rng) {
		got = append(got, k)
		if string(v) != model[k] {
			r.Fatalf("value of %q = %q, want %q", k, v, model[k])
		}
		if len(got) == stop {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		r.Fatalf("ScanRange(%+v), stopped at %d (-want +got):\n%s", rng, stop, diff)
	}
	for k, want := range model {
		if v, err := tx.Get(k); string(v) != want || err != nil {
			r.Fatalf("Get(%q) = %q, %v, want %q", k, v, err, want)
		}
	}
}

// checkSizes compares the running sum of a layer with a count from scratch.
func checkSizes(r *rapid.T, tx *Tx) {
	sum := 0
	for _, c := range tx.own.list() {
		sum += c.size()
	}
	if tx.own.bytes != sum || !slices.IsSorted(tx.own.keys) || len(tx.own.keys) != len(tx.own.changes) {
		r.Fatalf("layer: bytes %d, want %d; keys %q for %d changes", tx.own.bytes, sum, tx.own.keys, len(tx.own.changes))
	}
}

func TestPrefixRange(t *testing.T) {
	for prefix, want := range map[string]Range{
		"":              {},
		"a":             {Start: "a", End: "b"},
		"a/":            {Start: "a/", End: "a0"},
		"a\xff":         {Start: "a\xff", End: "b"},
		"a\xfe\xff\xff": {Start: "a\xfe\xff\xff", End: "a\xff"},
		"\xff\xff":      {Start: "\xff\xff"},
	} {
		if got := Prefix(prefix); got != want {
			t.Errorf("Prefix(%q) = %q to %q, want %q to %q", prefix, got.Start, got.End, want.Start, want.End)
		}
	}
}

// TestMergeIsPutOfEach: to merge a layer is to put each of its changes.
func TestMergeIsPutOfEach(t *testing.T) {
	key := rapid.StringMatching("[a-d]{1,3}")
	rapid.Check(t, func(r *rapid.T) {
		change := func() Change {
			return Change{Key: key.Draw(r, "key"), Value: []byte(rapid.StringN(0, 2, -1).Draw(r, "value")), Delete: rapid.Bool().Draw(r, "delete")}
		}
		var want, got layer
		for range 3 {
			var m layer
			for _, c := range changes(r, change) {
				m.put(c)
			}
			got.merge(&m)
			for _, k := range m.keys {
				want.put(m.changes[k])
			}
			if !slices.Equal(got.keys, want.keys) || got.bytes != want.bytes || !maps.EqualFunc(got.changes, want.changes, equal) {
				r.Fatalf("merged: %v, %d bytes; want %v, %d bytes", got.keys, got.bytes, want.keys, want.bytes)
			}
		}
	})
}

func equal(a, b Change) bool { return a.Delete == b.Delete && string(a.Value) == string(b.Value) }
