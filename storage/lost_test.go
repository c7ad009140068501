package storage_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stormbell/stormbell/storage"
)

// losing is an engine that notices by itself that it is no longer the writer.
type losing struct {
	*storage.MemEngine
	lost chan struct{}
}

func (l losing) Lost() <-chan struct{} { return l.lost }

// TestLostWithoutCommit: what the engine notices ends the DB, although nobody commits.
func TestLostWithoutCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := losing{&storage.MemEngine{}, make(chan struct{})}
		db := storage.New(e)
		close(e.lost)
		synctest.Wait()
		select {
		case <-db.Lost():
		default:
			t.Error("Lost() is open after the engine has lost")
		}
		never := func(*storage.Tx) error { t.Error("closure ran"); return nil }
		if err := db.View(ctx, never); !errors.Is(err, storage.ErrLost) {
			t.Errorf("View() = %v, want ErrLost", err)
		}
		if err := db.Update(ctx, never); !errors.Is(err, storage.ErrLost) {
			t.Errorf("Update() = %v, want ErrLost", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
}

// TestClosedIsNotLost: an engine that loses after it was closed is nobody's matter.
func TestClosedIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := losing{&storage.MemEngine{}, make(chan struct{})}
		db := storage.New(e)
		if err := db.Close(); err != nil {
			t.Fatalf("Close() = %v", err)
		}
		close(e.lost)
		synctest.Wait()
		select {
		case <-db.Lost():
			t.Error("Lost() is closed by Close")
		default:
		}
	})
}
