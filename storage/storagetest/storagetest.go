// Package storagetest is the contract of package storage as a test. Every
// engine runs it, and so proves that it means the same as the others.
//
// Its noun is the Store: an empty store made for one test, that can be opened,
// and opened again after it was closed. It tests meaning, not speed and not
// crashes, which are an engine's own affair.
package storagetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
)

// Open opens one test's store. The first call finds it empty; a call after the
// engine was closed finds what was committed.
type Open func() storage.Engine

// Run checks an engine. For each of its tests it calls start, which makes an
// empty store and ends the test when it cannot.
func Run(t *testing.T, start func(t *testing.T) Open) {
	tests := []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"values", testValues},
		{"own writes", testOwnWrites},
		{"scan", testScan},
		{"scan sees the state at its start", testScanWhileWriting},
		{"prefixes", testPrefixes},
		{"failing closure", testFailingClosure},
		{"snapshots stay", testSnapshotStays},
		{"full transaction", testFull},
		{"overfull transaction", testOverfull},
		{"large value", testLargeValue},
		{"hostile keys", testHostileKeys},
		{"reopen", testReopen},
		{"closed", testClosed},
		{"cancelled", testCancelled},
		{"concurrent updates", testConcurrent},
		{"model", testModel},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, start(t)) })
	}
}

// pair is one record of a listing.
type pair struct{ Key, Value string }

// open opens the store as a DB that the test closes.
func open(t *testing.T, o Open) *storage.DB {
	t.Helper()
	db := storage.New(o())
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return db
}

// update runs f, which must succeed.
func update(t testing.TB, db *storage.DB, f func(*storage.Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), f); err != nil {
		t.Fatalf("Update() = %v, want nil", err)
	}
}

// put stores pairs, each key of which is its value unless "key=value" is given.
func put(t testing.TB, db *storage.DB, items ...string) {
	t.Helper()
	update(t, db, func(tx *storage.Tx) error {
		for _, item := range items {
			key, value, found := strings.Cut(item, "=")
			if !found {
				value = key
			}
			if err := tx.Put(key, []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
}

// content lists the whole store as seen by a View.
func content(t testing.TB, db *storage.DB) []pair {
	t.Helper()
	var got []pair
	err := db.View(context.Background(), func(tx *storage.Tx) error {
		got = list(tx, storage.Range{})
		return nil
	})
	if err != nil {
		t.Fatalf("View() = %v, want nil", err)
	}
	return got
}

func list(tx *storage.Tx, r storage.Range) []pair {
	got := []pair{}
	for k, v := range tx.ScanRange(r) {
		got = append(got, pair{k, string(v)})
	}
	return got
}

func pairs(items ...string) []pair {
	out := []pair{}
	for _, item := range items {
		key, value, found := strings.Cut(item, "=")
		if !found {
			value = key
		}
		out = append(out, pair{key, value})
	}
	return out
}

func wantContent(t testing.TB, db *storage.DB, items ...string) {
	t.Helper()
	if diff := cmp.Diff(pairs(items...), content(t, db)); diff != "" {
		t.Errorf("store content (-want +got):\n%s", diff)
	}
}

func testValues(t *testing.T, o Open) {
	db := open(t, o)
	update(t, db, func(tx *storage.Tx) error {
		return errors.Join(tx.Put("empty", []byte{}), tx.Put("nil", nil), tx.Put("full", []byte("x")), tx.Delete("missing"))
	})
	update(t, db, func(tx *storage.Tx) error { return tx.Delete("also missing") })
	err := db.View(context.Background(), func(tx *storage.Tx) error {
		for _, key := range []string{"empty", "nil"} {
			if v, err := tx.Get(key); err != nil || v == nil || len(v) != 0 {
				t.Errorf("Get(%q) = %#v, %v, want an empty value and nil", key, v, err)
			}
		}
		for _, key := range []string{"", "missing", "ful", "full ", "fulll"} {
			if v, err := tx.Get(key); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("Get(%q) = %q, %v, want ErrNotFound", key, v, err)
			}
		}
		v, err := tx.Get("full")
		if err != nil || string(v) != "x" {
			t.Errorf("Get(full) = %q, %v, want x", v, err)
		}
		v[0] = 'y' // the caller's to change
		if v, _ := tx.Get("full"); string(v) != "x" {
			t.Errorf("Get(full) after changing the first answer = %q, want x", v)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("View() = %v, want nil", err)
	}
}

func testOwnWrites(t *testing.T, o Open) {
	db := open(t, o)
	put(t, db, "a", "b", "c", "d")
	update(t, db, func(tx *storage.Tx) error {
		value := []byte("new")
		err := errors.Join(tx.Put("b", value), tx.Delete("c"), tx.Put("bb", nil), tx.Put("0", nil), tx.Put("e", nil),
			tx.Put("gone", nil), tx.Delete("gone"), tx.Delete("d"), tx.Put("d", []byte("again")))
		copy(value, "old") // Put has copied
		if v, err := tx.Get("b"); err != nil || string(v) != "new" {
			t.Errorf("Get(b) after Put = %q, %v, want new", v, err)
		}
		if v, err := tx.Get("bb"); err != nil || v == nil {
			t.Errorf("Get(bb) after Put(nil) = %#v, %v, want an empty value", v, err)
		}
		if v, err := tx.Get("c"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get(c) after Delete = %q, %v, want ErrNotFound", v, err)
		}
		want := pairs("0=", "a", "b=new", "bb=", "d=again", "e=")
		if diff := cmp.Diff(want, list(tx, storage.Range{})); diff != "" {
			t.Errorf("scan over own writes (-want +got):\n%s", diff)
		}
		return err
	})
	wantContent(t, db, "0=", "a", "b=new", "bb=", "d=again", "e=")
}

func testScan(t *testing.T, o Open) {
	db := open(t, o)
	put(t, db, "a/1", "a/2", "a/3", "b/1", "b/2", "a0")
	tests := []struct {
		name string
		r    storage.Range
		want []pair
	}{
		{"everything", storage.Range{}, pairs("a/1", "a/2", "a/3", "a0", "b/1", "b/2")},
		{"everything backwards", storage.Range{Reverse: true}, pairs("b/2", "b/1", "a0", "a/3", "a/2", "a/1")},
		{"from", storage.Range{Start: "a/2"}, pairs("a/2", "a/3", "a0", "b/1", "b/2")},
		{"after", storage.Range{Start: "a/2\x00"}, pairs("a/3", "a0", "b/1", "b/2")},
		{"up to", storage.Range{End: "a/2"}, pairs("a/1")},
		{"up to, backwards", storage.Range{End: "a/3", Reverse: true}, pairs("a/2", "a/1")},
		{"between", storage.Range{Start: "a/2", End: "b/1"}, pairs("a/2", "a/3", "a0")},
		{"between, backwards", storage.Range{Start: "a/11", End: "b/0", Reverse: true}, pairs("a0", "a/3", "a/2")},
		{"nothing between", storage.Range{Start: "a/4", End: "a/9"}, pairs()},
		{"nothing between, backwards", storage.Range{Start: "a/4", End: "a/9", Reverse: true}, pairs()},
		{"before the first", storage.Range{End: "a", Reverse: true}, pairs()},
		{"behind the last", storage.Range{Start: "c"}, pairs()},
		{"behind the last, backwards", storage.Range{Start: "c", Reverse: true}, pairs()},
		{"end at start", storage.Range{Start: "a/2", End: "a/2"}, pairs()},
		{"end before start", storage.Range{Start: "b", End: "a"}, pairs()},
		{"end before start, backwards", storage.Range{Start: "b", End: "a", Reverse: true}, pairs()},
	}
	update(t, db, func(tx *storage.Tx) error {
		for _, tt := range tests {
			if diff := cmp.Diff(tt.want, list(tx, tt.r)); diff != "" {
				t.Errorf("%s: ScanRange(%+v) (-want +got):\n%s", tt.name, tt.r, diff)
			}
		}
		for k := range tx.Scan("a/") {
			if k == "a/2" {
				break // early stop
			}
		}
		return tx.Err()
	})
}

func testScanWhileWriting(t *testing.T, o Open) {
	db := open(t, o)
	put(t, db, "k1", "k2", "k3")
	update(t, db, func(tx *storage.Tx) error {
		var seen []string
		for k := range tx.Scan("k") {
			seen = append(seen, k)
			if err := errors.Join(tx.Delete(k), tx.Put(k+"x", nil), tx.Put("k9", nil)); err != nil {
				return err
			}
		}
		if diff := cmp.Diff([]string{"k1", "k2", "k3"}, seen); diff != "" {
			t.Errorf("keys seen by a scan that changes them (-want +got):\n%s", diff)
		}
		return nil
	})
	wantContent(t, db, "k1x=", "k2x=", "k3x=", "k9=")
}

func testPrefixes(t *testing.T, o Open) {
	db := open(t, o)
	if got := content(t, db); len(got) != 0 {
		t.Fatalf("content of a new store = %v, want nothing", got)
	}
	put(t, db, "a", "ab", "b", "\xff", "\xff\xff", "\xffa")
	update(t, db, func(tx *storage.Tx) error {
		if err := tx.Put("abc", nil); err != nil {
			return err
		}
		for prefix, want := range map[string]string{
			"": "a ab abc b \xff \xffa \xff\xff", "a": "a ab abc", "ab": "ab abc", "abcd": "", "c": "",
			"\xff": "\xff \xffa \xff\xff", "\xff\xff": "\xff\xff", "\xff\xff\xff": "",
		} {
			checkPrefix(t, tx, prefix, strings.Fields(want))
		}
		var got []string
		for k := range tx.ScanFrom("a", "aa") {
			got = append(got, k)
		}
		for k := range tx.ScanFrom("b", "a") { // from before the prefix
			got = append(got, k)
		}
		if want := []string{"ab", "abc", "b"}; !cmp.Equal(got, want) {
			t.Errorf("ScanFrom = %q, want %q", got, want)
		}
		return nil
	})
}

func checkPrefix(t *testing.T, tx *storage.Tx, prefix string, want []string) {
	t.Helper()
	var there, back []string
	for k := range tx.Scan(prefix) {
		there = append(there, k)
	}
	for k := range tx.ScanBack(prefix) {
		back = append([]string{k}, back...)
	}
	if diff := cmp.Diff(want, there, cmpEmpty); diff != "" {
		t.Errorf("Scan(%q) (-want +got):\n%s", prefix, diff)
	}
	if diff := cmp.Diff(want, back, cmpEmpty); diff != "" {
		t.Errorf("ScanBack(%q) turned round (-want +got):\n%s", prefix, diff)
	}
	last, _, err := tx.Last(prefix)
	if len(want) == 0 {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Last(%q) = %q, %v, want ErrNotFound", prefix, last, err)
		}
		return
	}
	if err != nil || last != want[len(want)-1] {
		t.Errorf("Last(%q) = %q, %v, want %q", prefix, last, err, want[len(want)-1])
	}
}

// cmpEmpty makes nil and empty lists the same.
var cmpEmpty = cmp.Transformer("len0", func(s []string) []string { return append([]string{}, s...) })

func testFailingClosure(t *testing.T, o Open) {
	db := open(t, o)
	put(t, db, "a")
	no := errors.New("no")
	err := db.Update(context.Background(), func(tx *storage.Tx) error {
		return errors.Join(tx.Put("b", nil), tx.Delete("a"), no)
	})
	if !errors.Is(err, no) {
		t.Errorf("Update() = %v, want the closure's error", err)
	}
	var kept *storage.Tx
	err = db.View(context.Background(), func(tx *storage.Tx) error {
		kept = tx
		tx.Put("b", nil) // its error sticks although ignored
		return nil
	})
	if !errors.Is(err, storage.ErrReadOnly) {
		t.Errorf("View() with Put = %v, want ErrReadOnly", err)
	}
	if _, err := kept.Get("a"); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Get on a transaction that has ended = %v, want ErrClosed", err)
	}
	err = db.Update(context.Background(), func(tx *storage.Tx) error {
		tx.Put("c", nil)
		tx.Put("", nil)
		return nil
	})
	if err == nil {
		t.Errorf("Update() with an empty key = nil, want an error")
	}
	wantContent(t, db, "a")
}

func testSnapshotStays(t *testing.T, o Open) {
	e := o()
	defer e.Close()
	ctx := context.Background()
	if err := e.Commit(ctx, []storage.Change{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("1")}}); err != nil {
		t.Fatalf("Commit() = %v", err)
	}
	s, err := e.Snapshot(ctx)
	if err != nil {
		t.Fatalf("Snapshot() = %v", err)
	}
	if err := e.Commit(ctx, []storage.Change{{Key: "a", Value: []byte("2")}, {Key: "b", Delete: true}, {Key: "c"}}); err != nil {
		t.Fatalf("Commit() beside an open snapshot = %v", err)
	}
	now, err := e.Snapshot(ctx)
	if err != nil {
		t.Fatalf("Snapshot() = %v", err)
	}
	for _, tt := range []struct {
		name string
		s    storage.Snapshot
		want []pair
	}{{"old", s, pairs("a=1", "b=1")}, {"new", now, pairs("a=2", "c=")}} {
		var got []pair
		err := tt.s.Scan(storage.Range{}, func(k string, v []byte) bool {
			got = append(got, pair{k, string(v)})
			return true
		})
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s snapshot: error %v, content (-want +got):\n%s", tt.name, err, diff)
		}
		if v, err := tt.s.Get("a"); string(v) != tt.want[0].Value || err != nil {
			t.Errorf("%s snapshot: Get(a) = %q, %v, want %q", tt.name, v, err, tt.want[0].Value)
		}
		if err := tt.s.Close(); err != nil {
			t.Errorf("%s snapshot: Close() = %v", tt.name, err)
		}
	}
}

func testHostileKeys(t *testing.T, o Open) {
	db := open(t, o)
	keys := []string{"\x00", "\x00\x00", " ", "/", "//", "a\x00", "a\x00b", "a\nb", "ключ/ü/鍵", "\U0001F525", "\xfe\xff"}
	put(t, db, keys...)
	wantContent(t, db, keys...) // which is in byte order
	for _, key := range keys {
		update(t, db, func(tx *storage.Tx) error { return tx.Delete(key) })
	}
	wantContent(t, db)
}

func testReopen(t *testing.T, o Open) {
	db := storage.New(o())
	put(t, db, "a", "b", "c=")
	update(t, db, func(tx *storage.Tx) error { return tx.Delete("b") })
	if err := db.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	wantContent(t, open(t, o), "a", "c=")
}

func testClosed(t *testing.T, o Open) {
	db := storage.New(o())
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatalf("Close() twice = %v, want nil", err)
	}
	never := func(*storage.Tx) error { t.Error("closure ran on a closed store"); return nil }
	if err := db.View(context.Background(), never); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("View() after Close = %v, want ErrClosed", err)
	}
	if err := db.Update(context.Background(), never); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Update() after Close = %v, want ErrClosed", err)
	}
}

func testCancelled(t *testing.T, o Open) {
	db := open(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	err := db.Update(ctx, func(tx *storage.Tx) error {
		cancel() // too late: it has begun
		return tx.Put("a", []byte("a"))
	})
	if err != nil {
		t.Errorf("Update() cancelled while running = %v, want nil", err)
	}
	never := func(*storage.Tx) error { t.Error("closure ran although cancelled before"); return nil }
	if err := db.Update(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("Update() cancelled before = %v, want context.Canceled", err)
	}
	if err := db.View(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("View() cancelled before = %v, want context.Canceled", err)
	}
	wantContent(t, db, "a")
}
