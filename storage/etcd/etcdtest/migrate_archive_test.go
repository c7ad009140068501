package etcdtest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/etcd"
)

// deskOn opens a desk on a store whose archive files are in a folder.
func deskOn(t *testing.T, db *storage.DB, folder string) *desk.Desk {
	t.Helper()
	shelf := archive.At(folder)
	db.Through(shelf.Through)
	l, err := ledger.Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	people, err := oncall.Open(ctx, l, oncall.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(ctx, l, people, desk.Options{Shelf: shelf, ArchiveAfter: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// papersOf is all that is shown of an incident, its timeline and its post-mortem, byte for byte.
func papersOf(t *testing.T, d *desk.Desk, n int) string {
	t.Helper()
	i, events, err := d.Timeline(ctx, incident.Bot, n)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := d.Postmortem(ctx, incident.Bot, n, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{i, events})
	if err != nil {
		t.Fatal(err)
	}
	all := string(text) + string(doc.JSON()) + doc.Markdown()
	for version := range i.Postmortem.Version {
		f, err := d.Published(ctx, incident.Bot, n, version+1)
		if err != nil {
			t.Fatal(err)
		}
		all += string(f.Document.JSON())
	}
	return all
}

// archivedPast imports what happened at the demonstration's company years ago, and archives it. It
// returns how many incidents there are.
func archivedPast(t *testing.T, d *desk.Desk) (incidents int, moved desk.Archived) {
	t.Helper()
	var past []struct {
		Events []incident.Event `json:"events"`
	}
	if err := json.Unmarshal(configs.DemoIncidents(), &past); err != nil {
		t.Fatal(err)
	}
	shift := time.Since(past[len(past)-1].Events[0].At) + 2*365*24*time.Hour
	for n, p := range past {
		for k := range p.Events {
			p.Events[k].At = p.Events[k].At.Add(-max(shift, 0))
		}
		if err := d.Import(ctx, n+1, p.Events); err != nil {
			t.Fatal(err)
		}
	}
	moved, err := d.Archive(ctx, time.Now(), false, func() error { return nil })
	if err != nil || moved.Incidents == 0 {
		t.Fatalf("archived are %+v, %v", moved, err)
	}
	return len(past), moved
}

// TestMigrateArchived: what lies in archive files stays there when a store moves to a cluster and
// back. With the folder it is shown to the byte as before; without it whoever asks is told.
func TestMigrateArchived(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	o := options(c)
	dir := t.TempDir()
	file, back, folder := filepath.Join(dir, "one.db"), filepath.Join(dir, "back.db"), filepath.Join(dir, "archive")
	from, to := "bolt:"+file, "etcd:"+strings.Join(c.Endpoints, ",")+o.Prefix

	db := boltDB(t, file)
	d := deskOn(t, db, folder)
	past, moved1 := archivedPast(t, d)
	was := map[int]string{}
	for n := range past {
		was[n+1] = papersOf(t, d, n+1)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	out, failed := stormbell(t, "migrate", from, to)
	if want := fmt.Sprintf("%d incidents are archived. The archive files stay where they are. Set archive.folder to %s unless", moved1.Incidents, folder); failed || !strings.Contains(out, want) {
		t.Errorf("migrate = %s; want %q", out, want)
	}
	open := func() *storage.DB {
		t.Helper()
		e, err := etcd.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		return storage.New(e)
	}
	db = open()
	d = deskOn(t, db, folder)
	for n, papers := range was {
		if papersOf(t, d, n) != papers {
			t.Errorf("INC-%d is another one on the cluster", n)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for other, want := range map[string]string{"": "archive.folder does not say where that is", filepath.Join(dir, "of another machine"): "which is not in"} {
		db = open()
		d = deskOn(t, db, other)
		told := 0
		for n := range was {
			if _, _, err := d.Timeline(ctx, incident.Bot, n); err != nil {
				if told++; !strings.Contains(err.Error(), want) {
					t.Errorf("with the folder %q: INC-%d: %v", other, n, err)
				}
			}
		}
		if told != moved1.Incidents {
			t.Errorf("with the folder %q %d incidents cannot be read of %d that are archived", other, told, moved1.Incidents)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}

	before := moved(t, to, "bolt:"+back)
	db = boltDB(t, back)
	defer db.Close()
	after, err := storage.DigestOf(ctx, db, ledger.MigrationKey)
	if err != nil || fmt.Sprint(after.SHA256) != before.SHA256 {
		t.Errorf("back it has %v, %v; it was %s", after.SHA256, err, before.SHA256)
	}
	d = deskOn(t, db, folder)
	for n, papers := range was {
		if papersOf(t, d, n) != papers {
			t.Errorf("INC-%d is another one when it is back", n)
		}
	}
}
