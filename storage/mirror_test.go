package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/stormbell/stormbell/storage"
)

// TestMirror: whatever two stores hold, afterwards the second holds what the first does,
// and only what differed was changed. It can be broken off anywhere and begun anew.
func TestMirror(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		records := rapid.MapOf(rapid.StringMatching("[a-d]{1,4}"), rapid.SampledFrom([]string{"", "1", "2"}))
		source, target := records.Draw(r, "source"), records.Draw(r, "target")
		source["kept"], target["kept"] = "source's", "target's"
		breaks := rapid.IntRange(0, 3).Draw(r, "breaks")
		from, to := filled(r, source, nil), filled(r, target, func(n int, _ []storage.Change) error {
			if n > 1 && n <= 1+breaks {
				return errors.New("broken off")
			}
			return nil
		})
		defer from.Close()
		defer to.Close()
		differ := 0
		for key, value := range source {
			if was, ok := target[key]; key != "kept" && (!ok || was != value) {
				differ++
			}
		}
		for key := range target {
			if _, ok := source[key]; !ok {
				differ++
			}
		}
		for tries := 0; ; tries++ {
			changed, err := storage.Mirror(ctx, from, to, "kept")
			if err != nil && tries < breaks {
				continue
			}
			if err != nil || breaks == 0 && changed != differ {
				r.Fatalf("Mirror() = %d changed, %v; want %d", changed, err, differ)
			}
			break
		}
		source["kept"] = "target's"
		checkHolds(r, to, source)
		if again, err := storage.Mirror(ctx, from, to, "kept"); again != 0 || err != nil {
			r.Fatalf("Mirror() again = %d changed, %v; want none", again, err)
		}
		one, err1 := storage.DigestOf(ctx, from, "kept")
		two, err2 := storage.DigestOf(ctx, to, "kept")
		if one != two || errors.Join(err1, err2) != nil || one.Records != len(source)-1 {
			r.Fatalf("DigestOf() = %+v and %+v, %v, %v; want the same of %d records", one, two, err1, err2, len(source)-1)
		}
	})
}

// filled is a store with these records, made by one commit.
func filled(r *rapid.T, records map[string]string, fail func(int, []storage.Change) error) *storage.DB {
	db := storage.New(&storage.MemEngine{Fail: fail})
	err := db.Update(ctx, func(tx *storage.Tx) error {
		for key, value := range records {
			if err := tx.Put(key, []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.Fatalf("Update() = %v", err)
	}
	return db
}

func checkHolds(r *rapid.T, db *storage.DB, want map[string]string) {
	n := 0
	err := db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan("") {
			if w, ok := want[key]; !ok || w != string(value) {
				r.Errorf("%q = %q, want %q, there: %v", key, value, w, ok)
			}
			n++
		}
		return nil
	})
	if err != nil || n != len(want) {
		r.Fatalf("View() = %v, %d records, want %d", err, n, len(want))
	}
}

// TestMirrorLarge: more than fits into one transaction, in number and in size, and more
// to remove than fits.
func TestMirrorLarge(t *testing.T) {
	from, to := storage.New(&storage.MemEngine{}), storage.New(&storage.MemEngine{})
	defer from.Close()
	defer to.Close()
	for n := range 500 {
		for db, key := range map[*storage.DB]string{from: "a", to: "b"} {
			err := db.Update(ctx, func(tx *storage.Tx) error { return tx.Put(fmt.Sprintf("%s/%03d", key, n), make([]byte, 10_000)) })
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, err := storage.Mirror(ctx, from, to, ""); n != 1000 || err != nil {
		t.Errorf("Mirror() = %d, %v; want 1000", n, err)
	}
	one, _ := storage.DigestOf(ctx, from, "")
	if two, _ := storage.DigestOf(ctx, to, ""); one != two || one.Records != 500 {
		t.Errorf("DigestOf() = %+v and %+v", one, two)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := storage.Mirror(stopped, from, to, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Mirror() when it is to stop = %v", err)
	}
}

// TestDigestTellsApart: what is in a key is not in its value.
func TestDigestTellsApart(t *testing.T) {
	seen := map[string]string{}
	for _, records := range []map[string]string{{}, {"ab": "c"}, {"a": "bc"}, {"a": "", "b": "c"}, {"a": "b", "c": ""}, {"abc": ""}} {
		db := storage.New(&storage.MemEngine{})
		err := db.Update(ctx, func(tx *storage.Tx) error {
			for k, v := range records {
				tx.Put(k, []byte(v))
			}
			return nil
		})
		d, derr := storage.DigestOf(ctx, db, "")
		if errors.Join(err, derr, db.Close()) != nil {
			t.Fatal(err, derr)
		}
		if other, ok := seen[d.SHA256]; ok {
			t.Errorf("%v and %s have the same digest", records, other)
		}
		seen[d.SHA256] = fmt.Sprint(records)
	}
}
