// Package names finds people in text: the one place that decides whether a word
// that somebody typed names a person. Its noun is the [Set].
package names

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Set is the people to find. The zero value finds Slack mentions only.
type Set struct {
	known map[string][]name // by the first word in small letters
}

type name struct {
	text  string
	who   string
	exact bool // a single word counts only in the case it is written in
	first bool // the first of several names: it may be an ordinary word
}

// Span is a stretch of text, in bytes, that names somebody. A mention of
// somebody who is not known has no Who.
type Span struct {
	Start, End int
	Who        string
}

// Add makes the names of who known: full names without regard to case, each
// single part of them in its exact case.
func (n *Set) Add(who string, full []string) {
	if n.known == nil {
		n.known = map[string][]name{}
	}
	for _, f := range full {
		f = strings.TrimPrefix(strings.Join(strings.Fields(f), " "), "@")
		parts := strings.Split(f, " ")
		if len(parts) == 1 {
			n.put(name{text: f, who: who, exact: true, first: true})
			continue
		}
		n.put(name{text: f, who: who})
		for k, p := range parts {
			n.put(name{text: p, who: who, exact: true, first: k == 0})
		}
	}
}

func (n *Set) put(m name) {
	// One letter is an initial or a variable, and would be found everywhere.
	if utf8.RuneCountInString(m.text) < 2 {
		return
	}
	key := strings.ToLower(leadingWord(m.text))
	if key == "" || slices.Contains(n.known[key], m) {
		return
	}
	n.known[key] = append(n.known[key], m)
	slices.SortStableFunc(n.known[key], func(a, b name) int { return len(b.text) - len(a.text) })
}

var mention = regexp.MustCompile(`^<@([UW][A-Z0-9]{2,})(?:\|[^>\n]{0,80})?>`)

// Find returns the names in s, in order and without overlap.
func (n *Set) Find(s string) []Span {
	var found []Span
	word := false // the character before is part of a word
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == '<' && strings.HasPrefix(s[i:], "<@") {
			if m := mention.FindStringSubmatch(s[i:]); m != nil {
				found = append(found, Span{i, i + len(m[0]), n.slack(m[1])})
				i += len(m[0])
				word = false
				continue
			}
		}
		if !word && WordRune(r) && len(n.known) > 0 {
			if m, end := n.match(s, i); end > 0 {
				found = append(found, Span{i, end, m.who})
				i, word = end, true
				continue
			}
		}
		word = WordRune(r)
		i += size
	}
	return found
}

// slack returns whose Slack user ID it is, or "".
func (n *Set) slack(id string) string {
	for _, m := range n.known[strings.ToLower(id)] {
		if m.text == id {
			return m.who
		}
	}
	return ""
}

// match returns the longest name that begins at i, and where it ends.
func (n *Set) match(s string, i int) (name, int) {
	for _, m := range n.known[strings.ToLower(leadingWord(s[i:]))] {
		end := prefixEnd(s[i:], m)
		if end == 0 {
			continue
		}
		if m.exact && !person(s, i, i+end, m) {
			continue
		}
		return m, i + end
	}
	return name{}, 0
}

// prefixEnd returns how many bytes of s the name m covers, or 0 when s does not
// begin with it as a whole word.
func prefixEnd(s string, m name) int {
	rest := s
	for _, want := range m.text {
		got, size := utf8.DecodeRuneInString(rest)
		switch {
		case want == ' ' && (got == ' ' || got == '\u00A0'):
		case got == want:
		case !m.exact && unicode.ToLower(got) == unicode.ToLower(want) && size > 0:
		default:
			return 0
		}
		rest = rest[size:]
	}
	if r, size := utf8.DecodeRuneInString(rest); size > 0 && WordRune(r) {
		return 0
	}
	return len(s) - len(rest)
}

// person reports whether the single name at s[i:end] names somebody here, and
// is not the ordinary word, the month or the tool that is spelt like it.
func person(s string, i, end int, m name) bool {
	before := strings.TrimRight(s[:i], " ")
	prev := strings.ToLower(lastWord(before))
	if slices.Contains(articles, prev) && len(before) < i {
		return false // the Jenkins job
	}
	lower := strings.ToLower(m.text)
	if lower == m.text && strings.HasSuffix(s[:i], "@") {
		return true
	}
	next := strings.ToLower(leadingWord(strings.TrimLeft(s[end:], " ")))
	if slices.Contains(months, lower) && (slices.Contains(monthBefore, prev) || number(prev) || number(next)) {
		return false
	}
	head := before == "" || strings.ContainsRune(".:;!?*-•\n", lastRune(before))
	if head && m.first && slices.Contains(ordinary, lower) {
		// Mark the incident, Will the cache: an order or a question, no person.
		return verbForm(next) || next == "" || !strings.HasPrefix(s[end:], " ")
	}
	return true
}

var (
	articles    = []string{"the", "a", "an", "our"}
	months      = []string{"april", "may", "june", "august", "jan", "mar", "jun"}
	monthBefore = []string{"in", "since", "until", "by", "of", "from", "last", "next", "early", "late", "mid", "during", "to", "on"}
	// ordinary are the first names that are also words with which an order, a
	// question or a heading begins.
	ordinary = strings.Fields(`mark will grace hope may april june august bill rob pat sue faith joy dawn art chase grant drew
		frank guy jack max miles ray rich rose skip sunny summer autumn iris ivy olive penny ruby amber violet daisy jade victor
		norm gene dean earl duke page wade pierce chuck nick josh bob don ken al trace tag lane stone reed chip buck cliff dale
		dash ford gale harmony heath holly jasmine jean jersey jet josh kit lance levy merit misty nova patience pearl
		prudence randy rusty sage sandy scout sky skye star stew storm trust van wren crystal cash case blaze bliss honor
		justice major noble price ward warren web weber cook baker carter fisher hunter mason miller parker porter potter sawyer taylor
		turner walker archer brook brooks buddy busy clay cooper cotton cruz drake echo eve ever field flint fox hall hank hardy
		harry hart head hill howe hunt jay jewel job june kay king kitty knight lake law lily little long love lucky marina marshall
		melody mike mitch moss nell olive ollie pace palmer paris peg piper poppy post prince queen quick rain ran raven red
		reef rhodes ridge river robin rock roman rowan rush saint sharp shepherd sierra sloan snow spencer steel sterling sun tanner
		teddy terry timber tiny tom trip troy true tucker tyler vale vic wall walt west wheeler winter wolf wood young charity
		check drop push stop test run set let flip bear bird bishop blue branch bridge bush carol chance christian clark cole dot`)
	// verbs are forms with which a sentence about a person goes on, beside those
	// that end in -ed, -ly and -s.
	verbs = strings.Fields(`was is were had has have did does broke ran took made forgot went sent saw left put set hit wrote read
		knew thought said told gave got began came found kept let lost meant paid led felt held brought built bought caught chose
		cut drove fell fought froze grew hid hurt lay overwrote redid rebuilt reset sat shut slept spent split spoke spread stood
		stole struck swore taught threw tore understood undid woke won wore never should could would must can might may cannot
		didn wasn hasn hadn doesn isn won shouldn couldn wouldn and or who also then only just again still always later
		misread mistook misunderstood shot sank rewrote withdrew oversaw foresaw overslept`)
)

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

// WordRune reports whether r is part of a word: a letter, a digit or an underscore.
func WordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

func number(w string) bool { return w != "" && w[0] >= '0' && w[0] <= '9' }

// leadingWord returns the letters and digits with which s begins.
func leadingWord(s string) string {
	for i, r := range s {
		if !WordRune(r) {
			return s[:i]
		}
	}
	return s
}

func lastWord(s string) string {
	i := strings.LastIndexFunc(s, func(r rune) bool { return !WordRune(r) })
	if i < 0 {
		return s
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return s[i+size:]
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
