package alert

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// readPagerDuty reads the body of the PagerDuty Events API v2 (POST /v2/enqueue),
// so that a sender needs nothing but another address. The routing key, which is
// what lets the sender in, is not read here, see [SecretIn]. A trigger without a
// dedup_key is an alert of its own each time, with a key that is made (see
// Request.Nonce); acknowledge and resolve need one.
// Source: PagerDuty/developer-docs, docs/events-API-v2/02-Trigger-Events.md.
func readPagerDuty(d *doc) (Body, error) {
	var o, p object
	o.open(d.node)
	payload := o.get("payload")
	p.open(payload)
	a := d.draft()
	a.Key = o.get("dedup_key").text()
	problems := a.action(o.get("event_action"), "event_action", "dedup_key", p.get("summary").kind() != isNull)
	if k := payload.kind(); k != isObject && k != isNull {
		problems = append(problems, Problem{"payload", "must be an object, not " + string(k)})
	}
	a.Title = ungrouped(p.get("summary").text())
	a.Started = p.get("timestamp").when()
	for _, name := range []string{"source", "component", "group", "class"} {
		a.label(name, p.get(name))
	}
	a.custom(p.get("custom_details"))
	a.severe(cmp.Or(p.get("severity").text(), a.Label("severity")))
	a.hint(a.Label("group"))
	a.hint(a.Label("component"))
	a.client(&o)
	a.linkList(o.get("links"), "links")
	a.linkList(o.get("images"), "images")
	if a.Status == Firing && line(a.Title) == "" {
		a.Title = line(a.Label("class") + " " + a.Label("component") + " " + a.Label("source"))
		a.note("The event has no payload.summary; its title is what else it says.")
	}
	if a.Status == Firing && a.Title == "" && len(problems) < 2 {
		problems = append(problems, Problem{"payload.summary", "is missing; say in a few words what is wrong"})
	}
	if len(problems) > 0 && (a.Title == "" || problems[0].Field != "payload") {
		return Body{}, problems
	}
	a.made()
	return d.body(a)
}

// action reads what an event of PagerDuty does. One that says nothing of it
// triggers, if it has anything else to say.
func (a *draft) action(v node, field, key string, summary bool) (p Problems) {
	switch word := strings.ToLower(line(v.text())); word {
	case "trigger":
	case "acknowledge":
		a.Status = Acknowledged
	case "resolve":
		a.Status = Over
	case "":
		if !summary {
			return Problems{{field, "is missing; it must be trigger, acknowledge or resolve"}}
		}
		a.note("The event does not say what it does (" + field + "); taken as trigger.")
	default:
		return Problems{{field, fmt.Sprintf("is %q; it must be trigger, acknowledge or resolve", cut(word, 40))}}
	}
	if a.Status != Firing && strings.TrimSpace(a.Key) == "" {
		return Problems{{key, "is missing; it says what to " + strings.ToLower(line(v.text()))}}
	}
	return nil
}

// made gives an alert without a key one of its own.
func (a *draft) made() {
	if strings.TrimSpace(a.Key) == "" {
		a.Made = true
		a.Key = Fingerprint(a.d.nonce, a.Label("source"), a.Label("component"), a.Label("class"), line(a.Title))
	}
}

// groupState is what Alertmanager's templates put before the name of a group.
var groupState = pattern.New(`^\s*\[(FIRING(:\s*\d+)?|RESOLVED(:\s*\d+)?|Alerting|OK|No Data)\]\s*`)

// ungrouped drops the state before a title: it changes while the alert does not.
func ungrouped(title string) string { return groupState.ReplaceAllString(title, "") }

// custom reads details that the documentation calls an object and that some
// senders make a text or a list.
func (a *draft) custom(v node) {
	if k := v.kind(); k != isObject {
		a.say("details", v.flat(4*MaxValue))
		return
	}
	firing := v.get("firing")
	if firing.kind() != isNull && v.get("num_firing").kind() != isNull {
		a.grouped(firing)
	}
	v.each(func(k, value node) bool {
		if name := a.d.word(k); name == "tags" {
			a.tag(value)
		} else {
			a.label(name, value)
		}
		return true
	})
}

// grouped takes the words of an Alertmanager's alerts out of its details, where
// they are a text (as its templates write it) or, from 0.30 on, a list.
func (a *draft) grouped(firing node) {
	if firing.kind() == isList || firing.kind() == isObject {
		notes := firing.first().get("annotations")
		a.say("summary", notes.get("summary").text())
		a.say("description", notes.get("description").text())
		return
	}
	var summary, description string
	for l := range strings.SplitSeq(firing.text(), "\n") {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(l), "- "), " = ")
		switch name {
		case "summary":
			summary = cmp.Or(summary, value)
		case "description":
			description = cmp.Or(description, value)
		}
	}
	a.Summary = strings.TrimSpace(summary + "\n" + description)
}

func (a *draft) client(o *object) {
	name := line(o.get("client").text())
	a.detail("client", name)
	a.link(o.get("client_url").text(), name)
}

// linkList adds links or images that are a list of objects; one that is none is
// noted.
func (a *draft) linkList(list node, field string) {
	if k := list.kind(); k != isList && k != isNull {
		a.wrong(field, list, "a list")
		a.linked(list)
	}
	list.items(func(at int, v node) bool {
		switch v.kind() {
		case isObject:
			text := cmp.Or(v.get("text").text(), v.get("alt").text())
			a.link(v.get("src").text(), cmp.Or(text, "Image"))
			a.link(v.get("href").text(), text)
		case isString:
			a.link(v.text(), "")
		default:
			a.wrong(fmt.Sprintf("%s[%d]", field, at), v, "an object")
		}
		return true
	})
}

// readChange reads a change event: what somebody has changed in a service. It
// pages nobody.
// Source: PagerDuty/developer-docs, docs/events-API-v2/03-Change-Events.md.
func readChange(d *doc) (Body, error) {
	var o object
	o.open(d.node)
	p := o.get("payload")
	if k := p.kind(); k != isObject && k != isNull {
		return Body{}, refuse("payload", "must be an object, not %s", k)
	}
	a := d.draft()
	a.Title = line(p.get("summary").text())
	if a.Title == "" {
		return Body{}, refuse("payload.summary", "is missing; say in a few words what was changed")
	}
	for _, name := range []string{"source", "component", "group"} {
		a.label(name, p.get(name))
	}
	a.hint(a.Label("group"))
	a.hint(a.Label("component"))
	a.custom(p.get("custom_details"))
	a.client(&o)
	a.linkList(o.get("links"), "links")
	a.linkList(o.get("images"), "images")
	a.Key = "change" // of no use to a change
	done := a.finish()
	if done.Summary != "" {
		done.Details = append(done.Details, KV{"summary", done.Summary})
	}
	return Body{Notes: append(d.notes, done.Notes...), Changes: []Change{{
		Title: done.Title, Service: done.Service, Hints: done.Hints, At: p.get("timestamp").when(), Source: d.source,
		Details: append(done.Labels, done.Details...), Links: done.Links,
	}}}, nil
}

// readPagerDutyV1 reads the body of the PagerDuty Events API v1, which has no
// severity.
// Source: PagerDuty/developer-docs, docs/events-API-v1/02-Trigger-Events.md.
func readPagerDutyV1(d *doc) (Body, error) {
	var o object
	o.open(d.node)
	a := d.draft()
	a.Key = o.get("incident_key").text()
	text := o.get("description").text()
	problems := a.action(o.get("event_type"), "event_type", "incident_key", line(text) != "")
	details := o.get("details")
	if a.Status == Firing {
		a.Title = cmp.Or(nagios(details), ungrouped(text))
	}
	a.say("output", details.get("SERVICEOUTPUT").text())
	a.say("output", details.get("HOSTOUTPUT").text())
	a.say("description", text)
	a.custom(details)
	for _, name := range []string{"severity", "priority", "SERVICESTATE"} {
		if a.Severity == Unknown && !strings.EqualFold(a.Label(name), "UNKNOWN") {
			a.severe(a.Label(name))
		}
	}
	a.client(&o)
	a.linkList(o.get("contexts"), "contexts")
	if len(problems) == 0 && a.Status == Firing && line(a.Title) == "" {
		problems = refuse("description", "is missing; say in a few words what is wrong")
	}
	if len(problems) > 0 {
		return Body{}, problems
	}
	a.made()
	return d.body(a)
}

// nagios returns the title of an event of Nagios or one of its children, whose
// description is a row of macros.
// Source: PagerDuty/pdagent-integrations, pd-nagios.
func nagios(details node) string {
	host, service := line(details.get("HOSTNAME").text()), line(details.get("SERVICEDESC").text())
	state := line(cmp.Or(details.get("SERVICESTATE").text(), details.get("HOSTSTATE").text()))
	switch {
	case host == "" || state == "":
		return ""
	case service == "":
		return host + " is " + state
	default:
		return service + " on " + host + " is " + state
	}
}
