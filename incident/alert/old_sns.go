package alert

import "strings"

// Alert reads what a notification carries: a CloudWatch alarm, our own event, or
// any other text, which is then an alert with the subject, or the first line,
// as its title. Other types than Notification carry no alert.
func (e Envelope) Alert() (Alert, error) {
	if e.Type != SNSNotification {
		return Alert{}, refuse("Type", "is %s; it carries no alert", e.Type)
	}
	v, _, err := read([]byte(e.Message))
	switch {
	case err == nil && v.get("AlarmName").kind == isString:
		return alarm(v), nil
	case err == nil && v.get("title").kind == isString:
		a, err := ParseEvent([]byte(e.Message))
		a.Source = "sns"
		return a, err
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(e.Message, "\uFFFD")), "\n")
	a := Alert{Source: "sns", Status: Firing, Severity: Unknown, Title: line(e.Subject)}
	if a.Title == "" {
		a.Title = line(first)
	} else {
		rest = e.Message
	}
	if a.Title == "" {
		return Alert{}, refuse("Message", "is empty, and there is no Subject")
	}
	a.detail("message", strings.TrimSpace(rest))
	a.detail("topic", e.TopicARN)
	a.Key = Fingerprint(e.TopicARN, a.Title)
	a.finish()
	return a, nil
}

// alarm reads a CloudWatch alarm. It has no severity of its own: the default.
func alarm(v value) Alert {
	a := Alert{
		Source: "sns", Status: Firing, Severity: Unknown,
		Title: v.get("AlarmName").text, Key: v.get("AlarmArn").flat(),
	}
	switch state := v.get("NewStateValue").flat(); state {
	case "OK":
		a.Status = Over
	case "ALARM":
	default:
		a.note("The alarm's state is " + cut(or(line(state), "not said"), 40) + "; taken as firing.")
	}
	if a.Key == "" {
		a.Key = Fingerprint(v.get("AWSAccountId").flat(), v.get("Region").flat(), line(a.Title))
	}
	for _, d := range []struct{ name, field string }{
		{"description", "AlarmDescription"}, {"reason", "NewStateReason"}, {"since", "StateChangeTime"},
		{"region", "Region"}, {"account", "AWSAccountId"}, {"state before", "OldStateValue"},
	} {
		a.detail(d.name, v.get(d.field).flat())
	}
	trigger := v.get("Trigger")
	a.detail("metric", strings.TrimSpace(trigger.get("Namespace").flat()+" "+trigger.get("MetricName").flat()))
	for _, d := range trigger.get("Dimensions").list {
		a.detail(or(d.get("name").flat(), "dimension"), d.get("value").flat())
	}
	a.finish()
	return a
}
