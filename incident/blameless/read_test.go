package blameless

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// dense is text in which nearly every sentence is a finding: the worst case.
func dense(t testing.TB, lines int) string {
	var b strings.Builder
	for n := 0; n < lines; {
		for _, l := range labelledFile(t, "variants_a.txt") {
			b.WriteString(l.text + "\n")
			if n++; n == lines {
				break
			}
		}
	}
	return b.String()
}

// Ten thousand lines are to be read in less than a second.
func BenchmarkRead(b *testing.B) {
	text := dense(b, 10_000)
	b.ResetTimer()
	for b.Loop() {
		Read(text, Options{Names: people})
	}
}

// A text twice as long may take about twice the work, not four times: what is
// allocated shows it without a clock.
func TestReadIsLinear(t *testing.T) {
	allocated := func(lines int) float64 {
		text := dense(t, lines)
		return testing.AllocsPerRun(1, func() { Read(text, Options{Names: people}) })
	}
	if one, four := allocated(250), allocated(1000); four > 6*one {
		t.Errorf("%.0f allocations for 250 lines and %.0f for 1000, want about four times as many", one, four)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"", "The on-call didn't\ncheck.", "shouldn't've", "’s 's n't", "<@U02BEN> forgot", "| a | nobody knew |",
		"# Luck\nhad we", "by by of of the the", "\xff\xfe ignored by \x00", "who who who", "not to not", "``` careless", "İ’d İgnored", "İ careless-İİ", "who botched?", "It says: you forgot",
	} {
		f.Add(s, "lucky", "Ana Costa")
	}
	f.Fuzz(func(t *testing.T, text, section, name string) {
		lines := strings.Split(text, "\n")
		for _, x := range Read(text, Options{Section: section, Names: []string{name}}) {
			if x.Line < 1 || x.Line > len(lines) {
				t.Fatalf("line %d of %d", x.Line, len(lines))
			}
			if end := utf8.RuneCountInString(lines[x.Line-1]); x.Column < 1 || x.Column > end+1 {
				t.Fatalf("column %d in a line of %d", x.Column, end)
			}
			if x.Category == "" || x.Rule == "" || x.Level != Warn && x.Level != Hint {
				t.Fatalf("incomplete: %+v", x)
			}
		}
	})
}
