package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

const senders = 64

// BenchmarkAlerts sends distinct alerts from 64 senders over loopback to a
// server on a file, each answered when it is durable. Its counterparts are
// BenchmarkHandler, without the network, and BenchmarkEngine in the same run: a
// disk's speed differs too much from hour to hour to compare anything else.
func BenchmarkAlerts(b *testing.B) {
	w := newWorld(b, quietly)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	hs := w.NewHTTPServer()
	go hs.Serve(l)
	defer hs.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	w.flood(b, func(body []byte) int {
		q, err := http.NewRequest(http.MethodPost, "http://"+l.Addr().String()+"/v1/events", bytes.NewReader(body))
		if err != nil {
			return 0
		}
		q.Header.Set("Authorization", "Bearer "+senderKey)
		resp, err := client.Do(q)
		if err != nil {
			return 0
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	})
}

// BenchmarkHandler is BenchmarkAlerts without the network.
func BenchmarkHandler(b *testing.B) {
	w := newWorld(b, quietly)
	w.flood(b, func(body []byte) int {
		q, err := http.NewRequest(http.MethodPost, "/v1/events", bytes.NewReader(body))
		if err != nil {
			return 0
		}
		q.Header.Set("Authorization", "Bearer "+senderKey)
		return w.status(q)
	})
}

// quietly logs as a bot in production does.
func quietly(o *Options) { o.Log = zerolog.New(io.Discard).Level(zerolog.InfoLevel) }

func (w *world) flood(b *testing.B, send func(body []byte) int) {
	ctx, cancel := context.WithCancel(b.Context())
	var outbox sync.WaitGroup
	outbox.Go(func() { // takes the jobs, as the bot's loop does, and drops them
		for {
			select {
			case <-w.ledger.Ready():
				w.ledger.Take()
			case <-ctx.Done():
				return
			}
		}
	})
	var seq atomic.Int64
	var all sync.WaitGroup
	before := w.disk.writes.Load()
	b.ResetTimer()
	for range senders {
		all.Go(func() {
			for i := seq.Add(1); i <= int64(b.N); i = seq.Add(1) {
				body := fmt.Appendf(nil, `{"dedup_key":"host-%d/disk","status":"firing","title":"Disk of host-%d is 91%% full","severity":"sev2","service":"checkout","details":{"host":"host-%d","mount":"/var"}}`, i, i, i)
				if status := send(body); status != http.StatusAccepted {
					b.Errorf("alert %d = %d, want 202", i, status)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
	b.ReportMetric(float64(b.N)/float64(w.disk.writes.Load()-before), "alerts/commit")
	cancel()
	outbox.Wait()
}

// BenchmarkEngine is the raw rate of group commits of the engine: 64 writers,
// one record of 300 bytes each.
func BenchmarkEngine(b *testing.B) {
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "store.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	db := storage.New(engine)
	defer db.Close()
	value := make([]byte, 300)
	var seq atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range senders {
		all.Go(func() {
			for i := seq.Add(1); i <= int64(b.N); i = seq.Add(1) {
				key := fmt.Sprintf("event/%012d", i)
				if err := db.Update(b.Context(), func(tx *storage.Tx) error { return tx.Put(key, value) }); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
