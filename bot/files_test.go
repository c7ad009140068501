package bot

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// shares has a user share files in a channel, and marks the message.
func (r *rig) shares(user, channel, text string, files ...slacksim.File) slacksim.Message {
	r.t.Helper()
	m, err := r.sim.As(user).Share(channel, text, files...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.ok(r.sim.As(user).Pin(channel, m.TS))
	return m
}

// kept returns the files of incident 1 as an operator sees them, by name.
func (r *rig) kept() map[string]desk.Kept {
	r.t.Helper()
	list, err := r.desk.Files(r.t.Context(), incident.Actor("admin:cli"), 1)
	if err != nil {
		r.t.Fatal(err)
	}
	byName := map[string]desk.Kept{}
	for _, f := range list {
		if _, twice := byName[f.Name]; twice {
			r.t.Errorf("%s is there twice", f.Name)
		}
		byName[f.Name] = f
	}
	return byName
}

// TestFilesAreKept: what is in the files of a marked message is in the store, within the
// limits, over a restart; it goes when the mark is taken off, and nobody reads it who may
// not see the incident.
func TestFilesAreKept(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.stop()
		r.files = desk.Files{Each: 3 << 20, All: 5 << 20}
		r.start()
		r.command("ada", "general", "declare keys leaked private service:search")
		r.pass(10 * time.Second)
		room := r.incidentChannel(1)
		big, small := bytes.Repeat([]byte("0123456789abcdef"), 5<<20/32), []byte("GET /checkout 500\n")
		m := r.shares("ada", room, "the log", slacksim.File{Name: "error.log", Content: small}, slacksim.File{Name: "../dump.bin", Content: big})
		r.pass(30 * time.Second)
		r.shares("ada", room, "more", slacksim.File{Name: "huge.bin", Content: bytes.Repeat([]byte("x"), 3<<20+1)},
			slacksim.File{Name: "again.bin", Content: bytes.Repeat([]byte("y"), 3<<20)}, slacksim.File{Name: "empty", Content: []byte{}})
		r.pass(30 * time.Second)
		r.stop()
		r.start()
		got := r.kept()
		if len(got) != 5 {
			t.Fatalf("%d files, want 5: %+v", len(got), got)
		}
		for name, want := range map[string][]byte{"error.log": small, "../dump.bin": big, "empty": {}} {
			f := got[name]
			_, content, err := r.desk.FileContent(r.t.Context(), incident.Actor("admin:cli"), 1, f.Entry, f.File)
			if err != nil || !bytes.Equal(content, want) || f.Size != len(want) || f.Why != "" {
				t.Errorf("%s: %d bytes, %v, %+v; want %d", name, len(content), err, f, len(want))
			}
		}
		for _, name := range []string{"huge.bin", "again.bin"} {
			f := got[name]
			if _, _, err := r.desk.FileContent(r.t.Context(), incident.Actor("admin:cli"), 1, f.Entry, f.File); err == nil || !strings.Contains(f.Why, "MiB") {
				t.Errorf("%s is over a limit, and is kept or does not say so: %+v, %v", name, f, err)
			}
		}
		log := got["error.log"]
		if _, _, err := r.desk.FileContent(r.t.Context(), incident.Person("bob"), 1, log.Entry, log.File); err == nil || strings.Contains(err.Error(), "error.log") {
			t.Errorf("somebody who may not see the incident reads its file: %v", err)
		}
		r.ok(r.sim.As("ada").Unpin(room, m.TS))
		r.pass(5 * time.Second)
		if _, ok := r.kept()["error.log"]; !ok {
			t.Error("a file of a private incident is gone since a pin was taken off")
		}
	})
}

// TestFilesWithdrawn: what was withdrawn is gone with its files; what cannot be fetched
// is named with the reason.
func TestFilesWithdrawn(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.stop()
		r.files = desk.Files{Each: 3 << 20, All: 5 << 20}
		r.start()
		r.command("eve", "general", "declare search is slow service:search")
		r.pass(10 * time.Second)
		room := r.incidentChannel(1)
		m := r.shares("eve", room, "the log", slacksim.File{Name: "error.log", Content: bytes.Repeat([]byte("x"), 2<<20+5)})
		r.fault(slacksim.Fault{Method: "files.info", Status: 503, Times: 2})
		r.pass(30 * time.Second)
		log, ok := r.kept()["error.log"]
		if !ok || log.Why != "" || log.Size != 2<<20+5 {
			t.Fatalf("the file is not kept: %+v", log)
		}
		r.ok(r.sim.As("eve").Unpin(room, m.TS))
		r.pass(5 * time.Second)
		if got := r.kept(); len(got) != 0 {
			t.Errorf("withdrawn, and %d files are there", len(got))
		}
		if _, _, err := r.desk.FileContent(r.t.Context(), incident.Actor("admin:cli"), 1, log.Entry, log.File); err == nil {
			t.Error("withdrawn, and its file can be read")
		}
		r.fault(slacksim.Fault{Method: "files.info", Error: "file_deleted"})
		r.shares("eve", room, "gone", slacksim.File{Name: "gone.png", Content: []byte("PNG")})
		r.pass(30 * time.Second)
		if f := r.kept()["gone.png"]; !strings.Contains(f.Why, "not in Slack any more") {
			t.Errorf("a file that is deleted in Slack: %+v", f)
		}
		r.unfinished()
	})
}
