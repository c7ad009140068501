package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

// resident returns how many bytes of files this process has mapped and touched.
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(b), "RssFile:")
	var kb int
	if _, err := fmt.Sscan(rest, &kb); !found || err != nil {
		t.Fatalf("/proc/self/status has no RssFile: %v", err)
	}
	return kb << 10
}

// TestMemory opens and reads a store of 40 MB: neither may make it resident.
func TestMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e := open(t, path)
	for i := range 40 {
		var changes []storage.Change
		for k := range 1000 {
			changes = append(changes, storage.Change{Key: fmt.Sprintf("event/%03d/%03d", i, k), Value: make([]byte, 900)})
		}
		if err := e.Commit(context.Background(), changes); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	before := resident(t)
	e = open(t, path)
	defer e.Close()
	check := func(when string) {
		t.Helper()
		if grown := resident(t) - before; grown > 12<<20 {
			t.Errorf("resident memory %s has grown by %d MiB, want at most 12", when, grown>>20)
		}
	}
	check("after Open")
	n := 0
	err := storage.New(e).View(context.Background(), func(tx *storage.Tx) error {
		for range tx.Scan("") {
			n++
		}
		if grown := resident(t) - before; grown < 12<<20 {
			t.Errorf("resident memory in a full scan has grown by %d MiB: this test sees nothing", grown>>20)
		}
		return nil
	})
	if err != nil || n != 40_000 {
		t.Fatalf("scan = %d records, %v, want 40000", n, err)
	}
	check("after a full scan")
	e.LetReside(8 << 20)
	for i := range 40 { // a little at a time
		err := storage.New(e).View(context.Background(), func(tx *storage.Tx) error {
			for range tx.Scan(fmt.Sprintf("event/%03d/", i)) {
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if grown := resident(t) - before; grown > 24<<20 {
		t.Errorf("resident memory after many small scans has grown by %d MiB, want at most 24", grown>>20)
	}
}
