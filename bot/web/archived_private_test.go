package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// privateWords are in the private incident of TestPrivateArchived, and nowhere else.
var privateWords = []string{"zebra", "quagga", "okapi", "tapir"}

// incidentReads are all addresses that show something of incidents, of which INC-2 is private;
// what stands behind it changes with the incident that is named.
var incidentReads = []string{
	"/v1/incidents?all=true", "/v1/incidents", "/v1/incidents?all=true&search=zebra", "/v1/incidents?all=true&search=quagga", "/v1/incidents?all=true&search=checkout+zebra",
	"/v1/incidents?all=true&status=closed&service=checkout&severity=sev1", "/v1/incidents?all=true&limit=1", "/v1/incidents?all=true&before=INC-3",
	"/v1/incidents/INC-2", "/v1/incidents/INC-2/timeline", "/v1/incidents/INC-2/files", "/v1/incidents/INC-2/files/1/1", "/v1/incidents/INC-2/why",
	"/v1/incidents/INC-2/postmortem", "/v1/incidents/INC-2/postmortem?format=html", "/v1/incidents/INC-2/postmortem?format=json", "/v1/incidents/INC-2/postmortem?format=bundle",
	"/v1/incidents/INC-2/postmortem?version=draft", "/v1/incidents/INC-2/postmortem?version=1", "/v1/incidents/INC-2/postmortem?public=true",
	"/v1/followups?all=true", "/v1/followups", "/v1/followups?incident=INC-2&all=true", "/v1/followups?person=ada&all=true", "/v1/followups/INC-2-F1",
	"/v1/alerts?incident=INC-2",
	"/v1/report?from=FROM&to=TO", "/v1/report/incidents?from=FROM&to=TO&mean=true", "/v1/report/services?from=FROM&to=TO", "/v1/report/alerts?from=FROM&to=TO", "/v1/report/promises?from=FROM&to=TO", "/v1/report/followups?from=FROM&to=TO",
	"/v1/oncall/report?from=FROM&to=TO", "/v1/oncall/report?from=FROM&to=TO&person=ada", "/v1/audit?person=ada", "/v1/audit?incident=INC-2",
}

// noIncidents are the addresses for operators that show nothing of one incident.
var noIncidents = []string{"/v1/keys", "/v1/silences", "/v1/maintenance", "/v1/heartbeats", "/v1/roster", "/v1/roster/history", "/v1/oncall/topics",
	"/v1/oncall/tests/{id}", "/v1/backup", "/v1/backup/state", "/v1/archive/state"}

// TestPrivateArchived: over HTTP a private incident that lies in an archive file, or in one that
// is missing, gives away as much as one in the store: nothing to whoever has no token, nor to who
// may not see it in whose name somebody acts. Whoever has the token is shown it to the byte as
// before.
func TestPrivateArchived(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.apply(t, strings.Replace(rosterText, "teams:", "  - {id: mal, name: Mal Reed, slack: U03MAL}\nteams:", 1))
		w.threeEnded(t)
		time.Sleep(367 * 24 * time.Hour)

		w.coversEveryRead(t)
		shown := w.shownTo(t, request.admin)
		if !strings.Contains(shown["GET /v1/incidents/INC-2/timeline"], "quagga") || !strings.Contains(shown["GET /v1/incidents/INC-2/postmortem"], "zebra") ||
			!strings.Contains(shown["GET /v1/incidents/INC-2/postmortem?version=1"], "zebra") || !strings.Contains(shown["GET /v1/followups/INC-2-F1"], "okapi") {
			t.Fatalf("there is nothing to be hidden: %v", shown)
		}
		before := w.shownToOthers(t)
		look := func(what string) {
			t.Helper()
			now := w.shownToOthers(t)
			if diff := cmp.Diff(before, now); diff != "" {
				t.Errorf("%s, others are shown (-in the store +now):\n%s", what, diff)
			}
			for asked, answer := range now {
				tells := slices.ContainsFunc(privateWords, func(word string) bool { return strings.Contains(strings.ToLower(answer), word) })
				if tells || strings.Contains(answer, "INC-2") && !strings.Contains(answer, "There is no INC-2") {
					t.Errorf("%s, %s tells %s", what, asked, answer)
				}
			}
			for _, path := range []string{"/metrics", "/readyz"} { // which say of how much there is, at any moment
				if _, body := w.send(t, get(path)); strings.Contains(body, "INC-2") || strings.Contains(body, "zebra") {
					t.Errorf("%s, %s tells %s", what, path, body)
				}
			}
			w.likeNone(t, what)
		}
		look("in the store")
		var done struct{ Incidents int }
		w.want(t, post("/v1/archive", `{}`).admin(), 200, &done)
		if done.Incidents != 3 {
			t.Fatalf("%d are archived: %s", done.Incidents, w.want(t, post("/v1/archive", `{"dry_run":true}`).admin(), 200, nil))
		}
		if diff := cmp.Diff(shown, w.shownTo(t, request.admin)); diff != "" {
			t.Errorf("who has the token is shown (-in the store +archived):\n%s", diff)
		}
		look("archived")
		files, err := filepath.Glob(w.shelf.Path() + "/*.archive")
		if err != nil || len(files) != 1 {
			t.Fatalf("there are %v, %v", files, err)
		}
		if err := os.Rename(files[0], files[0]+".away"); err != nil {
			t.Fatal(err)
		}
		look("without the file")
		if w.want(t, get("/v1/incidents/INC-2/timeline").admin(), 404, nil); !strings.Contains(w.want(t, get("/v1/archive/state").admin(), 200, nil), "files") {
			t.Error("nothing is said of the files")
		}
	})
}

// threeEnded has three incidents that ended, the second of them private, with nothing left to do,
// and a fourth one that goes on.
func (w *world) threeEnded(t *testing.T) {
	t.Helper()
	for n, body := range []string{`{"title":"Checkout is slow","as":"ada"}`, `{"title":"Checkout leaks zebra keys","private":true,"severity":"sev1","service":"checkout","as":"ada"}`, `{"title":"Checkout is slow again","as":"ada"}`} {
		w.want(t, post("/v1/incidents", body).admin(), 201, nil)
		acts := []struct{ verb, body string }{{"ack", `{"as":"ada"}`}, {"note", `{"as":"ada","text":"it is seen"}`}, {"resolve", `{"as":"ada","how":"fix","text":"it is caught"}`}, {"postmortem-waived", `{"as":"ada","text":"a test"}`}}
		if n == 1 {
			acts = []struct{ verb, body string }{{"ack", `{"as":"ada"}`}, {"note", `{"as":"ada","text":"the quagga is loose"}`}, {"resolve", `{"as":"ada","how":"fix","text":"the tapir is caught"}`}, {"postmortem-answer", `{"as":"ada","question":"cause","text":"zebras"}`}, {"postmortem-publish", `{"as":"ada","text":"all is known"}`}}
			if _, _, err := w.desk.OpenFollowUp(t.Context(), desk.Caller{Actor: incident.Person("ada")}, 2, incident.FollowUp{Title: "Find the okapi"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, a := range acts {
			w.want(t, post(fmt.Sprintf("/v1/incidents/INC-%d/%s", n+1, a.verb), a.body).admin(), 200, nil)
			time.Sleep(time.Minute)
		}
	}
	var open struct {
		FollowUps []struct{ ID string } `json:"follow_ups"`
	}
	w.want(t, get("/v1/followups").admin(), 200, &open)
	for _, f := range open.FollowUps {
		w.want(t, post("/v1/followups/"+f.ID+"/done", `{"as":"ada","text":"https://git.example/1"}`).admin(), 200, nil)
	}
	for n := range 3 {
		if resp, body := w.send(t, post(fmt.Sprintf("/v1/incidents/INC-%d/close", n+1), `{"as":"ada","text":"anyway it is a test"}`).admin()); resp.StatusCode != 200 && !strings.Contains(body, "closed") {
			t.Fatalf("close INC-%d: %s", n+1, body)
		}
	}
	w.want(t, post("/v1/incidents", `{"title":"Search is slow","service":"search","severity":"sev4","as":"ada"}`).admin(), 201, nil)
	var left []string // to be done in Slack, where nobody is
	err := w.ledger.View(t.Context(), func(tx *storage.Tx) error {
		for _, prefix := range []string{"outbox/", "stale/"} {
			for key := range tx.Scan(prefix) {
				left = append(left, key)
			}
		}
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(left, 100) {
		if err := w.ledger.Discard(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
}

// at puts a period into an address in which the incidents were declared.
func at(path string) string {
	now := time.Now().UTC()
	return strings.NewReplacer("FROM", now.AddDate(0, 0, -380).Format(time.RFC3339), "TO", now.AddDate(0, 0, -360).Format(time.RFC3339)).Replace(path)
}

// shownTo is what is answered at every address that shows incidents: the status, the headers and
// the body.
func (w *world) shownTo(t *testing.T, as func(request) request) map[string]string {
	t.Helper()
	shown := map[string]string{}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, path := range incidentReads {
			if method == http.MethodGet && strings.HasPrefix(path, "/v1/audit") {
				continue // which says of each look that it was taken
			}
			resp, body := w.send(t, as(request{method: method, path: at(path)}))
			resp.Header.Del("Date")
			if method == http.MethodHead {
				body = ""
			}
			shown[method+" "+path] = fmt.Sprint(resp.StatusCode, resp.Header, " ", body)
		}
	}
	return shown
}

// shownToOthers is what those are answered who may not see a private incident.
func (w *world) shownToOthers(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for who, as := range map[string]func(request) request{
		"nobody":             func(r request) request { return r },
		"who guesses":        func(r request) request { return r.with("Authorization", "Bearer x") },
		"a sender of alerts": request.sender,
	} {
		for asked, answer := range w.shownTo(t, as) {
			all[asked+" by "+who] = answer
		}
	}
	maps.Copy(all, w.actsOn(t, "INC-2"))
	return all
}

// actsOn is what is answered when somebody who may not see an incident does something to it.
func (w *world) actsOn(t *testing.T, name string) map[string]string {
	t.Helper()
	const body = `{"as":"mal","text":"what is this","severity":"sev2","service":"checkout","role":"responder","person":"mal","for":"15m","into":"%s","entry":1,"at":"14:05","how":"fix","since":"14:05","question":"why"}`
	all := map[string]string{}
	act := func(what string, r request) {
		resp, text := w.send(t, r.admin())
		all[what] = fmt.Sprint(resp.StatusCode, " ", text)
	}
	for _, verb := range Verbs() {
		act(verb, post("/v1/incidents/"+name+"/"+verb, fmt.Sprintf(body, "INC-1")))
	}
	for _, verb := range []string{"duplicate", "related"} {
		act(verb+" into it", post("/v1/incidents/INC-4/"+verb, fmt.Sprintf(body, name)))
	}
	for _, verb := range FollowUpVerbs() {
		fields := map[string]string{"date": `"due":"2030-01-01"`, "owner": `"person":"mal"`}
		more := ""
		if f := fields[verb]; f != "" {
			more = "," + f
		}
		act("follow-up "+verb, post("/v1/followups/"+name+"-F1/"+verb, `{"as":"mal","text":"what is this"`+more+`}`))
	}
	return all
}

// likeNone looks whether the private incident is answered like one that there is not.
func (w *world) likeNone(t *testing.T, what string) {
	t.Helper()
	none := w.actsOn(t, "INC-99")
	for act, answer := range w.actsOn(t, "INC-2") {
		if want := strings.ReplaceAll(none[act], "INC-99", "INC-2"); answer != want {
			t.Errorf("%s, %s by who may not see it: %s, and of one that there is not %s", what, act, answer, want)
		}
		if !strings.HasPrefix(answer, "4") {
			t.Errorf("%s, %s by who may not see it is done: %s", what, act, answer)
		}
	}
}

// coversEveryRead looks whether each address that shows something to operators is looked at.
func (w *world) coversEveryRead(t *testing.T) {
	t.Helper()
	mux, looked := w.routes(), map[string]bool{}
	for _, path := range incidentReads {
		_, pattern := mux.Handler(httptest.NewRequest(http.MethodGet, at(path), nil))
		looked[pattern] = true
	}
	for _, r := range w.table() {
		if r.Method == http.MethodGet && r.Who == operators && !looked["GET "+r.Path] && !slices.Contains(noIncidents, r.Path) {
			t.Errorf("%s: is a private incident seen there?", r.Path)
		}
	}
}
