package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func enough(string) (int64, error) { return spare, nil }

// TestLook: a folder is tried before it is needed, and nothing is left in it.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "copies")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		folder:                     "",
		filepath.Join(dir, "none"): "is not there (mount its disk, or make it)",
		file:                       "is no folder",
		filepath.Join(file, "sub"): "is no folder",
	} {
		if got := Look(path, enough); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("Look(%s) = %q, want %q", path, got, want)
		}
	}
	little := func(string) (int64, error) { return spare - 1, nil }
	if got := Look(folder, little); !strings.Contains(got, "there is no room in "+folder+": a copy leaves 64 MiB, and 63 MiB are free") {
		t.Errorf("with little left: %q", got)
	}
	name := filepath.Join(folder, Copy{store: "0123abcd", number: 1}.Name())
	if err := os.WriteFile(name, make([]byte, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Look(folder, enough); !strings.Contains(got, "there is no room in "+folder) {
		t.Errorf("with less left than the copy there: %q", got)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}
