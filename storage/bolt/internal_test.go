package bolt

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

// TestFailedCommits covers what no test can make a disk do: fail before or
// after the header page is written.
func TestFailedCommits(t *testing.T) {
	e, err := Open(filepath.Join(t.TempDir(), "store.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Commit(t.Context(), []storage.Change{{Key: "a"}}); err != nil {
		t.Fatal(err)
	}
	tx, err := e.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	now := tx.ID()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		id      int
		unknown bool
	}{
		{"header not written", now + 1, false},
		{"header written, sync failed", now, true},
	}
	for _, tt := range tests {
		err := e.failed(tt.id, syscall.EIO)
		if !errors.Is(err, syscall.EIO) || errors.Is(err, storage.ErrUnknown) != tt.unknown {
			t.Errorf("%s: failed(%d, EIO) at transaction %d = %v, ErrUnknown wanted: %v", tt.name, tt.id, now, err, tt.unknown)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.failed(now+1, syscall.EIO); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("failed() on a file that cannot be read = %v, want ErrUnknown", err)
	}
	if err := e.Commit(t.Context(), []storage.Change{{Key: "a"}}); !errors.Is(err, storage.ErrClosed) || errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Commit() after Close = %v, want ErrClosed", err)
	}
}

func TestExplain(t *testing.T) {
	for cause, want := range map[error]string{
		syscall.EACCES: "this user may not write there; give it the file and its folder",
		syscall.EROFS:  "is on a read-only disk; remount it for writing",
		syscall.ENOSPC: "the disk is full",
		syscall.EIO:    "open store /data/s.db: open /data/s.db: input/output error",
	} {
		err := explain("/data/s.db", &fs.PathError{Op: "open", Path: "/data/s.db", Err: cause})
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "/data/s.db") {
			t.Errorf("explain(%v) = %q, want %q", cause, err, want)
		}
	}
}
