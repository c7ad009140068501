package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/configs"
)

// TestReadme holds the README to the program: every key, every command, every
// link into the repository.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	for _, k := range configs.Keys() {
		if !strings.Contains(readme, "| `"+k.Name+"`") || !strings.Contains(readme, k.Meaning) {
			t.Errorf("README.md does not have the key %s with its meaning: %s", k.Name, k.Meaning)
		}
	}
	known := map[string]bool{}
	for _, c := range rootCommand(process{Out: io.Discard, Err: io.Discard}).Commands() {
		known[c.Name()] = true
	}
	for _, m := range regexp.MustCompile("(?m)(?:^|`|\\./cmd/)stormbell ([a-z]+)").FindAllStringSubmatch(readme, -1) {
		if !known[m[1]] {
			t.Errorf("README.md speaks of `stormbell %s`, which does not exist", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Errorf("README.md links to %s: %v", m[1], err)
		}
	}
}
