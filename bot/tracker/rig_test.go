package tracker

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	token = "tok-3n-s3cret"
	uuid  = "5f0c9f1e-7c7b-4a39-9d68-0f3c3f6d1a2b"
)

// call is one request that a server of a test expects, and its answer.
type call struct {
	method, uri string
	header      map[string]string
	body        string // JSON; empty: none
	status      int    // 0: 200
	answer      string
	with        map[string]string // headers of the answer
}

// scripted is a server that takes the calls of a test, in their order, and nothing else.
func scripted(t *testing.T, kind string, calls ...call) (Tracker, *httptest.Server) {
	t.Helper()
	next := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next >= len(calls) {
			t.Errorf("one call too many: %s %s", r.Method, r.RequestURI)
			http.Error(w, "no such call", http.StatusTeapot)
			return
		}
		want := calls[next]
		next++
		if got := r.Method + " " + r.RequestURI; got != want.method+" "+want.uri {
			t.Errorf("call %d is %s\nwant %s", next, got, want.method+" "+want.uri)
		}
		for name, value := range want.header {
			if got := r.Header.Get(name); got != value {
				t.Errorf("call %d: header %s is %q, want %q", next, name, got, value)
			}
		}
		body, _ := io.ReadAll(r.Body)
		if diff := cmp.Diff(plain(want.body), plain(string(body))); diff != "" {
			t.Errorf("call %d: body (-want +got)\n%s", next, diff)
		}
		for name, value := range want.with {
			w.Header().Set(name, value)
		}
		if want.status != 0 {
			w.WriteHeader(want.status)
		}
		fmt.Fprint(w, want.answer)
	}))
	t.Cleanup(func() {
		s.Close()
		if next != len(calls) {
			t.Errorf("%d calls, want %d", next, len(calls))
		}
	})
	return at(t, kind, s.URL), s
}

func at(t *testing.T, kind, base string) Tracker {
	t.Helper()
	o := Options{Kind: kind, BaseURL: base, Token: token}
	switch kind {
	case GitHub:
		o.Project = "octo/app"
	case GitLab:
		o.Project = "group/sub/app"
	case "jira cloud":
		o.Kind, o.Project, o.User = Jira, "OPS", "bot@example.com"
	case Jira:
		o.Project, o.IssueType = "OPS", "Bug"
	case Linear:
		o.Project = "ENG"
	}
	tr, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// plain is JSON as a value, to compare it.
func plain(s string) any {
	var v any
	if s == "" || json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

// quiet fails if an error shows the token, an address or what was sent.
func quiet(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, hidden := range []string{token, "http://", "127.0.0.1", "load the roots", "Bearer", "Basic"} {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), hidden) {
			t.Errorf("the error %v shows %q", err, hidden)
		}
	}
}

var asked = Issue{ID: uuid, Title: "load the roots\n weekly, @here #12", Text: []string{
	"From INC-4, *checkout* is down; see https://git.example/a_b_c and @ada, [x](y).", "/close\n- not a list"}}
