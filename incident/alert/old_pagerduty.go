package alert

import (
	"fmt"
	"strings"
)

// ParsePagerDuty reads the body of the PagerDuty Events API v2 (POST
// /v2/enqueue), so that a sender needs nothing but another address. The routing
// key is what lets the sender in; it is returned whenever the body can be read,
// also beside an error, and it is in no text of the alert. Without a dedup_key a
// trigger is known by its source, component, class and summary; acknowledge and
// resolve need one. The error is a [Problems].
func ParsePagerDuty(body []byte) (a Alert, routingKey string, err error) {
	v, _, err := read(body)
	if err != nil {
		return Alert{}, "", err
	}
	f := &form{}
	routingKey = f.text(v, "body", "routing_key")
	p := f.object(v, "body", "payload")
	a = Alert{
		Source: "pagerduty",
		Key:    f.word(v, "body", "dedup_key"),
		Title:  f.text(p, "payload", "summary"),
	}
	a.Status = f.action(v)
	a.severity(f.word(p, "payload", "severity"))
	if a.Status != Firing && line(a.Key) == "" && !f.has("dedup_key") {
		f.add("dedup_key", "is missing; it says what to "+strings.ToLower(line(v.get("event_action").flat())))
	}
	if a.Status == Firing && line(a.Title) == "" && !f.has("payload.summary") && !f.has("payload") {
		f.add("payload.summary", "is missing; say in a few words what is wrong")
	}
	f.payload(&a, p)
	f.client(&a, v)
	for n, l := range f.items(v, "body", "links") {
		f.link(&a, fmt.Sprintf("links[%d]", n), l)
	}
	for n, l := range f.items(v, "body", "images") {
		if l.kind != isObject {
			f.wrong(fmt.Sprintf("images[%d]", n), l, "an object with src")
			continue
		}
		a.link(l.get("src").flat(), or(l.get("alt").flat(), "Image"))
	}
	if err := f.err(); err != nil {
		return Alert{}, routingKey, err
	}
	if line(a.Key) == "" {
		a.Key = Fingerprint(p.get("source").flat(), p.get("component").flat(), p.get("class").flat(), line(a.Title))
	}
	a.finish()
	return a, routingKey, nil
}

func (f *form) action(v value) Status {
	switch word := line(f.text(v, "body", "event_action")); word {
	case "trigger":
		return Firing
	case "acknowledge":
		return Acknowledged
	case "resolve":
		return Over
	case "":
		if !f.has("event_action") {
			f.add("event_action", "is missing; it must be trigger, acknowledge or resolve")
		}
	default:
		f.add("event_action", fmt.Sprintf("is %q; it must be trigger, acknowledge or resolve", cut(word, 40)))
	}
	return Firing
}

// payload adds what the payload says beside its summary. The service is the
// detail of that name: in PagerDuty it hangs on the routing key alone.
func (f *form) payload(a *Alert, p value) {
	for _, name := range []string{"source", "component", "group", "class", "timestamp"} {
		a.detail(name, p.get(name).flat())
	}
	switch custom := p.get("custom_details"); custom.kind {
	case isNull:
	case isObject:
		if len(custom.fields) > MaxDetails {
			f.add("payload.custom_details", fmt.Sprintf("has %d entries; at most %d are taken", len(custom.fields), MaxDetails))
			return
		}
		for _, e := range custom.fields {
			a.detail(e.name, e.flat())
		}
		if s := custom.get("service"); s.kind == isString {
			a.Service = s.text
		}
	default: // some senders put a text or a list here
		a.detail("details", custom.flat())
	}
}

func (f *form) client(a *Alert, v value) {
	name := v.get("client").flat()
	a.detail("client", name)
	a.link(v.get("client_url").flat(), name)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
