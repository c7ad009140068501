package postmortem

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/stormbell/stormbell/incident"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with the file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// record plays an incident through its own transitions.
type record struct {
	t      *testing.T
	i      incident.Incident
	events []incident.Event
	now    time.Time
}

func begin(t *testing.T, at string, d incident.Declaration, by incident.Actor) *record {
	t.Helper()
	r := &record{t: t, now: instant(t, at)}
	r.do(incident.Declare(42, d, by, r.now))
	return r
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (r *record) after(d time.Duration) time.Time {
	r.now = r.now.Add(d)
	return r.now
}

func (r *record) do(c incident.Change, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	r.i = c.Incident
	r.events = append(r.events, c.Events...)
}

func (r *record) log(events ...incident.Event) { r.do(r.i.Record(r.now, events...), nil) }

const (
	ada  = incident.Actor("person:ada")
	bob  = incident.Actor("person:bob")
	cleo = incident.Actor("person:cleo")
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// shop is a context with all that a roster can know.
func shop(t *testing.T) Context {
	t.Helper()
	berlin := zone(t, "Europe/Berlin")
	return Context{
		Services: map[string]string{"checkout": "Checkout", "edge": "Edge gateway"},
		Teams:    map[string]string{"checkout": "Checkout", "platform": "Platform"},
		Owner:    "checkout",
		Zone:     berlin,
		People: map[incident.Actor]Person{
			ada:  {Label: "primary on-call (Checkout)", Names: []string{"Ada Okafor", "ada", "U01ADA"}, Zone: berlin},
			bob:  {Label: "secondary on-call (Checkout)", Names: []string{"Bob Marsh", "bob", "U02BOB"}, Zone: zone(t, "America/New_York")},
			cleo: {Names: []string{"Cleo Frost", "cleo", "U03CLEO"}},
		},
		Agreement: &Agreement{
			Words: "Gold: around the clock.",
			Targets: map[incident.Severity]Target{
				incident.Sev1: {Acknowledge: 5 * time.Minute, Update: 30 * time.Minute, Restore: time.Hour},
				incident.Sev2: {Acknowledge: 10 * time.Minute, Update: time.Hour, Restore: 4 * time.Hour},
			},
		},
	}
}

func paged(who incident.Actor, via string, step int) incident.Event {
	return incident.Event{Kind: incident.KindPaged, Person: who, Via: via, Pass: 1, Step: step}
}
