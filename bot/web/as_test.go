package web

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestAsIsAPerson holds that whoever acts in somebody's name names a person of the
// roster. A word that is nobody's must not become a person who cannot be asked.
func TestAsIsAPerson(t *testing.T) {
	tests := []struct{ as, why, next string }{
		{"adda", `There is no person "adda" in the roster.`, "Did you mean ada?"},
		{"Bob Lint", `There is no person "Bob Lint" in the roster.`, "Did you mean Bob Lind?"},
		{"somebody from the night shift", "in the roster.", "ID or name"},
		{"bot", `"bot" is a word of Stormbell's own`, "Leave it out"},
		{"@Everyone", `"Everyone" is a word of Stormbell's own`, ""},
		{"STORMBELL", `"STORMBELL" is a word of Stormbell's own`, ""},
	}
	for _, test := range tests {
		w := newWorld(t)
		w.want(t, post("/v1/incidents", `{"title":"Checkout is slow"}`).admin(), 201, nil)
		for _, r := range []request{
			post("/v1/incidents", `{"title":"Search is slow","as":"`+test.as+`"}`),
			post("/v1/incidents/INC-1/ack", `{"as":"`+test.as+`"}`),
			post("/v1/incidents/INC-1/note", `{"text":"x","as":"`+test.as+`"}`),
			post("/v1/incidents/INC-1/escalate", `{"as":"`+test.as+`"}`),
			post("/v1/oncall/tests", `{"person":"ada","as":"`+test.as+`"}`),
			post("/v1/roster?as="+strings.ReplaceAll(test.as, " ", "+"), rosterText+"\n# another\n"),
		} {
			var p problem
			body := w.want(t, r.admin(), 422, &p)
			if !strings.Contains(p.Why, test.why) || !strings.Contains(p.Next, test.next) || len(p.Fields) != 1 || p.Fields[0].Field != "as" {
				t.Errorf("%s as %q = %s; want error with %q, next with %q, the field as", r.path, test.as, body, test.why, test.next)
			}
		}
		i, events, err := w.desk.Timeline(t.Context(), viewer, 1)
		if err != nil || i.AcknowledgedBy != "" || len(events) != i.Events || w.people.RosterVersion() != 1 {
			t.Errorf("as %q: acknowledged by %q, roster version %d; want nothing done", test.as, i.AcknowledgedBy, w.people.RosterVersion())
		}
	}
	w := newWorld(t)
	for n, as := range []string{"ada", "@ada", "ADA", "Ada Okafor", " ada okafor "} {
		w.want(t, post("/v1/incidents", `{"title":"Checkout is slow","as":"`+as+`"}`).admin(), 201, nil)
		i, _, err := w.desk.Timeline(t.Context(), viewer, n+1)
		if err != nil || i.DeclaredBy != "person:ada" {
			t.Errorf("declared as %q: by %s, %v; want person:ada", as, i.DeclaredBy, err)
		}
	}
}

// TestAsAPersonOfTwo refuses a name that two people have.
func TestAsAPersonOfTwo(t *testing.T) {
	w := newWorld(t)
	r, err := rotation.Parse("roster.yaml", []byte(strings.Replace(rosterText, "teams:", "  - {id: ada2, name: Ada Okafor, slack: U09ADA}\n  - {id: max, name: bob}\nteams:", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.people.ApplyRoster(t.Context(), r, incident.Bot, ""); err != nil {
		t.Fatal(err)
	}
	var p problem
	w.want(t, post("/v1/incidents", `{"title":"x","as":"Ada Okafor"}`).admin(), 422, &p)
	if p.Why != `2 people of the roster are called "Ada Okafor".` || !strings.Contains(p.Next, "ada, ada2") {
		t.Errorf("as a name of two = %+v; want both IDs", p)
	}
	w.want(t, post("/v1/incidents", `{"title":"x","as":"bob"}`).admin(), 201, nil)
	if i, _, _ := w.desk.Timeline(t.Context(), viewer, 1); i.DeclaredBy != "person:bob" {
		t.Errorf("as bob, an ID and somebody else's name = %s, want the one with the ID", i.DeclaredBy)
	}
}

// TestThroughTheAdminAPI holds that the timeline tells what a person did from what
// was done in their name with the admin token.
func TestThroughTheAdminAPI(t *testing.T) {
	w := newWorld(t)
	w.want(t, post("/v1/incidents", `{"title":"Checkout is slow","as":"bob"}`).admin(), 201, nil)
	w.want(t, post("/v1/incidents/INC-1/escalate", `{"as":"ada"}`).admin(), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/ack", `{"as":"ada"}`).admin(), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/snooze", `{"as":"ada","for":"15m"}`).admin(), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/unack", `{"as":"ada"}`).admin(), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/note", `{"text":"by nobody in particular"}`).admin(), 200, nil)
	var s sheet
	w.want(t, get("/v1/incidents/INC-1").admin(), 200, &s)
	var lines []string
	for _, e := range s.Timeline {
		lines = append(lines, e.Words)
		kind, _ := e.By.Split()
		if through := e.Through == incident.ThroughAdmin; through != (kind == "person") {
			t.Errorf("%s by %s: through %q", e.Kind, e.By, e.Through)
		}
	}
	all := "\n" + strings.Join(lines, "\n") + "\n"
	for _, want := range []string{
		"\nBob Lind (by the command line) declared a sev2 incident for Checkout (taken from the title): Checkout is slow\n",
		"\nAda Okafor (by the command line) acknowledged.\n",
		"Ada Okafor (by the command line) escalated.",
		"Ada Okafor (by the command line): Nobody is paged until",
		"Ada Okafor (by the command line) took the acknowledgement back",
		"\nThe command line noted: by nobody in particular\n",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the timeline lacks %q:%s", want, all)
		}
	}
	w.want(t, post("/v1/roster?as=ada", rosterText+"\n# another\n").admin(), 200, nil)
	list, err := w.people.History(t.Context(), 1)
	if err != nil || list[0].By != "person:ada" || list[0].Through != incident.ThroughAdmin {
		t.Errorf("the roster's history = %+v, %v; want by ada, through the admin API", list, err)
	}
}

// TestReservedPeople refuses a roster that brings somebody whose ID reads like the
// program; one who has been there stays.
func TestReservedPeople(t *testing.T) {
	w := newWorld(t)
	with := strings.Replace(rosterText, "teams:", "  - {id: Bot, name: Bo T}\nteams:", 1)
	for _, path := range []string{"/v1/roster", "/v1/roster?plan=1"} {
		var p problem
		w.want(t, post(path, with).admin(), 422, &p)
		if !strings.Contains(p.Why, `"Bot"`) || p.Next == "" || w.people.RosterVersion() != 1 {
			t.Errorf("POST %s with a person Bot = %+v, version %d; want it refused", path, p, w.people.RosterVersion())
		}
	}
}
