package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// reading is an export that is being read: what its files hold, on shelves, and what is
// wrong with them.
type reading struct {
	system  *system
	shelves map[string]*shelf
	pages   []page
	unknown []string // files that hold nothing of the system
	refused Refusals
}

// document is one JSON value of a file.
type document struct {
	file  string
	value any
}

// object returns the document where it is a block of keys, else nil.
func (d *document) object() map[string]any {
	m, _ := d.value.(map[string]any)
	return m
}

// stem is the file's name without its folder and its extension.
func (d *document) stem() string { return stem(d.file) }

func stem(file string) string {
	name := path.Base(strings.ReplaceAll(file, `\`, "/"))
	return strings.TrimSuffix(name, path.Ext(name))
}

func newReading(s *system) *reading {
	return &reading{system: s, shelves: map[string]*shelf{}}
}

// file reads one file: usually one JSON value, several where somebody put answers
// behind each other.
func (r *reading) file(f File) {
	if f.Refused != nil {
		r.refused = append(r.refused, *f.Refused)
		return
	}
	if len(f.Data) > MaxFile {
		r.refuse(f.Name, fmt.Sprintf("%d MiB", len(f.Data)>>20), "split it")
		return
	}
	if isCalendar(f) {
		r.refuse(f.Name, "looks like "+calendars, "say: stormbell import "+calendars+" …")
		return
	}
	data := bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf"))
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for n := 0; ; n++ {
		var value any
		err := d.Decode(&value)
		if errors.Is(err, io.EOF) && n > 0 {
			return
		}
		if err != nil {
			r.refuse(f.Name, notJSON(data, err), "export it again")
			return
		}
		r.document(&document{f.Name, value})
	}
}

// notJSON says where and why a file cannot be read.
func notJSON(data []byte, err error) string {
	at, what := int64(len(data)), "unexpected end"
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		what = "there is nothing in it"
	case errors.As(err, &syntax) && syntax.Error() != "unexpected end of JSON input":
		at, what = syntax.Offset, syntax.Error()
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && syntax == nil:
		at, what = 0, err.Error()
	}
	text := bytes.TrimRight(data[:max(0, min(at, int64(len(data))))], "\r\n")
	return fmt.Sprintf("line %d: not JSON: %s", 1+bytes.Count(text, []byte("\n")), what)
}

// document puts one document on the shelves, or says why it cannot.
func (r *reading) document(d *document) {
	if code, ok := errorAnswer(d.object()); ok {
		r.refuse(d.file, "the answer is an error"+code+", not data", "export it again with a key that may read "+readable(d.stem()))
		return
	}
	if r.system.take(r, d) {
		return
	}
	if answers, ok := d.value.([]any); ok && slices.ContainsFunc(answers, r.knows(d.file)) { // several, as one list
		for _, a := range answers {
			r.document(&document{d.file, a})
		}
		return
	}
	if other, sign := whose(d.value, r.system); other != nil {
		r.refuse(d.file, "looks like "+other.name+" ("+sign+")", "say: stormbell import "+other.name+" …")
		return
	}
	if !slices.Contains(r.unknown, d.file) {
		r.unknown = append(r.unknown, d.file)
	}
}

// knows tells whether a value is an answer of the system, or an error in its place.
func (r *reading) knows(file string) func(any) bool {
	return func(v any) bool {
		d := &document{file, v}
		_, failed := errorAnswer(d.object())
		return failed || d.object() != nil && r.system.take(newReading(r.system), d)
	}
}

// readable is what a key may have to read: the word that a file is called by.
func readable(stem string) string {
	if word := strings.TrimRight(stem, "0123456789-_"); word != "" && len(word) <= 30 && slug(word) == strings.ToLower(strings.ReplaceAll(word, "_", "-")) {
		return strings.ReplaceAll(word, "_", " ")
	}
	return "it"
}

// errorAnswer reports whether an answer is an error that was saved as if it were data,
// with its code in brackets where it says one.
func errorAnswer(m map[string]any) (code string, is bool) {
	_, data := m["data"]
	data = data && m["data"] != nil
	number := m["code"]
	errs, _ := m["errors"].([]any)
	_, message := m["message"].(string)
	_, id := m["id"]
	switch e := m["error"].(type) {
	case map[string]any:
		number, is = e["code"], !data
	case string:
		is = !data && !id
	}
	switch {
	case is:
	case len(errs) > 0 && !id:
		is = true
	case message && !data && !id && len(m) <= 6:
		is = true
	default:
		_, detail := m["detail"].(string)
		is = detail && len(m) == 1
	}
	if n, ok := number.(json.Number); ok && is {
		code = " (" + clean(n.String()) + ")"
	}
	return code, is
}

// whose finds the system other than one's own that a value is of, and the key that
// shows it.
func whose(v any, own *system) (*system, string) {
	keys := map[string]bool{}
	collectKeys(v, keys, 6)
	for _, name := range Systems() {
		s := systems[name]
		for _, sign := range s.signs {
			if s != own && keys[sign] {
				return s, sign
			}
		}
	}
	return nil, ""
}

// collectKeys adds the keys of a value, those of the first few of a list.
func collectKeys(v any, keys map[string]bool, depth int) {
	if depth == 0 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			keys[k] = true
			collectKeys(x, keys, depth-1)
		}
	case []any:
		for _, x := range v[:min(len(v), 5)] {
			collectKeys(x, keys, depth-1)
		}
	}
}
