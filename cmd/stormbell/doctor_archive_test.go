package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
