package names

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stormbell/stormbell/pattern"
)

// script says how a script separates words.
type script int

const (
	spaced script = iota // by spaces: Latin, Cyrillic, Arabic …
	han
	hiragana
	katakana
	hangul  // by spaces, with particles at the end of a word
	running // not at all: Thai, Lao, Khmer, Burmese
)

func scriptOf(r rune) script {
	switch {
	case r < 0x0E00:
		return spaced
	case unicode.Is(unicode.Han, r) || r == '々':
		return han
	case unicode.Is(unicode.Hiragana, r):
		return hiragana
	case unicode.Is(unicode.Katakana, r) || r == 'ー':
		return katakana
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return running
	default:
		return spaced
	}
}

// token is a word of a text: letters and digits of one kind of script.
type token struct {
	start, end int
	forms      []string // as it is compared: without case and accents; ü also as ue
	letters    int
	script     script
	small      bool      // it begins with a small letter
	capitals   bool      // it is longer than two letters, all of them capital
	taken      bool      // it is part of a name that was found
	language   *language // of the text, if it puts endings to names; nil: it does not
	least      int       // how many letters an ending must leave
}

// cases are the endings that Slavic languages in Cyrillic put to a name, and nominatives
// what the name ends in without one. Where accents are dropped, й is и.
var (
	cases       = strings.Fields("а у ом ем е ым ы и ои ою я ю еи ью")
	nominatives = []string{"", "а", "я", "и", "ь"}
)

// known are the forms under which a name may be known: also that of a possessive
// that is written without an apostrophe, and that of a name with the ending of a case.
func (t token) known() []string {
	var list []string
	for _, f := range t.forms {
		list = append(list, f)
		if bare, ok := strings.CutSuffix(f, "s"); ok && !t.small && len(bare) > 2 {
			list = append(list, bare)
		}
		if t.language != nil {
			list = append(list, t.language.without(f, t.least)...)
		}
		if first, _ := utf8.DecodeRuneInString(f); !unicode.Is(unicode.Cyrillic, first) {
			continue
		}
		for _, ending := range cases {
			stem, ok := strings.CutSuffix(f, ending)
			if !ok || utf8.RuneCountInString(stem) < 3 {
				continue
			}
			for _, n := range nominatives {
				list = append(list, stem+n)
			}
		}
	}
	return list
}

func (t token) is(word string) bool { return slices.Contains(t.forms, word) }

// inner reports whether r continues a word without being a letter of it: a mark,
// or a sign that is not seen.
func inner(r rune) bool {
	return unicode.Is(unicode.M, r) || r == '\u00AD' || r >= '\u200B' && r <= '\u200D' || r == '\u2060'
}

// tokens returns the words of s.
func tokens(s string) []token {
	var list []token
	open := false
	for i, r := range s {
		size := max(1, utf8.RuneLen(r))
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == 'ー' || r == '々':
			sc := scriptOf(r)
			if !open || list[len(list)-1].script != sc {
				list = append(list, token{start: i, script: sc, small: unicode.IsLower(r)})
			}
			list[len(list)-1].letters++
			list[len(list)-1].end, open = i+size, true
		case open && inner(r):
			list[len(list)-1].end = i + size
		default:
			open = false
		}
	}
	for k := range list {
		t := &list[k]
		word := s[t.start:t.end]
		t.forms = forms(word)
		t.capitals = t.letters > 2 && strings.ToUpper(word) == word && strings.ToLower(word) != word
	}
	return list
}

// expanded are letters that are written in two ways where they are not at hand.
var (
	expanded = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ø", "oe", "å", "aa", "æ", "ae", "œ", "oe", "þ", "th", "ð", "dh", "đ", "dj")
	single   = strings.NewReplacer("ø", "o", "æ", "ae", "œ", "oe", "ß", "ss", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ħ", "h", "ŋ", "n", "ŧ", "t")
	umlauts  = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")
)

// forms are the spellings of a word: ü is u and ue.
func forms(word string) []string {
	plain := fold(word)
	if isASCII(word) {
		return []string{plain}
	}
	if long := expanded.Replace(strings.ToLower(norm.NFC.String(word))); long != strings.ToLower(norm.NFC.String(word)) {
		if long = fold(long); long != plain {
			return []string{plain, long}
		}
	}
	return []string{plain}
}

// withoutUmlauts is Muller for Mueller: of a long word only, and not at its end,
// where it would be another name.
func withoutUmlauts(word string) string {
	if len(word) < 6 {
		return word
	}
	return umlauts.Replace(word[:len(word)-1]) + word[len(word)-1:]
}

// fold makes words alike that differ in case, accents, width or signs that are not
// seen only.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	bare := strings.Map(func(r rune) rune {
		if r >= '\u0300' && r <= '\u036F' || inner(r) && !unicode.Is(unicode.M, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	return single.Replace(norm.NFC.String(bare))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// text is a text while names are looked for in it.
type text struct {
	s     string
	toks  []token
	found []Span
}

func newText(s string) *text {
	t := &text{s: s, toks: tokens(s)}
	language := languageOf(s, t.toks)
	if language == nil {
		return t
	}
	for k := range t.toks {
		if tok := &t.toks[k]; tok.script == spaced && !tok.small {
			tok.language, tok.least = language, 3
			if !t.head(k) { // where a sentence begins every word has a capital
				tok.least = 2
			}
		}
	}
	return t
}

// take notes that the words from k to end name who. Of a mail address the rest
// belongs to it.
func (t *text) take(k, end int, who string) {
	t.span(t.toks[k].start, t.toks[end].end, who)
}

var host = pattern.New(`^@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)

func (t *text) span(start, end int, who string) {
	if t.overlaps(start, end) {
		return // it is part of the address of somebody who was found
	}
	if address := end + len(host.FindString(t.s[end:])); !t.overlaps(end, address) {
		end = address
	}
	t.found = append(t.found, Span{start, end, who})
	k, _ := slices.BinarySearchFunc(t.toks, start, func(tok token, at int) int { return tok.start - at }) // the first in it
	for ; k < len(t.toks) && t.toks[k].end <= end; k++ {
		t.toks[k].taken = true
	}
}

// overlaps reports whether something that was found lies between two places.
func (t *text) overlaps(from, to int) bool {
	return from < to && slices.ContainsFunc(t.found, func(p Span) bool { return p.Start < to && p.End > from })
}

// spells reports whether the words from k are those of a name, with no more
// between two of them than a name has.
func (t *text) spells(k int, words []string) bool {
	if k+len(words) > len(t.toks) {
		return false
	}
	for j, w := range words {
		tok := t.toks[k+j]
		last := j == len(words)-1
		if tok.taken || !(tok.is(w) || last && slices.Contains(tok.known(), w)) {
			return false
		}
		if j > 0 && !joint(t.s[t.toks[k+j-1].end:tok.start]) {
			return false
		}
	}
	return true
}

// joint reports whether a name may have this between two of its words.
func joint(between string) bool {
	between = strings.ReplaceAll(between, "\u00A0", " ")
	if strings.Trim(between, " ") == "" {
		return len(between) <= 3
	}
	return slices.Contains([]string{"-", "_", ".", ". ", "'", "’", "/", "\u2010", "\u2011", ".-", "+", "\"", " \"", "\" ", " (", ") ", "\n"}, between)
}

// mention is Slack's own form of naming somebody, or what is left of it where nobody knew
// who it was.
var mention = pattern.New(`<@([UW][A-Z0-9]{2,})(?:\|[^>\n]{0,80})?>|@([UW]0[A-Z0-9]{4,12})\b`)

// mentions takes those.
func (n *Set) mentions(t *text) {
	if !strings.Contains(t.s, "@") {
		return
	}
	for _, m := range mention.FindAllStringSubmatchIndex(t.s, -1) {
		who, id := "", max(m[2], 0)+max(m[4], 0)
		for _, o := range n.known[strings.ToLower(t.s[id:max(m[3], m[5])])] {
			if len(o.words) == 1 {
				who = o.who
			}
		}
		t.span(m[0], m[1], who)
	}
}

// WordRune reports whether r is part of a word: a letter, a digit or an underscore.
func WordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
