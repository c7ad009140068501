package etcdtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stormbell/stormbell/storage"
)

// BenchmarkCommit compares a commit of the engine with a bare put, in turn, on members
// that sync to the disk.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("%d members", n), func(b *testing.B) {
			c := start(b, n, func(m *Member) { m.NoSync = false })
			o := options(c)
			o.Lease = 10 * time.Second
			e, client := open(b, o), c.Client(b)
			value := strings.Repeat("x", 300)
			var commits, puts, gets, reads []time.Duration
			timed := func(list *[]time.Duration, f func() error) {
				at := time.Now()
				if err := f(); err != nil {
					b.Fatal(err)
				}
				*list = append(*list, time.Since(at))
			}
			n := 0
			for b.Loop() {
				n++
				key := fmt.Sprintf("n/%09d", n)
				timed(&puts, func() error { _, err := client.Put(ctx, "/raw/"+key, value); return err })
				timed(&commits, func() error { return e.Commit(ctx, put(key, value)) })
				timed(&gets, func() error { _, err := client.Get(ctx, "/raw/"+key); return err })
				timed(&reads, func() error {
					s, err := e.Snapshot(ctx)
					if err != nil {
						return err
					}
					_, err = s.Get(key)
					return err
				})
			}
			for name, list := range map[string][]time.Duration{"put": puts, "commit": commits, "get": gets, "read": reads} {
				slices.Sort(list)
				b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, name+"-p50-ms")
			}
		})
	}
}

// BenchmarkUpdate is 64 callers who write one record each at the same time, through
// the DB.
func BenchmarkUpdate(b *testing.B) {
	const callers = 64
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("%d members", n), func(b *testing.B) {
			c := start(b, n, func(m *Member) { m.NoSync = false })
			o := options(c)
			o.Lease = 10 * time.Second
			db := storage.New(open(b, o))
			value := []byte(strings.Repeat("x", 300))
			n := 0
			for b.Loop() {
				n++
				var all sync.WaitGroup
				for g := range callers {
					all.Go(func() {
						err := db.Update(ctx, func(tx *storage.Tx) error { return tx.Put(fmt.Sprintf("n/%d/%d", n, g), value) })
						if err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
			}
			b.ReportMetric(callers*float64(n)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkTakeover is how long it takes the bot that stands by to do all the work, Slack's
// socket included, after the other one was killed, and after it was stopped. The lease is
// that of the configuration's default.
func BenchmarkTakeover(b *testing.B) {
	p := newPairAt(b, place{cluster: start(b, 3), slack: "127.0.0.1:0", bots: freePorts(b, 2), lease: 10 * time.Second})
	writer, other := p.bots[0], p.bots[1]
	writer.start()
	writer.works(slack)
	took := map[syscall.Signal][]time.Duration{}
	for b.Loop() {
		for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
			other.start()
			other.standsBy(writer.address)
			writer.signal(s)
			took[s] = append(took[s], other.works(30*time.Second))
			writer.exit(slack)
			writer, other = other, writer
		}
	}
	for s, name := range map[syscall.Signal]string{syscall.SIGKILL: "s-killed", syscall.SIGTERM: "s-stopped"} {
		list := took[s]
		slices.Sort(list)
		b.ReportMetric(list[len(list)/2].Seconds(), name)
	}
}
