package blameless

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stormbell/stormbell/incident/names"
	regular "github.com/stormbell/stormbell/pattern" // a pattern is something else here
)

// nameToken is the word that stands for each name while the rules read.
const nameToken = "qxname"

// sentences splits a text into what the rules read, each with its section.
func sentences(runes []rune, o Options, masks []*regexp.Regexp) []sentence {
	folded := make([]rune, len(runes))
	for i, r := range runes {
		folded[i] = fold(r)
	}
	for _, m := range masks {
		mask(folded, m)
	}
	var who names.Set
	who.Add("participant", o.Names)
	sp := &splitter{runes: folded, def: o.Section, section: o.Section, names: spans(&who, folded)}
	sp.run()
	return sp.out
}

// mask blanks what m matches, and keeps the ends of lines.
func mask(runes []rune, m *regexp.Regexp) {
	text := string(runes)
	matches := m.FindAllStringIndex(text, -1)
	at, done := 0, 0 // character and byte
	for _, p := range matches {
		at += utf8.RuneCountInString(text[done:p[0]])
		for range text[p[0]:p[1]] {
			if runes[at] != '\n' {
				runes[at] = ' '
			}
			at++
		}
		done = p[1]
	}
}

// spans returns the names in characters: the first to the one after the last.
func spans(n *names.Set, runes []rune) [][2]int {
	text := string(runes)
	var out [][2]int
	at, done := 0, 0
	for _, p := range n.Find(text) {
		at += utf8.RuneCountInString(text[done:p.Start])
		length := utf8.RuneCountInString(text[p.Start:p.End])
		out = append(out, [2]int{at, at + length})
		at, done = at+length, p.End
	}
	return out
}

// splitter walks the lines of a text.
type splitter struct {
	runes   []rune
	names   [][2]int // not yet passed
	def     string   // the section outside any that a heading names
	section string
	level   int // of the heading that named the section
	from    int // of the paragraph that is being read; to is its end
	to      int
	out     []sentence
}

var (
	heading  = regular.New(`^ {0,3}(#{1,6}) +(.*)$`)
	listItem = regular.New(`^ *(?:[-+•·–—]|\d{1,3}[.)]) +`)
	stamp    = regular.New(`^ *(?:\d{4}-\d{2}-\d{2}[ T,]+)?\d{1,2}:\d{2}(?::\d{2})?(?: ?(?:UTC|GMT|CES?T|[AP]M|Z))?(?: \(\d{2}:\d{2} \w+\))? *[-–—:|]? *`)
	inline   = regular.New(`\(section: *([^)]*)\) *$`)
)

func (s *splitter) run() {
	for start := 0; start <= len(s.runes); {
		end := start
		for end < len(s.runes) && s.runes[end] != '\n' {
			end++
		}
		s.line(start, end)
		start = end + 1
	}
	s.flush()
}

func (s *splitter) line(start, end int) {
	text := string(s.runes[start:end])
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		s.flush()
	case strings.HasPrefix(trimmed, "|"):
		s.flush()
		s.cells(start, end)
	case heading.MatchString(text):
		s.flush()
		m := heading.FindStringSubmatch(text)
		s.enter(m[2], len(m[1]))
		s.add(start+len(m[1]), end)
	case listItem.MatchString(text):
		s.flush()
		s.from, s.to = start+utf8.RuneCountInString(listItem.FindString(text)), end
	case len(trimmed) < 60 && strings.HasSuffix(trimmed, ":") && sectionOf(trimmed) != "":
		s.flush()
		s.enter(trimmed, 7)
	case s.from < s.to && s.endsShort(start) && !unicode.IsLower(firstRune(trimmed)):
		s.flush()
		s.from, s.to = start, end
	case s.from < s.to:
		s.to = end
	default:
		s.from, s.to = start, end
	}
}

// endsShort reports whether the line before start ends well before the margin
// of a paragraph: then the next line begins something new.
func (s *splitter) endsShort(start int) bool {
	length := 0
	for i := start - 2; i >= 0 && s.runes[i] != '\n'; i-- {
		length++
	}
	return length < 60
}

// enter sets the section that a heading names. One that names none ends the
// section of a heading of its level or below.
func (s *splitter) enter(title string, level int) {
	switch name := sectionOf(title); {
	case name != "":
		s.section, s.level = name, level
	case level <= s.level:
		s.section, s.level = s.def, 0
	}
}

// sectionWords are what headings say, the first that fits.
var sectionWords = []struct {
	name  string
	words []string
}{
	{"lucky", []string{"luck", "fortunate"}},
	{"what_if", []string{"what if", "what-if"}},
	{"action_items", []string{"action", "follow-up", "follow up", "next step", "remediation", "todo", "to do"}},
	{"went_well", []string{"went well", "went right", "worked well", "went better"}},
	{"went_badly", []string{"went badly", "went wrong", "went poorly", "made it hard", "did not go well", "didn't go well", "could be better", "hard"}},
	{"summary", []string{"summary", "overview", "abstract"}},
	{"impact", []string{"impact"}},
	{"timeline", []string{"timeline", "chronology", "what happened"}},
	{"factors", []string{"factor", "cause", "trigger"}},
}

func sectionOf(title string) string {
	title = strings.ToLower(title)
	for _, s := range sectionWords {
		if slices.ContainsFunc(s.words, func(w string) bool { return strings.Contains(title, w) }) {
			return s.name
		}
	}
	return ""
}

// cells adds each cell of a table row.
func (s *splitter) cells(start, end int) {
	from := start
	for i := start; i <= end; i++ {
		if i == end || s.runes[i] == '|' {
			s.add(from, i)
			from = i + 1
		}
	}
}

// flush splits the paragraph that was read into sentences.
func (s *splitter) flush() {
	from, to := s.from, s.to
	s.from, s.to = 0, 0
	if from >= to {
		return
	}
	if m := inline.FindStringSubmatch(strings.TrimSpace(string(s.runes[from:to]))); m != nil {
		before := s.section
		s.section = cmp.Or(sectionOf(m[1]), before)
		defer func() { s.section = before }()
	}
	for i := from; i < to; i++ {
		if s.ends(i, to) {
			s.add(from, i+1)
			from = i + 1
		}
	}
	s.add(from, to)
}

// ends reports whether a sentence ends with the character i.
func (s *splitter) ends(i, to int) bool {
	if !strings.ContainsRune(".!?…", s.runes[i]) {
		return false
	}
	j := i + 1
	for j < to && strings.ContainsRune(`"')”`, s.runes[j]) {
		j++
	}
	if j < to && !unicode.IsSpace(s.runes[j]) {
		return false
	}
	for j < to && unicode.IsSpace(s.runes[j]) {
		j++
	}
	if j < to && unicode.IsLower(s.runes[j]) {
		return false
	}
	return s.runes[i] != '.' || !s.abbreviated(i)
}

// abbreviated reports whether the point at i belongs to a word like e.g.
func (s *splitter) abbreviated(i int) bool {
	from := i
	for from > 0 && i-from < 8 && !unicode.IsSpace(s.runes[from-1]) && s.runes[from-1] != '(' {
		from--
	}
	switch strings.ToLower(string(s.runes[from:i])) {
	case "e.g", "i.e", "eg", "ie", "etc", "vs", "cf", "approx", "mr", "mrs", "ms", "dr", "st", "resp":
		return true
	default:
		return false
	}
}

// longest is how many characters are read together. No sentence is as long; a
// text without any full stop would take time by the square of its length.
const longest = 1500

// add makes a sentence of the characters from start to end, if any are left.
func (s *splitter) add(start, end int) {
	for end-start > longest {
		cut := start + longest
		for cut > start+longest/2 && !unicode.IsSpace(s.runes[cut]) {
			cut--
		}
		s.addShort(start, cut)
		start = cut
	}
	s.addShort(start, end)
}

func (s *splitter) addShort(start, end int) {
	if m := stamp.FindString(string(s.runes[start:end])); m != "" {
		start += utf8.RuneCountInString(m)
	}
	for len(s.names) > 0 && s.names[0][1] <= start {
		s.names = s.names[1:]
	}
	n := max(end-start, 0) + len(nameToken)
	out := sentence{section: s.section, from: make([]int, 0, n), to: make([]int, 0, n)}
	var b strings.Builder
	b.Grow(n)
	write := func(w string, from, to int) {
		b.WriteString(w)
		for range len(w) {
			out.from, out.to = append(out.from, from), append(out.to, to)
		}
	}
	space := true
	for i := start; i < end; i++ {
		if len(s.names) > 0 && s.names[0][0] <= i {
			to := s.names[0][1]
			s.names = s.names[1:]
			write(nameToken, i, min(to, end))
			i, space = to-1, false
			continue
		}
		r := s.runes[i]
		if unicode.IsSpace(r) || r == '_' && s.edge(i) {
			if !space {
				write(" ", i, i+1)
			}
			space = true
			continue
		}
		write(string(r), i, i+1)
		space = false
	}
	if out.text = b.String(); strings.TrimSpace(out.text) != "" {
		s.out = append(s.out, out)
	}
}

// edge reports whether the underscore at i stands for emphasis: at the edge of
// a word, not inside a name such as max_size.
func (s *splitter) edge(i int) bool {
	before := i > 0 && names.WordRune(s.runes[i-1])
	after := i+1 < len(s.runes) && names.WordRune(s.runes[i+1])
	return before != after
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
