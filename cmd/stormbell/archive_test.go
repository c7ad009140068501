package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// attic is a folder with a configuration and a store whose incidents ended long ago.
type attic struct {
	t      *testing.T
	dir    string
	config string
}

func newAttic(t *testing.T) *attic {
	t.Helper()
	a := &attic{t: t, dir: t.TempDir()}
	a.config = filepath.Join(a.dir, "sb.yaml")
	write(t, a.config, fmt.Sprintf("slack: {app_token: xapp-1-A0-0-aaaaaaaa, bot_token: xoxb-1-1-aaaaaaaa}\nstore: bolt:%s\narchive: {after: 365d}\nbackup: {folder: copies}\n",
		filepath.Join(a.dir, "stormbell.db")))
	engine, err := bolt.Open(filepath.Join(a.dir, "stormbell.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	people, err := oncall.Open(t.Context(), l, oncall.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(t.Context(), l, people, desk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var past []struct {
		Number int              `json:"number"`
		Events []incident.Event `json:"events"`
	}
	if err := json.Unmarshal(configs.DemoIncidents(), &past); err != nil {
		t.Fatal(err)
	}
	for _, p := range past {
		for k := range p.Events {
			p.Events[k].At = p.Events[k].At.AddDate(-3, 0, 0)
		}
		if err := d.Import(t.Context(), p.Number, p.Events); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return a
}

// path is one in the folder.
func (a *attic) path(name string) string { return filepath.Join(a.dir, name) }

// does runs a command and looks whether it ends with that code and says the words.
func (a *attic) does(code int, words string, args ...string) {
	a.t.Helper()
	var out bytes.Buffer
	if got := run(a.t.Context(), args, process{In: strings.NewReader(""), Out: &out, Err: &out}); got != code || !strings.Contains(out.String(), words) {
		a.t.Errorf("stormbell %s: exit code %d, want %d and %q:\n%s", strings.Join(args, " "), got, code, words, out.String())
	}
}

// TestArchiveCommands: what lies in archive files goes along with every command about the
// store.
func TestArchiveCommands(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	store, copied := a.path("stormbell.db"), a.path("copy.db")
	a.does(0, "would be added", "archive", "--config", a.config, "--dry-run")
	if _, err := os.Stat(a.path("archive")); err == nil {
		t.Error("a dry run has made the folder")
	}
	a.does(0, "were moved to "+a.path("archive"), "archive", "--config", a.config)
	a.does(0, "an open follow-up", "archive", "--config", a.config)
	a.does(0, "the archive files are sound, too", "fsck", "--config", a.config)
	a.does(0, "archived: copy the folder "+a.path("archive")+" as well", "backup", "--config", a.config, copied)
	a.does(0, "is sound", "fsck", copied) // the folder archive is beside it
	a.does(0, "The archive files stay where they are, and the bot finds them there", "migrate", "bolt:"+store, "bolt:"+a.path("moved.db"))
	if err := os.Mkdir(a.path("elsewhere"), 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere := a.path("elsewhere/moved.db")
	a.does(0, "The archive files stay where they are. Set archive.folder to "+a.path("archive")+" unless", "migrate", "bolt:"+store, "bolt:"+elsewhere)
	a.does(1, "or set `archive.folder` to where it is", "fsck", "bolt:"+elsewhere)
	write(t, a.path("moved.yaml"), "store: bolt:"+elsewhere+"\narchive: {after: 365d, folder: archive}\n")
	a.does(0, "the archive files are sound, too", "fsck", "--config", a.path("moved.yaml"))

	// Without the files.
	if err := errors.Join(os.Rename(a.path("archive"), a.path("away")), os.Rename(store, a.path("old.db"))); err != nil {
		t.Fatal(err)
	}
	a.does(1, "which is not in "+a.path("archive"), "fsck", copied)
	write(t, a.path("archive"), "no folder")
	a.does(1, a.path("archive")+": The folder of the archive files is no folder.", "fsck", copied) // and it says so of each incident
	if err := os.Remove(a.path("archive")); err != nil {
		t.Fatal(err)
	}
	a.does(0, "cannot be read in "+a.path("archive")+"; put them there from a copy", "restore", "--config", a.config, copied)
	if err := os.Rename(a.path("away"), a.path("archive")); err != nil {
		t.Fatal(err)
	}
	a.does(0, "the archive files are sound, too", "fsck", "--config", a.config)

	// A file that is damaged is found, also where the store names none of its incidents.
	write(t, a.path("archive/2019-01.archive"), "nonsense")
	if err := os.Chmod(a.path("archive/2019-01.archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.does(1, "The archive file cannot be read: it is not a Stormbell store", "fsck", "--config", a.config)
}

// TestArchiveIsOff: nothing is archived unless somebody says after what time.
func TestArchiveIsOff(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	write(t, a.config, "store: bolt:"+a.path("stormbell.db")+"\n")
	a.does(1, "archive.after is not set", "archive", "--config", a.config)
	write(t, a.config, "store: etcd:127.0.0.1:1/stormbell\narchive: {after: 365d}\n")
	a.does(1, "archive files lie on the disk of one machine", "archive", "--config", a.config)
	write(t, a.config, "store: bolt:"+a.path("nowhere.db")+"\narchive: {after: 365d}\n")
	a.does(1, "there is no store at", "archive", "--config", a.config)
}

// TestArchiveIsCopied: after each copy of the store the archive files are copied beside it. That
// one cannot be is said, and the copy of the store stands.
func TestArchiveIsCopied(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.does(0, "were moved to", "archive", "--config", a.config)
	c, err := configs.Load(a.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP.Listen = "127.0.0.1:0"
	p, err := openProgram(t.Context(), c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	folder := a.path("copies")
	if err := errors.Join(os.Mkdir(folder, 0o700), p.copyArchive(t.Context(), folder)); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Join(folder, "archive"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %v, %v", files, err)
	}
	if err := os.Remove(filepath.Join(a.path("archive"), files[0].Name())); err != nil {
		t.Fatal(err)
	}
	if err := p.copyArchive(t.Context(), folder); err == nil || !strings.Contains(err.Error(), files[0].Name()) {
		t.Errorf("with a file that is missing: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(folder, "archive")); len(left) != len(files) {
		t.Errorf("copies were removed: %v", left)
	}
	if _, err := p.desk.Archive(t.Context(), time.Now(), false, t.Context().Err); err != nil {
		t.Errorf("of others: %v", err)
	}
}
