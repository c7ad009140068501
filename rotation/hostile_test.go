package rotation

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestOddFiles has files that are no roster, or are one in an odd dress.
func TestOddFiles(t *testing.T) {
	const nothing = "r.yaml:1: there is nothing in it"
	policy := "people: [{id: ada, slack: U01ADA}]\npolicies:\n  - id: p\n    steps: [{notify: [person:ada], wait: 5m}]\n    last_resort: [person:ada]\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", nothing},
		{"blank lines", "\n \n", nothing},
		{"comments only", "# people:\n#  - id: ada\n", nothing},
		{"dashes only", "---\n", nothing},
		{"null", "null\n", nothing},
		{"byte order mark only", "\ufeff", nothing},
		{"nobody, on purpose", "people: []\n", ""},
		{"byte order mark", "\ufeffpeople: [{id: ada}]\n", ""},
		{"windows line ends", "people:\r\n  - id: ada\r\n    name: Ada\r\n", ""},
		{"document marks", "---\npeople: [{id: ada}]\n...\n", ""},
		{"emoji in a name", "people: [{id: ada, name: \"Ada 👩🏽‍🚒🇩🇪\"}]\n", ""},
		{"4,000 emoji", "people: [{id: ada, name: \"" + strings.Repeat("🦄", 4000) + "\"}]\n", "r.yaml:1: person ada: name is longer than 200 characters"},
		{"4,000 emoji as an id", "people: [{id: \"" + strings.Repeat("🦄", 4000) + "\"}]\n", "r.yaml:1: person: the id \"" + strings.Repeat("🦄", 80) + "\" … cannot be used"},
		{"line end in a name", "teams: [{id: t, name: \"a\\nb\"}]\n", "r.yaml:1: team t: name \"a\\nb\" has a character that cannot be seen, U+000A"},
		{"turned name", "people: [{id: ada, name: \"a\\u202eb\"}]\n", "cannot be seen, U+202E"},
		{"blank name", "people: [{id: ada, name: \"  \"}]\n", "r.yaml:1: person ada: name is blank"},
		{"channel as a comment", "teams:\n  - id: t\n    channel: #pay\n    members: []\n", `r.yaml:3: YAML: what follows channel: begins with #, which makes a comment of it; put it in quotes: channel: "#pay"`},
		{"no value, and a comment", "teams:\n  - id: t\n    channel: # to be said\n    members: []\n", ""},
		{"unknown key", "peple: []\n", "r.yaml:1: unknown key \"peple\"; did you mean people?"},
		{"unknown key deep down", strings.Replace(policy, "wait:", "wiat:", 1), "r.yaml:4: policy p, step 1: unknown key \"wiat\"; did you mean wait?"},
		{"anchor", "people: &a []\nteams: *a\n", "r.yaml:1: YAML: anchors and aliases are not read"},
		{"merge key", "people: [{<<: {id: ada}}]\n", "r.yaml:1: YAML: merge keys (<<) are not read"},
		{"zone of another machine", "people: [{id: ada, time_zone: localtime}]\n", "unknown time zone \"localtime\""},
		{"zone with leap seconds", "people: [{id: ada, time_zone: right/Europe/Berlin}]\n", "did you mean Europe/Berlin?"},
		{"zone without summer time", "people: [{id: ada, time_zone: EST}]\n", "warning: r.yaml:1: person ada: EST has no summer time: its clocks never change; write America/New_York if they do"},
		{"too deep", strings.Repeat("[", 20_000), "r.yaml:1: YAML: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Parse("r.yaml", []byte(c.text))
			got := ""
			if err != nil {
				got = err.Error()
			} else if len(r.Warnings()) > 0 {
				got = "warning: " + r.Warnings().Error()
			}
			if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Fatalf("Parse: %q, want %q", got, c.want)
			}
			if err == nil && !mustParse(t, string(r.Export())).Equal(r) {
				t.Errorf("the export of it is another roster:\n%s", r.Export())
			}
		})
	}
}

// TestLongFiles: what a file costs grows with its length and not with its square. Each
// of these took from 15 seconds to all the memory there is.
func TestLongFiles(t *testing.T) {
	n, zones := 15_000, 1_500
	if os.Getenv("EVERY_CASE") != "" {
		n, zones = 60_000, 5_000
	}
	many := func(n int, form string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	people := "people:\n" + many(n, "  - {id: p%d}\n")
	layer := "    layers: [{id: l, start: 2026-01-01T00:00, every: {days: 1}, people: [%s]}]\n"
	for _, c := range []struct {
		name, text string
		problems   int
	}{
		{"members", people + "teams:\n  - id: t\n    members: [" + many(n, "p%d, ") + "]\n", 0},
		{"one turn", people + "rotations:\n  - id: r\n    time_zone: UTC\n" + fmt.Sprintf(layer, "["+many(n, "p%d, ")+"]"), 0},
		{"keys", "people: [{id: ada, " + many(n, "k%d: 1, ") + "}]\n", n},
		{"unknown people", "teams:\n  - id: t\n    members: [" + many(n, "p%d, ") + "]\n", n},
		{"unknown zones", "people:\n" + many(zones, "  - {id: p%[1]d, time_zone: Europe/Berlin%[1]d}\n"), zones},
		{"swaps of one time", "people: [{id: ada}]\nrotations:\n  - id: r\n    time_zone: UTC\n" + fmt.Sprintf(layer, "ada") + "    swaps:\n" +
			many(5_000, "      - {seq: 1%d, person: ada, start: 2026-01-01T00:00:00Z, end: 2026-01-02T00:00:00Z}\n"), 0},
		{"broken at the end", "people:\n" + many(5_000, "  - {id: p%d}\n") + " x\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			r, err := Parse("r.yaml", []byte(c.text))
			took := time.Since(start)
			var problems Problems
			if errors.As(err, &problems); len(problems) != c.problems {
				t.Errorf("Parse found %d problems, want %d: %.300v", len(problems), c.problems, err)
			}
			looked := 0 // zones that were held against every zone there is
			for _, p := range problems {
				if strings.Contains(p.Message, "unknown time zone") && p.Hint != "write an IANA name such as Europe/Berlin" {
					looked++
				}
			}
			if looked > 100 {
				t.Errorf("every zone that there is was looked at %d times", looked)
			}
			if r != nil && len(r.Warnings()) > 5_000 {
				t.Errorf("Parse warns %d times", len(r.Warnings()))
			}
			if took > 20*time.Second {
				t.Errorf("Parse took %v", took)
			}
		})
	}
}
