package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/etcd"
	"github.com/stormbell/stormbell/storage/storagetest"
)

var ctx = context.Background()

// start starts n members, as processes of the test binary.
func start(t testing.TB, n int, change ...func(*Member)) *Cluster {
	t.Helper()
	return Start(t, []string{os.Args[0]}, n, func(m *Member) {
		for _, f := range change {
			f(m)
		}
	})
}

var stores atomic.Int64

// options are those of a store of its own in the cluster.
func options(c *Cluster) etcd.Options {
	return etcd.Options{Endpoints: c.Endpoints, Prefix: fmt.Sprintf("/store-%d", stores.Add(1)), Lease: 2 * time.Second, Address: "one:1"}
}

// open opens a store that is closed with the test.
func open(t testing.TB, o etcd.Options) *etcd.Engine {
	t.Helper()
	e, err := etcd.Open(ctx, o)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func put(key, value string) []storage.Change {
	return []storage.Change{{Key: key, Value: []byte(value)}}
}

func get(t testing.TB, e *etcd.Engine, key string) string {
	t.Helper()
	s, err := e.Snapshot(ctx)
	if err != nil {
		t.Fatalf("Snapshot() = %v", err)
	}
	defer s.Close()
	v, err := s.Get(key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Get(%q) = %v", key, err)
	}
	return string(v)
}

func TestContract(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d members", n), func(t *testing.T) {
			c := start(t, n)
			storagetest.Run(t, func(t *testing.T) storagetest.Open {
				o := options(c)
				return func() storage.Engine {
					e, err := etcd.Open(ctx, o)
					if err != nil {
						t.Fatalf("Open() = %v", err)
					}
					return e
				}
			})
		})
	}
}

// TestLargestCommit: the largest transaction there can be fits into a request, with
// the longest prefix.
func TestLargestCommit(t *testing.T) {
	t.Parallel()
	o := options(start(t, 1))
	o.Prefix = "/" + strings.Repeat("p", etcd.MaxPrefix-1)
	o.Address = strings.Repeat("a", 200)
	e := open(t, o)
	for name, keys := range map[string]int{"few keys": 1, "all keys": storage.MaxChanges} {
		left := storage.MaxBytes
		var all []storage.Change
		for n := range keys {
			key := fmt.Sprintf("%s%0*d", name, storage.MaxKey-len(name), n)
			size := left/(keys-n) - len(key) - 64
			all = append(all, storage.Change{Key: key, Value: make([]byte, size)})
			left -= size + len(key) + 64
		}
		if err := e.Commit(ctx, all); err != nil {
			t.Errorf("%s: Commit() of %d changes = %v", name, len(all), err)
		}
	}
	if err := e.Commit(ctx, put("big", string(make([]byte, 1700<<10)))); err == nil || errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Commit() beyond what the cluster takes = %v, want a plain refusal", err)
	}
	if err := e.Commit(ctx, put("after", "it")); err != nil {
		t.Errorf("Commit() afterwards = %v", err)
	}
}

// TestPrefixes: two stores in one cluster do not see each other, though the name of one
// begins like that of the other.
func TestPrefixes(t *testing.T) {
	c := start(t, 1)
	o := options(c)
	other := o
	other.Prefix += "0"
	below := o
	below.Prefix += "/below"
	for _, o := range []etcd.Options{o, other, below} {
		e := open(t, o)
		if err := e.Commit(ctx, put("k", o.Prefix)); err != nil {
			t.Fatalf("Commit() = %v", err)
		}
		defer func() {
			s, _ := e.Snapshot(ctx)
			var seen []string
			err := s.Scan(storage.Range{}, func(k string, v []byte) bool { seen = append(seen, k+"="+string(v)); return true })
			if want := "k=" + o.Prefix; err != nil || len(seen) != 1 || seen[0] != want {
				t.Errorf("store at %s has %q, %v; want %q", o.Prefix, seen, err, want)
			}
		}()
	}
}

func TestNewerFormat(t *testing.T) {
	c := start(t, 1)
	o := options(c)
	for text, want := range map[string]string{"2": "newer Stormbell", "x": "makes no sense"} {
		if _, err := c.Client(t).Put(ctx, o.Prefix+"/format", text); err != nil {
			t.Fatal(err)
		}
		if _, err := etcd.Open(ctx, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open() of format %q = %v, want %q", text, err, want)
		}
	}
}

// TestAtOnce: who does not want to stand by is told who the writer is.
func TestAtOnce(t *testing.T) {
	o := options(start(t, 1))
	e := open(t, o)
	o.AtOnce = true
	var held *etcd.HeldError
	if _, err := etcd.Open(ctx, o); !errors.As(err, &held) || held.Holder != "one:1" {
		t.Errorf("Open() beside a writer = %v, want HeldError of one:1", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	open(t, o)
}

// standby opens a store in the background.
type standby struct {
	told   chan etcd.Standing
	opened chan *etcd.Engine
	err    error
	stop   context.CancelFunc
}

func standBy(t testing.TB, o etcd.Options) *standby {
	s := &standby{told: make(chan etcd.Standing, 100), opened: make(chan *etcd.Engine, 1)}
	o.Waiting = func(w etcd.Standing) { s.told <- w }
	ctx, cancel := context.WithCancel(ctx)
	s.stop = cancel
	t.Cleanup(cancel)
	go func() {
		e, err := etcd.Open(ctx, o)
		s.err = err
		if err == nil {
			t.Cleanup(func() { e.Close() })
		}
		s.opened <- e
	}()
	return s
}

// writer returns the engine, which must come within a while, and how long it took.
func (s *standby) writer(t testing.TB, most time.Duration) (*etcd.Engine, time.Duration) {
	t.Helper()
	began := time.Now()
	select {
	case e := <-s.opened:
		if s.err != nil {
			t.Fatalf("Open() of the standby = %v", s.err)
		}
		return e, time.Since(began)
	case <-time.After(most):
		t.Fatalf("the standby is not the writer after %v", most)
		return nil, 0
	}
}

// TestResign: a writer that closes is followed at once, and what it wrote is there.
func TestResign(t *testing.T) {
	o := options(start(t, 3))
	o.Lease = 10 * time.Second
	e := open(t, o)
	o.Address = "two:2"
	s := standBy(t, o)
	if w := <-s.told; w.Holder != "one:1" || w.Trouble != nil {
		t.Errorf("the standby is told %+v, want the holder one:1", w)
	}
	if n, err := e.Standbys(ctx); n != 1 || err != nil {
		t.Errorf("Standbys() = %d, %v, want one", n, err)
	}
	if err := e.Commit(ctx, put("k", "v")); err != nil {
		t.Fatalf("Commit() = %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	next, took := s.writer(t, time.Second)
	t.Logf("after a clean stop: %v", took)
	if n, err := next.Standbys(ctx); n != 0 || err != nil {
		t.Errorf("Standbys() = %d, %v, want none", n, err)
	}
	if got := get(t, next, "k"); got != "v" {
		t.Errorf("the next writer reads %q, want v", got)
	}
}

// TestStandbyLeaves: a standby that goes leaves no place in the queue behind.
func TestStandbyLeaves(t *testing.T) {
	o := options(start(t, 1))
	o.Lease = 10 * time.Second
	e := open(t, o)
	gone, stays := standBy(t, o), standBy(t, o)
	<-gone.told
	<-stays.told
	gone.stop()
	<-gone.opened
	if !errors.Is(gone.err, context.Canceled) {
		t.Errorf("Open() of the standby that goes = %v, want context.Canceled", gone.err)
	}
	if err := e.Close(); err != nil {
		t.Fatalf("Close() = %v", err)
	}
	stays.writer(t, time.Second)
}

// TestKilledHolder: a killed writer is followed when its lease has ended.
func TestKilledHolder(t *testing.T) {
	o := options(start(t, 3))
	h := startHolder(t, o)
	h.await(t, "wrote 20", 20*time.Second)
	o.Address = "two:2"
	s := standBy(t, o)
	<-s.told
	h.signal(syscall.SIGKILL)
	e, took := s.writer(t, o.Lease+2*time.Second)
	t.Logf("after a kill, with a lease of %v: %v", o.Lease, took)
	// Whatever it has said to have written is there.
	for line := range h.lines {
		var n int
		if _, err := fmt.Sscanf(line, "wrote %d", &n); err == nil && get(t, e, fmt.Sprintf("n/one:1/%06d", n)) == "" {
			t.Errorf("record %d was committed by the killed writer and is not there", n)
		}
	}
}

// TestPausedHolder: a writer that was paused for longer than its lease writes nothing
// any more.
func TestPausedHolder(t *testing.T) {
	o := options(start(t, 3))
	h := startHolder(t, o)
	h.await(t, "wrote 20", 20*time.Second)
	two := o
	two.Address = "two:2"
	s := standBy(t, two)
	<-s.told
	h.signal(syscall.SIGSTOP)
	e, took := s.writer(t, o.Lease+2*time.Second)
	t.Logf("after a pause, with a lease of %v: %v", o.Lease, took)
	before := count(t, e)
	h.signal(syscall.SIGCONT)
	failed, _ := h.await(t, "failed", 10*time.Second)
	if !strings.Contains(failed, storage.ErrLost.Error()) && !strings.Contains(failed, storage.ErrUnknown.Error()) {
		t.Errorf("the paused writer says %q, want that it has lost", failed)
	}
	if after := count(t, e); after != before {
		t.Errorf("the paused writer wrote %d records after the next one had begun", after-before)
	}
}

// TestFence: the engine's own belief does not matter; its commits are refused by the
// cluster once its key is gone, and say who is the writer now.
func TestFence(t *testing.T) {
	c := start(t, 1)
	o := options(c)
	e := open(t, o)
	two := o
	two.Address = "two:2"
	s := standBy(t, two)
	<-s.told
	client := c.Client(t)
	first, err := client.Get(ctx, o.Prefix+"/election/", clientFirst()...)
	if err != nil || len(first.Kvs) != 1 {
		t.Fatalf("the writer's key: %v, %v", first, err)
	}
	if _, err := client.Delete(ctx, string(first.Kvs[0].Key)); err != nil {
		t.Fatal(err)
	}
	next, _ := s.writer(t, time.Second)
	err = e.Commit(ctx, put("k", "old"))
	if !errors.Is(err, storage.ErrLost) || !strings.Contains(err.Error(), "two:2") {
		t.Errorf("Commit() of the old writer = %v, want ErrLost with two:2", err)
	}
	if got := get(t, next, "k"); got != "" {
		t.Errorf("the old writer wrote %q", got)
	}
	if err := next.Commit(ctx, put("k", "new")); err != nil {
		t.Errorf("Commit() of the new writer = %v", err)
	}
}

// TestLost: an engine whose lease has ended says so without a commit.
func TestLost(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	e := open(t, options(c))
	select {
	case <-e.Lost():
		t.Fatal("Lost() is closed at the start")
	default:
	}
	c.Signal(0, syscall.SIGSTOP)
	defer c.Signal(0, syscall.SIGCONT)
	select {
	case <-e.Lost():
	case <-time.After(4 * time.Second):
		t.Error("Lost() is open though the cluster has not answered for twice the lease")
	}
}

// count returns how many records there are.
func count(t testing.TB, e *etcd.Engine) (n int) {
	t.Helper()
	// What others have written since is not in a snapshot that was taken before; a
	// commit that changes nothing brings it in.
	if err := e.Commit(ctx, []storage.Change{{Key: "none", Delete: true}}); err != nil {
		t.Fatalf("Commit() = %v", err)
	}
	s, err := e.Snapshot(ctx)
	if err != nil {
		t.Fatalf("Snapshot() = %v", err)
	}
	if err := s.Scan(storage.Prefix("n/"), func(string, []byte) bool { n++; return true }); err != nil {
		t.Errorf("Scan() = %v", err)
	}
	return n
}
