package stormbell

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// goModules are the module of the product and those beside it, which are not built into it.
var goModules = []string{".", "storage/etcd/etcdtest", ".ci/tools", ".ci/monitoring", ".ci/kubernetes"}

var (
	requires = regexp.MustCompile(`(?m)^(?:require)?\s+([a-z0-9][\w.~/-]+\.[\w.~/-]+) (v\S+)`)
	replaces = regexp.MustCompile(`(?m)^(?:replace)?\s+(\S+)(?: v\S+)? => (\S+)`)
)

// TestModulesAreWhatTheySay: every library is the one that its name and version say, by its
// hash, and none is replaced by another. Only the product itself is taken from beside it.
func TestModulesAreWhatTheySay(t *testing.T) {
	for _, folder := range goModules {
		wants, err := os.ReadFile(path.Join(folder, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		sums, err := os.ReadFile(path.Join(folder, "go.sum"))
		if err != nil {
			t.Fatal(err)
		}
		replaced := map[string]bool{}
		for _, m := range replaces.FindAllStringSubmatch(string(wants), -1) {
			if replaced[m[1]] = true; m[1] != module || !strings.HasPrefix(m[2], "..") {
				t.Errorf("%s/go.mod replaces %s by %s", folder, m[1], m[2])
			}
		}
		libraries := requires.FindAllStringSubmatch(string(wants), -1)
		for _, m := range libraries {
			if !replaced[m[1]] && !strings.Contains(string(sums), "\n"+m[1]+" "+m[2]) && !strings.HasPrefix(string(sums), m[1]+" "+m[2]) {
				t.Errorf("%s/go.sum has no hash of %s %s", folder, m[1], m[2])
			}
		}
		if len(libraries) == 0 {
			t.Errorf("%s/go.mod requires nothing that this test can read", folder)
		}
	}
	if found, err := os.ReadFile("go.work"); err == nil {
		t.Errorf("go.work takes modules from elsewhere: %s", found)
	}
}
