package web

import (
	"fmt"
	"net/http"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident/alert"
)

// Route is one address of the server, for the documentation.
type Route struct {
	Method string
	Path   string
	What   string // it does, in a sentence without its full stop
	Who    string // may ask
}

// Who may ask. The words say how they show it.
const (
	anybody    = "anybody who reaches the address"
	senderKeys = "integration key: `Authorization: Bearer KEY`, the password of basic authentication, or `?key=KEY`"
	inBody     = "integration key, as `%s` in the body, or as with `/v1/events`"
	genieKeys  = "integration key: `Authorization: GenieKey KEY`, or as with `/v1/events`"
	operators  = "admin token: `Authorization: Bearer TOKEN`"
)

// served is a route with what answers it.
type served struct {
	Route
	handler http.Handler
}

// Routes returns every route, in the order of the documentation.
func Routes() []Route {
	var list []Route
	for _, r := range (&Server{metrics: NewMetrics("")}).table() {
		list = append(list, r.Route)
	}
	return list
}

// routes serves every route.
func (s *Server) routes() *http.ServeMux {
	m := http.NewServeMux()
	for _, r := range s.table() {
		m.Handle(r.Method+" "+r.Path, r.handler)
	}
	return m
}

// table is every address that there is.
func (s *Server) table() []served {
	var list []served
	open := func(method, path string, h http.Handler, what, who string) {
		list = append(list, served{Route{method, path, what, who}, h})
	}
	operator := func(method, path string, f func(http.ResponseWriter, *http.Request, *Parts) error, what string) {
		open(method, path, s.operator(f), what, operators)
	}

	open("GET", "/healthz", http.HandlerFunc(s.healthz), "answers 200 while the process lives", anybody)
	open("GET", "/readyz", http.HandlerFunc(s.readyz), "answers 200 while the process does its work, else 503, with each check and its reason; `?exclude=slack` leaves a check out", anybody)
	open("GET", "/metrics", s.metrics.handler(), "the metrics, as Prometheus text", anybody)

	s.senders(open)

	operator("GET", "/v1/keys", s.listKeys, "lists the integration keys, without their secrets: of each the name, the service, how it begins, and when it was used last")
	operator("POST", "/v1/keys", s.addKey, "makes an integration key: `name`, and optionally `service`, `as`; the answer has its `secret`, this once")
	operator("POST", "/v1/keys/{name}/rotate", s.rotateKey, "gives it another secret; the old one works for `overlap` longer, 24h by default")
	operator("POST", "/v1/keys/{name}/revoke", s.revokeKey, "ends it, at once")

	operator("GET", "/v1/incidents", s.list, "lists open incidents, the newest first; `?all=true` those that are over too; `status`, `severity`, `service`, `from`, `to` and `search` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	operator("POST", "/v1/incidents", s.declare, "declares an incident: `title`, and optionally `severity`, `service`, `details`, `private`, `test`, `as`")
	operator("GET", "/v1/incidents/{name}", s.show, "one incident with its people, its channel and its timeline")
	operator("GET", "/v1/incidents/{name}/timeline", s.timeline, "its timeline")
	operator("GET", "/v1/incidents/{name}/files", s.files, "the files of the messages in its timeline: of each the entry, its place in the message, name, size, and why it is not kept if it is not")
	operator("GET", "/v1/incidents/{name}/files/{entry}/{file}", s.file, "one of them, to be saved")
	operator("GET", "/v1/incidents/{name}/why", s.why, "who was paged and why, what became of each notification, and who was not paged and why")
	operator("GET", "/v1/incidents/{name}/postmortem", s.postmortem, "its post-mortem; `?format=markdown`, `html`, `json` or `bundle`, and `?public=true` for the version for readers outside")
	operator("POST", "/v1/incidents/{name}/{verb}", s.act, "acts on it; the verbs are listed below")

	operator("GET", "/v1/followups", s.listFollowUps, "lists the open follow-ups, those that were raised first and then by their date; `?all=true` those that are done or were decided against too, the newest incident first; `incident`, `team`, `person` and `overdue` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	operator("GET", "/v1/followups/{name}", s.followUp, "one follow-up, by its name INC-N-FN")
	operator("POST", "/v1/followups/{name}/{verb}", s.actOnFollowUp, "`done` and `drop` it, with `text`; `date` it, with `due` and `text`; `owner` gives it to `person` or `team`")

	operator("GET", "/v1/alerts", s.explainAlerts, "the alerts of `?incident=INC-N`, each with the reasons why it is there")
	operator("POST", "/v1/alerts/test", s.testAlert, "says what the body of a sender means and where it would go, and stores nothing; `?as=SENDER` says whose it is, `?key=NAME` with which key it would come")
	operator("GET", "/v1/silences", s.listQuiet(alerts.Silence), "lists the silences that are in force or planned, those of the roster too; `?all=true` those of the last 30 days as well")
	operator("POST", "/v1/silences", s.makeQuiet(alerts.Silence), "makes one: `match`, an object of labels and values, `for` (as in `2h`) or `until`, and optionally `from`, `reason`, `as`")
	operator("DELETE", "/v1/silences/{id}", s.endQuiet(alerts.Silence), "ends it now; `?as=PERSON`")
	operator("GET", "/v1/maintenance", s.listQuiet(alerts.Maintenance), "the same for maintenance")
	operator("POST", "/v1/maintenance", s.makeQuiet(alerts.Maintenance), "begins one: `service`, and the rest as for a silence")
	operator("DELETE", "/v1/maintenance/{id}", s.endQuiet(alerts.Maintenance), "ends it now; `?as=PERSON`")

	operator("GET", "/v1/roster", s.roster, "the current roster, its version in `ETag`; `?version=N` an earlier one")
	operator("POST", "/v1/roster", s.apply, "applies the roster in the body; `?plan=1` only says what would change, `?why=TEXT` and `?as=PERSON` go into the history, `If-Match` names the version it was made from (412 if another one is current, 422 with every problem if it is not valid)")
	operator("GET", "/v1/roster/history", s.history, "the changes of the roster, the newest first; `?limit=N`, 100 by default, and `more` in the answer is what `before` then goes on from")
	operator("GET", "/v1/oncall/report", s.oncallReport, "figures about on-call work from `?from=TIME` to `?to=TIME`; `?person=ID`, `?rotation=ID`, `?rates=…`")
	operator("GET", "/v1/report", s.report, "the same as `/v1/report/incidents`")
	operator("GET", "/v1/report/{kind}", s.report, "figures over the incidents declared from `?from=TIME` to `?to=TIME`, the last 90 days unless given: `incidents`, `services`, `alerts`, `promises` or `followups`; `?mean=true` adds means")
	operator("GET", "/v1/oncall/topics", s.topics, "the push topic of each person, which nobody else may know")
	operator("POST", "/v1/oncall/tests", s.tryWays, "sends `person` a test message by each of their contact methods")
	operator("GET", "/v1/oncall/tests/{id}", s.tried, "what became of that test")
	operator("GET", "/v1/heartbeats", s.heartbeats, "the heartbeats of the roster: when each came last, when it is due, and which are missing")
	operator("GET", "/v1/audit", s.audit, "who did or read what, private incidents included, the newest incident first; `incident`, `person`, `from` and `to` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	operator("GET", "/v1/backup", s.backup, "a consistent copy of the store")

	const link = "whoever has the link, which is signed and works once"
	open("GET", "/ack/{token}", http.HandlerFunc(s.offer), "a page with the button that acknowledges what a message named", link)
	open("POST", "/ack/{token}", s.acknowledged(), "acknowledges it", link)
	open("POST", "/v1/twilio/voice/{token}", http.HandlerFunc(s.pressed), "takes the key pressed in a call", "Twilio, by its signature")
	return list
}

// senders opens the addresses for those who send alerts.
func (s *Server) senders(open func(method, path string, h http.Handler, what, who string)) {
	const again = http.StatusServiceUnavailable
	post := func(path string, sender alert.Sender, over int, what string) {
		open("POST", path, s.from(&address{sender, over, own}), what, senderKeys)
	}
	post("/v1/events", alert.SenderEvent, http.StatusTooManyRequests, "takes an alert in Stormbell's own format")
	// These two take a 429 for final, and lose the alert or send it minutes
	// later, while they repeat after a 5xx (Alertmanager: notify/util.go, Retrier).
	post("/v1/alertmanager", alert.SenderAlertmanager, again, "takes what Prometheus Alertmanager sends")
	post("/v1/grafana", alert.SenderGrafana, again, "takes what Grafana's webhook contact point sends")
	open("POST", "/v1/sns", s.handle(s.sns), "takes messages of Amazon SNS and confirms the subscription", "integration key, `?key=KEY`, and Amazon's signature")
	post("/v1/datadog", alert.SenderDatadog, http.StatusTooManyRequests, "takes what Datadog's webhooks send")
	post("/v1/sentry", alert.SenderSentry, http.StatusTooManyRequests, "takes what Sentry's webhooks send")
	post("/v1/azure", alert.SenderAzure, http.StatusTooManyRequests, "takes Azure Monitor's common alert schema")
	post("/v1/gcp", alert.SenderGCP, http.StatusTooManyRequests, "takes what Google Cloud Monitoring sends")
	post("/v1/newrelic", alert.SenderNewRelic, http.StatusTooManyRequests, "takes what New Relic's workflows send")
	post("/v1/webhook/{name}", alert.SenderWebhook, http.StatusTooManyRequests, "takes any JSON, read by the mapping of that name in the roster's `alerts.mappings`")

	body := func(path string, sender alert.Sender, over int, d dialect, what string) {
		open("POST", path, s.from(&address{sender, over, d}), what, fmt.Sprintf(inBody, alert.SecretField(sender)))
	}
	body("/v2/enqueue", alert.SenderPagerDuty, http.StatusTooManyRequests, pagerDuty, "takes the PagerDuty Events API, version 2")
	body("/v2/change/enqueue", alert.SenderPagerDutyChange, http.StatusTooManyRequests, pagerDutyChange, "takes its change events")
	// Version 1 says 403 where a client must slow down.
	body("/generic/2010-04-15/create_event.json", alert.SenderPagerDutyV1, http.StatusForbidden, pagerDutyV1, "takes the PagerDuty Events API, version 1")

	for _, act := range opsgenieActs {
		what := "takes Opsgenie's Alert API: " + act.what
		open(act.method, act.path, s.from(&address{act.sender, http.StatusTooManyRequests, s.opsgenie(act.action, act.done)}), what, genieKeys)
	}
	open("GET", "/v2/alerts/requests/{id}", http.HandlerFunc(s.opsgenieRequest), "takes Opsgenie's Alert API: what became of a request", genieKeys)
	open("GET", "/v2/heartbeats/{name}/ping", http.HandlerFunc(s.ping), "takes Opsgenie's Heartbeat API: a sign of life", genieKeys)
	open("POST", "/v2/heartbeats/{name}/ping", http.HandlerFunc(s.ping), "takes Opsgenie's Heartbeat API: a sign of life", genieKeys)
	open("POST", "/v1/heartbeats/{name}", http.HandlerFunc(s.heartbeat), "takes a sign of life of the roster's heartbeat of that name", senderKeys)
}

// Verbs returns what POST /v1/incidents/{name}/{verb} understands.
func Verbs() []string {
	var list []string
	for _, v := range verbs {
		list = append(list, string(v))
	}
	return list
}
