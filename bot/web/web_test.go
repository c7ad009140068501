package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

const (
	adminToken = "admin-token-for-tests"
	senderKey  = "sender-key-for-tests"
)

const rosterText = `
people:
  - {id: ada, name: Ada Okafor, slack: U01ADA, time_zone: Europe/Berlin}
  - {id: bob, name: Bob Lind, slack: U02BOB, time_zone: Europe/Berlin}
teams:
  - {id: payments, name: Payments, members: [ada, bob], lead: ada}
rotations:
  - id: payments-primary
    team: payments
    time_zone: Europe/Berlin
    layers:
      - {id: weekly, people: [ada], start: 2026-01-05T09:00, every: {weeks: 1}} # one person: no test hangs on the day it runs
policies:
  - id: payments
    steps:
      - {notify: [rotation:payments-primary], wait: 5m}
    last_resort: [person:ada]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: search, name: Search, kind: product, team: payments}
defaults: {service: checkout, policy: payments}
`

// disk is an engine that can be told to refuse.
type disk struct {
	storage.Engine
	broken atomic.Bool
	writes atomic.Int64
}

func (d *disk) Commit(ctx context.Context, changes []storage.Change) error {
	if d.broken.Load() {
		return errors.New("no space left on device")
	}
	d.writes.Add(1)
	return d.Engine.Commit(ctx, changes)
}

// Limits hands on what the engine takes at once.
func (d *disk) Limits() storage.Limits {
	return d.Engine.(interface{ Limits() storage.Limits }).Limits()
}

// world is a server on a real desk on a real file.
type world struct {
	*Server
	desk   *desk.Desk
	ledger *ledger.Ledger
	people *oncall.Roster
	room   *alerts.Alerts
	keys   *alerts.Keys
	disk   *disk
	shelf  *archive.Folder
	log    *bytes.Buffer // read it when no request is under way
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	_, bench := t.(*testing.B)
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{Unsynced: !bench, Journal: bench})
	if err != nil {
		t.Fatalf("bolt.Open() = %v", err)
	}
	w := &world{disk: &disk{Engine: engine}, shelf: archive.At(t.TempDir()), log: &bytes.Buffer{}}
	db := storage.New(w.disk)
	db.Through(w.shelf.Through)
	t.Cleanup(func() { db.Close() })
	if w.ledger, err = ledger.Open(t.Context(), db); err != nil {
		t.Fatalf("ledger.Open() = %v", err)
	}
	if w.people, err = oncall.Open(t.Context(), w.ledger, oncall.Options{}); err != nil {
		t.Fatalf("oncall.Open() = %v", err)
	}
	if w.desk, err = desk.Open(t.Context(), w.ledger, w.people, desk.Options{Shelf: w.shelf, ArchiveAfter: 365 * 24 * time.Hour}); err != nil {
		t.Fatalf("desk.Open() = %v", err)
	}
	w.room, err = alerts.Open(t.Context(), w.ledger, w.people, w.desk, alerts.Options{})
	if err != nil {
		t.Fatalf("alerts.Open() = %v", err)
	}
	w.apply(t, rosterText)
	if w.keys, err = alerts.OpenKeys(t.Context(), w.ledger, []alerts.ConfigKey{{Name: "old", Secret: "another-key"}, {Name: "prometheus", Secret: senderKey}}); err != nil {
		t.Fatalf("alerts.OpenKeys() = %v", err)
	}
	o := Options{
		Desk: w.desk, People: w.people, Alerts: w.room, AdminToken: adminToken, Keys: w.keys,
		Log: zerolog.New(zerolog.SyncWriter(w.log)), Version: "v1.2.3",
	}
	for _, c := range change {
		c(&o)
	}
	if w.Server, err = New(o); err != nil {
		t.Fatalf("New() = %v", err)
	}
	return w
}

// apply makes a text the roster.
func (w *world) apply(t testing.TB, text string) {
	t.Helper()
	roster, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		t.Fatalf("rotation.Parse() = %v", err)
	}
	if err := w.people.ApplyRoster(t.Context(), roster, incident.Bot, "test"); err != nil {
		t.Fatalf("ApplyRoster() = %v", err)
	}
}

// request is one to be sent, as the recorder sees it.
type request struct {
	method, path string
	header       http.Header
	body         string
}

func get(path string) request { return request{method: http.MethodGet, path: path} }

func post(path, body string) request { return request{method: http.MethodPost, path: path, body: body} }

// with adds headers, given as a name and its value in turn.
func (r request) with(pairs ...string) request {
	h := r.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	r.header = h
	return r
}

func (r request) admin() request  { return r.with("Authorization", "Bearer "+adminToken) }
func (r request) sender() request { return r.with("Authorization", "Bearer "+senderKey) }

// basic puts the key into basic authentication.
func (r request) basic(user, password string) request {
	return r.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

// send returns the answer and its body.
func (w *world) send(t testing.TB, r request) (*http.Response, string) {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), r.method, r.path, strings.NewReader(r.body))
	for name, values := range r.header {
		q.Header[name] = values
	}
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, q)
	resp := rec.Result()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read answer: %v", r.method, r.path, err)
	}
	w.keepsToTheDescription(t, q, resp, string(body))
	return resp, string(body)
}

// want sends r, fails unless the answer has the status, and reads its JSON into
// out, unless that is nil.
func (w *world) want(t testing.TB, r request, status int, out any) string {
	t.Helper()
	resp, body := w.send(t, r)
	if resp.StatusCode != status {
		t.Fatalf("%s %s %.300s = %d %s; want %d", r.method, r.path, r.body, resp.StatusCode, body, status)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(body), out); err != nil {
			t.Fatalf("%s %s answered %q: %v", r.method, r.path, body, err)
		}
	}
	return body
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	w := newWorld(t)
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	}
	for _, r := range []request{get("/healthz"), get("/nowhere"), post("/healthz", ""), post("/v1/events", "{"), get("/metrics"), get("/v1/incidents").admin()} {
		resp, _ := w.send(t, r.with("Origin", "https://evil.example"))
		for name, value := range want {
			if got := resp.Header.Get(name); got != value {
				t.Errorf("%s %s: %s is %q, want %q", r.method, r.path, name, got, value)
			}
		}
		for _, never := range []string{"Access-Control-Allow-Origin", "Set-Cookie"} { // nobody is known by what a browser sends by itself
			if got := resp.Header.Get(never); got != "" {
				t.Errorf("%s %s: %s is %q, want none", r.method, r.path, never, got)
			}
		}
	}
}

func TestNoRoute(t *testing.T) {
	tests := []struct {
		r      request
		status int
		why    string
		allow  string
	}{
		{get("/nowhere"), 404, "There is nothing at this address.", ""},
		{post("/v1/events/x", "").sender(), 404, "There is nothing at this address.", ""},
		{post("/healthz", ""), 405, "This address takes GET or HEAD only.", "GET, HEAD"},
		{get("/v1/events").sender(), 405, "This address takes POST only.", "POST"},
		{request{method: "DELETE", path: "/v1/incidents/INC-1"}, 405, "This address takes GET or HEAD only.", "GET, HEAD"},
	}
	w := newWorld(t)
	for _, test := range tests {
		var p problem
		resp, body := w.send(t, test.r)
		if err := json.Unmarshal([]byte(body), &p); err != nil || resp.StatusCode != test.status || p.Why != test.why || resp.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s = %d %s Allow %q; want %d %q Allow %q",
				test.r.method, test.r.path, resp.StatusCode, body, resp.Header.Get("Allow"), test.status, test.why, test.allow)
		}
		if got := resp.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s %s: Content-Type %q, want application/json", test.r.method, test.r.path, got)
		}
	}
}

func TestPanicIsSurvived(t *testing.T) {
	w := newWorld(t)
	h := w.observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the body said: " + senderKey) }))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "Something went wrong") {
		t.Errorf("a panic is answered %d %s, want 500 with words", rec.Code, rec.Body)
	}
	if log := w.log.String(); strings.Contains(log, senderKey) || !strings.Contains(log, "panicked") {
		t.Errorf("a panic is logged as %s; want that it happened, without the value", log)
	}
}

func TestStopping(t *testing.T) {
	w := newWorld(t)
	w.Stop()
	for _, r := range []request{post("/v1/events", `{"title":"x"}`).sender(), get("/v1/incidents").admin(), get("/nowhere")} {
		resp, body := w.send(t, r)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "is stopping") {
			t.Errorf("%s %s while stopping = %d %s; want 503 with Retry-After", r.method, r.path, resp.StatusCode, body)
		}
	}
	w.want(t, get("/healthz"), 200, nil)
	w.want(t, get("/metrics"), 200, nil)
	w.want(t, get("/readyz"), 503, nil)
}

// TestStandby: a process that is not the writer says so to everybody, and who is.
func TestStandby(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Desk = nil })
	asked := []request{post("/v1/events", `{"title":"x"}`).sender(), post("/v1/events", `{"title":"x"}`), get("/v1/incidents").admin(),
		get("/v1/incidents"), get("/ack/x"), post("/v1/twilio/voice/x", ""), get("/v1/backup").admin()}
	for _, holder := range []string{"", "10.0.0.5:8080"} {
		w.HeldBy(holder)
		for _, r := range asked {
			resp, body := w.send(t, r)
			var answer struct{ Error, Holder string }
			err := json.Unmarshal([]byte(body), &answer)
			if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || err != nil || !strings.Contains(answer.Error, "stands by") || answer.Holder != holder {
				t.Errorf("%s %s on a standby = %d %s; want 503 with Retry-After and the holder %q", r.method, r.path, resp.StatusCode, body, holder)
			}
		}
		w.want(t, get("/healthz"), 200, nil)
		w.want(t, get("/metrics"), 200, nil)
		w.want(t, get("/openapi.json"), 200, nil)
		if resp, body := w.send(t, get("/readyz")); resp.StatusCode != 503 || !strings.Contains(body, "standby") || !strings.Contains(body, holder) {
			t.Errorf("/readyz on a standby = %d %s; want 503 with standby and the holder %q", resp.StatusCode, body, holder)
		}
	}
	w.Lead(Parts{Desk: w.desk, People: w.people, Keys: w.keys, Alerts: w.room})
	w.want(t, get("/readyz"), 200, nil)
	w.want(t, post("/v1/events", `{"title":"x"}`).sender(), 202, nil)
}

// TestStandbyArchive: a process that stands by says of the archive files of its machine what it has
// seen, to whoever has the token and in the metrics, before anybody needs them.
func TestStandbyArchive(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Desk = nil })
	w.want(t, get("/v1/archive/state").admin(), 503, nil)
	w.SawArchive(desk.ArchiveFiles{At: time.Now(), Files: 2, Incidents: 5, Unread: []desk.UnreadFile{{File: "2026-03.archive", Incidents: 3, Why: "It is not in /other."}}}, "/other")
	var is struct {
		Folder string
		Files  int
		Unread []desk.UnreadFile
	}
	w.want(t, get("/v1/archive/state"), 401, nil)
	if w.want(t, get("/v1/archive/state").admin(), 200, &is); is.Folder != "/other" || is.Files != 2 || len(is.Unread) != 1 || is.Unread[0].Why != "It is not in /other." {
		t.Errorf("it says %+v", is)
	}
	for _, line := range []string{"stormbell_archive_files 2\n", "stormbell_archive_unreadable_files 1\n", "stormbell_leader 0\n"} {
		if text := w.want(t, get("/metrics"), 200, nil); !strings.Contains(text, line) {
			t.Errorf("the metrics have no line %q", line)
		}
	}
	w.want(t, get("/v1/backup/state").admin(), 503, nil)
	w.LookedAtBackup("/copies", "/copies is no folder", time.Now())
	var copies struct{ Folder, Trouble, Since string }
	w.want(t, get("/v1/backup/state"), 401, nil)
	if w.want(t, get("/v1/backup/state").admin(), 200, &copies); copies.Folder != "/copies" || copies.Trouble != "/copies is no folder" || copies.Since == "" {
		t.Errorf("of the copies it says %+v", copies)
	}
	w.want(t, get("/v1/backup").admin(), 503, nil)
	w.Lead(Parts{Desk: w.desk, People: w.people, Keys: w.keys, Alerts: w.room})
	if w.want(t, get("/v1/archive/state").admin(), 200, &is); len(is.Unread) > 0 || is.Files > 0 {
		t.Errorf("the writer says what it saw before: %+v", is)
	}
	copies.Trouble = ""
	if w.want(t, get("/v1/backup/state").admin(), 200, &copies); copies.Trouble != "" {
		t.Errorf("the writer says of the copies what it saw before: %+v", copies)
	}
	w.SawArchive(desk.ArchiveFiles{}, "/other") // what was under way then
	w.Stop()
	w.want(t, get("/v1/archive/state").admin(), 503, nil)
}

// TestStoreRefuses holds that nothing is answered 2xx that is not stored, and
// that it goes on by itself when the disk does.
func TestStoreRefuses(t *testing.T) {
	w := newWorld(t)
	w.disk.broken.Store(true)
	acts := []request{
		post("/v1/events", `{"title":"Disk is full","dedup_key":"k"}`).sender(),
		post("/v2/enqueue", `{"routing_key":"`+senderKey+`","event_action":"trigger","payload":{"summary":"x","source":"y","severity":"error"}}`),
		post("/v1/incidents", `{"title":"Checkout is slow"}`).admin(),
	}
	for _, r := range acts {
		resp, body := w.send(t, r)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s on a full disk = %d %s; want 503 with Retry-After", r.method, r.path, resp.StatusCode, body)
		}
		if strings.Contains(body, "no space left") {
			t.Errorf("%s %s tells a stranger the cause: %s", r.method, r.path, body)
		}
	}
	if got := w.log.String(); strings.Count(got, "no space left on device") != 1 {
		t.Errorf("log is %s; want the cause once", got)
	}
	w.disk.broken.Store(false)
	w.want(t, acts[0], 202, nil)
	var list struct{ Incidents []shown }
	w.want(t, get("/v1/incidents").admin(), 200, &list)
	if len(list.Incidents) != 1 || list.Incidents[0].Name != "INC-1" {
		t.Errorf("incidents after the disk came back: %+v; want INC-1 alone", list.Incidents)
	}
}

// TestFullDiskLeavesRoomInTheLog sends for five minutes into a full disk: the log has the
// cause twice a minute and how often it came again, and everybody is told where.
func TestFullDiskLeavesRoomInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.disk.broken.Store(true)
		const sent = 300
		references := map[string]int{}
		for range sent {
			resp, body := w.send(t, post("/v1/events", `{"title":"Disk is full"}`).sender())
			var told struct{ Reference string }
			if err := json.Unmarshal([]byte(body), &told); err != nil || resp.StatusCode != 503 {
				t.Fatalf("on a full disk = %d %s, %v", resp.StatusCode, body, err)
			}
			references[told.Reference]++
			time.Sleep(time.Second)
		}
		w.disk.broken.Store(false)
		time.Sleep(time.Minute)
		w.want(t, get("/healthz"), 200, nil)
		lines, again := 0, 0
		for line := range strings.Lines(w.log.String()) {
			if !strings.Contains(line, "no space left on device") {
				continue
			}
			lines++
			var says struct {
				Reference string
				Again     int
			}
			if err := json.Unmarshal([]byte(line), &says); err != nil || references[says.Reference] == 0 {
				t.Errorf("the log has %s, a reference that nobody was told, %v", line, err)
			}
			again += says.Again
		}
		if lines > 12 || lines/2+again != sent {
			t.Errorf("%d lines that speak of %d times more, want ten or so, and all of %d: %v\n%s", lines, again, sent, references, w.log)
		}
	})
}

func decode(t testing.TB, body string) accepted {
	var a accepted
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Errorf("answer %q: %v", body, err)
	}
	return a
}

// status answers q and returns the status alone.
func (w *world) status(q *http.Request) int {
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, q)
	return rec.Code
}
