package main

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
)

// metricsRoster pages Ada by five contact methods at once.
const metricsRoster = `
people:
  - id: ada
    name: Ada Okafor
    slack: U0ADA
    phone: "+4915112345678"
    rules: {high: [{via: slack}, {via: push}, {via: sms}, {via: voice}, {via: webhook}]}
  - {id: bob, name: Bob Lind, slack: U0BOB}
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: ada}
policies:
  - {id: payments, steps: [{notify: [person:ada], wait: 10m}], last_resort: [person:bob]}
services:
  - {id: checkout, name: Checkout, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// slackTakes is how long Slack takes for each call in the scenario.
const slackTakes = 200 * time.Millisecond

// TestMetricsTellWhatHappened lets a sev1 be paged, refused here and there, and
// acknowledged, and knows every number of every metric afterwards: where somebody
// else has counted too, by what they counted. A metric that nothing feeds says for
// ever that all is well, so each that the documentation lists must have a number.
func TestMetricsTellWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(friday("13:00:00"))) // a bubble begins in the year 2000
		sim, err := slacksim.New(slacksim.Options{Seed: 1, Manifest: configs.Default().Slack.Manifest(),
			People: []slacksim.Person{{ID: "U0ADA", Name: "Ada Okafor"}, {ID: "U0BOB", Name: "Bob Lind"}}})
		if err != nil {
			t.Fatal(err)
		}
		w := newTown(t, sim, filepath.Join(t.TempDir(), "stormbell.db"))
		defer w.close()
		w.standbys = func(context.Context) (int, error) { return 1, nil } // as a cluster counts them
		w.copies = configs.Backup{Folder: filepath.Join(t.TempDir(), "copies"), Every: time.Hour, Keep: 1}
		w.after = 24 * time.Hour
		var refusedByWebhook atomic.Int64
		w.serve(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			refusedByWebhook.Add(1)
			rw.WriteHeader(http.StatusGone)
		}), "hook.test")
		w.start()
		w.pass(2 * time.Second) // the sockets are open
		w.call("POST", "/v1/roster", metricsRoster, nil)
		for _, f := range []slacksim.Fault{{Method: "*", Latency: slackTakes}, {Method: "pins.add", Error: "not_pinnable", Times: 1}} {
			if err := sim.Fault(f); err != nil {
				t.Fatal(err)
			}
		}

		name, _ := w.alert(`{"dedup_key": "errors", "title": "Checkout errors", "severity": "critical", "service": "checkout"}`)
		w.pass(slackTakes / 2)
		during := w.metrics()
		if got := during[sample("outbox_oldest_seconds", "priority", "0")]; got != seconds(slackTakes/2) {
			t.Errorf("while Slack thinks, the oldest job has waited %v s, want %v", got, seconds(slackTakes/2))
		}
		if one, more := during[sample("outbox_jobs", "priority", "0")], during[sample("outbox_jobs", "priority", "1")]; one < 1 || more < 1 {
			t.Errorf("while Slack thinks, %v jobs of priority 0 and %v of priority 1 wait, want the notification in Slack, and the channel", one, more)
		}
		w.pass(30 * time.Second)
		if status, answer := w.ask("POST", "/v1/incidents/"+name+"/ack", "{}", map[string]string{"Authorization": "Bearer another-token"}); status != http.StatusUnauthorized {
			t.Errorf("with a wrong token: %d %s, want 401", status, answer)
		}
		if status, answer := w.ask("POST", "/v1/incidents/INC-77/ack", "{}", nil); status != http.StatusNotFound {
			t.Errorf("on an incident that is none: %d %s, want 404", status, answer)
		}
		link := regexp.MustCompile(`http://bell\.test(/ack/[\w-]+)`).FindStringSubmatch(w.mail.taken("sms", "")[0].Text)
		w.call("POST", link[1], "", nil)
		if _, err := sim.As("U0BOB").Command("general", "/incident", "list"); err != nil {
			t.Fatal(err)
		}
		w.pass(30 * time.Second)

		w.metrics() // tries the store with a commit of its own; the next ones take its word for a while
		got, want := w.metrics(), w.counted(refusedByWebhook.Load())
		for _, m := range web.List() {
			if _, fed := families(got)[m.Name]; !fed {
				t.Errorf("nothing feeds %s", m.Name)
			}
		}
		w.roughly(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the metrics (-want +got):\n%s", diff)
		}
	})
}

// roughly judges what cannot be known to the digit, and takes it out of got.
func (w *town) roughly(got map[string]float64) {
	w.t.Helper()
	commits := got["stormbell_store_commit_duration_seconds_count"]
	info, err := os.Stat(w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range []struct {
		name      string
		low, high float64
	}{
		{"stormbell_last_backup_timestamp_seconds", float64(time.Now().Add(-time.Minute).Unix()), float64(time.Now().Unix())},          // the first, a minute after the start
		{"stormbell_archive_last_run_timestamp_seconds", float64(time.Now().Add(-2 * time.Minute).Unix()), float64(time.Now().Unix())}, // since the start
		// The last thing from Slack is a ping, which nobody counts.
		{"stormbell_slack_last_frame_seconds", 0, 5},
		{"stormbell_slack_last_frame_timestamp_seconds", float64(time.Now().Unix()) - 5, float64(time.Now().Unix())},
		// Who shares a commit is the scheduler's affair.
		{"stormbell_store_commit_duration_seconds_count", 20, 200},
		{"stormbell_store_commit_updates_count", commits, commits},
		{"stormbell_store_commit_updates_sum", commits, 300},
		{"stormbell_store_size_bytes", float64(info.Size()), float64(info.Size())},
		{"stormbell_store_free_bytes", 1, math.MaxFloat64},
	} {
		if v, ok := got[m.name]; !ok || v < m.low || v > m.high {
			w.t.Errorf("%s = %v (there: %v), want %v to %v", m.name, v, ok, m.low, m.high)
		}
		delete(got, m.name)
	}
}

// counted is what the metrics have to be after the scenario.
func (w *town) counted(refusedByWebhook int64) map[string]float64 {
	want := map[string]float64{
		`stormbell_build_info{version="` + currentBuild().Version + `"}`: 1,
		"stormbell_leader":                            1,
		"stormbell_standbys":                          1,
		"stormbell_ready":                             1,
		"stormbell_slack_sockets_connected":           2,
		"stormbell_slack_token_refused":               0,
		"stormbell_jobs_set_aside_total":              0,
		"stormbell_backup_failing":                    0,
		"stormbell_archive_failing":                   0,
		"stormbell_archive_files":                     0,
		"stormbell_archive_size_bytes":                0,
		"stormbell_archive_unreadable_files":          0,
		"stormbell_archive_waiting_incidents":         0,
		"stormbell_backup_interval_seconds":           3600,
		"stormbell_store_commit_duration_seconds_sum": 0, // no time passes in a bubble while a file is written
		"stormbell_store_commit_failures_total":       0,
		"stormbell_store_damaged":                     0,
		"stormbell_store_unread":                      0,

		`stormbell_alerts_total{key="monitor",result="opened",source="event"}`:         1,
		`stormbell_incidents_declared_total{severity="sev1",source="alert"}`:           1,
		`stormbell_acts_total{outcome="refused",surface="http",verb="ack"}`:            1, // INC-77; who shows a wrong token acts in nothing
		`stormbell_acts_total{outcome="done",surface="link",verb="ack"}`:               1,
		`stormbell_notification_attempts_total{outcome="misconfigured",via="webhook"}`: float64(refusedByWebhook),
		`stormbell_notification_delivery_seconds_count{via="slack"}`:                   1,
		`stormbell_notification_delivery_seconds_sum{via="slack"}`:                     seconds(slackTakes),
	}

	w.countedIncidents(want)
	for priority := range 4 {
		want[sample("outbox_jobs", "priority", strconv.Itoa(priority))] = 0
		want[sample("outbox_oldest_seconds", "priority", strconv.Itoa(priority))] = 0
	}
	for _, via := range []string{"push", "sms", "voice", "email", "webhook"} {
		want[sample("contact_method_failing", "via", via)] = 0
		for _, outcome := range []string{"ok", "unavailable", "busy", "misconfigured", "refused", "stopped"} {
			want[sample("notification_attempts_total", "outcome", outcome, "via", via)] += 0
		}
	}

	// Requests are answered at once: the clock of a bubble stands while they are.
	for _, r := range []struct {
		route    string
		statuses []int
	}{
		{"POST /v1/roster", []int{200}},
		{"POST /v1/events", []int{202}},
		{"GET /metrics", []int{200, 200}},
		{"POST /v1/incidents/{name}/{verb}", []int{401, 404}},
		{"POST /ack/{token}", []int{200}},
	} {
		for _, status := range r.statuses {
			want[sample("http_requests_total", "route", r.route, "status", strconv.Itoa(status))]++
		}
		want[sample("http_request_duration_seconds_count", "route", r.route)] = float64(len(r.statuses))
		want[sample("http_request_duration_seconds_sum", "route", r.route)] = 0
	}

	for _, d := range w.mail.got {
		want[sample("notification_attempts_total", "outcome", "ok", "via", d.Via)]++
		if strings.Contains(d.Text, "is acknowledged by") {
			continue // it only tells a screen that it need not ask any more
		}
		want[sample("notification_delivery_seconds_count", "via", d.Via)]++
		want[sample("notification_delivery_seconds_sum", "via", d.Via)] = 0 // a provider answers at once
	}

	for _, c := range w.sim.Calls(0) {
		switch {
		case c.Kind == "frame_out" && c.Method != "hello":
			want[sample("slack_envelopes_total", "type", c.Method)]++
		case c.Kind == "api":
			outcome := c.Error
			if outcome == "" {
				outcome = "ok"
			}
			want[sample("slack_calls_total", "method", c.Method, "outcome", outcome)]++
			want[sample("slack_call_duration_seconds_count", "method", c.Method)]++
			want[sample("slack_call_duration_seconds_sum", "method", c.Method)] += seconds(c.Took)
		}
	}

	// Nobody outside sees jobs. waited is the sum over a kind, in milliseconds: most
	// take one call of Slack after another and wait half a second for the record that
	// they share with others, the second topic rests for ten seconds
	// as the first does, and a provider is asked for a receipt after five.
	for _, j := range []struct {
		kind         string
		done, failed int
		waited       int
	}{
		{"page", 4, 1, 200}, // in Slack, by push, text message and call; the webhook refuses
		{"channel", 1, 0, 400},
		{"purpose", 1, 0, 700},
		{"card", 2, 0, 1200},
		{"announce", 2, 0, 1600},
		{"invite", 2, 0, 1200},
		{"topic", 2, 0, 21600},
		{"asks", 2, 0, 1200},
		{"say", 1, 0, 200},
		{"update", 1, 0, 0},   // of the push
		{"poll", 2, 0, 10000}, // of the text message and of the call
	} {
		want[sample("jobs_total", "kind", j.kind, "outcome", "done")] = float64(j.done)
		if j.failed > 0 {
			want[sample("jobs_total", "kind", j.kind, "outcome", "failed")] = float64(j.failed)
		}
		want[sample("job_wait_seconds_count", "kind", j.kind)] = float64(j.done + j.failed)
		want[sample("job_wait_seconds_sum", "kind", j.kind)] = float64(j.waited) / 1000
	}

	for name, value := range maps.Clone(want) { // under the old names too
		name = strings.Replace(name, "stormbell_notification_attempts_", "stormbell_way_attempts_", 1)
		want[strings.Replace(name, "stormbell_notification_delivery_", "stormbell_page_delivery_", 1)] = value
	}
	for name, value := range want {
		want[name] = milli(value)
	}
	return want
}

// countedIncidents adds what is counted of the one incident: notified as soon as a provider
// other than Slack had it, and acknowledged when the scenario does.
func (w *town) countedIncidents(want map[string]float64) {
	for _, severity := range []string{"sev1", "sev2", "sev3", "sev4"} {
		want[sample("escalations_unanswered_total", "severity", severity)] = 0
		for _, name := range []string{"incident_first_notification_seconds", "incident_acknowledgement_seconds"} {
			want[sample(name+"_count", "severity", severity)] = 0
			want[sample(name+"_sum", "severity", severity)] = 0
		}
		for _, status := range []string{"declared", "investigating", "mitigating", "mitigated"} {
			want[sample("open_incidents", "severity", severity, "status", status)] = 0
		}
	}
	want[sample("open_incidents", "severity", "sev1", "status", "investigating")] = 1
	want[sample("incident_first_notification_seconds_count", "severity", "sev1")] = 1
	want[sample("incident_acknowledgement_seconds_count", "severity", "sev1")] = 1
	want[sample("incident_acknowledgement_seconds_sum", "severity", "sev1")] = seconds(slackTakes/2 + 30*time.Second)
}

// sample is a line of /metrics without its value; the labels are in order.
func sample(name string, labels ...string) string {
	var list []string
	for pair := range slices.Chunk(labels, 2) {
		list = append(list, pair[0]+"="+strconv.Quote(pair[1]))
	}
	return "stormbell_" + name + "{" + strings.Join(list, ",") + "}"
}

func seconds(d time.Duration) float64 { return d.Seconds() }

// milli rounds to thousandths, since sums of seconds are not exact.
func milli(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 3, 64), 64)
	if err != nil {
		panic(err) // a number is one
	}
	return r
}

// metrics reads the bot's own metrics, without the buckets of histograms, of which
// the last must have everything in it.
func (w *town) metrics() map[string]float64 {
	w.t.Helper()
	list, last := map[string]float64{}, map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(w.call("GET", "/metrics", "", nil)))
	for lines.Scan() {
		name, text := cut(lines.Text())
		if !strings.HasPrefix(name, "stormbell_") {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			w.t.Fatalf("%q: %v", lines.Text(), err)
		}
		switch before, bucket := strings.CutSuffix(name, `,le="+Inf"}`); {
		case bucket:
			last[strings.Replace(before, "_bucket{", "_count{", 1)+"}"] = value
		case !strings.Contains(name, "_bucket{"):
			list[name] = milli(value)
		}
	}
	for name, value := range last {
		if list[name] != value {
			w.t.Errorf("%s is %v, and the last bucket %v", name, list[name], value)
		}
	}
	return list
}

// cut parts a line at its last space: labels may hold others.
func cut(line string) (name, value string) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return line, ""
	}
	return line[:i], line[i+1:]
}

// families are the names of metrics that have numbers.
func families(samples map[string]float64) map[string]bool {
	list := map[string]bool{}
	for s := range samples {
		name, _, _ := strings.Cut(s, "{")
		list[strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_sum")] = true
	}
	return list
}
