package alert

import (
	"cmp"
	"strings"
)

// readSentry reads the bodies of Sentry's integrations: alerts on issues and on
// metrics, issues themselves and single errors; and of its older webhook plugin.
// The key is the issue's or the incident's, never an event's: those never end.
// Source: getsentry/sentry-docs, integration-platform/webhooks.
func readSentry(d *doc) (Body, error) {
	data := d.get("data")
	a := d.draft()
	action := strings.ToLower(line(d.get("action").text()))
	switch {
	case data.get("metric_alert").kind() == isObject:
		a.sentryMetric(data, action)
	case data.get("issue").kind() == isObject:
		a.sentryIssue(data.get("issue"), action)
	case data.get("event").kind() == isObject:
		a.sentryEvent(data.get("event"))
		a.say("rule", data.get("triggered_rule").text())
		a.set("rule", data.get("triggered_rule").text())
	case data.get("error").kind() == isObject:
		a.sentryEvent(data.get("error"))
	case d.get("event").kind() == isObject || d.get("culprit").kind() == isString:
		a.sentryPlugin(d.node)
	default:
		return Body{}, refuse("data", "has no event, issue, error or metric_alert; only those of Sentry's webhooks are alerts")
	}
	if line(a.Title) == "" {
		a.Title = cmp.Or(sentence(a.Summary), "Sentry issue "+a.Key)
	}
	if a.Key == "" && a.Title == "Sentry issue " {
		return Body{}, refuse("data", "says neither which issue it is nor what is wrong")
	}
	return d.body(a)
}

// sentryEvent reads an event of an issue: an issue alert, or a single error.
func (a *draft) sentryEvent(v node) {
	var o object
	o.open(v)
	a.Key = issueID(&o)
	a.sentryWords(&o)
	a.link(o.get("web_url").text(), "Sentry")
	a.Started = either(o.get("datetime"), o.get("timestamp"), o.get("received")).when()
	for _, name := range []string{"environment", "release", "platform", "logger"} {
		if a.Label(name) == "" {
			a.label(name, o.get(name))
		}
	}
}

// sentryWords takes what events and issues have in common.
func (a *draft) sentryWords(o *object) {
	a.Title = either(o.get("title"), o.at("metadata", "title"), o.get("message")).text()
	a.tag(o.get("tags"))
	a.severe(cmp.Or(o.get("level").text(), a.Label("level")))
	a.say("message", cmp.Or(o.get("message").text(), o.at("metadata", "value").text()))
	a.set("culprit", o.get("culprit").text())
	a.label("location", o.get("location"))
}

// issueID is the issue of an event, which older versions only name in an address.
func issueID(o *object) string {
	for _, name := range []string{"issue_id", "group_id", "groupID"} {
		if id := line(o.get(name).text()); id != "" {
			return id
		}
	}
	url := strings.TrimSuffix(o.get("issue_url").text(), "/")
	return url[strings.LastIndexByte(url, '/')+1:]
}

// sentryIssues are what becomes of an issue.
var sentryIssues = map[string]Status{
	"created": Firing, "unresolved": Firing, "triggered": Firing, "regression": Firing, "escalating": Firing,
	"resolved": Over, "assigned": Acknowledged, "archived": None, "ignored": None,
}

func (a *draft) sentryIssue(v node, action string) {
	var o object
	o.open(v)
	a.Key = line(o.get("id").text())
	a.sentryWords(&o)
	var known bool
	if a.Status, known = sentryIssues[action]; !known {
		a.Status = Firing
		if strings.EqualFold(o.get("status").text(), "resolved") {
			a.Status = Over
		}
	}
	if a.Status == None {
		a.note("The issue was " + action + " in Sentry: that is neither firing nor over.")
	}
	a.Started = either(o.get("firstSeen"), o.get("lastSeen")).when()
	a.link(either(o.get("web_url"), o.get("permalink")).text(), "Sentry")
	for _, name := range []string{"shortId", "count", "userCount", "substatus", "priority", "platform"} {
		a.label(name, o.get(name))
	}
	if p := o.get("project"); p.kind() == isObject {
		a.label("project", either(p.get("slug"), p.get("name")))
		a.hint(a.Label("project"))
	}
}

// sentryMetric reads a metric alert, whose action is its state and its severity.
func (a *draft) sentryMetric(data node, action string) {
	var o object
	o.open(data.get("metric_alert"))
	rule := o.get("alert_rule")
	a.Key = line(either(o.get("id"), o.get("identifier")).text())
	a.Title = either(o.get("title"), rule.get("name"), data.get("description_title")).text()
	if action == "resolved" {
		a.Status = Over
	} else {
		a.severe(action)
	}
	a.Summary = strings.TrimSpace(data.get("description_text").text())
	a.link(data.get("web_url").text(), "Sentry")
	a.Started = either(o.get("date_started"), o.get("date_detected")).when()
	a.Ended = o.get("date_closed").when()
	for _, name := range []string{"environment", "query", "aggregate"} {
		a.label(name, rule.get(name))
	}
	projects := o.get("projects")
	a.label("projects", single(projects))
	if projects := single(projects); projects.kind() == isString {
		a.hint(projects.text())
	}
}

// sentryPlugin reads the body of the webhook plugin that came before integrations.
func (a *draft) sentryPlugin(v node) {
	var o object
	o.open(v)
	event := o.get("event")
	a.sentryEvent(event)
	a.Title = cmp.Or(a.Title, cmp.Or(o.get("message").text(), o.get("culprit").text()))
	a.Key = cmp.Or(line(o.get("id").text()), a.Key)
	if a.Severity == Unknown {
		a.severe(o.get("level").text())
	}
	a.link(o.get("url").text(), "Sentry")
	a.label("project", either(o.get("project_slug"), o.get("project")))
	a.hint(a.Label("project"))
	a.label("triggering_rules", single(o.get("triggering_rules")))
}
