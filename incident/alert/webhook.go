package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

// readWebhook reads any JSON by a mapping: an object is an alert, a list is one
// for each object in it.
func readWebhook(r Request) (Body, error) {
	if r.Mapping == nil {
		return Body{}, refuse("body", "has no mapping to be read by; name one of the roster's alerts.mappings in the path: /v1/webhook/NAME")
	}
	n, notes, err := checked(r.Body)
	if err != nil {
		return Body{}, err
	}
	d := newDoc(n, notes, string(SenderWebhook))
	if n.kind() == isObject {
		return d.body(r.Mapping.read(d, n))
	}
	if n.kind() != isList {
		return Body{}, refuse("body", "is %s; a JSON object is expected", n.kind())
	}
	var b Body
	n.items(func(at int, v node) bool {
		switch {
		case v.kind() != isObject:
			if len(d.notes) < 10 {
				d.note("[%d] is %s, not an object, and was left out.", at, v.kind())
			}
		case len(b.Alerts) == MaxAlerts:
			b.Left++
		default:
			b.Alerts = append(b.Alerts, r.Mapping.read(d, v).finish())
		}
		return true
	})
	if len(b.Alerts) == 0 {
		return Body{}, refuse("body", "is a list without an object in it; at least one alert is expected")
	}
	d.leftOut(b.Left)
	b.Notes = d.notes
	return b, nil
}

// read makes an alert of an object.
func (c *Compiled) read(d *doc, n node) *draft {
	a := d.draft()
	data := c.data(n)
	fill := func(field string, t *template.Template) string {
		s, err := run(t, data)
		if err != nil {
			a.note(fmt.Sprintf("The mapping's %s could not be made: %s.", field, cut(line(strings.TrimPrefix(err.Error(), "template: template:")), 160)))
		}
		return s
	}
	a.Title = fill("title", c.title)
	a.Key = fill("key", c.key)
	a.Service = fill("service", c.service)
	a.Status = c.state(fill("status", c.status))
	a.severe(fill("severity", c.severity))
	if s := fill("started", c.started); s != "" {
		if a.Started = ReadTime(s); a.Started.IsZero() {
			a.note("The mapping's started is no time: " + cut(line(s), 60) + ".")
		}
	}
	for _, l := range c.labels {
		a.set(l.name, fill("labels."+l.name, l.value))
	}
	for at, l := range c.links {
		field := fmt.Sprintf("links[%d]", at)
		if url := fill(field+".url", l.url); url != "" && !a.link(url, fill(field+".text", l.text)) {
			a.note("The mapping's " + field + " is no address of the web: " + cut(line(url), 60) + ".")
		}
	}
	if strings.Trim(a.Title, " :-/,.") == "" {
		a.untitled(n)
	}
	a.say("text", fill("text", c.text))
	return a
}

// untitled gives an alert a title whose mapping gives none: an alert is not
// dropped for that.
func (a *draft) untitled(n node) {
	a.Title = "Alert from a webhook"
	for _, name := range []string{"title", "summary", "subject", "name", "message", "msg", "text", "description"} {
		if s := n.get(name); s.kind() == isString && line(s.text()) != "" {
			a.Title = sentence(s.text())
			break
		}
	}
	a.note("The mapping gives no title for this body.")
}

// state reads the mapping's status by its words, and where it names none, by
// those that senders use.
func (c *Compiled) state(word string) Status {
	word = strings.ToLower(line(word))
	switch {
	case slices.Contains(c.over, word):
		return Over
	case slices.Contains(c.acknowledged, word):
		return Acknowledged
	case len(c.over) > 0 || word == "":
		return Firing
	case word == "acknowledged":
		return Acknowledged
	}
	for _, w := range statusWords {
		if w.word == word {
			return w.status
		}
	}
	return Firing
}

// What of a body templates can see: so many values, the outer ones first, and so
// much of a text, in bytes.
const (
	maxValues = 20_000
	maxSeen   = 64 << 10
)

// data makes the values that templates look at: objects are maps, numbers are as
// they were written. What is beyond maxValues is not there.
func (c *Compiled) data(n node) any {
	v := values{left: maxValues}
	root, _ := v.value(n).(map[string]any)
	for len(v.open) > 0 {
		next := v.open[0]
		v.open = v.open[1:]
		next()
	}
	for _, chain := range c.chains {
		vacant(root, chain)
	}
	return root
}

// absent is an object that the body does not have: its fields are empty, and so is
// it.
type absent map[string]any

// String returns nothing.
func (absent) String() string { return "" }

// vacant puts an empty object wherever a field of a field is asked for that the
// body does not have, so that a template is empty there instead of failing.
func vacant(m map[string]any, chain []string) {
	for n, name := range chain {
		if n == len(chain)-1 {
			return
		}
		switch v := m[name].(type) {
		case map[string]any:
			m = v
		case absent:
			m = v
		case nil:
			next := absent{}
			m[name] = next
			m = next
		default:
			return
		}
	}
}

// values makes values level by level, so that a large one hides none above it.
type values struct {
	left int
	open []func() // objects and lists that are to be filled
}

func (v *values) value(n node) any {
	switch n.kind() {
	case isString:
		s := n.text()
		return strings.ToValidUTF8(s[:min(len(s), maxSeen)], "")
	case isNumber:
		return json.Number(n)
	case isBool:
		return n[0] == 't'
	case isObject:
		m := map[string]any{}
		v.open = append(v.open, func() { v.object(m, n) })
		return m
	case isList:
		many := 0
		n.items(func(int, node) bool {
			many++
			return many < v.left
		})
		v.left -= many
		l := make([]any, many)
		v.open = append(v.open, func() { v.list(l, n) })
		return l
	default:
		return nil
	}
}

func (v *values) object(m map[string]any, n node) {
	n.each(func(name, value node) bool {
		if v.left <= 0 {
			return false
		}
		v.left--
		m[name.text()] = v.value(value)
		return true
	})
}

func (v *values) list(l []any, n node) {
	n.items(func(at int, value node) bool {
		if at == len(l) {
			return false
		}
		l[at] = v.value(value)
		return true
	})
}
