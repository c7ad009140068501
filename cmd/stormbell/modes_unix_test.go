//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// openly starts the program in a shell that takes no right away from what is made: whoever
// wants a file to be private must say so.
func openly(args ...string) *exec.Cmd {
	return exec.Command("sh", append([]string{"-c", `umask 000; exec "$0" "$@"`, os.Args[0]}, args...)...)
}

// TestTightModes makes every file that the program makes, under a umask of 000. Only their
// owner can read them. What shows who is on call is made to be shown, so others may read it.
func TestTightModes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.exec = openly
	folder := filepath.Join(filepath.Dir(l.config), "made")
	below := func(name string) string { return filepath.Join(folder, name) }
	l.env = []string{"STORMBELL_STORE=bolt:" + below("store/stormbell.db"), "TMPDIR=" + below("tmp")}
	if err := os.MkdirAll(below("tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.start()
	l.post(t, "/v1/incidents", `{"title":"Checkout is down"}`)
	roster := filepath.Join(filepath.Dir(l.config), "roster.yaml")
	does := func(args ...string) {
		t.Helper()
		cmd := openly(args...)
		cmd.Env = append(append(os.Environ(), asProgram+"=1"), l.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("stormbell %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	does("backup", "--config", l.config, below("copy.db"))
	does("fsck", "--config", l.config)
	does("postmortem", "INC-1", "--config", l.config, "--format", "bundle", "-o", below("bundle.zip"))
	does("oncall", "calendar", "--roster", roster, "--html", below("shown.html"))
	does("oncall", "calendar", "--roster", roster, "--png", below("shown.png"))
	does("migrate", "--config", l.config, "bolt:"+below("copy.db"), "bolt:"+below("moved/stormbell.db"))
	shown := l.modes(t, folder) // while the store is open
	l.kill()
	l.env[0] = "STORMBELL_STORE=bolt:" + below("restored/stormbell.db")
	does("restore", "--config", l.config, below("copy.db"))
	does("demo", "--play", "--speed", "0", "--data", below("demo"))
	all := l.modes(t, folder)
	for _, want := range []string{"store/stormbell.db", "store/stormbell.db.holder", "copy.db", "bundle.zip", "moved/stormbell.db", "restored/stormbell.db", "demo/workspace.json", "shown.html"} {
		if !strings.Contains(shown+all, want+"\n") {
			t.Errorf("%s was not made, or is elsewhere by now:\n%s", want, all)
		}
	}
}

// modes fails for what others may do with what is below a folder, and returns what there is.
func (l *lab) modes(t *testing.T, folder string) (all string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		most := os.FileMode(0o600)
		switch {
		case d.IsDir():
			most = 0o700
		case strings.HasPrefix(d.Name(), "shown."):
			most = 0o644
		}
		name, _ := filepath.Rel(folder, path)
		if mode := info.Mode().Perm(); mode&^most != 0 {
			t.Errorf("%s has the mode %04o, want %04o at most", name, mode, most)
		}
		all += name + "\n"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
