package alert

import (
	"strings"
	"testing"
)

// more are bodies beside the samples, each with what must come of it, one line an
// alert: status | severity | service | key has | title, then what must be found in
// its texts, links and labels.
var more = []struct {
	name   string
	sender Sender
	body   string
	want   []string // an alert a line
	has    []string // in the text of all of them
}{
	{"alertmanager: only a description", SenderAlertmanager,
		`{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"HostOom","instance":"web-3:9100","severity":"page","job":"search"},
		"annotations":{"description":"Memory of web-3 is nearly used up. The kernel will kill something soon.\nVALUE = 97"},"startsAt":"2026-01-02T03:04:05.123456789Z","fingerprint":"aa01"}],"commonLabels":{"alertname":"HostOom"}}`,
		[]string{"firing|sev1|search|aa01|Memory of web-3 is nearly used up"}, []string{"VALUE = 97"}},
	{"alertmanager: no annotations at all", SenderAlertmanager,
		`{"status":"firing","groupLabels":{"alertname":"NodeDown"},"commonLabels":{"alertname":"NodeDown","severity":"high"},"alerts":[
		{"status":"firing","labels":{"alertname":"NodeDown","severity":"high","node":"n1"},"annotations":{},"fingerprint":"b1"},
		{"status":"firing","labels":{"alertname":"NodeDown","severity":"high","node":"n2"},"annotations":{},"fingerprint":"b2"}]}`,
		[]string{"firing|sev2||b1|NodeDown: n1", "firing|sev2||b2|NodeDown: n2"}, nil},
	{"alertmanager: a summary whose template failed", SenderAlertmanager,
		`{"alerts":[{"labels":{"alertname":"X","service":"payments"},"annotations":{"summary":"<error expanding template: error executing template __alert_X: oops>","description":"Payments wait"},"fingerprint":"c1"}]}`,
		[]string{"firing|unknown|payments|c1|Payments wait"}, nil},
	{"alertmanager: title before message", SenderAlertmanager,
		`{"alerts":[{"status":"firing","labels":{"alertname":"X","severity":"P2"},"annotations":{"message":"long text","title":"Short title","runbook":"https://r.example/x","wiki":"https://wiki.example/a?b=c"},"fingerprint":"c2"}]}`,
		[]string{"firing|sev2||c2|Short title"}, []string{"long text", "https://r.example/x", "https://wiki.example/a?b=c"}},
	{"grafana: the test button", SenderGrafana,
		`{"receiver":"","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"TestAlert","instance":"Grafana"},"annotations":{"summary":"Notification test"},"startsAt":"2024-05-06T07:08:09.52289368Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"57c6d9296de2ad39","silenceURL":"https://g.example/alerting/silence/new?alertmanager=grafana&matcher=alertname%3DTestAlert","dashboardURL":"","panelURL":"","values":null,"valueString":"[ metric='foo' labels={instance=bar} value=10 ]"}],"groupLabels":{"alertname":"TestAlert"},"commonLabels":{},"commonAnnotations":{},"externalURL":"https://g.example/","version":"1","groupKey":"test-57c6d9296de2ad39","truncatedAlerts":0,"orgId":1,"title":"[FIRING:1] TestAlert Grafana ","state":"alerting","message":"**Firing**"}`,
		[]string{"firing|unknown||57c6d9296de2ad39|Notification test"}, []string{"value=10", "matcher=alertname%3DTestAlert"}},
	{"grafana: neither labels nor annotations", SenderGrafana,
		`{"status":"resolved","alerts":[{"status":"resolved","labels":{},"annotations":{},"startsAt":"2022-08-31T05:54:04.5Z","endsAt":"2022-08-31T10:30:00Z","fingerprint":"57c6"}],"orgId":1,"title":"[RESOLVED:1]  (TestAlert Grafana)"}`,
		[]string{"over|unknown||57c6|(TestAlert Grafana)"}, nil},
	{"grafana: the data source answers with an error", SenderGrafana,
		`{"status":"firing","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"DatasourceError","rulename":"Queue length","datasource_uid":"p1","severity":"warning"},"annotations":{"summary":"The queue is too long","Error":"failed to query: 502 Bad Gateway"},"fingerprint":"e1"}]}`,
		[]string{"firing|sev3||e1|Cannot be judged: Queue length"}, []string{"502 Bad Gateway"}},
	{"grafana: over because its series is gone", SenderGrafana,
		`{"status":"resolved","orgId":1,"alerts":[{"status":"resolved","labels":{"alertname":"Disk"},"annotations":{"summary":"Disk of a is full","grafana_state_reason":"MissingSeries"},"fingerprint":"e2","endsAt":"2026-01-01T00:00:00Z"}]}`,
		[]string{"over|unknown||e2|Disk of a is full"}, []string{"MissingSeries"}},
	{"grafana 7: no data", SenderGrafana,
		`{"evalMatches":[],"message":"","orgId":1,"panelId":2,"ruleId":12,"ruleName":"Logins","ruleUrl":"https://g.example/d/x?viewPanel=2","state":"no_data","tags":{},"title":"[No Data] Logins"}`,
		[]string{"firing|unknown||1/12|No data: Logins"}, nil},
	{"grafana 7: ok", SenderGrafana,
		`{"evalMatches":[],"orgId":1,"ruleId":12,"ruleName":"Logins","state":"ok","title":"[OK] Logins"}`,
		[]string{"over|unknown||1/12|Logins"}, nil},
	{"pagerduty: details as Alertmanager 0.30 sends them", SenderPagerDuty,
		`{"routing_key":"SECRET-R1","event_action":"trigger","dedup_key":"am-1","payload":{"summary":"[FIRING:2] Down (x)","source":"am","severity":"critical","custom_details":{"num_firing":2,"num_resolved":0,"firing":[{"labels":{"alertname":"Down","instance":"a"},"annotations":{"summary":"a is down","runbook_url":"https://r.example/down"}}],"resolved":[]}}}`,
		[]string{"firing|sev1||am-1|Down (x)"}, []string{"a is down", "https://r.example/down"}},
	{"pagerduty: service among tags, a number as key", SenderPagerDuty,
		`{"event_action":"TRIGGER","dedup_key":77,"payload":{"summary":"x","severity":"info","source":"s","custom_details":{"tags":["env:prod","service:search"]}},"links":[{"href":"javascript:alert(1)"},7,{"href":"https://a.example"}]}`,
		[]string{"firing|sev4|search|77|x"}, []string{"https://a.example"}},
	{"pagerduty v1: a host of Nagios is down", SenderPagerDutyV1,
		`{"service_key":"SECRET-R2","event_type":"trigger","incident_key":"event_source=host;host_name=db-1","description":"HOSTNAME=db-1; HOSTSTATE=DOWN","details":{"HOSTNAME":"db-1","HOSTSTATE":"DOWN","HOSTOUTPUT":"PING CRITICAL - Packet loss = 100%","pd_nagios_object":"host"}}`,
		[]string{"firing|unknown||host_name=db-1|db-1 is DOWN"}, []string{"Packet loss = 100%"}},
	{"opsgenie: the least there is", SenderOpsgenie, `{"message":"Backup failed","priority":"P5"}`,
		[]string{"firing|sev4|||Backup failed"}, nil},
	{"opsgenie: details of other types", SenderOpsgenie,
		`{"message":"m","alias":"a b/c","details":{"n":7,"list":[1,2],"service":"payments"},"tags":"one,two","priority":"P2"}`,
		[]string{"firing|sev2|payments|a b/c|m"}, []string{"[1,2]"}},
	{"sns: a budget", SenderSNS, envelopeOf("AWS Budgets: Monthly has exceeded your alert threshold", `AWS Budget Notification November 3, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\nActual: $912`),
		[]string{"firing|unknown|||AWS Budgets: Monthly has exceeded your alert threshold"}, []string{"$912"}},
	{"sns: an alarm of alarms", SenderSNS, envelopeOf("ALARM", `{\"AlarmName\":\"shop-down\",\"AlarmDescription\":\"The shop\",\"AlarmRule\":\"ALARM(a) AND ALARM(b)\",\"NewStateValue\":\"ALARM\",\"NewStateReason\":\"both\",\"StateChangeTime\":\"2026-10-14T18:02:11.000+0000\",\"AlarmArn\":\"arn:aws:cloudwatch:eu-west-1:1:alarm:shop-down\",\"TriggeringChildren\":[{\"Arn\":\"arn:a\"}]}`),
		[]string{"firing|unknown||alarm:shop-down|shop-down"}, []string{"The shop", "ALARM(a) AND ALARM(b)"}},
	{"sns: an EC2 instance stops", SenderSNS, envelopeOf("", `{\"version\":\"0\",\"id\":\"7bf73129\",\"detail-type\":\"EC2 Instance State-change Notification\",\"source\":\"aws.ec2\",\"account\":\"1\",\"time\":\"2026-11-11T21:30:34Z\",\"region\":\"us-east-1\",\"resources\":[\"arn:aws:ec2:us-east-1:1:instance/i-abcd1111\"],\"detail\":{\"instance-id\":\"i-abcd1111\",\"state\":\"stopped\"}}`),
		[]string{"firing|unknown|||EC2 Instance State-change Notification: i-abcd1111 is stopped"}, []string{"us-east-1"}},
	{"sns: GuardDuty", SenderSNS, envelopeOf("", `{\"version\":\"0\",\"id\":\"c\",\"detail-type\":\"GuardDuty Finding\",\"source\":\"aws.guardduty\",\"account\":\"1\",\"time\":\"2026-04-23T00:00:00Z\",\"region\":\"eu-west-1\",\"resources\":[],\"detail\":{\"id\":\"f1\",\"type\":\"UnauthorizedAccess:EC2/TorClient\",\"severity\":8,\"title\":\"EC2 instance i-9 talks to Tor\",\"description\":\"long\"}}`),
		[]string{"firing|sev2|||EC2 instance i-9 talks to Tor"}, []string{"TorClient"}},
	{"sns: Auto Scaling, whose Service is Amazon's", SenderSNS, envelopeOf("Auto Scaling: failed launch for group web", `{\"Service\":\"AWS Auto Scaling\",\"Event\":\"autoscaling:EC2_INSTANCE_LAUNCH_ERROR\",\"AutoScalingGroupName\":\"web\",\"Cause\":\"no capacity\"}`),
		[]string{"firing|unknown|||Auto Scaling: failed launch for group web"}, []string{"no capacity"}},
	{"sentry: a single error", SenderSentry,
		`{"action":"created","data":{"error":{"event_id":"1","issue_id":"99","title":"Boom","level":"error","web_url":"https://s.example/99","datetime":"2026-01-01T00:00:00Z","tags":[["service","search"]],"url":"https://api.example"}}}`,
		[]string{"firing|sev2|search|99|Boom"}, []string{"https://s.example/99"}},
	{"datadog: names in capitals, over from no data", SenderDatadog,
		`{"EVENT_TITLE":"[P1] [Recovered from No Data] Kafka lag","ALERT_TRANSITION":"Recovered","ALERT_ID":"5","ALERT_SCOPE":"","TAGS":["service:search","env:x"],"LINK":"https://dd.example/1"}`,
		[]string{"over|sev1|search|5|Kafka lag"}, []string{"https://dd.example/1"}},
	{"newrelic: lists where texts were", SenderNewRelic,
		`{"issueId":"i1","title":["CPU high"],"priority":"MEDIUM","state":"CREATED","impactedEntities":["a","b"],"tags":{"service":["payments"]},"createdAt":"Mon Jan 01 2026"}`,
		[]string{"firing|sev3|payments|i1|CPU high"}, nil},
	{"sns: resolved text of Alertmanager", SenderSNS, envelopeOf("[RESOLVED] Down (search critical)", `Alerts Resolved:\nLabels:\n - alertname = Down`),
		[]string{"over|unknown|||Down (search critical)"}, nil},
	{"sns: Alertmanager's JSON", SenderSNS, envelopeOf("x", `{\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"Down\",\"severity\":\"critical\",\"service\":\"search\"},\"annotations\":{\"summary\":\"It is down\"},\"fingerprint\":\"f7\"}]}`),
		[]string{"firing|sev1|search|f7|It is down"}, nil},
	{"datadog: no data", SenderDatadog,
		`{"title":"[P3] [No data on {host:db-1}] Replication lag","alert_transition":"No Data","alert_id":"123","alert_scope":"host:db-1","alert_priority":"P3","tags":"host:db-1,service:payments","date":"1792000901000","text_only_msg":"no news"}`,
		[]string{"firing|sev3|payments|123/host:db-1|No data: Replication lag"}, nil},
	{"datadog: a warning, with variables that were not filled", SenderDatadog,
		`{"title":"[Warn on {env:prod}] Queue grows","alert_transition":"Warn","alert_cycle_key":"$ALERT_CYCLE_KEY","alert_priority":"","alert_id":"9","alert_scope":"env:prod","alert_type":"warning","link":"https://app.dd.example/event?id=1&x=2"}`,
		[]string{"firing|sev3||9/env:prod|Queue grows"}, []string{"https://app.dd.example/event?id=1&x=2"}},
	{"sentry: an issue is resolved", SenderSentry,
		`{"action":"resolved","data":{"resolution_type":"now","issue":{"platform":"python","culprit":"__main__ in <module>","title":"Exception: wrong state","id":"1638821441","metadata":{"type":"Exception","value":"wrong state"},"status":"resolved","shortId":"SHOP-E","firstSeen":"2026-04-30T05:54:15.092476Z","count":"1","permalink":null,"level":"error","project":{"slug":"checkout","name":"Checkout"}}},"installation":{"uuid":"u"}}`,
		[]string{"over|sev2|checkout|1638821441|Exception: wrong state"}, []string{"__main__ in <module>"}},
	{"sentry: the old plugin", SenderSentry,
		`{"id":"4218258981","project":"search","project_name":"Search","project_slug":"search","logger":null,"level":"fatal","culprit":"runner in main","message":"This is an example","url":"https://s.example/issues/4218258981/?referrer=webhooks_plugin","triggering_rules":["Page us"],"event":{"event_id":"4dc4","level":"fatal","timestamp":1788935284.772,"environment":"prod","tags":[["level","fatal"]]}}`,
		[]string{"firing|sev1|search|4218258981|This is an example"}, []string{"https://s.example/issues/4218258981/?referrer=webhooks_plugin", "Page us"}},
	{"azure: a log alert", SenderAzure,
		`{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/b9","alertRule":"5xx of the shop","severity":"Sev0","signalType":"Log","monitorCondition":"Fired","monitoringService":"Log Alerts V2","alertTargetIDs":["/subscriptions/s/vm1"],"firedDateTime":"2026-07-09T14:04:49.99645Z","description":""},"alertContext":{"properties":{"service":"checkout"},"conditionType":"LogQueryCriteria","condition":{"windowSize":"PT10M","allOf":[{"searchQuery":"requests | where code == 500","metricMeasureColumn":"n","operator":"GreaterThan","threshold":"0","timeAggregation":"Count","dimensions":[{"name":"Computer","value":"vm1"}],"metricValue":3.0,"linkToSearchResultsUI":"https://portal.azure.com#@x/blade/Logs?q=1"}]}},"customProperties":null}}`,
		[]string{"firing|sev1|checkout|alerts/b9|5xx of the shop"}, []string{"code == 500", "vm1", "https://portal.azure.com#@x/blade/Logs?q=1", "3.0"}},
	{"azure: its own health", SenderAzure,
		`{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"/subscriptions/s/alerts/h1","alertRule":"health","severity":"Sev4","signalType":"Activity Log","monitorCondition":"Fired","monitoringService":"ServiceHealth","firedDateTime":"2026-07-09T14:04:49Z"},"alertContext":{"properties":{"title":"Azure SQL in West Europe is slow","service":"search","region":"West Europe","incidentType":"Incident","communication":"We look into it."}}}}`,
		[]string{"firing|sev4||alerts/h1|Azure SQL in West Europe is slow"}, []string{"We look into it."}},
	{"azure: a metric alert before the common schema", SenderAzure,
		`{"schemaId":"AzureMonitorMetricAlert","data":{"version":"2.0","properties":{"service":"payments"},"status":"Deactivated","context":{"timestamp":"2026-11-15T09:35:12.9703687Z","id":"/subscriptions/1/metricAlerts/rule","name":"rule","description":"d","conditionType":"SingleResourceMultipleMetricCriteria","severity":"3","condition":{"windowSize":"PT5M","allOf":[{"metricName":"Transactions","operator":"GreaterThan","threshold":"0","timeAggregation":"Total","metricValue":100}]},"portalLink":"https://portal.azure.com/#resource/x"}}}`,
		[]string{"over|sev4|payments|metricAlerts/rule|rule"}, []string{"100", "https://portal.azure.com/#resource/x"}},
	{"gcp: closed, without a severity", SenderGCP,
		`{"incident":{"incident_id":"0.abc","state":"closed","started_at":1577840461,"ended_at":1577877071,"severity":"No severity","policy_name":"CPU","condition_name":"CPU","resource":{"type":"consumed_api","labels":{"service":"pubsub.googleapis.com"}},"summary":"is over","url":"https://console.cloud.google.com/i?project=p","documentation":{"content":"","mime_type":"text/markdown"}},"version":"1.2"}`,
		[]string{"over|unknown||0.abc|CPU"}, []string{"is over"}},
	{"newrelic: somebody has it", SenderNewRelic,
		`{"id":"13bb","issueUrl":"https://nr.example/issues/13bb?notifier=WEBHOOK","title":"disk on 'db'","priority":"HIGH","impactedEntities":["payments"],"totalIncidents":1,"state":"ACTIVATED","trigger":"USER_ACTION","isCorrelated":"false","createdAt":1713769949493,"updatedAt":1713770077412,"sources":["newrelic"]}`,
		[]string{"acknowledged|sev2|payments|13bb|disk on 'db'"}, nil},
	{"newrelic: the channels of before", SenderNewRelic,
		`{"account_id":1,"condition_name":"Server not responding","current_state":"closed","details":"it was down","event_type":"INCIDENT_RESOLVED","incident_id":1234,"incident_url":"https://alerts.nr.example/1234","policy_name":"Prod","severity":"CRITICAL","targets":[{"name":"web-1","type":"Server"}],"timestamp":1713769949493}`,
		[]string{"over|sev1||1234|Prod: Server not responding"}, []string{"it was down", "https://alerts.nr.example/1234"}},
	{"event: a list of odd details", SenderEvent,
		`{"title":"Größe \ud83d\ude00","severity":"Kritisch","details":["a",{"b":1}],"links":"https://one.example/x","service":"search","dedup_key":" "}`,
		[]string{"firing|unknown|search||Größe 😀"}, []string{`["a",{"b":1}]`, "https://one.example/x", "Kritisch"}},
	{"event: line breaks pasted into a text", SenderEvent, "{\"title\":\"Backup failed:\nno space\",\"status\":\"Firing\"}",
		[]string{"firing|unknown|||Backup failed: no space"}, nil},
}

// envelopeOf is a notification of SNS; the message is written as JSON escapes it.
func envelopeOf(subject, message string) string {
	return `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:1:oncall","Subject":"` + subject + `","Message":"` + message +
		`","Timestamp":"2026-10-14T18:02:11.456Z","SignatureVersion":"1","Signature":"AAAA","SigningCertURL":"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem","UnsubscribeURL":"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=SECRET-U"}`
}

func TestMoreBodies(t *testing.T) {
	for _, test := range more {
		t.Run(test.name, func(t *testing.T) {
			b, err := Read(Request{Sender: test.sender, Body: []byte(test.body), Nonce: "n"})
			if err != nil {
				t.Fatalf("Read = %v", err)
			}
			if len(b.Alerts) != len(test.want) {
				t.Fatalf("%d alerts, want %d", len(b.Alerts), len(test.want))
			}
			var text strings.Builder
			for n, a := range b.Alerts {
				w := strings.SplitN(test.want[n], "|", 5)
				got := []string{string(a.Status), a.Severity.String(), resolve(a), a.Key, a.Title}
				for i := range w {
					if i == 3 && !strings.Contains(a.Key, w[i]) || i != 3 && got[i] != w[i] {
						t.Errorf("alert %d is\n %q, want\n %q", n, got, w)
						break
					}
				}
				text.WriteString(everything(a))
				if strings.HasPrefix(a.Service, "AWS ") {
					t.Errorf("service %q is a product of a cloud", a.Service)
				}
				sound(t, []byte(test.body), a, nil)
			}
			if !has(text.String(), test.has, false) {
				t.Errorf("%q is not all in:\n%s", test.has, text.String())
			}
			if strings.Contains(text.String(), "SECRET") {
				t.Errorf("a secret is told:\n%s", text.String())
			}
		})
	}
}
