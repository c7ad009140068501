package alert

import (
	"cmp"
	"strings"
	"sync"

	"github.com/stormbell/stormbell/pattern"
)

// readDatadog reads the body of a Datadog webhook: its default payload, and those
// that people write of its variables, which have whatever names they like. Names
// are matched in any case; a variable that Datadog did not fill is nothing.
// Source: docs.datadoghq.com/integrations/webhooks.
func readDatadog(d *doc) (Body, error) {
	v := newVariables(d.node)
	a := d.draft()
	t := readDatadogTitle(v.text("alert_title", "title", "event_title"))
	whole := t
	if t.state == "" || t.priority == "" {
		whole = readDatadogTitle(v.text("title", "event_title"))
	}
	scope := v.text("alert_scope", "scope")
	a.Title = cmp.Or(t.text, whole.text)
	a.datadogText(v.text("body", "text_only_msg", "event_msg", "alert_message", "message", "text", "description"))
	a.datadogState(cmp.Or(v.text("alert_transition", "transition"), cmp.Or(t.state, whole.state)), v.text("alert_type"))
	tags := v.node("tags", "alert_tags")
	a.tag(tags)
	if tags.kind() == isNull {
		a.tag(v.node("alert_scope", "scope"))
	}
	if scope == "" && tags.kind() == isNull {
		scope = cmp.Or(t.scope, whole.scope)
		for _, tag := range strings.Split(scope, ",") {
			if name, value, ok := strings.Cut(strings.TrimSpace(tag), ":"); ok {
				a.set(name, value)
			}
		}
		if a.Title != "" && scope != "" && scope != "*" {
			a.Title += " (" + scope + ")"
		}
	}
	a.datadogSeverity(v, cmp.Or(t.priority, whole.priority))
	a.Service = v.text("service")
	a.set("host", v.text("hostname", "host"))
	a.say("alert_status", v.text("alert_status"))
	for _, name := range []string{"alert_query", "alert_metric", "metric_value", "alert_id", "event_type", "alert_scope"} {
		a.set(name, v.text(name))
	}
	for _, l := range []struct{ name, text string }{{"link", "Datadog"}, {"url", "Datadog"}, {"event_url", "Datadog"}, {"snapshot", "Graph"},
		{"logs_sample_link", "Logs"}, {"runbook", "Runbook"}, {"runbook_url", "Runbook"}} {
		a.link(v.text(l.name), l.text)
	}
	a.datadogKey(v, scope)
	if line(a.Title) == "" {
		if a.Title = cmp.Or(sentence(a.Summary), v.text("alert_metric", "alert_query")); a.Title == "" {
			return Body{}, refuse("title", "is missing, and so is body; put \"title\": \"$EVENT_TITLE\" into the payload of the webhook")
		}
	}
	return d.body(a)
}

// datadogSeverity takes a priority before a type or a state.
func (a *draft) datadogSeverity(v variables, inTitle string) {
	for _, name := range []string{"severity", "alert_priority"} {
		if a.Severity == Unknown {
			a.severe(v.text(name))
		}
	}
	if p := v.text("priority"); a.Severity == Unknown && len(p) == 2 { // otherwise the event's: normal or low
		a.severe(p)
	}
	if a.Severity == Unknown {
		a.severe(inTitle)
	}
	if a.Severity == Unknown && strings.Contains(strings.ToLower(v.text("alert_transition")), "warn") {
		a.severe("warning")
	}
	if kind := v.text("alert_type"); a.Severity == Unknown && kind != "success" {
		a.severe(kind)
	}
}

// datadogKey is what an alert and its end share. The event's own id is not.
func (a *draft) datadogKey(v variables, scope string) {
	a.Key = v.text("alert_cycle_key", "aggreg_key", "aggregation_key", "dedup_key")
	if id := v.text("alert_id", "monitor_id"); a.Key == "" && id != "" {
		a.Key = strings.TrimSuffix(id+"/"+scope, "/")
	}
	if a.Key == "" && line(a.Title) != "" {
		a.Key = "title:" + Fingerprint(line(a.Title), scope)
	}
}

// datadogState reads the transition of a monitor; without one the type of the
// event tells an end.
func (a *draft) datadogState(transition, kind string) {
	word := strings.ToLower(line(transition))
	when := a.d.get("date").when()
	if when.IsZero() {
		when = a.d.get("last_updated").when()
	}
	switch {
	case strings.Contains(word, "recovered"), word == "" && strings.EqualFold(kind, "success"), word == "ok", word == "resolved":
		a.Status = Over
		a.Ended = when
		return
	case strings.Contains(word, "no data"):
		a.Title = "No data: " + a.Title
		a.note("No data: the monitor could not be judged, which is not the same as what it warns of.")
	}
	if !strings.HasPrefix(word, "re") { // renotify, re-triggered: it began before
		a.Started = when
	}
}

// datadogTitle is a title taken apart: [P2] [Triggered on {host:a}] Carts are slow.
type datadogTitle struct{ priority, state, scope, text string }

var (
	datadogPriority = pattern.New(`^\[(P[1-5])\]\s*`)
	datadogState    = pattern.New(`(?i)^\[((?:re-?)?(?:triggered|warn|recovered|no data|notify|renotify|test|muted|unmuted)[a-z ]*?)(?: on \{([^}]*)\})?\]\s*`)
)

func readDatadogTitle(s string) (t datadogTitle) {
	t.text = line(cut(s, 4*MaxTitle))
	if m := datadogPriority.FindStringSubmatch(t.text); m != nil {
		t.priority, t.text = m[1], t.text[len(m[0]):]
	}
	if m := datadogState.FindStringSubmatch(t.text); m != nil {
		t.state, t.scope, t.text = m[1], m[2], t.text[len(m[0]):]
	}
	return t
}

var (
	markdownImage = pattern.New(`!\[[^\]]*\]\([^()\s]*\)`)
	markdownLink  = pattern.New(`\[+([^\[\]]*)\]\((https?://[^()\s]*)\)\]?`)
	mention       = pattern.New(`(?:\b[Nn]otify:?\s*)?(^|\s)@[a-zA-Z][\w.@-]*`)
	datadogRule   = pattern.New(`(?m)^\s*(?:- - -|[·|\s]*|%%%)\s*$`)
)

// datadogText takes the text of an event: Markdown between %%%, with links to be
// kept, pictures, and the names of those whom Datadog told.
func (a *draft) datadogText(s string) {
	if len(s) > 16*MaxValue { // the rest would be cut off anyway, but for its links
		s = a.fit(s, 16*MaxValue)
	}
	for _, m := range markdownLink.FindAllStringSubmatch(markdownImage.ReplaceAllString(s, "Graph"), -1) {
		a.link(m[2], m[1])
	}
	if strings.Contains(s, "%%%") {
		s = strings.ReplaceAll(s, "%%%", "")
		s = markdownLink.ReplaceAllString(markdownImage.ReplaceAllString(s, ""), "")
		s = strings.ReplaceAll(s, "**", "")
		s = datadogRule.ReplaceAllString(s, "")
	}
	s = mention.ReplaceAllString(s, "$1")
	s = manyLines.ReplaceAllString(s, "\n")
	a.Summary = strings.TrimSpace(s)
}

var manyLines = pattern.New(`\s*\n\s*`)

// datadogNames are the fields that are looked for.
var datadogNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(`alert_title title event_title alert_scope scope body text_only_msg event_msg alert_message message text description
		alert_transition transition alert_type tags alert_tags service hostname host alert_status alert_query alert_metric metric_value alert_id
		event_type link url event_url snapshot logs_sample_link runbook runbook_url severity alert_priority priority alert_cycle_key aggreg_key
		aggregation_key dedup_key monitor_id`) {
		names[name] = true
	}
	return names
})

// variables are the fields of a body by their names in any case.
type variables map[string]node

func newVariables(n node) variables {
	v := variables{}
	var lower [20]byte
	n.each(func(k, value node) bool {
		if len(k) < 3 || len(k) > len(lower)+2 {
			return true
		}
		for i, c := range k[1 : len(k)-1] {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower[i] = c
		}
		if name := lower[:len(k)-2]; datadogNames()[string(name)] {
			v[string(name)] = value
		}
		return true
	})
	return v
}

// node returns the first of several fields that says anything.
func (v variables) node(names ...string) node {
	for _, name := range names {
		if len(v[name]) > maxWord {
			return v[name]
		}
		if s := line(v[name].flat(maxWord)); s != "" && s[0] != '$' && s != "null" && s != "N/A" {
			return v[name]
		}
	}
	return nil
}

func (v variables) text(names ...string) string {
	return strings.TrimSpace(v.node(names...).text())
}
