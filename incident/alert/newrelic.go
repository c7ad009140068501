package alert

import (
	"cmp"
	"strings"
)

// readNewRelic reads the body of a New Relic workflow's webhook, in its default
// template, and of the older alert channels.
// Source: New Relic documentation, workflow variables; zulip/zulip,
// zerver/webhooks/newrelic/fixtures.
func readNewRelic(d *doc) (Body, error) {
	var o object
	o.open(d.node)
	a := d.draft()
	text := func(names ...string) string {
		for _, name := range names {
			if s := first(o.get(name)); s != "" {
				return s
			}
		}
		return ""
	}
	a.Title = text("title", "condition_name", "conditionName")
	if policy := text("policy_name"); policy != "" && o.get("title").kind() == isNull {
		a.Title = strings.TrimPrefix(policy+": "+a.Title, ": ")
	}
	a.Key = text("id", "issueId", "issue_id", "incident_id")
	a.Status = newRelicState(strings.ToLower(text("state", "current_state", "status")), strings.ToLower(text("trigger", "event_type")))
	a.severe(text("priority", "severity"))
	a.Started = either(o.get("createdAt"), o.get("activatedAt"), o.get("timestamp")).when()
	if a.Status == Over {
		a.Ended = either(o.get("closedAt"), o.get("updatedAt"), o.get("timestamp")).when()
	}
	for _, name := range []string{"details", "description", "condition_description", "annotations"} {
		a.say(name, plainText(o.get(name)))
	}
	for _, l := range newRelicLinks {
		a.link(text(l.name), l.text)
	}
	for _, name := range newRelicLabels {
		a.label(name, single(o.get(name)))
	}
	for _, name := range []string{"labels", "tags", "customProperties"} {
		if v := o.get(name); v.kind() != isNull {
			a.newRelicTags(v)
		}
	}
	o.get("impactedEntities").items(func(_ int, v node) bool {
		a.hint(v.text())
		return len(a.Hints) < 10
	})
	a.hint(o.get("targets").first().get("name").text())
	a.Service = text("service")
	if line(a.Title) == "" {
		a.Title = cmp.Or(sentence(a.Summary), "New Relic issue "+a.Key)
	}
	if a.Key == "" && a.Title == "New Relic issue " {
		return Body{}, refuse("title", "is missing, and so is id: the body says neither what is wrong nor which issue it is")
	}
	return d.body(a)
}

// newRelicLinks are where a body holds addresses, with the words for them.
var newRelicLinks = []struct{ name, text string }{
	{"issueUrl", "Issue"}, {"issuePageUrl", "Issue"}, {"incident_url", "Incident"}, {"violationChartUrl", "Chart"}, {"violation_chart_url", "Chart"},
	{"runbookUrl", "Runbook"}, {"runbook_url", "Runbook"}, {"condition_runbook_url", "Runbook"}, {"deepLinkUrl", "New Relic"},
}

// newRelicLabels are the fields that say what an issue is about.
var newRelicLabels = []string{"alertPolicyNames", "alertConditionNames", "impactedEntities", "entitiesData", "sources", "totalIncidents", "account_name",
	"policy_name", "condition_name", "targets"}

// newRelicState reads the state of an issue; the trigger says why it is sent. What
// a user does to an active issue, other than closing it, is to acknowledge it.
func newRelicState(state, trigger string) Status {
	switch {
	case state == "closed" || state == "resolved" || strings.Contains(trigger, "close") && state == "":
		return Over
	case state == "acknowledged" || strings.Contains(trigger, "acknowledge") || trigger == "user_action":
		return Acknowledged
	default:
		return Firing
	}
}

// newRelicTags adds tags: their values are lists.
func (a *draft) newRelicTags(v node) {
	if v.kind() != isObject {
		a.tag(v)
		return
	}
	v.each(func(k, value node) bool {
		a.label(a.d.word(k), single(value))
		return true
	})
}

// single returns the one element of a list that has one, and anything else as it
// is; a list without any is nothing.
func single(v node) node {
	if v.kind() != isList {
		return v
	}
	many := 0
	v.items(func(int, node) bool {
		many++
		return many < 2
	})
	if many < 2 {
		return v.first()
	}
	return v
}

// first returns a text, or the first of a list of them.
func first(v node) string {
	if v.kind() == isList {
		v = v.first()
	}
	return strings.TrimSpace(v.text())
}

// plainText returns a text, or what is in an object or list as one.
func plainText(v node) string { return v.flat(4 * MaxValue) }

// either returns the first value that is not null.
func either(vs ...node) node {
	for _, v := range vs {
		if v.kind() != isNull {
			return v
		}
	}
	return nil
}
