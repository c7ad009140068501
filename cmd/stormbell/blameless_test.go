package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident/blameless"
)

const blamingText = "# INC-1\n\nThe engineer carelessly deployed without testing and should have known better.\n"

// reader runs the command alone and returns what it printed.
func reader(in string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := blamelessCommand(process{In: strings.NewReader(in), Out: &out})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...)) // nil would be the arguments of the test itself
	err := cmd.Execute()
	return out.String(), err
}

func TestBlameless(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	clean, draft, names := file("clean.md", "The pool was exhausted from 10:02 to 10:31.\n"), file("draft.md", blamingText), file("names", "Ada Okafor\r\n\nBob Lind\n")
	tests := []struct {
		name, in string
		args     []string
		want     string // a pattern
		not      string // a word that must not be there
	}{
		{"clean, as JSON", "", []string{clean, "--json"}, `^\[\]\n$`, "null"},
		{"clean", "", []string{clean}, `^no wording that blames was found\n$`, ""},
		{"nothing at all", "", []string{"--json"}, `^\[\]\n$`, "null"},
		{"not UTF-8", "\xff\xfe\x00", []string{"--json"}, `^\[\]\n$`, ""},
		{"a file", "", []string{draft}, `draft\.md:3:\d+: [a-z ]+: ".+"\n    \S`, "no wording"},
		{"what comes in", blamingText, nil, `(?m)^text:3:\d+: `, ""},
		{"what comes in, said", blamingText, []string{"-"}, `(?m)^text:3:\d+: `, ""},
		{"a name that is not known as one", "Okafor carelessly pushed the change.", []string{"--json"}, `^\[.*\]\n$`, "named_person"},
		{"a name", "Okafor carelessly pushed the change.", []string{"--json", "--names", names}, `"named_person"`, ""},
		{"counterfactual", "We could have prevented it.", []string{"--json"}, `"counterfactual"`, ""},
		{"counterfactual where it is fine", "We could have prevented it.", []string{"--json", "--section", "lucky"}, `^\[\]\n$`, "counterfactual"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := reader(test.in, test.args...)
			if err != nil || !regexp.MustCompile(test.want).MatchString(got) || test.not != "" && strings.Contains(got, test.not) {
				t.Errorf("blameless %q with %q on its input = %q, %v; want %s and no %q", test.args, test.in, got, err, test.want, test.not)
			}
		})
	}
}

// TestBlamelessJSON holds the shape that scripts rely on.
func TestBlamelessJSON(t *testing.T) {
	got, err := reader(blamingText, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(got), &list); err != nil || len(list) == 0 {
		t.Fatalf("blameless --json = %s, %v; want findings", got, err)
	}
	for _, f := range list {
		for _, key := range []string{"line", "column", "phrase", "category", "level", "suggestion"} {
			if f[key] == nil || f[key] == "" {
				t.Errorf("finding %v has no %s", f, key)
			}
		}
		if level := f["level"]; level != blameless.Warn && level != blameless.Hint {
			t.Errorf("finding %v has the level %v", f, level)
		}
	}
}

func TestBlamelessRefuses(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere.md")
	tests := []struct {
		args  []string
		usage bool
		says  string
	}{
		{[]string{"--section", "luckey"}, true, "--section luckey: did you mean lucky?"},
		{[]string{"--section", "x"}, true, "--section x: use summary, "},
		{[]string{"a", "b"}, true, `"b" is too much`},
		{[]string{"--names", "-"}, true, "standard input is the text"},
		{[]string{nowhere}, false, "nowhere.md: cannot read it: no such file or directory; check the path"},
		{[]string{"--names", nowhere, "-"}, false, "nowhere.md: cannot read it"},
	}
	for _, test := range tests {
		got, err := reader("x", test.args...)
		var usage usageError
		if err == nil || errors.As(err, &usage) != test.usage || !strings.Contains(err.Error(), test.says) || got != "" {
			t.Errorf("blameless %q = %q, %v; want an error with %q, about usage: %t", test.args, got, err, test.says, test.usage)
		}
	}
}
