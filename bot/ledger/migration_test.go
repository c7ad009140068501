package ledger

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestMigration: a store that is being filled is no store to work on, and nothing but the
// same migration may go on with it.
func TestMigration(t *testing.T) {
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db, ctx := storage.New(engine), t.Context()
	defer db.Close()
	if goingOn, err := BeginMigration(ctx, db, "bolt:a.db"); goingOn || err != nil {
		t.Errorf("BeginMigration() into an empty store = %v, %v", goingOn, err)
	}
	var unfinished *UnfinishedError
	if _, err := Open(ctx, db); !errors.As(err, &unfinished) || unfinished.From != "bolt:a.db" {
		t.Errorf("Open() of a store that is being filled = %v, want UnfinishedError of bolt:a.db", err)
	}
	if err := CheckComplete(ctx, db); !errors.As(err, &unfinished) {
		t.Errorf("CheckComplete() = %v, want UnfinishedError", err)
	}
	put := func(tx *storage.Tx) error { return tx.Put("incident/000001", []byte("{}")) }
	if err := db.Update(ctx, put); err != nil {
		t.Fatal(err)
	}
	if goingOn, err := BeginMigration(ctx, db, "bolt:a.db"); !goingOn || err != nil {
		t.Errorf("BeginMigration() again = %v, %v; want that it goes on", goingOn, err)
	}
	if _, err := BeginMigration(ctx, db, "bolt:b.db"); !errors.As(err, &unfinished) {
		t.Errorf("BeginMigration() from another one = %v, want UnfinishedError", err)
	}
	if err := EndMigration(ctx, db); err != nil {
		t.Fatal(err)
	}
	var full *NotEmptyError
	if _, err := BeginMigration(ctx, db, "bolt:a.db"); !errors.As(err, &full) {
		t.Errorf("BeginMigration() into a full store = %v, want NotEmptyError", err)
	}
	if err := CheckComplete(ctx, db); err != nil {
		t.Errorf("CheckComplete() of a complete store = %v", err)
	}
}
