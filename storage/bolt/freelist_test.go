package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
)

// largeMade is what largeStore has made, once for all tests.
var largeMade struct {
	once  sync.Once
	file  []byte
	found tally
}

// largeStore writes a store of more than listFrom pages, a third of which are free,
// and returns the tally of its records.
func largeStore(t *testing.T, path string) tally {
	t.Helper()
	largeMade.once.Do(func() {
		path := filepath.Join(t.TempDir(), "large.db")
		e, err := Open(path, Options{Unsynced: true})
		if err != nil {
			t.Fatal(err)
		}
		const records = 30_000
		var put, remove []storage.Change
		for i := range records {
			c := storage.Change{Key: fmt.Sprintf("event/%06d", i), Value: bytes.Repeat([]byte{byte(i)}, 600)}
			put = append(put, c)
			if i/100%3 == 0 {
				remove = append(remove, storage.Change{Key: c.Key, Delete: true})
			}
		}
		for _, changes := range [][]storage.Change{put, remove, {{Key: "a", Value: nil}}, {{Key: "b", Value: nil}}} {
			if err := e.Commit(t.Context(), changes); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		c := seenIn(t, path)
		if want := uint64(records - len(remove) + 2); c.meta.end < listFrom || c.found.n != want {
			t.Fatalf("%d pages and %d records, want at least %d and %d", c.meta.end, c.found.n, listFrom, want)
		}
		if largeMade.file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		largeMade.found = c.found
	})
	if largeMade.file == nil {
		t.Fatal("there is no large store: see the first test that wanted it")
	}
	if err := os.WriteFile(path, largeMade.file, 0o600); err != nil {
		t.Fatal(err)
	}
	return largeMade.found
}

// seenIn is what verify sees in a file.
func seenIn(t *testing.T, path string) *checker {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	c, err := verify(f, info.Size(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkStore opens a store, has bbolt compare its pages with its list of free ones,
// commits, and looks for the records.
func checkStore(t *testing.T, path string, want tally) {
	t.Helper()
	e, err := Open(path, Options{Warn: func(text string) { t.Errorf("warned: %s", text) }})
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		err := e.db.View(func(tx *bolt.Tx) error {
			var all []error
			for err := range tx.Check() {
				all = append(all, err)
			}
			return errors.Join(all...)
		})
		if err != nil {
			t.Errorf("bbolt's own check: %v", err)
		}
	}
	check()
	for range 3 {
		if err := e.Commit(t.Context(), []storage.Change{{Key: "a", Value: []byte("again")}}); err != nil {
			t.Fatal(err)
		}
	}
	check()
	if err := e.Commit(t.Context(), []storage.Change{{Key: "a", Value: nil}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if c := seenIn(t, path); c.found != want {
		t.Errorf("the records are %+v, want %+v", c.found, want)
	}
}

// TestFreePages opens a large store again and again: bbolt is handed the list of the
// free pages each time, and finds it right.
func TestFreePages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	want := largeStore(t, path)
	for range 3 {
		e, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if c := seenIn(t, path); c.meta.freelist == noFreelist {
			t.Fatal("the file has no list of free pages")
		}
		checkStore(t, path, want)
	}
}

// cutFile is a file in which only so many operations happen.
type cutFile struct {
	*os.File
	left int
	torn int64 // of the write that does not happen any more, so many bytes do
}

var errCut = errors.New("the power is off")

func (f *cutFile) WriteAt(b []byte, at int64) (int, error) {
	if f.left--; f.left >= 0 {
		return f.File.WriteAt(b, at)
	}
	if f.left == -1 {
		_, _ = f.File.WriteAt(b[:min(f.torn, int64(len(b)))], at)
	}
	return 0, errCut
}

func (f *cutFile) Sync() error {
	if f.left--; f.left >= 0 {
		return f.File.Sync()
	}
	return errCut
}

// TestFreePagesCutShort ends the writing of the list after each of its steps, and in
// the middle of it: every record is there, and the store goes on.
func TestFreePagesCutShort(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	want := largeStore(t, whole)
	image, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for steps := range 5 {
		for _, torn := range []int64{0, 24, 5000} {
			if torn > 0 && steps > 0 {
				continue // half a header is what a commit can leave too: see TestDamagedHeader
			}
			path := filepath.Join(dir, "cut.db")
			if err := os.WriteFile(path, image, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = seenIn(t, path).keepFree(&cutFile{f, steps, torn})
			if cut := steps < 4; cut != errors.Is(err, errCut) {
				t.Errorf("cut after %d steps: %v", steps, err)
			}
			f.Close()
			checkStore(t, path, want)
		}
	}
}

// TestFreePagesList reads lists back: what they name are the pages that nobody uses,
// except those that they take themselves.
func TestFreePagesList(t *testing.T) {
	for name, test := range map[string]struct {
		pages uint64
		used  func(id uint64) bool
		end   bool // the list stands behind the last page
	}{
		"few":                {pages: 5000, used: func(id uint64) bool { return id%1000 < 990 }},
		"one page":           {pages: 5000, used: func(id uint64) bool { return id != 4999 }},
		"more than 65534":    {pages: 200_000, used: func(id uint64) bool { return id%3 == 0 && id < 180_000 }},
		"never two in a row": {pages: 5000, used: func(id uint64) bool { return id%2 == 0 }, end: true},
		"none":               {pages: 5000, used: func(uint64) bool { return true }, end: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := &checker{meta: meta{pageSize: 4096, end: test.pages}, seen: make(pages, test.pages/8+1)}
			for id := uint64(2); id < test.pages; id++ {
				if test.used(id) {
					c.seen.add(id)
				}
			}
			at, list := c.freePages()
			if (at == test.pages) != test.end {
				t.Fatalf("the list of %d bytes is at page %d", len(list), at)
			}
			if test.end {
				c.meta.end += uint64(len(list) / 4096)
				c.seen = append(c.seen, make(pages, len(list)/4096)...)
			}
			c.file = listAt{list, int64(at) * 4096}
			if err := c.freelist(at); err != nil { // it refuses what is used twice
				t.Fatal(err)
			}
			for id := uint64(2); id < test.pages; id++ {
				if !c.seen.has(id) {
					t.Fatalf("page %d is neither used nor free", id)
				}
			}
		})
	}
}

// listAt is a file of which only one part is read.
type listAt struct {
	part []byte
	at   int64
}

func (l listAt) ReadAt(b []byte, at int64) (int, error) {
	if at < l.at || at+int64(len(b)) > l.at+int64(len(l.part)) {
		return 0, io.ErrUnexpectedEOF
	}
	return copy(b, l.part[at-l.at:]), nil
}
