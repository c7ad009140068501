package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/storagetest"
)

// TestJournalContract: a store with a journal is a store, however often that turns.
func TestJournalContract(t *testing.T) {
	for name, half := range map[string]int64{"large": journalHalf, "small": 2 * blockSize} {
		if name == "large" && os.Getenv("EVERY_CASE") == "" {
			continue // it turns never, as in TestKilledAtAnyMoment
		}
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storagetest.Open {
				path := filepath.Join(t.TempDir(), "store.db")
				return func() storage.Engine { return journaled(t, path, half) }
			})
		})
	}
}

func journaled(t testing.TB, path string, half int64) *Engine {
	t.Helper()
	// One that counts as killed still looks for its files, and nobody hears of that.
	e, err := Open(path, Options{Journal: true, half: half, Warn: func(text string) { t.Error(text) }, Alarm: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func put(t testing.TB, e *Engine, changes ...storage.Change) {
	t.Helper()
	if err := e.Commit(context.Background(), changes); err != nil {
		t.Fatal(err)
	}
}

func all(t testing.TB, e *Engine, r storage.Range) map[string]string {
	t.Helper()
	s, err := e.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, last := map[string]string{}, ""
	err = s.Scan(r, func(k string, v []byte) bool {
		if last != "" && (k > last) == r.Reverse {
			t.Errorf("%q comes after %q", k, last)
		}
		got[k], last = string(v), k
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// copyAt copies a store as it is at this moment, as if the process was killed now.
func copyAt(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 4 { // the store, its holder and two of the journal
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(to+strings.TrimPrefix(file, path), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestJournalKilled: whatever was confirmed is there, killed after any commit; and on a clean
// stop nothing is left but the file.
func TestJournalKilled(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 6*blockSize)
	want := map[string]string{}
	for n := range 110 {
		var changes []storage.Change
		for _, k := range []string{"a", "b", "c", "d"}[rng.IntN(4):] {
			c := storage.Change{Key: fmt.Sprint(k, rng.IntN(9)), Value: []byte(strings.Repeat("v", rng.IntN(90)))}
			if c.Delete = rng.IntN(4) == 0; c.Delete {
				c.Value = nil
				delete(want, c.Key)
			} else {
				want[c.Key] = string(c.Value)
			}
			changes = append(changes, c)
		}
		put(t, e, changes...)
		if n%40 == 20 {
			if _, err := e.Backup(io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		if n == 75 { // from here on nobody carries over in the background
			e.carrier.ending <- struct{}{}
		}
		if n%7 == 0 {
			killed := journaled(t, copyAt(t, path), 6*blockSize)
			if diff := cmp.Diff(want, all(t, killed, storage.Range{})); diff != "" {
				t.Fatalf("killed after commit %d (-want +got):\n%s", n, diff)
			}
			put(t, killed, storage.Change{Key: "z"}) // it goes on
			again := open(t, copyAt(t, killed.path)) // is killed once more, and opened without a journal
			with := maps.Clone(want)
			with["z"] = ""
			if diff := cmp.Diff(with, all(t, again, storage.Range{})); diff != "" {
				t.Fatalf("killed twice after commit %d (-want +got):\n%s", n, diff)
			}
			if err := errors.Join(again.Close(), killed.Close()); err != nil {
				t.Fatal(err)
			}
		}
		half := maps.Clone(want)
		maps.DeleteFunc(half, func(k, _ string) bool { return k < "b" || k >= "d" })
		for _, reverse := range []bool{false, true} {
			if diff := cmp.Diff(half, all(t, e, storage.Range{Start: "b", End: "d", Reverse: reverse})); diff != "" {
				t.Fatalf("after commit %d, reverse %t (-want +got):\n%s", n, reverse, diff)
			}
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if left := Journal(path); left != nil {
		t.Errorf("left after a clean stop: %v", left)
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if diff := cmp.Diff(want, all(t, again, storage.Range{})); diff != "" {
		t.Errorf("after a clean stop (-want +got):\n%s", diff)
	}
}

// TestJournalDamaged: a byte that was changed in an entry before the last is refused with
// words; the last one, of which nobody can have been told, is as if it was not there; and what
// is missing is refused.
func TestJournalDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 20*blockSize)
	defer e.Close()
	for n := range 8 {
		put(t, e, storage.Change{Key: fmt.Sprint("k", n), Value: []byte("some value")})
	}
	written := e.carrier.journal.at
	first := fmt.Sprintf(".journal-%x-1", e.carrier.journal.id[:])
	size := written / 8
	var places []int64 // what an entry is, and two bytes of what is left of its block
	for entry := int64(0); entry < written; entry += size {
		for at := range int64(entryHead + len("\x02k0\x0bsome value")) {
			places = append(places, entry+at)
		}
	}
	for n, at := range places {
		if n%4 != 0 && os.Getenv("EVERY_CASE") == "" {
			continue
		}
		damaged := copyAt(t, path)
		text, _ := os.ReadFile(damaged + first)
		text[at] ^= 0x40
		if err := os.WriteFile(damaged+first, text, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(damaged, Options{})
		if at < written-size {
			if err == nil || !strings.Contains(err.Error(), "restore a backup") {
				t.Fatalf("byte %d of %d: %v", at, written, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("byte %d of %d: %v", at, written, err)
		}
		if got := all(t, d, storage.Range{}); len(got) != 7 {
			t.Errorf("byte %d of the last entry: %d records", at, len(got))
		}
		d.Close()
	}
	gone := copyAt(t, path)
	os.Remove(gone + first)
	if _, err := Open(gone, Options{}); err == nil || !strings.Contains(err.Error(), "store.db"+first+", which is missing beside it; put the two files back") {
		t.Errorf("without its journal: %v", err)
	}
}

// TestJournalLeft: of a process that was killed before its first commit, or after a
// backup and before the next one, nothing is left when the store was opened again.
func TestJournalLeft(t *testing.T) {
	for name, do := range map[string]func(e *Engine){
		"at the start": func(*Engine) {},
		"after a backup": func(e *Engine) {
			put(t, e, storage.Change{Key: "a"})
			if _, err := e.Backup(io.Discard); err != nil {
				t.Fatal(err)
			}
		},
		"torn": func(e *Engine) {
			entry := e.carrier.journal.encode([]storage.Change{{Key: "a"}})
			if _, err := e.carrier.journal.files[0].WriteAt(entry[:entryHead+1], 0); err != nil {
				t.Fatal(err)
			}
		},
		"half removed": func(e *Engine) { os.Remove(Journal(e.path)[0]) },
	} {
		path := filepath.Join(t.TempDir(), "store.db")
		e := journaled(t, path, 20*blockSize)
		do(e)
		e.db.Close() // killed
		again, err := Open(path, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := again.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left := Journal(path); left != nil {
			t.Errorf("%s: left: %v", name, left)
		}
	}
}

// TestJournalMovedAway: a store that was killed and moved away does not lose its journal to the
// one that was put in its place, whichever that is.
func TestJournalMovedAway(t *testing.T) {
	for name, between := range map[string]bool{"a new store": false, "its own backup": true} {
		path := filepath.Join(t.TempDir(), "store.db")
		e := journaled(t, path, 20*blockSize)
		put(t, e, storage.Change{Key: "a"})
		var backup bytes.Buffer
		if _, err := e.Backup(&backup); err != nil {
			t.Fatal(err)
		}
		put(t, e, storage.Change{Key: "b"})
		e.db.Close() // killed
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		if between {
			if err := os.WriteFile(path, backup.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			other := journaled(t, path, 20*blockSize)
			put(t, other, storage.Change{Key: "c"})
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(path+".old", path); err != nil {
			t.Fatal(err)
		}
		back := journaled(t, path, 20*blockSize)
		if diff := cmp.Diff(map[string]string{"a": "", "b": ""}, all(t, back, storage.Range{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := back.Close(); err != nil {
			t.Error(err)
		}
		if left := Journal(path); left != nil {
			t.Errorf("%s: left: %v", name, left)
		}
	}
}

// TestJournalLinked: the journal is found by whichever name the store is opened.
func TestJournalLinked(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real[1].db"), filepath.Join(dir, "other", "store.db")
	open(t, path).Close()
	if err := errors.Join(os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(path, link)); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	e := journaled(t, link, 20*blockSize)
	put(t, e, storage.Change{Key: "a"})
	e.db.Close() // killed
	again := open(t, path)
	defer again.Close()
	if got := all(t, again, storage.Range{}); len(got) != 1 {
		t.Errorf("killed, then opened by its own name: %v", got)
	}
}

func open(t testing.TB, path string) *Engine {
	t.Helper()
	e, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestJournalNotTaken: while a journal cannot be carried over it stays, and so does the file.
func TestJournalNotTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 9*blockSize)
	for n := range 300 {
		put(t, e, storage.Change{Key: fmt.Sprintf("k%04d", n), Value: bytes.Repeat([]byte("v"), 200)})
	}
	put(t, e, storage.Change{Key: "k0000", Value: []byte("new")})
	e.db.Close() // killed
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn := bytes.Clone(whole)
	for at := 2 * os.Getpagesize(); at < len(torn); at += os.Getpagesize() {
		if page := torn[at:]; page[8] == flagLeaf && bytes.Contains(page[:os.Getpagesize()], []byte("k0000")) {
			copy(page[8:], bytes.Repeat([]byte{0xff}, 1000))
		}
	}
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := Open(path, Options{WholeUpTo: 1}); err == nil {
		d.Close()
		t.Fatal("a file that is damaged where the journal goes was opened")
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	defer again.Close()
	if got := all(t, again, storage.Range{}); got["k0000"] != "new" || len(got) != 300 {
		t.Errorf("%d records, k0000 = %q", len(got), got["k0000"])
	}
}

// TestJournalBackup: a backup has what is in the journal alone, and stands for itself.
func TestJournalBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 20*blockSize)
	defer e.Close()
	put(t, e, storage.Change{Key: "a", Value: []byte("1")})
	to := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Backup(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	put(t, e, storage.Change{Key: "b", Value: []byte("2")})
	c, err := Open(to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if diff := cmp.Diff(map[string]string{"a": "1"}, all(t, c, storage.Range{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	killed := journaled(t, copyAt(t, path), 20*blockSize)
	defer killed.Close()
	if got := all(t, killed, storage.Range{}); len(got) != 2 {
		t.Errorf("killed after a backup: %v", got)
	}
}

// brokenFile is a file of a journal whose disk fails: to write, though all that was to be
// written may be there, or to make durable, or with both.
type brokenFile struct {
	journalFile
	writes, syncs bool
}

var errDisk = errors.New("input/output error")

func (b brokenFile) WriteAt(p []byte, at int64) (int, error) {
	if b.writes || b.syncs && len(p) < blockSize {
		return b.journalFile.WriteAt(p, at)
	}
	n, _ := b.journalFile.WriteAt(p[:len(p)-1], at)
	return n, errDisk
}

func (b brokenFile) Sync() error {
	if b.syncs {
		return b.journalFile.Sync()
	}
	return errDisk
}

// TestJournalBreaks: what could not be made durable may have been, and nothing more is
// confirmed; what was refused is not there, and the next one takes its place.
func TestJournalBreaks(t *testing.T) {
	for name, c := range map[string]struct {
		broken  brokenFile
		unknown bool
		want    map[string]string
	}{
		"does not write": {brokenFile{syncs: true}, false, map[string]string{"a": "1", "c": ""}},
		"does not sync":  {brokenFile{writes: true}, true, map[string]string{}},
		"does neither":   {brokenFile{}, true, nil}, // it may be there or not
	} {
		path := filepath.Join(t.TempDir(), "store.db")
		e := journaled(t, path, 20*blockSize)
		put(t, e, storage.Change{Key: "a", Value: []byte("1")})
		j := e.carrier.journal
		good := j.files[j.now]
		c.broken.journalFile = good
		j.files[j.now] = c.broken
		for range 2 {
			err := e.Commit(context.Background(), []storage.Change{{Key: "a", Delete: true}})
			if !errors.Is(err, errDisk) || errors.Is(err, storage.ErrUnknown) != c.unknown {
				t.Errorf("%s: Commit() = %v", name, err)
			}
		}
		j.files[j.now] = good
		if err := e.Commit(context.Background(), []storage.Change{{Key: "c"}}); (err != nil) != c.unknown {
			t.Errorf("%s: the next Commit() = %v", name, err)
		}
		killed := journaled(t, copyAt(t, path), 20*blockSize)
		if diff := cmp.Diff(c.want, all(t, killed, storage.Range{})); c.want != nil && diff != "" {
			t.Errorf("%s: killed (-want +got):\n%s", name, diff)
		}
		if err := errors.Join(killed.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestJournalSector: the sector in which the power went is lost with what it was to hold, and
// nothing that was confirmed stands in it.
func TestJournalSector(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 20*blockSize)
	defer e.Close()
	for n := range 8 {
		put(t, e, storage.Change{Key: fmt.Sprint("k", n)})
	}
	at := e.carrier.journal.at // where the next one was being written
	to := copyAt(t, path)
	f, err := os.OpenFile(Journal(to)[0], os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte{0xee}, blockSize), at)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	again := open(t, to)
	defer again.Close()
	if got := all(t, again, storage.Range{}); len(got) != 8 {
		t.Errorf("%d of 8 confirmed records", len(got))
	}
}

// TestJournalOlderHeader: where the newer header is damaged, what it said of the journal is not
// forgotten.
func TestJournalOlderHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, journalHalf)
	for n := range 20 {
		put(t, e, storage.Change{Key: fmt.Sprint("k", n)})
	}
	tx, err := e.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	id := tx.ID()
	_ = tx.Rollback()
	e.db.Close() // killed
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt([]byte{0xff, 0xff}, int64(id%2)*int64(os.Getpagesize())+40)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{UseOlderHeader: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := all(t, again, storage.Range{}); len(got) != 20 {
		t.Errorf("%d of 20 confirmed records", len(got))
	}
}

// TestJournalRefuses: what bbolt would refuse later is refused before it is confirmed.
func TestJournalRefuses(t *testing.T) {
	e := journaled(t, filepath.Join(t.TempDir(), "store.db"), 20*blockSize)
	for _, key := range []string{"", strings.Repeat("k", 40000)} {
		if err := e.Commit(context.Background(), []storage.Change{{Key: key}}); err == nil {
			t.Errorf("a key of %d bytes was confirmed", len(key))
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestJournalGivenUp: without its journal a file is opened on request, as it was carried over last.
func TestJournalGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 20*blockSize)
	put(t, e, storage.Change{Key: "a"})
	if _, err := e.Backup(io.Discard); err != nil {
		t.Fatal(err)
	}
	put(t, e, storage.Change{Key: "b"})
	e.db.Close() // killed
	os.Remove(Journal(path)[0])
	without, err := Open(path, Options{WithoutJournal: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": ""}, all(t, without, storage.Range{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	without.Close()
	if left := Journal(path); left != nil {
		t.Errorf("left: %v", left)
	}
	open(t, path).Close()
}

// TestJournalCut: a journal that a copy has cut short is refused.
func TestJournalCut(t *testing.T) {
	for half := range 2 {
		for _, size := range []int64{0, blockSize} {
			path := filepath.Join(t.TempDir(), "store.db")
			e := journaled(t, path, 8*blockSize)
			put(t, e, storage.Change{Key: "a"})
			e.db.Close() // killed
			if err := os.Truncate(Journal(path)[half], size); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, Options{Journal: true}); err == nil || !strings.Contains(err.Error(), "and not 32768, so confirmed commits are missing") {
				t.Errorf("file %d cut to %d bytes: %v", half+1, size, err)
			}
		}
	}
}

// TestJournalSyncFailed: of a process that ended since a sync failed the next one writes the last
// entry again: the kernel may hold for written what it could not write.
func TestJournalSyncFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 8*blockSize)
	put(t, e, storage.Change{Key: "a"})
	m := e.carrier.mark(0, true)
	e.db.Close() // killed
	left, err := readJournal(path, m)
	if err != nil {
		t.Fatal(err)
	}
	// What the disk has, of which the process that reads knows nothing.
	if err := os.WriteFile(Journal(path)[0], make([]byte, m.size), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := adopt(path, m, left)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	defer again.Close()
	if got := all(t, again, storage.Range{}); len(got) != 1 {
		t.Errorf("%d records, want the one that was confirmed", len(got))
	}
}

// TestJournalOlderThanClosed: after a clean stop either header tells that no journal is needed.
func TestJournalOlderThanClosed(t *testing.T) {
	for header := range int64(2) {
		path := filepath.Join(t.TempDir(), "store.db")
		e := journaled(t, path, 8*blockSize)
		put(t, e, storage.Change{Key: "a"})
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			_, err = f.WriteAt([]byte{0xff, 0xff}, header*int64(os.Getpagesize())+40)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		again, err := Open(path, Options{UseOlderHeader: true})
		if err != nil {
			t.Fatalf("without header %d: %v", header, err)
		}
		if got := all(t, again, storage.Range{}); len(got) != 1 {
			t.Errorf("without header %d: %d records", header, len(got))
		}
		again.Close()
	}
}
