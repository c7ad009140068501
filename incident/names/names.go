// Package names finds people in text: the one place that decides whether a word
// that somebody typed names a person. Its noun is the [Set].
//
// A name is found however it is written: in another case, with or without its
// accents, alone or joined to other words by a dash, a stroke, a dot or an
// underscore. No word is torn apart: Ada is not in Canada. A word that is a name
// and an ordinary word too (Will, May, elif) counts where what stands around it
// says that a person is meant.
package names

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Set is the people to find. The zero value finds Slack mentions only.
type Set struct {
	known map[string][]name    // by the first word of each
	runs  map[string][]runName // of scripts that put no spaces between words, by the first letter
}

// name is one way to write somebody's name, as words.
type name struct {
	words    []string
	who      string
	ordinary bool // a single word, or all of several, that is an ordinary word too
}

// Span is a stretch of text, in bytes, that names somebody. A mention of
// somebody who is not known has no Who.
type Span struct {
	Start, End int
	Who        string
}

// Add makes the names of who known: full names, handles, addresses and Slack IDs,
// each as a whole and by its parts.
func (n *Set) Add(who string, full []string) {
	if n.known == nil {
		n.known, n.runs = map[string][]name{}, map[string][]runName{}
	}
	for _, f := range full {
		f = strings.TrimPrefix(strings.TrimSpace(f), "@")
		if local, _, ok := strings.Cut(f, "@"); ok {
			f = local // of a mail address; the rest of it is the company's
		}
		n.addRuns(who, f)
		parts := strings.Fields(f)
		n.put(who, f)
		for k, p := range parts {
			if k > 0 && k+1 < len(parts) && slices.Contains(particles, fold(p)) {
				n.put(who, strings.Join(parts[k:], " ")) // van der Berg
			}
			if len(parts) > 1 && !slices.Contains(particles, fold(strings.TrimRight(p, "."))) {
				n.part(who, p)
			}
		}
	}
}

// part makes one part of a full name known, and what a double name is made of.
func (n *Set) part(who, p string) {
	n.put(who, p)
	pieces := tokens(p)
	for _, t := range pieces {
		if piece := p[t.start:t.end]; len(pieces) > 1 && t.letters >= 3 && !slices.Contains(particles, t.forms[0]) {
			n.put(who, piece)
		}
	}
}

// put makes one way of writing known, in each of its spellings.
func (n *Set) put(who, text string) {
	toks := tokens(text)
	if len(toks) == 0 || toks[0].script != spaced {
		return
	}
	letters := 0
	for _, t := range toks {
		letters += t.letters
	}
	// One letter is an initial or a variable, and would be found everywhere.
	if letters < 2 {
		return
	}
	for k := range 2 { // as it is written without accents, and with ue for ü
		words, other := make([]string, len(toks)), k == 0
		for j, t := range toks {
			words[j] = t.forms[min(k, len(t.forms)-1)]
			other = other || len(t.forms) > 1
		}
		if !other {
			return
		}
		n.know(who, words)
		if len(words) > 1 && letters >= 5 { // AdaOkafor, adaokafor
			n.know(who, []string{strings.Join(words, "")})
		}
		if bare := withoutUmlauts(words[0]); len(words) == 1 && bare != words[0] {
			n.know(who, []string{bare})
		}
	}
}

func (n *Set) know(who string, words []string) {
	list := n.known[words[0]]
	for _, o := range list {
		if o.who == who && slices.Equal(o.words, words) {
			return
		}
	}
	m := name{words: words, who: who, ordinary: !slices.ContainsFunc(words, func(w string) bool { return !isOrdinary(w) })}
	at := slices.IndexFunc(list, func(o name) bool { return len(o.words) < len(words) }) // the longest come first
	if at < 0 {
		at = len(list)
	}
	n.known[words[0]] = slices.Insert(list, at, m)
}

// Find returns the names in s, in order and without overlap.
func (n *Set) Find(s string) []Span {
	t := newText(s)
	n.mentions(t)
	n.findRuns(t)
	var open []int // the words with which a name may begin
	for k := range t.toks {
		if slices.ContainsFunc(t.toks[k].known(), func(w string) bool { return len(n.known[w]) > 0 }) {
			open = append(open, k)
		}
	}
	// A word may count because of the name beside it, so what was found in one
	// round is looked at in the next.
	for before := -1; len(t.found) > before; {
		before = len(t.found)
		for _, k := range open {
			if m, end, ok := n.match(t, k); ok {
				t.take(k, end, m.who)
			}
		}
	}
	slices.SortFunc(t.found, func(a, b Span) int { return a.Start - b.Start })
	return t.found
}

// match returns the longest name that begins with word k, and its last word.
func (n *Set) match(t *text, k int) (name, int, bool) {
	for _, form := range t.toks[k].known() {
		for _, m := range n.known[form] {
			end := k + len(m.words) - 1
			if t.spells(k, m.words) && t.names(k, end, m) {
				return m, end, true
			}
		}
	}
	return name{}, 0, false
}

// Replace returns s with the names in it replaced by what stands for each, in
// brackets, so that the reader sees that somebody else's word stood there, and
// how many they were.
func (n *Set) Replace(s string, standsFor func(who string) string) (string, int) {
	spans := n.Find(s)
	if len(spans) == 0 {
		return s, 0
	}
	var b strings.Builder
	last := 0
	for _, p := range spans {
		between := s[last:p.Start]
		if before, ok := strings.CutSuffix(between, "@"); ok && !endsInWord(before) {
			between = before // @ada is a name as a whole
		}
		b.WriteString(between + "[" + standsFor(p.Who) + "]")
		last = p.End
	}
	return b.String() + s[last:], len(spans)
}

func endsInWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return WordRune(r)
}
