package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestFsckTakesNoBackup: the copy that fsck looks at is thrown away, and the bot must not take it
// for one that could be put back. The one that backup writes counts.
func TestFsckTakesNoBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	engine, err := bolt.Open(path, bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.New(engine).Close(); err != nil {
		t.Fatal(err)
	}
	store, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.RequestURI())
		_, _ = io.Copy(w, bytes.NewReader(store))
	}))
	defer server.Close()
	config := filepath.Join(dir, "stormbell.yaml")
	write(t, config, "slack: {app_token: xapp-1-abcdefgh, bot_token: xoxb-1-abcdefgh}\nhttp: {listen: '"+server.Listener.Addr().String()+"', admin_token: 8d6ae0f4b7c15392admin}\n")
	for want, args := range map[string][]string{
		"/v1/backup?kept=false": {"fsck", "--config", config},
		"/v1/backup":            {"backup", "--config", config, filepath.Join(dir, "copy.db")},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, process{Out: &out, Err: &errs})
		if got := asked.Load(); code != 0 || got != want {
			t.Errorf("%s asks for %v, and exits %d with %s; want %s and 0", args[0], got, code, errs.String(), want)
		}
	}
}
