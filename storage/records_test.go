package storage_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

func TestReadErrorsStick(t *testing.T) {
	bad := errors.New("disk gone")
	e := &storage.MemEngine{}
	db := storage.New(e)
	if err := db.Update(ctx, put("a", "b")); err != nil {
		t.Fatal(err)
	}
	e.Read = func() error { return bad }
	for name, f := range map[string]func(*storage.Tx) error{
		"get": func(tx *storage.Tx) error { tx.Get("x"); return tx.Put("c", nil) },
		"scan": func(tx *storage.Tx) error {
			for range tx.Scan("") {
				t.Error("a scan that cannot read yields a record")
			}
			return nil
		},
		"last": func(tx *storage.Tx) error {
			if _, _, err := tx.Last(""); !errors.Is(err, bad) {
				t.Errorf("Last() = %v, want %v", err, bad)
			}
			return nil
		},
		"not even own writes": func(tx *storage.Tx) error {
			tx.Get("x")
			tx.Put("c", nil)
			return nil
		},
	} {
		if err := db.Update(ctx, f); !errors.Is(err, bad) {
			t.Errorf("%s: Update() = %v, want %v", name, err, bad)
		}
		if err := db.View(ctx, f); !errors.Is(err, bad) {
			t.Errorf("%s: View() = %v, want %v", name, err, bad)
		}
	}
	if len(e.Commits) != 1 {
		t.Errorf("commits = %q, want none of what could not read", commits(e))
	}
}

func TestRecords(t *testing.T) {
	type record struct {
		V    int    `json:"v"`
		Name string `json:"name"`
	}
	db := storage.New(&storage.MemEngine{})
	err := db.Update(ctx, func(tx *storage.Tx) error {
		if err := storage.Save(tx, "incident/000042", record{1, "disk full, \U0001F525"}); err != nil {
			return err
		}
		got, err := storage.Load[record](tx, "incident/000042")
		if want := (record{1, "disk full, \U0001F525"}); got != want || err != nil {
			t.Errorf("Load() = %+v, %v, want %+v", got, err, want)
		}
		if _, err := storage.Load[record](tx, "incident/000043"); !errors.Is(err, storage.ErrNotFound) ||
			!strings.Contains(err.Error(), "incident/000043") {
			t.Errorf("Load() of a missing key = %v, want ErrNotFound and the key", err)
		}
		if err := tx.Put("broken", []byte(`{"v":`)); err != nil {
			return err
		}
		if _, err := storage.Load[record](tx, "broken"); err == nil || !strings.Contains(err.Error(), "load broken: ") {
			t.Errorf("Load() of broken JSON = %v, want an error that names the key", err)
		}
		if err := storage.Save(tx, "x", func() {}); err == nil || !strings.Contains(err.Error(), "save x: ") {
			t.Errorf("Save() of a function = %v, want an error that names the key", err)
		}
		return nil
	})
	if err != nil {
		t.Errorf("Update() = %v, want nil", err)
	}
}
