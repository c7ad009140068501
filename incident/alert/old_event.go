package alert

import (
	"fmt"
	"strconv"
	"strings"
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

func (f *form) status(v value) Status {
	word := strings.ToLower(line(f.text(v, "body", "status")))
	switch word {
	case "", "firing":
		return Firing
	case "resolved", "over":
		return Over
	}
	f.add("status", fmt.Sprintf("is %q; it must be firing or resolved (perhaps you mean %s)", cut(word, 40), nearestStatus(word)))
	return Firing
}

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
