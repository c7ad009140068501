package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
)

// TestDoctorArchive judges what the running bot says of its archive.
func TestDoctorArchive(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"last": null, "waiting": 0, "stay": [], "files": 0, "unread": []}`:                                                                                             "odd: archive.after: the running bot does not know of it",
		`{"last": null, "after": "24h0m0s", "files": 0}`:                                                                                                                 "archive: 0 incidents in 0 files, 0 bytes; old incidents are looked for within an hour of the start",
		`{"last": "2026-11-24T09:00:00Z", "after": "24h0m0s", "files": 2, "incidents": 30, "bytes": 4096}`:                                                               "archive: 30 incidents in 2 files, 4096 bytes; old incidents were looked for last 2026-11-24T09:00:00Z",
		`{"last": "2026-11-24T09:00:00Z", "after": "24h0m0s", "late": true}`:                                                                                             "grave: archive: it is due every day, and old incidents were looked for last 2026-11-24T09:00:00Z",
		`{"last": null, "after": "24h0m0s", "trouble": "The disk is full.", "since": "2026-11-24T09:00:00Z", "waiting": 3}`:                                              "grave: archive: since 2026-11-24T09:00:00Z not all is as it should be: The disk is full. 3 incidents wait to be moved",
		`{"last": "2026-11-24T09:00:00Z", "after": "24h0m0s", "files": 2, "unread": [{"file": "2026-03.archive", "incidents": 3, "why": "It is not in /old."}]}`:         "grave: archive 2026-03.archive: It is not in /old.",
		`{"last": "2026-11-24T09:00:00Z", "files": 2, "incidents": 30, "bytes": 4096, "unread": [{"file": "2026-03.archive", "incidents": 3, "why": "It is damaged."}]}`: "grave: archive 2026-03.archive: It is damaged.",
	} {
		var is archiveHolds
		if err := json.Unmarshal([]byte(answer), &is); err != nil {
			t.Fatal(err)
		}
		c := &checkup{}
		c.archiveIs(is, !strings.Contains(answer, `"files": 2, "incidents": 30, "bytes": 4096, "unread"`))
		var said []string
		for _, p := range c.Problems {
			said = append(said, "grave: "+p.Where+": "+p.Problem)
		}
		for _, p := range c.Warnings {
			said = append(said, "odd: "+p.Where+": "+p.Problem)
		}
		said = append(said, c.good...)
		if got := strings.Join(said, "; "); got != want {
			t.Errorf("of %s it says\n%s, want\n%s", answer, got, want)
		}
	}
}

// TestDoctorStoreGrows: of a store that has grown large while nothing is archived it says so.
func TestDoctorStoreGrows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stormbell.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		engine string
		size   int64
		after  time.Duration
		says   bool
	}{{"bolt", 300 << 20, 0, true}, {"bolt", 200 << 20, 0, false}, {"bolt", 300 << 20, time.Hour, false}, {"etcd", 300 << 20, 0, false}} {
		if err := os.Truncate(path, test.size); err != nil { // it takes no room on the disk
			t.Fatal(err)
		}
		config := configs.Default()
		config.Store.Engine, config.Store.Path, config.Archive.After = test.engine, path, test.after
		c := &checkup{}
		c.grown(config)
		if says := len(c.Warnings) == 1 && strings.Contains(c.Warnings[0].text, "has grown to 300 MiB"); says != test.says || len(c.Warnings) > 1 {
			t.Errorf("%+v: %+v", test, c.Warnings)
		}
	}
	c := &checkup{}
	config := configs.Default()
	config.Store.Path = path + ".none"
	if c.grown(config); len(c.Warnings) > 0 {
		t.Errorf("without a store: %+v", c.Warnings)
	}
}

// TestTellUnread: the log says once which archive files cannot be read, when they are others, and
// when all can be again.
func TestTellUnread(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	tell := tellUnread(zerolog.New(&log))
	none := desk.ArchiveFiles{Files: 2}
	one := desk.ArchiveFiles{Files: 2, Unread: []desk.UnreadFile{{File: "2026-03.archive", Why: "March is not there."}}}
	both := desk.ArchiveFiles{Files: 2, Unread: append([]desk.UnreadFile{{File: "2026-02.archive", Why: "February is damaged."}}, one.Unread...)}
	for _, step := range []struct {
		seen desk.ArchiveFiles
		want string
	}{{none, ""}, {one, "March is not there."}, {one, ""}, {both, "February is damaged."}, {both, ""}, {none, "can be read again"}, {none, ""}} {
		log.Reset()
		tell(step.seen)
		if said := log.String(); !strings.Contains(said, step.want) || (said == "") != (step.want == "") {
			t.Errorf("of %+v it says %q, want %q", step.seen, said, step.want)
		}
	}
}

// TestDoctorStandby: that a bot stands by for another one is as it should be; that it is not ready
// otherwise is not.
func TestDoctorStandby(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"ready": false, "holder": "10.0.0.1:8080"}`: "stands by for the one at 10.0.0.1:8080",
		`{"ready": false}`:                            "it is not ready (it answers 503)",
		`no JSON`:                                     "it is not ready (it answers 503)",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(answer))
		}))
		config := configs.Default()
		config.HTTP.Listen = server.Listener.Addr().String()
		c := &checkup{}
		c.bot(t.Context(), config)
		server.Close()
		said := strings.Join(c.good, "; ")
		for _, p := range c.Problems {
			said += p.text
		}
		if !strings.Contains(said, want) || len(c.Problems)+len(c.good) != 1 {
			t.Errorf("of %s it says %q, want %q", answer, said, want)
		}
	}
}
