package rotation

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestExportOnto: what people change in Slack leaves the comments and the layout
// of a file alone.
func TestExportOnto(t *testing.T) {
	data, err := os.ReadFile("../configs/roster.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 8, day, hour, 0, 0, 0, time.UTC) }
	change := func(c Change, err error) *Roster {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c.Roster
	}
	text, was := data, mustParse(t, string(data))
	steps := []func(r *Roster) *Roster{
		func(r *Roster) *Roster { // a list that is there grows
			return change(r.WithOverride("payments-primary", Override{Kind: Set, People: []string{"dan"}, Start: at(3, 8), End: at(3, 20)}, at(1, 0)))
		},
		func(r *Roster) *Roster { // a list that is not there begins
			return change(r.WithOverride("payments-secondary", Override{Kind: Add, People: []string{"eve"}, Start: at(4, 8), End: at(4, 20), Reason: "a # in words"}, at(1, 0)))
		},
		func(r *Roster) *Roster {
			return change(r.WithSwap("payments-secondary", Swap{Person: "bob", With: "cleo", Start: at(3, 7), End: at(10, 7), Status: SwapOpen}, at(1, 0)))
		},
		func(r *Roster) *Roster {
			return change(r.WithTimeOff(TimeOff{Person: "eve", Start: at(20, 0), End: at(22, 0)}, at(1, 0)))
		},
		func(r *Roster) *Roster { // the last item goes, and with it the list
			o := r.Rotations[1].Overrides[0]
			return change(r.EndOverride("payments-secondary", o.Seq, at(2, 0)))
		},
	}
	for i, step := range steps {
		next := step(was)
		out, kept := next.ExportOnto(text, was)
		if !kept {
			t.Fatalf("step %d: the layout is not kept:\n%s", i, cmp.Diff(strings.Split(string(text), "\n"), strings.Split(string(next.Export()), "\n")))
		}
		if got := mustParse(t, string(out)); !got.Equal(next) {
			t.Fatalf("step %d: the file says something else (-want +got):\n%s", i, cmp.Diff(string(next.Export()), string(got.Export())))
		}
		text, was = out, next
	}
	for line := range strings.Lines(string(data)) {
		_, comment, found := strings.Cut(line, "# ")
		if found && !strings.Contains(string(text), comment) {
			t.Errorf("the comment is lost: %s", comment)
		}
	}
	added := 0
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(string(data), line) {
			added++
			t.Log(line)
		}
	}
	if added > 9 {
		t.Errorf("%d lines are new after four changes", added)
	}
}

// TestExportOntoItems changes one list in every way, in every layout.
func TestExportOntoItems(t *testing.T) {
	override := func(reason string, hour int) Override {
		return Override{Kind: Set, People: []string{"ada"}, Start: jan(10, hour), End: jan(10, hour+1), Reason: reason}
	}
	list := func(reasons string) (all []Override) {
		for i, c := range reasons {
			o := override(string(c), int(c)%20)
			o.Seq = i + 1
			all = append(all, o)
		}
		return all
	}
	layouts := map[string]string{
		"block":   "people:\n  - {id: ada, name: Ada}   # her\nrotations:\n- id: r # it\n  time_zone: UTC\n  # who\n  layers:\n  - {id: l, people: [ada], start: 2026-01-01T00:00, every: {days: 1}}\n%s",
		"deeper":  "people: [{id: ada, name: Ada}] # her\nrotations:\n      - id: r # it\n%s        layers: [{id: l, people: [ada], start: 2026-01-01T00:00, every: {days: 1}}] # who\n        time_zone: UTC\n# end",
		"in line": "# it\npeople: [{id: ada, name: Ada}]   # her\nrotations:\n  - {id: r, time_zone: UTC, layers: [{id: l, people: [ada], start: 2026-01-01T00:00, every: {days: 1}}]}\n# who\n",
	}
	for name, layout := range layouts {
		for _, was := range []string{"", "a", "abc"} {
			for _, is := range []string{"", "a", "b", "abcd", "ac", "xbc", "cab", "ab"} {
				text := layout
				if strings.Contains(layout, "%s") {
					indent := "  "
					if name == "deeper" {
						indent = "        "
					}
					lines := ""
					for _, o := range list(was) {
						lines += indent + "  - " + overrideText(&o, false) + "   # item " + o.Reason + "\n"
					}
					if lines != "" {
						lines = indent + "overrides: # acts\n" + lines
					}
					text = strings.Replace(layout, "%s", lines, 1)
				} else if was != "" {
					continue
				}
				old := mustParse(t, text)
				next := mustParse(t, text)
				next.Rotations[0].Overrides = list(is)
				next = mustParse(t, string(next.Export()))
				out, kept := next.ExportOnto([]byte(text), old)
				if !kept {
					t.Errorf("%s, %q to %q: the layout is not kept", name, was, is)
					continue
				}
				for _, comment := range []string{"# her", "# it", "# who"} {
					if !strings.Contains(string(out), comment) {
						t.Errorf("%s, %q to %q: lost %q\n%s", name, was, is, comment, out)
					}
				}
			}
		}
	}
}

// TestExportOntoElse: everything else is written plainly, and said to be.
func TestExportOntoElse(t *testing.T) {
	text := "people:\n  - {id: ada, name: Ada} # a comment\n"
	was, is := mustParse(t, text), mustParse(t, strings.Replace(text, "name: Ada", "name: Ada Okafor", 1))
	if out, kept := is.ExportOnto([]byte(text), was); kept || string(out) != string(is.Export()) {
		t.Errorf("a changed person: kept %v\n%s", kept, out)
	}
	if out, kept := was.ExportOnto([]byte(text), was); !kept || string(out) != text {
		t.Errorf("nothing changed: kept %v\n%s", kept, out)
	}
}
