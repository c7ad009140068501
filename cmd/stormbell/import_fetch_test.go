package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const fetchSecret = "0f0e0d0c-secret"

// otherSystem answers as an API does: only with the key, with 429 to every fifth call,
// and one answer for each path.
type otherSystem struct {
	*httptest.Server
	mu      sync.Mutex
	calls   []string
	answers map[string]string // by path and, for pages, offset
	header  string
	busy    bool // every fifth call has to wait
	broken  string
}

func newOtherSystem(t *testing.T, header string, answers map[string]string) *otherSystem {
	o := &otherSystem{answers: answers, header: header, busy: true}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func (o *otherSystem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, r.Method+" "+r.URL.RequestURI())
	answer, ok := o.answers[r.URL.Path+"@"+r.URL.Query().Get("offset")]
	if !ok {
		answer, ok = o.answers[r.URL.Path]
	}
	switch {
	case r.Header.Get("Authorization") != o.header:
		w.WriteHeader(http.StatusUnauthorized)
	case o.busy && len(o.calls)%5 == 0:
		w.WriteHeader(http.StatusTooManyRequests)
	case r.URL.Path == o.broken:
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
	case !ok:
		w.WriteHeader(http.StatusForbidden)
	default:
		fmt.Fprint(w, answer)
	}
}

var opsgenieAnswers = map[string]string{
	"/v2/users@0":                        `{"data": [{"id": "U1", "username": "ada@shop.example", "fullName": "Ada", "timeZone": "Europe/Berlin", "blocked": false}], "totalCount": 2, "paging": {"next": "https://api.opsgenie.com/v2/users?limit=100&offset=100"}, "requestId": "r"}`,
	"/v2/users@100":                      `{"data": [{"id": "U2", "username": "bob@shop.example", "fullName": "Bob", "timeZone": "Europe/Berlin", "blocked": false}], "totalCount": 2, "paging": {"prev": "https://api.opsgenie.com/v2/users?limit=100&offset=0"}, "requestId": "r"}`,
	"/v2/users/U1":                       `{"data": {"id": "U1", "username": "ada@shop.example", "fullName": "Ada", "timeZone": "Europe/Berlin", "blocked": false, "userContacts": [{"id": "C1", "to": "49-15110000001", "contactMethod": "voice", "enabled": true}]}, "requestId": "r"}`,
	"/v2/users/U2":                       `{"data": {"id": "U2", "username": "bob@shop.example", "fullName": "Bob", "timeZone": "Europe/Berlin", "blocked": false}, "requestId": "r"}`,
	"/v2/users/U1/notification-rules":    `{"data": [{"id": "N1", "name": "New", "actionType": "create-alert", "order": 0, "enabled": true}], "requestId": "r"}`,
	"/v2/users/U2/notification-rules":    `{"data": [], "requestId": "r"}`,
	"/v2/users/U1/notification-rules/N1": `{"data": {"id": "N1", "name": "New", "actionType": "create-alert", "order": 0, "enabled": true, "steps": [{"contact": {"method": "voice", "to": "49-15110000001"}, "sendAfter": {"timeAmount": 1, "timeUnit": "minutes"}, "enabled": true}]}, "requestId": "r"}`,
	"/v2/schedules":                      `{"data": [{"id": "S1", "name": "Primary", "timezone": "Europe/Berlin", "enabled": true, "rotations": [{"id": "R1", "name": "Weekly", "type": "weekly", "startDate": "2026-01-05T08:00:00Z", "participants": [{"type": "user", "id": "U1"}, {"type": "user", "id": "U2"}]}]}], "requestId": "r"}`,
	"/v2/schedules/S1/overrides":         `{"data": [{"alias": "a", "user": {"type": "user", "id": "U2"}, "startDate": "2400-01-01T00:00:00Z", "endDate": "2400-01-02T00:00:00Z", "rotations": []}], "requestId": "r"}`,
	"/v2/teams":                          `{"data": [{"id": "T1", "name": "Platform", "description": ""}], "requestId": "r"}`,
	"/v2/teams/T1":                       `{"data": {"id": "T1", "name": "Platform", "description": "", "members": [{"user": {"id": "U1"}, "role": "user"}]}, "requestId": "r"}`,
	"/v2/teams/T1/routing-rules":         `{"data": [{"id": "Q1", "name": "Default", "isDefault": true, "notify": {"type": "escalation", "id": "E1"}}], "requestId": "r"}`,
	"/v2/escalations":                    `{"data": [{"id": "E1", "name": "Ladder", "rules": [{"notifyType": "default", "delay": {"timeAmount": 0}, "recipient": {"type": "schedule", "id": "S1"}}]}], "requestId": "r"}`,
	"/v1/services@0":                     `{"data": [{"id": "V1", "name": "Checkout", "teamId": "T1"}], "paging": {}, "requestId": "r"}`,
}

var pagerdutyAnswers = map[string]string{
	"/users@0":     `{"users": [{"id": "P1", "name": "Ada", "email": "ada@shop.example", "time_zone": "UTC", "teams": [{"id": "PT"}]}], "limit": 100, "offset": 0, "more": true, "total": null}`,
	"/users@100":   `{"users": [{"id": "P2", "name": "Bob", "email": "bob@shop.example", "time_zone": "UTC"}], "limit": 100, "offset": 100, "more": false, "total": null}`,
	"/schedules@0": `{"schedules": [{"id": "PS", "type": "schedule", "summary": "Primary", "name": "Primary", "time_zone": "Europe/Berlin"}], "limit": 100, "offset": 0, "more": false}`,
	"/schedules/PS": `{"schedule": {"id": "PS", "type": "schedule", "summary": "Primary", "name": "Primary", "time_zone": "Europe/Berlin", "schedule_layers": [{"id": "L", "name": "Layer 1", "start": "2026-01-05T09:00:00+01:00", "end": null,
		"rotation_virtual_start": "2026-01-05T09:00:00+01:00", "rotation_turn_length_seconds": 604800, "restrictions": [], "users": [{"user": {"id": "P1"}}, {"user": {"id": "P2"}}]}]}}`,
	"/schedules/PS/overrides": `{"overrides": []}`,
	"/teams@0":                `{"teams": [{"id": "PT", "name": "Platform"}], "limit": 100, "offset": 0, "more": false}`,
	"/escalation_policies@0":  `{"escalation_policies": [{"id": "PE", "name": "Ladder", "num_loops": 1, "escalation_rules": [{"escalation_delay_in_minutes": 5, "targets": [{"id": "PS", "type": "schedule_reference"}]}]}], "more": false}`,
	"/services@0":             `{"services": [{"id": "PV", "name": "Checkout", "status": "active", "escalation_policy": {"id": "PE"}, "teams": [{"id": "PT"}]}], "more": false}`,
}

// fetchAs runs the command with a key, quickly.
func fetchAs(t *testing.T, variable, key string, args ...string) (code int, out, talk string) {
	t.Helper()
	was := fetchPause
	fetchPause = time.Millisecond
	t.Cleanup(func() { fetchPause = was })
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, process{Env: []string{variable + "=" + key}, In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// TestFetch reads an account, page by page and patiently, and imports it. A second run
// asks for nothing that is there; no file and no word has the key.
func TestFetch(t *testing.T) {
	for _, test := range []struct {
		system, variable, header string
		answers                  map[string]string
		want                     []string // in the roster
		refused                  string
	}{
		{"opsgenie", "OPSGENIE_API_KEY", "GenieKey " + fetchSecret, opsgenieAnswers,
			[]string{"phone: \"+4915110000001\"", "high: [{via: voice, after: 1m}]", "people: [ada, bob]", "policy: ladder", "set: [bob]"}, "not fetched: /v2/integrations was answered with 403: the key may not read it"},
		{"pagerduty", "PAGERDUTY_TOKEN", "Token token=" + fetchSecret, pagerdutyAnswers,
			[]string{"people: [ada, bob]", "repeat: 1", "policy: ladder", "team: platform"}, "not fetched: /business_services was answered with 403: the key may not read it"},
	} {
		t.Run(test.system, func(t *testing.T) {
			o := newOtherSystem(t, test.header, test.answers)
			folder, roster := filepath.Join(t.TempDir(), "export"), filepath.Join(t.TempDir(), "roster.yaml")
			args := []string{"import", test.system, "--fetch", folder, "--url", o.URL, "-o", roster, "--force", "--at", "2026-12-01T00:00:00Z"}
			code, _, talk := fetchAs(t, test.variable, fetchSecret, args...)
			if code != exitOK || !strings.Contains(talk, test.refused) {
				t.Fatalf("exit %d: %s", code, talk)
			}
			text, err := os.ReadFile(roster)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(string(text), want) {
					t.Errorf("the roster has no %q:\n%s", want, text)
				}
			}
			o.wantPrivate(t, folder, talk+string(text))
			before := len(o.calls)
			o.busy = false
			if code, _, talk = fetchAs(t, test.variable, fetchSecret, args...); code != exitOK {
				t.Fatalf("exit %d: %s", code, talk)
			}
			for _, call := range o.calls[before:] { // only what was refused
				path, _, _ := strings.Cut(strings.TrimPrefix(call, "GET "), "?")
				if _, ok := test.answers[path]; ok {
					t.Errorf("%s was asked for again", call)
				}
			}
		})
	}
}

// wantPrivate wants GETs only, files for their owner only, and the key nowhere.
func (o *otherSystem) wantPrivate(t *testing.T, folder, text string) {
	t.Helper()
	for _, call := range o.calls {
		if !strings.HasPrefix(call, "GET /") || strings.Contains(call, fetchSecret) {
			t.Errorf("called %s", call)
		}
	}
	files, _ := filepath.Glob(folder + "/*")
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %v", name, err, info.Mode())
		}
		data, _ := os.ReadFile(name)
		text += string(data)
	}
	if strings.Contains(text, fetchSecret) || len(files) < 8 {
		t.Errorf("the key is somewhere, or too little was fetched: %d files", len(files))
	}
}

// TestFetchRefuses says clearly what is wrong, and asks nobody whom it should not.
func TestFetchRefuses(t *testing.T) {
	o := newOtherSystem(t, "GenieKey "+fetchSecret, opsgenieAnswers)
	o.busy = false
	moved := newOtherSystem(t, "GenieKey "+fetchSecret, opsgenieAnswers)
	moved.busy, moved.broken = false, "/v2/users"
	for name, test := range map[string]struct {
		key  string
		args []string
		want string
	}{
		"no key":            {"", []string{"opsgenie", "--url", o.URL}, "OPSGENIE_API_KEY is not set"},
		"another key":       {"other", []string{"opsgenie", "--url", o.URL}, "/v2/users was answered with 401: the key may not read it; what was fetched stays in "},
		"without TLS":       {fetchSecret, []string{"opsgenie", "--url", "http://api.opsgenie.com"}, "the key is shown over https only"},
		"sent elsewhere":    {fetchSecret, []string{"opsgenie", "--url", moved.URL}, "/v2/users was answered with 302"},
		"not to be fetched": {fetchSecret, []string{"ical"}, "answers of ical cannot be fetched"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"import"}, test.args...)
			code, out, talk := fetchAs(t, "OPSGENIE_API_KEY", test.key, append(args, "--fetch", filepath.Join(t.TempDir(), "x"))...)
			if code != exitFailure || out != "" || !strings.Contains(talk, test.want) {
				t.Errorf("exit %d, %q, want %q", code, talk, test.want)
			}
		})
	}
}
