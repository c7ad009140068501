package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	provenBy  = regexp.MustCompile("((?:`(?:Test|Fuzz)\\w+`,? ?)+)\\(`([^`]+)`\\)")
	proofName = regexp.MustCompile("`(\\w+)`")
	stageName = regexp.MustCompile("^- stage `(\\w+)`")
)

// TestThreatsAreProven: every threat of docs/security.md says what is tried, what stops it and
// what remains, and names tests that exist where it says.
func TestThreatsAreProven(t *testing.T) {
	stages := readPage(t, ".ci/run")
	threats := strings.Split(readPage(t, "docs/security.md"), "\n## ")[1:]
	if len(threats) != 11 {
		t.Errorf("%d threats, want 11", len(threats))
	}
	for _, text := range threats {
		name, text, _ := strings.Cut(text, "\n")
		for _, part := range []string{"**Tried.** ", "**What stops it.** ", "**What remains.** "} {
			if strings.Count(text, part) != 1 {
				t.Errorf("%s: %s is there %d times, want once", name, part, strings.Count(text, part))
			}
		}
		_, proofs, _ := strings.Cut(text, "\n\n- ")
		found := 0
		for _, m := range provenBy.FindAllStringSubmatch(proofs, -1) {
			for _, test := range proofName.FindAllStringSubmatch(m[1], -1) {
				found++
				if !isTest(t, m[2], test[1]) {
					t.Errorf("%s: there is no %s in %s", name, test[1], m[2])
				}
			}
		}
		for line := range strings.Lines("- " + proofs) {
			stage := stageName.FindStringSubmatch(line)
			switch {
			case stage != nil && !strings.Contains(stages, "\nstage "+stage[1]+" "):
				t.Errorf("%s: .ci/run has no stage %s", name, stage[1])
			case stage == nil && strings.HasPrefix(line, "- ") && !provenBy.MatchString(line):
				t.Errorf("%s: no test and no stage is named in %q", name, line)
			}
		}
		if named := len(regexp.MustCompile("`(Test|Fuzz)[A-Z]").FindAllString(text, -1)); found == 0 || named != found {
			t.Errorf("%s: %d tests are named, and %d with their package", name, named, found)
		}
	}
}

// isTest reports whether a package has a test of that name.
func isTest(t *testing.T, folder, name string) bool {
	files, err := filepath.Glob(repository(folder + "/*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
