package web

import (
	"strings"
	"testing"
)

// TestFollowUps lists follow-ups and acts on them, and says of what is refused whether
// it does not exist, cannot be followed, or cannot be done now.
func TestFollowUps(t *testing.T) {
	w := newWorld(t)
	w.want(t, post("/v1/incidents", `{"title":"Card payments fail","service":"checkout"}`).admin(), 201, nil)
	w.want(t, post("/v1/incidents", `{"title":"Search is slow","service":"search"}`).admin(), 201, nil)
	for _, name := range []string{"INC-1", "INC-2"} {
		w.want(t, post("/v1/incidents/"+name+"/mitigate", `{"text":"rollback"}`).admin(), 200, nil)
	}
	names := func(query string, status int) string {
		t.Helper()
		var list listedFollowUps
		w.want(t, get("/v1/followups"+query).admin(), status, &list)
		var ids []string
		for _, f := range list.FollowUps {
			ids = append(ids, f.ID+" "+f.State)
		}
		return strings.Join(append(ids, list.More), " ")
	}
	for query, want := range map[string]string{
		"": "INC-1-F1 open INC-2-F1 open ", "?limit=1": "INC-1-F1 open INC-1-F1", "?limit=1&before=INC-1-F1": "INC-2-F1 open ",
		"?incident=INC-2": "INC-2-F1 open ", "?overdue": "", "?overdue=false&all": "INC-2-F1 open INC-1-F1 open ", "?person=ada": "",
	} {
		if got := names(query, 200); got != want {
			t.Errorf("GET /v1/followups%s: %q, want %q", query, got, want)
		}
	}
	for query, status := range map[string]int{"?team=nobody": 422, "?person=nobody": 422, "?limit=0": 400, "?who=ada": 400, "?incident=x": 400, "?before=INC-9-F1": 422, "?overdue=x": 400} {
		w.want(t, get("/v1/followups"+query).admin(), status, nil)
	}
	w.want(t, get("/v1/followups").sender(), 401, nil)
	for _, x := range []struct {
		path, body string
		status     int
	}{
		{"INC-1-F1/done", "", 422}, {"INC-1-F1/done", `{"text":" "}`, 422}, {"INC-1-F9/done", `{"text":"x"}`, 404}, {"INC-9-F1/done", `{"text":"x"}`, 404},
		{"INC-1/done", `{"text":"x"}`, 404}, {"INC-1-F1/finish", `{"text":"x"}`, 404}, {"INC-1-F1/done", `{"texts":"x"}`, 400},
		{"INC-1-F1/date", `{"due":"soon","text":"x"}`, 422}, {"INC-1-F1/date", `{"due":"10d"}`, 422}, {"INC-1-F1/date", `{"due":"10d","text":"it waits"}`, 200},
		{"INC-1-F1/owner", `{}`, 422}, {"INC-1-F1/owner", `{"person":"nobody"}`, 422}, {"INC-1-F1/owner", `{"team":"nobody"}`, 422}, {"INC-1-F1/owner", `{"person":"ada"}`, 200},
		{"INC-1-F1/done", `{"as":"ada","text":"https://git.example/431"}`, 200}, {"INC-1-F1/drop", `{"text":"no"}`, 409}, {"INC-2-F1/drop", `{"text":"it goes in March"}`, 200},
	} {
		w.want(t, post("/v1/followups/"+x.path, x.body).admin(), x.status, nil)
	}
	same := post("/v1/followups/INC-1-F1/done", `{"text":"again"}`).admin().with("Idempotency-Key", "k")
	w.want(t, same, 409, nil)
	var one shownFollowUp
	w.want(t, get("/v1/followups/inc1f1").admin(), 200, &one)
	if one.State != "done" || one.EndedBy != "person:ada" || one.Outcome != "https://git.example/431" || one.Incident != "INC-1" || one.Overdue {
		t.Errorf("INC-1-F1 is %+v", one)
	}
	w.want(t, get("/v1/followups/INC-1-F7").admin(), 404, nil)
	if got := names("", 200); got != "" {
		t.Errorf("still open: %q", got)
	}
}
