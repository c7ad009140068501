package tracker

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// answers is a server that answers each path with a status and a text, and counts.
func answers(t *testing.T, kind string, asked map[string]int, answer func(r *http.Request) (int, string)) Tracker {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.Method+" "+r.URL.EscapedPath()]++
		status, text := answer(r)
		if status == http.StatusMovedPermanently {
			w.Header().Set("Location", "http://elsewhere.invalid/")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return at(t, kind, s.URL)
}

// TestOneOfManyIsRefused learns how the others stand when one issue, or one project that
// was configured before, is kept from the token. It counts as not to be seen.
func TestOneOfManyIsRefused(t *testing.T) {
	for _, status := range []int{301, 403, 404, 410, 451} {
		for _, test := range []struct {
			kind     string
			refs     []Ref
			bad      string
			closed   string
			shut, no string // keys
		}{
			{GitHub, []Ref{{Key: "octo/app#1"}, {Key: "octo/app#2"}, {Key: "octo/app#3"}}, "/issues/1", `{"number":2,"state":"closed"}`, "octo/app#2", "octo/app#1"},
			{GitLab, []Ref{{Key: "old/app#2"}, {Key: "group/sub/app#2"}, {Key: "a/app#2"}}, "old", `[{"iid":2,"state":"closed"}]`, "group/sub/app#2", "old/app#2"},
			{"jira cloud", []Ref{{Key: "OLD-1"}, {Key: "OPS-2"}}, "OLD-1", `{"issues":[{"key":"OPS-2","fields":{"status":{"statusCategory":{"key":"done"}}}}]}`, "OPS-2", "OLD-1"},
			{Jira, []Ref{{Key: "OLD-1"}, {Key: "OPS-2"}}, "OLD-1", `{"fields":{"status":{"statusCategory":{"key":"done"}}}}`, "OPS-2", "OLD-1"},
		} {
			asked := map[string]int{}
			tr := answers(t, test.kind, asked, func(r *http.Request) (int, string) {
				if strings.Contains(r.URL.Path, test.bad) {
					return status, `{"message":"x"}`
				}
				return 200, test.closed
			})
			got, err := tr.States(t.Context(), test.refs)
			if err != nil || !got[test.shut].Closed || !got[test.no].Gone || len(got) != len(test.refs) {
				t.Errorf("%s, %d: States() = %+v, %v; want %s closed, %s gone", test.kind, status, got, err, test.shut, test.no)
			}
		}
	}
}

// TestLimitInTheMiddle keeps what was learned before a limit, and says nothing of the rest.
func TestLimitInTheMiddle(t *testing.T) {
	for kind, refs := range map[string][]Ref{GitHub: {{Key: "octo/app#1"}, {Key: "octo/app#2"}}, GitLab: {{Key: "a/app#1"}, {Key: "b/app#1"}},
		Jira: {{Key: "OPS-1"}, {Key: "OPS-2"}}, Linear: {{Key: "ENG-1", ID: "a"}}} {
		n := 0
		tr := answers(t, kind, map[string]int{}, func(*http.Request) (int, string) {
			if n++; n > 1 || kind == Linear {
				return 429, `{}`
			}
			if kind == GitLab {
				return 200, `[{"iid":1,"state":"opened"}]`
			}
			return 200, `{"state":"open"}`
		})
		got, err := tr.States(t.Context(), refs)
		var e *Error
		if !errors.As(err, &e) || e.Kind != Busy || len(got) != len(refs)-1 {
			t.Errorf("%s: States() = %v, %v; want what was learned, and a limit", kind, got, err)
		}
		for key, s := range got {
			if s != (State{}) {
				t.Errorf("%s: %s is %+v, want it open", kind, key, s)
			}
		}
	}
}

// TestTokenIsRefused asks once with a token that is not accepted, and not for each issue.
func TestTokenIsRefused(t *testing.T) {
	for _, kind := range []string{GitHub, GitLab, Jira} {
		asked := map[string]int{}
		tr := answers(t, kind, asked, func(*http.Request) (int, string) { return 401, `{}` })
		got, err := tr.States(t.Context(), []Ref{{Key: "octo/app#1"}, {Key: "octo/b#2"}, {Key: "OPS-3"}})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Cause, "token is not accepted") || len(asked) != 1 {
			t.Errorf("%s: States() = %v, %v after %v", kind, got, err, asked)
		}
		for key, s := range got {
			if s.Gone && strings.Contains(key, "app") {
				t.Errorf("%s: %s is gone, of which nothing was said", kind, key)
			}
		}
	}
}

// TestJiraTakesUsForNobody reads the header by which Jira says that it answered as if
// nobody had signed in: without it every issue would seem to be deleted.
func TestJiraTakesUsForNobody(t *testing.T) {
	for _, reason := range []string{"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Seraph-Loginreason", reason)
			_, _ = w.Write([]byte(`{"issues":[],"issueErrors":[]}`))
		}))
		tr := at(t, "jira cloud", s.URL)
		_, statesErr := tr.States(t.Context(), []Ref{{Key: "OPS-1"}})
		_, _, findErr := tr.Find(t.Context(), uuid, time.Now())
		for _, err := range []error{statesErr, findErr, tr.Check(t.Context())} {
			if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(e.Cause, "token is not accepted") {
				t.Errorf("%s: %v, want the token not to be accepted", reason, err)
			}
		}
		s.Close()
	}
}

// TestJiraCannotSay asks again, alone, for what Jira could not tell among many.
func TestJiraCannotSay(t *testing.T) {
	tr, _ := scripted(t, "jira cloud",
		call{method: "POST", uri: "/rest/api/3/issue/bulkfetch", body: `{"issueIdsOrKeys":["OPS-1"],"fields":["status","resolution"]}`,
			answer: `{"issues":[],"issueErrors":[{"id":"10001","errorMessage":"try again"}]}`},
		call{method: "GET", uri: "/rest/api/3/issue/OPS-1?fields=status%2Cresolution", answer: `{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"done"}}}}`})
	got, err := tr.States(t.Context(), []Ref{{Key: "OPS-1"}})
	if err != nil || !got["OPS-1"].Closed {
		t.Errorf("States() = %+v, %v; want it closed", got, err)
	}
}

// TestStrangeNames does not take for an issue's name what would fill the store, or break
// what it is shown in.
func TestStrangeNames(t *testing.T) {
	for _, name := range []string{strings.Repeat("A", 5000) + "-1", "OPS-1\\n<!channel>", "", " "} {
		for kind, answer := range map[string]string{
			"jira cloud": `{"key":"` + name + `"}`,
			Linear:       `{"data":{"teams":{"nodes":[{"id":"t"}]},"issueCreate":{"success":true,"issue":{"id":"` + name + `","identifier":"` + name + `"}}}}`,
		} {
			tr := answers(t, kind, map[string]int{}, func(*http.Request) (int, string) {
				if kind == Linear {
					return 200, answer
				}
				return 201, answer
			})
			if r, err := tr.Open(t.Context(), asked); err == nil {
				t.Errorf("%s: Open() = %.80v, want no issue of that name", kind, r)
			}
		}
	}
	tr := answers(t, GitLab, map[string]int{}, func(*http.Request) (int, string) {
		return 201, `{"iid":7,"references":{"full":"` + strings.Repeat("a", 5000) + `#7"}}`
	})
	if r, err := tr.Open(t.Context(), asked); err != nil || r.Key != "group/sub/app#7" {
		t.Errorf("GitLab: Open() = %.80v, %v", r, err)
	}
}

// TestNobodyIsMentioned breaks whatever the providers take for the name of somebody, or of
// something, and leaves other addresses as they are.
func TestNobodyIsMentioned(t *testing.T) {
	i := Issue{ID: uuid, Title: "x", Text: []string{"@octo/team (@ada) fixes octo/app#12 and https://linear.app/acme/profiles/ada or HTTPS://LINEAR.APP/acme/profiles/bob; see https://linear.app/acme/issue/ENG-1"}}
	for _, name := range []string{"@octo", "@ada", "#12", "acme/profiles/ada", "acme/profiles/bob"} {
		if got := i.markdown(i.signature()); strings.Contains(got, name) {
			t.Errorf("%q is named in %q", name, got)
		}
	}
	if got := i.markdown(i.signature()); !strings.Contains(got, "https://linear.app/acme/issue/ENG-1") {
		t.Errorf("an address is not whole in %q", got)
	}
	if got := mentionNobody("closes octo/app#12 and group/app!5, says ada@example.com"); got != "closes octo/app#\u200b12 and group/app!\u200b5, says ada@example.com" {
		t.Errorf("a title is %q", got)
	}
}
