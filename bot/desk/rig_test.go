package desk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

const (
	ada = incident.Actor("person:ada")
	bob = incident.Actor("person:bob")
	eve = incident.Actor("slack:U0EVE")
	mal = incident.Actor("slack:U0MAL")
)

const sampleRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, email: cleo@shop.example}
  - {id: dan, name: Dan Ray}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo]}
  - {id: silent, name: Silent, members: [dan]}
policies:
  - id: payments
    repeat: 0
    acknowledge_timeout: 30m
    steps:
      - {notify: [person:ada], wait: 5m}
      - {notify: [person:cleo], wait: 5m}
    last_resort: [channel:incidents, person:bob]
  - id: edge
    steps:
      - {notify: [person:bob], wait: 5m}
    last_resort: [channel:incidents]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
  - {id: edge, name: Edge gateway, kind: service, team: payments, policy: edge}
defaults: {service: checkout, policy: payments}
`

// fixture is a desk on a bolt file of its own, in a bubble.
type fixture struct {
	*Desk
	t      *testing.T
	path   string
	spoilt bool // the test has written what no version writes
	db     *storage.DB
	led    *ledger.Ledger
	people *oncall.Roster
	sent   []string // the pages that have left, since the last look
	stuck  bool     // nothing can leave

	stop func() // what runs beside the test, before the store is closed; nil: nothing does

	complain func(error) // told of what the agenda could not do; nil: it is a mistake

	wrap  func(storage.Engine) storage.Engine // around the engine; nil: none
	told  Options
	shelf *archive.Folder // nil: nothing is archived
}

// inBubble runs f with a desk that has a roster.
func inBubble(t *testing.T, f func(*fixture)) {
	t.Helper()
	withRoster(t, sampleRoster, f)
}

func withRoster(t *testing.T, text string, f func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &fixture{t: t, path: filepath.Join(t.TempDir(), "stormbell.db")}
		x.open()
		defer func() {
			x.end()
		}()
		x.apply(text)
		f(x)
	})
}

// end ends what runs beside a test, and closes its store.
func (x *fixture) end() {
	x.t.Helper()
	if x.stop != nil {
		x.stop()
	}
	x.examine()
	x.db.Close()
}

// examine proves of every test that it leaves a store without a fault.
func (x *fixture) examine() {
	x.t.Helper()
	if x.spoilt {
		return
	}
	err := x.db.View(context.WithoutCancel(x.t.Context()), func(tx *storage.Tx) error {
		found, err := Examine(tx, func() error { return nil })
		for _, f := range found.Faults {
			x.t.Errorf("the store has a fault: %s: %s", f.Key, f.What)
		}
		return err
	})
	if err != nil && !errors.Is(err, storage.ErrClosed) && !errors.Is(err, storage.ErrLost) {
		x.t.Error(err)
	}
}

// open opens the store, as a process does at its start.
func (x *fixture) open() {
	x.t.Helper()
	var engine storage.Engine
	engine, err := bolt.Open(x.path, bolt.Options{Unsynced: true})
	if err != nil {
		x.t.Fatal(err)
	}
	if x.wrap != nil {
		engine = x.wrap(engine)
	}
	x.db = storage.New(engine)
	if x.shelf != nil {
		x.db.Through(x.shelf.Through)
		x.told.Shelf = x.shelf
	}
	if x.led, err = ledger.Open(x.t.Context(), x.db); err != nil {
		x.t.Fatal(err)
	}
	if x.people, err = oncall.Open(x.t.Context(), x.led, oncall.Options{Methods: []string{"push"}}); err != nil {
		x.t.Fatal(err)
	}
	if x.Desk, err = Open(x.t.Context(), x.led, x.people, x.told); err != nil {
		x.t.Fatal(err)
	}
}

// reopen is what a restart does.
func (x *fixture) reopen() []ledger.Job {
	x.t.Helper()
	if err := x.db.Close(); err != nil {
		x.t.Fatal(err)
	}
	x.open()
	left, err := x.led.Unfinished(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	return left
}

func (x *fixture) apply(text string) {
	x.t.Helper()
	r, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.people.ApplyRoster(x.t.Context(), r, incident.Bot, ""); err != nil {
		x.t.Fatal(err)
	}
}

// declare opens an incident by eve.
func (x *fixture) declare(d incident.Declaration) incident.Incident {
	x.t.Helper()
	if d.Title == "" {
		d.Title = "Checkout is slow"
	}
	a, err := x.Declare(x.t.Context(), Caller{Actor: eve}, d)
	if err != nil {
		x.t.Fatal(err)
	}
	return a.Incident
}

// act does something that must not be refused.
func (x *fixture) act(by incident.Actor, n int, a Act) Answer {
	x.t.Helper()
	answer, err := x.Do(x.t.Context(), Caller{Actor: by}, n, a)
	if err != nil {
		x.t.Fatalf("%s by %s on INC-%d: %v", a.Verb, by, n, err)
	}
	return answer
}

// tick lets time pass in steps of a second, and does what is due.
func (x *fixture) tick(d time.Duration) {
	x.t.Helper()
	for end := time.Now().Add(d); ; {
		at, ok := x.led.Next()
		if !ok || at.After(end) {
			time.Sleep(time.Until(end))
			return
		}
		time.Sleep(time.Until(at))
		if err := x.led.Tick(x.t.Context(), time.Now()); err != nil {
			x.t.Fatal(err)
		}
		x.deliver()
	}
}

// posted counts the messages that deliver makes up.
var posted = func() func() int {
	var mu sync.Mutex
	n := 0
	return func() int { mu.Lock(); defer mu.Unlock(); n++; return n }
}()

// deliver does all waiting jobs as a Slack that takes everything would, and
// returns them.
func (x *fixture) deliver() []ledger.Job {
	x.t.Helper()
	var did []ledger.Job
	for !x.stuck {
		jobs := x.led.Take()
		if len(jobs) == 0 {
			return did
		}
		for _, j := range jobs {
			task, err := x.Begin(x.t.Context(), j, time.Now())
			if err != nil {
				x.t.Fatal(err)
			}
			if task.Needless {
				continue
			}
			did = append(did, j)
			o := Outcome{Message: ledger.Message{Channel: "C" + string(j.Kind) + j.Person, TS: fmt.Sprintf("1700000000.%06d", posted())}}
			switch j.Kind {
			case ledger.Channel:
				o = Outcome{Channel: fmt.Sprintf("CINC%d", j.Incident), ChannelName: "inc"}
			case ledger.Prompts, ledger.Topic, ledger.Invite, ledger.Answer, ledger.FindCopies, ledger.Update:
				o = Outcome{}
			}
			if err := x.Done(x.t.Context(), Result{Job: j, Outcome: o}); err != nil {
				x.t.Fatalf("Done(%s): %v", j.Key(), err)
			}
			x.sent = append(x.sent, pageWords(j)...)
		}
	}
	return did
}

// pages returns the pages that have left since the last look, and forgets them.
func (x *fixture) pages() []string {
	x.t.Helper()
	x.deliver()
	who := x.sent
	x.sent = nil
	slices.Sort(who)
	return who
}

// waitingPages returns the pages that are committed and wanted, without doing
// anything about them.
func (x *fixture) waitingPages() []string {
	x.t.Helper()
	var who []string
	for _, j := range x.led.Take() {
		task, err := x.Begin(x.t.Context(), j, time.Now())
		if err != nil {
			x.t.Fatal(err)
		}
		if !task.Needless {
			who = append(who, pageWords(j)...)
		}
	}
	slices.Sort(who)
	return who
}

// pageWords says whom a page wakes, by what; nothing for another job.
func pageWords(j ledger.Job) []string {
	switch j.Kind {
	case ledger.Notify:
		_, id := incident.Actor(j.Person).Split()
		return []string{id + " by " + j.Via}
	case ledger.NotifyChannel:
		return []string{"#" + j.Target}
	default:
		return nil
	}
}

// folds checks that the stored state is the fold of the timeline.
func (x *fixture) folds(n int) (incident.Incident, []incident.Event) {
	x.t.Helper()
	i, events, err := x.Timeline(x.t.Context(), incident.Bot, n)
	if err != nil {
		x.t.Fatal(err)
	}
	folded, err := incident.Fold(n, events)
	if err != nil {
		x.t.Fatal(err)
	}
	if diff := cmp.Diff(folded, i, cmpopts.EquateEmpty()); diff != "" {
		x.t.Errorf("INC-%d differs from the fold of its timeline (-fold +stored):\n%s", n, diff)
	}
	return i, events
}

// refused checks that err is a refusal that contains the words.
func refused(t *testing.T, err error, words string) {
	t.Helper()
	var r *incident.Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Error(), words) {
		t.Errorf("error %v, want a refusal with %q", err, words)
	}
}

func background() context.Context { return context.Background() }

// together runs f n times at once and waits.
func together(n int, f func(k int)) {
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() { f(k) })
	}
	all.Wait()
}

// view shows every record of the store.
func (x *fixture) view(f func(key string, value []byte)) {
	x.t.Helper()
	err := x.db.View(background(), func(tx *storage.Tx) error {
		for key, value := range tx.Scan("") {
			f(key, value)
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// wanted reports whether a job is still to be done.
func (x *fixture) wanted(j ledger.Job) (bool, error) {
	task, err := x.Begin(background(), j, time.Now())
	return !task.Needless, err
}

// prompts returns the messages of an incident that carry buttons, the newest first.
func (x *fixture) prompts(n int) (list []Prompt, err error) {
	err = x.db.View(background(), func(tx *storage.Tx) error {
		list, err = prompts(tx, n)
		return err
	})
	return list, err
}
