package rotation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// severitiesOrNone are what an alert can be: none asks nobody.
var severitiesOrNone = append(slices.Clone(severities), "none")

// alerts reads the section of that name. What its routes and silences match must be
// read whole: with a condition less they would take in more, so one that cannot be
// read is left out.
func (r *reader) alerts(n *node, beats []Heartbeat) Alerts {
	o := r.object(n, &place{word: "alerts"}, "keys", "routes", "mappings", "group", "channel", "over", "again", "storm", "silences", "maintenance")
	a := Alerts{
		Keys:        byName(o, "keys", "key", r.alertKey),
		Routes:      r.alertRoutes(o, beats),
		Mappings:    byName(o, "mappings", "mapping", r.mapping),
		Group:       o.alertGroup(),
		Channel:     o.oneOf("channel", "", severities...),
		Over:        o.over(),
		Silences:    kept(o, "silences", "silence", r.silence),
		Maintenance: kept(o, "maintenance", "maintenance", r.maintenance),
	}
	if again := o.keys["again"]; again != nil {
		x := r.object(again, &place{up: o.at, word: "again"}, "reopen_within")
		a.Again.ReopenWithin = x.span("reopen_within", "30m; with 1s what fires again is a new incident")
	}
	if storm := o.keys["storm"]; storm != nil {
		x := r.object(storm, &place{up: o.at, word: "storm"}, "at", "in")
		a.Storm = AlertStorm{At: x.whole("at", 0, 1), In: x.span("in", "1m")}
	}
	return a
}

// byName reads the block at key whose keys are names of the user's own.
func byName[T any](o *object, key, word string, read func(*node, *place) T) map[string]T {
	names := o.names(key)
	if len(names) == 0 {
		return nil
	}
	m := make(map[string]T, len(names))
	for _, k := range names {
		m[k.key] = read(k.value, &place{up: o.at, word: word, id: k.key})
	}
	return m
}

// names is the block at key, whose keys are names of the user's own; those that cannot
// be used are reported and left out.
func (o *object) names(key string) []keyed {
	v := o.keys[key]
	if v == nil {
		return nil
	}
	if v.kind != mapNode {
		o.bad(key, key+" is "+v.kind.String()+", not a block of keys", "write "+key+": {NAME: …}")
		return nil
	}
	list := make([]keyed, 0, len(v.keys))
	for _, k := range v.keys {
		if why := badWord(k.key); why != "" {
			o.problem(k.line, o.at, "the name "+quote(k.key)+" in "+key+" "+why, "write the name as the sender has it")
			continue
		}
		list = append(list, k)
	}
	return list
}

// mostWord is how long the name of a label or a key may be; YAML ends at 1,024 bytes.
const mostWord = 100

// badWord is what is wrong with the name of a label or of a key.
func badWord(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "is blank"
	case utf8.RuneCountInString(s) > mostWord:
		return "is longer than " + strconv.Itoa(mostWord) + " characters"
	case strings.ContainsFunc(s, unseen):
		return "has a character that cannot be seen"
	}
	return ""
}

// kept reads the list at key without the entries that read has to leave out.
func kept[T any](o *object, key, word string, read func(*node, *place) (T, bool)) []T {
	var list []T
	for i, n := range o.list(key) {
		if x, ok := read(n, &place{up: o.at, word: word, id: strconv.Itoa(i + 1)}); ok {
			list = append(list, x)
		}
	}
	return list
}

// span is the duration at key, which must be longer than nothing.
func (o *object) span(key, example string) time.Duration {
	found := len(o.problems)
	d := o.duration(key)
	if d == 0 && len(o.problems) == found && o.text(key) != "" {
		o.bad(key, key+" is no time at all", "write "+key+": "+example)
	}
	return d
}

// need a span.
func (o *object) needSpan(key, example string) time.Duration {
	if o.need(key, example) == "" {
		return 0
	}
	return o.span(key, example)
}

func (r *reader) alertKey(n *node, at *place) AlertKey {
	o := r.object(n, at, "service", "severity")
	k := AlertKey{Service: o.ref("service", "service"), Severity: o.oneOf("severity", "", severitiesOrNone...)}
	if n.kind == mapNode && len(n.keys) == 0 {
		o.problem(n.line, at, "says nothing", "add service: NAME or severity: sev2, or take it out")
	}
	return k
}

func (o *object) alertGroup() AlertGroup {
	n := o.keys["group"]
	if n == nil {
		return AlertGroup{}
	}
	x := o.object(n, &place{up: o.at, word: "group"}, "by", "window", "most")
	g := AlertGroup{By: x.labels("by"), Window: x.span("window", "15m"), Most: x.span("most", "24h")}
	if g.Most > 0 && g.Window > g.Most {
		x.bad("window", "window is longer than most, which ends the group whatever its window", "write a shorter window or a longer most")
	}
	return g
}

// labels is the list of names of labels at key.
func (o *object) labels(key string) []string {
	if o.has(key) && o.hollow(key) {
		o.bad(key, key+" names no label", "write "+key+": [service], or take it out")
	}
	var list []string
	for _, n := range o.scalars(key) {
		switch why := badWord(n.text); {
		case why != "":
			o.problem(n.line, o.at, "the label "+quote(n.text)+" in "+key+" "+why, "write the label's name as the sender has it")
		case slices.Contains(list, n.text):
			o.problem(n.line, o.at, quote(n.text)+" stands twice in "+key, "keep one")
		default:
			list = append(list, n.text)
		}
	}
	return list
}

// over is a word, or a block that also says how long it must be quiet.
func (o *object) over() AlertOver {
	n := o.keys["over"]
	switch {
	case n == nil:
		return AlertOver{}
	case n.kind != mapNode:
		return AlertOver{Action: o.oneOf("over", "", OverPropose, OverResolve)}
	}
	x := o.object(n, &place{up: o.at, word: "over"}, "do", "after")
	x.need("do", "propose or resolve")
	a := AlertOver{Action: x.oneOf("do", "", OverPropose, OverResolve), After: x.duration("after")}
	if a.Action == "" {
		return AlertOver{}
	}
	return a
}

func (r *reader) silence(n *node, at *place) (Silence, bool) {
	o := r.object(n, at, "match", "from", "until", "reason", "by")
	match, ok := o.matchers("match")
	s := Silence{Match: match, Reason: o.name("reason"), By: o.name("by")}
	s.From, s.Until = o.period("from", "until", "")
	if o.keys != nil && ok && len(match) == 0 {
		o.bad("match", "has nothing to match, so it would silence everything", "add match: {LABEL: VALUE}")
	}
	return s, ok && len(match) > 0 && ordered(s.From, s.Until)
}

func (r *reader) maintenance(n *node, at *place) (Maintenance, bool) {
	o := r.object(n, at, "service", "from", "until", "reason", "by")
	o.need("service", "the id of the service that is worked on")
	m := Maintenance{Service: o.ref("service", "service"), Reason: o.name("reason"), By: o.name("by")}
	m.From, m.Until = o.period("from", "until", "")
	return m, m.Service != "" && ordered(m.From, m.Until)
}

// heartbeats reads the section of that name, without what cannot be watched for.
func (r *reader) heartbeats(o *object) []Heartbeat {
	var list []Heartbeat
	lines := map[string]int{}
	for _, n := range o.list("heartbeats") {
		at := &place{word: "heartbeat"}
		x := r.object(n, at, "name", "every", "grace", "service", "severity")
		h := Heartbeat{Name: x.handle("name", "NAME, the end of its address /v1/heartbeats/NAME")}
		at.id = h.Name
		h = Heartbeat{Name: h.Name, Every: x.needSpan("every", "24h, how often it comes"), Grace: x.needSpan("grace", "30m, how late it may be"),
			Service: x.ref("service", "service"), Severity: x.oneOf("severity", "", severities...)}
		if line := lines[h.Name]; line > 0 && h.Name != "" {
			r.problem(n.line, at, fmt.Sprintf("the name %s is already used on line %d", h.Name, line), "give one of them another name")
			continue
		}
		lines[h.Name] = n.line
		if h.Name != "" && h.Every > 0 {
			list = append(list, h)
		}
	}
	return list
}
