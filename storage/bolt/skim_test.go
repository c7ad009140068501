package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

// raggedStore makes a store of several levels with long records among short ones, free
// pages, and many commits behind it.
func raggedStore(t *testing.T, seed uint64, commits int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	e, err := Open(path, Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 3))
	for range commits {
		var changes []storage.Change
		for range 1 + r.IntN(60) {
			size := r.IntN(200)
			if r.IntN(30) == 0 {
				size = r.IntN(30_000)
			}
			changes = append(changes, storage.Change{Key: fmt.Sprintf("event/%05d", r.IntN(6000)), Value: make([]byte, size), Delete: r.IntN(4) == 0})
		}
		if err := e.Commit(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// counted is a file that counts what is read of it.
type counted struct {
	io.ReaderAt
	times, bytes int
	told         map[int64]bool // where a read was told of
	untold       int            // reads that were not
}

// soon is told of a read to come.
func (c *counted) soon(at int64, _ int) { c.told[at] = true }

func (c *counted) ReadAt(b []byte, at int64) (int, error) {
	c.times++
	c.bytes += len(b)
	if !c.told[at] {
		c.untold++
	}
	return c.ReaderAt.ReadAt(b, at)
}

// skimmedIn is what skimFile sees in a file, and how much of it was read for that.
func skimmedIn(t *testing.T, path string) (*checker, *counted, int64) {
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
	all := &counted{ReaderAt: f, told: map[int64]bool{}}
	c, err := skimFile(all, info.Size(), Options{}, all.soon)
	if err != nil {
		t.Fatal(err)
	}
	return c, all, info.Size()
}

// TestSkimKnowsThePages holds that which pages are in use is the same whether every page
// was read or only those that lead to the records: from that bbolt is told which are free.
func TestSkimKnowsThePages(t *testing.T) {
	for seed := range uint64(8) {
		path := raggedStore(t, seed, 1+int(seed*seed*5))
		c, _, _ := skimmedIn(t, path)
		if whole := seenIn(t, path); !bytes.Equal(c.seen, whole.seen) {
			t.Errorf("seed %d: the pages in use are\n%x\nwant\n%x", seed, c.seen, whole.seen)
		}
	}
}

// TestOpeningIsNotLinear holds that of a file that is not read whole, a small part is
// read: what leads to the records, and no record.
func TestOpeningIsNotLinear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	largeStore(t, path)
	_, read, size := skimmedIn(t, path)
	if most := int(size / 40); read.bytes > most {
		t.Errorf("%d bytes in %d reads of a file of %d, want at most %d", read.bytes, read.times, size, most)
	}
	// The headers, the roots and the way to the first record lead to all others.
	if read.times < 100 || read.untold > 12 {
		t.Errorf("%d of %d reads wait for the disk one after the other", read.untold, read.times)
	}
}

// TestFreePagesUnread opens large stores without reading them: bbolt is handed the right
// list of free pages all the same.
func TestFreePagesUnread(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	want := largeStore(t, path)
	for range 2 {
		e, err := Open(path, Options{WholeUpTo: 1, Warn: func(text string) { t.Errorf("warned: %s", text) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Commit(t.Context(), []storage.Change{{Key: "b", Value: nil}}); err != nil {
			t.Fatal(err)
		}
		if err := e.Verify(t.Context(), func() error { return nil }); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	checkStore(t, path, want)
}

// flip changes one bit of a file.
func flip(t *testing.T, path string, at int64, bit byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= bit
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// recordAt is where the value of some record is in a file.
func recordAt(t *testing.T, path, value string) int64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(b, []byte(value))
	if at < 0 {
		t.Fatal("the record is not in the file")
	}
	return int64(at)
}

// TestWholeUpTo stands on both sides of the limit with a store one byte of which is
// wrong: at the limit Open refuses it; above, Verify does, and the store is used until then.
func TestWholeUpTo(t *testing.T) {
	path := raggedStore(t, 1, 60)
	e, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(e.Commit(t.Context(), []storage.Change{{Key: "phone/ana", Value: []byte("the one that is damaged")}, {Key: "phone/ben", Value: []byte("another")}}), e.Close())
	if err != nil {
		t.Fatal(err)
	}
	flip(t, path, recordAt(t, path, "the one that is damaged"), 1)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	const damage = `is damaged: record "phone/ana": checksum does not match`
	for _, o := range []Options{{}, {WholeUpTo: info.Size()}} {
		if _, err := Open(path, o); err == nil || !strings.Contains(err.Error(), damage) {
			t.Errorf("Open(%+v) of %d bytes = %v, want %q", o, info.Size(), err, damage)
		}
	}
	e, err = Open(path, Options{WholeUpTo: info.Size() - 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if !e.Unread() {
		t.Error("Unread() = false above the limit")
	}
	get := func(key string) error {
		return storage.New(e).View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Get(key); return err })
	}
	if err := get("phone/ben"); err != nil {
		t.Errorf("a sound record = %v", err)
	}
	if err := get("phone/ana"); err == nil || !strings.Contains(err.Error(), "checksum does not match") {
		t.Errorf("the damaged record = %v, want a refusal in words", err)
	}
	if err := e.Commit(t.Context(), []storage.Change{{Key: "after", Value: []byte("goes on")}}); err != nil {
		t.Errorf("Commit() = %v", err)
	}
	if err := e.Verify(t.Context(), func() error { return nil }); err == nil || !strings.Contains(err.Error(), damage) {
		t.Errorf("Verify() = %v, want %q", err, damage)
	}
}

// TestFlippedBytesUnread flips single bits of stores that are not read whole. What Open
// does not refuse it may use; whatever a whole reading would refuse, Verify does, and nothing
// that is read meanwhile makes the program fail.
func TestFlippedBytesUnread(t *testing.T) {
	base := raggedStore(t, 5, 40)
	good, err := os.ReadFile(base)
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]string{}
	read := func(e *Engine, each func(key, value string)) error {
		snap, err := e.Snapshot(t.Context())
		if err != nil {
			return err
		}
		defer snap.Close()
		return snap.Scan(storage.Range{}, func(key string, value []byte) bool { each(key, string(value)); return true })
	}
	e, err := Open(base, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(read(e, func(key, value string) { records[key] = value }), e.Close()); err != nil {
		t.Fatal(err)
	}
	rounds := 120
	if testing.Short() {
		rounds = 50
	}
	path := filepath.Join(t.TempDir(), "store.db")
	refused, found := 0, 0
	whole := seenIn(t, base)
	end := whole.meta.end
	var branches []int // where their pages begin
	for id := uint64(2); id < end; id++ {
		if at := int(id) * os.Getpagesize(); whole.seen.has(id) && order.Uint64(good[at:]) == id && order.Uint16(good[at+8:]) == flagBranch {
			branches = append(branches, at)
		}
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		b := bytes.Clone(good)
		at := r.IntN(int(end) * os.Getpagesize())
		switch {
		case seed%3 == 0:
			at = at/os.Getpagesize()*os.Getpagesize() + r.IntN(64)
		case seed%4 == 1:
			at = branches[r.IntN(len(branches))] + r.IntN(256)
		}
		b[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		_, want := verify(f, int64(len(b)), Options{})
		f.Close()
		e, err := Open(path, Options{WholeUpTo: 1, Unsynced: true})
		if err != nil {
			refused++
			if want == nil {
				t.Errorf("seed %d: byte %d flipped: Open() = %v, want nil, as when all is read", seed, at, err)
			}
			continue
		}
		n := 0
		err = read(e, func(key, value string) {
			n++
			// A branch that is damaged can lead to a page as it was before, until Verify says so.
			if was, ok := records[key]; want == nil && (!ok || was != value) {
				t.Errorf("seed %d: byte %d flipped: record %q is wrong", seed, at, key)
			}
		})
		if want == nil && (err != nil || n != len(records)) {
			t.Errorf("seed %d: byte %d flipped: %d records of %d, %v", seed, at, n, len(records), err)
		}
		e.aside.room = 8192
		got := e.Verify(t.Context(), func() error { return nil })
		if (got == nil) != (want == nil) {
			t.Errorf("seed %d: byte %d flipped: Verify() = %v, want %v", seed, at, got, want)
		}
		if got != nil {
			found++
		}
		if err := e.Close(); err != nil {
			t.Errorf("seed %d: Close() = %v", seed, err)
		}
	}
	if refused < rounds/20 || found < rounds/3 {
		t.Errorf("of %d, Open refused %d and Verify %d: too few for this test to see anything", rounds, refused, found)
	}
}

// TestVerifyWhileWorkGoesOn commits between and during the slices, in front of and behind
// what was counted: a sound store is found sound, and one from which a record is missing is not.
func TestVerifyWhileWorkGoesOn(t *testing.T) {
	for seed := range uint64(3) {
		for _, forget := range []bool{false, true} {
			path := raggedStore(t, seed, 120)
			if forget {
				forgetRecord(t, path)
			}
			e, err := Open(path, Options{WholeUpTo: 1, Unsynced: true})
			if err != nil {
				t.Fatal(err)
			}
			e.aside.room = 8192
			r := rand.New(rand.NewPCG(seed, 6))
			slices := 0
			err = e.Verify(t.Context(), func() error {
				slices++
				for range r.IntN(4) * max(0, 40-slices) / 20 { // else the end is never reached
					var changes []storage.Change
					for range 1 + r.IntN(20) {
						changes = append(changes, storage.Change{Key: fmt.Sprintf("event/%05d", r.IntN(6000)), Value: make([]byte, r.IntN(9000)), Delete: r.IntN(2) == 0})
					}
					if err := e.Commit(t.Context(), changes); err != nil {
						return err
					}
				}
				return nil
			})
			if forget && (err == nil || !strings.Contains(err.Error(), "records are missing")) || !forget && err != nil {
				t.Errorf("seed %d, a record missing: %v: Verify() = %v", seed, forget, err)
			}
			if slices < 5 {
				t.Errorf("seed %d: %d slices, want more", seed, slices)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// forgetRecord makes a page claim a record less than it has.
func forgetRecord(t *testing.T, path string) {
	t.Helper()
	c := seenIn(t, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, headerSize)
	for id := c.meta.end - 1; id > 1; id-- {
		if _, err := f.ReadAt(head, int64(id)*int64(c.meta.pageSize)); err != nil {
			t.Fatal(err)
		}
		n := order.Uint16(head[10:])
		if !c.seen.has(id) || order.Uint64(head) != id || order.Uint16(head[8:]) != flagLeaf || n < 4 {
			continue
		}
		binary.NativeEndian.PutUint16(head[10:], n-1)
		if _, err := f.WriteAt(head, int64(id)*int64(c.meta.pageSize)); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("no page to damage")
}

// TestVerifyDuringCommits runs both at once, for the race detector.
func TestVerifyDuringCommits(t *testing.T) {
	path := raggedStore(t, 2, 100)
	e, err := Open(path, Options{WholeUpTo: 1, Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.aside.room = 8192
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		for n := 0; ; n++ {
			if ctx.Err() != nil {
				done <- nil
				return
			}
			if err := e.Commit(context.Background(), []storage.Change{{Key: fmt.Sprintf("event/%05d", n%6000), Value: make([]byte, n%300)}}); err != nil {
				done <- err
				return
			}
		}
	}()
	if err := e.Verify(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("Verify() = %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestVerifyStops ends when it is told to.
func TestVerifyStops(t *testing.T) {
	e, err := Open(raggedStore(t, 3, 100), Options{WholeUpTo: 1, Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.aside.room = 8192
	ctx, stop := context.WithCancel(t.Context())
	if err := e.Verify(ctx, func() error { stop(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify() = %v, want that it was told to stop", err)
	}
	if e.aside.on {
		t.Error("commits are still counted")
	}
}
