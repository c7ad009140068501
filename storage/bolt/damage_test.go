package bolt_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// sampleMade is what sample has made, once for all tests.
var sampleMade struct {
	once    sync.Once
	file    []byte
	records map[string]string
}

// sample is a store with several levels of pages, values longer than a page and free
// pages: its bytes and records.
func sample(t *testing.T) ([]byte, map[string]string) {
	t.Helper()
	sampleMade.once.Do(func() {
		path := filepath.Join(t.TempDir(), "store.db")
		e := openWith(t, path, bolt.Options{Unsynced: true})
		for i := range 1500 {
			commit(t, e, fmt.Sprintf("event/%06d/%s", i, strings.Repeat("k", i%60)), strings.Repeat("v", i%90), "count", fmt.Sprint(i))
		}
		commit(t, e, "long", strings.Repeat("long value ", 2000), "empty", "")
		records := content(t, e)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sampleMade.file, sampleMade.records = b, records
	})
	if sampleMade.file == nil {
		t.Fatal("there is no sample: see the first test that wanted it")
	}
	return bytes.Clone(sampleMade.file), maps.Clone(sampleMade.records)
}

// pageSize is the one the sample was written with.
func pageSize() int { return os.Getpagesize() }

// used returns the size of the part of a store that is in use.
func used(b []byte) int {
	end := func(at int) int { return int(binary.NativeEndian.Uint64(b[at+16+40:])) }
	return pageSize() * max(end(0), end(pageSize()))
}

// TestFlippedBytes changes single bytes of a store, anywhere. Open must either
// refuse in words or, where the byte is in no use, give what was stored.
func TestFlippedBytes(t *testing.T) {
	good, records := sample(t)
	rounds := 500
	if testing.Short() {
		rounds = 200
	}
	path := filepath.Join(t.TempDir(), "store.db")
	refused := 0
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		b := append([]byte{}, good[:used(good)]...)
		at := r.IntN(len(b))
		if seed%3 == 0 { // headers and heads of entries matter most
			at = at/pageSize()*pageSize() + r.IntN(64)
		}
		b[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := bolt.Open(path, bolt.Options{Unsynced: true})
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "is damaged") && !strings.Contains(err.Error(), "is not a Stormbell store") &&
				!strings.Contains(err.Error(), "has file layout") && !strings.Contains(err.Error(), "schema version") {
				t.Errorf("seed %d: byte %d flipped: Open() = %v, want words about damage", seed, at, err)
			}
			if after, _ := os.ReadFile(path); string(after) != string(b) {
				t.Fatalf("seed %d: byte %d flipped: Open() has changed the file it refused", seed, at)
			}
			continue
		}
		if got := content(t, e); !maps.Equal(got, records) {
			t.Errorf("seed %d: byte %d flipped: Open() = nil, but the content differs:\n%s", seed, at, cmp.Diff(records, got))
		}
		if err := e.Close(); err != nil {
			t.Errorf("seed %d: Close() = %v", seed, err)
		}
	}
	if refused < rounds/4 || refused == rounds {
		t.Errorf("refused %d of %d, want most bytes to matter, and some not", refused, rounds)
	}
}

// TestOverwrittenPages puts garbage, zeros and other pages where a page was.
func TestOverwrittenPages(t *testing.T) {
	good, records := sample(t)
	path := filepath.Join(t.TempDir(), "store.db")
	pages := used(good) / pageSize()
	for seed := range 60 {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		b := append([]byte{}, good[:used(good)]...)
		at := 2 + r.IntN(pages-2)
		page := b[at*pageSize() : (at+1)*pageSize()]
		switch seed % 3 {
		case 0:
			clear(page)
		case 1:
			for i := range page {
				page[i] = byte(r.Uint32())
			}
		case 2:
			copy(page, b[(2+r.IntN(pages-2))*pageSize():])
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			if !strings.Contains(err.Error(), "is damaged") {
				t.Errorf("seed %d: page %d overwritten: Open() = %v, want words about damage", seed, at, err)
			}
			continue
		}
		if got := content(t, e); !maps.Equal(got, records) {
			t.Errorf("seed %d: page %d overwritten: Open() = nil, but the content differs", seed, at)
		}
		e.Close()
	}
}

func TestCutShort(t *testing.T) {
	good, records := sample(t)
	path := filepath.Join(t.TempDir(), "store.db")
	for _, size := range []int{1, 15, 79, 80, 4095, 4096, 8191, 8192, 8193, used(good) / 2, used(good) - 1} {
		if err := os.WriteFile(path, good[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := bolt.Open(path, bolt.Options{})
		if err == nil || !strings.Contains(err.Error(), "is damaged") && !strings.Contains(err.Error(), "is not a Stormbell store") {
			t.Errorf("Open() of the first %d of %d bytes = %v, want a refusal", size, used(good), err)
		}
	}
	if err := os.WriteFile(path, good[:used(good)], 0o600); err != nil {
		t.Fatal(err)
	}
	e := open(t, path) // what is cut off here was set aside, not used
	defer e.Close()
	if diff := cmp.Diff(records, content(t, e)); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func TestDamagedHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := open(t, path)
	commit(t, e, "a", "old")
	commit(t, e, "a", "new")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := 0
	if tx := func(at int) uint64 { return binary.NativeEndian.Uint64(b[at+16+48:]) }; tx(pageSize()) > tx(0) {
		newer = pageSize()
	}
	b[newer+16+20] ^= 0x10
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path, bolt.Options{}); err == nil || !strings.Contains(err.Error(), "the last change may be missing") {
		t.Errorf("Open() with a damaged header = %v, want a refusal", err)
	}
	var warned []string
	e, err = bolt.Open(path, bolt.Options{UseOlderHeader: true, Warn: func(text string) { warned = append(warned, text) }})
	if err != nil || len(warned) != 1 {
		t.Fatalf("Open(UseOlderHeader) = %v with warnings %q, want nil and one warning", err, warned)
	}
	if diff := cmp.Diff(map[string]string{"a": "old"}, content(t, e)); diff != "" {
		t.Errorf("content from the older header (-want +got):\n%s", diff)
	}
	commit(t, e, "a", "newest")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, path) // writing has mended it
	defer e.Close()
	if diff := cmp.Diff(map[string]string{"a": "newest"}, content(t, e)); diff != "" {
		t.Errorf("content after writing on (-want +got):\n%s", diff)
	}
}

// TestDamagedWhileOpen changes a record in the file of a running store: it is
// not handed out.
func TestDamagedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := open(t, path)
	defer e.Close()
	commit(t, e, "phone/ana", "the value to be damaged", "phone/ben", "untouched")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndex(string(b), "value to be")
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("VALUE"), int64(at)); err != nil {
		t.Fatal(err)
	}
	db := storage.New(e)
	const want = `record "phone/ana": checksum does not match`
	for name, read := range map[string]func(*storage.Tx) error{
		"get": func(tx *storage.Tx) error { _, err := tx.Get("phone/ana"); return err },
		"scan": func(tx *storage.Tx) error {
			for range tx.Scan("phone/") {
			}
			return nil
		},
	} {
		if err := db.View(t.Context(), read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s of a damaged record = %v, want %q", name, err, want)
		}
	}
	err = db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Get("phone/ben"); return err })
	if err != nil {
		t.Errorf("Get of another record = %v, want nil", err)
	}
}

// TestForgottenRecord makes one page claim an entry less than it has: nothing
// in the page contradicts that.
func TestForgottenRecord(t *testing.T) {
	good, records := sample(t)
	const leaf = 2
	for at := 2 * pageSize(); at < used(good); at += pageSize() {
		count := binary.NativeEndian.Uint16(good[at+10:])
		if binary.NativeEndian.Uint16(good[at+8:]) != leaf || count < 4 {
			continue
		}
		b := append([]byte{}, good...)
		binary.NativeEndian.PutUint16(b[at+10:], count-1)
		path := file(t, b, 0o600)
		e, err := bolt.Open(path, bolt.Options{})
		if err == nil { // a free page
			if diff := cmp.Diff(records, content(t, e)); diff != "" {
				t.Errorf("page %d: Open() = nil, content (-want +got):\n%s", at/pageSize(), diff)
			}
			e.Close()
			continue
		}
		if want := fmt.Sprintf("(%d there, %d expected)", len(records)-1, len(records)); !strings.Contains(err.Error(), want) {
			t.Errorf("page %d: Open() = %v, want %q", at/pageSize(), err, want)
		}
		return
	}
	t.Error("no page was refused")
}

// TestScanPast damages a record in the middle, in its value or in its key: what goes past
// it sees all others once, in order, and what does not is told. A key that is far from where
// it stands can lead the search in its page astray: that Verify finds.
func TestScanPast(t *testing.T) {
	for name, change := range map[string]struct{ from, to string }{
		"value":                    {"the fourth", "the FOURTH"},
		"key, as one before":       {"wake/4", "wake/1"},
		"key, as one that follows": {"wake/4", "wake/6"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			e := open(t, path)
			defer e.Close()
			commit(t, e, "turn/1", "a", "wake/1", "the first", "wake/2", "the second", "wake/4", "the fourth", "wake/5", "the fifth", "wake/7", "the last", "way/1", "b")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := strings.LastIndex(string(b), "wake/4the fourth")
			b = []byte(strings.Replace(string(b[at:at+16]), change.from, change.to, 1))
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt(b, int64(at)); err != nil {
				t.Fatal(err)
			}
			s, err := e.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, back := range []bool{false, true} {
				r := storage.Prefix("wake/")
				r.Reverse = back
				var got []string
				each := func(key string, _ []byte) bool { got = append(got, key); return true }
				broken := 0
				if err := storage.ScanPast(s, r, each, func(*storage.DamagedError) bool { broken++; return true }); err != nil {
					t.Fatal(err)
				}
				want := []string{"wake/1", "wake/2", "wake/5", "wake/7"}
				if back {
					slices.Reverse(want)
				}
				if !slices.Equal(got, want) || broken != 1 {
					t.Errorf("back %t: %v with %d damaged, want %v with one", back, got, broken, want)
				}
				if err := s.Scan(r, func(string, []byte) bool { return true }); err == nil {
					t.Errorf("back %t: Scan is told of nothing", back)
				}
			}
			if err := s.Scan(storage.Prefix("turn/"), func(string, []byte) bool { return true }); err != nil {
				t.Errorf("of the records before: %v", err)
			}
		})
	}
}
