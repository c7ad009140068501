// Package blameless reads any text for wording that blames, judges from the end or
// tells of a world that did not happen. Its noun is the [Finding], made by [Read].
// Nothing is ever refused because of one.
package blameless

import (
	"slices"
	"strings"
	"unicode"
)

// Finding is a stretch of text that blames, judges from the end, or tells of a
// world that did not happen, with what could stand there instead. A finding is
// an offer: nothing is ever refused because of one.
type Finding struct {
	Line       int    `json:"line"`   // from 1
	Column     int    `json:"column"` // in characters, from 1
	Phrase     string `json:"phrase"`
	Category   string `json:"category"` // blame, counterfactual, hindsight, human_error, absolute or named_person
	Level      string `json:"level"`    // warn, or hint for what is folded into a count
	Suggestion string `json:"suggestion"`
	Question   string `json:"question"`
	Before     string `json:"before"` // an example of such wording
	After      string `json:"after"`  // and what it could say instead
	Rule       string `json:"rule"`
}

// The levels of a [Finding].
const (
	Warn = "warn"
	Hint = "hint"
)

// Options is what a text does not say about itself.
type Options struct {
	// Section is where the text belongs until a heading in it says otherwise, one
	// of [ReaderSections]. Some rules rest in some sections: luck is told in
	// counterfactuals.
	Section string
	// Names are the people in the incident: full names, handles or both. A name
	// is a finding only beside a verdict.
	Names []string
}

// ReaderSections returns the sections that [Options] can name.
func ReaderSections() []string {
	return []string{"summary", "impact", "timeline", "factors", "went_well", "went_badly", "lucky", "what_if", "action_items"}
}

// Read returns the findings in a text, plain or Markdown, in the order of their
// places: per sentence at most one of each category, a warning before a hint and
// the longest of equals. What is quoted, code or an address is not read. The
// text may be anything, valid UTF-8 or not.
func Read(text string, o Options) []Finding {
	rules := compiled()
	runes := []rune(text)
	var findings []Finding
	lines := newLines(runes)
	for _, s := range sentences(runes, o, rules.masks) {
		for _, h := range rules.read(s) {
			findings = append(findings, lines.finding(h, runes))
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return findings
}

// hit is where a rule matched: a stretch of the text, in characters.
type hit struct {
	rule       *rule
	category   string
	level      string
	start, end int
}

func (h hit) better(than hit) bool {
	if h.level != than.level {
		return h.level == Warn
	}
	return h.end-h.start > than.end-than.start
}

// read returns the hits in a sentence, one for each category at most. What is
// understood needs no looking up: the lists are for the categories that remain.
func (r *ruleset) read(s sentence) []hit {
	best := map[string]hit{}
	keep := func(u *rule, level string, from, to int, named bool) {
		if slices.Contains(u.SectionsExempt, s.section) {
			return
		}
		start, end := s.trim(from, to)
		h := hit{u, u.Category, level, start, end}
		if old, ok := best[h.category]; !ok || h.better(old) {
			best[h.category] = h
		}
		if _, ok := best[namedPerson]; named && !ok {
			best[namedPerson] = hit{r.byName, namedPerson, r.byName.Severity, start, end}
		}
	}
	read := r.grammar.reading(s.text)
	for _, m := range read.read() {
		from, to := read.t[m.start].start, read.t[max(m.start, m.end-1)].end
		u := r.byID[m.pattern.rule]
		level := u.Severity
		if (u.Category == "blame" || u.Category == "hindsight") && !read.anybody() {
			level = Hint
		}
		keep(u, level, from, to, m.named || r.names(s.text, from, to) || read.ofOne(m.start, m.end))
	}
	for _, n := range r.candidates(s.text) {
		u := r.rules[n]
		if old, ok := best[u.Category]; ok && old.level == Warn {
			continue
		}
		judges := u.Category == "blame" || u.Category == "human_error"
		for _, m := range u.matches(s.text) {
			if !read.isNone(u.ID, judges, m[0], m[1]) {
				keep(u, u.Severity, m[0], m[1], r.names(s.text, m[0], m[1]) || read.ofOne(read.within(m[0], m[1])))
			}
		}
	}
	hits := make([]hit, 0, len(best))
	for _, c := range r.categories {
		if h, ok := best[c]; ok {
			hits = append(hits, h)
		}
	}
	return hits
}

const namedPerson = "named_person"

// names reports whether a match is about somebody who is named, or described so
// that only one person fits: in the match, right before it, or right after it
// as the one by whom it was done.
func (r *ruleset) names(text string, from, to int) bool {
	return strings.Contains(text[from:to], nameToken) ||
		strings.HasSuffix(strings.TrimRight(text[:from], " "), nameToken) ||
		strings.HasPrefix(strings.TrimLeft(text[to:], " "), "by "+nameToken)
}

// lines finds the line and column of a character.
type lines []int // the first character of each

func newLines(runes []rune) lines {
	l := lines{0}
	for i, r := range runes {
		if r == '\n' {
			l = append(l, i+1)
		}
	}
	return l
}

func (l lines) finding(h hit, runes []rune) Finding {
	n, found := slices.BinarySearch(l, h.start)
	if !found {
		n--
	}
	return Finding{
		Line:       n + 1,
		Column:     h.start - l[n] + 1,
		Phrase:     string(runes[h.start:h.end]),
		Category:   h.category,
		Level:      h.level,
		Suggestion: h.rule.Suggestion,
		Question:   h.rule.question,
		Before:     h.rule.Alternative.Before,
		After:      h.rule.Alternative.After,
		Rule:       h.rule.ID,
	}
}

// sentence is a sentence or list item as the rules read it: folded to one line
// of plain quotes and single spaces, without what is masked, each name replaced
// by one word. Every byte knows which characters of the text it stands for.
type sentence struct {
	text    string
	section string
	from    []int // per byte of text, the first character it stands for
	to      []int // and the one after the last
}

// trim returns the characters that text[a:b] stands for, without space around.
func (s sentence) trim(a, b int) (int, int) {
	for b > a && strings.IndexByte(" .,;:!?", s.text[b-1]) >= 0 {
		b--
	}
	for a < b && strings.IndexByte(" .,;:!?", s.text[a]) >= 0 {
		a++
	}
	if a == b {
		return s.from[min(a, len(s.from)-1)], s.from[min(a, len(s.from)-1)]
	}
	return s.from[a], s.to[b-1]
}

// fold writes some characters as the one that the rules are written with.
func fold(r rune) rune {
	switch r {
	case '’', '‘', 'ʼ', '´':
		return '\''
	case '‐', '‑':
		return '-'
	case '*', '[', ']':
		return ' ' // emphasis and links of Markdown
	default:
		if unicode.IsSpace(r) && r != '\n' {
			return ' '
		}
		return r
	}
}
