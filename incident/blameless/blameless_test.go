package blameless

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// people are the participants in the examples of the phrases files and in the labelled sets.
var people = []string{"Ana Costa", "Ben Ito", "Carla Neri", "Dario Conti", "Lena Voss", "Mark Dale", "Mira Lind", "Tomas Berg", "ana", "ben"}

func load(t testing.TB, file []byte) phrases {
	t.Helper()
	var p phrases
	if err := json.Unmarshal(file, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func rulesOf(fs []Finding) []string {
	var ids []string
	for _, f := range fs {
		ids = append(ids, f.Rule)
	}
	return ids
}

func TestEachRuleFiresOnItsOwnExample(t *testing.T) {
	r := compiled()
	for _, u := range r.rules {
		for _, text := range []string{u.Alternative.Before} {
			fired := false
			for _, s := range sentences([]rune(text), Options{Names: people}, r.masks) {
				fired = fired || slices.Contains(r.candidates(s.text), slices.Index(r.rules, u)) && len(u.matches(s.text)) > 0
			}
			if !fired {
				t.Errorf("rule %s does not fire on %q", u.ID, text)
			}
			if fs := Read(text, Options{Names: people}); !slices.ContainsFunc(fs, func(f Finding) bool { return f.Category == u.Category }) {
				t.Errorf("Read(%q) finds %v, nothing of category %s", text, rulesOf(fs), u.Category)
			}
		}
	}
}

func TestNoRuleFiresOnAnImprovedSentence(t *testing.T) {
	for _, u := range compiled().rules {
		if fs := Read(u.Alternative.After, Options{Names: people}); len(fs) > 0 {
			t.Errorf("rule %s: its own improvement %q has findings %v", u.ID, u.Alternative.After, rulesOf(fs))
		}
	}
}

func TestNoTrapIsFlagged(t *testing.T) {
	traps := load(t, phrasesFile).Traps
	for _, trap := range traps {
		for _, f := range Read(trap.Text, Options{Names: people}) {
			if len(trap.MustNot) == 0 || slices.Contains(trap.MustNot, f.Category) {
				t.Errorf("trap %q is flagged as %s by %s: %q", trap.Text, f.Category, f.Rule, f.Phrase)
			}
		}
	}
	if len(traps) < 31 {
		t.Errorf("%d traps, want those of the file", len(traps))
	}
}

func TestRulesAreSound(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range compiled().rules {
		if seen[u.ID] {
			t.Errorf("rule %s is there twice", u.ID)
		}
		seen[u.ID] = true
		if u.Severity != Warn && u.Severity != Hint || u.question == "" || u.Suggestion == "" || u.Alternative.After == "" {
			t.Errorf("rule %s is incomplete: severity %q, question %q, suggestion %q", u.ID, u.Severity, u.question, u.Suggestion)
		}
		if strings.Contains(u.re.String(), "{{") {
			t.Errorf("rule %s has a macro that is not expanded", u.ID)
		}
	}
}
