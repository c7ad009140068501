package alert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// ParseEvent reads the body of POST /v1/events:
//
//	{"dedup_key": "…", "status": "firing|resolved", "title": "…", "severity": "…",
//	 "service": "…", "details": {…}, "links": ["https://…", {"url": "…", "text": "…"}]}
//
// A title is required; a resolved event with a dedup_key needs none. Without a
// dedup_key the key is a fingerprint of service and title; without a status the
// event fires; a missing or unknown severity is the default. Details may be of
// any type. Unknown fields are ignored, and a name that occurs twice keeps its
// last value, with a note. The error is a [Problems].
func ParseEvent(body []byte) (Alert, error) {
	v, twice, err := read(body)
	if err != nil {
		return Alert{}, err
	}
	f := &form{}
	a := Alert{
		Source:  "event",
		Key:     f.word(v, "body", "dedup_key"),
		Title:   f.text(v, "body", "title"),
		Service: f.text(v, "body", "service"),
	}
	a.Status = f.status(v)
	a.severity(f.word(v, "body", "severity"))
	f.details(&a, v)
	for n, l := range f.items(v, "body", "links") {
		f.link(&a, fmt.Sprintf("links[%d]", n), l)
	}
	if line(a.Title) == "" && !f.has("title") && (a.Status != Over || line(a.Key) == "") {
		f.add("title", "is missing; say in a few words what is wrong, as in \"checkout is slow\"")
	}
	if err := f.err(); err != nil {
		return Alert{}, err
	}
	for _, name := range twice {
		a.note("The body has " + strconv.Quote(name) + " more than once; the last one counts.")
	}
	a.finish()
	return a, nil
}

// statusWords are the words of other senders for a status, to say what was meant.
var statusWords = map[string]Status{
	"firing": Firing, "fire": Firing, "fired": Firing, "alerting": Firing, "alert": Firing, "trigger": Firing,
	"triggered": Firing, "open": Firing, "active": Firing, "problem": Firing, "down": Firing, "critical": Firing,
	"resolved": Over, "resolve": Over, "ok": Over, "recovered": Over, "recovery": Over,
	"closed": Over, "close": Over, "normal": Over, "up": Over, "cleared": Over, "inactive": Over,
}

func (f *form) status(v value) Status {
	word := strings.ToLower(line(f.text(v, "body", "status")))
	switch word {
	case "", "firing":
		return Firing
	case "resolved", "over":
		return Over
	}
	f.add("status", fmt.Sprintf("is %q; it must be firing or resolved (perhaps you mean %s)", cut(word, 40), nearest(word)))
	return Firing
}

// nearest returns the status that a word was most likely meant to be; an unclear
// one fires.
func nearest(word string) Status {
	if near := incident.Nearest(word, sortedWords); near != "" {
		return statusWords[near]
	}
	return Firing
}

// sortedWords are the statusWords in a fixed order, so that a tie has one answer.
var sortedWords = strings.Fields(`firing resolved fire fired alerting alert trigger triggered open active problem down critical
	resolve ok recovered recovery closed close normal up cleared inactive`)

func (f *form) details(a *Alert, v value) {
	d := f.object(v, "body", "details")
	if len(d.fields) > MaxDetails {
		f.add("details", fmt.Sprintf("has %d entries; at most %d are taken", len(d.fields), MaxDetails))
		return
	}
	for _, e := range d.fields {
		a.detail(e.name, e.flat())
	}
}

// link reads a link: an address, or an object with url or href, and text.
func (f *form) link(a *Alert, path string, v value) {
	switch v.kind {
	case isString:
		a.link(v.text, "")
	case isObject:
		url := f.text(v, path, "url")
		if url == "" {
			url = f.text(v, path, "href")
		}
		a.link(url, f.text(v, path, "text"))
	default:
		f.wrong(path, v, "an address or an object with url and text")
	}
}
