package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident/alert"
)

// room is an intake by the desk, with mappings and heartbeats.
type room struct {
	*alerts.Alerts
	mappings map[string]*alert.Compiled

	mu    sync.Mutex
	beats []string
	last  alert.Body
}

// withRoom makes a world's intake a room.
func withRoom(t testing.TB, r *room) func(*Options) {
	return func(o *Options) {
		r.Alerts, r.mappings = o.Alerts, mappings(t)
		o.Intake = r
	}
}

func (r *room) Take(ctx context.Context, k alerts.Key, b alert.Body) ([]alerts.Taken, error) {
	r.mu.Lock()
	r.last = b
	r.mu.Unlock()
	few := b
	few.Alerts = b.Alerts[:min(len(b.Alerts), 10)] // the desk opens an incident for each
	taken, err := r.Alerts.Take(ctx, k, few)
	for _, a := range b.Alerts[len(few.Alerts):] {
		taken = append(taken, alerts.Taken{Key: a.Key, Incident: 1, Result: alert.Joined, Does: "incident"})
	}
	return taken, err
}

func (r *room) Beat(_ context.Context, k alerts.Key, name string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.beats = append(r.beats, k.Name+" "+name)
	return name == "nightly-backup", nil
}

func (r *room) Mapping(name string) (*alert.Compiled, bool) {
	m, ok := r.mappings[name]
	return m, ok
}

const samplesDir = "../../incident/alert/testdata/senders/"

func mappings(t testing.TB) map[string]*alert.Compiled {
	t.Helper()
	b, err := os.ReadFile(samplesDir + "mappings.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]alert.Mapping
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	compiled := map[string]*alert.Compiled{}
	for name, m := range all {
		if compiled[name], err = alert.CompileMapping(m); err != nil {
			t.Fatalf("CompileMapping(%s) = %v", name, err)
		}
	}
	return compiled
}

// sample is a body that a sender posts, and what it must be answered.
type sample struct {
	File        string
	Method      string
	Path        string
	ContentType string `json:"content_type"`
	Headers     map[string]string
	Auth        string
	Sign        string
	Repeat      struct {
		List, Number, Hex16 string
		Count               int
	}
	Expect struct {
		HTTP   any
		Answer map[string]any
		Alerts []any
	}
}

func samples(t testing.TB) []sample {
	t.Helper()
	b, err := os.ReadFile(samplesDir + "index.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// request is the sample as its sender posts it, with the key where it has it.
func (s sample) request(t *testing.T, p *topic, key string) request {
	t.Helper()
	b, err := os.ReadFile(samplesDir + s.File)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(b), "@KEY@", key)
	if s.Repeat.Count > 0 {
		body = s.repeat(t, body)
	}
	if s.Sign != "" {
		var m map[string]string
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		body = encode(t, p.message(t, "Notification", m["Message"]))
	}
	r := request{method: s.Method, path: s.Path, body: body}.with("Content-Type", s.ContentType)
	if r.method == "" {
		r.method = http.MethodPost
	}
	for name, value := range s.Headers {
		r = r.with(name, value)
	}
	switch s.Auth {
	case "bearer":
		return r.with("Authorization", "Bearer "+key)
	case "genie":
		return r.with("Authorization", "GenieKey "+key)
	case "basic":
		return r.basic("stormbell", key)
	case "query":
		r.path += "?key=" + key
	}
	return r
}

// repeat makes the many alerts of a large body.
func (s sample) repeat(t *testing.T, body string) string {
	t.Helper()
	var doc map[string]json.RawMessage
	var one []json.RawMessage
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(doc[s.Repeat.List], &one); err != nil {
		t.Fatal(err)
	}
	var list []string
	for n := range s.Repeat.Count {
		list = append(list, strings.NewReplacer(s.Repeat.Number, fmt.Sprint(n), s.Repeat.Hex16, fmt.Sprintf("%016x", n)).Replace(string(one[0])))
	}
	doc[s.Repeat.List] = json.RawMessage("[" + strings.Join(list, ",") + "]")
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestSenders posts what every sender posts, over sockets, and holds each answer to
// what its sender expects.
func TestSenders(t *testing.T) {
	p := newTopic(t)
	w := newWorld(t, withRoom(t, &room{}), func(o *Options) { o.Client = &http.Client{Transport: p} })
	server := w.listen(t)
	for _, s := range samples(t) {
		t.Run(s.File, func(t *testing.T) {
			status, answer := w.ask(t, server, s.request(t, p, senderKey))
			if !slices.Contains(numbers(s.Expect.HTTP), float64(status)) {
				t.Fatalf("%s %s = %d %.300s; want %v", s.Method, s.Path, status, answer, s.Expect.HTTP)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatalf("%s is answered %q: %v", s.Path, answer, err)
			}
			for name, want := range s.Expect.Answer {
				if !allows(want, got[name]) {
					t.Errorf("%s is answered %.300s; want %s to be %v", s.Path, answer, name, want)
				}
			}
			if len(s.Expect.Alerts) > 1 && strings.HasPrefix(s.Path, "/v1/") {
				if list, _ := got["alerts"].([]any); len(list) < len(s.Expect.Alerts) {
					t.Errorf("%s with %d alerts or more is answered %.300s; want what became of each", s.Path, len(s.Expect.Alerts), answer)
				}
			}
		})
	}
}

func numbers(v any) []float64 {
	var out []float64
	switch v := v.(type) {
	case float64:
		out = append(out, v)
	case []any:
		for _, e := range v {
			out = append(out, numbers(e)...)
		}
	}
	return out
}

// allows reports whether got is what is wanted, or one of it; * is anything but
// nothing.
func allows(want, got any) bool {
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(w any) bool { return allows(w, got) })
	}
	if want == "*" {
		return got != nil && got != "" && got != 0.0
	}
	return want == got
}

// listen serves over real sockets.
func (w *world) listen(t testing.TB) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(w.Handler())
	server.Config = w.NewHTTPServer()
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// ask sends a request over a socket.
func (w *world) ask(t testing.TB, server *httptest.Server, r request) (status int, answer string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), r.method, server.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range r.header {
		q.Header[name] = values
	}
	resp, err := server.Client().Do(q)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return resp.StatusCode, string(b)
}

// TestSendersWithoutAKey posts the same with no key and with a wrong one: each is
// told in its own API's words where the key belongs.
func TestSendersWithoutAKey(t *testing.T) {
	p := newTopic(t)
	w := newWorld(t, withRoom(t, &room{}), func(o *Options) { o.Client = &http.Client{Transport: p} })
	for _, s := range samples(t) {
		for _, key := range []string{"", "wrong"} {
			r := s.request(t, p, key)
			resp, answer := w.send(t, r)
			words := "Bearer"
			if s.Auth == "genie" {
				words = "GenieKey"
			}
			if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(answer, words) {
				t.Errorf("%s %s with the key %q = %d %.200s; want 401 and where the key belongs", s.File, s.Path, key, resp.StatusCode, answer)
			}
		}
	}
	if list, err := w.desk.Active(t.Context(), viewer); err != nil || len(list) > 0 {
		t.Errorf("without a key %d incidents were opened, %v", len(list), err)
	}
}

// TestEmptyBodies sends nothing to every address, and what is no alert.
func TestEmptyBodies(t *testing.T) {
	w := newWorld(t, withRoom(t, &room{}))
	for _, route := range Routes() {
		if !strings.Contains(route.Who, "integration key") || strings.Contains(route.Path, "heartbeats") || route.Method == "GET" {
			continue
		}
		path := strings.NewReplacer("{name}", "zabbix", "{id}", "an-alias").Replace(route.Path)
		for _, body := range []string{"", " \n", "null", "[]", "{", "\xff\xfe\x00", `{"a":`, strings.Repeat("[", 100_000), "\x1f\x8b"} {
			r := request{method: route.Method, path: path, body: body}.sender().with("Content-Type", "application/json")
			resp, answer := w.send(t, r)
			if resp.StatusCode >= 500 || resp.StatusCode/100 == 2 && body != "" && body != " \n" && body != "null" || !json.Valid([]byte(answer)) || len(answer) > 4096 {
				t.Errorf("%s %s %.20q = %d %.300s; want JSON that refuses it", route.Method, path, body, resp.StatusCode, answer)
			}
			if resp.StatusCode/100 == 4 && !strings.Contains(answer, "body") && !strings.Contains(answer, "missing") && !strings.Contains(answer, "must be") && !strings.Contains(answer, "empty") {
				t.Errorf("%s %s %.20q = %d %.300s; want it to say what is wrong", route.Method, path, body, resp.StatusCode, answer)
			}
		}
	}
}

// TestPaths holds that a base address with or without a slash at its end does.
func TestPaths(t *testing.T) {
	w := newWorld(t, withRoom(t, &room{}))
	event := `{"routing_key":"` + senderKey + `","service_key":"` + senderKey + `","event_action":"trigger","event_type":"trigger","description":"x","dedup_key":"a","payload":{"summary":"x","source":"y","severity":"error"}}`
	for _, path := range []string{
		"/v2/enqueue", "/v2/enqueue/", "//v2/enqueue", "//v2//enqueue//", "/v2/change/enqueue/", "//generic/2010-04-15/create_event.json",
		"/generic/2010-04-15/create_event.json/",
	} {
		body := event
		if strings.Contains(path, "change") {
			body = `{"routing_key":"` + senderKey + `","payload":{"summary":"deployed"}}`
		}
		if resp, answer := w.send(t, post(path, body)); resp.StatusCode/100 != 2 {
			t.Errorf("POST %s = %d %s; want 2xx", path, resp.StatusCode, answer)
		}
	}
	for path, status := range map[string]int{"/v1/events/": 202, "//v1/events?key=x": 401, "/v1/events/x": 404, "/healthz/": 404, "/v2/alerts/a%2F%2Fb/close/": 202, "/v2/alerts/%2E%2E/close": 202} {
		r := post(path, `{"title":"x"}`).sender()
		if strings.Contains(path, "?key") {
			r = post(path, `{"title":"x"}`)
		}
		if resp, answer := w.send(t, r); resp.StatusCode != status {
			t.Errorf("POST %s = %d %s; want %d", path, resp.StatusCode, answer, status)
		}
	}
}

func TestSeveral(t *testing.T) {
	w := newWorld(t)
	group := `{"version":"4","status":"firing","alerts":[
		{"status":"resolved","labels":{"alertname":"Gone","severity":"critical"},"fingerprint":"gone"},
		{"status":"firing","labels":{"alertname":"Slow","severity":"warning"},"fingerprint":"slow"},
		{"status":"firing","labels":{"alertname":"Down","severity":"critical"},"fingerprint":"down"},
		{"status":"firing","labels":{"alertname":"Down too","severity":"critical"},"fingerprint":"down2"}]}`
	var got accepted
	w.want(t, post("/v1/alertmanager", group).sender(), 202, &got)
	if len(got.Alerts) != 4 || got.DedupKey != got.Alerts[2].Key || got.Incident != got.Alerts[2].Incident || got.Result != "opened" || got.Incident == "" {
		t.Errorf("four alerts are answered %+v; want the worst, which is the third, and each of them", got)
	}
	if a := got.Alerts[0]; a.Result != "suppressed" || a.Incident != "" || a.Does == "" {
		t.Errorf("an end that was never heard of is answered %+v", a)
	}
}

func TestPagerDutyAnswers(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Rate = 4 })
	const v1, v2 = "/generic/2010-04-15/create_event.json", "/v2/enqueue"
	key1, key2 := `"service_key":"`+senderKey+`"`, `"routing_key":"`+senderKey+`"`
	for _, step := range []struct {
		name, path, body string
		status           int
		want             string // a pattern
	}{
		{"made key", v2, `{` + key2 + `,"event_action":"trigger","payload":{"summary":"x"}}`, 202, `{"status":"success","message":"Event processed","dedup_key":"[^"]{8,}"}`},
		{"change", "/v2/change/enqueue", `{` + key2 + `,"payload":{"summary":"deployed"}}`, 202, `{"status":"success","message":"Change event processed"}`},
		{"no change", "/v2/change/enqueue", `{` + key2 + `,"payload":{}}`, 400, `{"status":"invalid event","message":"Event object is invalid","errors":\["payload.summary: .*"\]}`},
		{"the key in the middle", v2, `{"payload":{"summary":"x","routing_key":"wrong","a":[{"routing_key":"wrong"}]},"x":"\"routing_key\":\"wrong\"",` + key2 + `,"event_action":"trigger","dedup_key":"k"}`, 202, `.*"dedup_key":"k"}`},
		{"the key in escapes", v2, `{"routing\u005fkey":"sender\u002dkey-for-tests","event_action":"trigger","dedup_key":"k","payload":{"summary":"x"}}`, 202, `.*"dedup_key":"k"}`},
		{"version 1", v1, `{` + key1 + `,"event_type":"trigger","description":"x","incident_key":"a/b"}`, 200, `{"incident_key":"a/b","message":"Event processed","status":"success"}`},
		{"version 1, nothing said", v1, `{` + key1 + `,"event_type":"trigger"}`, 400, `{"status":"invalid event","message":"Event object is invalid","errors":\["description: .*"\]}`},
		{"version 1, wrong key", v1, `{"service_key":"wrong","event_type":"trigger","description":"x"}`, 401, `{"status":"invalid key",.*service_key.*}`},
		{"the key in the header", v2, `{"event_action":"trigger","dedup_key":"k","payload":{"summary":"x"}}`, 401, `{"status":"invalid key","message":"There is no key.",.*}`},
		{"over the rate", v2, `{` + key2 + `,"event_action":"trigger","payload":{"summary":"x"}}`, 202, `.*`},
		{"over the rate", v2, `{` + key2 + `,"event_action":"trigger","payload":{"summary":"x"}}`, 429, `{"status":"throttle exceeded","message":".*"}`},
		{"version 1, over the rate", v1, `{` + key1 + `,"event_type":"trigger","description":"x"}`, 403, `{"status":"throttle exceeded","message":".*"}`},
	} {
		resp, answer := w.send(t, post(step.path, step.body))
		if resp.StatusCode != step.status || !regexp.MustCompile("^"+step.want+"\n$").MatchString(answer) {
			t.Errorf("%s: POST %s = %d %s; want %d %s", step.name, step.path, resp.StatusCode, answer, step.status, step.want)
		}
		if over := step.status == 429 || step.status == 403; over != (resp.Header.Get("Retry-After") == "1") {
			t.Errorf("%s: Retry-After is %q", step.name, resp.Header.Get("Retry-After"))
		}
	}
}

func TestOpsgenieAnswers(t *testing.T) {
	w := newWorld(t)
	genie := func(method, path, body string) request {
		return request{method: method, path: path, body: body}.with("Authorization", "GenieKey "+senderKey)
	}
	const taken = `{"result":"Request will be processed","took":[0-9.e-]+,"requestId":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"}`
	for _, step := range []struct {
		r      request
		status int
		want   string
		then   string // what became of the request
	}{
		{genie("POST", "/v2/alerts", `{"message":"x","alias":"a/b","priority":"P1"}`), 202, taken, `"success":true,"isSuccess":true,"action":"Create","status":"Created alert",.*"alias":"a/b"`},
		{genie("POST", "/v2/alerts/a%2Fb/acknowledge?identifierType=alias", ``), 202, taken, `"alias":"a/b"`},
		{genie("POST", "/v2/alerts/a%2Fb/notes?identifierType=alias", `{"note":"y"}`), 202, taken, `"action":"AddNote"`},
		{genie("PUT", "/v2/alerts/a%2Fb/message?identifierType=alias", `{"message":"z"}`), 202, taken, `"action":"UpdateMessage"`},
		{genie("PUT", "/v2/alerts/a%2Fb/description?identifierType=alias", `{"description":"z"}`), 202, taken, `"action":"UpdateDescription"`},
		{genie("POST", "/v2/alerts/a%2Fb/close?identifierType=alias", `{}`), 202, taken, `"success":true,"isSuccess":true,"action":"Close","status":"Closed alert"`},
		{genie("POST", "/v2/alerts/unheard/close?identifierType=alias", `{}`), 202, taken, `"success":false,"isSuccess":false,"action":"Close","status":"Alert does not exist"`},
		{genie("POST", "/v2/alerts", `{"alias":"x"}`), 422, `{"message":"Request body is not processable. Please check the errors.","errors":{"message":".*"},"took":.*,"requestId":".*"}`, ""},
		{genie("POST", "/v2/alerts", `{`), 400, `{"message":".*","errors":{"body":".*"},"took":.*}`, ""},
		{post("/v2/alerts", `{"message":"x"}`), 401, `{"message":"There is no key\. Send an integration key, in the header Authorization: GenieKey KEY\.","took":.*}`, ""},
		{genie("GET", "/v2/alerts/requests/00000000-0000-4000-8000-000000000000", ""), 404, `{"message":"Request not found\..*","took":.*}`, ""},
		{get("/v2/alerts/requests/00000000-0000-4000-8000-000000000000"), 401, `{"message":"There is no key\..*}`, ""},
	} {
		resp, answer := w.send(t, step.r)
		if resp.StatusCode != step.status || !regexp.MustCompile("^"+step.want+"\n$").MatchString(answer) {
			t.Errorf("%s %s = %d %s; want %d %s", step.r.method, step.r.path, resp.StatusCode, answer, step.status, step.want)
		}
		if step.then == "" {
			continue
		}
		var got opsgenieAnswer
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		became := w.want(t, genie("GET", "/v2/alerts/requests/"+got.Request, ""), 200, nil)
		if !regexp.MustCompile(`^{"data":{.*` + step.then + `.*},"took":.*,"requestId":"` + got.Request + `"}`).MatchString(became) {
			t.Errorf("%s %s became %s; want %s", step.r.method, step.r.path, became, step.then)
		}
		w.want(t, get("/v2/alerts/requests/"+got.Request).with("Authorization", "GenieKey another-key"), 404, nil)
	}
	for range maxProcessed + 10 {
		w.processed.add(&receipt{id: requestID()}, "Create", "x")
	}
	if n := len(w.processed.byID); n != maxProcessed {
		t.Errorf("%d requests are remembered, want %d", n, maxProcessed)
	}
}

func TestHeartbeats(t *testing.T) {
	r := &room{}
	w := newWorld(t, withRoom(t, r))
	genie := func(q request) request { return q.with("Authorization", "GenieKey "+senderKey) }
	for _, step := range []struct {
		r      request
		status int
		says   string
	}{
		{post("/v1/heartbeats/nightly-backup", "").sender(), 202, `{"heartbeat":"nightly-backup","result":"heard"}`},
		{post("/v1/heartbeats/nightly-backup?key="+senderKey, "").basic("", ""), 202, "heard"},
		{post("/v1/heartbeats/nightly", "").sender(), 404, `There is no heartbeat \"nightly\".`},
		{post("/v1/heartbeats/nightly-backup", ""), 401, "There is no key."},
		{genie(get("/v2/heartbeats/nightly-backup/ping")), 202, `"result":"PONG - Heartbeat received"`},
		{genie(post("/v2/heartbeats/nightly-backup/ping", "{}")), 202, `"requestId"`},
		{genie(get("/v2/heartbeats/other/ping")), 404, `"message":"There is no heartbeat`},
		{get("/v2/heartbeats/nightly-backup/ping"), 401, `GenieKey`},
	} {
		resp, answer := w.send(t, step.r)
		if resp.StatusCode != step.status || !strings.Contains(answer, step.says) {
			t.Errorf("%s %s = %d %s; want %d with %s", step.r.method, step.r.path, resp.StatusCode, answer, step.status, step.says)
		}
	}
	if got, want := strings.Join(r.beats, ","), strings.Repeat("prometheus nightly-backup,", 2)+"prometheus nightly,"+strings.Repeat("prometheus nightly-backup,", 2)+"prometheus other"; got != want {
		t.Errorf("signs of life: %s; want %s", got, want)
	}
}

func TestUnknownMapping(t *testing.T) {
	w := newWorld(t, withRoom(t, &room{}))
	if body := w.want(t, post("/v1/webhook/nobody", `{"a":1}`).sender(), 404, nil); !strings.Contains(body, "alerts.mappings") {
		t.Errorf("a webhook without a mapping is answered %s; want it to say where mappings are", body)
	}
}

// TestTryingAKey: what a body means depends on the key with which it would be sent.
func TestTryingAKey(t *testing.T) {
	w := newWorld(t)
	if _, err := w.keys.Add(t.Context(), "test", "grafana", "search"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"grafana": "search", "prometheus": "checkout", "": "checkout"} {
		var x alerts.Explanation
		w.want(t, request{"POST", "/v1/alerts/test?key=" + key, http.Header{"Authorization": {"Bearer " + adminToken}}, `{"title": "Slow"}`}, 200, &x)
		if len(x.Alerts) != 1 || x.Alerts[0].Service != want {
			t.Errorf("with the key %q: %+v, want the service %s", key, x.Alerts, want)
		}
	}
	w.want(t, request{"POST", "/v1/alerts/test?key=grafanna", http.Header{"Authorization": {"Bearer " + adminToken}}, `{"title": "Slow"}`}, 404, nil)
}
