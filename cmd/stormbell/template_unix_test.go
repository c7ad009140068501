//go:build unix

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// TestTemplatesThatCannotBeRead: whatever is in the place of a template, the bot starts, the
// log says what is wrong, and the document is there and does not say where the file is.
func TestTemplatesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "gone.tmpl"), dir, pipe, "/dev/zero"} {
		var log bytes.Buffer
		begin := time.Now()
		forms := formsOf([]configs.TemplateFile{{File: path}}, zerolog.New(&log))
		if time.Since(begin) > 5*time.Second || len(forms) != 1 || !strings.Contains(log.String(), path) {
			t.Errorf("%s: %d forms, and the log has %s", path, len(forms), log.String())
			continue
		}
		_, err := forms[0].Template.Execute(postmortem.Sample())
		if err == nil || err.Error() != "its file cannot be read" {
			t.Errorf("%s: the document says %v", path, err)
		}
	}
}
