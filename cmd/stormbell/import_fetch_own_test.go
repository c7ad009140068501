package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// ownSystem answers as an installation of Grafana OnCall or GoAlert does: only with the
// token, to its paths with a page, or to its queries; with 429 to every fourth call.
type ownSystem struct {
	*httptest.Server
	mu      sync.Mutex
	header  string
	answers map[string]string // by path and page, or by a word of the query
	old     string            // a field that it does not have yet
	calls   []string
}

func newOwnSystem(t *testing.T, header, old string, answers map[string]string) *ownSystem {
	o := &ownSystem{header: header, old: old, answers: answers}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func (o *ownSystem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var sent struct{ Query string }
	_ = json.Unmarshal(body, &sent) // empty for a GET
	what := r.URL.Path + "@" + r.URL.Query().Get("page")
	for key := range o.answers {
		if sent.Query != "" && strings.HasPrefix(sent.Query, "{ "+key) && (what[0] == '/' || len(key) > len(what)) {
			what = key
		}
	}
	o.calls = append(o.calls, r.Method+" "+r.URL.Path+" "+what)
	answer, ok := o.answers[what]
	switch {
	case r.Header.Get("Authorization") != o.header:
		w.WriteHeader(http.StatusForbidden)
	case len(o.calls)%4 == 0:
		w.WriteHeader(http.StatusTooManyRequests)
	case sent.Query != "" && (r.Method != http.MethodPost || r.URL.Path != "/api/graphql" || r.Header.Get("Content-Type") != "application/json"):
		w.WriteHeader(http.StatusBadRequest)
	case o.old != "" && strings.Contains(sent.Query, o.old):
		_, _ = io.WriteString(w, `{"errors": [{"message": "Cannot query field"}], "data": null}`)
	case !ok:
		w.WriteHeader(http.StatusForbidden)
	default:
		_, _ = io.WriteString(w, answer)
	}
}

const ofGrafana = "/api/v1/"

var grafanaAnswers = map[string]string{
	ofGrafana + "users/@1":                       `{"count": 2, "next": "https://oncall.shop.example/api/v1/users/?page=2", "current_page_number": 1, "results": [{"id": "UA", "username": "ada", "email": "ada@shop.example", "timezone": "UTC", "slack": null, "teams": ["T"]}]}`,
	ofGrafana + "users/@2":                       `{"count": 2, "next": null, "current_page_number": 2, "results": [{"id": "UB", "username": "bob", "email": "bob@shop.example", "timezone": "UTC", "slack": null, "teams": ["T"]}]}`,
	ofGrafana + "teams/@1":                       `{"count": 1, "next": null, "results": [{"id": "T", "grafana_id": 1, "name": "Platform"}]}`,
	ofGrafana + "schedules/@1":                   `{"count": 1, "next": null, "results": [{"id": "S", "team_id": "T", "name": "Primary", "type": "web", "time_zone": "UTC", "on_call_now": [], "shifts": ["O"]}]}`,
	ofGrafana + "on_call_shifts/@1":              `{"count": 1, "next": null, "results": [{"id": "O", "schedule": "S", "name": "weekly", "type": "rolling_users", "time_zone": null, "start": "2026-06-01T08:00:00", "rotation_start": "2026-06-01T08:00:00", "duration": 604800, "frequency": "weekly", "interval": 1, "week_start": "MO", "until": null, "by_day": null, "by_month": null, "by_monthday": null, "rolling_users": [["UA"], ["UB"]], "start_rotation_from_user_index": 1}]}`,
	ofGrafana + "schedules/S/final_shifts@1":     `{"count": 2, "next": "more", "current_page_number": 1, "results": [{"user_pk": "UB", "shift_start": "2026-12-14T08:00:00Z", "shift_end": "2026-12-21T08:00:00Z"}]}`,
	ofGrafana + "schedules/S/final_shifts@2":     `{"count": 2, "next": null, "current_page_number": 2, "results": [{"user_pk": "UA", "shift_start": "2026-12-21T08:00:00Z", "shift_end": "2026-12-28T08:00:00Z"}]}`,
	ofGrafana + "escalation_chains/@1":           `{"count": 1, "next": null, "results": [{"id": "F", "name": "Ladder", "team_id": "T"}]}`,
	ofGrafana + "escalation_policies/@1":         `{"count": 1, "next": null, "results": [{"id": "E", "escalation_chain_id": "F", "position": 0, "type": "notify_on_call_from_schedule", "notify_on_call_from_schedule": "S"}]}`,
	ofGrafana + "personal_notification_rules/@1": `{"count": 0, "next": null, "results": []}`,
}

var goalertAnswers = map[string]string{
	"users": `{"data": {"users": {"nodes": [{"id": "UA", "name": "Ada", "email": "ada@shop.example"}], "pageInfo": {"endCursor": "Y3Vyc29y", "hasNextPage": true}}}}`,
	`users(input: {first: 150, after: "Y3Vyc29y"`: `{"data": {"users": {"nodes": [{"id": "UB", "name": "Bob", "email": "bob@shop.example"}], "pageInfo": {"endCursor": "", "hasNextPage": false}}}}`,
	"rotations":          `{"data": {"rotations": {"nodes": [{"id": "R", "name": "Weekly", "start": "2026-06-01T08:00:00Z", "timeZone": "UTC", "type": "weekly", "shiftLength": 1, "activeUserIndex": 1, "userIDs": ["UA", "UB"], "nextHandoffTimes": ["2026-12-07T08:00:00Z"]}], "pageInfo": {}}}}`,
	"schedules":          `{"data": {"schedules": {"nodes": [{"id": "S", "name": "Primary", "timeZone": "UTC", "targets": [{"target": {"id": "R", "type": "rotation", "name": "Weekly"}, "rules": [{"start": "00:00", "end": "00:00", "weekdayFilter": [true, true, true, true, true, true, true]}]}], "temporarySchedules": [], "shifts": [{"userID": "UB", "start": "2026-12-01T00:00:00Z", "end": "2026-12-07T08:00:00Z"}]}], "pageInfo": {}}}}`,
	"userOverrides":      `{"data": {"userOverrides": {"nodes": [], "pageInfo": {}}}}`,
	"escalationPolicies": `{"data": {"escalationPolicies": {"nodes": [{"id": "P", "name": "Ladder", "repeat": 1, "steps": [{"id": "X", "stepNumber": 0, "delayMinutes": 5, "targets": [{"id": "S", "type": "schedule", "name": "Primary"}]}]}], "pageInfo": {}}}}`,
	"services":           `{"data": {"services": {"nodes": [{"id": "V", "name": "Checkout", "escalationPolicyID": "P"}], "pageInfo": {}}}}`,
}

// TestFetchOwn reads an installation, page by page and patiently, and imports it. A second
// run asks for nothing that is there; no file and no word has the token.
func TestFetchOwn(t *testing.T) {
	for _, test := range []struct {
		system, variable, header, old string
		answers                       map[string]string
		want                          []string // in the roster
		said                          string
	}{
		{"grafana-oncall", "GRAFANA_ONCALL_TOKEN", fetchSecret, "", grafanaAnswers, []string{"people: [bob, ada]", "members: [ada, bob]", "rotation:primary"}, "2 of 2 stretches are equal"},
		{"goalert", "GOALERT_TOKEN", "Bearer " + fetchSecret, "multiAck", goalertAnswers, []string{"people: [bob, ada]", "repeat: 1", "policy: ladder"}, "1 of 1 stretches are equal"},
	} {
		t.Run(test.system, func(t *testing.T) {
			o := newOwnSystem(t, test.header, test.old, test.answers)
			folder, roster := filepath.Join(t.TempDir(), "export"), filepath.Join(t.TempDir(), "roster.yaml")
			args := []string{"import", test.system, "--fetch", folder, "--url", o.URL, "-o", roster, "--force", "--at", "2026-12-01T00:00:00Z"}
			code, _, talk := fetchAs(t, test.variable, fetchSecret, args...)
			if code != exitOK || !strings.Contains(talk, test.said) {
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
			if code, _, talk = fetchAs(t, test.variable, fetchSecret, args...); code != exitOK {
				t.Fatalf("exit %d: %s", code, talk)
			}
			for _, call := range o.calls[before:] {
				what := call[strings.LastIndex(call, " ")+1:]
				if _, ok := test.answers[what]; ok {
					t.Errorf("%s was asked for again", call)
				}
			}
		})
	}
}

// wantPrivate wants files for their owner only, and the token nowhere.
func (o *ownSystem) wantPrivate(t *testing.T, folder, text string) {
	t.Helper()
	files, _ := filepath.Glob(folder + "/*")
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %v", name, err, info.Mode())
		}
		data, _ := os.ReadFile(name)
		text += string(data)
	}
	if strings.Contains(text+strings.Join(o.calls, "\n"), fetchSecret) || len(files) < 7 {
		t.Errorf("the token is somewhere, or too little was fetched: %d files", len(files))
	}
}

// TestFetchOwnRefuses: there is no address to guess, and a token that may not read is said.
func TestFetchOwnRefuses(t *testing.T) {
	o := newOwnSystem(t, "Bearer "+fetchSecret, "nodes", goalertAnswers)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no address":    {nil, "--url is to be like https://goalert.example.com"},
		"an error":      {[]string{"--url", o.URL}, "users: a query was answered with an error"},
		"another token": {[]string{"--url", newOwnSystem(t, "Bearer other", "", goalertAnswers).URL}, "users: /api/graphql was answered with 403"},
	} {
		folder := filepath.Join(t.TempDir(), "x")
		code, out, talk := fetchAs(t, "GOALERT_TOKEN", fetchSecret, append([]string{"import", "goalert", "--fetch", folder}, c.args...)...)
		if code != exitFailure || out != "" || !strings.Contains(talk, c.want) {
			t.Errorf("%s: exit %d, %q, want %q", name, code, talk, c.want)
		}
		if files, _ := filepath.Glob(folder + "/*"); len(files) > 0 {
			t.Errorf("%s: an answer that is an error was kept: %q", name, files)
		}
	}
}
