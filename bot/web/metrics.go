package web

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is what the program counts, on a registry of its own. Its methods
// take plain values, so that whoever counts need not import this package; they
// may be called concurrently. A word that is not plain lower-case ASCII is
// counted as other, so that no text from outside becomes a label.
//
// A counter that an alert rule waits for stands at 0 from the start: Prometheus
// sees no increase in a series that begins with its first event.
type Metrics struct {
	registry *prometheus.Registry
	listed   []Metric

	acts      *prometheus.CounterVec
	alerts    *prometheus.CounterVec
	requests  *prometheus.CounterVec
	answering *prometheus.HistogramVec
	jobs      *prometheus.CounterVec
	setAside  *prometheus.CounterVec
	waiting   *prometheus.HistogramVec
	calls     *prometheus.CounterVec
	calling   *prometheus.HistogramVec
	envelopes *prometheus.CounterVec

	declared     *prometheus.CounterVec
	notified     *prometheus.HistogramVec
	acknowledged *prometheus.HistogramVec
	unanswered   *prometheus.CounterVec

	committing *prometheus.HistogramVec
	sharing    *prometheus.HistogramVec
	refused    *prometheus.CounterVec

	// Each with the name that an earlier version had, until the next one.
	attempts  []*prometheus.CounterVec
	delivered []*prometheus.HistogramVec

	mu      sync.Mutex
	backlog [priorities]backlog
}

// Metric describes one metric, for the documentation. Those of the Go runtime and
// of the process are not listed: their libraries describe them.
type Metric struct {
	Name   string
	Type   string // counter, gauge or histogram
	Labels []string
	Help   string
}

// List returns every metric that a server with a bot behind it has.
func List() []Metric {
	m := NewMetrics("")
	m.Watch(Sources{})
	m.watch(&Server{})
	return m.listed
}

func (m *Metrics) list(kind, name, help string, labels ...string) {
	m.listed = append(m.listed, Metric{"stormbell_" + name, kind, labels, help})
}

// The bounds of histograms.
var (
	// Of everything that goes over a network or a disk.
	seconds = []float64{.001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	// Of the first notification: from one call of Slack to a provider that was down for a while.
	toNotify = []float64{.1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600}
	// Of people: from somebody who sits before it to a night in which nobody woke up.
	toAcknowledge = []float64{15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200}
	// Of what shares a commit.
	together = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
)

const buildHelp = "Always 1; the label is the version."

// NewMetrics returns metrics that say which version of the program they are of.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.acts = m.counter("acts_total", "What people asked for without Slack, by surface (http: the admin calls, link: links and keys in notifications), verb and outcome (done, repeated, refused, failed).", "surface", "verb", "outcome")
	m.alerts = m.counter("alerts_total", "Alerts taken in, by the name of the integration key, kind of sender and result.", "key", "source", "result")
	m.incidents()
	m.requests = m.counter("http_requests_total", "HTTP requests, by route and status.", "route", "status")
	m.answering = m.histogram("http_request_duration_seconds", "Time to answer an HTTP request.", seconds, "route")
	m.jobs = m.counter("jobs_total", "Jobs of the outbox, by kind and outcome.", "kind", "outcome")
	m.setAside = m.counter("jobs_set_aside_total", "Jobs that a mistake of the program stopped. They are kept for 30 days; the log has the details.")
	m.setAside.WithLabelValues()
	m.waiting = m.histogram("job_wait_seconds", "Time from a job's commit to its outcome.", seconds, "kind")
	const attempts = "Notifications sent by push, text message, call, mail or webhook, by contact method and outcome."
	const delivered = "Time from the decision to notify somebody until Slack or a provider had accepted it, by contact method."
	m.attempts = []*prometheus.CounterVec{m.counter("notification_attempts_total", attempts, "via", "outcome"),
		m.counter("way_attempts_total", "The same under its old name, until the next version.", "via", "outcome")}
	m.delivered = []*prometheus.HistogramVec{m.histogram("notification_delivery_seconds", delivered, seconds, "via"),
		m.histogram("page_delivery_seconds", "The same under its old name, until the next version.", seconds, "via")}
	m.waits()
	m.calls = m.counter("slack_calls_total", "Calls of Slack's Web API, by method and outcome (ok or Slack's word for the error).", "method", "outcome")
	m.calling = m.histogram("slack_call_duration_seconds", "Time that a call of Slack's Web API took.", seconds, "method")
	m.envelopes = m.counter("slack_envelopes_total", "Envelopes received over Socket Mode, by type.", "type")
	m.committing = m.histogram("store_commit_duration_seconds", "Time until a commit of the store was durable, or had failed.", seconds)
	m.sharing = m.histogram("store_commit_updates", "How many transactions shared a commit.", together)
	m.refused = m.counter("store_commit_failures_total", "Commits that the store refused. What they were for was not confirmed to anybody.")
	m.refused.WithLabelValues()
	m.gauge("build_info", buildHelp, func(set setter) { set(1, version) }, "version")
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// incidents makes the metrics about incidents, each severity from 0.
func (m *Metrics) incidents() {
	const none = " Private incidents and tests are not counted."
	m.declared = m.counter("incidents_declared_total", "Incidents declared, by severity and by who declared them (alert, person, operator: the admin calls, bot)."+none, "severity", "source")
	m.notified = m.histogram("incident_first_notification_seconds", "Time from the declaration until Slack or a provider had accepted the first notification, by severity."+none, toNotify, "severity")
	m.acknowledged = m.histogram("incident_acknowledgement_seconds", "Time from the declaration to the first acknowledgement, by severity."+none, toAcknowledge, "severity")
	m.unanswered = m.counter("escalations_unanswered_total", "Escalations that ran out: every step had its turn and nobody answered, so the last resort was told. By severity."+none, "severity")
	for _, s := range severityWords() {
		m.notified.WithLabelValues(s)
		m.acknowledged.WithLabelValues(s)
		m.unanswered.WithLabelValues(s)
	}
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.list("counter", name, help, labels...)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stormbell", Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	m.list("histogram", name, help, labels...)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "stormbell", Name: name, Help: help, Buckets: bounds}, labels)
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second})
}

// Act counts something that a person asked for. Surface is http or link, verb
// the act's word, outcome one of done, repeated, refused and failed.
func (m *Metrics) Act(surface, verb, outcome string) {
	m.acts.WithLabelValues(word(surface), word(verb), word(outcome)).Inc()
}

// Alert counts an alert by the name of the integration key that it came with, its
// kind of sender and its result.
func (m *Metrics) Alert(key, source, result string) {
	m.alerts.WithLabelValues(word(key), word(source), word(result)).Inc()
}

// Declared counts an incident that was declared. Severity is sev1 to sev4, source
// alert, person, operator or bot.
func (m *Metrics) Declared(severity, source string) {
	m.declared.WithLabelValues(word(severity), word(source)).Inc()
}

// Notified counts an incident of which somebody was told, and how long after its
// declaration the first notification was accepted.
func (m *Metrics) Notified(severity string, after time.Duration) {
	m.notified.WithLabelValues(word(severity)).Observe(after.Seconds())
}

// Acknowledged counts an incident that somebody acknowledged, and how long after its
// declaration that was.
func (m *Metrics) Acknowledged(severity string, after time.Duration) {
	m.acknowledged.WithLabelValues(word(severity)).Observe(after.Seconds())
}

// Unanswered counts an escalation that ran out.
func (m *Metrics) Unanswered(severity string) { m.unanswered.WithLabelValues(word(severity)).Inc() }

// request counts an answered HTTP request.
func (m *Metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.answering.WithLabelValues(route).Observe(took.Seconds())
}

// Job counts a job of the outbox that has an outcome, such as done, failed,
// retry or needless, waited after it was committed.
func (m *Metrics) Job(kind, outcome string, waited time.Duration) {
	m.jobs.WithLabelValues(word(kind), word(outcome)).Inc()
	m.waiting.WithLabelValues(word(kind)).Observe(waited.Seconds())
	if outcome == "set_aside" {
		m.setAside.WithLabelValues().Inc()
	}
}

// outcomes are those of an attempt, see Attempt.
var outcomes = []string{"ok", "unavailable", "busy", "misconfigured", "refused", "stopped"}

// Attempt counts an attempt to reach somebody by another contact method than
// Slack. Outcome is ok, unavailable, busy, misconfigured, refused or stopped.
func (m *Metrics) Attempt(via, outcome string) {
	for _, c := range m.attempts {
		c.WithLabelValues(word(via), word(outcome)).Inc()
	}
}

// Delivered counts a notification that was accepted, and how long after it was
// decided.
func (m *Metrics) Delivered(via string, took time.Duration) {
	for _, h := range m.delivered {
		h.WithLabelValues(word(via)).Observe(took.Seconds())
	}
}

// SlackCall counts a call of Slack's Web API. Outcome is ok, Slack's word for
// the error, or timeout and the like.
func (m *Metrics) SlackCall(method, outcome string, took time.Duration) {
	m.calls.WithLabelValues(word(method), word(outcome)).Inc()
	m.calling.WithLabelValues(word(method)).Observe(took.Seconds())
}

// Envelope counts an envelope of Socket Mode.
func (m *Metrics) Envelope(kind string) { m.envelopes.WithLabelValues(word(kind)).Inc() }

// Commit counts a commit of the store, how long it took, and how many transactions
// shared it.
func (m *Metrics) Commit(took time.Duration, shared int, err error) {
	m.committing.WithLabelValues().Observe(took.Seconds())
	m.sharing.WithLabelValues().Observe(float64(shared))
	if err != nil {
		m.refused.WithLabelValues().Inc()
	}
}

// word lets through what our own code, Slack or a provider may name something.
func word(s string) string {
	if s == "" || len(s) > 48 || slices.ContainsFunc([]byte(s), odd) {
		return "other"
	}
	return s
}

func odd(c byte) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-'
}
