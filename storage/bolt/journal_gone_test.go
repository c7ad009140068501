package bolt

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/storage"
)

// killedCopy returns where the files of a store and its journal stand as a process that is killed
// now would leave them.
func killedCopy(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	for _, from := range append(Journal(path), path) {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(filepath.Dir(to), filepath.Base(from)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestJournalRemovedUnderIt: whoever takes the files of a journal away from a process that writes
// is noticed: what was confirmed goes into the file, another journal is made, and it is told once.
func TestJournalRemovedUnderIt(t *testing.T) {
	for name, spoil := range map[string]func(files []string) error{
		"one":       func(files []string) error { return os.Remove(files[0]) },
		"the other": func(files []string) error { return os.Remove(files[1]) },
		"both":      func(files []string) error { return errors.Join(os.Remove(files[0]), os.Remove(files[1])) },
		"cut":       func(files []string) error { return os.Truncate(files[0], 0) },
		"exchanged": func(files []string) error {
			return errors.Join(os.Rename(files[0], files[0]+".x"), os.WriteFile(files[0], make([]byte, 8*blockSize), 0o600), os.Remove(files[0]+".x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "store.db")
				var told []string
				e, err := Open(path, Options{Journal: true, half: 8 * blockSize, Warn: func(text string) { t.Error(text) }, Alarm: func(text string) { told = append(told, text) }})
				if err != nil {
					t.Fatal(err)
				}
				put(t, e, storage.Change{Key: "a"})
				if err := spoil(Journal(path)); err != nil {
					t.Fatal(err)
				}
				put(t, e, storage.Change{Key: "b"})
				time.Sleep(carryAfter + time.Second)
				put(t, e, storage.Change{Key: "c"})
				want := map[string]string{"a": "", "b": "", "c": ""}
				if diff := cmp.Diff(want, all(t, e, storage.Range{})); diff != "" {
					t.Errorf("afterwards (-want +got):\n%s", diff)
				}
				again, err := Open(killedCopy(t, path), Options{})
				if err != nil {
					t.Fatalf("killed: %v", err)
				}
				if diff := cmp.Diff(want, all(t, again, storage.Range{})); diff != "" {
					t.Errorf("killed (-want +got):\n%s", diff)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if len(told) != 1 || !strings.Contains(told[0], "and there is a new journal") {
					t.Errorf("told %q", told)
				}
				if err := errors.Join(again.Close(), e.Close()); err != nil {
					t.Error(err)
				}
				if left := Journal(path); left != nil {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

// TestJournalCannotBeMadeAgain: where there can be no other journal, commits go into the file
// until there can.
func TestJournalCannotBeMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store.db")
		var told []string
		e, err := Open(path, Options{Journal: true, half: 8 * blockSize, Warn: func(text string) { t.Error(text) }, Alarm: func(text string) { told = append(told, text) }})
		if err != nil {
			t.Fatal(err)
		}
		put(t, e, storage.Change{Key: "a"})
		for _, f := range Journal(path) {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
		e.carrier.mu.Lock()
		e.carrier.begin = func(string, journalID, int64) (*journal, error) { return nil, errors.New("a read-only folder") }
		e.carrier.mu.Unlock()
		time.Sleep(carryAfter + time.Second)
		for _, key := range []string{"b", "c"} {
			put(t, e, storage.Change{Key: key})
			again := open(t, killedCopy(t, path))
			if got := all(t, again, storage.Range{}); len(got) != 2 && key == "b" {
				t.Errorf("killed after %s: %v", key, got)
			}
			again.Close()
		}
		e.carrier.mu.Lock()
		e.carrier.begin = newJournal
		e.carrier.mu.Unlock()
		time.Sleep(carryAfter + time.Second)
		put(t, e, storage.Change{Key: "d"})
		synctest.Wait()
		if len(Journal(path)) != 2 || len(told) != 2 || !strings.Contains(told[0], "There can be no new journal") || !strings.Contains(told[1], "has a journal again") {
			t.Errorf("there are %v; told %q", Journal(path), told)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, path)
		defer again.Close()
		if got := all(t, again, storage.Range{}); len(got) != 4 || Journal(path) != nil {
			t.Errorf("%v, and %v is left", got, Journal(path))
		}
	})
}

// TestStoreMovedUnderIt: whoever moves the file itself away is told at once what will be lost, and
// how not to lose it.
func TestStoreMovedUnderIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store.db")
		var told []string
		e, err := Open(path, Options{Journal: true, half: 8 * blockSize, Warn: func(text string) { t.Error(text) }, Alarm: func(text string) { told = append(told, text) }})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		put(t, e, storage.Change{Key: "a"})
		synctest.Wait()
		if len(told) != 1 || !strings.Contains(told[0], "stormbell backup") {
			t.Errorf("told %q", told)
		}
		if err := os.Rename(path+".old", path); err != nil {
			t.Fatal(err)
		}
	})
}

// TestJournalNotRemoved: of files of a journal that nobody needs, and that cannot be removed,
// people are told on the way out and on the way in.
func TestJournalNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var told []string
	e, err := Open(path, Options{Journal: true, half: 8 * blockSize, Warn: func(text string) { told = append(told, text) }})
	if err != nil {
		t.Fatal(err)
	}
	put(t, e, storage.Change{Key: "a"})
	stays := Journal(path)[0]
	if err := errors.Join(os.Remove(stays), os.MkdirAll(stays+"/something", 0o700)); err != nil { // what no user can remove as a file
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{Warn: func(text string) { told = append(told, text) }})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if len(told) != 2 || !strings.Contains(told[0], stays) || !strings.Contains(told[1], stays) || !strings.Contains(told[1], "is needed no more") {
		t.Errorf("told %q", told)
	}
}

// TestJournalAfterBackup: whoever is killed when the file has said that its journal is needed, and
// nothing stands in that yet, has lost nothing if a copy in the file's place takes the journal for
// its own; the way out brings everything.
func TestJournalAfterBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 8*blockSize)
	put(t, e, storage.Change{Key: "a"})
	copied := path + ".copy"
	f, err := os.Create(copied)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Backup(f); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Chmod(0o600), f.Close(), e.carrier.need()); err != nil {
		t.Fatal(err)
	}
	e.db.Close() // killed
	if err := errors.Join(os.Rename(path, path+".old"), os.Rename(copied, path)); err != nil {
		t.Fatal(err)
	}
	open(t, path).Close()
	if err := errors.Join(os.Remove(path), os.Rename(path+".old", path)); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{})
	if err == nil || !strings.Contains(err.Error(), "stormbell restore --without-journal") || !strings.Contains(err.Error(), "may have confirmed commits") {
		t.Fatalf("refused with %v", err)
	}
	again, err := Open(path, Options{WithoutJournal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := all(t, again, storage.Range{}); len(got) != 1 {
		t.Errorf("it has %v", got)
	}
}

// TestJournalRemovedAndNoRoom: while what is in a journal that was removed cannot go into the file,
// nothing is confirmed.
func TestJournalRemovedAndNoRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, 8*blockSize)
	defer e.Close()
	put(t, e, storage.Change{Key: "a"})
	os.Remove(Journal(path)[0])
	if err := e.db.Close(); err != nil { // it takes nothing any more
		t.Fatal(err)
	}
	e.carrier.mu.Lock()
	said, again := e.carrier.look(), e.carrier.look()
	e.carrier.mu.Unlock()
	if !strings.Contains(said, "Nothing is confirmed") || again != "" {
		t.Errorf("told %q, then %q", said, again)
	}
	if err := e.Commit(t.Context(), []storage.Change{{Key: "b"}}); err == nil || !strings.Contains(err.Error(), "the journal was removed") {
		t.Errorf("Commit() = %v", err)
	}
}

// watched is a store with a journal, and what was told of it.
func watched(t *testing.T, path string) (*Engine, *[]string) {
	t.Helper()
	told := new([]string)
	e, err := Open(path, Options{Journal: true, half: 8 * blockSize, Warn: func(text string) { t.Log(text) }, Alarm: func(text string) { *told = append(*told, text) }})
	if err != nil {
		t.Fatal(err)
	}
	return e, told
}

// TestStoreLooked: the name of the store has to lead to the file that the bot has open, and that
// has to be where the journal is. What is told is what the next start would find.
func TestStoreLooked(t *testing.T) {
	for _, test := range []struct {
		name        string
		spoil, mend func(named, there string) error
		want, after string
	}{
		{"moved", func(_, there string) error { return os.Rename(there, there+".x") }, func(_, there string) error { return os.Rename(there+".x", there) },
			"was moved away, removed or exchanged", "nothing of it is lost"},
		{"a folder in its place", func(_, there string) error { return errors.Join(os.Rename(there, there+".x"), os.Mkdir(there, 0o700)) },
			func(_, there string) error { return errors.Join(os.Remove(there), os.Rename(there+".x", there)) }, "was moved away, removed or exchanged", "nothing of it is lost"},
		{"the link leads elsewhere", func(named, there string) error {
			return errors.Join(os.Remove(named), os.WriteFile(there+".other", nil, 0o600), os.Symlink(there+".other", named))
		}, func(named, there string) error { return errors.Join(os.Remove(named), os.Symlink(there, named)) }, "it begins with another store", "nothing of it is lost"},
		{"the link is gone", func(named, _ string) error { return os.Remove(named) },
			func(named, there string) error { return os.Symlink(there, named) }, "it begins with another store", "nothing of it is lost"},
		{"moved behind a link", func(_, there string) error {
			return errors.Join(os.Rename(there, there+".x"), os.Symlink(there+".x", there))
		}, func(_, there string) error { return os.Rename(there+".x", there) }, "Restart the bot, which loses nothing", "nothing of it is lost"},
		{"touched, read, linked", func(_, there string) error {
			_, err := os.ReadFile(there)
			return errors.Join(err, os.Chtimes(there, time.Unix(1, 0), time.Unix(1, 0)), os.Link(there, there+".x"), os.Chmod(there, 0o400), os.Chmod(there, 0o600))
		}, nil, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				named, there := filepath.Join(dir, "named.db"), filepath.Join(dir, "there", "store.db")
				open(t, there).Close()
				if err := os.Symlink(there, named); err != nil {
					t.Skipf("no links here: %v", err)
				}
				e, told := watched(t, named)
				defer e.Close()
				if err := test.spoil(named, there); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				var want []string
				if test.want != "" {
					want = append(want, test.want)
				}
				if test.mend != nil {
					if err := test.mend(named, there); err != nil {
						t.Fatal(err)
					}
					want = append(want, test.after)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if len(*told) != len(want) {
					t.Fatalf("told %q, want %q", *told, want)
				}
				for n, text := range want {
					if !strings.Contains((*told)[n], text) {
						t.Errorf("told %q, want %q", (*told)[n], text)
					}
				}
				put(t, e, storage.Change{Key: "a"})
			})
		})
	}
}

// TestStoreCut: that the file is cut short is told. What needs what is gone is refused: it ends
// neither the process, as a fault of the memory does, nor does it wait for ever.
func TestStoreCut(t *testing.T) {
	for _, size := range []int64{0, blockSize, 2 * blockSize, 3 * blockSize} {
		path := filepath.Join(t.TempDir(), "store.db")
		e, _ := watched(t, path)
		for n := range 50 {
			put(t, e, storage.Change{Key: string(rune('a' + n)), Value: make([]byte, 500)})
		}
		if _, err := e.Backup(io.Discard); err != nil { // so that all of it is in the file
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		e.carrier.mu.Lock()
		said, again := e.carrier.look(), e.carrier.look()
		e.carrier.mu.Unlock()
		if !strings.Contains(said, "was cut from") || again != "" {
			t.Errorf("%d: told %q, then %q", size, said, again)
		}
		for range 3 {
			s, err := e.Snapshot(t.Context())
			if err == nil {
				_, err = s.Get("b")
				s.Close()
			}
			if err == nil || errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%d: what is gone was read: %v", size, err)
			}
			if _, err := e.Backup(io.Discard); err == nil {
				t.Errorf("%d: a copy was made", size)
			}
			if err := e.commitTree([]storage.Change{{Key: "b"}}, nil); err == nil {
				t.Errorf("%d: it was written", size)
			}
		}
		e.Close() // whatever it says
	}
}

// TestJournalMendedByCommit: whoever was told that nothing is confirmed is told when it is again,
// also where a commit found that out.
func TestJournalMendedByCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e, _ := watched(t, path)
	defer e.Close()
	put(t, e, storage.Change{Key: "a"})
	os.Remove(Journal(path)[0])
	c := e.carrier
	c.mu.Lock()
	c.told, c.gone = "stuck", true
	c.mu.Unlock()
	put(t, e, storage.Change{Key: "b"})
	c.mu.Lock()
	said, again := c.look(), c.look()
	c.mu.Unlock()
	if !strings.Contains(said, "takes what comes") || again != "" {
		t.Errorf("told %q, then %q", said, again)
	}
}
