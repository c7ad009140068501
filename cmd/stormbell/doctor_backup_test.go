package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/configs"
)

// TestDoctorBackup judges what a bot says of the copies of its store, be it at work or stand by.
func TestDoctorBackup(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"last": "2020-11-24T09:00:00Z", "folder": "/c", "every": "24h0m0s", "trouble": "/c is full", "since": "2020-11-25T09:00:00Z"}`: "grave: since 2020-11-25T09:00:00Z the store could not be backed up: /c is full; the last copy was taken 2020-11-24T09:00:00Z",
		`{"last": "2020-11-24T09:00:00Z", "folder": "/c", "every": "24h0m0s"}`:                                                           "grave: a copy is taken every 24h0m0s, and the last copy was taken 2020-11-24T09:00:00Z",
		`{"last": null, "folder": "/c", "every": "24h0m0s"}`:                                                                             "backup: the first copy is taken a minute after the start",
		`{"last": null}`:                 "odd: the running bot does not know of it",
		`{"last": null, "folder": "/c"}`: "backup: when the bot takes over, there is a folder for copies",
		`{"last": null, "folder": "/c", "trouble": "/c is no folder", "since": "2020-11-25T09:00:00Z"}`: "grave: when the bot takes over it could not back up the store: /c is no folder",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
		config := configs.Default()
		config.HTTP.Listen, config.HTTP.AdminToken, config.Backup.Folder = server.Listener.Addr().String(), configs.NewSecret("8d6ae0f4b7c15392admin"), "/c"
		c := &checkup{}
		c.backups(t.Context(), config, "stormbell.yaml")
		server.Close()
		var said []string
		for _, p := range c.Problems {
			said = append(said, "grave: "+p.Problem)
		}
		for _, p := range c.Warnings {
			said = append(said, "odd: "+p.Problem)
		}
		if got := strings.Join(append(said, c.good...), "; "); got != want {
			t.Errorf("of %s it says\n%s, want\n%s", answer, got, want)
		}
	}
}
