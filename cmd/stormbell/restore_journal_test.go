package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestRestoreOfWhatWasKilled: the store of a bot that was killed is put back with what stands in
// its journal alone, and without that only if it is said.
func TestRestoreOfWhatWasKilled(t *testing.T) {
	t.Parallel()
	path := unpackStore(t, "2026-11")
	engine, err := bolt.Open(path, bolt.Options{Journal: true})
	if err != nil {
		t.Fatal(err)
	}
	const key, value = "x/confirmed", "in the last second"
	if err := engine.Commit(t.Context(), []storage.Change{{Key: key, Value: []byte(value)}}); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(t.TempDir(), "killed.db")
	for _, name := range append(bolt.Journal(path), path) { // as they stand when the bot is killed now
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(killed+strings.TrimPrefix(name, path), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	c := configs.Default()
	put := func(from string, withoutJournal bool) (string, error) {
		t.Helper()
		c.Store.Path = filepath.Join(t.TempDir(), "stormbell.db")
		if _, err := restore(t.Context(), c, from, 0, withoutJournal); err != nil {
			return "", err
		}
		if left, _ := filepath.Glob(c.Store.Path + "*"); len(left) != 1 {
			t.Errorf("there are %v, want the store alone", left)
		}
		engine, err := bolt.Open(c.Store.Path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		s, err := engine.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got, _ := s.Get(key)
		return string(got), nil
	}
	if err := os.Mkdir(killed+".journal-0000000000000000-1", 0o700); err != nil { // what is no file holds nobody up
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link [1].db")
	if err := os.Symlink(killed, link); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, killed)
	if err != nil {
		t.Fatal(err)
	}
	folder, name := filepath.Split(killed)
	for _, from := range []string{killed, link, "./" + relative, folder + "/" + name} {
		if got, err := put(from, false); err != nil || got != value {
			t.Errorf("%s: %q, %v", from, got, err)
		}
	}
	c.Store.Path = filepath.Join(t.TempDir(), "stormbell.db")
	trial := c.Store.Path + ".restoring"
	if err := os.WriteFile(trial, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(t.Context(), c, trial, 0, false); err == nil || !strings.Contains(err.Error(), "give it another one first") {
		t.Errorf("under the name of a copy that is being put back: %v", err)
	}
	before, err := os.ReadFile(killed)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range bolt.Journal(killed) {
		os.Remove(name)
	}
	_, err = put(killed, false)
	for _, want := range []string{killed + " cannot be used: it may have confirmed commits in killed.db.journal-", "stormbell restore --without-journal " + killed} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without its journal: %v\nwant %s", err, want)
		}
	}
	if got, err := put(killed, true); err != nil || got != "" {
		t.Errorf("without its journal on request: %q, %v", got, err)
	}
	if after, err := os.ReadFile(killed); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was changed, %v", err)
	}
}

// TestJournalRemovedIsTold: of a journal that is removed under the bot the log and the operators
// are told.
func TestJournalRemovedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := configs.Default()
		c.Store.Path = filepath.Join(t.TempDir(), "stormbell.db")
		var said bytes.Buffer
		p := &program{}
		engine, err := p.openStore(t.Context(), network{}, c, zerolog.New(&said))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range bolt.Journal(c.Store.Path) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		const want = "was removed or exchanged while the bot has it open"
		if len(p.alarms) != 1 || !strings.Contains(<-p.alarms, want) || strings.Count(said.String(), want) != 1 {
			t.Errorf("%d alarms, and the log says %s", len(p.alarms), &said)
		}
	})
}
