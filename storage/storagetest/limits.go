package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

func testFull(t *testing.T, o Open) {
	db := open(t, o)
	update(t, db, func(tx *storage.Tx) error {
		for i := range storage.MaxChanges {
			if err := tx.Put(fmt.Sprintf("k%03d", i), nil); err != nil {
				return err
			}
		}
		return tx.Put("k000", []byte("changing a key again is no further change"))
	})
	if got := len(content(t, db)); got != storage.MaxChanges {
		t.Errorf("records after a full transaction = %d, want %d", got, storage.MaxChanges)
	}
	// And as many bytes as fit, in one value.
	const key = "big"
	value := bytes.Repeat([]byte{0xFF}, storage.MaxBytes-len(key)-64)
	update(t, db, func(tx *storage.Tx) error { return tx.Put(key, value) })
	update(t, db, func(tx *storage.Tx) error {
		if v, err := tx.Get(key); !bytes.Equal(v, value) {
			t.Errorf("Get(big) = %d bytes, %v, want the %d bytes stored", len(v), err, len(value))
		}
		return nil
	})
}

func testOverfull(t *testing.T, o Open) {
	db := open(t, o)
	tests := []struct {
		name string
		fill func(*storage.Tx) error
	}{
		{"changes", func(tx *storage.Tx) error {
			for i := range storage.MaxChanges + 1 {
				tx.Put(fmt.Sprintf("k%03d", i), nil)
			}
			return nil
		}},
		{"deletions", func(tx *storage.Tx) error {
			for i := range storage.MaxChanges + 1 {
				tx.Delete(fmt.Sprintf("k%03d", i))
			}
			return nil
		}},
		{"bytes", func(tx *storage.Tx) error {
			tx.Put("small", nil)
			return tx.Put("big", make([]byte, storage.MaxBytes))
		}},
		{"key", func(tx *storage.Tx) error { return tx.Put(strings.Repeat("k", storage.MaxKey+1), nil) }},
	}
	for _, tt := range tests {
		if err := db.Update(context.Background(), tt.fill); !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("%s: Update() = %v, want ErrTooLarge", tt.name, err)
		}
	}
	wantContent(t, db)
	put(t, db, strings.Repeat("k", storage.MaxKey)) // the store works on
}

func testLargeValue(t *testing.T, o Open) {
	db := open(t, o)
	for _, n := range []int{1, 4095, 4096, 4097, 70_000, 1 << 20} {
		value := bytes.Repeat([]byte("0123456789abcde\x00"), n/16+1)[:n]
		update(t, db, func(tx *storage.Tx) error { return tx.Put("v", value) })
		err := db.View(context.Background(), func(tx *storage.Tx) error {
			if v, err := tx.Get("v"); !bytes.Equal(v, value) {
				t.Errorf("Get of %d bytes = %d bytes, %v", n, len(v), err)
			}
			return nil
		})
		if err != nil {
			t.Errorf("View() = %v", err)
		}
	}
}
