package alert

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// readEvent reads the body of POST /v1/events:
//
//	{"dedup_key": "…", "status": "firing|resolved", "title": "…", "severity": "…",
//	 "service": "…", "details": {…}, "links": ["https://…", {"url": "…", "text": "…"}]}
//
// A title is required; a resolved event with a dedup_key needs none. Without a
// dedup_key the key is a fingerprint of service and title; without a status the
// event fires. Details may be of any type; those that are one short text, a number
// or a bool are labels. A name that occurs twice keeps its last value, with a note.
// A body that is not called JSON and does not look like it is a sentence: the title.
func readEvent(r Request) (Body, error) {
	if s, ok := plain(r); ok {
		return readSentence(s)
	}
	d, err := open(r.Body, string(SenderEvent))
	if err != nil {
		return Body{}, err
	}
	return d.event()
}

// plain returns the body where it is a sentence and no JSON.
func plain(r Request) (string, bool) {
	body := strings.TrimSpace(string(trimBOM(r.Body[:min(len(r.Body), 4*maxURL)])))
	kind, _, _ := strings.Cut(strings.ToLower(r.ContentType), ";")
	if body == "" || strings.HasSuffix(strings.TrimSpace(kind), "json") || body[0] == '{' {
		return "", false
	}
	if _, _, _, err := scan(r.Body); err == nil {
		return "", false // a list, a number: refused with what is expected
	}
	return strings.ToValidUTF8(body, "\uFFFD"), true
}

func readSentence(s string) (Body, error) {
	d := newDoc(nil, nil, string(SenderEvent))
	a := d.draft()
	first, rest, _ := strings.Cut(s, "\n")
	a.Title = strings.Trim(strings.TrimSpace(first), `"`)
	if line(a.Title) == "" {
		return Body{}, refuse("body", "is empty; say in a few words what is wrong")
	}
	a.Summary = strings.TrimSpace(rest)
	return d.body(a)
}

// event reads our own format, which also comes inside of other bodies.
func (d *doc) event() (Body, error) {
	e := event{d: d, a: d.draft()}
	e.o.open(d.node)
	a := e.a
	a.Key = e.word("dedup_key")
	a.Title = e.text("title")
	a.Service = e.text("service")
	e.status()
	a.severe(e.word("severity"))
	if v := e.o.get("details"); e.typed("details", v, isObject) {
		a.labels("", "details", v)
	} else {
		a.detail("details", v.flat(4*MaxValue))
	}
	e.links()
	unread := e.unread()
	if line(a.Title) == "" && !e.has("title") && (a.Status != Over || strings.TrimSpace(a.Key) == "") {
		reason := "is missing; say in a few words what is wrong, as in \"checkout is slow\""
		if at := slices.IndexFunc(unread, func(s stranger) bool { return s.near == "title" }); at >= 0 {
			reason += ". There is " + strconv.Quote(unread[at].name) + ": perhaps you mean title"
		}
		e.problem("title", reason)
		e.fatal = true
	}
	if e.fatal || e.has("title") && line(a.Title) == "" {
		return Body{}, e.problems
	}
	for _, p := range e.problems {
		a.note(p.Field + " " + p.Reason + "; it was read as far as it goes.")
	}
	for _, name := range e.o.twice() {
		a.note("The body has " + strconv.Quote(cut(line(name), 60)) + " more than once; the last one counts.")
	}
	for _, s := range unread {
		a.note(s.words())
	}
	return d.body(a)
}

// eventFields are the fields of our own format.
var eventFields = []string{"dedup_key", "status", "title", "severity", "service", "details", "links"}

// stranger is a field that our own format does not have, and the one that it was most
// likely meant to be, if any.
type stranger struct{ name, near string }

// words say that the field was not read, and what to do.
func (s stranger) words() string {
	if s.near != "" {
		return "There is no field " + strconv.Quote(s.name) + "; perhaps you mean " + s.near + "."
	}
	return "There is no field " + strconv.Quote(s.name) + ", so it was not read. Put it into details to keep it."
}

// unread returns the first fields that nothing is read from.
func (e *event) unread() []stranger {
	var list []stranger
	for _, name := range e.o.others(eventFields) {
		name = cut(line(name), 60)
		list = append(list, stranger{name, incident.Nearest(name, eventFields)})
	}
	return list
}

// event is a body of our own format. What is wrong in it is noted, or, where it
// cannot be taken, refused with everything else that is wrong.
type event struct {
	d        *doc
	o        object
	a        *draft
	problems Problems
	fatal    bool
}

func (e *event) problem(field, reason string) {
	if len(e.problems) < 20 {
		e.problems = append(e.problems, Problem{field, reason})
	}
}

func (e *event) has(field string) bool {
	for _, p := range e.problems {
		if p.Field == field {
			return true
		}
	}
	return false
}

// typed reports whether v is of the type, or absent; otherwise that is a problem.
func (e *event) typed(field string, v node, want kind) bool {
	if k := v.kind(); k != want && k != isNull {
		e.problem(field, fmt.Sprintf("must be %s, not %s", want, k))
		return false
	}
	return true
}

// text reads a string; a number or bool is a problem, and read all the same.
func (e *event) text(field string) string {
	v := e.o.get(field)
	e.typed(field, v, isString)
	return v.text()
}

// word is text that senders also write as a number.
func (e *event) word(field string) string {
	if v := e.o.get(field); v.kind() == isNumber {
		return v.text()
	}
	return e.text(field)
}

func (e *event) status() {
	word := strings.ToLower(line(e.text("status")))
	switch word {
	case "", "firing":
		return
	case "resolved", "over":
		e.a.Status = Over
		return
	}
	if e.has("status") {
		return // no text: noted, and it fires
	}
	e.problem("status", fmt.Sprintf("is %q; it must be firing or resolved (perhaps you mean %s)", cut(word, 40), nearestStatus(word)))
	e.fatal = true
}

// statusWords are the words of other senders for a status, in a fixed order, so
// that a tie has one answer.
var statusWords = []struct {
	word   string
	status Status
}{
	{"firing", Firing}, {"resolved", Over}, {"fire", Firing}, {"fired", Firing}, {"alerting", Firing}, {"alert", Firing},
	{"trigger", Firing}, {"triggered", Firing}, {"open", Firing}, {"active", Firing}, {"problem", Firing}, {"down", Firing},
	{"critical", Firing}, {"resolve", Over}, {"ok", Over}, {"recovered", Over}, {"recovery", Over}, {"closed", Over},
	{"close", Over}, {"normal", Over}, {"up", Over}, {"cleared", Over}, {"inactive", Over},
}

// nearestStatus returns our word for the status that a word was most likely meant
// to be; an unclear one fires.
func nearestStatus(word string) string {
	words := make([]string, len(statusWords))
	for n, w := range statusWords {
		words[n] = w.word
	}
	near := incident.Nearest(word, words)
	for _, w := range statusWords {
		if w.word == near && w.status == Over {
			return "resolved"
		}
	}
	return "firing"
}

// links reads links: each an address, or an object with url or href, and text.
func (e *event) links() {
	list := e.o.get("links")
	if !e.typed("links", list, isList) {
		e.a.link(list.text(), "")
		e.a.linked(list)
	}
	list.items(func(at int, v node) bool {
		switch v.kind() {
		case isString:
			e.a.link(v.text(), "")
		case isObject:
			e.a.linked(v)
		default:
			e.problem(fmt.Sprintf("links[%d]", at), fmt.Sprintf("must be an address or an object with url and text, not %s", v.kind()))
		}
		return true
	})
}

// linked adds a link that is an object with url, href or src, and text.
func (a *draft) linked(v node) {
	text := cmp.Or(v.get("text").text(), v.get("alt").text())
	a.link(cmp.Or(v.get("url").text(), v.get("href").text()), text)
	a.link(v.get("src").text(), cmp.Or(text, "Image"))
}
