package web

import (
	"net/http"

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
	senderKeys = "integration key: `Authorization: Bearer KEY`, or `?key=KEY`"
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

	const senders = http.StatusServiceUnavailable
	open("POST", "/v1/events", s.alerts(alert.ParseEvent, http.StatusTooManyRequests), "takes an alert in Stormbell's own format", senderKeys)
	// These two take a 429 for final, and lose the alert or send it minutes
	// later, while they repeat after a 5xx (Alertmanager: notify/util.go, Retrier).
	open("POST", "/v1/alertmanager", s.alerts(alert.ParseAlertmanager, senders), "takes what Prometheus Alertmanager sends", senderKeys)
	open("POST", "/v1/grafana", s.alerts(alert.ParseGrafana, senders), "takes what Grafana's webhook contact point sends", senderKeys)
	open("POST", "/v1/sns", s.handle(s.sns), "takes messages of Amazon SNS and confirms the subscription", "integration key, `?key=KEY`, and Amazon's signature")
	open("POST", "/v2/enqueue", http.HandlerFunc(s.enqueue), "takes the PagerDuty Events API, version 2", "integration key, as `routing_key` in the body")

	operator("GET", "/v1/incidents", s.list, "lists open incidents, the newest first; `?all=true` those that are over too; `status`, `severity`, `service`, `from`, `to` and `search` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	operator("POST", "/v1/incidents", s.declare, "declares an incident: `title`, and optionally `severity`, `service`, `details`, `private`, `test`, `as`")
	operator("GET", "/v1/incidents/{name}", s.show, "one incident with its people, its channel and its timeline")
	operator("GET", "/v1/incidents/{name}/timeline", s.timeline, "its timeline")
	operator("GET", "/v1/incidents/{name}/why", s.why, "who was paged and why, what became of each notification, and who was not paged and why")
	operator("GET", "/v1/incidents/{name}/postmortem", s.postmortem, "its post-mortem; `?format=markdown`, `html` or `json`")
	operator("POST", "/v1/incidents/{name}/{verb}", s.act, "acts on it; the verbs are listed below")

	operator("GET", "/v1/roster", s.roster, "the current roster, its version in `ETag`; `?version=N` an earlier one")
	operator("POST", "/v1/roster", s.apply, "applies the roster in the body; `?plan=1` only says what would change, `?why=TEXT` and `?as=PERSON` go into the history, `If-Match` names the version it was made from (412 if another one is current, 422 with every problem if it is not valid)")
	operator("GET", "/v1/roster/history", s.history, "the changes of the roster, the newest first; `?limit=N`, 100 by default, and `more` in the answer is what `before` then goes on from")
	operator("GET", "/v1/oncall/report", s.oncallReport, "figures about on-call work from `?from=TIME` to `?to=TIME`; `?person=ID`, `?rotation=ID`, `?rates=…`")
	operator("GET", "/v1/oncall/topics", s.topics, "the push topic of each person, which nobody else may know")
	operator("POST", "/v1/oncall/tests", s.tryWays, "sends `person` a test message by each of their contact methods")
	operator("GET", "/v1/oncall/tests/{id}", s.tried, "what became of that test")
	operator("GET", "/v1/heartbeats", s.heartbeats, "the heartbeats of the roster: when each came last, when it is due, and which are missing")
	operator("GET", "/v1/backup", s.backup, "a consistent copy of the store")

	const link = "whoever has the link, which is signed and works once"
	open("GET", "/ack/{token}", http.HandlerFunc(s.offer), "a page with the button that acknowledges what a message named", link)
	open("POST", "/ack/{token}", s.acknowledged(), "acknowledges it", link)
	open("POST", "/v1/twilio/voice/{token}", http.HandlerFunc(s.pressed), "takes the key pressed in a call", "Twilio, by its signature")
	return list
}

// Verbs returns what POST /v1/incidents/{name}/{verb} understands.
func Verbs() []string {
	var list []string
	for _, v := range verbs {
		list = append(list, string(v))
	}
	return list
}
