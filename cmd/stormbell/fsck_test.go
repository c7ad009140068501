package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestFsckSaysWhatIsWrong: each fault is a line of its own, and it ends with a failure.
func TestFsckSaysWhatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stormbell.db")
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	err = db.Update(t.Context(), func(tx *storage.Tx) error {
		if err := tx.Put("event/000007/000001", []byte(`{"v":1}`)); err != nil {
			return err
		}
		return storage.Save(tx, "incident/000001", incident.Incident{Number: 1, Title: "x"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"fsck", path}, process{Out: &out, Err: &errs}); code != 1 {
		t.Errorf("exits %d, want 1", code)
	}
	for _, want := range []string{
		"event/000007/000001: There is no INC-7. It would be removed: nothing refers to it.\n",
		"event/000001/: The timeline makes no incident",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it says\n%s\nwant %q", out.String(), want)
		}
	}
	if want := "has 2 faults; keep a copy of it before anything else"; !strings.Contains(errs.String(), want) {
		t.Errorf("it ends with %q, want %q", errs.String(), want)
	}
}
