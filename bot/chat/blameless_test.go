package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident/blameless"
)

// TestDocumentsDoNotBlame reads what the post-mortem says by itself.
func TestDocumentsDoNotBlame(t *testing.T) {
	files, err := filepath.Glob("../../incident/postmortem/testdata/*.md")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range blameless.Read(string(text), blameless.Options{}) {
			if f.Level == blameless.Warn {
				t.Errorf("%s:%d blames by %s: %q", file, f.Line, f.Rule, f.Phrase)
			}
		}
	}
}

// TestVoiceDoesNotBlame reads what the bot says as the bot reads what people
// write in a post-mortem.
func TestVoiceDoesNotBlame(t *testing.T) {
	text, err := os.ReadFile("testdata/voice.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		said, ok := strings.CutPrefix(line, "    ")
		if !ok {
			continue // a file or a function
		}
		n++
		for _, f := range blameless.Read(said, blameless.Options{}) {
			if f.Level == blameless.Warn {
				t.Errorf("%q blames by %s: %q", strings.TrimSpace(said), f.Rule, f.Phrase)
			}
		}
	}
	if n < 1000 {
		t.Errorf("%d messages read, want those of voice.txt", n)
	}
}
