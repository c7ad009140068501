package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEvents(t *testing.T) {
	w := newWorld(t)
	steps := []struct {
		name, body string
		want       accepted
	}{
		{"first", `{"title":"Disk is full","dedup_key":"db/disk","severity":"sev2"}`, accepted{Incident: "INC-1", Result: "opened", DedupKey: "db/disk"}},
		{"again", `{"title":"Disk is full","dedup_key":"db/disk"}`, accepted{Incident: "INC-1", Result: "joined", DedupKey: "db/disk"}},
		{"another", `{"title":"Search is slow","dedup_key":"search","service":"search"}`, accepted{Incident: "INC-2", Result: "opened", DedupKey: "search"}},
		{"over", `{"dedup_key":"db/disk","status":"resolved"}`, accepted{Incident: "INC-1", Result: "resolved", DedupKey: "db/disk"}},
		{"never heard of", `{"dedup_key":"nothing","status":"resolved"}`, accepted{Result: "suppressed", DedupKey: "nothing"}},
		{"unknown service", `{"title":"x","dedup_key":"y","service":"chekout"}`, accepted{Incident: "INC-1", Result: "joined", DedupKey: "y"}},
		{"unknown severity", `{"title":"x","dedup_key":"z","severity":"awful"}`, accepted{Incident: "INC-1", Result: "joined", DedupKey: "z",
			Notes: []string{`The sender's severity "awful" is not known here; taken as sev2.`}}},
	}
	for _, step := range steps {
		var got accepted
		w.want(t, post("/v1/events", step.body).sender(), http.StatusAccepted, &got)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: POST /v1/events %s differs (-want +got):\n%s", step.name, step.body, diff)
		}
	}
	var sheet sheet
	w.want(t, get("/v1/incidents/INC-1").admin(), 200, &sheet)
	if sheet.Service == nil || sheet.Service.ID != "checkout" {
		t.Errorf("an alert for an unknown service went to %+v, want checkout", sheet.Service)
	}
	if body := w.want(t, get("/v1/incidents/INC-1/timeline").admin(), 200, nil); !strings.Contains(body, "chekout") {
		t.Errorf("the timeline of an alert for an unknown service is %s; want a note about it", body)
	}
}

func TestWhereTheKeyMayBe(t *testing.T) {
	w := newWorld(t)
	body := `{"title":"x"}`
	for _, r := range []request{
		post("/v1/events", body).sender(),
		post("/v1/events", body).with("Authorization", "bearer  "+senderKey),
		post("/v1/events?key="+senderKey, body),
		post("/v1/events?key=another-key", body),
		post("/v1/events", body).with("Authorization", "GenieKey "+senderKey),
		post("/v1/events", body).basic("anybody", senderKey),
		post("/v1/events", body).basic(senderKey, ""),
		post("/v1/events?key="+senderKey, body).with("Authorization", "Digest x"),                   // a proxy's own
		post("/v1/events", body).sender().with("Content-Type", "application/x-www-form-urlencoded"), // tolerated, as senders are
		post("/v1/events", body).sender().with("Content-Encoding", "identity"),
	} {
		w.want(t, r, http.StatusAccepted, nil)
	}
}

func TestOtherSenders(t *testing.T) {
	group := `{"version":"4","groupKey":"{}:{alertname=\"Slow\"}","status":"firing","receiver":"stormbell","groupLabels":{"alertname":"Slow"},
		"commonLabels":{"alertname":"Slow","severity":"critical","service":"search"},"commonAnnotations":{"summary":"Search is slow"},
		"externalURL":"http://am","alerts":[{"status":"firing","labels":{"alertname":"Slow","severity":"critical","service":"search"},
		"annotations":{"summary":"Search is slow"},"startsAt":"2026-11-22T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"abc"}]}`
	w := newWorld(t)
	for _, path := range []string{"/v1/alertmanager", "/v1/grafana"} {
		var got accepted
		w.want(t, post(path+"?key="+senderKey, group), http.StatusAccepted, &got)
		if got.Result != "opened" && got.Result != "joined" {
			t.Errorf("POST %s = %+v; want it opened or joined", path, got)
		}
	}
	var sheet sheet
	w.want(t, get("/v1/incidents/INC-1").admin(), 200, &sheet)
	if sheet.Incident.Severity != "sev1" || sheet.Service.ID != "search" {
		t.Errorf("Alertmanager's group became %s of %s; want sev1 of search", sheet.Incident.Severity, sheet.Service.ID)
	}
}

func TestEnqueue(t *testing.T) {
	trigger := `{"routing_key":"%s","event_action":"trigger","dedup_key":"srv1","payload":{"summary":"srv1 is down","source":"srv1","severity":"critical"}}`
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{"trigger", fmt.Sprintf(trigger, senderKey), 202, `{"status":"success","message":"Event processed","dedup_key":"srv1"}`},
		{"resolve", `{"routing_key":"` + senderKey + `","event_action":"resolve","dedup_key":"srv1"}`, 202, `{"status":"success","message":"Event processed","dedup_key":"srv1"}`},
		{"acknowledge", `{"routing_key":"` + senderKey + `","event_action":"acknowledge","dedup_key":"srv1"}`, 202, `{"status":"success","message":"Event processed","dedup_key":"srv1"}`},
		{"wrong key", fmt.Sprintf(trigger, "wrong"), 401,
			`{"status":"invalid key","message":"The key is not known.","errors":["It must be an integration key, as routing_key in the body, or in the header Authorization: Bearer KEY."]}`},
		{"wrong key and wrong body", `{"routing_key":"wrong","event_action":"x"}`, 401,
			`{"status":"invalid key","message":"The key is not known.","errors":["It must be an integration key, as routing_key in the body, or in the header Authorization: Bearer KEY."]}`},
		{"no summary", `{"routing_key":"` + senderKey + `","event_action":"trigger","payload":{}}`, 400,
			`{"status":"invalid event","message":"Event object is invalid","errors":["payload.summary: is missing; say in a few words what is wrong"]}`},
		{"no JSON", `summary=x`, 400, `{"status":"invalid event","message":"Event object is invalid","errors":["body: is not JSON, at byte 1"]}`},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := w.want(t, post("/v2/enqueue", test.body), test.status, nil)
			if strings.TrimSpace(got) != test.want {
				t.Errorf("POST /v2/enqueue %s = %s\nwant %s", test.body, got, test.want)
			}
		})
	}
}

func TestIntakeRefuses(t *testing.T) {
	good := `{"title":"x"}`
	tests := []struct {
		name   string
		r      request
		status int
		says   string
	}{
		{"no key", post("/v1/events", good), 401, "There is no key."},
		{"wrong key", post("/v1/events", good).with("Authorization", "Bearer wrong"), 401, "The key is not known."},
		{"the key in another scheme", post("/v1/events", good).with("Authorization", "Digest "+senderKey), 401, "There is no key."},
		{"basic, but not in its form", post("/v1/events", good).with("Authorization", "Basic "+senderKey), 401, "There is no key."},
		{"a wrong password", post("/v1/events", good).basic(senderKey, "wrong"), 401, "The key is not known."},
		{"how it takes the key", post("/v1/datadog", good), 401, "in the header Authorization: Bearer KEY, as the password of basic authentication, or as ?key=KEY"},
		{"how Opsgenie's takes it", post("/v2/alerts", good), 401, "in the header Authorization: GenieKey KEY"},
		{"how PagerDuty's takes it", post("/v2/enqueue", `{"a":1}`), 401, "as routing_key in the body, or in the header"},
		{"how PagerDuty's first takes it", post("/generic/2010-04-15/create_event.json", `{"a":1}`), 401, "as service_key in the body, or in the header"},
		{"half a key", post("/v1/events", good).with("Authorization", "Bearer "+senderKey[:8]), 401, "The key is not known."},
		{"the admin token is no key", post("/v1/events", good).admin(), 401, "The key is not known."},
		{"a wrong key in the query", post("/v1/alertmanager?key=x", good), 401, "The key is not known."},
		{"the header wins over the query", post("/v1/events?key="+senderKey, good).with("Authorization", "Bearer x"), 401, "The key is not known."},
		{"empty body", post("/v1/events", "").sender(), 400, "body: is empty"},
		{"no title", post("/v1/events", `{"service":"checkout"}`).sender(), 400, "title: is missing"},
		{"a status that is none", post("/v1/events", `{"title":"x","status":"fireing"}`).sender(), 400, "perhaps you mean firing"},
		{"not packed as it says", post("/v1/events", good).sender().with("Content-Encoding", "gzip"), 400, "not what its Content-Encoding says"},
		{"packed in another way", post("/v1/events", good).sender().with("Content-Encoding", "br"), 415, "or with gzip."},
		{"too large", post("/v1/events", strings.Repeat("x", MaxBody+1)).sender(), 413, "over 16777216 bytes"},
		{"too large for a stranger", post("/v2/enqueue", strings.Repeat("x", MaxBody+1)), 413, "over 16777216 bytes"},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp, body := w.send(t, test.r)
			if resp.StatusCode != test.status || !strings.Contains(body, test.says) {
				t.Errorf("%s %s %.80s = %d %s; want %d with %q", test.r.method, test.r.path, test.r.body, resp.StatusCode, body, test.status, test.says)
			}
			if got := resp.Header.Get("WWW-Authenticate"); (test.status == 401) != (got != "") {
				t.Errorf("%s %s: WWW-Authenticate is %q", test.r.method, test.r.path, got)
			}
		})
	}
	if list, err := w.desk.Active(t.Context(), viewer); err != nil || len(list) > 0 {
		t.Errorf("after refusals alone there are %d incidents, %v; want none", len(list), err)
	}
}

func TestNoKeysAtAll(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Keys = nil })
	for _, r := range []request{post("/v1/events", `{"title":"x"}`), post("/v1/events?key=", `{"title":"x"}`)} {
		if body := w.want(t, r, 401, nil); !strings.Contains(body, "http.integration_keys") {
			t.Errorf("without keys the answer is %s; want it to say how to set one", body)
		}
	}
}

// TestRate holds that one key's flood is stopped, with the status on which its
// sender comes again, and that another key's sender does not notice.
func TestRate(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Rate = 2 })
	var seen []string
	for n := range 5 {
		resp, _ := w.send(t, post("/v1/events", `{"title":"x"}`).sender())
		seen = append(seen, strconv.Itoa(resp.StatusCode))
		if n == 4 && resp.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q, want 1", resp.Header.Get("Retry-After"))
		}
	}
	if got := strings.Join(seen, " "); got != "202 202 202 202 429" {
		t.Errorf("five events with a burst of four: %s; want 202 202 202 202 429", got)
	}
	w.want(t, post("/v1/alertmanager", `{}`).sender(), 503, nil) // Alertmanager loses what is answered 429
	w.want(t, post("/v2/enqueue", `{"routing_key":"`+senderKey+`","event_action":"trigger","payload":{"summary":"x"}}`), 429, nil)
	w.want(t, post("/v1/events?key=another-key", `{"title":"x"}`), 202, nil)
}

// TestSameAlertAtOnce sends one alert from 64 senders at the same time.
func TestSameAlertAtOnce(t *testing.T) {
	w := newWorld(t)
	results := w.together(t, 64, func(int) string { return `{"title":"Disk is full","dedup_key":"k"}` })
	opened := 0
	for _, r := range results {
		if r.Result == "opened" {
			opened++
		}
		if r.Incident != "INC-1" {
			t.Errorf("one of 64 identical alerts went to %s, want INC-1", r.Incident)
		}
	}
	if opened != 1 {
		t.Errorf("64 identical alerts opened %d incidents, want 1", opened)
	}
}

// TestDistinctAlertsAtOnce sends 64 different alerts at the same time, each a group of
// its own: their incidents are numbered without holes.
func TestDistinctAlertsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.apply(t, rosterText+"alerts: {group: {by: [title]}}\n")
	seen := map[string]bool{}
	for _, r := range w.together(t, 64, func(n int) string { return fmt.Sprintf(`{"title":"Disk %d is full","dedup_key":"k%d"}`, n, n) }) {
		if r.Result != "opened" || seen[r.Incident] {
			t.Errorf("one of 64 distinct alerts: %+v; want a new incident", r)
		}
		seen[r.Incident] = true
	}
	for n := 1; n <= 64; n++ {
		if name := fmt.Sprintf("INC-%d", n); !seen[name] {
			t.Errorf("64 incidents have no %s", name)
		}
	}
}

// together sends n events at the same time.
func (w *world) together(t *testing.T, n int, body func(int) string) []accepted {
	t.Helper()
	results := make([]accepted, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			resp, answer := w.send(t, post("/v1/events", body(i)).sender())
			if resp.StatusCode != http.StatusAccepted {
				t.Errorf("event %d = %d %s, want 202", i, resp.StatusCode, answer)
				return
			}
			results[i] = decode(t, answer)
		})
	}
	all.Wait()
	return results
}
