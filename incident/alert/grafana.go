package alert

import (
	"cmp"
	"strings"
)

// grafanaReason is the annotation in which Grafana says why a state is what it
// is; it is kept as a label.
const grafanaReason = "grafana_state_reason"

// noData says that a rule of Grafana could not be judged, which is not the same as
// what the rule warns of: then the alert's name is DatasourceNoData or
// DatasourceError, and that of the rule is the label rulename.
// Source: Grafana documentation, "Stale alert instances", "No Data and Error states".
func (a *draft) noData(notes *object) {
	name, reason := a.Label("alertname"), notes.get(grafanaReason).text()
	rule := cmp.Or(a.Label("rulename"), name)
	a.set(grafanaReason, reason)
	switch {
	case name == "DatasourceNoData" || strings.HasPrefix(reason, "NoData"):
		a.Title = "No data: " + rule
		a.note("No data: the rule could not be judged, which is not the same as what it warns of.")
	case name == "DatasourceError" || strings.HasPrefix(reason, "Error"):
		a.Title = "Cannot be judged: " + rule
		a.Summary = notes.get("Error").text()
		a.note("Grafana could not judge the rule because of an error, which is not the same as what it warns of.")
	case reason != "" && a.Status == Over:
		a.note("Grafana calls it over for another reason than that it is well: " + cut(line(reason), 100) + ".")
	}
	if name == "DatasourceNoData" || name == "DatasourceError" {
		a.set(grafanaReason, cmp.Or(reason, strings.TrimPrefix(name, "Datasource")))
	}
}

// measured keeps the values that made the alert fire, as they were written.
func (a *draft) measured(o *object) {
	var values []string
	o.get("values").each(func(k, v node) bool {
		values = append(values, k.text()+"="+v.flat(MaxKey))
		return len(values) < 30
	})
	if len(values) > 0 {
		a.detail("values", strings.Join(values, ", "))
		return
	}
	a.detail("value", o.get("valueString").text())
}

// readLegacyGrafana reads the body of a notification channel of Grafana up to 10:
// one rule with its state, and no list of alerts.
// Source: grafana/grafana up to 10, pkg/services/alerting/notifiers/webhook.go.
func readLegacyGrafana(d *doc) (Body, error) {
	var o object
	o.open(d.node)
	a := d.draft()
	rule := line(o.get("ruleName").text())
	a.Title = cmp.Or(rule, cmp.Or(line(o.get("title").text()), "Alert from "+d.source))
	switch state := strings.ToLower(line(o.get("state").text())); state {
	case "ok":
		a.Status = Over
	case "paused", "pending":
		a.Status = None
		a.note("The rule is " + state + ": that is neither firing nor over.")
	case "no_data":
		a.Title = "No data: " + a.Title
		a.note("No data: the rule could not be judged, which is not the same as what it warns of.")
	case "", "alerting":
	default:
		a.note("The rule's state " + cut(state, 40) + " is not known; taken as firing.")
	}
	a.labels("", "tags", o.get("tags"))
	a.severe(cmp.Or(a.Label("severity"), a.Label("priority")))
	a.say("message", o.get("message").text())
	o.get("evalMatches").items(func(_ int, m node) bool {
		a.detail(cmp.Or(m.get("metric").text(), "value"), strings.TrimSpace(m.get("value").flat(MaxTitle)+" "+m.get("tags").flat(MaxTitle)))
		return len(a.Details) < 20
	})
	a.link(o.get("ruleUrl").text(), "Rule")
	a.link(o.get("imageUrl").text(), "Image")
	if id := o.get("ruleId").text(); id != "" {
		a.Key = "grafana:" + cmp.Or(o.get("orgId").text(), "1") + "/" + id
	} else {
		a.Key = "grafana:" + rule
	}
	return d.body(a)
}
