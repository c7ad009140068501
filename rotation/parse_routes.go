package rotation

import (
	"fmt"
	"strings"
)

var doesWords = []string{DoesIncident, DoesPage, DoesCount, DoesHeartbeat, DoesSuppressed}

// routed is a route with the place where it stands.
type routed struct {
	AlertRoute
	at   *place
	line int
}

func (r *reader) alertRoutes(o *object, beats []Heartbeat) []AlertRoute {
	list := kept(o, "routes", "route", r.route)
	var routes []AlertRoute
	for i, t := range list {
		routes = append(routes, t.AlertRoute)
		if t.Does == DoesHeartbeat {
			r.checkBeat(t, list[:i], beats)
		}
	}
	r.checkReached(list)
	return routes
}

func (r *reader) route(n *node, at *place) (routed, bool) {
	o := r.object(n, at, "match", "does", "service", "severity", "by", "name", "grace", "every")
	match, ok := o.matchers("match")
	t := AlertRoute{Match: match, Does: o.oneOf("does", "", doesWords...), Service: o.ref("service", "service"),
		Severity: o.oneOf("severity", "", severitiesOrNone...), By: o.labels("by")}
	if n.kind == mapNode && len(n.keys) == 0 {
		o.problem(n.line, at, "says nothing", "add match: {LABEL: VALUE} and what holds then, such as service: NAME or does: page")
	}
	if t.Does != DoesHeartbeat {
		for _, key := range []string{"name", "grace", "every"} {
			if o.has(key) && o.text("does") == t.Does { // an unknown word may have meant it
				o.bad(key, key+" is of a heartbeat, and the route does none", "add does: heartbeat, or take "+key+" out")
			}
		}
		return routed{t, at, n.line}, ok && o.keys != nil
	}
	t.Name = o.handle("name", "NAME, what this sign of life is called")
	t.Grace, t.Every = o.span("grace", "5m"), o.span("every", "1h")
	if t.Severity == "none" {
		o.bad("severity", "severity none asks nobody when the heartbeat stays away", "write sev1, sev2, sev3 or sev4, or take severity out")
		t.Severity = ""
	}
	return routed{t, at, n.line}, ok && t.Name != ""
}

// checkBeat looks at the heartbeat of a route: its times are said once, there or in
// the section heartbeats.
func (r *reader) checkBeat(t routed, before []routed, beats []Heartbeat) {
	for i := range before {
		if b := &before[i]; b.Does == DoesHeartbeat && b.Name == t.Name {
			r.problem(t.line, t.at, fmt.Sprintf("the heartbeat %s is already that of the route on line %d, and one would hide that the other stays away", t.Name, b.line),
				"give one of them another name")
		}
	}
	for _, h := range beats {
		if h.Name != t.Name {
			continue
		}
		if t.Grace > 0 || t.Every > 0 || t.Severity != "" {
			r.problem(t.line, t.at, "the heartbeat "+t.Name+" has its times and its severity in heartbeats already", "take grace, every and severity out of the route, or give it another name")
		}
		return
	}
	if t.Grace == 0 && t.Every == 0 {
		r.problem(t.line, t.at, "does not say when the heartbeat "+t.Name+" is missing", "add grace: 5m, the time after which somebody is asked")
	}
}

// checkReached warns of routes that are never looked at.
func (r *reader) checkReached(list []routed) {
	first := map[string]int{}
	for i := range list {
		t := &list[i]
		match := t.Matching()
		if line := first["{}"]; line > 0 {
			r.warn(t.line, t.at, fmt.Sprintf("is never looked at, because the route on line %d matches every alert", line), "put the one that matches everything last")
			return
		}
		if line := first[match]; line > 0 {
			r.warn(t.line, t.at, fmt.Sprintf("is never looked at, because the route on line %d matches the same", line), "make one of the two")
			continue
		}
		first[match] = t.line
	}
}

// matchers is the block at key: labels and the values that they must have. It reports
// false where it cannot be read whole.
func (o *object) matchers(key string) ([]Matcher, bool) {
	v := o.keys[key]
	if v == nil {
		return nil, o.keys != nil
	}
	if v.kind != mapNode {
		o.bad(key, key+" is "+v.kind.String()+", not a block of keys", "write "+key+": {LABEL: VALUE}")
		return nil, false
	}
	names := o.names(key)
	whole := len(names) == len(v.keys)
	var list []Matcher
	for _, k := range names {
		m, ok := o.matcher(key, k)
		if whole = whole && ok; ok {
			list = append(list, m)
		}
	}
	return list, whole
}

func (o *object) matcher(key string, k keyed) (Matcher, bool) {
	if k.value.kind != scalarNode {
		o.problem(k.line, o.at, k.key+" in "+key+" is "+k.value.kind.String()+", not a single value", matcherHint(k))
		return Matcher{}, false
	}
	m, err := NewMatcher(k.key, k.value.text)
	if err != nil {
		o.problem(k.value.line, o.at, "the regular expression "+quote(m.Value)+" of "+k.key+" cannot be read: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "),
			"correct what is between the slashes; it is in the syntax of RE2, as in Prometheus")
		return Matcher{}, false
	}
	o.checkValue(m, k.value.line)
	return m, true
}

func matcherHint(k keyed) string {
	if k.value.kind != listNode {
		return "write " + k.key + ": VALUE; for a label that must be missing, " + k.key + `: ""`
	}
	var words []string
	for _, n := range k.value.list {
		words = append(words, n.text)
	}
	return "for one of several values write a regular expression: " + k.key + ": /" + strings.Join(words, "|") + "/"
}

// checkValue warns of values that are compared as they stand and probably mean more.
func (o *object) checkValue(m Matcher, line int) {
	if _, ok := expressionOf(m.Value); ok {
		return
	}
	lower := asciiLower(m.Value)
	for _, word := range append(severitiesOrNone, "unknown") {
		if m.Label == "severity" && lower == word && m.Value != word {
			o.warn(line, o.at, "no alert has the severity "+quote(m.Value), "write "+word)
		}
	}
	if strings.Contains(lower, ".*") || strings.Contains(lower, ".+") || strings.HasPrefix(lower, "^") || strings.HasSuffix(lower, "$") || strings.HasSuffix(lower, "*") {
		o.warn(line, o.at, "the value "+quote(m.Value)+" of "+m.Label+" is compared as it stands", "for a regular expression put it between slashes: "+m.Label+": /"+strings.Trim(m.Value, "/^$")+"/")
	}
}
