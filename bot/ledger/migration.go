package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/stormbell/stormbell/storage"
)

// MigrationKey is the record that a store has while it is being filled from another
// one. It belongs to no store's content.
const MigrationKey = "migration"

// migrationRecord says from where.
type migrationRecord struct {
	V    int    `json:"v"`
	From string `json:"from"`
}

// UnfinishedError is that a store is being filled from another one, and is not complete.
type UnfinishedError struct{ From string }

// Error says what to do.
func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("the store holds an unfinished migration from %s; finish it with the same stormbell migrate command", e.From)
}

// NotEmptyError is that a store has records of its own.
type NotEmptyError struct{}

// Error says so.
func (e *NotEmptyError) Error() string { return "it is not empty" }

// BeginMigration marks a store as one that is being filled from another one, which
// [Open] refuses. A store that has records must be an unfinished migration from the same
// one; then going on is true.
func BeginMigration(ctx context.Context, db *storage.DB, from string) (goingOn bool, err error) {
	err = db.Update(ctx, func(tx *storage.Tx) error {
		switch was, err := migrationFrom(tx); {
		case err != nil:
			return err
		case was == from:
			goingOn = true
			return nil
		case was != "":
			return &UnfinishedError{was}
		}
		for range tx.Scan("") {
			return &NotEmptyError{}
		}
		return storage.Save(tx, MigrationKey, migrationRecord{1, from})
	})
	return goingOn, err
}

// EndMigration takes the mark off a store that is complete.
func EndMigration(ctx context.Context, db *storage.DB) error {
	return db.Update(ctx, func(tx *storage.Tx) error { return tx.Delete(MigrationKey) })
}

// checkComplete refuses a store that is being filled.
func checkComplete(tx *storage.Tx) error {
	from, err := migrationFrom(tx)
	if err == nil && from != "" {
		err = &UnfinishedError{from}
	}
	return err
}

// CheckComplete refuses a store that is being filled.
func CheckComplete(ctx context.Context, db *storage.DB) error { return db.View(ctx, checkComplete) }

// migrationFrom returns from where a store is being filled; empty: it is not.
func migrationFrom(tx *storage.Tx) (string, error) {
	r, err := storage.Load[migrationRecord](tx, MigrationKey)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return r.From, err
}
