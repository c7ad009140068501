package alerts

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

const sampleRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
teams:
  - {id: payments, name: Payments, members: [ada, bob]}
policies:
  - id: payments
    acknowledge_timeout: 30m
    steps:
      - {notify: [person:ada], wait: 5m}
    last_resort: [channel:incidents]
  - id: edge
    steps:
      - {notify: [person:bob], wait: 5m}
    last_resort: [channel:incidents]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: edge, name: Edge gateway, kind: service, team: payments, policy: edge}
defaults: {service: checkout, policy: payments}
`

const (
	ada = incident.Actor("person:ada")
	bob = incident.Actor("person:bob")
)

// room is a room of alerts on a store of its own, in a bubble.
type room struct {
	*Alerts
	t    *testing.T
	path string
	db   *storage.DB
	n    int           // commits
	odd  bool          // the test has written what no version leaves there
	full bool          // the store refuses them
	slow time.Duration // how long each takes
}

func inBubble(t *testing.T, roster string, f func(*room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{t: t, path: filepath.Join(t.TempDir(), "stormbell.db")}
		r.open()
		defer func() { r.db.Close() }()
		r.apply(sampleRoster + roster)
		f(r)
		for _, key := range append(r.keys("alert/"), r.keys("alertgroup/")...) {
			if !r.odd && !r.seen.may(key) {
				t.Errorf("%s stands in the store, and would be taken for new", key)
			}
		}
		for _, fault := range r.faults() {
			t.Errorf("the store has a fault: %s: %s", fault.Key, fault.What)
		}
	})
}

func (r *room) open() {
	r.t.Helper()
	engine, err := bolt.Open(r.path, bolt.Options{Unsynced: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.db = storage.New(commits{engine, &r.n, &r.full, &r.slow})
	l, err := ledger.Open(r.t.Context(), r.db)
	if err != nil {
		r.t.Fatal(err)
	}
	people, err := oncall.Open(r.t.Context(), l, oncall.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := desk.Open(r.t.Context(), l, people, desk.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	if r.Alerts, err = Open(r.t.Context(), l, people, d, Options{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) reopen() {
	r.t.Helper()
	if err := r.db.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

func (r *room) apply(text string) {
	r.t.Helper()
	parsed, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.oncall.ApplyRoster(r.t.Context(), parsed, incident.Bot, ""); err != nil {
		r.t.Fatal(err)
	}
}

// take posts a body with the key of that name.
func (r *room) take(key string, list ...alert.Alert) []Taken {
	r.t.Helper()
	taken, err := r.Take(r.t.Context(), Key{Name: key}, alert.Body{Alerts: list})
	if err != nil {
		r.t.Fatalf("Take() = %v", err)
	}
	return taken
}

// act does something to an incident.
func (r *room) act(who incident.Actor, n int, a desk.Act) {
	r.t.Helper()
	if _, err := r.desk.Do(r.t.Context(), desk.Caller{Actor: who}, n, a); err != nil {
		r.t.Fatalf("%s on INC-%d: %v", a.Verb, n, err)
	}
}

// pass lets time go by, and does what is due meanwhile.
func (r *room) pass(d time.Duration) {
	r.t.Helper()
	until := time.Now().Add(d)
	for {
		next, ok := r.ledger.Next()
		if !ok || next.After(until) {
			break
		}
		time.Sleep(max(0, time.Until(next)))
		if err := r.ledger.Tick(r.t.Context(), time.Now()); err != nil {
			r.t.Fatal(err)
		}
	}
	time.Sleep(time.Until(until))
}

// folds returns an incident whose stored state is the fold of its timeline.
func (r *room) folds(n int) (incident.Incident, []incident.Event) {
	r.t.Helper()
	i, events, err := r.desk.Timeline(r.t.Context(), incident.Bot, n)
	if err != nil {
		r.t.Fatal(err)
	}
	folded, err := incident.Fold(n, events)
	if err != nil {
		r.t.Fatal(err)
	}
	if diff := cmp.Diff(folded, i); diff != "" {
		r.t.Errorf("INC-%d: the stored state differs from the fold of its timeline (-fold +stored):\n%s", n, diff)
	}
	return i, events
}

// notifications returns whom somebody is to be notified of incident n by jobs, in order.
func (r *room) notifications(n int) []string {
	r.t.Helper()
	jobs, err := r.ledger.Unfinished(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	var list []string
	for _, j := range jobs {
		if j.Asks() && j.Incident == n {
			list = append(list, j.Person+j.Target)
		}
	}
	return list
}

// active returns the numbers of the open incidents.
func (r *room) active() []int {
	r.t.Helper()
	open, err := r.desk.Active(r.t.Context(), incident.Bot)
	if err != nil {
		r.t.Fatal(err)
	}
	var list []int
	for _, i := range open {
		list = append(list, i.Number)
	}
	return list
}

func (r *room) tallies(n, firing, over int) {
	r.t.Helper()
	v, err := r.Of(r.t.Context(), n)
	if err != nil {
		r.t.Fatal(err)
	}
	f, o := 0, 0
	for _, a := range v.Alerts {
		if a.Firing() {
			f++
		} else {
			o++
		}
	}
	if v.Tally.Firing != firing || v.Tally.Over != over || f != firing || o != over {
		r.t.Errorf("INC-%d: %d firing, %d over by the tally, %d and %d by the alerts; want %d and %d", n, v.Tally.Firing, v.Tally.Over, f, o, firing, over)
	}
}

func firing(key string) alert.Alert {
	return alert.Alert{Key: key, Status: alert.Firing, Title: "p99 above 3 s at " + key, Severity: alert.Sev2, Service: "checkout", Source: "event"}
}

func over(key string) alert.Alert {
	a := firing(key)
	a.Status = alert.Over
	return a
}

func together(n int, f func(int)) {
	var wait sync.WaitGroup
	for k := range n {
		wait.Go(func() { f(k) })
	}
	wait.Wait()
}

func texts(events []incident.Event) string {
	s := ""
	for _, e := range events {
		s += fmt.Sprintf("%s: %s %s\n", e.Kind, e.Text, e.Reason)
	}
	return s
}

// faults examines the store, unless the test has spoilt it.
func (r *room) faults() []desk.Fault {
	r.t.Helper()
	if r.odd {
		return nil
	}
	var found desk.Examined
	err := r.db.View(context.WithoutCancel(r.t.Context()), func(tx *storage.Tx) (err error) {
		found, err = Examine(tx, nil)
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
	return found.Faults
}
