package alert

import (
	"cmp"
	"strings"
)

// readGCP reads the body of a webhook of Google Cloud Monitoring, schema 1.2.
// Source: cloud.google.com/monitoring/support/notification-options.
func readGCP(d *doc) (Body, error) {
	incident := d.get("incident")
	if incident.kind() != isObject {
		return Body{}, refuse("incident", "must be an object, not %s", incident.kind())
	}
	var o object
	o.open(incident)
	text := func(name string) string { return line(o.get(name).text()) }
	a := d.draft()
	a.Key = cmp.Or(text("incident_id"), text("url"))
	policy, condition := text("policy_name"), cmp.Or(text("condition_name"), line(o.get("condition").get("displayName").text()))
	switch {
	case policy != "" && condition != "" && policy != condition:
		a.Title = policy + ": " + condition
	default:
		a.Title = cmp.Or(policy, cmp.Or(condition, cmp.Or(sentence(text("summary")), "Google Cloud incident "+a.Key)))
	}
	if a.Title == "Google Cloud incident " {
		return Body{}, refuse("incident", "has no incident_id, policy_name, condition_name or summary: it does not say what is wrong")
	}
	switch state := strings.ToLower(text("state")); state {
	case "closed", "resolved":
		a.Status = Over
		a.Ended = o.get("ended_at").when()
	case "acknowledged":
		a.Status = Acknowledged
	case "", "open", "opened", "firing":
	default:
		a.note("The incident's state " + cut(state, 40) + " is not known; taken as firing.")
	}
	a.Started = o.get("started_at").when()
	if word := text("severity"); !strings.EqualFold(word, "no severity") {
		a.severe(word)
	}
	a.say("summary", o.get("summary").text())
	a.cloudLabels(&o)
	a.documentation(o.get("documentation"))
	a.link(o.get("url").text(), "Incident")
	for _, name := range []string{"observed_value", "threshold_value", "resource_display_name", "resource_name", "resource_type_display_name", "scoping_project_id"} {
		a.label(name, o.get(name))
	}
	a.label("metric", either(o.at("metric", "displayName"), o.at("metric", "type")))
	return d.body(a)
}

// cloudLabels adds what people have labelled by its own names, and what Google
// names so that its products are not taken for services.
func (a *draft) cloudLabels(o *object) {
	a.labels("", "policy_user_labels", o.get("policy_user_labels"))
	a.labels("", "metadata.user_labels", o.get("metadata").get("user_labels"))
	a.labels("", "metric.labels", o.get("metric").get("labels"))
	resource := o.get("resource").get("labels")
	resource.each(func(k, v node) bool {
		name := a.d.word(k)
		if name == "service" || a.Label(name) != "" {
			name = "resource." + name
		}
		a.label(name, v)
		return true
	})
}

// at goes down several objects.
func (o *object) at(name string, path ...string) node { return o.get(name).at(path...) }

// documentation keeps what the policy says should be done.
func (a *draft) documentation(v node) {
	if v.kind() == isString {
		a.detail("documentation", v.text())
		a.named(v.text())
		return
	}
	content := v.get("content").text()
	a.detail("documentation", content)
	v.get("links").items(func(_ int, l node) bool {
		a.link(l.get("url").text(), cmp.Or(l.get("displayName").text(), "Documentation"))
		return true
	})
	a.named(content)
}
