package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	bbolt "go.etcd.io/bbolt"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// earlierStores are those of versions before, each in a folder of testdata/earlier.
var earlierStores = []string{"2026-11", "2026-11-28", "2026-11-29"}

// unpackStore puts the store of an earlier version into a file of its own.
func unpackStore(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stormbell.db")
	write(t, path, string(unpack(t, filepath.Join("testdata", "earlier", name), "store.db.gz")))
	return path
}

// examined proves a store that nobody has open.
func examined(t *testing.T, path string) desk.Examined {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	x, err := examineDB(t.Context(), db, nil)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestStoresOfEarlierVersions runs on the store of every version before, and again a week
// later, with a workspace that knows nothing of it. Afterwards its records fit each other
// as if this version had written them all. TestStoreOfEarlierVersion lives through a week.
func TestStoresOfEarlierVersions(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir(filepath.Join("testdata", "earlier"))
	if err != nil || len(folders) != len(earlierStores) {
		t.Errorf("testdata/earlier has %d folders, %v; want those of earlierStores", len(folders), err)
	}
	roster, err := rotation.Parse("roster", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	var people []slacksim.Person
	for _, p := range roster.People {
		people = append(people, slacksim.Person{ID: p.Slack, Name: p.ID, RealName: p.Name, Email: p.Email})
	}
	for _, name := range earlierStores[1:] {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2026, 11, 30, 0, 45, 0, 0, time.UTC)))
				sim, err := slacksim.New(slacksim.Options{Seed: 1, Manifest: configs.Default().Slack.Manifest(), People: people})
				if err != nil {
					t.Fatal(err)
				}
				w := newTown(t, sim, unpackStore(t, name))
				defer w.close()
				was := examined(t, w.store)
				w.start()
				w.call("POST", "/v1/incidents", `{"title": "something new", "severity": "sev4"}`, nil)
				w.pass(10 * time.Minute)
				w.stop()
				w.pass(7 * 24 * time.Hour) // which nobody need live through for each of them
				w.start()
				w.pass(10 * time.Minute)
				w.stop()
				x := examined(t, w.store)
				for _, f := range x.Faults {
					t.Errorf("after a week: %s: %s", f.Key, f.What)
				}
				if x.Incidents <= was.Incidents || x.Events <= was.Events {
					t.Errorf("%d incidents with %d events were left, and there are %d with %d", was.Incidents, was.Events, x.Incidents, x.Events)
				}
			})
		})
	}
}

// heldIn is what a store holds, but for what is made up anew at each start.
func heldIn(t *testing.T, path string) string {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	var held strings.Builder
	err = db.View(t.Context(), func(tx *storage.Tx) error {
		for key, value := range tx.Scan("") {
			if strings.HasPrefix(key, "secret/") {
				value = nil
			}
			fmt.Fprintf(&held, "%s %s\n", key, value)
		}
		return tx.Err()
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return held.String()
}

// breaks is a store that takes so many commits, and then no more, as when the program is
// killed.
type breaks struct {
	storage.Engine
	left int
}

var errCutShort = errors.New("killed")

func (b *breaks) Commit(ctx context.Context, changes []storage.Change) error {
	if b.left--; b.left < 0 {
		return errCutShort
	}
	return b.Engine.Commit(ctx, changes)
}

// TestMigrationGoesOn cuts what the start does to the store of every earlier version short
// after each of its commits, and starts again: it ends in the same as when nothing is cut.
func TestMigrationGoesOn(t *testing.T) {
	t.Parallel()
	for _, name := range earlierStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2026, 11, 30, 0, 45, 0, 0, time.UTC)))
				open := func(path string, commits int) (int, error) {
					b := &breaks{left: commits}
					engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
					if err != nil {
						t.Fatal(err)
					}
					b.Engine = engine
					p := &program{db: storage.New(b)}
					c := configs.Default()
					err = p.openDesk(t.Context(), c, zerolog.Nop())
					return commits - b.left, errors.Join(err, p.db.Close())
				}
				whole := unpackStore(t, name)
				needs, err := open(whole, 1<<30)
				if err != nil {
					t.Fatal(err)
				}
				want := heldIn(t, whole)
				for cut := range needs {
					path := unpackStore(t, name)
					if _, err := open(path, cut); !errors.Is(err, errCutShort) {
						t.Fatalf("with %d of %d commits it opens: %v", cut, needs, err)
					}
					if _, err := open(path, 1<<30); err != nil {
						t.Fatalf("after it was cut short at commit %d of %d: %v", cut, needs, err)
					}
					if diff := cmp.Diff(want, heldIn(t, path)); diff != "" {
						t.Errorf("cut short at commit %d of %d (-want +got):\n%s", cut, needs, diff)
					}
				}
			})
		})
	}
}

// TestFutureIsRefused: a copy of a later version is not put back, is not examined, and is
// left as it is.
func TestFutureIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := unpackStore(t, "2026-11")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte("9")) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := configs.Default()
	c.Store.Path = filepath.Join(dir, "stormbell.db")
	const words = "was written by a newer Stormbell (schema 9; this one knows schema 2); install the newer version"
	if _, err := restore(t.Context(), c, path, 0, false); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("restore() of a copy of the future = %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	var m migration
	for what, f := range map[string]func() error{
		"fsck":    func() error { _, err := m.examine(t.Context(), configs.Store{Engine: "bolt", Path: path}); return err },
		"migrate": func() error { _, err := m.open(t.Context(), configs.Store{Engine: "bolt", Path: path}); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s of a store of the future = %v", what, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
}
