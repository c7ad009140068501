package web

import (
	"fmt"
	"net/http"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/web/openapi"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/incident/report"
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
	contract contract
	handler  http.Handler
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

// opener adds a route to the table.
type opener func(method, path string, h http.Handler, c contract, what, who string)

// operates adds one for whoever has the admin token.
type operates func(method, path string, f func(http.ResponseWriter, *http.Request, *Parts) error, c contract, what string)

// table is every address that there is.
func (s *Server) table() []served {
	var list []served
	open := func(method, path string, h http.Handler, c contract, what, who string) {
		list = append(list, served{Route{method, path, what, who}, c, h})
	}
	operator := func(method, path string, f func(http.ResponseWriter, *http.Request, *Parts) error, c contract, what string) {
		open(method, path, s.operator(f), c, what, operators)
	}

	process := func(gives map[int]any, query ...openapi.Parameter) contract {
		return contract{group: "process", gives: gives, query: query}
	}
	open("GET", "/healthz", http.HandlerFunc(s.healthz), process(map[int]any{200: alive{}}), "answers 200 while the process lives", anybody)
	open("GET", "/readyz", http.HandlerFunc(s.readyz), process(map[int]any{200: readiness{}, 503: readiness{}}, wordOf("exclude", "checks that do not count, with commas between them", "slack")),
		"answers 200 while the process does its work, else 503, with each check and its reason; `?exclude=slack` leaves a check out", anybody)
	open("GET", "/metrics", s.metrics.handler(), process(map[int]any{200: plain{"text/plain"}}), "the metrics, as Prometheus text", anybody)
	open("GET", "/openapi.json", http.HandlerFunc(s.openAPI), process(map[int]any{200: plain{"application/json"}}), "all of this for programs, as OpenAPI 3.1", anybody)

	s.senders(open)
	s.keyRoutes(operator)
	s.incidentRoutes(operator)
	s.alertRoutes(operator)
	s.oncallRoutes(operator, open)

	const link = "whoever has the link, which is signed and works once"
	open("GET", "/ack/{token}", http.HandlerFunc(s.offer), contract{group: "links", gives: map[int]any{200: plain{"text/html"}}, refuses: []int{404, 409, 410}},
		"a page with the button that acknowledges what a message named", link)
	open("POST", "/ack/{token}", s.acknowledged(), contract{group: "links", gives: map[int]any{200: acknowledged{}}, refuses: []int{403, 404, 409, 410}}, "acknowledges it", link)
	open("POST", "/v1/twilio/voice/{token}", http.HandlerFunc(s.pressed), contract{group: "links", gives: map[int]any{200: plain{"text/xml"}}, refuses: []int{403, 404}},
		"takes the key pressed in a call", "Twilio, by its signature")
	return list
}

func (s *Server) keyRoutes(operator operates) {
	name := called("the name of the key", "prometheus")
	one := map[int]any{200: shownKey{}}
	operator("GET", "/v1/keys", s.listKeys, contract{group: "alerts", gives: map[int]any{200: listedKeys{}}, refuses: []int{404}},
		"lists the integration keys, without their secrets: of each the name, the service, how it begins, and when it was used last")
	operator("POST", "/v1/keys", s.addKey, contract{group: "alerts", body: keyChange{}, needs: []string{"name"}, example: `{"name": "grafana", "service": "checkout", "as": "ada"}`, gives: map[int]any{201: shownKey{}}, refuses: []int{404, 409}},
		"makes an integration key: `name`, and optionally `service`, `as`; the answer has its `secret`, this once")
	operator("POST", "/v1/keys/{name}/rotate", s.rotateKey, contract{group: "alerts", path: name, body: keyChange{}, example: `{"overlap": "2h"}`, gives: one, refuses: []int{409}},
		"gives it another secret; the old one works for `overlap` longer, 24h by default")
	operator("POST", "/v1/keys/{name}/revoke", s.revokeKey, contract{group: "alerts", path: name, body: keyChange{}, example: `{}`, gives: one, refuses: []int{409}},
		"ends it, at once")
}

func (s *Server) incidentRoutes(operator operates) {
	in := func(zero any) contract { return contract{group: "incidents", gives: map[int]any{200: zero}} }

	list := in(listed{})
	list.refuses = []int{422}
	list.query = []openapi.Parameter{truthOf("all", "those that are over too"), wordOf("status", "statuses, with commas between them", "mitigated,resolved"), wordOf("service", "an ID of the roster", "checkout"),
		wordOf("severity", "severities, with commas between them", "sev1,sev2"), fromThen, untilThen, wordOf("search", "words of the title or of an entry", "checkout"), upTo(listMost), wordOf("before", "the incident that the answer goes on from", "INC-1000")}
	operator("GET", "/v1/incidents", s.list, list, "lists open incidents, the newest first; `?all=true` those that are over too; `status`, `severity`, `service`, `from`, `to` and `search` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	operator("POST", "/v1/incidents", s.declare, contract{group: "incidents", header: []openapi.Parameter{repeats}, body: declaration{}, needs: []string{"title"},
		example: `{"title": "Checkout is slow", "severity": "sev2", "service": "checkout", "as": "ada"}`, gives: map[int]any{200: done{}, 201: done{}}},
		"declares an incident: `title`, and optionally `severity`, `service`, `details`, `private`, `test`, `as`")
	operator("GET", "/v1/incidents/{name}", s.show, in(sheet{}), "one incident with its people, its channel and its timeline")
	operator("GET", "/v1/incidents/{name}/timeline", s.timeline, in(timeline{}), "its timeline")
	operator("GET", "/v1/incidents/{name}/files", s.files, in(listedFiles{}), "the files of the messages in its timeline: of each the entry, its place in the message, name, size, and why it is not kept if it is not")
	operator("GET", "/v1/incidents/{name}/files/{entry}/{file}", s.file, in(plain{"application/octet-stream"}), "one of them, to be saved")
	operator("GET", "/v1/incidents/{name}/why", s.why, in(explained{}), "who was paged and why, what became of each notification, and who was not paged and why")
	paper := in(plain{"text/markdown", "text/html", "application/json", "application/zip"})
	paper.query = []openapi.Parameter{among("format", "its form; the JSON is described in docs/post-mortem.schema.json", formats), truthOf("public", "the version for readers outside"), wordOf("version", "the number of a published version, or draft", "draft")}
	paper.refuses = []int{422}
	operator("GET", "/v1/incidents/{name}/postmortem", s.postmortem, paper, "its post-mortem; `?format=markdown`, `html`, `json` or `bundle`, and `?public=true` for the version for readers outside")
	act := contract{group: "incidents", header: []openapi.Parameter{repeats}, body: deed{}, example: `{"text": "The new release is rolled back", "as": "ada"}`, gives: map[int]any{200: done{}}, refuses: []int{409}}
	act.path = map[string]openapi.Parameter{"verb": {Description: "what to do", Schema: &openapi.Schema{Type: "string", Enum: Verbs()}, Example: "note"}}
	operator("POST", "/v1/incidents/{name}/{verb}", s.act, act, "acts on it; the verbs are listed below")

	follow := contract{group: "follow-ups", gives: map[int]any{200: listedFollowUps{}}, refuses: []int{422}}
	follow.query = []openapi.Parameter{wordOf("incident", "those of one incident", "INC-1"), wordOf("team", "an ID of the roster", "payments"), wordOf("person", "an ID of the roster", "ada"), truthOf("overdue", "those that are overdue"),
		truthOf("all", "those that are done or were decided against too"), upTo(listMost), wordOf("before", "the follow-up that the answer goes on from", "")}
	operator("GET", "/v1/followups", s.listFollowUps, follow, "lists the open follow-ups, those that were raised first and then by their date; `?all=true` those that are done or were decided against too, the newest incident first; `incident`, `team`, `person` and `overdue` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	name := map[string]openapi.Parameter{"name": {Description: "the name of the follow-up", Schema: &openapi.Schema{Type: "string", Pattern: "^INC-[0-9]+-F[0-9]+$"}, Example: "INC-1-F1"},
		"verb": {Description: "what to do", Schema: &openapi.Schema{Type: "string", Enum: FollowUpVerbs()}, Example: "done"}}
	operator("GET", "/v1/followups/{name}", s.followUp, contract{group: "follow-ups", path: name, gives: map[int]any{200: shownFollowUp{}}}, "one follow-up, by its name INC-N-FN")
	operator("POST", "/v1/followups/{name}/{verb}", s.actOnFollowUp, contract{group: "follow-ups", path: name, header: []openapi.Parameter{repeats}, body: followUpDeed{}, example: `{"text": "https://git.example/change/42", "as": "ada"}`,
		gives: map[int]any{200: doneFollowUp{}}, refuses: []int{409}},
		"`done` and `drop` it, with `text`; `date` it, with `due` and `text`; `owner` gives it to `person` or `team`")
}

func (s *Server) alertRoutes(operator operates) {
	operator("GET", "/v1/alerts", s.explainAlerts, contract{group: "alerts", query: []openapi.Parameter{required(wordOf("incident", "the incident", "INC-1"))}, gives: map[int]any{200: alerts.Explanation{}}, refuses: []int{404}},
		"the alerts of `?incident=INC-N`, each with the reasons why it is there")
	operator("POST", "/v1/alerts/test", s.testAlert, contract{group: "alerts", query: []openapi.Parameter{wordOf("as", "whose body it is: a sender, or webhook/NAME", "events"), wordOf("key", "the name of the key with which it would come", "prometheus")},
		body: anything{}, example: `{"title": "checkout is slow", "severity": "critical"}`, gives: map[int]any{200: alerts.Explanation{}}, refuses: []int{404}},
		"says what the body of a sender means and where it would go, and stores nothing; `?as=SENDER` says whose it is, `?key=NAME` with which key it would come")

	all := []openapi.Parameter{truthOf("all", "those of the last 30 days too")}
	making := func(example string) contract {
		return contract{group: "alerts", header: []openapi.Parameter{repeats}, body: quieting{}, example: example, gives: map[int]any{201: shownQuiet{}}}
	}
	end := contract{group: "alerts", query: []openapi.Parameter{asPerson}, gives: map[int]any{200: shownQuiet{}}, refuses: []int{409, 422}}
	operator("GET", "/v1/silences", s.listQuiet(alerts.Silence), contract{group: "alerts", query: all, gives: map[int]any{200: listedSilences{}}}, "lists the silences that are in force or planned, those of the roster too; `?all=true` those of the last 30 days as well")
	operator("POST", "/v1/silences", s.makeQuiet(alerts.Silence), making(`{"match": {"service": "checkout", "host": "web-3"}, "for": "2h", "reason": "the disk is replaced", "as": "ada"}`), "makes one: `match`, an object of labels and values, `for` (as in `2h`) or `until`, and optionally `from`, `reason`, `as`")
	operator("DELETE", "/v1/silences/{id}", s.endQuiet(alerts.Silence), end, "ends it now; `?as=PERSON`")
	operator("GET", "/v1/maintenance", s.listQuiet(alerts.Maintenance), contract{group: "alerts", query: all, gives: map[int]any{200: listedMaintenance{}}}, "the same for maintenance")
	operator("POST", "/v1/maintenance", s.makeQuiet(alerts.Maintenance), making(`{"service": "checkout", "for": "2h", "reason": "the database moves", "as": "ada"}`), "begins one: `service`, and the rest as for a silence")
	operator("DELETE", "/v1/maintenance/{id}", s.endQuiet(alerts.Maintenance), end, "ends it now; `?as=PERSON`")
	operator("GET", "/v1/heartbeats", s.heartbeats, contract{group: "alerts", gives: map[int]any{200: listedBeats{}}, refuses: []int{404}}, "the heartbeats of the roster: when each came last, when it is due, and which are missing")
}

func (s *Server) oncallRoutes(operator operates, open opener) {
	operator("GET", "/v1/roster", s.roster, contract{group: "on-call", query: []openapi.Parameter{wordOf("version", "the number of an earlier version", "1")}, gives: map[int]any{200: plain{"application/yaml"}}, refuses: []int{404}},
		"the current roster, its version in `ETag`; `?version=N` an earlier one")
	operator("POST", "/v1/roster", s.apply, contract{group: "on-call", query: []openapi.Parameter{truthOf("plan", "only say what would change"), wordOf("why", "for the history", "reviewed"), asPerson},
		header: []openapi.Parameter{repeats, {Name: "If-Match", In: "header", Description: "the version that it was made from", Schema: &openapi.Schema{Type: "string"}}},
		body:   anything{}, kind: "application/yaml", gives: map[int]any{200: applied{}}, refuses: []int{409, 412}},
		"applies the roster in the body; `?plan=1` only says what would change, `?why=TEXT` and `?as=PERSON` go into the history, `If-Match` names the version it was made from (412 if another one is current, 422 with every problem if it is not valid)")
	operator("GET", "/v1/roster/history", s.history, contract{group: "on-call", query: []openapi.Parameter{upTo(HistoryMost), wordOf("before", "the version that the answer goes on from", "1000")}, gives: map[int]any{200: HistoryPage{}}},
		"the changes of the roster, the newest first; `?limit=N`, 100 by default, and `more` in the answer is what `before` then goes on from")
	operator("GET", "/v1/oncall/report", s.oncallReport, contract{group: "figures", query: []openapi.Parameter{required(fromThen), required(untilThen), wordOf("person", "an ID of the roster", "ada"), wordOf("rotation", "an ID of the roster", ""),
		wordOf("rates", "an hour of business, weekday off, weekend and holiday, in the smallest unit of the currency", "0,500,800,1000")}, gives: map[int]any{200: oncallFigures{}}, refuses: []int{404}},
		"figures about on-call work from `?from=TIME` to `?to=TIME`; `?person=ID`, `?rotation=ID`, `?rates=…`")
	figures := contract{group: "figures", query: []openapi.Parameter{fromThen, untilThen, truthOf("mean", "means as well")}, gives: map[int]any{200: report.Incidents{}}, refuses: []int{422}}
	operator("GET", "/v1/report", s.report, figures, "the same as `/v1/report/incidents`")
	figures.gives = map[int]any{200: several{report.Incidents{}, report.Services{}, report.Alerts{}, report.Promises{}, report.FollowUps{}}}
	operator("GET", "/v1/report/{kind}", s.report, figures, "figures over the incidents declared from `?from=TIME` to `?to=TIME`, the last 90 days unless given: `incidents`, `services`, `alerts`, `promises` or `followups`; `?mean=true` adds means")
	operator("GET", "/v1/oncall/topics", s.topics, contract{group: "on-call", query: []openapi.Parameter{wordOf("person", "an ID of the roster", "ada")}, gives: map[int]any{200: listedTopics{}}, refuses: []int{404, 422}},
		"the push topic of each person, which nobody else may know")
	operator("POST", "/v1/oncall/tests", s.tryWays, contract{group: "on-call", header: []openapi.Parameter{repeats}, body: tryoutOf{}, needs: []string{"person"}, example: `{"person": "ada"}`, gives: map[int]any{202: tried{}}, refuses: []int{409}},
		"sends `person` a test message by each of their contact methods")
	operator("GET", "/v1/oncall/tests/{id}", s.tried, contract{group: "on-call", gives: map[int]any{200: tried{}}}, "what became of that test")
	operator("GET", "/v1/audit", s.audit, contract{group: "figures", query: []openapi.Parameter{wordOf("incident", "of one incident", "INC-1"), wordOf("person", "of one person, by ID", "ada"), fromThen, untilThen, upTo(listMost), wordOf("before", "what `more` said", "")},
		gives: map[int]any{200: listedAudit{}}, refuses: []int{422}},
		"who did or read what, private incidents included, the newest incident first; `incident`, `person`, `from` and `to` narrow it; `limit` is 100 unless given, and `more` in the answer is what `before` then goes on from")
	operator("GET", "/v1/backup", s.backup, contract{group: "store", query: []openapi.Parameter{truthOf("kept", "false: it is only looked at, and does not count as a backup")}, gives: map[int]any{200: plain{"application/octet-stream"}}, refuses: []int{404}},
		"a consistent copy of the store; with `?kept=false` it does not count as a backup, since it is only looked at")
	operator("POST", "/v1/archive", s.archive, contract{group: "store", body: archiveWanted{}, example: `{"dry_run": true}`, gives: map[int]any{200: archived{}}, refuses: []int{422}},
		"moves the incidents that ended longer ago than `archive.after` into archive files now; `dry_run` only says which")
	open("GET", "/v1/archive/state", s.admitted(s.archiveState), contract{group: "store", gives: map[int]any{200: archiveHolds{}}},
		"when it was last gone through for incidents to archive, the `trouble` why not all could be moved, how many files there are, and those that cannot be read; a bot that stands by says the last two of its machine", operators)
	open("GET", "/v1/backup/state", s.admitted(s.backupState), contract{group: "store", gives: map[int]any{200: copies{}}}, "when a copy of the store was taken last, into which `folder` and how often it is copied by itself, and the `trouble` why it could not be; a bot that stands by says the `trouble` that it would have on its machine", operators)
}

// ownAlert is the body of /v1/events, which incident/alert reads more generously.
type ownAlert struct {
	DedupKey string         `json:"dedup_key"` // the same for all that is about one trouble; without it the service and the title are
	Status   string         `json:"status"`    // firing or resolved; firing unless given
	Title    string         `json:"title"`     // what is wrong, in a few words; may be left out of what is resolved
	Severity severity       `json:"severity"`
	Service  string         `json:"service"` // an ID of the roster
	Details  map[string]any `json:"details"` // what else is known; short values are labels
	Links    []string       `json:"links"`   // addresses that help
}

// senders opens the addresses for those who send alerts.
func (s *Server) senders(open opener) {
	const again = http.StatusServiceUnavailable
	takes := contract{group: "senders", body: anything{}, gives: map[int]any{202: accepted{}}}
	post := func(path string, sender alert.Sender, over int, c contract, what string) {
		open("POST", path, s.from(&address{sender, over, own}), c, what, senderKeys)
	}
	ours := takes
	ours.body, ours.example = ownAlert{}, `{"dedup_key": "checkout-errors", "status": "firing", "title": "checkout answers with errors", "severity": "critical", "service": "checkout", "details": {"rate": "12%"}, "links": ["https://grafana.example/d/1"]}`
	post("/v1/events", alert.SenderEvent, http.StatusTooManyRequests, ours, "takes an alert in Stormbell's own format")
	// These two take a 429 for final, and lose the alert or send it minutes
	// later, while they repeat after a 5xx (Alertmanager: notify/util.go, Retrier).
	post("/v1/alertmanager", alert.SenderAlertmanager, again, takes, "takes what Prometheus Alertmanager sends")
	post("/v1/grafana", alert.SenderGrafana, again, takes, "takes what Grafana's webhook contact point sends")
	sns := takes
	sns.gives, sns.refuses = map[int]any{200: subscription{}, 202: accepted{}}, []int{403}
	open("POST", "/v1/sns", s.handle(s.sns), sns, "takes messages of Amazon SNS and confirms the subscription", "integration key, `?key=KEY`, and Amazon's signature")
	post("/v1/datadog", alert.SenderDatadog, http.StatusTooManyRequests, takes, "takes what Datadog's webhooks send")
	post("/v1/sentry", alert.SenderSentry, http.StatusTooManyRequests, takes, "takes what Sentry's webhooks send")
	post("/v1/azure", alert.SenderAzure, http.StatusTooManyRequests, takes, "takes Azure Monitor's common alert schema")
	post("/v1/gcp", alert.SenderGCP, http.StatusTooManyRequests, takes, "takes what Google Cloud Monitoring sends")
	post("/v1/newrelic", alert.SenderNewRelic, http.StatusTooManyRequests, takes, "takes what New Relic's workflows send")
	webhook := takes
	webhook.path = called("the mapping of the roster", "")
	post("/v1/webhook/{name}", alert.SenderWebhook, http.StatusTooManyRequests, webhook, "takes any JSON, read by the mapping of that name in the roster's `alerts.mappings`")

	body := func(path string, sender alert.Sender, over int, d dialect, c contract, what string) {
		open("POST", path, s.from(&address{sender, over, d}), c, what, fmt.Sprintf(inBody, alert.SecretField(sender)))
	}
	duty := contract{group: "senders", body: anything{}, gives: map[int]any{202: event{}}, errors: event{}}
	body("/v2/enqueue", alert.SenderPagerDuty, http.StatusTooManyRequests, pagerDuty, duty, "takes the PagerDuty Events API, version 2")
	body("/v2/change/enqueue", alert.SenderPagerDutyChange, http.StatusTooManyRequests, pagerDutyChange, duty, "takes its change events")
	// Version 1 says 403 where a client must slow down.
	duty.gives, duty.refuses = map[int]any{200: eventV1{}}, []int{403}
	body("/generic/2010-04-15/create_event.json", alert.SenderPagerDutyV1, http.StatusForbidden, pagerDutyV1, duty, "takes the PagerDuty Events API, version 1")

	genie := contract{group: "senders", body: anything{}, gives: map[int]any{202: opsgenieAnswer{}}, errors: opsgenieAnswer{}, refuses: []int{422}}
	for _, act := range opsgenieActs {
		what := "takes Opsgenie's Alert API: " + act.what
		open(act.method, act.path, s.from(&address{act.sender, http.StatusTooManyRequests, s.opsgenie(act.action, act.done)}), genie, what, genieKeys)
	}
	genie.body = nil
	name := called("the name of the heartbeat in the roster", "")
	beat := contract{group: "senders", path: name, gives: genie.gives, errors: genie.errors}
	genie.gives = map[int]any{200: opsgenieAnswer{}}
	open("GET", "/v2/alerts/requests/{id}", http.HandlerFunc(s.opsgenieRequest), genie, "takes Opsgenie's Alert API: what became of a request", genieKeys)
	open("GET", "/v2/heartbeats/{name}/ping", http.HandlerFunc(s.ping), beat, "takes Opsgenie's Heartbeat API: a sign of life", genieKeys)
	open("POST", "/v2/heartbeats/{name}/ping", http.HandlerFunc(s.ping), beat, "takes Opsgenie's Heartbeat API: a sign of life", genieKeys)
	open("POST", "/v1/heartbeats/{name}", http.HandlerFunc(s.heartbeat), contract{group: "senders", path: name, gives: map[int]any{202: heard{}}}, "takes a sign of life of the roster's heartbeat of that name", senderKeys)
}

// Verbs returns what POST /v1/incidents/{name}/{verb} understands.
func Verbs() []string {
	var list []string
	for _, v := range verbs {
		list = append(list, string(v))
	}
	return list
}
