package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep objects and lists in a body may be nested.
const MaxDepth = 32

// value is a JSON value whose fields keep their order.
type value struct {
	kind   kind
	text   string // of a string; of a number as written; of a bool
	list   []value
	fields []field
}

type field struct {
	name string
	value
}

// read parses a body that must be one JSON object. A name that an object has
// twice keeps its last value; twice lists such names.
func read(body []byte) (obj value, twice []string, err error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	if len(bytes.TrimSpace(body)) == 0 {
		return value{}, nil, refuse("body", "is empty; a JSON object is expected")
	}
	if at := invalid(body); at >= 0 {
		return value{}, nil, refuse("body", "is not valid UTF-8 at %s", position(body, at))
	}
	if err := syntax(body); err != nil {
		return value{}, nil, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	r := oldReader{d: d}
	obj, err = r.value("body", 1)
	if err != nil {
		return value{}, nil, err
	}
	if obj.kind != isObject {
		return value{}, nil, refuse("body", "is %s; a JSON object is expected", obj.kind)
	}
	return obj, r.twice, nil
}

// invalid returns the offset of the first byte that is not UTF-8, or -1.
func invalid(body []byte) int {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// syntax refuses what is no JSON, with the place of the first mistake.
func syntax(body []byte) error {
	var raw json.RawMessage
	err := json.Unmarshal(body, &raw)
	var s *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &s):
		return refuse("body", "is not JSON: %v", err)
	case strings.HasSuffix(s.Error(), "after top-level value"):
		return refuse("body", "has more after the end of the object, at %s", position(body, int(s.Offset)-1))
	default:
		return refuse("body", "is not JSON: %v, at %s", s, position(body, int(s.Offset)-1))
	}
}

// reader turns the tokens of a body that is valid JSON into a value.
type oldReader struct {
	d     *json.Decoder
	twice []string
}

func (r *oldReader) value(path string, depth int) (value, error) {
	if depth > MaxDepth {
		return value{}, refuse(path, "is nested deeper than %d levels", MaxDepth)
	}
	t, err := r.d.Token()
	if err != nil && err != io.EOF {
		return value{}, refuse(path, "is not JSON: %v", err)
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return r.items(path, depth)
		}
		return r.object(path, depth)
	case string:
		return value{kind: isString, text: t}, nil
	case json.Number:
		return value{kind: isNumber, text: t.String()}, nil
	case bool:
		return value{kind: isBool, text: strconv.FormatBool(t)}, nil
	default:
		return value{kind: isNull}, nil
	}
}

func (r *oldReader) items(path string, depth int) (value, error) {
	v := value{kind: isList}
	for r.d.More() {
		e, err := r.value(fmt.Sprintf("%s[%d]", path, len(v.list)), depth+1)
		if err != nil {
			return value{}, err
		}
		v.list = append(v.list, e)
	}
	_, err := r.d.Token()
	return v, err
}

func (r *oldReader) object(path string, depth int) (value, error) {
	v := value{kind: isObject}
	at := map[string]int{}
	for r.d.More() {
		t, err := r.d.Token()
		if err != nil {
			return value{}, err
		}
		name, _ := t.(string)
		e, err := r.value(join(path, name), depth+1)
		if err != nil {
			return value{}, err
		}
		if n, dup := at[name]; dup {
			v.fields[n].value = e
			if full := join(path, name); !slices.Contains(r.twice, full) && len(r.twice) < 10 {
				r.twice = append(r.twice, full)
			}
			continue
		}
		at[name] = len(v.fields)
		v.fields = append(v.fields, field{name, e})
	}
	_, err := r.d.Token()
	return v, err
}

func join(path, name string) string {
	name = cut(line(name), 60)
	if path == "body" {
		return name
	}
	return path + "." + name
}

// get returns the field of an object, or a null value.
func (v value) get(name string) value {
	for _, f := range v.fields {
		if f.name == name {
			return f.value
		}
	}
	return value{kind: isNull}
}

// flat returns a value as the text of a detail: nested ones as compact JSON.
func (v value) flat() string {
	switch v.kind {
	case isString, isNumber, isBool:
		return v.text
	case isNull:
		return ""
	default:
		var b strings.Builder
		v.write(&b)
		return b.String()
	}
}

func (v value) write(b *strings.Builder) {
	switch v.kind {
	case isNull:
		b.WriteString("null")
	case isString:
		b.WriteString(quote(v.text))
	case isNumber, isBool:
		b.WriteString(v.text)
	case isList:
		b.WriteByte('[')
		for n, e := range v.list {
			comma(b, n)
			e.write(b)
		}
		b.WriteByte(']')
	case isObject:
		b.WriteByte('{')
		for n, f := range v.fields {
			comma(b, n)
			b.WriteString(quote(f.name) + ":")
			f.write(b)
		}
		b.WriteByte('}')
	}
}

func comma(b *strings.Builder, n int) {
	if n > 0 {
		b.WriteByte(',')
	}
}

// quote writes a JSON string and leaves <, > and & as they are: whoever shows
// the text escapes it.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// form reads the fields of a body and collects what is wrong with them.
type form struct {
	problems Problems
}

// text returns a string field. Absent and null are the empty string; anything
// else is a problem.
func (f *form) text(v value, path, name string) string {
	e := v.get(name)
	if e.kind != isString && e.kind != isNull {
		f.wrong(join(path, name), e, "a string")
	}
	if e.kind != isString {
		return ""
	}
	return e.text
}

// word is text that senders also write as a number.
func (f *form) word(v value, path, name string) string {
	if e := v.get(name); e.kind == isNumber {
		return e.text
	}
	return f.text(v, path, name)
}

// object returns a field that is an object; absent and null are an empty one.
func (f *form) object(v value, path, name string) value {
	e := v.get(name)
	if e.kind != isObject && e.kind != isNull {
		f.wrong(join(path, name), e, "an object")
		return value{kind: isNull}
	}
	return e
}

// items returns a field that is a list; absent and null are an empty one.
func (f *form) items(v value, path, name string) []value {
	e := v.get(name)
	if e.kind != isList && e.kind != isNull {
		f.wrong(join(path, name), e, "a list")
	}
	return e.list
}

func (f *form) wrong(field string, got value, want string) {
	f.add(field, fmt.Sprintf("must be %s, not %s", want, got.kind))
}

func (f *form) add(field, reason string) {
	f.problems = append(f.problems, Problem{field, reason})
}

// has reports whether there is a problem with the field already.
func (f *form) has(name string) bool {
	return slices.ContainsFunc(f.problems, func(p Problem) bool { return p.Field == name })
}

// err returns the problems, or nil when there are none.
func (f *form) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return f.problems
}
