package tracker

import (
	"strings"
	"testing"
	"time"
)

// TestOpen opens an issue by each provider's own call, and is told its key and page.
func TestOpen(t *testing.T) {
	const text = `From INC-4, \\*checkout\\* is down; see https://git.example/a_b_c and @` + "\u200b" + `ada, \\[x\\](y).\n\n/` + "\u200b" + `close \\- not a list\n\n`
	const title = "load the roots weekly, @\u200bhere #\u200b12"
	document := `{"type":"doc","version":1,"content":[
		{"type":"paragraph","content":[{"type":"text","text":"From INC-4, *checkout* is down; see "},
			{"type":"text","text":"https://git.example/a_b_c","marks":[{"type":"link","attrs":{"href":"https://git.example/a_b_c"}}]},
			{"type":"text","text":" and @ada, [x](y)."}]},
		{"type":"paragraph","content":[{"type":"text","text":"/close - not a list"}]},
		{"type":"paragraph","content":[{"type":"text","text":"Stormbell ` + uuid + `"}]}]}`
	wiki := `From INC\\-4, \\*checkout\\* is down; see https://git.example/a_b_c and \\@ada, \\[x\\](y).\n\n/close \\- not a list\n\nStormbell ` + uuid
	for _, test := range []struct {
		kind  string
		calls []call
		want  Ref
	}{
		{GitHub, []call{{method: "POST", uri: "/api/v3/repos/octo/app/issues", status: 201,
			header: map[string]string{"Authorization": "Bearer " + token, "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28",
				"User-Agent": "Stormbell", "Content-Type": "application/json"},
			body:   `{"title":"` + title + `","body":"` + text + `<!-- stormbell ` + uuid + ` -->"}`,
			answer: `{"number":12,"html_url":"https://github.example/octo/app/issues/12","state":"open"}`}},
			Ref{Key: "octo/app#12", URL: "https://github.example/octo/app/issues/12"}},
		{GitLab, []call{{method: "POST", uri: "/api/v4/projects/group%2Fsub%2Fapp/issues", status: 201,
			header: map[string]string{"Private-Token": token, "Authorization": ""},
			body:   `{"title":"` + title + `","description":"` + text + `<!-- stormbell ` + uuid + ` -->"}`,
			answer: `{"iid":7,"id":1007,"state":"opened","web_url":"https://gitlab.example/group/sub/app/-/issues/7","references":{"full":"group/sub/app#7"}}`}},
			Ref{Key: "group/sub/app#7", URL: "https://gitlab.example/group/sub/app/-/issues/7"}},
		{"jira cloud", []call{{method: "POST", uri: "/rest/api/3/issue", status: 201,
			header: map[string]string{"Authorization": "Basic Ym90QGV4YW1wbGUuY29tOnRvay0zbi1zM2NyZXQ="},
			body: `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Task"},"summary":"load the roots weekly, @here #12","description":` +
				document + `}}`,
			answer: `{"id":"10001","key":"OPS-31","self":"https://x.example/rest/api/3/issue/10001"}`}},
			Ref{Key: "OPS-31", URL: "BASE/browse/OPS-31"}},
		{Jira, []call{{method: "POST", uri: "/rest/api/2/issue", status: 201,
			header: map[string]string{"Authorization": "Bearer " + token},
			body: `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Bug"},"summary":"load the roots weekly, @here #12","description":"` +
				wiki + `"}}`,
			answer: `{"id":"10001","key":"OPS-31"}`}},
			Ref{Key: "OPS-31", URL: "BASE/browse/OPS-31"}},
		{Linear, []call{
			{method: "POST", uri: "/", header: map[string]string{"Authorization": "Bearer " + token},
				body:   `{"query":"query Team($key: String!) { teams(filter: { key: { eqIgnoreCase: $key } }, first: 2) { nodes { id } } }","variables":{"key":"ENG"}}`,
				answer: `{"data":{"teams":{"nodes":[{"id":"team-1"}]}}}`},
			{method: "POST", uri: "/",
				body: `{"query":"mutation Open($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier url } } }",
				"variables":{"input":{"id":"` + uuid + `","teamId":"team-1","title":"load the roots weekly, @here #12","description":"` + text + `Stormbell ` + uuid + `"}}}`,
				answer: `{"data":{"issueCreate":{"success":true,"issue":{"id":"` + uuid + `","identifier":"ENG-9","url":"https://linear.app/x/issue/ENG-9/y"}}}}`}},
			Ref{Key: "ENG-9", ID: uuid, URL: "https://linear.app/x/issue/ENG-9/y"}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			tr, s := scripted(t, test.kind, test.calls...)
			got, err := tr.Open(t.Context(), asked)
			test.want.URL = strings.Replace(test.want.URL, "BASE", s.URL, 1)
			if err != nil || got != test.want {
				t.Errorf("Open() = %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

// TestLong cuts what providers would refuse.
func TestLong(t *testing.T) {
	i := Issue{ID: uuid, Title: strings.Repeat("ä", 400), Text: []string{strings.Repeat("x", 30_000)}}
	if got := len([]rune(i.title())); got > 250 {
		t.Errorf("a title of %d characters", got)
	}
	if got := len(i.markdown(i.comment())); got > 21_000 || !strings.HasSuffix(i.markdown(i.comment()), i.comment()) {
		t.Errorf("a text of %d characters, or without its ID", got)
	}
}

// TestFind finds what was opened before by its ID, newest first, and nothing else.
func TestFind(t *testing.T) {
	since := time.Now().Add(-time.Hour)
	day := since.UTC().Format(time.RFC3339)
	mark := `text <!-- stormbell ` + uuid + ` -->`
	hundred := "[" + strings.TrimSuffix(strings.Repeat(`{"number":1,"body":null,"created_at":"2999-01-01T00:00:00Z"},`, 100), ",") + "]"
	const github = "/api/v3/repos/octo/app/issues?direction=desc&page=%&per_page=100&sort=created&state=all"
	jql := func(answer string, page string) call {
		return call{method: "POST", uri: "/rest/api/3/search/jql", answer: answer,
			body: `{"fields":["description"],"jql":"project = \"OPS\" AND created >= -65m ORDER BY created DESC","maxResults":100` + page + `}`}
	}
	for _, test := range []struct {
		name, kind string
		calls      []call
		want       string
	}{
		{"on the second page", GitHub, []call{
			{method: "GET", uri: strings.Replace(github, "%", "1", 1), answer: hundred},
			{method: "GET", uri: strings.Replace(github, "%", "2", 1), answer: `[{"number":3,"body":"` + mark + `"}]`}}, "octo/app#3"},
		{"not at all", GitHub, []call{{method: "GET", uri: strings.Replace(github, "%", "1", 1), answer: `[{"number":3,"body":"another"}]`}}, ""},
		{"there", GitLab, []call{{method: "GET", uri: "/api/v4/projects/group%2Fsub%2Fapp/issues?created_after=" + strings.ReplaceAll(day, ":", "%3A") +
			"&order_by=created_at&page=1&per_page=100&scope=all&sort=desc", answer: `[{"iid":3,"description":"` + mark + `"}]`}}, "group/sub/app#3"},
		{"on the second page", "jira cloud", []call{
			jql(`{"issues":[{"key":"OPS-1","fields":{"description":null}}],"nextPageToken":"abc"}`, ""),
			jql(`{"issues":[{"key":"OPS-2","fields":{"description":{"type":"doc","content":[{"text":"Stormbell `+uuid+`"}]}}}]}`, `,"nextPageToken":"abc"`)}, "OPS-2"},
		{"there", Jira, []call{{method: "POST", uri: "/rest/api/2/search", answer: `{"issues":[{"key":"OPS-2","fields":{"description":"Stormbell ` + uuid + `"}}]}`,
			body: `{"fields":["description"],"jql":"project = \"OPS\" AND created >= -65m ORDER BY created DESC","maxResults":100}`}}, "OPS-2"},
		{"there", Linear, []call{{method: "POST", uri: "/", answer: `{"data":{"issues":{"nodes":[{"id":"` + uuid + `","identifier":"ENG-2"}]}}}`,
			body: `{"query":"query Issues($ids: [ID!]!) { issues(filter: { id: { in: $ids } }, first: 100, includeArchived: true) { nodes { id identifier url trashed state { name type } } } }","variables":{"ids":["` + uuid + `"]}}`}}, "ENG-2"},
	} {
		t.Run(test.kind+" "+test.name, func(t *testing.T) {
			tr, _ := scripted(t, test.kind, test.calls...)
			got, found, err := tr.Find(t.Context(), uuid, since)
			if err != nil || found != (test.want != "") || got.Key != test.want {
				t.Errorf("Find() = %+v, %v, %v; want %q", got, found, err, test.want)
			}
		})
	}
}
