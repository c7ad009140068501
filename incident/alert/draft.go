package alert

import (
	"cmp"
	"fmt"
	"strings"

	"unicode/utf8"
)

// doc is a body that is being read.
type doc struct {
	node // the object that it is

	nonce  string
	source string
	words  map[string]string // short texts that were taken already, so that a group's are kept once
	room   int               // bytes that labels, details and links may still take
	notes  []string          // on the whole of it
}

// maxWords is how many texts of a body are kept once, and maxWord how long they are.
const (
	maxWords = 512
	maxWord  = 64
)

// open checks a body, which must be one object. The error is a [Problems].
func open(body []byte, source string) (*doc, error) {
	n, notes, err := checked(body)
	if err != nil {
		return nil, err
	}
	if n.kind() != isObject {
		return nil, refuse("body", "is %s; a JSON object is expected", n.kind())
	}
	return newDoc(n, notes, source), nil
}

// newDoc returns the document of a value that was checked.
func newDoc(n node, notes []string, source string) *doc {
	return &doc{node: n, source: source, words: map[string]string{}, room: 512<<10 + 2*len(n), notes: notes}
}

// checked checks a body and says what was put up with in it.
func checked(body []byte) (n node, notes []string, err error) {
	body = trimBOM(body)
	begin, end, loose, err := scan(body)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range looseNotes {
		if loose&l.bit != 0 {
			notes = append(notes, l.note)
		}
	}
	return node(body[begin:end]), notes, nil
}

func trimBOM(body []byte) []byte {
	if len(body) >= 3 && string(body[:3]) == "\xEF\xBB\xBF" {
		return body[3:]
	}
	return body
}

// take reports whether there is room for a text of so many bytes, and uses it.
func (d *doc) take(bytes int) bool {
	bytes += 96 // what it costs to keep any text
	if d.room < bytes {
		return false
	}
	d.room -= bytes
	return true
}

// word returns a text, the same one for the same bytes.
func (d *doc) word(n node) string {
	if len(n) > maxWord {
		return n.text()
	}
	if s, ok := d.words[string(n)]; ok {
		return s
	}
	s := n.text()
	if len(d.words) < maxWords {
		d.words[string(n)] = s
	}
	return s
}

func (d *doc) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// draft is an alert in the making.
type draft struct {
	Alert
	d    *doc
	left int // labels, details and links that had no room
}

func (d *doc) draft() *draft {
	return &draft{d: d, Alert: Alert{Source: d.source, Status: Firing}}
}

// note adds something that a person should know about how the alert was read.
func (a *draft) note(s string) {
	if len(a.Notes) < 20 {
		a.Notes = append(a.Notes, s)
	}
}

// wrong notes a field of another type than it should have.
func (a *draft) wrong(field string, got node, want string) {
	a.note(fmt.Sprintf("%s is %s, not %s; it was read as far as it goes.", field, got.kind(), want))
}

// label adds what the sender says under a name: a label if it is a short text, a
// number or a bool, otherwise a detail.
func (a *draft) label(name string, v node) {
	switch v.kind() {
	case isNull:
	case isObject, isList:
		a.detail(name, v.flat(4*MaxValue))
	default:
		a.set(name, a.d.word(v))
	}
}

// set is label for a text.
func (a *draft) set(name, value string) {
	if len(value) > MaxTitle || strings.ContainsAny(value, "\n\r") {
		a.detail(name, value)
		return
	}
	if value = line(value); value != "" && a.room(name, value) {
		if a.Labels == nil {
			a.Labels = make([]KV, 0, 8)
		}
		a.Labels = append(a.Labels, KV{Key: cut(line(name), MaxKey), Value: value})
	}
}

// labels adds the fields of an object as labels, each name behind a prefix.
// Anything else than an object is noted.
func (a *draft) labels(prefix, field string, n node) {
	if k := n.kind(); k != isObject && k != isNull {
		a.wrong(field, n, "an object")
		a.detail(field, n.flat(4*MaxValue))
	}
	n.each(func(k, v node) bool {
		name := a.d.word(k)
		if prefix != "" {
			name = prefix + name
		}
		a.label(name, v)
		return true
	})
}

// detail adds what else the sender says, if there is anything in it.
func (a *draft) detail(name, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	value = a.fit(clean(value), MaxValue)
	if a.room(name, value) {
		a.Details = append(a.Details, KV{Key: cut(line(name), MaxKey), Value: value})
	}
}

// room reports whether there is room for a label or detail.
func (a *draft) room(name, value string) bool {
	if len(a.Details)+len(a.Labels) >= MaxDetails || !a.d.take(min(len(name), MaxKey)+len(value)) {
		a.left++
		return false
	}
	return true
}

// tag adds what an alert is tagged with: a list of texts, or one with commas
// between them. Those of the form name:value are labels, the others one label.
func (a *draft) tag(n node) {
	var words []string
	add := func(s string) {
		s = line(s)
		if name, value, ok := strings.Cut(s, ":"); ok && name != "" && value != "" && !strings.HasPrefix(value, "//") {
			a.set(name, value)
		} else if s != "" && len(words) < MaxDetails {
			words = append(words, s)
		}
	}
	switch n.kind() {
	case isList:
		n.items(func(_ int, v node) bool {
			if v.kind() == isObject || v.kind() == isList {
				a.pair(v)
			} else {
				add(v.text())
			}
			return true
		})
	case isObject:
		a.labels("", "tags", n)
	default:
		for s := range strings.SplitSeq(n.text(), ",") {
			add(s)
		}
	}
	a.set("tags", strings.Join(words, ","))
}

// pair adds a tag that is an object of name and value, or a list of the two.
func (a *draft) pair(n node) {
	if n.kind() == isObject {
		name := cmp.Or(n.get("name").text(), cmp.Or(n.get("key").text(), n.get("tag").text()))
		a.set(name, n.get("value").text())
		return
	}
	var parts []string
	n.items(func(_ int, v node) bool {
		parts = append(parts, v.flat(MaxTitle))
		return len(parts) < 2
	})
	if len(parts) == 2 {
		a.set(parts[0], parts[1])
	}
}

// say takes a text as the alert's own summary, or as a detail where it has one.
func (a *draft) say(name, s string) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || s == a.Summary || len(s) < 2*len(a.Title)+MaxKey && line(s) == line(a.Title):
	case a.Summary == "":
		a.Summary = s
	default:
		a.detail(name, s)
	}
}

// hint adds a word that may be a service.
func (a *draft) hint(s string) {
	if s = line(s); s != "" && len(s) <= MaxKey && len(a.Hints) < 10 {
		a.Hints = append(a.Hints, s)
	}
}

// finish returns the alert with everything within its limits.
func (a *draft) finish() Alert {
	a.named(a.Summary)
	title := line(a.Title)
	if utf8.RuneCountInString(title) > MaxTitle && a.Summary == "" {
		a.Summary = title
	}
	a.Title = a.fit(title, MaxTitle)
	a.Summary = a.fit(clean(a.Summary), MaxValue)
	if a.Service == "" {
		a.Service = a.Label("service")
	}
	for n := 0; a.Service == "" && n < len(a.Labels); n++ {
		if v := a.Labels[n].Value; strings.EqualFold(a.Labels[n].Key, "service") && !strings.HasPrefix(v, "AWS ") && !strings.HasPrefix(v, "Amazon ") {
			a.Service = a.Labels[n].Value
		}
	}
	a.Service = cut(line(a.Service), MaxKey)
	a.Key = keep(a.Key)
	if a.Key == "" {
		a.Key = Fingerprint(a.Service, a.Title)
	}
	if a.left > 0 {
		a.note(fmt.Sprintf("%d more labels, details or links of this alert are left out.", a.left))
	}
	return a.Alert
}

// keep returns a key that fits, and that differs where another differs: one that
// is too long or has control characters is told apart by its fingerprint.
func keep(key string) string {
	if strings.TrimSpace(key) == "" {
		return ""
	}
	if len(key) <= MaxKey && line(key) == strings.Join(strings.Fields(key), " ") && clean(key) == key && !strings.ContainsAny(key, "\n\t") {
		return key
	}
	runes := []rune(line(key[:min(len(key), 4*MaxKey)]))
	return strings.ToValidUTF8(string(runes[:min(len(runes), MaxKey-25)]), "") + "-" + Fingerprint(key)
}

// clean drops control characters from a text of several lines.
func clean(s string) string {
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if odd(r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

func odd(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || 0x7F <= r && r < 0xA0
}
