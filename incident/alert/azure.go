package alert

import (
	"cmp"
	"strings"
)

// azureSeverities are Azure's own: Sev0 critical, Sev1 error, Sev2 warning, Sev3
// informational, Sev4 verbose. Its Sev1 is not ours.
// Source: Azure Monitor documentation, "Alert severity".
var azureSeverities = map[string]Severity{"0": Sev1, "1": Sev2, "2": Sev3, "3": Sev4, "4": Sev4}

// readAzure reads Azure Monitor's common alert schema, and in part the older ones
// of metric and activity log alerts.
// Sources: MicrosoftDocs/azure-docs, alerts-common-schema.md,
// alerts-payload-samples.md.
func readAzure(d *doc) (Body, error) {
	data := d.get("data")
	essentials := data.get("essentials")
	if essentials.kind() != isObject {
		if context := either(data.get("context"), d.get("context")); context.kind() == isObject {
			return readAzureOld(d, data, context)
		}
		return Body{}, refuse("data.essentials", "must be an object, not %s; switch on the common alert schema in the action group", essentials.kind())
	}
	var o object
	o.open(essentials)
	text := func(name string) string { return line(o.get(name).text()) }
	a := d.draft()
	a.Key = cmp.Or(text("alertId"), text("originAlertId"))
	a.Title = text("alertRule")
	a.azureState(text("monitorCondition"))
	a.azureSeverity(text("severity"))
	a.Started = o.get("firedDateTime").when()
	a.Ended = o.get("resolvedDateTime").when()
	a.say("description", o.get("description").text())
	a.link(o.get("investigationLink").text(), "Investigate")
	for _, name := range []string{"targetResourceGroup", "targetResourceType", "monitoringService", "signalType"} {
		a.label(name, o.get(name))
	}
	for _, name := range []string{"configurationItems", "alertTargetIDs"} {
		a.label(name, single(o.get(name)))
	}
	a.properties("data.customProperties", data.get("customProperties"))
	context := data.get("alertContext")
	a.azureContext(context, text("monitoringService"))
	if a.Key == "" && a.Title != "" {
		a.Key = Fingerprint(a.Title, text("alertRuleID"), o.get("alertTargetIDs").flat(MaxValue))
	}
	a.Title = cmp.Or(a.Title, cmp.Or(sentence(a.Summary), a.Key))
	if a.Title == "" {
		return Body{}, refuse("data.essentials.alertRule", "is missing, and so are description and alertId: the body does not say what is wrong")
	}
	return d.body(a)
}

func (a *draft) azureState(word string) {
	switch strings.ToLower(word) {
	case "resolved", "deactivated":
		a.Status = Over
	case "", "fired", "activated":
	default:
		a.note("The alert's condition " + cut(word, 40) + " is not known; taken as firing.")
	}
}

func (a *draft) azureSeverity(word string) {
	digit := strings.TrimPrefix(strings.ToLower(word), "sev")
	if s, ok := azureSeverities[digit]; ok {
		a.Severity = s
		a.set("severity", "Sev"+digit)
		return
	}
	a.severe(word)
}

// properties adds what people have given an alert, and the runbook among it.
func (a *draft) properties(field string, v node) {
	if v.kind() != isObject {
		a.labels("", field, v)
		return
	}
	v.each(func(k, value node) bool {
		name := a.d.word(k)
		if s := value.text(); address(s) != "" && a.link(s, strings.ToUpper(name[:min(1, len(name))])+name[min(1, len(name)):]) {
			return true
		}
		a.label(name, value)
		return true
	})
}

// azureContext keeps what was measured, or what Azure says of its own health. Of
// the latter, properties.service is a product of Azure's.
func (a *draft) azureContext(context node, service string) {
	own := strings.HasPrefix(service, "ServiceHealth") || strings.HasPrefix(service, "Resource Health") || strings.HasPrefix(service, "Activity Log")
	properties := context.get("properties")
	switch {
	case own:
		a.Title = cmp.Or(line(properties.get("title").text()), a.Title)
		a.say("communication", properties.get("communication").text())
		properties.each(func(k, v node) bool {
			if name := a.d.word(k); name != "communication" && name != "title" {
				a.label("azure_"+name, v)
			}
			return true
		})
		a.label("operationName", either(context.get("operationName"), context.get("authorization").get("action")))
		a.label("status", context.get("status"))
		a.label("caller", context.get("caller"))
	default:
		a.properties("data.alertContext.properties", properties)
	}
	either(context.get("condition").get("allOf"), context.get("allOf")).items(func(_ int, c node) bool {
		a.azureCondition(c)
		return len(a.Details) < 50
	})
	for _, name := range []string{"LinkToSearchResults", "linkToSearchResultsUI", "LinkToFilteredSearchResultsUI"} {
		a.link(context.get(name).text(), "Search results")
	}
}

func (a *draft) azureCondition(c node) {
	var o object
	o.open(c)
	text := func(name string) string { return line(o.get(name).text()) }
	name := cmp.Or(text("metricName"), cmp.Or(text("metricMeasureColumn"), "condition"))
	value := either(o.get("metricValue"), o.get("value")).text()
	a.detail(name, strings.Join(strings.Fields(text("timeAggregation")+" "+value+" ("+text("operator")+" "+text("threshold")+")"), " "))
	a.detail("query", o.get("searchQuery").text())
	o.get("dimensions").items(func(_ int, v node) bool {
		a.pair(v)
		return true
	})
	a.link(o.get("linkToSearchResultsUI").text(), "Search results")
	a.link(o.get("linkToFilteredSearchResultsUI").text(), "Search results")
}

// readAzureOld reads the schemas before the common one.
func readAzureOld(d *doc, data, context node) (Body, error) {
	if log := context.get("activityLog"); log.kind() == isObject {
		context = log
	}
	var o object
	o.open(context)
	text := func(name string) string { return line(o.get(name).text()) }
	a := d.draft()
	a.Title = cmp.Or(text("name"), cmp.Or(line(o.get("properties").get("title").text()), cmp.Or(text("operationName"), sentence(text("description")))))
	if a.Title == "" {
		return Body{}, refuse("context.name", "is missing: the body does not say what is wrong; switch on the common alert schema in the action group")
	}
	a.Key = cmp.Or(text("id"), cmp.Or(text("eventDataId"), text("resourceId")))
	a.azureState(cmp.Or(line(data.get("status").text()), line(d.get("status").text())))
	a.azureSeverity(text("severity"))
	a.Started = either(o.get("timestamp"), o.get("eventTimestamp")).when()
	if a.Status == Over {
		a.Started, a.Ended = a.Ended, a.Started
	}
	a.say("description", o.get("description").text())
	a.link(o.get("portalLink").text(), "Portal")
	for _, name := range []string{"resourceGroupName", "resourceName", "resourceType", "resourceRegion", "conditionType"} {
		a.label(name, o.get(name))
	}
	a.properties("properties", either(data.get("properties"), d.get("properties")))
	c := o.get("condition")
	a.azureCondition(c)
	c.get("allOf").items(func(_ int, c node) bool {
		a.azureCondition(c)
		return len(a.Details) < 50
	})
	return d.body(a)
}
