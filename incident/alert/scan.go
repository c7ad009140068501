package alert

import (
	"bytes"
	"unicode/utf8"
)

// What was put up with in a body that is nearly JSON.
const (
	looseUTF8    = 1 << iota // bytes that are no UTF-8
	looseControl             // a line break or the like in the middle of a string
	looseEscape              // a backslash before a letter that has no meaning
)

// looseNotes are the words for it.
var looseNotes = []struct {
	bit  uint8
	note string
}{
	{looseUTF8, "The body is not valid UTF-8; what could not be read is shown as \uFFFD."},
	{looseControl, "The body is not quite JSON: a text in it has line breaks or tabs that should be written as \\n and \\t; it was read all the same."},
	{looseEscape, "The body is not quite JSON: a text in it has a backslash before a letter where none belongs; it was read all the same."},
}

// scanner checks once that a body is JSON, so that everything else may skip
// through it without looking. It keeps one bit for each level of nesting and
// nothing else, so no body is too deep or too large for it. It is strict about
// the shape and lenient about the text in strings: scripts paste it in as it is,
// and an alert is more than its quoting.
type scanner struct {
	b     []byte
	i     int
	lists []uint64 // a bit for each open level: 1 where it is a list
	depth int
	loose uint8
}

// scan returns where the value of the body begins and ends. The error is a
// [Problems].
func scan(b []byte) (begin, end int, loose uint8, err error) {
	s := scanner{b: b}
	s.space()
	begin = s.i
	if begin == len(b) {
		return 0, 0, 0, refuse("body", "is empty; a JSON object is expected")
	}
	if why := s.value(); why != "" {
		if s.i >= len(b) {
			why = "it ends in the middle"
		}
		return 0, 0, 0, refuse("body", "is not JSON: %s, at %s", why, position(b, s.i))
	}
	end = s.i
	s.space()
	if s.i < len(b) {
		return 0, 0, 0, refuse("body", "has more after its end, at %s", position(b, s.i))
	}
	return begin, end, s.loose, nil
}

func (s *scanner) space() {
	for s.i < len(s.b) && blank(s.b[s.i]) {
		s.i++
	}
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// peek returns the next byte that is no white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// value reads one value with everything in it. It returns what is wrong, or "".
func (s *scanner) value() (why string) {
	for {
		opened, why := s.begin()
		if why != "" {
			return why
		}
		for !opened {
			if s.depth == 0 {
				return ""
			}
			closed, why := s.next()
			if why != "" {
				return why
			}
			if !closed {
				break // another value follows
			}
		}
	}
}

// begin reads a value that is no object or list, or opens one of those; opened
// says that a first value in it follows.
func (s *scanner) begin() (opened bool, why string) {
	switch c := s.peek(); {
	case c == '{':
		s.open(0)
		if s.peek() == '}' {
			s.close()
			return false, ""
		}
		return true, s.name()
	case c == '[':
		s.open(1)
		if s.peek() == ']' {
			s.close()
			return false, ""
		}
		return true, ""
	case c == '"':
		return false, s.text()
	case c == '-' || '0' <= c && c <= '9':
		return false, s.number()
	default:
		return false, s.literal()
	}
}

// next reads what follows a value in an object or a list: its end, or a comma
// and, in an object, the name of the next.
func (s *scanner) next() (closed bool, why string) {
	list := s.list()
	switch c := s.peek(); {
	case c == ',':
		s.i++
		if list {
			return false, ""
		}
		s.peek()
		return false, s.name()
	case c == ']' && list, c == '}' && !list:
		s.close()
		return true, ""
	case list:
		return false, "a comma or ] was expected"
	default:
		return false, "a comma or } was expected"
	}
}

func (s *scanner) name() string {
	if s.peek() != '"' {
		return "the name of a field, in double quotes, was expected"
	}
	if why := s.text(); why != "" {
		return why
	}
	if s.peek() != ':' {
		return "a colon was expected"
	}
	s.i++
	return ""
}

func (s *scanner) open(list uint64) {
	word, bit := s.depth/64, s.depth%64
	if word == len(s.lists) {
		s.lists = append(s.lists, 0)
	}
	s.lists[word] = s.lists[word]&^(1<<bit) | list<<bit
	s.depth++
	s.i++
}

func (s *scanner) close() {
	s.depth--
	s.i++
}

func (s *scanner) list() bool {
	d := s.depth - 1
	return s.lists[d/64]>>(d%64)&1 == 1
}

// text reads a string.
func (s *scanner) text() string {
	s.i++
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return ""
		case c == '\\':
			if s.i+1 < len(s.b) && bytes.IndexByte([]byte(`"\/bfnrtu`), s.b[s.i+1]) < 0 {
				s.loose |= looseEscape
			}
			s.i += 2
		case c < ' ':
			s.loose |= looseControl
			s.i++
		case c < utf8.RuneSelf:
			s.i++
		default:
			r, size := utf8.DecodeRune(s.b[s.i:])
			if r == utf8.RuneError && size == 1 {
				s.loose |= looseUTF8
			}
			s.i += size
		}
	}
	s.i = len(s.b)
	return "it ends in the middle"
}

// number reads a number as RFC 8259 writes it.
func (s *scanner) number() string {
	if s.b[s.i] == '-' {
		s.i++
	}
	whole := s.i
	if !s.digits() {
		return "a digit was expected"
	}
	if s.b[whole] == '0' && s.i > whole+1 {
		s.i = whole
		return "a number cannot begin with 0"
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		if s.i++; !s.digits() {
			return "a digit was expected"
		}
	}
	if s.i < len(s.b) && (s.b[s.i] == 'e' || s.b[s.i] == 'E') {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return "a digit was expected"
		}
	}
	return ""
}

func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > from
}

func (s *scanner) literal() string {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.b[s.i:], []byte(word)) {
			s.i += len(word)
			return ""
		}
	}
	return "a value was expected (a text in double quotes, a number, true, false, null, an object or a list)"
}
