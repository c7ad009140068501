package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bbolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
	"github.com/stormbell/stormbell/storage/storagetest"
)

func TestContract(t *testing.T) {
	for name, o := range map[string]bolt.Options{"synced": {}, "unsynced": {Unsynced: true}} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storagetest.Open {
				path := filepath.Join(t.TempDir(), "store.db")
				return func() storage.Engine { return openWith(t, path, o) }
			})
		})
	}
}

// open opens the store at path, which the caller closes.
func open(t testing.TB, path string) *bolt.Engine {
	t.Helper()
	return openWith(t, path, bolt.Options{})
}

func openWith(t testing.TB, path string, o bolt.Options) *bolt.Engine {
	t.Helper()
	e, err := bolt.Open(path, o)
	if err != nil {
		t.Fatalf("Open(%s) = %v", path, err)
	}
	return e
}

// content returns all records of an engine.
func content(t testing.TB, e *bolt.Engine) map[string]string {
	t.Helper()
	s, err := e.Snapshot(context.Background())
	if err != nil {
		t.Fatalf("Snapshot() = %v", err)
	}
	defer s.Close()
	got := map[string]string{}
	err = s.Scan(storage.Range{}, func(k string, v []byte) bool {
		got[k] = string(v)
		return true
	})
	if err != nil {
		t.Fatalf("Scan() = %v", err)
	}
	return got
}

// commit stores records, given as a key and its value in turn.
func commit(t testing.TB, e *bolt.Engine, items ...string) {
	t.Helper()
	var changes []storage.Change
	for i := 0; i < len(items); i += 2 {
		changes = append(changes, storage.Change{Key: items[i], Value: []byte(items[i+1])})
	}
	if err := e.Commit(context.Background(), changes); err != nil {
		t.Fatalf("Commit() = %v", err)
	}
}

func TestNewStoreIsPrivateAndSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "store.db")
	e := open(t, path)
	commit(t, e, "k", "v")
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, path + ".holder": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s = %04o, want %04o", name, got, want)
		}
	}
	if n, err := e.Free(); err != nil && !errors.Is(err, errors.ErrUnsupported) || err == nil && n < 1<<20 {
		t.Errorf("Free() = %d, %v, want what the disk of this machine has left, a MiB at least", n, err)
	}
	if n, err := e.Size(); err != nil || n > 2<<20 {
		t.Errorf("Size() of a store with one record = %d, %v, want at most 2 MiB", n, err)
	}
	if err := e.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("folder after Close = %v, %v, want the store alone", left, err)
	}
}

func TestBackupWhileWriting(t *testing.T) {
	dir := t.TempDir()
	e := open(t, filepath.Join(dir, "store.db"))
	commit(t, e, "a", "1", "b", strings.Repeat("x", 100_000))
	// The slow writer commits in the middle of the copy.
	copyPath := filepath.Join(dir, "copy.db")
	f, err := os.OpenFile(copyPath, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	writes := 0
	n, err := e.Backup(writerFunc(func(p []byte) (int, error) {
		writes++
		commit(t, e, "a", fmt.Sprint("late", writes), "b", "gone")
		return f.Write(p)
	}))
	if err != nil || n == 0 || writes < 3 {
		t.Fatalf("Backup() = %d, %v with %d writes, want a copy in several pieces", n, err, writes)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	c := open(t, copyPath)
	defer c.Close()
	want := map[string]string{"a": "1", "b": strings.Repeat("x", 100_000)}
	if diff := cmp.Diff(want, content(t, c)); diff != "" {
		t.Errorf("content of the backup (-want +got):\n%s", diff)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// file writes a file with the given content and returns its path.
func file(t *testing.T, content []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// foreign makes a bbolt file that something else has written.
func foreign(t *testing.T, fill func(*bbolt.Tx) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(fill); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// withSchema makes a store that claims a schema version.
func withSchema(t *testing.T, version string) string {
	return foreign(t, func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucket([]byte("meta"))
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte("records")); err != nil {
			return err
		}
		return meta.Put([]byte("schema"), []byte(version))
	})
}

func TestRefusals(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, want string
	}{
		{"text file", file(t, bytes.Repeat([]byte("people: [ana]\n"), 1000), 0o600), "is not a Stormbell store; name another file"},
		{"short file", file(t, []byte("people: [ana]\n"), 0o600), "is not a Stormbell store; name another file"},
		{"empty file", file(t, nil, 0o600), "is empty, which Stormbell never leaves behind; restore a backup"},
		{"another program's", foreign(t, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("records"))
			return err
		}), "is not a Stormbell store"},
		{"from the future", withSchema(t, "7"), "was written by a newer Stormbell (schema 7; this one knows schema 2); install the newer version"},
		{"nonsense version", withSchema(t, "x"), `has the schema version "x", which makes no sense`},
		{"open to everybody", file(t, nil, 0o644), "can be used by every user of this machine (mode 0644), and holds phone numbers; run: chmod 600 "},
		{"folder", t.TempDir(), "is a folder; name a file in it"},
		{"below a file", filepath.Join(file(t, nil, 0o600), "store.db"), "a part of that path is not a folder"},
		{"dangling link", link, "leads nowhere (a dangling link?)"},
		{"device", "/dev/null", "is not a file; name the file in which the store is to be kept"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := os.ReadFile(tt.path)
			e, err := bolt.Open(tt.path, bolt.Options{})
			if err == nil {
				e.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.path) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open(%s) = %v, want an error with %q", tt.path, err, tt.want)
			}
			if after, _ := os.ReadFile(tt.path); !bytes.Equal(before, after) {
				t.Errorf("Open(%s) has changed the file it refused", tt.path)
			}
			if note, err := os.ReadFile(tt.path + ".holder"); err == nil {
				t.Errorf("Open(%s) refused, but left the holder note %q", tt.path, note)
			}
		})
	}
}

func TestGroupMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		t.Fatal(err)
	}
	var warned []string
	e, err := bolt.Open(path, bolt.Options{Warn: func(text string) { warned = append(warned, text) }})
	if err != nil {
		t.Fatalf("Open() of a file with mode 0660 = %v, want nil", err)
	}
	defer e.Close()
	if len(warned) != 1 || !strings.Contains(warned[0], "can be used by its group (mode 0660)") {
		t.Errorf("warnings = %q, want one about the group", warned)
	}
}

func TestOpenedTwiceInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := open(t, path)
	_, err := bolt.Open(path, bolt.Options{})
	want := fmt.Sprintf("is in use by process %d; stop that one first", os.Getpid())
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("second Open() = %v, want an error with %q", err, want)
	}
	commit(t, e, "a", "1") // the first is none the worse for it
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Errorf("Close() after reopening = %v", err)
	}
}

// TestHolderNotes replaces the note of a store that is in use by ones that
// other processes may have left.
func TestHolderNotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := open(t, path)
	defer e.Close()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for note, want := range map[string]string{
		"99999999 " + host:       "in use by another process;",
		"4242 some-other-host\n": "in use by process 4242 on some-other-host;",
		"nonsense":               "in use by another process;",
		"":                       "in use by another process;",
	} {
		if err := os.WriteFile(path+".holder", []byte(note), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bolt.Open(path, bolt.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open() with the note %q = %v, want an error with %q", note, err, want)
		}
	}
}
