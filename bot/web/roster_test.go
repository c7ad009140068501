package web

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stormbell/stormbell/bot/oncall"
)

// grown is a roster of that many weekly rotations.
func grown(rotations int) string {
	var b strings.Builder
	b.WriteString("people:\n  - {id: ada, name: Ada, slack: U0ADA}\n  - {id: bob, name: Bob, slack: U0BOB}\nrotations:\n")
	for n := range rotations {
		fmt.Fprintf(&b, "  - {id: r%05d, time_zone: Europe/Berlin, layers: [{id: weekly, people: [ada, bob], start: 2026-01-05T09:00, every: {weeks: 1}}]}\n", n)
	}
	return b.String()
}

func TestRosterRoundTrip(t *testing.T) {
	w := newWorld(t)
	resp, first := w.send(t, get("/v1/roster").admin())
	if resp.StatusCode != http.StatusOK || resp.Header.Get("ETag") != `"1"` || resp.Header.Get("Content-Type") != "application/yaml; charset=utf-8" {
		t.Fatalf("GET /v1/roster = %d %v; want 200, version 1, YAML", resp.StatusCode, resp.Header)
	}
	var out applied
	w.want(t, post("/v1/roster", first).admin(), http.StatusOK, &out)
	if diff := cmp.Diff(applied{Version: 1, Plan: []string{"nothing would change"}, Findings: []string{}}, out); diff != "" {
		t.Errorf("applying what was exported (-want +got):\n%s", diff)
	}
	next := strings.Replace(first, "people:\n", "people:\n  - {id: zoe, name: Zoe, slack: U0ZOE}\n", 1)
	w.want(t, post("/v1/roster?plan=1", next).admin(), http.StatusOK, &out)
	if out.Version != 1 || out.Changed || !strings.Contains(strings.Join(out.Plan, "\n"), "person zoe would be added") {
		t.Errorf("plan = %+v; want zoe and no change", out)
	}
	w.want(t, post("/v1/roster?why=Zoe+joins&as=ada", next).admin().with("If-Match", `"1"`), http.StatusOK, &out)
	if out.Version != 2 || !out.Changed {
		t.Errorf("apply = %+v; want version 2", out)
	}
	if again := w.want(t, post("/v1/roster", next).admin().with("If-Match", `"1"`), http.StatusPreconditionFailed, nil); !strings.Contains(again, "version 2 is current, and this was made from version 1") {
		t.Errorf("apply from an old version: %s; want both versions", again)
	}
	if old := w.want(t, get("/v1/roster?version=1").admin(), http.StatusOK, nil); old != first {
		t.Errorf("version 1 is another one now:\n%s", cmp.Diff(first, old))
	}
	var history struct{ History []oncall.Change }
	w.want(t, get("/v1/roster/history").admin(), http.StatusOK, &history)
	if h := history.History; len(h) != 2 || h[0].Why != "Zoe joins" || h[0].Version != 2 || h[0].By == "" || h[0].Kind != oncall.ChangeApplied {
		t.Errorf("history = %+v; want version 2 with who and why, and version 1", h)
	}
}

// TestRosterTwice holds that a request whose answer got lost is done once.
func TestRosterTwice(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		w.want(t, post("/v1/roster", grown(2)).admin().with("Idempotency-Key", "k1"), http.StatusOK, nil)
	}
	if v := w.people.Current().Version; v != 2 {
		t.Errorf("version %d holds after one request that came twice; want 2", v)
	}
}

// TestRosterKeepsComments: what was applied comes back as it was, and a file in
// which only a comment differs is kept, too.
func TestRosterKeepsComments(t *testing.T) {
	w := newWorld(t)
	first := "# Who is on call.\n" + grown(1)
	w.want(t, post("/v1/roster", first).admin(), http.StatusOK, nil)
	if got := w.want(t, get("/v1/roster").admin(), http.StatusOK, nil); got != first {
		t.Errorf("GET /v1/roster = %q; want what was applied, %q", got, first)
	}
	for _, tt := range []struct {
		body    string
		changed bool
		plan    string
	}{{first, false, "nothing would change"}, {"# Reviewed.\n" + first, true, OnlyComments}} {
		var planned, out applied
		w.want(t, post("/v1/roster?plan=1", tt.body).admin(), http.StatusOK, &planned)
		w.want(t, post("/v1/roster", tt.body).admin(), http.StatusOK, &out)
		if out.Changed != tt.changed || len(out.Plan) != 1 || out.Plan[0] != tt.plan || planned.Plan[0] != tt.plan {
			t.Errorf("apply %.20q = %+v, planned %q; want changed %v and %q", tt.body, out, planned.Plan, tt.changed, tt.plan)
		}
	}
}

func TestRosterRefuses(t *testing.T) {
	tests := []struct {
		name   string
		r      request
		status int
		want   string
	}{
		{"no token", get("/v1/roster"), http.StatusUnauthorized, "error"},
		{"no body", post("/v1/roster", " \n").admin(), http.StatusBadRequest, "There is no roster in the body."},
		{"no YAML", post("/v1/roster", "{{{").admin(), http.StatusUnprocessableEntity, "Nothing was changed."},
		{"another kind of file", post("/v1/roster", `{"title": "x"}`).admin(), http.StatusUnprocessableEntity, "title"},
		{"all problems at once", post("/v1/roster", "people:\n  - {id: ada, slack: no}\n  - {id: bob, phone: \"0171\"}\n").admin(), http.StatusUnprocessableEntity, "line 3: person bob"},
		{"a phone number is not repeated", post("/v1/roster", "people:\n  - {id: bob, phone: \"0171999\"}\n").admin(), http.StatusUnprocessableEntity, "international form"},
		{"a version that is none", get("/v1/roster?version=x").admin(), http.StatusBadRequest, "version must be a number"},
		{"a version that is not", get("/v1/roster?version=99").admin(), http.StatusNotFound, "There is no version 99"},
		{"a match that is none", post("/v1/roster", grown(1)).admin().with("If-Match", "abc"), http.StatusBadRequest, "If-Match must be a version"},
		{"plan that is neither", post("/v1/roster?plan=maybe", grown(1)).admin(), http.StatusBadRequest, "plan must be true or false"},
		{"too large", post("/v1/roster", strings.Repeat("#", maxRoster+1)).admin(), http.StatusRequestEntityTooLarge, "over 16777216 bytes"},
		{"comments only", post("/v1/roster", "# nothing\n").admin(), http.StatusUnprocessableEntity, "there is nothing in it"},
		{"a limit that is none", get("/v1/roster/history?limit=0").admin(), http.StatusBadRequest, "limit must be"},
	}
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := w.want(t, tt.r, tt.status, nil)
			if !strings.Contains(body, tt.want) || strings.Contains(body, "0171999") {
				t.Errorf("%s %s = %s; want %q", tt.r.method, tt.r.path, body, tt.want)
			}
		})
	}
	if v := w.people.Current().Version; v != 1 {
		t.Errorf("version %d holds after refusals only; want 1", v)
	}
}

// TestLargeRoster applies ten thousand rotations, in pieces, and reads them back.
func TestLargeRoster(t *testing.T) {
	if os.Getenv("EVERY_CASE") == "" {
		t.Skip("it takes seconds, and runs in CI; run it with EVERY_CASE=1")
	}
	w := newWorld(t)
	start := time.Now()
	var out applied
	w.want(t, post("/v1/roster", grown(10_000)).admin(), http.StatusOK, &out)
	took := time.Since(start)
	text := w.want(t, get("/v1/roster").admin(), http.StatusOK, nil)
	if n := strings.Count(text, "id: r0"); out.Version != 2 || n != 10_000 {
		t.Errorf("version %d with %d rotations; want 2 with 10000", out.Version, n)
	}
	t.Logf("10,000 rotations applied in %s", took.Round(time.Millisecond))
}
