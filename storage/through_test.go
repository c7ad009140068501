package storage_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// beside is a view with records that lie in another place.
type beside struct {
	storage.Snapshot
	records map[string]string
}

func (b beside) Get(key string) ([]byte, error) {
	v, err := b.Snapshot.Get(key)
	if text, ok := b.records[key]; ok && errors.Is(err, storage.ErrNotFound) {
		return []byte(text), nil
	}
	return v, err
}

func (b beside) Scan(r storage.Range, each func(string, []byte) bool) error {
	all := map[string][]byte{}
	var keys []string
	if err := b.Snapshot.Scan(r, func(key string, value []byte) bool { all[key] = value; return true }); err != nil {
		return err
	}
	for key, text := range b.records {
		if _, ok := all[key]; !ok && r.Contains(key) {
			all[key] = []byte(text)
		}
	}
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if !each(key, all[key]) {
			return nil
		}
	}
	return nil
}

func (b beside) Reachable(prefix string) error {
	if prefix == "gone/" {
		return storage.ErrUnread
	}
	return nil
}

// TestThrough: transactions read what lies in another place, with their own changes and those
// of others in the same commit on top.
func TestThrough(t *testing.T) {
	e := &storage.MemEngine{}
	db := storage.New(e)
	db.Through(func(s storage.Snapshot) storage.Snapshot { return beside{s, map[string]string{"a": "far", "b": "far"}} })
	err := db.Update(ctx, func(tx *storage.Tx) error {
		v, err := tx.Get("a")
		if string(v) != "far" || err != nil {
			t.Errorf("Get(a) = %q, %v", v, err)
		}
		return errors.Join(tx.Put("b", []byte("near")), tx.Put("c", []byte("near")))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(ctx, func(tx *storage.Tx) error {
		var got []string
		for key, value := range tx.Scan("") {
			got = append(got, key+"="+string(value))
		}
		if want := []string{"a=far", "b=near", "c=near"}; !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
		if err := tx.Reachable("gone/"); !errors.Is(err, storage.ErrUnread) || tx.Err() != nil {
			t.Errorf("Reachable() = %v, and %v sticks", err, tx.Err())
		}
		return tx.Reachable("a")
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDiscard: what is removed because it lies in another place is seen at every instant, by
// transactions that wait for the same commit as well.
func TestDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := map[string]string{}
		e := &storage.MemEngine{Delay: time.Second}
		db := storage.New(e)
		db.Through(func(s storage.Snapshot) storage.Snapshot { return beside{s, far} })
		var keys []string
		for k := range 30 {
			key := fmt.Sprintf("k/%02d", k)
			keys, far[key] = append(keys, key), "x"
			if err := db.Update(ctx, func(tx *storage.Tx) error { return tx.Put(key, []byte("x")) }); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for k := range 40 {
			all.Go(func() {
				time.Sleep(time.Duration(k) * 100 * time.Millisecond)
				err := db.Update(ctx, func(tx *storage.Tx) error {
					n := 0
					for range tx.Scan("k/") {
						n++
					}
					if n != len(keys) {
						t.Errorf("a transaction sees %d records of %d", n, len(keys))
					}
					return tx.Put(fmt.Sprintf("other/%d", k), nil)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		for some := range slices.Chunk(keys, 7) {
			all.Go(func() {
				if err := db.Discard(ctx, some); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		last := 0
		for _, c := range e.Commits {
			for _, x := range c {
				if x.Delete {
					last++
				}
			}
		}
		if last != len(keys) {
			t.Errorf("%d records were removed, want %d", last, len(keys))
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Discard(ctx, keys[:1]); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("Discard() after Close = %v", err)
		}
	})
}
