package alert

import (
	"cmp"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// ReadSNS reads what a notification of Amazon SNS carries, once it is known to be
// SNS's (see [Envelope.Verify]): an alarm of CloudWatch, an event of EventBridge or
// RDS, a body of another sender or our own, or any text, which is then an alert
// with the subject, or the first line, as its title. Other types than Notification
// carry no alert. The error is a [Problems].
func ReadSNS(e Envelope) (Body, error) {
	if e.Type != SNSNotification {
		return Body{}, refuse("Type", "is %s; it carries no alert", cmp.Or(e.Type, "missing"))
	}
	n, notes, err := checked([]byte(e.Message))
	if err != nil || n.kind() != isObject {
		return readSNSText(e)
	}
	d := newDoc(n, notes, string(SenderSNS))
	var o object
	o.open(n)
	switch {
	case o.get("AlarmName").kind() == isString:
		return d.body(d.alarm(&o, e))
	case o.get("detail-type").kind() == isString && o.get("source").kind() == isString:
		return d.body(d.eventBridge(&o, e))
	case o.get("Event Source").kind() == isString && o.get("Event Message").kind() == isString:
		return d.body(d.rds(&o, e))
	case o.get("title").kind() == isString && o.get("alerts").kind() == isNull:
		return d.event()
	}
	if sender, err := Guess([]byte(e.Message)); err == nil && sender != SenderSNS && sender != SenderEvent {
		return Read(Request{Sender: sender, Body: []byte(e.Message), ContentType: "application/json"})
	}
	return d.body(d.anyMessage(&o, e))
}

// readSNSBody is [ReadSNS] of a body whose signature is not looked at.
func readSNSBody(r Request) (Body, error) {
	e, err := ParseSNS(r.Body)
	if err != nil {
		return Body{}, err
	}
	return ReadSNS(e)
}

// generic reports whether a subject is the same for whatever is sent, so that it
// is no title.
func generic(subject string) bool {
	s := strings.ToLower(line(subject))
	return s == "" || strings.HasSuffix(s, "notification message") || s == "aws notification message" || s == "alert" || s == "notification"
}

func readSNSText(e Envelope) (Body, error) {
	d := newDoc(node(nil), nil, string(SenderSNS))
	d.room += 2 * len(e.Message)
	a := d.draft()
	message := strings.TrimSpace(strings.ToValidUTF8(e.Message, "\uFFFD"))
	title := e.Subject
	if generic(title) {
		title, message, _ = strings.Cut(message, "\n")
	}
	if line(title) == "" {
		return Body{}, refuse("Message", "is empty, and there is no Subject")
	}
	if strings.HasPrefix(strings.TrimSpace(title), "[RESOLVED") {
		a.Status = Over
	}
	a.Title = line(ungrouped(title))
	a.Summary = strings.TrimSpace(message)
	a.set("topic", e.TopicARN)
	a.Key = Fingerprint(e.TopicARN, a.Title)
	return d.body(a)
}

// alarm reads a CloudWatch alarm as SNS carries it. It has no severity.
// Source: Amazon CloudWatch user guide; aws/aws-lambda-go, events/testdata.
func (d *doc) alarm(o *object, e Envelope) *draft {
	a := d.draft()
	a.Title = o.get("AlarmName").text()
	a.Key = cmp.Or(line(o.get("AlarmArn").text()), Fingerprint(o.get("AWSAccountId").text(), o.get("Region").text(), line(a.Title)))
	a.Started = o.get("StateChangeTime").when()
	a.alarmState(o.get("NewStateValue").text(), o.get("InsufficientDataActions").first() != nil)
	a.say("description", o.get("AlarmDescription").text())
	a.say("reason", o.get("NewStateReason").text())
	a.label("state before", o.get("OldStateValue"))
	a.label("region", o.get("Region"))
	a.label("account", o.get("AWSAccountId"))
	a.detail("rule", o.get("AlarmRule").text()) // of a composite alarm
	trigger := o.get("Trigger")
	a.set("metric", trigger.get("Namespace").text()+" "+trigger.get("MetricName").text())
	trigger.get("Dimensions").items(func(_ int, v node) bool {
		a.pair(v)
		return true
	})
	trigger.get("Metrics").items(func(_ int, v node) bool { // of an alarm on an expression
		v.at("MetricStat", "Metric", "Dimensions").items(func(_ int, v node) bool {
			a.pair(v)
			return true
		})
		return true
	})
	a.set("topic", e.TopicARN)
	return a
}

// alarmState reads the state of a CloudWatch alarm. That there is no data is not
// the end of it, and not the condition either; it asks somebody only where the
// alarm has been told to say so.
func (a *draft) alarmState(state string, told bool) {
	switch state {
	case "OK":
		a.Status = Over
		a.Started, a.Ended = a.Ended, a.Started
	case "ALARM":
	case "INSUFFICIENT_DATA":
		a.Title += ": no data"
		a.note("No data: the alarm could not be judged, which is neither over nor what it warns of.")
		if !told {
			a.Status = None
		}
	default:
		a.note("The alarm's state is " + cut(cmp.Or(line(state), "not said"), 40) + "; taken as firing.")
	}
}

var rdsNumber = pattern.New(`RDS-EVENT-\d+`)

// rds reads an event of RDS, which is no state: nothing will end it. Its subject
// is the same for all of them.
// Source: Amazon RDS user guide, "Working with Amazon RDS event notification".
func (d *doc) rds(o *object, e Envelope) *draft {
	a := d.draft()
	text := func(name string) string { return line(o.get(name).text()) }
	id, message := text("Source ID"), text("Event Message")
	a.Title = strings.TrimPrefix(id+": "+message, ": ")
	number := cmp.Or(rdsNumber.FindString(text("Event ID")), cmp.Or(text("Event ID"), message))
	a.Key = "rds:" + Fingerprint(cmp.Or(text("Source ARN"), text("Event Source")+"/"+id), number)
	a.Started = o.get("Event Time").when()
	a.set("source", text("Event Source"))
	a.set("source_id", id)
	a.set("event_id", number)
	a.labels("", "Tags", o.get("Tags"))
	a.link(text("Identifier Link"), "RDS")
	a.set("topic", e.TopicARN)
	a.note("This is an event, not a state: nothing will end it.")
	return a
}

// anyMessage reads JSON that no sender is known to send: the subject is its title
// where it says anything.
func (d *doc) anyMessage(o *object, e Envelope) *draft {
	a := d.draft()
	words := func(names ...string) string {
		for _, name := range names {
			if s := line(o.get(name).text()); s != "" {
				return s
			}
		}
		return ""
	}
	a.Title = words("title", "Title", "summary", "subject", "Subject", "alarmName", "name")
	text := words("Description", "description", "Message", "message", "Cause", "msg", "text", "Event", "event")
	if subject := line(e.Subject); !generic(subject) {
		a.Title = ungrouped(subject)
	}
	a.Title = cmp.Or(a.Title, cmp.Or(sentence(text), "Message of "+e.TopicARN[strings.LastIndexByte(e.TopicARN, ':')+1:]))
	a.say("message", text)
	a.labels("", "Message", d.node)
	a.severe(a.Label("severity"))
	a.set("topic", e.TopicARN)
	a.Key = Fingerprint(e.TopicARN, a.Title)
	return a
}
