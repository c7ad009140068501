package names

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// names reports whether the words from k to end name a person here, and are not the
// ordinary word, the month or the tool that is spelt like one.
func (t *text) names(k, end int, m name) bool {
	first := t.toks[k]
	if t.before(k, "@") {
		return true
	}
	switch {
	case m.ordinary && t.negated(end):
		return false // Don't
	case len(m.words) > 1:
		return !m.ordinary || !first.small || t.joined(k, end) == person
	case slices.Contains(tools, m.words[0]) && slices.Contains(articles, t.prev(k)):
		return false // the Jenkins job
	case !m.ordinary:
		return !first.small || !t.keyword(k)
	case slices.Contains(months, m.words[0]) && t.date(k):
		return false
	case t.possessive(k):
		return !slices.Contains(months, m.words[0]) && !slices.Contains(articles, t.prev(k)) &&
			!(first.small && slices.Contains(stops, m.words[0]))
	case first.small || first.capitals:
		return t.meant(k, m)
	default:
		return t.proper(k, m)
	}
}

// proper reports whether an ordinary word with a capital is a person's name.
func (t *text) proper(k int, m name) bool {
	if slices.Contains(articles, t.prev(k)) {
		return false
	}
	switch t.joined(k, k) {
	case person:
		return true
	case thing:
		return false
	}
	next, prev := t.next(k), t.prev(k)
	switch {
	case slices.Contains(stops, m.words[0]): // An, So, Do
		return prev != "" && (next == "" || verbForm(next) || slices.Contains(spokenTo, prev))
	case !t.head(k):
		return true
	// Mark the incident, Will the cache: an order or a question, no person.
	case next != "":
		return verbForm(next)
	default:
		return !t.after(k, " ")
	}
}

// meant reports whether an ordinary word in small letters, or all in capitals, is a
// person's name: asked will, rolled back by grace, ada and mark.
func (t *text) meant(k int, m name) bool {
	prev, next := t.prev(k), t.next(k)
	switch {
	case t.joined(k, k) == person:
		return true
	case slices.Contains(stops, m.words[0]) || t.joined(k, k) == thing:
		return false
	case slices.Contains(spokenTo, prev):
		return true
	case prev == "by" && !slices.Contains(byWord, m.words[0]):
		return next == "" || slices.Contains([]string{"at", "on", "and", "after", "before", "in"}, next)
	case slices.Contains(articles, prev):
		return false
	default:
		return slices.Contains(acts, next) && (t.head(k) || slices.Contains([]string{"and", "when", "then", "but", "because", "that", "as", "after", "before", "until"}, prev))
	}
}

// beside is what a word is joined to.
type beside int

const (
	nothing beside = iota
	person         // another name, by a sign or by and
	thing          // a word that names nobody, by a sign: if/elif, mark-up
)

// joined says what the words from k to end are joined to.
func (t *text) joined(k, end int) beside {
	is := nothing
	look := func(gap string, other token) {
		sign := gap != "" && len(gap) <= 2 && strings.Trim(gap, "/_-.&+") == ""
		switch {
		case other.taken && (sign || slices.Contains([]string{" and ", " & ", ", ", " or ", " + ", " / "}, gap)):
			is = person
		case sign && is == nothing:
			is = thing
		}
	}
	if k > 0 {
		look(t.s[t.toks[k-1].end:t.toks[k].start], t.toks[k-1])
	}
	if end+1 < len(t.toks) {
		look(t.s[t.toks[end].end:t.toks[end+1].start], t.toks[end+1])
	}
	if k > 1 && (t.prev(k) == "and" || t.prev(k) == "or") && t.toks[k-2].taken && t.prev(k-1) == "" && t.s[t.toks[k-2].end:t.toks[k-1].start] == " " {
		is = person
	}
	if end+2 < len(t.toks) && (t.next(end) == "and" || t.next(end) == "or") && t.toks[end+2].taken && t.s[t.toks[end+1].end:t.toks[end+2].start] == " " {
		is = person
	}
	return is
}

// keyword reports whether the word is joined by a stroke to a word of programming
// languages, and so is one itself.
func (t *text) keyword(k int) bool {
	code := func(other token) bool { return !other.taken && slices.Contains(code, other.forms[0]) }
	return k > 0 && t.s[t.toks[k-1].end:t.toks[k].start] == "/" && code(t.toks[k-1]) ||
		k+1 < len(t.toks) && t.s[t.toks[k].end:t.toks[k+1].start] == "/" && code(t.toks[k+1])
}

// date reports whether the month that is spelt like a name stands in a date.
func (t *text) date(k int) bool {
	return slices.Contains(monthBefore, t.prev(k)) || number(t.prev(k)) || number(t.next(k))
}

// prev returns the word before with nothing but spaces between, or "". A name that was found
// is none: in its place something else will stand.
func (t *text) prev(k int) string {
	if k == 0 || t.toks[k-1].taken || strings.Trim(t.s[t.toks[k-1].end:t.toks[k].start], " ") != "" {
		return ""
	}
	return t.toks[k-1].forms[0]
}

// next returns the word after with nothing but spaces between, or "".
func (t *text) next(k int) string {
	if k+1 >= len(t.toks) || t.toks[k+1].taken || strings.Trim(t.s[t.toks[k].end:t.toks[k+1].start], " ") != "" {
		return ""
	}
	return t.toks[k+1].forms[0]
}

func (t *text) before(k int, sign string) bool { return strings.HasSuffix(t.s[:t.toks[k].start], sign) }
func (t *text) after(k int, sign string) bool  { return strings.HasPrefix(t.s[t.toks[k].end:], sign) }

// head reports whether a sentence begins with word k.
func (t *text) head(k int) bool {
	if k > 0 && t.toks[k-1].taken && t.toks[k-1].end == t.toks[k].start {
		return false
	}
	before := strings.TrimRight(t.s[:t.toks[k].start], " ")
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || strings.ContainsRune(".:;!?*-•\n", r)
}

// possessive reports whether the word is one's own: Ada's, James'.
func (t *text) possessive(k int) bool {
	rest := t.s[t.toks[k].end:]
	for _, sign := range []string{"'", "’", "ʼ"} {
		own, ok := strings.CutPrefix(rest, sign)
		if !ok {
			continue
		}
		r, _ := utf8.DecodeRuneInString(own)
		if strings.HasSuffix(t.toks[k].forms[0], "s") && !WordRune(r) {
			return own != "" && r == ' '
		}
		letter, after, _ := cutRune(own)
		r, _ = utf8.DecodeRuneInString(after)
		return (letter == 's' || letter == 'S') && (after == "" || !WordRune(r))
	}
	return false
}

// negated reports whether the word is one like don't.
func (t *text) negated(k int) bool {
	return k+1 < len(t.toks) && t.toks[k+1].is("t") && slices.Contains([]string{"'", "’"}, t.s[t.toks[k].end:t.toks[k+1].start])
}

func cutRune(s string) (rune, string, bool) {
	r, size := utf8.DecodeRuneInString(s)
	return r, s[size:], size > 0
}

func number(w string) bool { return w != "" && w[0] >= '0' && w[0] <= '9' }

// verbForm reports whether the word is one with which a sentence about a person
// goes on: a past or third-person form, a modal, an adverb.
func verbForm(w string) bool {
	if slices.Contains(verbs, w) {
		return true
	}
	if len(w) < 4 {
		return false
	}
	return strings.HasSuffix(w, "ed") || strings.HasSuffix(w, "ly") ||
		strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && w != "this" && w != "always"
}
