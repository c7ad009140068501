package etcdtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/etcd"
)

func clientFirst() []clientv3.OpOption { return clientv3.WithFirstCreate() }

// TestLeaderKilled kills the member that leads while commits go on. Whatever was
// acknowledged is there afterwards, what was plainly refused is not, and of what is
// unknown either may be true.
func TestLeaderKilled(t *testing.T) {
	t.Parallel()
	c := start(t, 3)
	o := options(c)
	o.Lease = 10 * time.Second
	e := open(t, o)
	outcome := map[string]error{}
	killed := make(chan struct{})
	leader := c.Leader(t)
	go func() {
		time.Sleep(300 * time.Millisecond)
		c.Signal(leader, syscall.SIGKILL)
		close(killed)
	}()
	longest := time.Duration(0)
	for n, began := 0, time.Now(); time.Since(began) < 4*time.Second; n++ {
		key, at := fmt.Sprintf("n/%06d", n), time.Now()
		err := e.Commit(ctx, put(key, "v"))
		outcome[key] = err
		longest = max(longest, time.Since(at))
		if errors.Is(err, storage.ErrUnknown) {
			// The process ends, and the next one goes on; after the lease, if there is no
			// leader yet who would hear that it is given back.
			if err := e.Close(); err != nil {
				t.Logf("Close() = %v", err)
			}
			e = open(t, o)
			longest = max(longest, time.Since(at))
		}
	}
	<-killed
	acknowledged, unknown := 0, 0
	for key, err := range outcome {
		there := get(t, e, key) != ""
		switch {
		case err == nil:
			acknowledged++
			if !there {
				t.Errorf("%s was acknowledged and is not there", key)
			}
		case errors.Is(err, storage.ErrUnknown):
			unknown++
		case there:
			t.Errorf("%s was refused (%v) and is there", key, err)
		}
	}
	if unknown > 1 {
		t.Errorf("%d commits with an unknown outcome, though the first ends the process", unknown)
	}
	t.Logf("leader killed: %d commits, %d of them unknown, the longest stretch without one %v", acknowledged, unknown, longest)
}

// TestUnknown: a cluster that does not answer leaves the outcome unknown; a writer that
// comes later sees the whole commit or nothing of it.
func TestUnknown(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	o := options(c)
	e := open(t, o)
	c.Signal(0, syscall.SIGSTOP)
	err := e.Commit(ctx, append(put("a", "1"), put("b", "1")...))
	if !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("Commit() without an answer = %v, want ErrUnknown", err)
	}
	c.Signal(0, syscall.SIGCONT)
	if err := e.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	next, _ := standBy(t, o).writer(t, 10*time.Second)
	if a, b := get(t, next, "a"), get(t, next, "b"); a != b {
		t.Errorf("half of a commit is there: a %q, b %q", a, b)
	}
}

// TestNoSpace: a cluster without space refuses, plainly, and goes on when it has some.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	c := start(t, 1, func(m *Member) { m.Quota = 16 << 20 })
	e := open(t, options(c))
	var err error
	for n := 0; err == nil && n < 100; n++ {
		err = e.Commit(ctx, put("big", strings.Repeat("x", 1<<20)))
	}
	if err == nil || errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrLost) {
		t.Fatalf("Commit() without space = %v, want a plain error", err)
	}
	if got := len(get(t, e, "big")); got != 1<<20 {
		t.Errorf("what is stored cannot be read without space: %d bytes", got)
	}
	client := c.Client(t)
	status, err := client.Status(ctx, c.Endpoints[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Compact(ctx, status.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Defragment(ctx, c.Endpoints[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AlarmDisarm(ctx, &clientv3.AlarmMember{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Commit(ctx, put("big", "small")); err != nil {
		t.Errorf("Commit() with space again = %v", err)
	}
}

// fill writes n records of 1,000 bytes.
func fill(t testing.TB, e *etcd.Engine, n int) {
	t.Helper()
	for at := 0; at < n; at += storage.MaxChanges {
		var changes []storage.Change
		for k := at; k < min(n, at+storage.MaxChanges); k++ {
			changes = append(changes, storage.Change{Key: fmt.Sprintf("n/%06d", k), Value: []byte(strings.Repeat("x", 1000))})
		}
		if err := e.Commit(ctx, changes); err != nil {
			t.Fatalf("Commit() = %v", err)
		}
	}
}

// compact throws away every revision but the newest, after others have written.
func compact(t testing.TB, c *Cluster) {
	t.Helper()
	client := c.Client(t)
	p, err := client.Put(ctx, "/somebody/else", "writes")
	if err == nil {
		_, err = client.Compact(ctx, p.Header.Revision)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCompaction: a scan in the middle of which etcd throws its revision away goes on
// as long as nothing was committed since, and otherwise says why it cannot.
func TestCompaction(t *testing.T) {
	t.Parallel()
	const records = 2000
	c := start(t, 1)
	e := open(t, options(c))
	fill(t, e, records)
	for _, reverse := range []bool{false, true} {
		for _, overtaken := range []bool{false, true} {
			t.Run(fmt.Sprintf("reverse %v, overtaken %v", reverse, overtaken), func(t *testing.T) {
				s, err := e.Snapshot(ctx)
				if err != nil {
					t.Fatalf("Snapshot() = %v", err)
				}
				n := 0
				err = s.Scan(storage.Range{Reverse: reverse}, func(string, []byte) bool {
					if n++; n == 100 {
						if overtaken {
							if err := e.Commit(ctx, []storage.Change{{Key: "n/000100", Value: []byte("changed")}}); err != nil {
								t.Errorf("Commit() = %v", err)
							}
						}
						compact(t, c)
					}
					return true
				})
				switch {
				case !overtaken && (err != nil || n != records):
					t.Errorf("Scan() = %v after %d records, want all %d", err, n, records)
				case overtaken && (err == nil || !strings.Contains(err.Error(), "compacted")):
					t.Errorf("Scan() = %v after %d records, want that the revision was compacted", err, n)
				}
			})
		}
	}
	// A store in which nothing happened for long is read like any other.
	compact(t, c)
	if got := get(t, e, "n/000000"); got == "" {
		t.Error("nothing can be read after a compaction while nothing was written")
	}
	if err := e.Commit(ctx, put("k", "v")); err != nil {
		t.Errorf("Commit() after a compaction = %v", err)
	}
}

// TestSnapshotBesideCommit: a snapshot that was taken while a commit was under way, and
// then read, is not moved to a revision that has the commit.
func TestSnapshotBesideCommit(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	e := open(t, options(c))
	if err := e.Commit(ctx, append(put("a", "0"), put("b", "0")...)); err != nil {
		t.Fatalf("Commit() = %v", err)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			v := fmt.Sprint(n)
			if err := e.Commit(ctx, append(put("a", v), put("b", v)...)); err != nil {
				t.Errorf("Commit() = %v", err)
				return
			}
		}
	})
	gone := 0
	for range 100 {
		s, err := e.Snapshot(ctx)
		if err != nil {
			t.Fatalf("Snapshot() = %v", err)
		}
		a, err := s.Get("a")
		if err != nil {
			t.Errorf("Get() = %v", err)
		}
		compact(t, c)
		b, err := s.Get("b")
		if err != nil {
			gone++
			continue
		}
		if string(a) != string(b) {
			t.Fatalf("one snapshot has a %q and b %q", a, b)
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d of 100 snapshots were overtaken by a commit and a compaction, and said so", gone)
}
