package rotation

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestParseStored reads every file of problems: Parse refuses it, and ParseStored
// says the same of it and returns what can be used.
func TestParseStored(t *testing.T) {
	files, err := filepath.Glob("testdata/problems/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, refused := Parse("r.yaml", text)
		if refused == nil {
			continue
		}
		r, err := ParseStored("r.yaml", text)
		if err != nil {
			if err.Error() != refused.Error() || !strings.Contains(err.Error(), "YAML") && !strings.Contains(err.Error(), "not a block of keys") {
				t.Errorf("%s: ParseStored: %v", name, err)
			}
			continue
		}
		if got := r.Problems().Error(); got != refused.Error() {
			t.Errorf("%s: problems\n%s\nwant those of Parse\n%s", name, got, refused)
		}
		askEverything(t, r)
	}
	if r, err := ParseStored("r.yaml", []byte("people: [{id: ada}]\n")); err != nil || len(r.Problems()) > 0 {
		t.Errorf("ParseStored of a valid roster: %v, problems %v", err, r.Problems())
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// askEverything asks a roster what the program asks of one, and reads its export.
func askEverything(t failer, r *Roster) {
	t.Helper()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for i := range r.Rotations {
		x := &r.Rotations[i]
		for _, p := range x.At(now).People {
			if p == "" {
				t.Fatalf("rotation %s: somebody without a name is on call", x.ID)
			}
		}
		x.Final(now, now.AddDate(0, 1, 0))
		x.Gaps(now, now.AddDate(0, 1, 0))
		for at, n := now, 0; n < 20; n++ {
			next, ok := x.NextChange(at)
			if !ok {
				break
			}
			if !next.After(at) {
				t.Fatalf("rotation %s: after %v the next change is %v", x.ID, at, next)
			}
			at = next
		}
	}
	for i := range r.Policies {
		r.Policies[i].First(now)
	}
	for _, s := range r.Services {
		r.PolicyOf(s.ID)
	}
	r.Findings(now, now.AddDate(0, 1, 0))
	again, err := ParseStored("export", r.Export())
	if err != nil {
		t.Fatalf("the export cannot be read: %v\n%s", err, r.Export())
	}
	if !again.Equal(r) {
		t.Fatalf("the export of\n%s\nis read as\n%s", r.Export(), again.Export())
	}
}

// TestParseStoredDamaged changes a roster at random, line by line. Whatever can be
// read as YAML can be used.
func TestParseStoredDamaged(t *testing.T) {
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(full), "\n")
	values := []string{"", "null", "0", "-1", "999999999999", "[]", "{}", "nobody", "[ada]", "{weeks: 0}", "{windows: 1}", "{hours: 1}",
		`"` + strings.Repeat("x", 300) + `"`, `"a\u202eb"`, "2026-03-01T00:00:00Z", "9999-01-01T00:00:00", "\"24:00\"", "localtime", "true"}
	rapid.Check(t, func(t *rapid.T) {
		changed := slices.Clone(lines)
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			i := rapid.IntRange(0, len(changed)-1).Draw(t, "line")
			switch key, _, ok := strings.Cut(changed[i], ":"); rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				changed = slices.Delete(changed, i, i+1)
			case 1:
				changed = slices.Insert(changed, i, changed[i])
			default:
				if ok {
					changed[i] = key + ": " + rapid.SampledFrom(values).Draw(t, "value")
				}
			}
		}
		r, err := ParseStored("r.yaml", []byte(strings.Join(changed, "\n")))
		if err != nil {
			if !strings.Contains(err.Error(), "YAML") && !strings.Contains(err.Error(), "not a block of keys") {
				t.Fatalf("ParseStored: %v", err)
			}
			return
		}
		askEverything(t, r)
	})
}

// older has what earlier versions let pass, each with words of the problem.
var older = map[string]struct{ text, problem string }{
	"long name":            {`people: [{id: ada, name: "` + strings.Repeat("a", 300) + `"}, {id: bob}]`, "longer than 200 characters"},
	"control character":    {`people: [{id: ada, name: "a\u0007b"}, {id: bob}]`, "cannot be seen"},
	"blank name":           {`people: [{id: ada, name: "  "}, {id: bob}]`, "is blank"},
	"nobody's last resort": {"people: [{id: ada}, {id: bob}]\nteams: [{id: t, members: []}]\npolicies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [team:t]}]", "reaches nobody"},
	"only rotations last":  {"people: [{id: ada}, {id: bob}]\npolicies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [rotation:r]}]", "names only rotations"},
	"no last resort":       {"people: [{id: ada}, {id: bob}]\npolicies: [{id: p, steps: [{notify: [person:ada], wait: 5m}]}]", "no last_resort"},
	"one Slack account":    {"people: [{id: ada, slack: U1}, {id: bob, slack: U1}]", "the same Slack user ID"},
	"a zone that is gone":  {"people: [{id: ada, time_zone: US/Pacific-New}, {id: bob}]", "unknown time zone"},
	"an unknown key":       {"people: [{id: ada, pager: 7}, {id: bob}]", "unknown key"},
	"no policy":            {"people: [{id: ada}, {id: bob}]\nservices: [{id: s}]", "page nobody"},
	"a circle":             {"people: [{id: ada}, {id: bob}]\npolicies: [{id: p, steps: [{notify: [person:ada], wait: 5m}], last_resort: [channel:c]}]\nservices: [{id: s, policy: p, depends_on: [s]}]", "depends on itself"},
	"an unknown person":    {"people: [{id: ada}, {id: bob}]\nteams: [{id: t, members: [eve]}]", "unknown person"},
	"channel as a comment": {"people: [{id: ada}, {id: bob}]\nteams:\n  - id: t\n    channel: #pay\n    members: [ada]", "makes a comment"},
}

const olderRotation = "\nrotations:   # reviewed\n  - id: r\n    time_zone: UTC\n    layers: [{id: l, people: [ada], start: 2026-01-05T09:00, every: {weeks: 1}}]\n"

// TestActOnOlder makes an override in rosters that would be refused today: it
// changes one thing, the comments stay, and the text says what was made.
func TestActOnOlder(t *testing.T) {
	for name, tt := range older {
		t.Run(name, func(t *testing.T) {
			text := []byte(tt.text + olderRotation)
			if _, err := Parse("r.yaml", text); err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Fatalf("Parse() = %v, want %q", err, tt.problem)
			}
			r, err := ParseStored("r.yaml", text)
			if err != nil || len(r.Problems()) == 0 {
				t.Fatalf("ParseStored() = %v, problems %v", err, r.Problems())
			}
			now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
			c, err := r.WithOverride("r", Override{Kind: Set, People: []string{"bob"}, Start: now, End: now.Add(time.Hour)}, now)
			if err != nil {
				t.Fatal(err)
			}
			next, kept := c.Roster.ExportOnto(text, r)
			again, err := ParseStored("r.yaml", next)
			if err != nil || !again.Equal(c.Roster) || !kept || !strings.Contains(string(next), "# reviewed") {
				t.Errorf("the text after an override (comments kept: %t, %v):\n%s", kept, err, next)
			}
			if x, _ := again.Rotation("r"); !slices.Equal(x.People(now), []string{"bob"}) || !slices.Equal(x.People(now.Add(2*time.Hour)), []string{"ada"}) {
				t.Errorf("on call are %v and %v, want bob and ada", x.People(now), x.People(now.Add(2*time.Hour)))
			}
		})
	}
}
