package tracker

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestFaults reads each refusal of opening an issue: what is to be done about it, when,
// and whether the issue may be there all the same.
func TestFaults(t *testing.T) {
	soon := strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10)
	const all = "github gitlab jira linear"
	for _, test := range []struct {
		name, kinds string
		status      int
		with        map[string]string
		answer      string
		kind        Kind
		after       time.Duration // at least; 0: not said
		doubtful    bool
		says        string
	}{
		{"token", all, 401, nil, "{}", Misconfigured, 0, false, "token"},
		{"may not", "github gitlab jira", 403, nil, `{"message":"Resource not accessible by personal access token"}`, Misconfigured, 0, false, "may not"},
		{"no project", "github gitlab jira", 404, nil, `{}`, Misconfigured, 0, false, "no such project"},
		{"switched off", "github", 410, nil, `{"message":"Issues has been disabled in this repository."}`, Misconfigured, 0, false, "switched off"},
		{"limit by 403 and its reset", "github", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": soon}, `{}`, Busy, 9 * time.Minute, false, "too often"},
		{"second limit by 403", "github", 403, map[string]string{"Retry-After": "90"}, `{}`, Busy, 90 * time.Second, false, "too often"},
		{"second limit by words", "github", 403, nil, `{"message":"You have exceeded a secondary rate limit."}`, Busy, time.Minute, false, "too often"},
		{"limit by 429", all, 429, map[string]string{"Retry-After": "30"}, `{}`, Busy, 30 * time.Second, false, "too often"},
		{"a limit of a year", all, 429, map[string]string{"Retry-After": "31536000"}, `{}`, Busy, time.Hour, false, "too often"},
		{"limit and its reset", "gitlab", 429, map[string]string{"RateLimit-Reset": soon}, `{}`, Busy, 9 * time.Minute, false, "too often"},
		{"limit inside 400", "linear", 400, map[string]string{"X-RateLimit-Requests-Reset": soon + "000"},
			`{"errors":[{"message":"Rate limit exceeded","extensions":{"code":"RATELIMITED"}}]}`, Busy, 9 * time.Minute, false, "too often"},
		{"token inside 200", "linear", 200, nil, `{"data":null,"errors":[{"message":"Authentication required, not authenticated","extensions":{"type":"authentication error","code":"AUTHENTICATION_ERROR"}}]}`, Misconfigured, 0, false, "token"},
		{"refused inside 200", "linear", 200, nil, `{"errors":[{"message":"Argument Validation Error","extensions":{"type":"invalid input","code":"INVALID_INPUT"}}]}`, Refused, 0, false, "refused"},
		{"failing inside 200", "linear", 200, nil, `{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, Unavailable, 0, true, "failing"},
		{"no team", "linear", 200, nil, `{"data":{"teams":{"nodes":[]}}}`, Misconfigured, 0, false, "no such team"},
		{"failing", all, 502, map[string]string{"Retry-After": "5"}, "<html>", Unavailable, 5 * time.Second, true, "failing"},
		{"a field", "jira", 400, nil, `{"errorMessages":[],"errors":{"customfield_10020":"load the roots is required","duedate":"x"}}`, Misconfigured, 0, false, "customfield_10020, duedate"},
		{"refused", "github gitlab jira", 422, nil, `{"message":"Validation Failed"}`, Refused, 0, false, "refused"},
		{"a page in its place", all, 200, nil, "<html>sign in</html>", Unavailable, 0, true, ""},
		{"nothing", "github gitlab jira", 201, nil, `{}`, Unavailable, 0, true, ""},
	} {
		for kind := range strings.FieldsSeq(test.kinds) {
			t.Run(kind+" "+test.name, func(t *testing.T) {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					for name, value := range test.with {
						w.Header().Set(name, value)
					}
					w.WriteHeader(test.status)
					_, _ = w.Write([]byte(test.answer))
				}))
				defer s.Close()
				_, err := at(t, kind, s.URL).Open(t.Context(), asked)
				quiet(t, err)
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("Open() = %v, want an *Error", err)
				}
				if e.Kind != test.kind || e.Doubtful != test.doubtful || !strings.Contains(e.Cause, test.says) {
					t.Errorf("Open() = %+v, want kind %d, doubtful %v, %q in it", *e, test.kind, test.doubtful, test.says)
				}
				if e.RetryAfter < test.after || test.after == 0 && e.RetryAfter != 0 || e.RetryAfter > time.Hour {
					t.Errorf("Open() waits %v, want %v or a little more", e.RetryAfter, test.after)
				}
			})
		}
	}
}

// TestElsewhere never carries a token to another server, however the first one sends
// us there, and follows a redirect on the same one: a project that was renamed.
func TestElsewhere(t *testing.T) {
	stolen := false
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stolen = true
		t.Errorf("the other server was asked, with %v", r.Header)
	}))
	defer other.Close()
	for _, kind := range []string{GitHub, GitLab, Jira, "jira cloud", Linear} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			s := httptest.NewServer(http.RedirectHandler(other.URL+"/x", status))
			tr := at(t, kind, s.URL)
			_, err := tr.Open(t.Context(), asked)
			_, _, findErr := tr.Find(t.Context(), uuid, time.Now())
			_, statesErr := tr.States(t.Context(), []Ref{{Key: "octo/app#1", ID: "a"}})
			for _, err := range []error{err, findErr, statesErr, tr.Check(t.Context())} {
				quiet(t, err)
				if e := (*Error)(nil); !stolen && (!errors.As(err, &e) || e.Kind != Misconfigured) {
					t.Errorf("%s, %d: %v, want it to be misconfigured", kind, status, err)
				}
			}
			s.Close()
		}
	}
	tr, _ := scripted(t, GitHub,
		call{method: "POST", uri: "/api/v3/repos/octo/app/issues", status: 307, with: map[string]string{"Location": "/api/v3/repositories/7/issues"},
			body: `{"title":"x","body":"<!-- stormbell ` + uuid + ` -->"}`},
		call{method: "POST", uri: "/api/v3/repositories/7/issues", status: 201, answer: `{"number":3}`, header: map[string]string{"Authorization": "Bearer " + token},
			body: `{"title":"x","body":"<!-- stormbell ` + uuid + ` -->"}`})
	if r, err := tr.Open(t.Context(), Issue{ID: uuid, Title: "x"}); err != nil || r.Key != "octo/app#3" {
		t.Errorf("Open() in a renamed repository = %v, %v", r, err)
	}
	// Most clients make a GET of a POST that is answered with 301: an answer to that is no issue.
	tr, _ = scripted(t, GitHub, call{method: "POST", uri: "/api/v3/repos/octo/app/issues", status: 301, with: map[string]string{"Location": "/x"},
		body: `{"title":"x","body":"<!-- stormbell ` + uuid + ` -->"}`})
	if r, err := tr.Open(t.Context(), Issue{ID: uuid, Title: "x"}); err == nil {
		t.Errorf("Open() that was answered with 301 = %v", r)
	}
}

// TestBigAnswer does not read without end.
func TestBigAnswer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		line := []byte(strings.Repeat(" ", 1<<20))
		for range 64 {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	_, _, err := at(t, GitHub, s.URL).Find(t.Context(), uuid, time.Now())
	quiet(t, err)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != Unavailable {
		t.Errorf("Find() = %v, want it to be unavailable", err)
	}
}

// TestNoServer says in words why nobody answered, and whether that leaves a doubt.
func TestNoServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hijacked, _, _ := w.(http.Hijacker).Hijack()
		hijacked.Close()
	}))
	_, err := at(t, GitLab, s.URL).Open(t.Context(), asked)
	quiet(t, err)
	if e := (*Error)(nil); !errors.As(err, &e) || !e.Doubtful || !e.Retryable() {
		t.Errorf("Open() of a server that hangs up = %v, want a doubt", err)
	}
	s.Close()
	_, err = at(t, GitLab, s.URL).Open(t.Context(), asked)
	quiet(t, err)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Doubtful || !e.Retryable() {
		t.Errorf("Open() of no server = %v, want no doubt", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = at(t, GitLab, s.URL).Open(ended, asked); !errors.Is(err, context.Canceled) {
		t.Errorf("Open() after the end = %v, want it to say so", err)
	}
}

// TestCheck says before the first issue that there can be none.
func TestCheck(t *testing.T) {
	const team = `{"query":"query Team($key: String!) { teams(filter: { key: { eqIgnoreCase: $key } }, first: 2) { nodes { id } } }","variables":{"key":"ENG"}}`
	for _, test := range []struct {
		kind  string
		calls []call
		want  string // empty: nothing
	}{
		{GitHub, []call{{method: "GET", uri: "/api/v3/repos/octo/app", answer: `{"has_issues":true}`}}, ""},
		{GitHub, []call{{method: "GET", uri: "/api/v3/repos/octo/app", answer: `{"has_issues":false}`}}, "GitHub: issues are switched off in this repository"},
		{GitHub, []call{{method: "GET", uri: "/api/v3/repos/octo/app", answer: `{"has_issues":true,"archived":true}`}}, "GitHub: this repository is archived"},
		{GitLab, []call{{method: "GET", uri: "/api/v4/projects/group%2Fsub%2Fapp", answer: `{"issues_access_level":"enabled"}`}}, ""},
		{GitLab, []call{{method: "GET", uri: "/api/v4/projects/group%2Fsub%2Fapp", answer: `{"issues_access_level":"disabled"}`}}, "GitLab: issues are switched off in this project"},
		{"jira cloud", []call{{method: "GET", uri: "/rest/api/3/project/OPS", answer: `{"issueTypes":[{"name":"Story"},{"name":"Task"}]}`}}, ""},
		{Jira, []call{{method: "GET", uri: "/rest/api/2/project/OPS", answer: `{"issueTypes":[{"name":"Story"}]}`}}, "Jira: the project has no issue type Bug; it has Story"},
		{Linear, []call{{method: "POST", uri: "/", body: team, answer: `{"data":{"teams":{"nodes":[{"id":"t"}]}}}`},
			{method: "POST", uri: "/", body: `{"query":"query Team($id: String!) { team(id: $id) { id } }","variables":{"id":"t"}}`, answer: `{"data":{"team":{"id":"t"}}}`}}, ""},
		{Linear, []call{{method: "POST", uri: "/", body: team, status: 400, answer: `{"errors":[{"message":"x","extensions":{"code":"AUTHENTICATION_ERROR"}}]}`}}, "Linear: the token is not accepted"},
	} {
		tr, _ := scripted(t, test.kind, test.calls...)
		if err := tr.Check(t.Context()); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s: Check() = %v, want %q", test.kind, err, test.want)
		}
	}
}

// TestBase takes the address of a provider's pages for that of its interface.
func TestBase(t *testing.T) {
	for _, test := range []struct{ kind, given, want string }{
		{GitHub, "", "https://api.github.com"}, {GitHub, "https://github.com/", "https://api.github.com"},
		{GitHub, "https://git.example", "https://git.example/api/v3"}, {GitHub, "https://git.example/api/v3/", "https://git.example/api/v3"},
		{GitHub, "https://api.octo.ghe.com", "https://api.octo.ghe.com"},
		{GitLab, "", "https://gitlab.com/api/v4"}, {GitLab, "https://git.example/gitlab/", "https://git.example/gitlab/api/v4"},
		{GitLab, "https://git.example/api/v4", "https://git.example/api/v4"},
		{Jira, "https://x.atlassian.net/", "https://x.atlassian.net"}, {Jira, "", ""}, {Jira, "ftp://x", ""}, {"other", "https://x", ""},
		{Jira, "https://x.example/?a=b", ""}, {Jira, "https://me:pw@x.example", ""}, {Linear, "", "https://api.linear.app/graphql"},
	} {
		got := ""
		if u, err := Base(test.kind, test.given); err == nil {
			got = u.String()
		}
		if got != test.want {
			t.Errorf("Base(%q, %q) = %q, want %q", test.kind, test.given, got, test.want)
		}
	}
}
