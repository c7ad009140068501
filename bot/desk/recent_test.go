package desk

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestRecentIsWhatIsStored: an incident is what its record says, also after a change, in
// a transaction that is discarded, and where another one has the same place.
func TestRecentIsWhatIsStored(t *testing.T) {
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	var r recent
	far := 1 + len(r) // has the place of 1
	check := func(tx *storage.Tx) error {
		for _, n := range []int{1, far, 1} {
			want, err := loadIncident(tx, n)
			if err != nil {
				return err
			}
			if got, err := r.load(tx, n); err != nil || !cmp.Equal(got, want) {
				t.Errorf("INC-%d is %+v, %v, want %+v", n, got, err, want)
			}
		}
		return nil
	}
	discard := errors.New("discard")
	for _, title := range []string{"one", "two", "discarded", "three"} {
		err := db.Update(t.Context(), func(tx *storage.Tx) error {
			for _, n := range []int{1, far} {
				if err := saveIncident(tx, incident.Incident{Number: n, Title: title, Involved: []incident.Actor{"bot"}}); err != nil {
					return err
				}
			}
			if err := check(tx); err != nil || title != "discarded" {
				return err
			}
			return discard
		})
		if err != nil && !errors.Is(err, discard) {
			t.Fatal(err)
		}
		if err := db.View(t.Context(), check); err != nil {
			t.Fatal(err)
		}
	}
	err = db.View(t.Context(), func(tx *storage.Tx) error { _, err := r.load(tx, 9); return err })
	if !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
}

// TestSameIsWhatIsStored: the same of records of any kind, where one that was discarded,
// or that others have written, is not taken for the present one.
func TestSameIsWhatIsStored(t *testing.T) {
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	var s same[Digest]
	discard := errors.New("discard")
	page := func(n int) Digest { return Digest{V: 1, Pages: []DigestEntry{{Incident: n, Send: "1"}}} }
	for n, save := range []func(*storage.Tx, string, Digest) error{
		s.save,
		func(tx *storage.Tx, key string, d Digest) error { return storage.Save(tx, key, d) },
		func(tx *storage.Tx, key string, d Digest) error { return errors.Join(s.save(tx, key, d), discard) },
		s.save,
	} {
		err := db.Update(t.Context(), func(tx *storage.Tx) error {
			for of := range 40 { // more than there are places
				if err := save(tx, ledger.Number(of), page(100*n+of)); err != nil && !errors.Is(err, discard) {
					return err
				}
			}
			if n == 2 {
				return discard
			}
			return nil
		})
		if err != nil && !errors.Is(err, discard) {
			t.Fatal(err)
		}
		err = db.View(t.Context(), func(tx *storage.Tx) error {
			for of := range 40 {
				want, err := storage.Load[Digest](tx, ledger.Number(of))
				if err != nil {
					return err
				}
				if got, err := s.load(tx, ledger.Number(of)); err != nil || !cmp.Equal(got, want) {
					t.Errorf("record %d after step %d is %+v, %v, want %+v", of, n, got, err, want)
				}
			}
			_, err := s.load(tx, "none")
			return err
		})
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("of none: %v", err)
		}
	}
}
