package oncall

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// fixture is a roster on a bolt file of its own.
type fixture struct {
	*Roster
	t    testing.TB
	path string
	db   *storage.DB
	led  *ledger.Ledger

	wrap  func(storage.Engine) storage.Engine // around the engine; nil: none
	piece int                                 // bytes of a roster's text in one record; 0: as always
}

// opened is a roster on a store of its own.
func opened(t testing.TB) *fixture {
	t.Helper()
	x := &fixture{t: t, path: filepath.Join(t.TempDir(), "store.db")}
	x.open()
	t.Cleanup(func() { x.db.Close() })
	return x
}

// open opens the store, as a process does at its start.
func (x *fixture) open() {
	x.t.Helper()
	_, bench := x.t.(*testing.B)
	var engine storage.Engine
	engine, err := bolt.Open(x.path, bolt.Options{Unsynced: !bench, Journal: bench})
	if err != nil {
		x.t.Fatal(err)
	}
	if x.wrap != nil {
		engine = x.wrap(engine)
	}
	x.db = storage.New(engine)
	x.start()
}

// start puts a roster over the store as it stands, as after a crash.
func (x *fixture) start() {
	x.t.Helper()
	var err error
	if x.led, err = ledger.Open(x.t.Context(), x.db); err != nil {
		x.t.Fatal(err)
	}
	if x.Roster, err = Open(x.t.Context(), x.led, Options{}); err != nil {
		x.t.Fatal(err)
	}
	if x.piece > 0 {
		x.Roster.piece = x.piece
	}
}

// again is another process over the same store.
func (x *fixture) again() *fixture {
	x.t.Helper()
	y := &fixture{t: x.t, db: x.db}
	y.start()
	return y
}

// reopen is what a restart does.
func (x *fixture) reopen() {
	x.t.Helper()
	if err := x.db.Close(); err != nil {
		x.t.Fatal(err)
	}
	x.open()
}

// apply makes a text the roster that holds.
func (x *fixture) apply(text string) {
	x.t.Helper()
	if err := x.ApplyRoster(x.t.Context(), parsed(x.t, text), incident.Bot, "test"); err != nil {
		x.t.Fatal(err)
	}
}

// withRoster runs f in a bubble with a roster in force.
func withRoster(t *testing.T, text string, f func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &fixture{t: t, path: filepath.Join(t.TempDir(), "store.db")}
		x.open()
		defer func() { x.db.Close() }()
		x.apply(text)
		f(x)
	})
}

func parsed(t testing.TB, text string) *rotation.Roster {
	t.Helper()
	r, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ticked does everything that is due up to now, as the program would.
func ticked(t testing.TB, x *fixture) {
	t.Helper()
	for {
		now := time.Now()
		if err := x.led.Tick(context.Background(), now); err != nil {
			t.Fatalf("Tick() = %v", err)
		}
		at, ok := x.led.Next()
		if !ok || at.Sub(now) > 10*time.Millisecond {
			return
		}
		time.Sleep(time.Until(at))
	}
}

// notices returns what is waiting to be told.
func (x *fixture) notices() []Notice {
	x.t.Helper()
	var list []Notice
	for _, j := range x.led.Take() {
		if j.Kind != ledger.Notice {
			continue
		}
		err := x.led.View(context.Background(), func(tx *storage.Tx) error {
			n, err := NoticeOf(tx, j)
			list = append(list, n)
			return err
		})
		if err != nil {
			x.t.Fatalf("NoticeOf(%s) = %v", j.Key(), err)
		}
	}
	return list
}

// noticeKinds counts what is waiting to be told, by kind.
func noticeKinds(t testing.TB, x *fixture) map[NoticeKind]int {
	t.Helper()
	n := map[NoticeKind]int{}
	for _, notice := range x.notices() {
		n[notice.Kind]++
	}
	return n
}

func background() context.Context { return context.Background() }

const (
	ada = incident.Actor("person:ada")
	eve = incident.Actor("slack:U0EVE")
)

const sampleRoster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA}
  - {id: bob, name: Bob Stone, slack: U0BOB}
  - {id: cleo, name: Cleo Marsh, email: cleo@shop.example}
  - {id: dan, name: Dan Ray}
teams:
  - {id: payments, name: Payments, members: [ada, bob, cleo]}
policies:
  - id: payments
    repeat: 0
    steps: [{notify: [person:ada], wait: 5m}]
    last_resort: [channel:incidents, person:bob]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// inBubble runs f in a bubble with the sample roster in force.
func inBubble(t *testing.T, f func(*fixture)) {
	t.Helper()
	withRoster(t, sampleRoster, f)
}
