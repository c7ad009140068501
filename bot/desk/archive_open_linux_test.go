package desk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// openFiles is how many files below a folder this process has open.
func openFiles(t *testing.T, folder string) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, folder+"/") {
			n++
		}
	}
	return n
}

// TestArchiveFilesAreClosed: whoever reads ten years of archive files has a few of them open at
// a time, and none afterwards.
func TestArchiveFilesAreClosed(t *testing.T) {
	t.Parallel()
	withArchive(t, 0, func(x *fixture) {
		const months = 40 // as many more are as many more of the same
		first := time.Now().AddDate(0, -months-12, 0)
		for m := range months {
			at := first.AddDate(0, m, 0)
			title := fmt.Sprintf("Checkout is slow %d", m)
			if err := x.Import(background(), m+1, []incident.Event{
				{Seq: 1, At: at, Kind: incident.KindDeclared, By: eve, Title: title, Severity: incident.Sev3, Service: "checkout"},
				{Seq: 2, At: at.Add(time.Minute), Kind: incident.KindNote, By: eve, Text: "the zebra is loose"},
				{Seq: 3, At: at.Add(time.Hour), Kind: incident.KindCancelled, By: eve, Text: "it was none"},
			}); err != nil {
				x.t.Fatal(err)
			}
		}
		x.archived()
		if files, err := filepath.Glob(x.shelf.Path() + "/*.archive"); len(files) != months || err != nil {
			x.t.Fatalf("%d files, %v", len(files), err)
		}
		x.reopen()
		most := 0
		x.shelf.OnOpen = func() { most = max(most, openFiles(x.t, x.shelf.Path())) }
		for name, read := range map[string]func() error{
			"list": func() error { _, err := x.Search(background(), incident.Bot, Query{All: true}); return err },
			"search": func() error {
				_, err := x.Search(background(), incident.Bot, Query{All: true, Search: "zebra"})
				return err
			},
			"figures": func() error {
				_, err := x.Figures(background(), incident.Bot, time.Now().Add(-MostReport-year), time.Now().Add(-year))
				return err
			},
			"on call": func() error {
				_, err := x.OncallReport(background(), incident.Bot, time.Now().Add(-MostReport-year), time.Now().Add(-year))
				return err
			},
			"audit": func() error { _, _, err := x.Audit(background(), AuditQuery{}); return err },
			"whole": func() error { return x.ArchiveWhole(background()) },
		} {
			most = 0
			if err := read(); err != nil {
				x.t.Errorf("%s: %v", name, err)
			}
			if most > 8 || most == 0 && name != "list" {
				x.t.Errorf("%s: %d files were open at a time", name, most)
			}
			if left := openFiles(x.t, x.shelf.Path()); left > 0 {
				x.t.Errorf("%s: %d files are open afterwards", name, left)
			}
		}
	})
}
