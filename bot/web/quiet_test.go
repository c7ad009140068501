package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

func del(path string) request { return request{method: http.MethodDelete, path: path} }

func TestSilencesOverHTTP(t *testing.T) {
	w := newWorld(t)
	service := w.people.Current().Roster.Services[0].ID
	var q shownQuiet
	w.want(t, post("/v1/silences", `{"match":{"instance":"db-7","alertname":"/Disk.*/"},"for":"2h","reason":"disk swap","as":"ada"}`).admin(), http.StatusCreated, &q)
	if q.ID != "s1" || q.By != incident.Person("ada") || q.State != "in force" || q.Match["alertname"] != "/Disk.*/" || q.Until.Sub(q.From).Round(time.Minute) != 2*time.Hour {
		t.Errorf("made %+v; want s1 by ada for two hours", q)
	}
	w.want(t, post("/v1/maintenance", `{"service":"`+service+`","until":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`).admin(), http.StatusCreated, &q)
	if q.ID != "m1" || q.Service != service {
		t.Errorf("made %+v; want m1 of %s", q, service)
	}
	for body, want := range map[string]string{
		`{"match":{"a":"b"}}`:                                              "needs an end",
		`{"match":{"a":"b"},"for":"soon"}`:                                 "must say how long",
		`{"match":{"a":"b"},"for":"2h","until":"2030-01-01T00:00:00Z"}`:    "both given",
		`{"match":{"a":"b"},"for":"31d"}`:                                  "more than 30 days",
		`{"match":{},"for":"2h"}`:                                          "matches nothing",
		`{"match":{"a":"/(/"},"for":"2h"}`:                                 "cannot be read",
		`{"service":"checkout","for":"2h"}`:                                "is of a maintenance",
		`{"match":{"a":"b"},"until":"2001-01-01T00:00:00Z"}`:               "in the past",
		`{"match":{"a":"b"},"for":"2h","as":"nobody-of-that-name-at-all"}`: "nobody-of-that-name",
	} {
		if got := w.want(t, post("/v1/silences", body).admin(), http.StatusUnprocessableEntity, nil); !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %q", body, got, want)
		}
	}
	if got := w.want(t, post("/v1/maintenance", `{"service":"`+service+`x","for":"2h"}`).admin(), http.StatusUnprocessableEntity, nil); !strings.Contains(got, "Did you mean "+service+"?") {
		t.Errorf("an unknown service: %s; want the nearest", got)
	}
	var list struct{ Silences, Maintenance []shownQuiet }
	w.want(t, get("/v1/silences").admin(), http.StatusOK, &list)
	w.want(t, get("/v1/maintenance").admin(), http.StatusOK, &list)
	if len(list.Silences) != 1 || len(list.Maintenance) != 1 || list.Silences[0].Names == "" {
		t.Errorf("listed %+v; want one of each, with who made it", list)
	}
	w.want(t, del("/v1/silences/m1").admin(), http.StatusNotFound, nil)
	w.want(t, del("/v1/silences/s1?as=bob").admin(), http.StatusOK, &q)
	if q.ID != "s1" || q.State != "over" || q.EndedBy != incident.Person("bob") {
		t.Errorf("ended %+v; want s1 by bob", q)
	}
	if got := w.want(t, del("/v1/silences/s1").admin(), http.StatusConflict, nil); !strings.Contains(got, "over since") {
		t.Errorf("ended twice: %s", got)
	}
	w.want(t, get("/v1/silences").admin(), http.StatusOK, &list)
	if len(list.Silences) != 0 {
		t.Errorf("listed after the end: %+v", list.Silences)
	}
	w.want(t, get("/v1/silences?all=true").admin(), http.StatusOK, &list)
	if len(list.Silences) != 1 {
		t.Errorf("not listed with all=true: %+v", list.Silences)
	}
	w.want(t, post("/v1/silences", `{}`), http.StatusUnauthorized, nil)
}
