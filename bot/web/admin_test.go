package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// TestLife takes an incident from its declaration to its end without Slack.
func TestLife(t *testing.T) {
	w := newWorld(t)
	var d done
	resp, body := w.send(t, post("/v1/incidents", `{"title":"Checkout is slow","severity":"sev3","service":"checkout","details":"p99 at 4 s"}`).admin())
	if resp.StatusCode != http.StatusCreated || resp.Header.Get("Location") != "/v1/incidents/INC-1" {
		t.Fatalf("POST /v1/incidents = %d, Location %q, %s; want 201 and /v1/incidents/INC-1", resp.StatusCode, resp.Header.Get("Location"), body)
	}
	steps := []struct {
		verb, body string
		status     incident.Status
	}{
		{"ack", `{"as":"ada"}`, incident.Investigating},
		{"note", `{"as":"@ada","text":"the pool is exhausted","kind":"what"}`, incident.Investigating},
		{"sev", `{"severity":1,"text":"payments fail too"}`, incident.Investigating},
		{"rename", `{"text":"Checkout fails"}`, incident.Investigating},
		{"role", `{"role":"communicator","person":"bob"}`, incident.Investigating},
		{"mitigating", ``, incident.Mitigating},
		{"investigate", ``, incident.Investigating},
		{"mitigate", `{"text":"rollback: of 4711"}`, incident.Mitigated},
		{"resolve", `{}`, incident.Resolved},
		{"close", `{"text":"anyway the rest is in the review"}`, incident.Closed},
		{"reopen", `{"text":"it is back","as":"bob"}`, incident.Investigating},
		{"cancel", `{"text":"a false alarm"}`, incident.Cancelled},
	}
	for _, step := range steps {
		w.want(t, post("/v1/incidents/INC-1/"+step.verb, step.body).admin(), 200, &d)
		if d.Incident.Status != step.status {
			t.Errorf("%s %s: status %s, want %s", step.verb, step.body, d.Incident.Status, step.status)
		}
	}
	var s sheet
	w.want(t, get("/v1/incidents/inc-1").admin(), 200, &s)
	if s.Incident.Severity != "sev1" || s.Incident.AcknowledgedBy != "person:bob" || s.Incident.Title != "Checkout fails" || s.Team == nil || s.Team.Name != "Payments" {
		t.Errorf("GET /v1/incidents/inc-1 = %+v", s)
	}
	for _, want := range []string{"The command line declared a sev3 incident for Checkout: Checkout is slow", "The command line noted: p99 at 4 s", "Ada Okafor (by the command line) acknowledged.",
		"Ada Okafor (by the command line) took the role of commander.", "Ada Okafor (by the command line) noted (what): the pool is exhausted",
		"The command line set the severity to sev1: payments fail too", "The command line renamed it: Checkout fails", "The command line gave the role of communicator to Bob Lind.",
		"The command line mitigated it with a rollback: of 4711", "Bob Lind (by the command line) reopened it: it is back",
		"The command line cancelled it (no incident): a false alarm"} {
		found := false
		for _, e := range s.Timeline {
			found = found || e.Words == want
		}
		if !found {
			t.Errorf("timeline has no line %q: %+v", want, s.Timeline)
		}
	}
	for n, e := range s.Timeline {
		if e.Seq != n+1 {
			t.Errorf("timeline entry %d has the number %d", n, e.Seq)
		}
	}
}

func TestRepeatedRequests(t *testing.T) {
	w := newWorld(t)
	r := post("/v1/incidents", `{"title":"Checkout is slow"}`).admin().with("Idempotency-Key", "one")
	w.want(t, r, 201, nil)
	var d done
	w.want(t, r, 200, &d)
	if !d.Repeated || d.Incident.Name != "INC-1" {
		t.Errorf("the same declaration again = %+v; want INC-1, repeated", d)
	}
	w.want(t, r.with("Idempotency-Key", "two"), 201, &d)
	if d.Incident.Name != "INC-2" {
		t.Errorf("the declaration with another key = %+v; want INC-2", d)
	}
	d = done{}
	note := post("/v1/incidents/INC-2/note", `{"text":"seen"}`).admin().with("Idempotency-Key", "one")
	w.want(t, note, 200, &d)
	if d.Repeated || d.Incident.Name != "INC-2" {
		t.Errorf("another act with a key that was used = %+v; want it done", d)
	}
	w.want(t, note, 200, &d)
	_, events, err := w.desk.Timeline(t.Context(), viewer, 2)
	if err != nil {
		t.Fatal(err)
	}
	notes := 0
	for _, e := range events {
		if e.Kind == incident.KindNote {
			notes++
		}
	}
	if notes != 1 || !d.Repeated {
		t.Errorf("a note sent twice with one key is in the timeline %d times, repeated %t; want once", notes, d.Repeated)
	}
}

func TestAdminRefuses(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{`{"title":"Checkout is slow"}`, `{"title":"Search is slow","service":"search"}`, `{"title":"A secret","private":true}`} {
		w.want(t, post("/v1/incidents", body).admin(), 201, nil)
	}
	w.want(t, post("/v1/incidents/INC-1/ack", `{"as":"ada"}`).admin(), 200, nil)
	tests := []struct {
		name      string
		r         request
		status    int
		why, then string // parts of the answer
	}{
		{"no token", get("/v1/incidents"), 401, "There is no key.", "admin token"},
		{"wrong token", get("/v1/incidents").with("Authorization", "Bearer x"), 401, "The key is not known.", ""},
		{"a sender's key", get("/v1/incidents").sender(), 401, "The key is not known.", ""},
		{"the token in the address", get("/v1/incidents?key=" + adminToken), 401, "There is no key.", ""},
		{"from another site", post("/v1/incidents", `{"title":"x"}`).admin().with("Sec-Fetch-Site", "cross-site"), 403, "another site", ""},
		{"from another origin", post("/v1/incidents", `{"title":"x"}`).admin().with("Origin", "https://evil.example"), 403, "another site", ""},

		{"no incident", get("/v1/incidents/INC-9").admin(), 404, "There is no INC-9.", "list"},
		{"no incident's timeline", get("/v1/incidents/INC-9/timeline").admin(), 404, "There is no INC-9.", ""},
		{"no incident's document", get("/v1/incidents/INC-9/postmortem").admin(), 404, "There is no INC-9.", ""},
		{"act on no incident", post("/v1/incidents/INC-9/ack", "").admin(), 404, "There is no INC-9.", ""},
		{"no name", get("/v1/incidents/checkout").admin(), 404, "named INC-N", ""},
		{"a number out of range", get("/v1/incidents/INC-99999999999").admin(), 404, "named INC-N", ""},
		{"private to others", post("/v1/incidents/INC-3/ack", `{"as":"bob"}`).admin(), 404, "There is no INC-3.", ""},
		{"no verb", post("/v1/incidents/INC-1/acknowlege", "").admin(), 404, `There is no act "acknowlege".`, "There are: ack,"},
		{"nearly a verb", post("/v1/incidents/INC-1/resolv", "").admin(), 404, `There is no act "resolv".`, "Did you mean resolve?"},

		{"done already", post("/v1/incidents/INC-1/ack", `{"as":"bob"}`).admin(), 409, "INC-1 is already acknowledged by Ada Okafor (", "To help, say so in its channel."},
		{"not yet", post("/v1/incidents/INC-1/close", "").admin(), 409, "INC-1 is still investigating.", "Resolve it first."},
		{"same severity", post("/v1/incidents/INC-1/sev", `{"severity":2}`).admin(), 409, "INC-1 is already sev2.", ""},
		{"same service", post("/v1/incidents/INC-1/service", `{"service":"checkout"}`).admin(), 409, "already belongs to", ""},

		{"no title", post("/v1/incidents", `{}`).admin(), 422, "An incident needs a title.", "Say in a few words"},
		{"empty note", post("/v1/incidents/INC-1/note", `{"text":" \n"}`).admin(), 422, "The note is empty.", "Write what you saw"},
		{"no reason", post("/v1/incidents/INC-1/reopen", "").admin(), 422, "A reason is needed", ""},
		{"no severity", post("/v1/incidents/INC-1/sev", `{}`).admin(), 422, "severity is missing", ""},
		{"a severity that is none", post("/v1/incidents/INC-1/sev", `{"severity":"sev9"}`).admin(), 422, `severity is "sev9"`, ""},
		{"a severity of another type", post("/v1/incidents", `{"title":"x","severity":[1]}`).admin(), 422, `severity is "[1]"`, ""},
		{"unknown service", post("/v1/incidents/INC-1/service", `{"service":"chekout"}`).admin(), 422, `There is no service "chekout".`, "Did you mean checkout?"},
		{"no service", post("/v1/incidents/INC-1/service", `{}`).admin(), 422, "service is missing", ""},
		{"duplicate of itself", post("/v1/incidents/INC-1/duplicate", `{"into":"INC-1"}`).admin(), 422, "cannot be part of itself", ""},
		{"duplicate of none", post("/v1/incidents/INC-1/duplicate", `{"into":"INC-9"}`).admin(), 422, "There is no INC-9.", ""},
		{"duplicate of nothing", post("/v1/incidents/INC-1/duplicate", `{}`).admin(), 422, "into must name", ""},
		{"a role that is none", post("/v1/incidents/INC-1/role", `{"role":"boss","person":"ada"}`).admin(), 422, "role must be", ""},
		{"a role for nobody", post("/v1/incidents/INC-1/role", `{"role":"commander"}`).admin(), 422, "person must be", ""},
		{"a role for a stranger", post("/v1/incidents/INC-1/role", `{"role":"commander","person":"eve","as":"ada"}`).admin(), 422, "person must be", ""},
		{"a kind of note that is none", post("/v1/incidents/INC-1/note", `{"text":"x","kind":"joke"}`).admin(), 422, "kind must be", ""},

		{"no JSON", post("/v1/incidents", `title=x`).admin(), 400, "must be a JSON object", ""},
		{"a list", post("/v1/incidents", `[]`).admin(), 400, "must be a JSON object", ""},
		{"two objects", post("/v1/incidents", `{"title":"x"}{}`).admin(), 400, "more after the end", ""},
		{"a field that is none", post("/v1/incidents", `{"titel":"x"}`).admin(), 400, `There is no field "titel".`, ""},
		{"a field of another type", post("/v1/incidents", `{"title":"x","private":"yes"}`).admin(), 400, "private must be a bool, not a string.", ""},
		{"too large", post("/v1/incidents", strings.Repeat(" ", MaxBody+1)).admin(), 413, "over 1048576 bytes", ""},
		{"a key too long", post("/v1/incidents", `{"title":"x"}`).admin().with("Idempotency-Key", strings.Repeat("k", 256)), 400, "Idempotency-Key", ""},
		{"a limit that is none", get("/v1/incidents?limit=0").admin(), 400, "limit must be", ""},
		{"all and nothing", get("/v1/incidents?all=maybe").admin(), 400, "all must be", ""},
		{"a format that is none", get("/v1/incidents/INC-1/postmortem?format=pdf").admin(), 400, "format must be", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p problem
			body := w.want(t, test.r, test.status, &p)
			if !strings.Contains(p.Why, test.why) || !strings.Contains(p.Next, test.then) || strings.Contains(body, "{who}") {
				t.Errorf("%s %s %.80s = %s; want error with %q, next with %q", test.r.method, test.r.path, test.r.body, body, test.why, test.then)
			}
		})
	}
}

func TestAdminOff(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.AdminToken = "" })
	for _, r := range []request{get("/v1/incidents"), get("/v1/incidents").with("Authorization", "Bearer ")} {
		if body := w.want(t, r, 403, nil); !strings.Contains(body, "http.admin_token") {
			t.Errorf("without a token the answer is %s; want it to say how to set one", body)
		}
	}
}

// TestEveryVerb holds that each verb in an address reaches the desk and that
// each act that the desk knows has one.
func TestEveryVerb(t *testing.T) {
	bodies := map[desk.Verb]string{
		desk.NearMiss: `{"text":"x"}`, desk.FalseAlarm: `{"text":"x"}`, desk.Relate: `{"into":"INC-2"}`,
		desk.Merge: `{"into":"INC-2"}`, desk.Note: `{"text":"x"}`, desk.SetSeverity: `{"severity":"sev1"}`, desk.Rename: `{"text":"y"}`,
		desk.Reroute: `{"service":"search"}`, desk.TakeRole: `{"role":"shadow","person":"bob"}`, desk.Reopen: `{"text":"x"}`,
		snooze: `{"for":"15m"}`, reassign: `{"person":"bob"}`, desk.Object: `{"text":"x"}`,
		desk.Publish: `{"text":"x"}`, desk.SetImpact: `{"since":"2020-01-01T10:00:00Z","who":["customers"],"count":3}`,
		desk.Accept: `{"text":"x"}`, desk.NoFollowUps: `{"text":"x"}`, desk.Waive: `{"text":"x"}`, desk.Review: `{"person":"bob"}`,
		desk.Close: `{"text":"anyway it is over"}`,
		desk.Reply: `{"question":"cause","text":"x"}`,
		desk.Hide:  `{"entry":2,"text":"x"}`, desk.Retime: `{"entry":2,"at":"2020-01-01T10:00:00Z","text":"x"}`,
	}
	before := map[desk.Verb]string{desk.Close: "resolve", desk.Reopen: "resolve", unack: "ack", desk.Real: "drill",
		desk.Reply: "resolve", desk.ToReview: "resolve", desk.PublishDocument: "resolve"}
	for _, verb := range verbs {
		t.Run(string(verb), func(t *testing.T) {
			w := newWorld(t)
			w.want(t, post("/v1/incidents", `{"title":"one","details":"which is entry 2"}`).admin(), 201, nil)
			w.want(t, post("/v1/incidents", `{"title":"two"}`).admin(), 201, nil)
			if first := before[verb]; first != "" {
				w.want(t, post("/v1/incidents/1/"+first, "").admin(), 200, nil)
			}
			if verb == desk.Repeat {
				w.want(t, post("/v1/incidents/1/note", `{"text":"as before","kind":"update"}`).admin(), 200, nil)
			}
			if verb == desk.PublishDocument {
				w.want(t, post("/v1/incidents/1/mitigate", `{"how":"fix"}`).admin(), 200, nil)
				w.want(t, post("/v1/incidents/1/no-follow-ups", `{"text":"x"}`).admin(), 200, nil)
				w.want(t, post("/v1/incidents/1/postmortem-answer", `{"question":"cause","text":"x"}`).admin(), 200, nil)
			}
			if verb == desk.Object {
				w.want(t, post("/v1/incidents/1/note", `{"text":"roll back","kind":"decision"}`).admin(), 200, nil)
			}
			w.want(t, post("/v1/incidents/1/"+string(verb), bodies[verb]).admin(), 200, nil)
		})
	}
}

func TestPostmortem(t *testing.T) {
	w := newWorld(t)
	w.want(t, post("/v1/incidents", `{"title":"Checkout is slow <b>"}`).admin(), 201, nil)
	resp, body := w.send(t, get("/v1/incidents/INC-1/postmortem").admin())
	if got := resp.Header.Get("Content-Type"); got != "text/markdown; charset=utf-8" || !strings.HasPrefix(body, "# INC-1: Checkout is slow") {
		t.Errorf("GET postmortem = %s %.80s; want Markdown", got, body)
	}
	var doc struct{ Name, Title string }
	w.want(t, get("/v1/incidents/INC-1/postmortem?format=json").admin(), 200, &doc)
	if doc.Name != "INC-1" || doc.Title != "Checkout is slow <b>" {
		t.Errorf("GET postmortem?format=json = %+v", doc)
	}
}

func TestTimeline(t *testing.T) {
	w := newWorld(t)
	w.want(t, post("/v1/incidents", `{"title":"Checkout is slow"}`).admin(), 201, nil)
	var got struct {
		Name     string
		Timeline []json.RawMessage
	}
	w.want(t, get("/v1/incidents/INC-1/timeline").admin(), 200, &got)
	if got.Name != "INC-1" || len(got.Timeline) == 0 {
		t.Fatalf("GET timeline = %+v; want that of INC-1", got)
	}
	var e struct {
		Seq             int
		By, Kind, Words string
	}
	if err := json.Unmarshal(got.Timeline[0], &e); err != nil {
		t.Fatal(err)
	}
	want := struct {
		Seq             int
		By, Kind, Words string
	}{1, "admin:cli", "declared", "The command line declared a sev2 incident for Checkout (taken from the title): Checkout is slow"}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("first entry differs (-want +got):\n%s", diff)
	}
}
