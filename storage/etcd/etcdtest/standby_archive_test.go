package etcdtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// archiveIn has a bot look for archive files in a folder.
func (b *process) archiveIn(folder string) {
	b.t.Helper()
	text, err := os.ReadFile(b.config)
	if err == nil {
		head, _, _ := strings.Cut(string(text), "archive:")
		err = os.WriteFile(b.config, []byte(head+"archive: {folder: '"+folder+"'}\n"), 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// unread waits until a bot says how its archive files are, and returns how many there are, and why
// which cannot be read.
func (b *process) unread() (files int, why []string) {
	b.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		status, answer, _ := b.ask("GET", "/v1/archive/state", "")
		var is struct {
			Files  int
			Unread []struct{ File, Why string }
		}
		if status == http.StatusOK && json.Unmarshal([]byte(answer), &is) == nil && is.Files > 0 {
			for _, u := range is.Unread {
				why = append(why, u.File+": "+u.Why)
			}
			return is.Files, why
		}
		if time.Since(began) > slack {
			b.t.Fatalf("/v1/archive/state = %d %s; the log ends with %s", status, answer, b.tail())
		}
	}
}

// TestStandbyArchive: a bot that stands by says, before it is needed, which archive files its
// machine lacks. When it takes over it pages all the same.
func TestStandbyArchive(t *testing.T) {
	t.Parallel()
	p := newPairAt(t, place{cluster: start(t, 1), slack: "127.0.0.1:0", bots: freePorts(t, 2), lease: lease})
	one, two := p.bots[0], p.bots[1]
	dir := t.TempDir()
	file, folder, other := filepath.Join(dir, "one.db"), filepath.Join(dir, "archive"), filepath.Join(dir, "other")
	db := boltDB(t, file)
	_, moved := archivedPast(t, deskOn(t, db, folder))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out, failed := stormbell(t, "migrate", "bolt:"+file, "etcd:"+strings.Join(p.Endpoints, ",")+"/stormbell"); failed {
		t.Fatal(out)
	}
	one.archiveIn(folder)
	one.start()
	one.ready(slack)
	files, why := one.unread()
	if files != len(moved.Files) || len(why) > 0 {
		t.Errorf("the one that does the work has %d files of %d, and cannot read %q", files, len(moved.Files), why)
	}

	// A folder that is missing, one with all but one file, and one that has all, which nobody may write.
	stand := func(lacks int) {
		t.Helper()
		two.archiveIn(other)
		two.start()
		two.standsBy(one.address)
		files, why := two.unread()
		if files != len(moved.Files) || len(why) != lacks {
			t.Errorf("it says that it has %d files of %d, and cannot read %q; want %d", files, len(moved.Files), why, lacks)
		}
		if _, text, _ := two.ask("GET", "/metrics", ""); !strings.Contains(text, fmt.Sprintf("stormbell_archive_unreadable_files %d\n", lacks)) {
			t.Errorf("the metrics do not say that %d cannot be read", lacks)
		}
		if said := strings.Contains(two.tail(), "archive files cannot be read"); said != (lacks > 0) {
			t.Errorf("the log says %v that files cannot be read:\n%s", said, two.tail())
		}
		out, _ := stormbell(t, "doctor", "--config", two.config)
		for _, want := range append(why, "the bot at "+two.address+" stands by for the one at "+one.address) {
			if !strings.Contains(out, want) {
				t.Errorf("doctor does not say %q:\n%s", want, out)
			}
		}
		if strings.Contains(out, "it is not ready") {
			t.Errorf("doctor finds fault with standing by:\n%s", out)
		}
	}
	again := func() {
		t.Helper()
		two.signal(syscall.SIGTERM)
		two.exit(slack)
		if err := os.Truncate(two.log, 0); err != nil {
			t.Fatal(err)
		}
	}
	stand(len(moved.Files))
	again()
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	for n, f := range moved.Files {
		if err := os.Link(filepath.Join(folder, f.File), filepath.Join(other, f.File)); err != nil || n == len(moved.Files)-2 {
			break
		}
	}
	stand(1)
	again()
	last := moved.Files[len(moved.Files)-1].File
	if err := os.Link(filepath.Join(folder, last), filepath.Join(other, last)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(other, 0o500); err != nil {
		t.Fatal(err)
	}
	stand(0)
	again()

	two.archiveIn(filepath.Join(dir, "nowhere"))
	two.start()
	two.standsBy(one.address)
	two.unread()
	if err := os.Truncate(two.log, 0); err != nil {
		t.Fatal(err)
	}
	one.signal(syscall.SIGKILL)
	two.ready(lease + slack)
	if name := two.declare("After the kill"); name == "" {
		t.Errorf("it takes nothing: %s", two.tail())
	}
	if _, why := two.unread(); len(why) != len(moved.Files) {
		t.Errorf("as the one that does the work it says %q", why)
	}
	if !strings.Contains(two.tail(), "archive files cannot be read") {
		t.Errorf("the log of the one that does the work does not say it:\n%s", two.tail())
	}
	_ = os.Chmod(other, 0o700)
}
