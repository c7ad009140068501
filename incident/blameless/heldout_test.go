package blameless

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// labelled is a sentence with the category that a reader should find, or none.
type labelled struct{ category, text string }

func labelledFile(t testing.TB, name string) []labelled {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "blameless", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []labelled
	for s := bufio.NewScanner(f); s.Scan(); {
		if category, text, ok := strings.Cut(s.Text(), "|"); ok {
			out = append(out, labelled{category, text})
		} else if s.Text() != "" {
			out = append(out, labelled{"", s.Text()})
		}
	}
	return out
}

// halves splits labelled sentences: rules are written against the odd lines. The
// even ones say whether they understand; whoever reads which of those are not
// found has spent them, so the tests tell only how many.
func halves(all []labelled) (worked, held []labelled) {
	for n, l := range all {
		if n%2 == 0 {
			worked = append(worked, l)
		} else {
			held = append(held, l)
		}
	}
	return worked, held
}

// right reports whether the reader warns of a sentence in its category, or does
// not warn where it has none.
func right(l labelled) bool {
	warned := slices.DeleteFunc(Read(l.text, Options{Names: people}), func(f Finding) bool { return f.Level != Warn })
	if l.category == "" {
		return len(warned) == 0
	}
	return slices.ContainsFunc(warned, func(f Finding) bool { return f.Category == l.category })
}

// share returns the percentage of sentences that the reader takes as labelled.
func share(all []labelled, miss func(labelled)) float64 {
	n := 0
	for _, l := range all {
		if right(l) {
			n++
		} else {
			miss(l)
		}
	}
	return 100 * float64(n) / float64(len(all))
}

// The floors of a file are percentages: what is reached must not be lost. What
// the rules were written against says little; it is held higher.
func TestReaderUnderstands(t *testing.T) {
	for _, g := range []struct {
		file         string
		worked, held float64 // floors
	}{
		{"listed.txt", 99, 97},
		{"variants.txt", 97, 75},
		{"idioms.txt", 86, 85},
		{"clean.txt", 99, 98},
	} {
		t.Run(g.file, func(t *testing.T) {
			worked, held := halves(labelledFile(t, g.file))
			atLeast(t, "worked with", g.worked, share(worked, func(l labelled) { explain(t, l) }))
			atLeast(t, "held out", g.held, share(held, func(labelled) {}))
		})
	}
}

// TestReaderOnStrangersSentences reads sentences by somebody who had not seen the rules, and
// which nobody has seen who wrote them since: what is missed here is not to be mended by a
// rule for it, or the set says nothing any more. Whoever wrote apart_f and apart_clean_g knew
// the rules, and wrote before looking at a result.
// The clean ones of the sets d and e are hard on purpose: many of them hold a word
// that blames, said of a machine or of somebody who is not blamed. Those of apart_g and apart_clean_h are in
// the manner of published post-mortems; the other half of them is variants_f and clean_i.
// Of apart_h and apart_clean_i, split at random, the other half is variants_g and clean_j.
// apart_i and apart_clean_j are of somebody who knew what the categories mean and nothing else.
func TestReaderOnStrangersSentences(t *testing.T) {
	var clean []labelled
	for _, g := range []struct {
		file  string
		floor float64
	}{
		{"apart.txt", 90}, {"apart_c.txt", 85}, {"apart_d.txt", 73}, {"apart_e.txt", 92}, {"apart_f.txt", 86}, {"apart_g.txt", 86}, {"apart_h.txt", 87}, {"apart_i.txt", 67},
		{"apart_clean.txt", 98}, {"apart_clean_b.txt", 98}, {"apart_clean_c.txt", 98}, {"apart_clean_d.txt", 96},
		{"apart_clean_e.txt", 97}, {"apart_clean_f.txt", 98}, {"apart_clean_g.txt", 98}, {"apart_clean_h.txt", 96}, {"apart_clean_i.txt", 98}, {"apart_clean_j.txt", 98},
	} {
		all := labelledFile(t, g.file)
		if all[0].category == "" {
			clean = append(clean, all...)
		}
		atLeast(t, g.file, g.floor, share(all, func(labelled) {}))
	}
	atLeast(t, "clean, all together", 98, share(clean, func(labelled) {}))
}

// Sets that the rules have been written against.
func TestReaderKeepsWhatItKnew(t *testing.T) {
	for _, g := range []struct {
		file  string
		floor float64
	}{
		{"variants_a.txt", 94}, {"variants_b.txt", 95}, {"variants_c.txt", 95}, {"variants_d.txt", 90}, {"idioms_c.txt", 87},
		{"clean_a.txt", 99}, {"clean_b.txt", 99}, {"clean_c.txt", 97}, {"clean_d.txt", 99}, {"clean_e.txt", 99}, {"clean_f.txt", 98}, {"clean_g.txt", 99}, {"clean_h.txt", 96}, {"variants_e.txt", 79}, {"variants_f.txt", 83}, {"clean_i.txt", 96}, {"variants_g.txt", 97}, {"clean_j.txt", 99},
	} {
		t.Run(g.file, func(t *testing.T) {
			atLeast(t, "worked with", g.floor, share(labelledFile(t, g.file), func(l labelled) { explain(t, l) }))
		})
	}
}

func atLeast(t *testing.T, what string, floor, got float64) {
	t.Helper()
	t.Logf("%s: %.1f%%", what, got)
	if got < floor {
		t.Errorf("%s: %.1f%% as labelled, want %.0f%%", what, got, floor)
	}
}

// explain logs a sentence that is not taken as labelled, with what was found.
func explain(t *testing.T, l labelled) {
	t.Helper()
	t.Logf("want %q: %s", l.category, l.text)
	for _, f := range Read(l.text, Options{Names: people}) {
		t.Logf("    %s %s %s: %q", f.Level, f.Category, f.Rule, f.Phrase)
	}
}
