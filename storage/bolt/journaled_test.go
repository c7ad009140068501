package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
)

// TestJournalLarge: a view that was begun before a commit too large for the journal has
// nothing of what came after it.
func TestJournalLarge(t *testing.T) {
	e := journaled(t, filepath.Join(t.TempDir(), "store.db"), 2*blockSize)
	defer e.Close()
	// The steps of Snapshot, with commits in between.
	turns := e.carrier.pending.exchanged()
	tx, err := e.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	put(t, e, storage.Change{Key: "large", Value: bytes.Repeat([]byte("x"), 2*blockSize)})
	put(t, e, storage.Change{Key: "small", Value: []byte("after")})
	if _, ok := e.carrier.pending.over(&snapshot{engine: e, tx: tx}, turns); ok {
		t.Error("the small commit would be seen without the large one before it")
	}
}

// TestJournalViews: a view has all of a commit or nothing, beside commits of every size, backups
// and a journal that turns all the time.
func TestJournalViews(t *testing.T) {
	e := journaled(t, filepath.Join(t.TempDir(), "store.db"), 2*blockSize)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	until := func(do func()) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					do()
				}
			}
		})
	}
	until(func() {
		seen := map[string]bool{}
		for _, v := range all(t, e, storage.Range{}) {
			seen[v[:6]] = true
		}
		if len(seen) > 1 {
			t.Errorf("a view of more than one commit: %v", seen)
		}
	})
	until(func() {
		if _, err := e.Backup(io.Discard); err != nil {
			t.Error(err)
		}
	})
	for n := range 120 {
		var list []storage.Change
		for k := range 5 {
			c := storage.Change{Key: fmt.Sprint("k", k), Value: fmt.Appendf(nil, "%06d%s", n, strings.Repeat("y", n%70*40))}
			if k > 3 && n%3 == 0 {
				c = storage.Change{Key: c.Key, Delete: true}
			}
			list = append(list, c)
		}
		put(t, e, list...)
	}
	close(stop)
	wg.Wait()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestJournalClosed: after Close nothing is confirmed and no journal is said to be needed, by
// whoever waited for its turn meanwhile either.
func TestJournalClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 2*blockSize)
	put(t, e, storage.Change{Key: "a"})
	if err := e.carrier.close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Commit(context.Background(), []storage.Change{{Key: "b"}}); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Commit() = %v, want ErrClosed", err)
	}
	if _, err := e.Backup(io.Discard); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Backup() = %v, want ErrClosed", err)
	}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open(t, path).Close()
}

// TestJournalAlone: while a backup has its view, nothing is committed on its behalf: where the
// file has outgrown its mapping that would wait for the view, and so for itself.
func TestJournalAlone(t *testing.T) {
	e := journaled(t, filepath.Join(t.TempDir(), "store.db"), 2*blockSize)
	defer e.Close()
	put(t, e, storage.Change{Key: "a"})
	begin := func() (tx *bolt.Tx) {
		var err error
		if tx, err = e.db.Begin(false); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	var view *bolt.Tx
	err := e.carrier.alone(func() error { view = begin(); return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer view.Rollback()
	later := begin()
	defer later.Rollback()
	if later.ID() != view.ID() {
		t.Errorf("the file is at transaction %d, the view of the backup at %d", later.ID(), view.ID())
	}
}

// TestPanic: where bbolt panics in a commit nothing is known, and Close does not wait for it.
func TestPanic(t *testing.T) {
	e := open(t, filepath.Join(t.TempDir(), "store.db"))
	if err := e.commitTree(nil, func(*bolt.Tx) error { panic("a page makes no sense") }); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("commit = %v, want ErrUnknown", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestJournalNothing: a commit of no changes is none.
func TestJournalNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 2*blockSize)
	defer e.Close()
	put(t, e)
	for range 2 {
		put(t, e, storage.Change{Key: "large", Value: bytes.Repeat([]byte("x"), 2*blockSize)})
		put(t, e)
	}
	put(t, e, storage.Change{Key: "small"})
	open(t, copyAt(t, path)).Close()
}

// TestJournalLength: a length that no file has is none, on machines with 32 bits too.
func TestJournalLength(t *testing.T) {
	j := &journal{}
	entry := j.encode([]storage.Change{{Key: "a"}})
	if _, size := j.id.at(entry, 0); size != entryHead+3 {
		t.Errorf("at() = %d, want %d", size, entryHead+3)
	}
	copy(entry[4:], "\xff\xff\xff\xff")
	if _, size := j.id.at(entry, 0); size != 0 {
		t.Errorf("at() = %d, want none", size)
	}
}

// inFile makes a store of four records, all of them in the file.
func inFile(t testing.TB, path string) {
	t.Helper()
	e := open(t, path)
	for _, k := range []string{"kay-b", "kay-c", "kay-m", "kay-p"} {
		put(t, e, storage.Change{Key: k, Value: []byte("old-" + k)})
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// swap changes bytes of a file wherever they stand.
func swap(t testing.TB, path, before, after string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(before)) {
		t.Fatalf("%q is not in the file: %v", before, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt(bytes.ReplaceAll(text, []byte(before), []byte(after)), 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestJournalOverDamage: what is pending lies right over a file in which a record is damaged:
// whole records come in order, each in its latest state, and damage is told where it is.
func TestJournalOverDamage(t *testing.T) {
	pending := []storage.Change{{Key: "kay-a", Value: []byte("new")}, {Key: "kay-m", Value: []byte("new")}, {Key: "kay-p", Delete: true}, {Key: "kay-z", Value: []byte("new")}}
	for _, c := range []struct {
		name, before, after string
		limit               int
		past                bool
		want                string
	}{
		{"nothing", "", "", 9, false, "kay-a=new kay-b=old-kay-b kay-c=old-kay-c kay-m=new kay-z=new"},
		{"a value", "old-kay-c", "OLD-kay-c", 9, true, "kay-a=new kay-b=old-kay-b !kay-c kay-m=new kay-z=new"},
		{"a value, and no further", "old-kay-c", "OLD-kay-c", 9, false, "kay-a=new kay-b=old-kay-b error"},
		{"a value that is replaced", "old-kay-m", "OLD-kay-m", 9, false, "kay-a=new kay-b=old-kay-b kay-c=old-kay-c kay-m=new kay-z=new"},
		{"a value behind the end", "old-kay-b", "OLD-kay-b", 1, false, "kay-a=new"},
		{"a key, too high", "kay-cold-kay-c", "kay-zold-kay-c", 9, true, "kay-a=new kay-b=old-kay-b !kay-z kay-m=new kay-z=new"},
		{"a key, too low", "kay-mold-kay-m", "kay-aold-kay-m", 9, true, "kay-a=new kay-b=old-kay-b kay-c=old-kay-c !kay-a kay-m=new kay-z=new"},
		{"the last", "old-kay-p", "OLD-kay-p", 9, false, "kay-a=new kay-b=old-kay-b kay-c=old-kay-c kay-m=new kay-z=new"},
	} {
		path := filepath.Join(t.TempDir(), "store.db")
		inFile(t, path)
		e := journaled(t, path, 20*blockSize)
		put(t, e, pending...)
		if c.before != "" {
			swap(t, path, c.before, c.after)
		}
		s, err := e.Snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = storage.ScanPast(s, storage.Range{}, func(k string, v []byte) bool {
			got = append(got, k+"="+string(v))
			return len(got) < c.limit
		}, func(d *storage.DamagedError) bool {
			if c.past {
				got = append(got, "!"+d.Key)
			}
			return c.past
		})
		if err != nil {
			got = append(got, "error")
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, text, c.want)
		}
		s.Close()
		e.db.Close()
	}
}

// TestJournalClosedByTwo: whoever closes has it closed, with nothing left, beside others who do.
func TestJournalClosedByTwo(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "store.db")
		e := journaled(t, path, 20*blockSize)
		put(t, e, storage.Change{Key: "a"})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if err := e.Close(); err != nil || Journal(path) != nil {
					t.Errorf("Close() = %v; left: %v", err, Journal(path))
				}
			})
		}
		wg.Wait()
	}
}
