package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		if got := Look(path); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("Look(%s) = %q, want %q", path, got, want)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}
