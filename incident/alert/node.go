package alert

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

type kind string

const (
	isNull   kind = "null"
	isString kind = "a string"
	isNumber kind = "a number"
	isBool   kind = "true or false"
	isList   kind = "a list"
	isObject kind = "an object"
)

// node is a value of a body that [scan] has found to be JSON: the bytes of it,
// still as they were sent. Nothing is copied before it is asked for, so that a
// body costs what is taken from it and not what is in it. An absent value is nil
// and the same as null.
type node []byte

func (n node) kind() kind {
	if len(n) == 0 {
		return isNull
	}
	switch n[0] {
	case '{':
		return isObject
	case '[':
		return isList
	case '"':
		return isString
	case 't', 'f':
		return isBool
	case 'n':
		return isNull
	default:
		return isNumber
	}
}

// skip returns where the value that begins at i ends.
func skip(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipText(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
			continue
		default:
			for i < len(b) && b[i] > ' ' && b[i] != ',' && b[i] != '}' && b[i] != ']' {
				i++
			}
		}
		if depth <= 0 {
			return i
		}
	}
	return i
}

// skipText returns where the string that begins at i ends.
func skipText(b []byte, i int) int {
	for i++; ; {
		at := bytes.IndexByte(b[i:], '"')
		if at < 0 {
			return len(b)
		}
		i += at + 1
		back := i - 2
		for b[back] == '\\' {
			back--
		}
		if (i-2-back)%2 == 0 {
			return i
		}
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && blank(b[i]) {
		i++
	}
	return i
}

// each calls f with the fields of an object in their order, until it returns
// false. The names are nodes, too. Of anything else there are none.
func (n node) each(f func(name, value node) bool) {
	if n.kind() != isObject {
		return
	}
	for i := 1; ; {
		name, value, next := n.field(i)
		if name == nil || !f(name, value) {
			return
		}
		i = next
	}
}

// field returns the field that begins at i or after white space and a comma, nil
// at the end, and where to go on.
func (n node) field(i int) (name, value node, next int) {
	for i < len(n) && (blank(n[i]) || n[i] == ',') {
		i++
	}
	if i >= len(n) || n[i] != '"' {
		return nil, nil, len(n)
	}
	end := skipText(n, i)
	at := skipSpace(n, end)
	at = skipSpace(n, at+1)
	next = skip(n, at)
	return n[i:end], n[at:next], next
}

// items calls f with the elements of a list, until it returns false. Of anything
// else there are none.
func (n node) items(f func(at int, value node) bool) {
	if n.kind() != isList {
		return
	}
	i := 1
	for at := 0; ; at++ {
		for i < len(n) && (blank(n[i]) || n[i] == ',') {
			i++
		}
		if i >= len(n)-1 {
			return
		}
		end := skip(n, i)
		if !f(at, n[i:end]) {
			return
		}
		i = end
	}
}

// get returns a field of an object, null where there is none; of several with
// that name the last.
func (n node) get(name string) node {
	var found node
	n.each(func(k, v node) bool {
		if k.is(name) {
			found = v
		}
		return true
	})
	return found
}

// at goes down several objects.
func (n node) at(path ...string) node {
	for _, name := range path {
		n = n.get(name)
	}
	return n
}

// first returns the first element of a list.
func (n node) first() node {
	var found node
	n.items(func(_ int, v node) bool {
		found = v
		return false
	})
	return found
}

// is reports whether a string is s.
func (n node) is(s string) bool {
	if len(n) < 2 || n[0] != '"' {
		return false
	}
	in := n[1 : len(n)-1]
	if string(in) == s {
		return true
	}
	return bytes.IndexByte(in, '\\') >= 0 && n.text() == s
}

// text returns a string as it is meant, a number and a bool as they are written,
// and of null, objects and lists nothing. It is valid UTF-8.
func (n node) text() string {
	switch n.kind() {
	case isString:
		return unquote(n[1 : len(n)-1])
	case isNumber, isBool:
		return string(n)
	default:
		return ""
	}
}

// flat returns a value as the text of a detail. Objects and lists are compact
// JSON, of which no more than about most bytes are made.
func (n node) flat(most int) string {
	switch n.kind() {
	case isNull:
		return ""
	case isObject, isList:
		return n.compact(most)
	default:
		return n.text()
	}
}

// compact returns JSON without the white space between its parts.
func (n node) compact(most int) string {
	var b strings.Builder
	b.Grow(min(len(n), most+utf8.UTFMax))
	for i := 0; i < len(n) && b.Len() < most; {
		switch c := n[i]; {
		case c == '"':
			end := skipText(n, i)
			writeText(&b, n[i:end], most-b.Len())
			i = end
		case blank(c):
			i++
		default:
			b.WriteByte(c)
			i++
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// writeText writes a string in its quotes, with what people read in it as they
// read it: only what a string must escape stays escaped.
func writeText(b *strings.Builder, n node, most int) {
	if bytes.IndexByte(n, '\\') < 0 {
		b.Write(n[:min(len(n), most)])
		return
	}
	s := unquote(n[1 : len(n)-1])
	b.WriteByte('"')
	for i := 0; i < len(s) && i < most; i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ':
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// unquote returns what is meant by the inside of a string.
func unquote(in []byte) string {
	if bytes.IndexByte(in, '\\') < 0 {
		return strings.ToValidUTF8(string(in), "\uFFFD")
	}
	var b strings.Builder
	b.Grow(len(in))
	for i := 0; i < len(in); {
		if in[i] != '\\' || i+1 == len(in) {
			b.WriteByte(in[i])
			i++
			continue
		}
		i += unescape(&b, in[i:])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// escapes are the letters after a backslash that stand for another character.
var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '"': '"', '\\': '\\', '/': '/'}

// unescape writes what the escape at the start of in stands for and returns how
// many bytes it has. One without a meaning stands for itself.
func unescape(b *strings.Builder, in []byte) int {
	if c, ok := escapes[in[1]]; ok {
		b.WriteByte(c)
		return 2
	}
	r, ok := hex4(in)
	if !ok {
		b.WriteByte(in[0])
		b.WriteByte(in[1])
		return 2
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(in[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				b.WriteRune(both)
				return 12
			}
		}
		r = utf8.RuneError
	}
	b.WriteRune(r)
	return 6
}

// hex4 reads \uXXXX.
func hex4(in []byte) (rune, bool) {
	if len(in) < 6 || in[0] != '\\' || in[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(in[2:6]), 16, 32)
	return rune(n), err == nil
}

// object is an object whose fields are asked for one by one: where the first of
// them lie is found once. Those beyond are looked for each time, so that an
// object with ever so many fields costs no memory.
type object struct {
	n    node
	span [32]struct{ name, nameEnd, value, valueEnd uint32 }
	many int // of span
	rest int // where the fields that are not in span begin; 0: there are none
}

// open sets o to an object; anything else has no fields.
func (o *object) open(n node) {
	o.n, o.many, o.rest = n, 0, 0
	if n.kind() != isObject {
		o.n = nil
		return
	}
	for i := 1; ; {
		name, value, next := n.field(i)
		if name == nil {
			return
		}
		if o.many == len(o.span) {
			o.rest = i
			return
		}
		end := next - len(value)
		for n[i] != '"' {
			i++
		}
		p := &o.span[o.many]
		p.name, p.nameEnd, p.value, p.valueEnd = uint32(i), uint32(i+len(name)), uint32(end), uint32(next)
		o.many++
		i = next
	}
}

// get returns a field, null where there is none; of several the last.
func (o *object) get(name string) node {
	if o.rest > 0 {
		var found node
		for i := o.rest; ; {
			k, v, next := o.n.field(i)
			if k == nil {
				break
			}
			if k.is(name) {
				found = v
			}
			i = next
		}
		if found != nil {
			return found
		}
	}
	for i := o.many - 1; i >= 0; i-- {
		p := &o.span[i]
		if o.n[p.name:p.nameEnd].is(name) {
			return o.n[p.value:p.valueEnd]
		}
	}
	return nil
}

// others returns the first of the names, at most five, that are not among the known ones.
func (o *object) others(known []string) []string {
	var names []string
	for i := 0; i < o.many && len(names) < 5; i++ {
		name := o.n[o.span[i].name:o.span[i].nameEnd]
		if !slices.ContainsFunc(known, name.is) {
			names = append(names, name.text())
		}
	}
	return names
}

// twice returns the names that the object has more than once, at most ten of
// those that stand at its beginning.
func (o *object) twice() []string {
	var names []string
	for i := 1; i < o.many && len(names) < 10; i++ {
		name := o.n[o.span[i].name:o.span[i].nameEnd].text()
		for j := range i {
			if o.n[o.span[j].name:o.span[j].nameEnd].is(name) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}
