package tracker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStates tells open from done, dropped and gone, in each provider's own words.
func TestStates(t *testing.T) {
	dropped := func(why string) State { return State{Closed: true, Dropped: true, Reason: why} }
	done, gone := State{Closed: true}, State{Gone: true}
	github := func(n, answer string, status int) call {
		return call{method: "GET", uri: "/api/v3/repos/octo/app/issues/" + n, answer: answer, status: status}
	}
	status := func(category, name, resolution string) string {
		return `"fields":{"status":{"name":"` + name + `","statusCategory":{"key":"` + category + `"}},"resolution":` + resolution + `}`
	}
	for _, test := range []struct {
		kind  string
		refs  []Ref
		calls []call
		want  map[string]State
	}{
		{GitHub, keys("octo/app#1", "octo/app#2", "octo/app#3", "octo/app#4", "octo/app#5", "octo/app#6", "nonsense"), []call{
			github("1", `{"state":"open"}`, 0), github("2", `{"state":"closed","state_reason":"completed"}`, 0),
			github("3", `{"state":"closed","state_reason":"not_planned"}`, 0), github("4", `{"state":"closed","state_reason":null}`, 0),
			github("5", ``, 404), github("6", `{"state":"closed","state_reason":"duplicate"}`, 0),
		}, map[string]State{"octo/app#1": {}, "octo/app#2": done, "octo/app#3": dropped("not planned"), "octo/app#4": done, "octo/app#5": gone,
			"octo/app#6": dropped("duplicate"), "nonsense": gone}},
		{GitLab, keys("group/sub/app#1", "group/sub/app#2", "group/sub/app#3", "group/sub/app#4", "group/sub/app#5"), []call{{method: "GET",
			uri: "/api/v4/projects/group%2Fsub%2Fapp/issues?iids%5B%5D=1&iids%5B%5D=2&iids%5B%5D=3&iids%5B%5D=4&iids%5B%5D=5&per_page=100&scope=all",
			answer: `[{"iid":1,"state":"opened"},{"iid":2,"state":"closed"},{"iid":4,"state":"closed","moved_to_id":77},
				{"iid":5,"state":"closed","_links":{"closed_as_duplicate_of":"https://gitlab.example/x"}}]`}},
			map[string]State{"group/sub/app#1": {}, "group/sub/app#2": done, "group/sub/app#3": gone, "group/sub/app#4": gone, "group/sub/app#5": dropped("duplicate")}},
		{"jira cloud", keys("OPS-1", "OPS-2", "OPS-3", "OPS-4"), []call{
			{method: "POST", uri: "/rest/api/3/issue/bulkfetch", body: `{"fields":["status","resolution"],"issueIdsOrKeys":["OPS-1","OPS-2","OPS-3","OPS-4"]}`,
				answer: `{"issues":[{"key":"OPS-1",` + status("indeterminate", "In Progress", "null") + `},{"key":"OPS-2",` + status("done", "Done", `{"name":"Done"}`) +
					`},{"key":"NEW-3",` + status("done", "Closed", `{"name":"Won't Do"}`) + `}],"issueErrors":[]}`},
			{method: "GET", uri: "/rest/api/3/issue/OPS-3?fields=status%2Cresolution", answer: `{"key":"NEW-3",` + status("done", "Closed", `{"name":"Won't Do"}`) + `}`},
			{method: "GET", uri: "/rest/api/3/issue/OPS-4?fields=status%2Cresolution", status: 404},
		}, map[string]State{"OPS-1": {}, "OPS-2": done, "OPS-3": dropped("Won't Do"), "OPS-4": gone}},
		{Jira, keys("OPS-1", "OPS-2"), []call{
			{method: "GET", uri: "/rest/api/2/issue/OPS-1?fields=status%2Cresolution", answer: `{"key":"OPS-1",` + status("done", "Cancelled", `{"name":"Done"}`) + `}`},
			{method: "GET", uri: "/rest/api/2/issue/OPS-2?fields=status%2Cresolution", answer: `{"key":"OPS-2",` + status("new", "Backlog", "null") + `}`},
		}, map[string]State{"OPS-1": dropped("Cancelled"), "OPS-2": {}}},
		{Linear, []Ref{{Key: "ENG-1", ID: "a"}, {Key: "ENG-2", ID: "b"}, {Key: "ENG-3", ID: "c"}, {Key: "ENG-4", ID: "d"}, {Key: "ENG-5", ID: "e"}}, []call{{method: "POST", uri: "/",
			body: `{"query":"query Issues($ids: [ID!]!) { issues(filter: { id: { in: $ids } }, first: 100, includeArchived: true) { nodes { id identifier url trashed state { name type } } } }","variables":{"ids":["a","b","c","d","e"]}}`,
			answer: `{"data":{"issues":{"nodes":[{"id":"a","identifier":"ENG-1","state":{"name":"Doing","type":"started"}},
				{"id":"b","identifier":"OTHER-7","state":{"name":"Done","type":"completed"}},{"id":"c","state":{"name":"Canceled","type":"canceled"}},
				{"id":"d","trashed":true,"state":{"type":"completed"}}]}}}`}},
			map[string]State{"ENG-1": {}, "ENG-2": done, "ENG-3": dropped("Canceled"), "ENG-4": gone, "ENG-5": gone}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			tr, _ := scripted(t, test.kind, test.calls...)
			got, err := tr.States(t.Context(), test.refs)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("States(): %v (-want +got)\n%s", err, diff)
			}
		})
	}
}

func keys(list ...string) []Ref {
	var refs []Ref
	for _, k := range list {
		refs = append(refs, Ref{Key: k})
	}
	return refs
}
