//go:build linux || darwin

package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// limited has files grow no further than to a size while f runs, as on a full disk.
func limited(t *testing.T, size int64, f func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	tight := was
	tight.Cur = uint64(size)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// TestJournalFullDisk: a store whose bot was killed opens on a full disk, with all that was
// confirmed, and takes it over when there is room; who needs it carried over is told.
func TestJournalFullDisk(t *testing.T) {
	const alone = "STORMBELL_TEST_FULL_DISK"
	if os.Getenv(alone) == "" { // the limit would be one for the files of go test, too
		cmd := exec.Command(os.Args[0], "-test.run=^TestJournalFullDisk$")
		cmd.Env = append(os.Environ(), alone+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, journalHalf)
	put(t, e, storage.Change{Key: "a", Value: bytes.Repeat([]byte("v"), 300<<10)})
	e.db.Close() // killed
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var full *Engine
	limited(t, info.Size(), func() {
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "if the disk is full make room") {
			t.Errorf("opened by who has no journal: %v", err)
		}
		full = journaled(t, path, journalHalf)
		if got := all(t, full, storage.Range{}); len(got["a"]) != 300<<10 {
			t.Errorf("%d bytes of what was confirmed", len(got["a"]))
		}
		if _, err := full.Backup(io.Discard); err == nil {
			t.Error("a backup was made of what the file cannot hold")
		}
	})
	if _, err := full.Backup(io.Discard); err != nil {
		t.Errorf("with room again: %v", err)
	}
	put(t, full, storage.Change{Key: "b"})
	if err := full.Close(); err != nil {
		t.Error(err)
	}
	if left := Journal(path); left != nil {
		t.Errorf("left: %v", left)
	}
}

// TestJournalHostile: what records hold does not make opening slow, nor is it taken for entries.
func TestJournalHostile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := journaled(t, path, journalHalf)
	defer e.Close()
	// Heads of entries with great lengths, at every place where a block can begin.
	head := binary.LittleEndian.AppendUint32(nil, journalMagic)
	head = binary.LittleEndian.AppendUint32(head, 1<<20)
	head = append(head, bytes.Repeat([]byte{0xff}, 12)...)
	evil := bytes.Repeat(head, 1<<20/len(head))
	for n := range 3 {
		put(t, e, storage.Change{Key: fmt.Sprint("k", n), Value: evil})
	}
	for range 2 { // so that it stands behind the last entry
		if _, err := e.Backup(io.Discard); err != nil {
			t.Fatal(err)
		}
		put(t, e, storage.Change{Key: "small"})
	}
	m := e.carrier.mark(e.carrier.journal.last-1, true)
	began := processorTime(t)
	left, err := readJournal(path, m)
	if err != nil || len(both(left)) != 1 {
		t.Fatalf("%d entries, %v", len(both(left)), err)
	}
	if took := processorTime(t) - began; took > 5*time.Second {
		t.Errorf("reading took %v of processor time", took)
	}
}

// processorTime is what this process has used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// soon fails unless f ends: what waits for a pipe never does.
func soon(t *testing.T, f func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); f() }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("it waits")
	}
}

// TestJournalInItsPlace: what others have put in the place of a file of a journal is neither
// waited for nor read, under a bot that runs and where the next start needs the journal.
func TestJournalInItsPlace(t *testing.T) {
	for name, place := range map[string]func(path string) error{
		"a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"a file without end": func(path string) error { // it takes no room on the disk
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		},
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			e, _ := watched(t, path)
			put(t, e, storage.Change{Key: "a"})
			killed := killedCopy(t, path)
			for _, at := range []string{path, killed} {
				first := Journal(at)[0]
				if err := errors.Join(os.Remove(first), place(first)); err != nil {
					t.Fatal(err)
				}
			}
			soon(t, func() {
				e.carrier.mu.Lock()
				said := e.carrier.look()
				e.carrier.mu.Unlock()
				if !strings.Contains(said, "there is a new journal") {
					t.Errorf("told %q", said)
				}
				put(t, e, storage.Change{Key: "b"})
				if err := e.Close(); err != nil {
					t.Error(err)
				}
				again := open(t, path)
				if got := all(t, again, storage.Range{}); len(got) != 2 {
					t.Errorf("there are %v", got)
				}
				again.Close()
				if left := Journal(path); len(left) > 1 {
					t.Errorf("there are %v, and only one of them is of others", left)
				}
			})
			soon(t, func() {
				if _, err := Open(killed, Options{}); err == nil || !strings.Contains(err.Error(), "confirmed commits are missing") {
					t.Errorf("opened: %v", err)
				}
			})
		})
	}
}
