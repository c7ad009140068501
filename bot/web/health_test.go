package web

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard time.Time
		var refused string
		w := newWorld(t, func(o *Options) {
			o.Heard = func() time.Time { return heard }
			o.Refused = func() string { return refused }
		})
		steps := []struct {
			name   string
			change func()
			path   string
			status int
			bad    string // names of the checks that fail
		}{
			{"nothing heard yet", func() {}, "/readyz", 503, "slack"},
			{"heard", func() { heard = time.Now() }, "/readyz", 200, ""},
			{"a token that Slack refuses", func() { refused = "invalid_auth" }, "/readyz", 503, "slack"},
			{"a token that it takes", func() { refused = "" }, "/readyz", 200, ""},
			{"heard a minute ago", func() { time.Sleep(time.Minute) }, "/readyz", 200, ""},
			{"silent for longer", func() { time.Sleep(time.Second) }, "/readyz", 503, "slack"},
			{"Slack is another matter", func() {}, "/readyz?exclude=slack", 200, "slack"},
			{"heard again", func() { heard = time.Now() }, "/readyz", 200, ""},
			{"disk full, not noticed yet", func() { w.disk.broken.Store(true) }, "/readyz", 200, ""},
			{"disk full", func() { time.Sleep(probeHolds) }, "/readyz?exclude=slack,other", 503, "store_write"},
			{"disk full, a moment later", func() { time.Sleep(time.Second) }, "/readyz", 503, "store_write"},
			{"space again", func() { w.disk.broken.Store(false); time.Sleep(probeHolds) }, "/readyz", 200, ""},
			{"stopping", func() { w.Stop() }, "/readyz", 503, "writer"},
		}
		for _, step := range steps {
			step.change()
			var got readiness
			body := w.want(t, get(step.path), step.status, &got)
			var bad []string
			for _, c := range got.Checks {
				if !c.OK {
					bad = append(bad, c.Name)
				}
			}
			if s := strings.Join(bad, " "); s != step.bad || got.Ready != (step.status == 200) || got.Version != "v1.2.3" {
				t.Errorf("%s: GET %s = %s; want failing %q", step.name, step.path, body, step.bad)
			}
		}
		for line := range strings.Lines(w.log.String()) { // whoever stands by is asked every few seconds, for years
			if strings.Contains(line, "readyz") && strings.Contains(line, `"level":"warn"`) {
				t.Errorf("the log warns of an answer that is meant: %s", line)
			}
		}
		if strings.Count(w.log.String(), "takes no writes") != 1 || strings.Count(w.log.String(), "the store takes writes") != 1 {
			t.Errorf("log is %s; want the store's trouble and its end once each", w.log)
		}
	})
}

// TestReadySaysWhy: for each cause there is a sentence that somebody understands who has
// never read the code, and none where it is ready.
func TestReadySaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard, refused := time.Now(), ""
		w := newWorld(t, func(o *Options) {
			o.Heard = func() time.Time { return heard }
			o.Refused = func() string { return refused }
		})
		for _, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, ""},
			{func() { refused = "invalid_auth" }, "Slack does not take our token (invalid_auth); check slack.app_token and slack.bot_token."},
			{func() { refused, heard = "", time.Time{} }, "Nothing has been heard from Slack yet."},
			{func() { heard = time.Now().Add(-2 * time.Minute) }, "Nothing has been heard from Slack for 2m0s."},
			{func() { heard = time.Now().Add(time.Hour); w.disk.broken.Store(true); time.Sleep(probeHolds) }, "The store takes no writes; the log has the reason."},
			{func() { w.disk.broken.Store(false); w.disk.Engine.Close(); time.Sleep(probeHolds) }, "The store cannot be read; the log has the reason. The store takes no writes; the log has the reason."},
			{func() { w.Server.desk.Store(nil) }, "This process stands by (standby), and no other one is known to be the writer; the log says why this one is not."},
			{func() { w.HeldBy("bell-2:8080") }, "This process stands by (standby): the one at bell-2:8080 is the writer."},
			{func() { w.Stop() }, "The process is stopping."},
		} {
			step.change()
			status := 503
			if step.want == "" {
				status = 200
			}
			var got readiness
			w.want(t, get("/readyz"), status, &got)
			if why := strings.Join(got.Why, " "); why != step.want {
				t.Errorf("/readyz says why: %q; want %q", why, step.want)
			}
		}
	})
}

// TestReadyWithoutARoster: it is ready, or else nobody could apply the first one through
// a balancer, and says what is missing.
func TestReadyWithoutARoster(t *testing.T) {
	w := newWorld(t)
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "empty.db"), bolt.Options{Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	l, err := ledger.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	people, err := oncall.Open(t.Context(), l, oncall.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		people *oncall.Roster
		none   bool
	}{{w.people, false}, {people, true}} {
		got := checkRoster(&Parts{Desk: w.desk, People: c.people})
		if !got.OK || strings.Contains(got.Says, "there is no roster: nobody is on call") != c.none {
			t.Errorf("without a roster %v: %+v", c.none, got)
		}
	}
}

// TestReadyDoesNotWrite holds that polling costs no commits.
func TestReadyDoesNotWrite(t *testing.T) {
	w := newWorld(t)
	w.want(t, get("/readyz"), 200, nil)
	before := w.disk.writes.Load()
	for range 100 {
		w.want(t, get("/readyz"), 200, nil)
	}
	if after := w.disk.writes.Load(); after != before {
		t.Errorf("100 hits on /readyz made %d commits, want none", after-before)
	}
}

func TestReadyWhenTheStoreIsClosed(t *testing.T) {
	w := newWorld(t)
	w.disk.Engine.Close()
	var got readiness
	w.want(t, get("/readyz"), 503, &got)
	if got.Ready {
		t.Errorf("readiness on a closed store: %+v", got)
	}
}

// TestProbeHangs holds that a disk that does not answer is told of, and that
// those who ask meanwhile do not wait for it.
func TestProbeHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := &writeProbe{}, make(chan struct{})
		fine := func(context.Context) error { return nil }
		hang := func(context.Context) error { <-release; return nil }
		look := func(try func(context.Context) error) error {
			_, err := p.look(t.Context(), try, time.Now())
			return err
		}
		if err := look(fine); err != nil {
			t.Fatalf("a disk that answers = %v", err)
		}
		time.Sleep(probeHolds)
		first := make(chan error)
		go func() { first <- look(hang) }()
		synctest.Wait()
		began := time.Now()
		if err := look(fine); err != nil {
			t.Errorf("while the probe is under way = %v; want the last outcome", err)
		}
		time.Sleep(probeHangs + time.Second)
		if err := look(fine); err == nil || time.Since(began) != probeHangs+time.Second {
			t.Errorf("while the probe hangs = %v after %v; want an error at once", err, time.Since(began))
		}
		close(release)
		if err := <-first; err != nil {
			t.Errorf("the probe that hung = %v, want nil in the end", err)
		}
		if err := look(fine); err != nil {
			t.Errorf("after the disk has answered = %v, want nil", err)
		}
	})
}

// TestProbeOutlivesItsCaller holds that a caller who hangs up does not make the
// store look broken to the next one.
func TestProbeOutlivesItsCaller(t *testing.T) {
	p := &writeProbe{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.look(ctx, func(ctx context.Context) error { return ctx.Err() }, time.Now()); err != nil {
		t.Errorf("look with a caller who is gone = %v, want nil", err)
	}
	was, is := p.look(t.Context(), func(context.Context) error { return errors.New("not called: the outcome is fresh") }, time.Now())
	if was != nil || is != nil {
		t.Errorf("look a moment later = %v, %v; want nil, nil", was, is)
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Heard = func() time.Time { return time.Now().Add(-3 * time.Second) } })
	w.want(t, post("/v1/events", `{"title":"x","dedup_key":"k"}`).sender(), 202, nil)
	w.want(t, post("/v1/events", `{"title":"x","dedup_key":"k"}`).sender(), 202, nil)
	w.want(t, post("/v1/events", `{`).sender(), 400, nil)
	w.want(t, get("/nowhere/at/all"), 404, nil)
	w.want(t, post("/v1/incidents", `{"title":"secret","private":true}`).admin(), 201, nil)
	w.want(t, post("/v1/incidents", `{"title":"a try","test":true}`).admin(), 201, nil)
	w.want(t, post("/v1/incidents/INC-1/ack", ``).admin(), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/ack", ``).admin(), 409, nil)
	m := w.metrics
	m.Job("page", "done", 40*time.Millisecond)
	m.SlackCall("chat.postMessage", "ok", 200*time.Millisecond)
	m.SlackCall("chat.postMessage", "channel_not_found", 200*time.Millisecond)
	m.SlackCall("chat.postMessage", "Post \"https://slack.com/api/?token=xoxb\": EOF", time.Second)
	m.Envelope("slash_commands")
	m.Delivered("slack", 40*time.Millisecond)
	m.Waiting(0, 7, time.Now().Add(-5*time.Second))
	m.Waiting(2, 1, time.Now().Add(time.Hour)) // a message that is to wait is not late
	m.Declared("sev2", "alert")
	m.Notified("sev2", 300*time.Millisecond)
	m.Acknowledged("sev2", 4*time.Minute)
	m.Commit(2*time.Millisecond, 3, nil)
	m.Commit(time.Second, 1, errors.New("no space left on device"))
	m.Job("page", "set_aside", time.Second)
	body := w.want(t, get("/metrics"), 200, nil)
	for _, line := range []string{
		`stormbell_outbox_jobs{priority="0"} 7`,
		`stormbell_outbox_jobs{priority="1"} 0`,
		`stormbell_outbox_oldest_seconds{priority="1"} 0`,
		`stormbell_outbox_oldest_seconds{priority="2"} 0`,
		`stormbell_incidents_declared_total{severity="sev2",source="alert"} 1`,
		`stormbell_incident_first_notification_seconds_bucket{severity="sev2",le="0.25"} 0`,
		`stormbell_incident_first_notification_seconds_bucket{severity="sev2",le="0.5"} 1`,
		`stormbell_incident_acknowledgement_seconds_bucket{severity="sev2",le="180"} 0`,
		`stormbell_incident_acknowledgement_seconds_bucket{severity="sev2",le="300"} 1`,
		`stormbell_escalations_unanswered_total{severity="sev1"} 0`, // an increase from nothing is none
		`stormbell_store_commit_duration_seconds_bucket{le="0.002"} 1`,
		`stormbell_store_commit_duration_seconds_count 2`,
		`stormbell_store_commit_updates_sum 4`,
		`stormbell_store_commit_failures_total 1`,
		`stormbell_jobs_set_aside_total 1`,
		`stormbell_slack_token_refused 0`,
		`stormbell_ready 1`,
		`stormbell_notification_delivery_seconds_count{via="slack"} 1`,
		`stormbell_page_delivery_seconds_count{via="slack"} 1`,
		`stormbell_alerts_total{key="prometheus",result="opened",source="event"} 1`,
		`stormbell_alerts_total{key="prometheus",result="joined",source="event"} 1`,
		`stormbell_http_requests_total{route="POST /v1/events",status="202"} 2`,
		`stormbell_http_requests_total{route="POST /v1/events",status="400"} 1`,
		`stormbell_http_requests_total{route="none",status="404"} 1`,
		`stormbell_acts_total{outcome="done",surface="http",verb="ack"} 1`,
		`stormbell_acts_total{outcome="refused",surface="http",verb="ack"} 1`,
		`stormbell_jobs_total{kind="page",outcome="done"} 1`,
		`stormbell_slack_calls_total{method="chat.postMessage",outcome="ok"} 1`,
		`stormbell_slack_calls_total{method="chat.postMessage",outcome="channel_not_found"} 1`,
		`stormbell_slack_calls_total{method="chat.postMessage",outcome="other"} 1`,
		`stormbell_slack_envelopes_total{type="slash_commands"} 1`,
		`stormbell_open_incidents{severity="sev2",status="investigating"} 1`, // not the private one, and not the test
		`stormbell_open_incidents{severity="sev2",status="declared"} 0`,
		`stormbell_leader 1`,
		`stormbell_build_info{version="v1.2.3"} 1`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("GET /metrics has no line %s", line)
		}
	}
	for _, name := range []string{`stormbell_outbox_oldest_seconds{priority="0"} 5`, "stormbell_slack_last_frame_seconds 3"} {
		if !strings.Contains(body, "\n"+name) {
			t.Errorf("GET /metrics has no %s", name)
		}
	}
	if strings.Contains(body, "xoxb") {
		t.Errorf("GET /metrics has a token")
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(0, len(problems)); diff != "" {
		t.Errorf("the metrics' names are not as Prometheus wants them: %v", problems)
	}
}
