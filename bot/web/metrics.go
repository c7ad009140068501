package web

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stormbell/stormbell/incident"
)

// Metrics is what the program counts, on a registry of its own. Its methods
// take plain values, so that whoever counts need not import this package; they
// may be called concurrently. A word that is not plain lower-case ASCII is
// counted as other, so that no text from outside becomes a label.
type Metrics struct {
	registry *prometheus.Registry
	listed   []Metric

	acts      *prometheus.CounterVec
	alerts    *prometheus.CounterVec
	requests  *prometheus.CounterVec
	answering *prometheus.HistogramVec
	jobs      *prometheus.CounterVec
	waiting   *prometheus.HistogramVec
	calls     *prometheus.CounterVec
	calling   *prometheus.HistogramVec
	envelopes *prometheus.CounterVec

	// Each with the name that an earlier version had, until the next one.
	attempts  []*prometheus.CounterVec
	delivered []*prometheus.HistogramVec

	mu     sync.Mutex
	queued int
	oldest time.Time // when the oldest waiting job was decided; zero: none waits
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
	m.watch(&Server{heard: func() time.Time { return time.Time{} }})
	return m.listed
}

func (m *Metrics) list(kind, name, help string, labels ...string) {
	m.listed = append(m.listed, Metric{"stormbell_" + name, kind, labels, help})
}

// seconds are the bounds of everything that goes over a network or a disk.
var seconds = []float64{.001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

const buildHelp = "Always 1; the label is the version."

// NewMetrics returns metrics that say which version of the program they are of.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.acts = m.counter("acts_total", "What people asked for without Slack, by surface (http: the admin calls, link: links and keys in notifications), verb and outcome (done, repeated, refused, failed).", "surface", "verb", "outcome")
	m.alerts = m.counter("alerts_total", "Alerts taken in, by kind of sender and result.", "source", "result")
	m.requests = m.counter("http_requests_total", "HTTP requests, by route and status.", "route", "status")
	m.answering = m.histogram("http_request_duration_seconds", "Time to answer an HTTP request.", "route")
	m.jobs = m.counter("jobs_total", "Jobs of the outbox, by kind and outcome.", "kind", "outcome")
	m.waiting = m.histogram("job_wait_seconds", "Time from a job's commit to its outcome.", "kind")
	const attempts = "Notifications sent by push, text message, call, mail or webhook, by contact method and outcome."
	const delivered = "Time from the decision to notify somebody until Slack or a provider had accepted it, by contact method."
	m.attempts = []*prometheus.CounterVec{m.counter("notification_attempts_total", attempts, "via", "outcome"),
		m.counter("way_attempts_total", "The same under its old name, until the next version.", "via", "outcome")}
	m.delivered = []*prometheus.HistogramVec{m.histogram("notification_delivery_seconds", delivered, "via"),
		m.histogram("page_delivery_seconds", "The same under its old name, until the next version.", "via")}
	m.gauge("outbox_jobs", "Jobs that wait in the outbox.", func() float64 { n, _ := m.waits(); return float64(n) })
	m.gauge("outbox_oldest_seconds", "Age of the oldest job that waits in the outbox.", func() float64 { _, age := m.waits(); return age.Seconds() })
	m.calls = m.counter("slack_calls_total", "Calls of Slack's Web API, by method and outcome (ok or Slack's word for the error).", "method", "outcome")
	m.calling = m.histogram("slack_call_duration_seconds", "Time that a call of Slack's Web API took.", "method")
	m.envelopes = m.counter("slack_envelopes_total", "Envelopes received over Socket Mode, by type.", "type")
	m.list("gauge", "build_info", buildHelp, "version")
	info := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "stormbell", Name: "build_info",
		Help: buildHelp, ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.list("counter", name, help, labels...)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stormbell", Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	m.list("histogram", name, help, labels...)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "stormbell", Name: name, Help: help, Buckets: seconds}, labels)
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) gauge(name, help string, value func() float64) {
	m.list("gauge", name, help)
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "stormbell", Name: name, Help: help}, value))
}

// watch adds what is asked of the server when somebody looks.
func (m *Metrics) watch(s *Server) {
	m.gauge("open_incidents", "Incidents that are open; private ones are not counted, since anybody may read this.", s.openIncidents)
	m.gauge("leader", "1 when this process is the writer, 0 while it stands by.", func() float64 {
		if s.desk.Load() == nil {
			return 0
		}
		return 1
	})
	if s.heard != nil {
		m.gauge("slack_last_frame_seconds", "Time since the last frame from Slack; -1 while none has come.", func() float64 {
			if heard := s.heard(); !heard.IsZero() {
				return time.Since(heard).Seconds()
			}
			return -1
		})
	}
}

// Waiting tells how many jobs wait and when the oldest of them was decided.
func (m *Metrics) Waiting(jobs int, oldest time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queued, m.oldest = jobs, oldest
}

// waits returns how many jobs wait and the age of the oldest, which grows while the
// loop that should call Waiting hangs.
func (m *Metrics) waits() (int, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.queued == 0 || m.oldest.IsZero() {
		return m.queued, 0
	}
	return m.queued, time.Since(m.oldest)
}

func (s *Server) openIncidents() float64 {
	d := s.desk.Load()
	if d == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := d.Active(ctx, incident.SlackUser("")) // somebody who is involved in nothing
	if err != nil {
		return 0
	}
	return float64(len(list))
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second})
}

// Act counts something that a person asked for. Surface is http or link, verb
// the act's word, outcome one of done, repeated, refused and failed.
func (m *Metrics) Act(surface, verb, outcome string) {
	m.acts.WithLabelValues(word(surface), word(verb), word(outcome)).Inc()
}

// Alert counts an alert by its kind of sender and its result.
func (m *Metrics) Alert(source, result string) {
	m.alerts.WithLabelValues(word(source), word(result)).Inc()
}

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
}

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

// word lets through what our own code, Slack or a provider may name something.
func word(s string) string {
	if s == "" || len(s) > 48 {
		return "other"
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return "other"
		}
	}
	return s
}
