package dispatch

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

const roster = `
people:
  - {id: ada, name: Ada Okafor, slack: U0ADA, phone: "+15005550101"}
teams:
  - {id: payments, name: Payments, members: [ada]}
policies:
  - id: payments
    steps:
      - {notify: [person:ada], wait: 5m}
    last_resort: [channel:incidents]
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// fixture is an outbox on a bolt file of its own, in a bubble. Its performers do
// what do says, and otherwise succeed.
type fixture struct {
	t    *testing.T
	db   *storage.DB
	led  *ledger.Ledger
	desk *desk.Desk
	out  *Outbox
	wrap func(storage.Engine) storage.Engine

	mu  sync.Mutex
	do  map[ledger.Kind]Performer
	did []ledger.Job
}

func inBubble(t *testing.T, f func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &fixture{t: t, do: map[ledger.Kind]Performer{}}
		f(x)
		if x.db != nil {
			x.db.Close()
		}
	})
}

// open puts the parts together; nothing leaves before run.
func (x *fixture) open() {
	x.t.Helper()
	var engine storage.Engine
	engine, err := bolt.Open(filepath.Join(x.t.TempDir(), "store.db"), bolt.Options{Unsynced: true})
	if err != nil {
		x.t.Fatal(err)
	}
	if x.wrap != nil {
		engine = x.wrap(engine)
	}
	x.db = storage.New(engine)
	if x.led, err = ledger.Open(x.t.Context(), x.db); err != nil {
		x.t.Fatal(err)
	}
	people, err := oncall.Open(x.t.Context(), x.led, oncall.Options{})
	if err != nil {
		x.t.Fatal(err)
	}
	r, err := rotation.Parse("roster.yaml", []byte(roster))
	if err != nil {
		x.t.Fatal(err)
	}
	if err := people.ApplyRoster(x.t.Context(), r, incident.Bot, ""); err != nil {
		x.t.Fatal(err)
	}
	if x.desk, err = desk.Open(x.t.Context(), x.led, people, desk.Options{}); err != nil {
		x.t.Fatal(err)
	}
	slack := map[ledger.Kind]Performer{}
	for _, k := range ledger.Kinds() {
		slack[k] = x.perform
	}
	x.out = NewOutbox(Options{Ledger: x.led, Desk: x.desk, Slack: slack, Log: zerolog.Nop(),
		Methods: NewMethods(MethodsOptions{Desk: x.desk, People: people, Log: zerolog.Nop(), Senders: map[string]notify.Sender{}})})
}

func (x *fixture) perform(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	x.mu.Lock()
	do := x.do[t.Job.Kind]
	x.mu.Unlock()
	o := desk.Outcome{}
	switch t.Job.Kind {
	case ledger.Channel:
		o = desk.Outcome{Channel: "C0INC", ChannelName: "inc"}
	case ledger.Card, ledger.Announce, ledger.Notify, ledger.NotifyChannel:
		o = desk.Outcome{Message: ledger.Message{Channel: "C" + string(t.Job.Kind), TS: t.Job.Key()}, Seen: 1 << 20}
	}
	var err error
	if do != nil {
		o, err = do(ctx, t)
	}
	if err == nil {
		x.mu.Lock()
		x.did = append(x.did, t.Job)
		x.mu.Unlock()
	}
	return o, err
}

// set says what is done with jobs of a kind from now on.
func (x *fixture) set(k ledger.Kind, p Performer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.do[k] = p
}

// kinds returns what was done, in order.
func (x *fixture) kinds() (list []ledger.Kind) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, j := range x.did {
		list = append(list, j.Kind)
	}
	return list
}

// run carries out for a while, and stops.
func (x *fixture) run(d time.Duration) {
	x.t.Helper()
	ctx, stop := context.WithTimeout(x.t.Context(), d)
	defer stop()
	x.out.ended, x.out.finished = make(chan struct{}), make(chan struct{})
	if err := x.out.Run(ctx, nil); err != nil {
		x.t.Errorf("Run() = %v", err)
	}
}

func (x *fixture) declare() int {
	x.t.Helper()
	a, err := x.desk.Declare(x.t.Context(), desk.Caller{Actor: "slack:U0EVE"}, incident.Declaration{Title: "Checkout is slow"})
	if err != nil {
		x.t.Fatal(err)
	}
	return a.Incident.Number
}

func (x *fixture) act(n int, a desk.Act) {
	x.t.Helper()
	if _, err := x.desk.Do(x.t.Context(), desk.Caller{Actor: "slack:U0EVE"}, n, a); err != nil {
		x.t.Fatal(err)
	}
}

// keys returns the keys of the store that begin with prefix.
func (x *fixture) keys(prefix string) (keys []string) {
	x.t.Helper()
	err := x.db.View(x.t.Context(), func(tx *storage.Tx) error {
		for key := range tx.Scan(prefix) {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return keys
}

// trap panics as a mistake in whatever reads the incident does, when told to.
type trap struct {
	storage.Engine
	set func() bool
}

func (e trap) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := e.Engine.Snapshot(ctx)
	return trapped{s, e.set}, err
}

type trapped struct {
	storage.Snapshot
	set func() bool
}

func (s trapped) Get(key string) ([]byte, error) {
	if s.set() && key == "incident/000001" {
		panic("a mistake")
	}
	return s.Snapshot.Get(key)
}

// TestMistakeWhileRecording: a mistake while it is recorded what was refreshed, or
// that a job is set aside, ends neither the program nor anything else.
func TestMistakeWhileRecording(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		wrong := false
		var mu sync.Mutex
		x.wrap = func(e storage.Engine) storage.Engine {
			return trap{e, func() bool { mu.Lock(); defer mu.Unlock(); return wrong }}
		}
		x.open()
		x.declare()
		x.set(ledger.Card, func(context.Context, desk.Task) (desk.Outcome, error) {
			mu.Lock()
			wrong = true
			mu.Unlock()
			time.AfterFunc(10*time.Second, func() { mu.Lock(); wrong = false; mu.Unlock() })
			return desk.Outcome{Message: ledger.Message{Channel: "C", TS: "1"}}, nil
		})
		x.run(5 * time.Minute)
		if keys := append(x.keys("stale/"), x.keys("outbox/")...); len(keys) > 0 {
			t.Errorf("left: %v, want everything done once the mistake has passed", keys)
		}
	})
}

// addTwo adds two jobs for incident n of which the second stands for both, and does
// with the second what else is to be in that commit.
func (x *fixture) addTwo(n int, also ...func(*ledger.Tx, ledger.Job) error) {
	x.t.Helper()
	err := x.led.Update(x.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error {
		a := ledger.Job{Incident: n, Number: 900, Kind: ledger.NotifyChannel, Target: "incidents"}
		b := a
		b.Number = 901
		err := errors.Join(tx.Add(a), tx.Add(b))
		for _, do := range also {
			err = errors.Join(err, do(tx, b))
		}
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestVoidAmongReplaced: that the newest of the jobs that one stands for is needless
// says nothing of the others.
func TestVoidAmongReplaced(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		n := x.declare()
		x.run(time.Minute)
		x.addTwo(n, (*ledger.Tx).Finish) // as one that was taken out of its digest
		x.run(time.Minute)
		if kinds := x.kinds(); !slices.Contains(kinds, ledger.NotifyChannel) {
			t.Errorf("done: %v; want the notification that still waits", kinds)
		}
		if keys := x.keys("outbox/"); len(keys) > 0 {
			t.Errorf("left in the store: %v", keys)
		}
	})
}

// TestAllVoidAreTakenOff: of several jobs that were taken back each is taken off the
// outbox.
func TestAllVoidAreTakenOff(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		n := x.declare()
		x.run(time.Minute)
		x.addTwo(n)
		x.act(n, desk.Act{Verb: desk.Cancel, Text: "it was none"})
		x.run(time.Minute)
		if keys := x.keys("outbox/"); len(keys) > 0 {
			t.Errorf("left in the store: %v", keys)
		}
	})
}

// TestSetAsideWithOthers: when a job that stands for earlier ones makes the program
// fail, none of these is left behind in the store, done by nobody.
func TestSetAsideWithOthers(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		n := x.declare()
		x.run(time.Minute)
		x.set(ledger.NotifyChannel, func(context.Context, desk.Task) (desk.Outcome, error) { panic("a mistake") })
		x.addTwo(n)
		x.run(time.Minute)
		if keys := x.keys("outbox/"); len(keys) > 0 {
			t.Errorf("left in the store, and nobody does it: %v", keys)
		}
	})
}

// TestHeldByAClockThatWasSetBack: a job that was decided at an instant yet to come
// does not wait for a later one.
func TestHeldByAClockThatWasSetBack(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		n := x.declare()
		ahead := time.Now().Add(time.Hour)
		err := x.led.Update(x.t.Context(), ledger.Request{At: ahead}, func(tx *ledger.Tx) error {
			return tx.Add(ledger.Job{Incident: n, Number: 900, Kind: ledger.Notify, Person: "person:ada", Via: "sms", NotBefore: ahead.Add(time.Minute)})
		})
		if err != nil {
			t.Fatal(err)
		}
		x.run(time.Minute)
		if keys := x.keys("outbox/"); len(keys) > 0 {
			t.Errorf("still waiting: %v", keys)
		}
	})
}

// TestDamagedIncident: what cannot be read of one incident holds up nobody's pages of
// the others, although they go through the same lane.
func TestDamagedIncident(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		damaged, whole := x.declare(), x.declare()
		for i, n := range []int{damaged, whole} {
			err := x.led.Update(x.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error {
				return tx.Add(ledger.Job{Incident: n, Number: 900 + i, Kind: ledger.Notify, Person: "person:ada", Via: "sms"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := x.led.Update(x.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error { return tx.Put("incident/000001", []byte("{")) })
		if err != nil {
			t.Fatal(err)
		}
		x.run(30 * time.Second)
		if keys := x.keys(ledger.OutboxPrefix(whole)); len(keys) > 0 {
			t.Errorf("a damaged incident holds up %v", keys)
		}
		if keys := x.keys(ledger.OutboxPrefix(damaged)); !slices.Contains(keys, ledger.JobKey(damaged, 900)) {
			t.Errorf("the page of the damaged incident is gone; left is %v", keys)
		}
	})
}

// TestRecordHoldsNoSlot: what waits for a shared record takes no slot from what is
// still to be done.
func TestRecordHoldsNoSlot(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		x.open()
		for range 100 {
			x.declare()
		}
		for _, k := range ledger.Kinds() {
			x.set(k, func(_ context.Context, t desk.Task) (desk.Outcome, error) {
				time.Sleep(200 * time.Millisecond)
				o := desk.Outcome{Message: ledger.Message{Channel: "C" + string(k), TS: t.Job.Key()}, Seen: 1 << 20}
				if k == ledger.Channel {
					o = desk.Outcome{Channel: "C" + ledger.Number(t.Job.Incident), ChannelName: "inc"}
				}
				return o, nil
			})
		}
		x.run(10 * time.Second) // 700 jobs of 200 ms through 24 slots are six seconds
		cards := 0
		for _, k := range x.kinds() {
			if k == ledger.Card {
				cards++
			}
		}
		if cards < 100 {
			t.Errorf("%d of 100 cards stand after ten seconds", cards)
		}
	})
}

// stuckEngine commits nothing from some time on, for an hour.
type stuckEngine struct {
	storage.Engine
	from time.Time
}

func (e stuckEngine) Commit(ctx context.Context, changes []storage.Change) error {
	if time.Now().After(e.from) {
		time.Sleep(time.Hour)
	}
	return e.Engine.Commit(ctx, changes)
}

// TestDiskThatHangs: what is durable leaves although the disk takes nothing, and a
// channel that cannot be made would be noted just then.
func TestDiskThatHangs(t *testing.T) {
	inBubble(t, func(x *fixture) {
		t := x.t
		start := time.Now()
		x.wrap = func(e storage.Engine) storage.Engine { return stuckEngine{e, start.Add(5 * time.Second)} }
		x.open()
		n := x.declare()
		x.set(ledger.Channel, func(context.Context, desk.Task) (desk.Outcome, error) {
			return desk.Outcome{}, &desk.Retry{After: 6 * time.Second, Cause: errors.New("no")}
		})
		var left time.Duration
		x.set(ledger.NotifyChannel, func(_ context.Context, t desk.Task) (desk.Outcome, error) {
			left = time.Since(start)
			return desk.Outcome{Message: ledger.Message{Channel: "C", TS: t.Job.Key()}}, nil
		})
		err := x.led.Update(x.t.Context(), ledger.Request{}, func(tx *ledger.Tx) error {
			return tx.Add(ledger.Job{Incident: n, Number: 900, Kind: ledger.NotifyChannel, Target: "incidents", NotBefore: start.Add(30 * time.Second)})
		})
		if err != nil {
			t.Fatal(err)
		}
		x.run(2 * time.Hour)
		if left > time.Minute || left == 0 {
			t.Errorf("the notification left after %s, want thirty seconds", left)
		}
	})
}
