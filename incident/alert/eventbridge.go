package alert

import (
	"cmp"
	"strings"
)

// eventBridge reads an event of Amazon EventBridge. Those that are a state of an
// alarm or of AWS's own health have a key that their end shares; of all others the
// same resource in the same state is the same alert, whatever its id and time say.
// Sources: Amazon CloudWatch user guide, "Alarm events and EventBridge"; AWS Health
// user guide, "EventBridge schema".
func (d *doc) eventBridge(o *object, e Envelope) *draft {
	a := d.draft()
	var detail object
	detail.open(o.get("detail"))
	kind, source := line(o.get("detail-type").text()), line(o.get("source").text())
	resource := line(o.get("resources").first().text())
	a.Started = o.get("time").when()
	a.set("detail-type", kind)
	a.set("source", source)
	for _, name := range []string{"region", "account"} {
		a.label(name, o.get(name))
	}
	a.label("resources", single(o.get("resources")))
	switch {
	case kind == "CloudWatch Alarm State Change":
		a.bridgedAlarm(&detail, resource)
	case source == "aws.health":
		a.health(&detail)
	default:
		a.bridged(&detail, o, kind, resource)
	}
	a.set("topic", e.TopicARN)
	return a
}

func (a *draft) bridgedAlarm(o *object, arn string) {
	a.Title = cmp.Or(line(o.get("alarmName").text()), arn)
	a.Key = cmp.Or(arn, Fingerprint(a.Label("account"), a.Label("region"), a.Title))
	state, config := o.get("state"), o.get("configuration")
	if t := state.get("timestamp").when(); !t.IsZero() {
		a.Started = t
	}
	a.alarmState(state.get("value").text(), false)
	a.say("description", config.get("description").text())
	a.say("reason", state.get("reason").text())
	a.label("state before", o.at("previousState", "value"))
	a.detail("rule", config.get("alarmRule").text())
	config.get("metrics").items(func(_ int, m node) bool {
		metric := m.at("metricStat", "metric")
		a.set("metric", metric.get("namespace").text()+" "+metric.get("name").text())
		a.labels("", "dimensions", metric.get("dimensions"))
		return true
	})
}

// health reads an event of AWS Health. Its service is a product of Amazon's.
func (a *draft) health(o *object) {
	text := func(name string) string { return line(o.get(name).text()) }
	product, code := text("service"), text("eventTypeCode")
	what := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(code, "AWS_"), product+"_"), "_", " "))
	if what == "" {
		what = cmp.Or(strings.ToLower(text("eventTypeCategory")), "event")
	}
	a.Title = strings.Join(strings.Fields("AWS "+product+" "+what), " ")
	if region := cmp.Or(text("eventRegion"), a.Label("region")); region != "" {
		a.Title += " in " + region
	}
	a.Key = text("eventArn")
	if a.Key == "" {
		a.Key = Fingerprint(code, a.Label("region"), text("startTime"))
	}
	if t := o.get("startTime").when(); !t.IsZero() {
		a.Started = t
	}
	if text("statusCode") == "closed" {
		a.Status = Over
		a.Ended = o.get("endTime").when()
	}
	o.get("eventDescription").items(func(_ int, v node) bool {
		a.say("description", v.get("latestDescription").text())
		return true
	})
	var affected []string
	o.get("affectedEntities").items(func(_ int, v node) bool {
		affected = append(affected, line(v.get("entityValue").text()+" "+v.get("status").text()))
		return len(affected) < 100
	})
	a.detail("affected", strings.Join(affected, ", "))
	a.set("aws_service", product)
	for _, name := range []string{"eventTypeCode", "eventTypeCategory", "statusCode"} {
		a.label(name, o.get(name))
	}
	if c := text("eventTypeCategory"); c == "scheduledChange" || c == "accountNotification" {
		a.Severity = Sev4
		a.note("AWS Health calls it a " + c + ": information, nothing that has broken.")
	}
}

// bridged reads any other event.
func (a *draft) bridged(o, top *object, kind, resource string) {
	text := func(names ...string) string {
		for _, name := range names {
			if s := line(o.get(name).text()); s != "" {
				return s
			}
		}
		return ""
	}
	state := text("state", "State", "status", "Status", "lastStatus", "EventID", "eventName")
	message := text("title", "Message", "message", "description", "Description", "reason", "cause", "StatusMessage")
	name := resource[strings.LastIndexAny(resource, ":/")+1:]
	name = cmp.Or(text("SourceIdentifier", "pipeline", "AutoScalingGroupName", "instance-id", "project-name"), name)
	switch {
	case message != "":
		a.Title = strings.TrimPrefix(name+": "+sentence(message), ": ")
		if strings.Contains(message, name) && name != "" {
			a.Title = sentence(message)
		}
	default:
		a.Title = strings.TrimSuffix(strings.TrimSuffix(kind+": "+name, ": ")+" is "+strings.ToLower(state), " is ")
	}
	a.Key = Fingerprint(a.Label("source"), kind, top.get("resources").flat(MaxValue), name, cmp.Or(state, message))
	a.say("message", message)
	a.labels("", "detail", o.n)
	if a.Label("source") == "aws.guardduty" {
		a.guardDuty(text("severity"))
	} else {
		a.severe(text("severity"))
	}
	a.note("This is an event, not a state: nothing will end it.")
}

// guardDuty reads GuardDuty's scale: from 9 critical, 7 high, 4 medium, below low.
// Source: Amazon GuardDuty user guide, "Severity levels".
func (a *draft) guardDuty(s string) {
	switch digit := (s + " ")[0]; {
	case strings.HasPrefix(s, "10") || digit == '9':
		a.Severity = Sev1
	case digit >= '7' && digit <= '9':
		a.Severity = Sev2
	case digit >= '4' && digit <= '6':
		a.Severity = Sev3
	case digit >= '0' && digit <= '3':
		a.Severity = Sev4
	}
}
