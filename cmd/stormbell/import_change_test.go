package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestExportThatChanges: a file that is written to, or replaced, while it is read is no
// export yet.
func TestExportThatChanges(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"":        func(string) error { return nil },
		"grown":   func(path string) error { return os.WriteFile(path, []byte(`{"data":[1,2]}`), 0o600) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)) },
		"gone":    os.Remove,
		"replaced": func(path string) error {
			other := path + ".new"
			if err := os.WriteFile(other, []byte(`{"data":[1]}`), 0o600); err != nil {
				return err
			}
			return os.Rename(other, path)
		},
	} {
		path := filepath.Join(t.TempDir(), "users.json")
		if err := os.WriteFile(path, []byte(`{"data":[0]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(path)
		if err == nil {
			err = change(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := changedSince(before, path); got != (name != "") {
			t.Errorf("a file that is %q: changed %v", name, got)
		}
	}
}
