package rotation

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/pattern"
)

// The library names the line on which the block around a mistake began, counted
// from 0 or from 1, or no line at all. So the line is looked for here: it is the
// last one of the shortest beginning of the file that cannot be read, with whatever
// is open there closed.

// yamlProblem is what is wrong with a file that the library refuses.
func yamlProblem(file string, data []byte, err error) Problem {
	p := Problem{File: file, Entry: "YAML", Message: "cannot be read: " + yamlLine.ReplaceAllString(err.Error(), "")}
	lines := splitLines(data)
	states := scanLines(lines)
	k := sort.Search(len(lines), func(k int) bool {
		return readable(bytes.Join(lines[:k+1], nil), states[k+1].closers()) != nil
	})
	if k < len(lines) {
		err = readable(bytes.Join(lines[:k+1], nil), states[k+1].closers())
		p.Message = "cannot be read: " + yamlLine.ReplaceAllString(err.Error(), "")
	}
	p.Line, p.Message, p.Hint = explain(lines, states, k, p.Message)
	if n := p.Line - 1; n >= 0 && n < len(lines) {
		if m := bareExpression.FindSubmatch(lines[n]); m != nil {
			p.Message = "the regular expression " + quote(string(m[1])) + " has brackets or a comma, which YAML reads as its own"
			p.Hint = "put it in single quotes: '" + string(m[1]) + "'"
		}
	}
	return p
}

// bareExpression is a regular expression that cannot do without quotes.
var bareExpression = pattern.New(`:\s+(/[^/'"\s]*[\[\]{},][^/'"\s]*/)`)

var yamlLine = pattern.New(`^yaml: (line \d+: )?`)

// readable reports why text and what closes it cannot be read.
func readable(text []byte, closers string) error {
	d := yaml.NewDecoder(bytes.NewReader(append(text, closers...)))
	for {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// splitLines cuts data after each line end, of whatever system.
func splitLines(data []byte) [][]byte {
	var lines [][]byte
	for len(data) > 0 {
		i := bytes.IndexAny(data, "\r\n")
		switch {
		case i < 0:
			i = len(data) - 1
		case data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n':
			i++
		}
		lines = append(lines, data[:i+1:i+1])
		data = data[i+1:]
	}
	return lines
}

// explain says in words what is wrong with line k, counted from 0, and on which line
// the mistake is, counted from 1. With k behind the last line something was never
// closed.
func explain(lines [][]byte, states []scanned, k int, message string) (line int, what, mend string) {
	last := min(k, len(lines)-1)
	before, after, end := states[last], states[last+1], states[len(lines)]
	text := func(i int) string { return strings.TrimRight(string(lines[i]), "\r\n") }
	open := end.open
	if k < len(lines) {
		open = nil
		for _, b := range before.open {
			// What begins an entry of its own was not meant to be within brackets.
			if b.line < k && (blockEntry.MatchString(text(k)) && indent(text(k)) <= indent(text(b.line)) || end.has(b)) {
				open = append(open, b)
			}
		}
	}
	glued := -1
	for i := range last + 1 {
		if gluedDash.MatchString(text(i)) && glued < 0 {
			glued = i
		}
	}
	switch b := after.wrong; {
	case k < len(lines) && tabbed.MatchString(text(k)) && before.quote == 0:
		return k + 1, "a tab stands where blanks must be", "indent with blanks only"
	case before.quote != 0 && k < len(lines):
		return before.quoteLine + 1, "the quote " + string(before.quote) + " that opens here is not closed on its line", "close it, or check what follows it"
	case end.quote != 0 && (k == len(lines) || end.quoteLine == k):
		return end.quoteLine + 1, "the quote " + string(end.quote) + " that opens here is never closed", "close it at the end of the text"
	case b != nil && b.ch != 0:
		return b.line + 1, "the " + string(b.ch) + " that opens here is not closed by its own bracket", "add the missing " + closer(b.ch)
	case b != nil:
		return b.line + 1, "a closing bracket too many", "take it out, or add the one that opens it"
	case len(open) > 0:
		b := open[len(open)-1]
		return b.line + 1, "the " + string(b.ch) + " that opens here is not closed", "add the missing " + closer(b.ch)
	case glued >= 0:
		return glued + 1, "there is no blank after the dash", "write a blank between - and the word"
	}
	return wording(text, last, message)
}

var (
	blockEntry = pattern.New(`^\s*(- |-$|[A-Za-z_]+:( |$))`)
	tabbed     = pattern.New(`^ *\t`)
	gluedDash  = pattern.New(`^\s*-[A-Za-z_]+:(\s|$)`)
	noKey      = pattern.New(`^\s*(- +)*[^\s:#][^#:]*$`)         // words without a colon
	gluedColon = pattern.New(`^\s*(- +)*[A-Za-z_]+:[^\s/:]\S*$`) // id:ada
	oddStart   = pattern.New("(^|[:,\\[{-])\\s+[@`%*&!|>]")
)

// wording is the library's message in plain words, where it has some.
func wording(text func(int) string, k int, message string) (line int, what, mend string) {
	before := k - 1
	for before >= 0 && (strings.TrimSpace(text(before)) == "" || strings.HasPrefix(strings.TrimSpace(text(before)), "#")) {
		before--
	}
	says := func(s string) bool { return strings.Contains(message, s) }
	switch {
	case says("mapping values are not allowed") && before >= 0 && gluedColon.MatchString(text(before)):
		return before + 1, "there is no blank after the colon", "write a blank between : and the value"
	case says("mapping values are not allowed") && before >= 0 && noKey.MatchString(text(before)):
		return before + 1, "there is no colon after the key", "write KEY: VALUE, or KEY: alone above its block"
	case says("mapping values are not allowed"):
		return k + 1, "a second colon in one value, or an indentation that does not fit the line above", `put the value in quotes, or indent the line like its neighbours`
	case says("could not find expected ':'"), says("did not find expected key") && noKey.MatchString(text(k)):
		return k + 1, "there is no colon after the key", "write KEY: VALUE, or indent the line under the text that it belongs to"
	case says("unknown anchor"), says("cannot start any token"), says("anchor"), says("tag"), (says("did not find expected") || says("block scalar")) && oddStart.MatchString(text(k)):
		return k + 1, "the value begins with a sign that YAML keeps for itself", "put it in quotes"
	case says("escape"):
		return k + 1, `a \ within double quotes stands before a letter that it does not go with`, `write \\, or use single quotes`
	case says("UTF-8"), says("UTF-16"):
		return k + 1, "a character is not written in UTF-8", "save the file as UTF-8"
	case says("control characters"):
		return k + 1, "there is a control character, which cannot be seen", "take it out"
	case says("',' or"):
		return k + 1, "a comma or a closing bracket is missing", "write a comma between two entries"
	case says("did not find expected"):
		return k + 1, "the indentation does not fit the lines above, or something follows a value that is complete", "indent the line like its neighbours, or put the whole value in quotes"
	}
	return k + 1, message, "check the indentation, the quotes and the brackets here"
}

func closer(open byte) string {
	switch open {
	case '[':
		return "]"
	case '{':
		return "}"
	}
	return ""
}

func indent(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// bracket is one that is open; ch is 0 for one that closes nothing.
type bracket struct {
	ch   byte
	line int
}

// scanned is what is open between two lines.
type scanned struct {
	open      []bracket
	quote     byte // or 0
	quoteLine int
	text      int      // within a text introduced by | or >: the indentation of its key; otherwise -1
	sep       bool     // in brackets: a value may begin
	wrong     *bracket // the first bracket that was closed by another's; or 0 for none to close
}

func (s *scanned) has(b bracket) bool {
	for _, x := range s.open {
		if x == b {
			return true
		}
	}
	return false
}

// closers is what would close everything that is open.
func (s *scanned) closers() string {
	if s.quote == 0 && len(s.open) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteByte('\n')
	if s.quote != 0 {
		out.WriteByte(s.quote)
	}
	for _, b := range slices.Backward(s.open) {
		out.WriteString(closer(b.ch))
	}
	return out.String()
}

// scanLines is what is open before each line, and at the end.
func scanLines(lines [][]byte) []scanned {
	s := scanned{text: -1}
	states := []scanned{s}
	for i, l := range lines {
		s.open = append([]bracket(nil), s.open...)
		s.line(i, strings.TrimPrefix(strings.TrimRight(string(l), "\r\n"), "\ufeff"))
		states = append(states, s)
	}
	return states
}

// line reads one line.
func (s *scanned) line(n int, l string) {
	i := indent(l)
	if s.text >= 0 {
		if strings.TrimSpace(l) == "" || i > s.text {
			return
		}
		s.text = -1
	}
	switch {
	case s.quote != 0:
		i = s.quoted(l, 0)
	case len(s.open) == 0:
		i = s.value(n, l)
	}
	if i >= 0 && len(s.open) > 0 {
		s.flow(n, l, i)
	}
}

var (
	dashes   = pattern.New(`^\s*(?:[-?] +)*`)
	plainKey = pattern.New(`^[^\s'"\[\]{}#][^#]*?:\s+`)
	marks    = pattern.New(`^(?:[&!]\S*\s+)*`)
	textMark = pattern.New(`^[|>][-+0-9]*\s*(#.*)?$`)
)

// value reads a line outside of brackets and quotes, and returns where brackets that
// it opens begin, or -1.
func (s *scanned) value(n int, l string) int {
	at := len(dashes.FindString(l))
	key := at
	at += len(plainKey.FindString(l[at:]))
	at += len(marks.FindString(l[at:]))
	if at >= len(l) {
		return -1
	}
	switch {
	case textMark.MatchString(l[at:]):
		s.text = key
		if at == key {
			s.text = indent(l)
		}
	case l[at] == '"' || l[at] == '\'':
		s.quote, s.quoteLine = l[at], n
		after := s.quoted(l, at+1)
		if after < 0 || !strings.HasPrefix(strings.TrimSpace(l[after:]), ":") {
			return -1
		}
		after += strings.Index(l[after:], ":") + 1
		return s.value(n, strings.Repeat(" ", after)+l[after:])
	case l[at] == '[' || l[at] == '{':
		s.sep = true
		s.open = append(s.open, bracket{l[at], n})
		return at + 1
	}
	return -1
}

// quoted reads on within quotes and returns the position after them, or -1 where
// they go on in the next line.
func (s *scanned) quoted(l string, i int) int {
	for ; i < len(l); i++ {
		switch {
		case l[i] == '\\' && s.quote == '"':
			i++
		case l[i] == s.quote && s.quote == '\'' && i+1 < len(l) && l[i+1] == '\'':
			i++
		case l[i] == s.quote:
			s.quote, s.sep = 0, false
			return i + 1
		}
	}
	return -1
}

// flow reads on within brackets.
func (s *scanned) flow(n int, l string, i int) {
	for i < len(l) && len(s.open) > 0 {
		c := l[i]
		switch {
		case (c == '"' || c == '\'') && s.sep:
			s.quote, s.quoteLine = c, n
			if i = s.quoted(l, i+1); i < 0 {
				return
			}
			continue
		case c == '#' && (i == 0 || l[i-1] == ' '):
			return
		case c == '[' || c == '{':
			s.open, s.sep = append(s.open, bracket{c, n}), true
		case c == ']' || c == '}':
			top := s.open[len(s.open)-1]
			if closer(top.ch) != string(c) && s.wrong == nil {
				s.wrong = &top
			}
			s.open, s.sep = s.open[:len(s.open)-1], false
		case c == ',' || c == ':':
			s.sep = true
		case c != ' ' && c != '\t':
			s.sep = false
		}
		i++
	}
	if rest := strings.TrimSpace(l[min(i, len(l)):]); len(s.open) == 0 && s.wrong == nil && (strings.HasPrefix(rest, "]") || strings.HasPrefix(rest, "}")) {
		s.wrong = &bracket{line: n}
	}
}
